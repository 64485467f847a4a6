//! Dates as cards print them: the birth date, `1980年2月29日`, and the two days of validity,
//! `2020.03.01-2040.03.01` or `2020.03.01-长期`.

use std::fmt;

use super::guess::{Guess, Repair, RepairedBy};
use crate::case::Date;

/// The days on which a card is valid, both included. Personal data as far as it tells the holder's
/// age; [`Debug`](std::fmt::Debug) is for tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The first day.
    pub from: Date,
    /// The last day; `None` for 长期, for ever.
    pub to: Option<Date>,
}

/// Years for which cards are issued (居民身份证法, article 5); 长期 from the age of 46 on.
const SPANS_YEARS: [u16; 3] = [5, 10, 20];

/// The most that is trusted to a validity of an unusual length, whoever read it: less than the
/// policy asks for.
pub(super) const UNUSUAL_SPAN_CONFIDENCE: f32 = 0.4;

impl Validity {
    /// The validity in `text`, spaces aside; `None` unless both days exist and the second, where
    /// there is one, is the later.
    pub fn parse(text: &str) -> Option<Self> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let (from, to) = text.split_once('-')?;
        let from = printed_date(from)?;
        if to == "长期" {
            return Some(Self { from, to: None });
        }
        let to = printed_date(to)?;
        (from < to).then_some(Self { from, to: Some(to) })
    }

    /// Whether it lasts as long as cards do: 5, 10 or 20 years to the day, or for ever. A card of
    /// 29 February may end on 28 February or 1 March.
    pub fn is_usual(&self) -> bool {
        let Some(to) = self.to else { return true };
        let years = to.year().saturating_sub(self.from.year());
        let leap_day = (self.from.month(), self.from.day()) == (2, 29);
        let same_day = (to.month(), to.day()) == (self.from.month(), self.from.day());
        let beside_it = leap_day && matches!((to.month(), to.day()), (2, 28) | (3, 1));
        SPANS_YEARS.contains(&years) && (same_day || beside_it)
    }
}

/// As it is printed.
impl fmt::Display for Validity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let printed = |day: Date| format!("{:04}.{:02}.{:02}", day.year(), day.month(), day.day());
        let to = self.to.map_or_else(|| "长期".to_owned(), printed);
        write!(f, "{}-{to}", printed(self.from))
    }
}

/// What was made of a guess at a validity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct SettledValidity {
    /// The days; `None` where what was read is no validity.
    pub validity: Option<Validity>,
    /// The character that was put right.
    pub repair: Option<Repair>,
    /// Probability of the least certain character, at most one half for an unusual span; 0 to 1.
    pub confidence: f32,
}

/// Settles on a validity. Where the guess is none of a usual span, and there is exactly one way to
/// make it one by replacing one doubtful character, that is the validity.
pub(super) fn settled_validity(guess: &Guess) -> SettledValidity {
    let usual = |text: &str| Validity::parse(text).filter(Validity::is_usual);
    let validity = Validity::parse(&guess.text);
    let read = guess.confidence();
    if usual(&guess.text).is_none()
        && let [(position, line)] = guess.mended(|line| usual(line).is_some()).as_slice()
    {
        let repair = Some(Repair { position: *position, by: RepairedBy::Span });
        let confidence = guess.mended_confidence(*position, line);
        return SettledValidity { validity: usual(line), repair, confidence };
    }
    let most = match validity {
        Some(validity) if validity.is_usual() => 1.0,
        Some(_) => UNUSUAL_SPAN_CONFIDENCE,
        None => 0.0,
    };
    SettledValidity { validity, repair: None, confidence: read.min(most) }
}

/// A date printed `YYYY.MM.DD`.
fn printed_date(text: &str) -> Option<Date> {
    let parts: Vec<&str> = text.split('.').collect();
    match parts.as_slice() {
        [year, month, day] if year.len() == 4 && month.len() == 2 && day.len() == 2 => date(year, month, day),
        _ => None,
    }
}

/// The birth date in the text of its line, however it is spaced: `1980 年 2 月 29 日`; also with
/// points in place of 年 and 月, as the digit reader gives it.
pub(super) fn birth_date(text: &str) -> Option<Date> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let text = text.strip_suffix(['日', '.']).unwrap_or(&text);
    let mut parts = text.split(['年', '月', '.']);
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let whole = parts.next().is_none() && year.len() == 4;
    whole.then(|| date(year, month, day)).flatten()
}

