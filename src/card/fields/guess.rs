//! A line as the digit reader sees it: its characters, what else each might be, and how one
//! doubtful character is put right by a rule that the whole must keep.

use std::fmt;

/// A line with alternatives. Personal data: [`Debug`](fmt::Debug) shows its length.
#[derive(Clone, PartialEq)]
pub(super) struct Guess {
    /// The characters as read.
    pub text: String,
    /// For each character what it may be and how likely each is, 0 to 1, likeliest first.
    pub shares: Vec<Vec<(char, f32)>>,
    /// How likely the line has the form it was read in, 0 to 1.
    pub form_confidence: f32,
}

/// One character that was read wrong and put right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repair {
    /// Which character, counted from 0.
    pub position: usize,
    /// What showed it.
    pub by: RepairedBy,
}

/// What shows that a character was read wrong, and which it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepairedBy {
    /// The check character of the number, and no other change makes it right.
    CheckDigit,
    /// The check character and the printed birth date together.
    BirthDate,
    /// A card is valid for 5, 10 or 20 years to the day.
    Span,
}

/// A character read with at least this probability is not doubted: a rule that it breaks speaks
/// against the card, not against the reader.
const SURE: f32 = 0.95;

/// What a doubted character may be instead has at least this probability.
const PLAUSIBLE: f32 = 0.02;

impl Guess {
    /// The probability of the least certain character, 0 to 1.
    pub(super) fn confidence(&self) -> f32 {
        self.shares_read().fold(self.form_confidence, f32::min)
    }

    /// Every line that differs from the text in one doubtful character and keeps a rule: the
    /// character's position and the line. `rule` says which lines do.
    pub(super) fn mended(&self, rule: impl Fn(&str) -> bool) -> Vec<(usize, String)> {
        let doubtful = self.shares_read().enumerate().filter(|(_, share)| *share < SURE);
        let mut lines = Vec::new();
        for (position, _) in doubtful {
            let plausible = self.shares[position].iter().filter(|(_, share)| *share >= PLAUSIBLE);
            let others = plausible.map(|(c, _)| self.with(position, *c)).filter(|line| *line != self.text);
            lines.extend(others.filter(|line| rule(line)).map(|line| (position, line)));
        }
        lines
    }

    /// The confidence in a line of [`mended`](Self::mended): the rule has decided between the two
    /// characters, so that what is left is the doubt that it was one of them.
    pub(super) fn mended_confidence(&self, position: usize, line: &str) -> f32 {
        let share = |text: &str| self.share(position, text.chars().nth(position));
        let either = share(&self.text) + share(line);
        let others = self.shares_read().enumerate().filter(|(i, _)| *i != position).map(|(_, share)| share);
        others.fold(self.form_confidence.min(either), f32::min)
    }

    fn with(&self, position: usize, character: char) -> String {
        self.text.chars().enumerate().map(|(i, c)| if i == position { character } else { c }).collect()
    }

    /// The share of each character that was read.
    fn shares_read(&self) -> impl Iterator<Item = f32> {
        self.text.chars().enumerate().map(|(i, c)| self.share(i, Some(c)))
    }

    fn share(&self, position: usize, character: Option<char>) -> f32 {
        let shares = self.shares.get(position).into_iter().flatten();
        shares.filter(|(c, _)| Some(*c) == character).map(|(_, share)| *share).sum()
    }
}

impl fmt::Debug for Guess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Guess({} characters, confidence {:.2})", self.shares.len(), self.confidence())
    }
}

/// A guess that is sure of every character but those of `doubts`: position, what else, its share.
#[cfg(test)]
pub(super) fn guess(text: &str, doubts: &[(usize, char, f32)]) -> Guess {
    let shares = |(i, c): (usize, char)| {
        let mut shares: Vec<_> = doubts.iter().filter(|it| it.0 == i).map(|it| (it.1, it.2)).collect();
        shares.push((c, 1.0 - shares.iter().map(|it| it.1).sum::<f32>()));
        shares
    };
    Guess {
        text: text.to_owned(),
        shares: text.chars().enumerate().map(shares).collect(),
        form_confidence: 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_doubtful_characters_are_replaced_and_only_by_plausible_ones() {
        let guess = guess("123", &[(0, '7', 0.01), (1, '5', 0.3), (1, '6', 0.2), (2, '9', 0.04)]);
        let lines: Vec<_> = guess.mended(|_| true);
        assert_eq!(lines, [(1, "153".to_owned()), (1, "163".to_owned())]);
        assert_eq!(guess.mended(|line| line.contains('6')), [(1, "163".to_owned())]);
        assert!((guess.confidence() - 0.5).abs() < 1e-6);
        assert!((guess.mended_confidence(1, "163") - 0.7).abs() < 1e-6);
    }

    #[test]
    fn debug_shows_no_character() {
        assert_eq!(format!("{:?}", guess("123", &[])), "Guess(3 characters, confidence 1.00)");
    }
}
