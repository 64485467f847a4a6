//! The citizen identity number: read as 18 characters, checked by its own rules, and put right in
//! at most one doubtful character.

use super::guess::{Guess, Repair, RepairedBy};
use crate::case::{Date, ID_NUMBER_LENGTH, IdNumber, IdNumberError, normalised_id_number};

/// What was made of a guess at a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Settled {
    /// The number, or what is wrong with what was read.
    pub number: Result<IdNumber, IdNumberError>,
    /// The character that was put right.
    pub repair: Option<Repair>,
    /// Probability of the least certain character, 0 to 1.
    pub confidence: f32,
}

/// Settles on a number. Where the guess is none, and there is exactly one way to make it one by
/// replacing one doubtful character, so that it also agrees with the `birth` date printed on the
/// card (where that was read), that is the number. A guess that is a number is left as it is.
pub(super) fn settled(guess: &Guess, birth: Option<Date>) -> Settled {
    let number = IdNumber::parse(&guess.text);
    let as_read = Settled { number, repair: None, confidence: guess.confidence() };
    if number.is_ok() {
        return as_read;
    }
    let mended = guess.mended(|line| IdNumber::parse(line).is_ok());
    let born = |line: &str| IdNumber::parse(line).ok().map(|number| number.birth());
    let agrees = |line: &str| birth.is_none() || born(line) == birth;
    let agreeing: Vec<_> = mended.iter().filter(|(_, line)| agrees(line)).collect();
    let [(position, line)] = agreeing.as_slice() else { return as_read };
    let by = if mended.len() > 1 { RepairedBy::BirthDate } else { RepairedBy::CheckDigit };
    Settled {
        number: IdNumber::parse(line),
        repair: Some(Repair { position: *position, by }),
        confidence: guess.mended_confidence(*position, line),
    }
}

/// The number within the text of a general reader, which may have read spaces or a part of the
/// label too: the last 18 characters that can be one; `None` for fewer.
pub(super) fn number_in_text(text: &str) -> Option<String> {
    let kept: Vec<char> =
        normalised_id_number(text).chars().filter(|c| c.is_ascii_digit() || *c == 'X').collect();
    let start = kept.len().checked_sub(ID_NUMBER_LENGTH)?;
    Some(kept[start..].iter().collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::guess::guess;
    use super::*;
    use crate::case::check_character;

    // Region 999999, born on 1980-02-29, sequence 001.
    const NUMBER: &str = "999999198002290019";

    fn wrong_at(position: usize, wrong: char) -> String {
        NUMBER.chars().enumerate().map(|(i, c)| if i == position { wrong } else { c }).collect()
    }

    #[test]
    fn a_right_number_is_left_alone() {
        // Another plausible number would agree with the birth date; the one read stands.
        let settled = settled(&guess(NUMBER, &[(14, '1', 0.4)]), Date::new(1990, 1, 1));
        assert_eq!((settled.number, settled.repair), (IdNumber::parse(NUMBER), None));
    }

    #[test]
    fn one_doubtful_character_is_put_right_and_said_so() {
        let read = wrong_at(3, '4');
        let settled = settled(&guess(&read, &[(3, '9', 0.4)]), None);
        assert_eq!(settled.number, IdNumber::parse(NUMBER));
        assert_eq!(settled.repair, Some(Repair { position: 3, by: RepairedBy::CheckDigit }));
        assert!(settled.confidence > 0.99);
    }

    #[test]
    fn a_sure_character_is_not_put_right() {
        // The card says so: a forger's or a printer's error is not the reader's.
        let read = wrong_at(17, '4');
        let settled = settled(&guess(&read, &[(17, '9', 0.03)]), None);
        assert_eq!((settled.number, settled.repair), (Err(IdNumberError::Check), None));
    }

    #[test]
    fn the_printed_birth_date_decides_between_two_ways_or_forbids_one() {
        // Two ways to satisfy the check character: position 10 back to 0, or another at position 1.
        let read = wrong_at(10, '1');
        let other = (0..10).map(|d| char::from(b'0' + d)).find(|d| {
            let line: String = read.chars().enumerate().map(|(i, c)| if i == 1 { *d } else { c }).collect();
            *d != '9' && IdNumber::parse(&line).is_ok()
        });
        let doubts = [(10, '0', 0.4), (1, other.expect("weights are invertible modulo 11"), 0.3)];
        let guess = guess(&read, &doubts);
        assert_eq!(settled(&guess, None).repair, None);
        let by_birth = settled(&guess, Date::new(1980, 2, 29));
        assert_eq!(by_birth.number, IdNumber::parse(NUMBER));
        assert_eq!(by_birth.repair, Some(Repair { position: 10, by: RepairedBy::BirthDate }));
        assert_eq!(settled(&guess, Date::new(1990, 1, 1)).repair, None);
    }

    #[test]
    fn a_number_is_found_in_what_a_general_reader_gives() {
        for (text, expected) in [
            ("999999198002290019", Some(NUMBER)),
            ("号码 999999 19800229 0019", Some(NUMBER)),
            ("99999919800229001x", Some("99999919800229001X")),
            ("99999919800229001", None),
            ("", None),
        ] {
            assert_eq!(number_in_text(text).as_deref(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_settled_differs_from_what_was_read_in_one_place_at_most(
            leading in "[0-9]{6}19[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|1[0-9]|2[0-8])[0-9]{3}",
            errors in prop::collection::vec((0_usize..17, 1_u8..10), 0..4),
            doubts in prop::collection::vec((0_usize..18, "[0-9]", 0.0_f32..0.45), 0..6),
            share in 0.0_f32..0.45, with_birth in any::<bool>(),
        ) {
            let check = check_character(leading.as_bytes().try_into().expect("17 digits"));
            let right = format!("{leading}{}", char::from(check));
            let birth = IdNumber::parse(&right).expect("made by the rules").birth();
            let mut read = right.clone().into_bytes();
            let mut all_doubts: Vec<(usize, char, f32)> = Vec::new();
            for (i, by) in &errors {
                if read[*i] == right.as_bytes()[*i] {
                    all_doubts.push((*i, char::from(read[*i]), share));
                    read[*i] = b'0' + (read[*i] - b'0' + by) % 10;
                }
            }
            for (i, other, share) in doubts {
                let other = other.chars().next().expect("one digit");
                if all_doubts.iter().all(|it| it.0 != i) && read[i] != other as u8 {
                    all_doubts.push((i, other, share));
                }
            }
            let read = String::from_utf8(read).expect("digits");
            let settled = settled(&guess(&read, &all_doubts), with_birth.then_some(birth));
            match settled.repair {
                None => prop_assert_eq!(settled.number, IdNumber::parse(&read)),
                Some(repair) => {
                    let number = settled.number.expect("a repaired number is valid");
                    prop_assert!(IdNumber::parse(&read).is_err());
                    let differing: Vec<usize> = (0..18)
                        .filter(|i| number.unmasked().as_bytes()[*i] != read.as_bytes()[*i])
                        .collect();
                    prop_assert_eq!(differing, vec![repair.position]);
                    prop_assert!(!with_birth || number.birth() == birth);
                }
            }
        }
    }
}
