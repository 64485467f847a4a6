//! Citizen identity numbers by GB 11643-1999: eighteen characters that hold a region, a birth date,
//! a sequence and a check character. Says what is wrong with one that is not; knows no register of
//! regions or people.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

use super::Date;

/// Characters of a number by GB 11643-1999.
pub const ID_NUMBER_LENGTH: usize = 18;

/// Digits of a number by the older GB 11643-1989: no century, no check character.
const OLD_LENGTH: usize = 15;

/// Weights of the 17 leading digits (GB 11643-1999, the same as ISO 7064 MOD 11-2).
const WEIGHTS: [u32; ID_NUMBER_LENGTH - 1] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/// Check characters by the weighted sum modulo 11 (GB 11643-1999).
const CHECK: [u8; 11] = *b"10X98765432";

/// A number whose birth date exists and whose check character is right. Personal data:
/// [`Debug`](fmt::Debug) and [`Display`](fmt::Display) show the region and the last two characters
/// alone, `999999**********19`; the birth date stays hidden.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdNumber {
    /// ASCII digits, the last one a digit or `X`.
    characters: [u8; ID_NUMBER_LENGTH],
    birth: Date,
}

/// The sex in a number or on a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sex {
    /// 男
    Male,
    /// 女
    Female,
}

/// What keeps a text from being a number. Never quotes the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdNumberError {
    /// Fifteen digits: a number by GB 11643-1989, which cards have not borne since 2013.
    #[error("a 15-digit number of the older standard; the card has the 18-character one")]
    Old,
    /// Too few or too many characters.
    #[error("{0} characters instead of 18")]
    Length(usize),
    /// Not a digit, counted from 0; the last one may also be `X`.
    #[error("character {} is not a digit", .0 + 1)]
    Character(usize),
    /// Characters 7 to 14 name no day.
    #[error("its birth date does not exist")]
    BirthDate,
    /// The last character does not belong to the others.
    #[error("its check character is wrong")]
    Check,
}

impl IdNumber {
    /// The number in `text` as typed or printed: see [`normalised_id_number`].
    ///
    /// ```
    /// use realname::case::{IdNumber, IdNumberError, Sex};
    ///
    /// let number = IdNumber::parse("110105 19491231 002x")?;
    /// assert_eq!(number.unmasked(), "11010519491231002X");
    /// assert_eq!(number.birth().to_string(), "1949-12-31");
    /// assert_eq!(number.sex(), Sex::Female);
    /// assert_eq!(number.to_string(), "110105**********2X");
    /// assert_eq!(IdNumber::parse("110105194912310021"), Err(IdNumberError::Check));
    /// # Ok::<(), IdNumberError>(())
    /// ```
    ///
    /// # Errors
    /// The first of the kinds of [`IdNumberError`] that applies, in their order.
    pub fn parse(text: &str) -> Result<Self, IdNumberError> {
        let text = normalised_id_number(text);
        if text.len() == OLD_LENGTH && text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(IdNumberError::Old);
        }
        let length = text.chars().count();
        if length != ID_NUMBER_LENGTH {
            return Err(IdNumberError::Length(length));
        }
        let fits = |(i, c): (usize, char)| c.is_ascii_digit() || (i == ID_NUMBER_LENGTH - 1 && c == 'X');
        if let Some(i) = text.chars().enumerate().position(|it| !fits(it)) {
            return Err(IdNumberError::Character(i));
        }
        let characters = text.as_bytes().try_into().expect("18 ASCII characters are 18 bytes");
        Self::of_characters(characters)
    }

    /// The number of 17 digits and a digit or `X`, which the caller has checked to be such.
    fn of_characters(characters: [u8; ID_NUMBER_LENGTH]) -> Result<Self, IdNumberError> {
        let value = |range: std::ops::Range<usize>| {
            characters[range].iter().fold(0_u16, |sum, digit| sum * 10 + u16::from(digit - b'0'))
        };
        let birth = Date::new(value(6..10), value(10..12) as u8, value(12..14) as u8);
        let birth = birth.filter(|_| value(6..10) > 0).ok_or(IdNumberError::BirthDate)?;
        let leading = &characters[..ID_NUMBER_LENGTH - 1];
        let right = check_character(leading.try_into().expect("17 of 18"));
        if characters[ID_NUMBER_LENGTH - 1] != right {
            return Err(IdNumberError::Check);
        }
        Ok(Self { characters, birth })
    }

    /// All of it. Not for logs, messages or files.
    pub fn unmasked(&self) -> &str {
        std::str::from_utf8(&self.characters).expect("ASCII digits and X")
    }

    /// The region of the first registration, six digits of GB/T 2260, not looked up.
    pub fn region(&self) -> &str {
        &self.unmasked()[..6]
    }

    /// The birth date.
    pub fn birth(&self) -> Date {
        self.birth
    }

    /// Tells apart people of one region and birth date; odd for men.
    pub fn sequence(&self) -> u16 {
        self.characters[14..17].iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'))
    }

    /// The sex that the sequence says.
    pub fn sex(&self) -> Sex {
        if self.sequence().is_multiple_of(2) { Sex::Female } else { Sex::Male }
    }
}

impl Sex {
    /// The sex as printed on a card; `None` for any other text.
    pub fn of_print(text: &str) -> Option<Self> {
        match text {
            "男" => Some(Self::Male),
            "女" => Some(Self::Female),
            _ => None,
        }
    }
}

