//! Our own small reader of digits: the number, the validity and the birth date.
//!
//! It knows fifteen characters, and is asked for lines of known forms alone. What the forms cannot
//! say (that a day exists, that the check character is right) is left to `number` and `dates`.

use ndarray::{Array4, Axis, Ix3};

use super::ctc::{BLANK, ClassSet, Form, Frames};
use super::guess::Guess;
use super::{CardError, Network, line};
use crate::card::layout::{PX_PER_MM, Zone};
use crate::geometry::Rect;
use crate::imaging::{Rgb, luma};

/// Input: 1 x 1 x 32 x 320 (NCHW), grey 0 to 1.
const INPUT_HEIGHT: u32 = 32;
const INPUT_WIDTH: u32 = 320;

/// Classes after the blank (models/card_reader/train.py).
const ALPHABET: [char; 15] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'X', '.', '-', '长', '期'];

/// A line of which nothing is surer than this was not read.
const READ_MIN: f32 = 1e-3;

/// A line that the reader knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DigitLine {
    /// 18 characters, `999999198002290019`.
    Number,
    /// `2020.03.01-2040.03.01` or `2020.03.01-长期`.
    Validity,
    /// `1980.2.29`: the reader takes 年 and 月 for points and passes over 日.
    BirthDate,
}

impl DigitLine {
    /// Where it is cropped, px of the rectified card: the boxes of the training lines
    /// (fixtures/generator/src/lines.rs). The number's is wider than its zone, because that of the
    /// network is.
    pub(super) fn area(self) -> Rect {
        let number = Rect { width: 54.0 * PX_PER_MM, ..Zone::Number.px() };
        match self {
            Self::Number => number,
            Self::Validity => Zone::Validity.px(),
            Self::BirthDate => Zone::BirthDate.px(),
        }
    }

    /// The forms it may have, in the letters of [`set_of`].
    fn forms(self) -> Vec<Form> {
        let forms: &[&str] = match self {
            Self::Number => &["ddddddddddddddddde"],
            Self::Validity => &["cddd.md.ad-cddd.md.ad", "cddd.md.ad-长期"],
            Self::BirthDate => &["cddd.d.d", "cddd.md.d", "cddd.d.ad", "cddd.md.ad"],
        };
        forms.iter().map(|form| form.chars().map(set_of).collect()).collect()
    }
}

/// The classes a letter of a form stands for: `d` a digit, `e` a digit or X, `c` the first digit of
/// a year, `m` of a month, `a` of a day; any other letter itself.
fn set_of(letter: char) -> ClassSet {
    let allowed = match letter {
        'd' => "0123456789",
        'e' => "0123456789X",
        'c' => "12",
        'm' => "01",
        'a' => "0123",
        _ => return ClassSet::of(ALPHABET.iter().position(|c| *c == letter).map(|i| i + 1)),
    };
    ClassSet::of((0..ALPHABET.len()).filter(|i| allowed.contains(ALPHABET[*i])).map(|i| i + 1))
}

/// Reads one line of the rectified card; `None` where there is nothing like it.
///
/// # Errors
/// The machine's fault only.
pub(super) fn read(
    card: &Rgb,
    kind: DigitLine,
    network: &mut dyn Network,
) -> Result<Option<Guess>, CardError> {
    let input = input(card, &kind.area());
    let outputs = network.run(input.view().into_dyn())?;
    let logits = match outputs.as_slice() {
        [output] => output.view().into_dimensionality::<Ix3>().ok(),
        _ => None,
    };
    let logits = logits.filter(|it| it.shape()[0] == 1 && it.shape()[2] == ALPHABET.len() + 1);
    let logits = logits.ok_or(CardError::Output { model: "digit", expected: "1 x frames x 16 logits" })?;
    Ok(guess(&Frames::of_logits(logits.index_axis(Axis(0), 0)), kind))
}

/// The best reading of the frames as a line of this kind.
fn guess(frames: &Frames, kind: DigitLine) -> Option<Guess> {
    let reading = frames.read_as(&kind.forms())?;
    let letter = |class: usize| {
        debug_assert_ne!(class, BLANK, "forms hold no blank");
        ALPHABET[class - 1]
    };
    let text: String = reading.characters.iter().map(|it| letter(it.class)).collect();
    let shares =
        |shares: &[(usize, f32)]| shares.iter().map(|(class, share)| (letter(*class), *share)).collect();
    let shares = reading.characters.iter().map(|it| shares(&it.shares)).collect();
    let guess = Guess { text, shares, form_confidence: reading.form_confidence };
    (guess.confidence() >= READ_MIN).then_some(guess)
}