/// The validity within the text of a general reader, which takes dashes, points and 长 for their
/// like; `None` where there is nothing like one.
pub(super) fn validity_in_text(text: &str) -> Option<String> {
    let plain = |c: char| match c {
        '一' | '—' | '–' | '~' | '～' | '－' | '至' => '-',
        '。' | '·' | '．' | ',' | '，' | ':' | '：' | '・' => '.',
        '長' => '长',
        _ => c,
    };
    // What stands before the first digit is a part of the label.
    let value = text.chars().map(plain).skip_while(|c| !c.is_ascii_digit());
    let kept: String = value.filter(|c| c.is_ascii_digit() || "-.长期".contains(*c)).collect();
    kept.contains('-').then_some(kept)
}

fn date(year: &str, month: &str, day: &str) -> Option<Date> {
    let number = |text: &str| {
        let digits = (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse::<u16>().ok()).flatten()
    };
    Date::new(number(year)?, u8::try_from(number(month)?).ok()?, u8::try_from(number(day)?).ok()?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::guess::guess;
    use super::*;

    #[test]
    fn validities_are_read_and_others_refused() {
        for (text, usual) in [
            ("2020.03.01-2040.03.01", Some(true)),
            ("2020.03.01 - 2030.03.01", Some(true)),
            ("2018.06.15-长期", Some(true)),
            ("2020.02.29-2025.02.28", Some(true)),
            ("2020.02.29-2030.03.01", Some(true)),
            ("2020.02.29-2040.02.29", Some(true)),
            ("2020.03.01-2035.03.01", Some(false)),
            ("2020.03.01-2040.03.02", Some(false)),
            ("2040.03.01-2020.03.01", None),
            ("2020.03.01-2020.03.01", None),
            ("2020.13.01-2040.03.01", None),
            ("2020.3.1-2040.3.1", None),
            ("2020.03.01", None),
            ("长期-2020.03.01", None),
            ("", None),
        ] {
            let validity = Validity::parse(text);
            assert_eq!(validity.map(|v| v.is_usual()), usual, "{text}");
            assert!(validity.is_none_or(|v| v.to_string() == text.replace(' ', "")), "{text}");
        }
    }

    #[test]
    fn birth_dates_are_read_however_they_are_spaced() {
        for text in ["1980年2月29日", " 1980 年 2 月 29 日", "1980年02月29日", "1980.2.29", "1980.2.29."]
        {
            assert_eq!(birth_date(text), Date::new(1980, 2, 29), "{text}");
        }
        for text in
            ["", "1980年2月", "80年2月29日", "1981年2月29日", "1980年2月29日1", "1980229", "1980年+2月9日"]
        {
            assert_eq!(birth_date(text), None, "{text}");
        }
    }

    #[test]
    fn a_general_readers_points_and_dashes_become_the_cards() {
        for (text, expected) in [
            ("有效期限 2020.03.01一2040.03.01", Some("2020.03.01-2040.03.01")),
            ("2018·06．15—長期", Some("2018.06.15-长期")),
            ("2020.03.01", None),
        ] {
            assert_eq!(validity_in_text(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn the_usual_span_puts_one_doubtful_digit_right() {
        let settled = settled_validity(&guess("2020.03.01-2040.03.07", &[(20, '1', 0.4)]));
        assert_eq!(settled.validity, Validity::parse("2020.03.01-2040.03.01"));
        assert_eq!(settled.repair, Some(Repair { position: 20, by: RepairedBy::Span }));
        assert!(settled.confidence > 0.9);
        // The same doubt in both days of the month: there are two ways, and none is taken.
        let settled = settled_validity(&guess("2020.03.01-2040.03.07", &[(20, '1', 0.4), (9, '7', 0.3)]));
        assert_eq!(settled.repair, None);
        assert!(settled.confidence <= UNUSUAL_SPAN_CONFIDENCE && settled.validity.is_some());
        let settled = settled_validity(&guess("2020.13.01-2040.13.01", &[]));
        assert_eq!((settled.validity, settled.confidence), (None, 0.0));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".*") {
            let _ = (Validity::parse(&text), birth_date(&text), validity_in_text(&text));
        }
    }
}
