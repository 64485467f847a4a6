//! A calendar date as it stands in a case: `YYYY-MM-DD`, proleptic Gregorian.

use std::fmt;
use std::str::FromStr;

/// A day that exists in the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// The text is not a date of the form `YYYY-MM-DD`, or names a day that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a date of the form YYYY-MM-DD")]
pub struct DateError(String);

impl Date {
    /// `None` for a day that does not exist.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => return None,
        };
        (1..=days).contains(&day).then_some(Self { year, month, day })
    }
}

impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        let refused = || DateError(text.chars().take(32).collect());
        let digits = |range| {
            let part: &str = text.get(range).ok_or_else(refused)?;
            let all_digits = part.bytes().all(|b| b.is_ascii_digit());
            all_digits.then(|| part.parse::<u16>().ok()).flatten().ok_or_else(refused)
        };
        let shaped = text.len() == 10 && text.is_ascii() && &text[4..5] == "-" && &text[7..8] == "-";
        if !shaped {
            return Err(refused());
        }
        let (year, month, day) = (digits(0..4)?, digits(5..7)?, digits(8..10)?);
        Self::new(year, month as u8, day as u8).ok_or_else(refused)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_round_trip_and_impossible_days_are_refused() {
        for good in ["2026-11-20", "2024-02-29", "2000-02-29"] {
            assert_eq!(good.parse::<Date>().map(|d| d.to_string()), Ok(good.to_owned()));
        }
        for bad in [
            "",
            "2026-02-29",
            "1900-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-1-01",
            "20261120",
            "+026-11-20",
            "２０２６-11-20",
        ] {
            assert!(bad.parse::<Date>().is_err(), "{bad}");
        }
    }
}