/// The network's input: the area scaled to the input's height, continued to its width by its last
/// column, as in training.
fn input(card: &Rgb, area: &Rect) -> Array4<f32> {
    let grey = luma(&line::crop(card, area, INPUT_HEIGHT, 1, INPUT_WIDTH));
    let (width, height) = (INPUT_WIDTH as usize, INPUT_HEIGHT as usize);
    Array4::from_shape_fn((1, 1, height, width), |(_, _, y, x)| {
        let row = grey.row(y as u32);
        f32::from(row[x.min(row.len() - 1)]) / 255.0
    })
}

#[cfg(test)]
mod tests {
    use ndarray::{Array3, ArrayD, ArrayViewD};

    use super::*;
    use crate::inference::InferenceError;

    /// Gives `text`, each character in one frame and a blank after it.
    struct Says(&'static str);

    impl Network for Says {
        fn run(&mut self, input: ArrayViewD<'_, f32>) -> Result<Vec<ArrayD<f32>>, InferenceError> {
            assert_eq!(input.shape(), [1, 1, 32, 320]);
            assert!(input.iter().all(|v| (0.0..=1.0).contains(v)));
            let mut logits = Array3::zeros((1, 80, ALPHABET.len() + 1));
            for frame in 0..80 {
                let letter = self.0.chars().nth(frame / 2).filter(|_| frame.is_multiple_of(2));
                let class = letter.and_then(|c| ALPHABET.iter().position(|it| *it == c)).map_or(0, |i| i + 1);
                logits[[0, frame, class]] = 12.0;
            }
            Ok(vec![logits.into_dyn()])
        }
    }

    fn read_of(says: &'static str, kind: DigitLine) -> Option<Guess> {
        read(&Rgb::filled(1012, 638, [200; 3]), kind, &mut Says(says)).expect("a fake does not fail")
    }

    #[test]
    fn lines_are_read_in_their_forms() {
        for (text, kind) in [
            ("99999919800229001X", DigitLine::Number),
            ("999999198002290019", DigitLine::Number),
            ("2020.03.01-2040.03.01", DigitLine::Validity),
            ("2018.06.15-长期", DigitLine::Validity),
            ("1980.2.29", DigitLine::BirthDate),
            ("1980.12.9", DigitLine::BirthDate),
            ("1992.12.24", DigitLine::BirthDate),
        ] {
            let guess = read_of(text, kind).expect(text);
            assert_eq!(guess.text, text);
            assert!(guess.confidence() > 0.98, "{text}: {guess:?}");
        }
    }

    #[test]
    fn what_has_another_form_is_not_read() {
        for (text, kind) in [
            ("", DigitLine::Number),
            ("1980.2.29", DigitLine::Number),
            ("999999198002290019", DigitLine::Validity),
            ("99", DigitLine::BirthDate),
        ] {
            assert_eq!(read_of(text, kind), None, "{text}");
        }
    }

    #[test]
    fn a_network_of_another_shape_is_an_error() {
        struct Other;
        impl Network for Other {
            fn run(&mut self, _: ArrayViewD<'_, f32>) -> Result<Vec<ArrayD<f32>>, InferenceError> {
                Ok(vec![ArrayD::zeros(vec![1, 16, 80])])
            }
        }
        let read = read(&Rgb::filled(1012, 638, [200; 3]), DigitLine::Number, &mut Other);
        assert!(read.is_err_and(|error| error.to_string().contains("1 x frames x 16")));
    }

    #[test]
    fn the_crops_are_those_of_the_training() {
        // The number's crop fills the input, the others leave room at the right.
        for (kind, width) in
            [(DigitLine::Number, 320), (DigitLine::Validity, 262), (DigitLine::BirthDate, 202)]
        {
            let area = kind.area();
            assert_eq!((area.width * 32.0 / area.height + 0.01) as u32, width, "{kind:?}");
        }
    }
}
