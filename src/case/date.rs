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

    /// The year.
    pub fn year(self) -> u16 {
        self.year
    }

    /// The month, 1 to 12.
    pub fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, from 1.
    pub fn day(self) -> u8 {
        self.day
    }

    /// Days from `earlier` to this day; negative where that is the later one.
    pub fn days_since(self, earlier: Self) -> i64 {
        self.day_number() - earlier.day_number()
    }

    /// Years completed on this day by someone born on `birth`; `None` before the birth. Who was
    /// born on 29 February completes a year on 1 March where there is no such day.
    pub fn years_since(self, birth: Self) -> Option<u16> {
        let before_birthday = (self.month, self.day) < (birth.month, birth.day);
        (birth <= self).then(|| self.year - birth.year - u16::from(before_birthday))
    }

    /// Days since 1 March of the year 0.
    fn day_number(self) -> i64 {
        // Years begin in March here, so that a leap day is the last of its year.
        let (month, year) = match self.month {
            3.. => (i64::from(self.month) - 3, i64::from(self.year)),
            _ => (i64::from(self.month) + 9, i64::from(self.year) - 1),
        };
        let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        365 * year + leap_days + (153 * month + 2) / 5 + i64::from(self.day) - 1
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

    fn date(text: &str) -> Date {
        text.parse().expect(text)
    }

    #[test]
    fn days_between_dates_are_those_of_the_calendar() {
        for (from, to, days) in [
            ("2026-11-20", "2026-11-20", 0),
            ("2026-11-20", "2026-11-21", 1),
            ("2024-02-28", "2024-03-01", 2),
            ("2023-02-28", "2023-03-01", 1),
            ("2000-01-01", "2001-01-01", 366),
            ("1900-01-01", "1901-01-01", 365),
            ("1970-01-01", "2026-11-20", 20_777),
            ("0001-01-01", "9999-12-31", 3_652_058),
        ] {
            assert_eq!(date(to).days_since(date(from)), days, "{from} {to}");
            assert_eq!(date(from).days_since(date(to)), -days, "{from} {to}");
        }
    }

    #[test]
    fn years_are_completed_on_the_birthday() {
        for (birth, on, years) in [
            ("1980-02-29", "1998-02-28", Some(17)),
            ("1980-02-29", "1998-03-01", Some(18)),
            ("1980-02-29", "2000-02-29", Some(20)),
            ("2008-11-20", "2026-11-19", Some(17)),
            ("2008-11-20", "2026-11-20", Some(18)),
            ("2026-11-20", "2026-11-20", Some(0)),
            ("2026-11-21", "2026-11-20", None),
        ] {
            assert_eq!(date(on).years_since(date(birth)), years, "{birth} {on}");
        }
    }

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