impl fmt::Display for IdNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&masked_id_number(self.unmasked()))
    }
}

impl fmt::Debug for IdNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdNumber({self})")
    }
}

/// The check character of 17 ASCII digits.
pub fn check_character(leading: &[u8; ID_NUMBER_LENGTH - 1]) -> u8 {
    let sum: u32 = leading.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    CHECK[sum as usize % CHECK.len()]
}

/// A number as people type it in the form it is printed: full-width characters made plain (NFKC),
/// white space and dashes dropped, `x` made `X`. Of any other text what is left of it.
pub fn normalised_id_number(text: &str) -> String {
    let dropped = |c: &char| c.is_whitespace() || is_dash(*c) || is_invisible(*c);
    text.nfkc().filter(|c| !dropped(c)).map(|c| c.to_ascii_uppercase()).collect()
}

/// The first six and the last two characters, the others as `*`; all of them as `*` where that
/// would leave fewer than six hidden.
pub fn masked_id_number(text: &str) -> String {
    let length = text.chars().count();
    let shown = |i: usize| length >= OLD_LENGTH - 1 && (i < 6 || i + 2 >= length);
    text.chars().enumerate().map(|(i, c)| if shown(i) { c } else { '*' }).collect()
}

/// Hyphens and dashes of all lengths, and the minus sign.
fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{AD}' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// Zero-width characters and marks of direction, as copied text may hold.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_standards_examples_are_read() {
        // The two examples printed in GB 11643-1999.
        let number = IdNumber::parse("11010519491231002X").expect("valid");
        assert_eq!((number.region(), number.sequence(), number.sex()), ("110105", 2, Sex::Female));
        assert_eq!(Some(number.birth()), Date::new(1949, 12, 31));
        let number = IdNumber::parse("440524188001010014").expect("valid");
        assert_eq!((number.sex(), Some(number.birth())), (Sex::Male, Date::new(1880, 1, 1)));
    }

    #[test]
    fn it_is_read_as_people_type_it() {
        for typed in [
            "11010519491231002x",
            " 110105 19491231 002X\n",
            "110105-19491231-002X",
            "１１０１０５１９４９１２３１００２Ｘ",
            "１１０１０５１９４９１２３１００２ｘ",
            "110105\u{3000}19491231\u{2014}002X\u{200B}",
        ] {
            let number = IdNumber::parse(typed).map(|n| n.unmasked().to_owned());
            assert_eq!(number.as_deref(), Ok("11010519491231002X"), "{typed}");
        }
    }

    #[test]
    fn each_fault_has_its_kind() {
        for (text, expected) in [
            ("", IdNumberError::Length(0)),
            ("1101051949123100", IdNumberError::Length(16)),
            ("11010519491231002XX", IdNumberError::Length(19)),
            ("110105491231002", IdNumberError::Old),
            ("11010549123100X", IdNumberError::Length(15)),
            ("X1010519491231002X", IdNumberError::Character(0)),
            ("1101051949123100O2", IdNumberError::Character(16)),
            ("110105194912310024a", IdNumberError::Length(19)),
            ("1101051949123100２Y", IdNumberError::Character(17)),
            ("١١٠١٠٥١٩٤٩١٢٣١٠٠٢٤", IdNumberError::Character(0)),
            ("11010519491331002X", IdNumberError::BirthDate),
            ("110105194902290021", IdNumberError::BirthDate),
            ("110105000001010021", IdNumberError::BirthDate),
            ("110105194912310021", IdNumberError::Check),
        ] {
            assert_eq!(IdNumber::parse(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn it_is_masked_wherever_it_is_shown() {
        let number = IdNumber::parse("11010519491231002X").expect("valid");
        assert_eq!(format!("{number:?} {number}"), "IdNumber(110105**********2X) 110105**********2X");
        for (text, masked) in [("", ""), ("12345678", "********"), ("110105491231002", "110105*******02")] {
            assert_eq!(masked_id_number(text), masked);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_quoting_it(text in ".*") {
            if let Err(error) = IdNumber::parse(&text) {
                prop_assert!(text.chars().count() < 4 || !error.to_string().contains(&text));
            }
        }

        #[test]
        fn made_numbers_are_read_and_one_wrong_digit_is_always_noticed(
            region in "[0-9]{6}", year in 1_u16..=9999, month in 1_u8..=12, day in 1_u8..=28,
            sequence in 0_u16..1000, at in 0_usize..18, step in 1_u8..10,
        ) {
            let leading = format!("{region}{year:04}{month:02}{day:02}{sequence:03}");
            let check = check_character(leading.as_bytes().try_into().expect("17 digits"));
            let text = format!("{leading}{}", char::from(check));
            let number = IdNumber::parse(&text).expect("made by the rules");
            prop_assert_eq!(number.unmasked(), &text);
            prop_assert_eq!((Some(number.birth()), number.sequence()), (Date::new(year, month, day), sequence));
            let mut wrong = text.into_bytes();
            if wrong[at].is_ascii_digit() {
                wrong[at] = b'0' + (wrong[at] - b'0' + step) % 10;
                let wrong = String::from_utf8(wrong).expect("digits");
                prop_assert!(IdNumber::parse(&wrong).is_err());
            }
        }
    }
}
