//! General text recognition, PP-OCR: names and all that our own reader has no characters for, and
//! the second opinion where that is unsure.

use std::sync::Arc;

use ndarray::{ArrayView1, Axis, Ix3};

use super::ctc::{BLANK, collapsed};
use super::{CardError, Network, line};
use crate::geometry::Rect;
use crate::imaging::{ChannelOrder, Layout, Normalisation, Rgb, TensorFormat, tensor};
use crate::inference::{InferenceError, Models, names};

/// Height of the input, px; the width is free.
const INPUT_HEIGHT: u32 = 48;

/// The network halves the width three times.
const INPUT_WIDTH_STEP: u32 = 8;

/// Wider lines are cut: three times the widest line of a card (44 characters).
const INPUT_WIDTH_MAX: u32 = 2112;

/// 1 x 3 x 48 x width (NCHW), blue, green, red, -1 to 1 (PaddleOCR, `RecResizeImg`, images read by
/// OpenCV).
const INPUT: TensorFormat = TensorFormat {
    layout: Layout::Nchw,
    order: ChannelOrder::Bgr,
    normalisation: Normalisation::MINUS_ONE_TO_ONE,
};

/// A text and how sure of it the reader is. Personal data; no `Debug` shows it.
#[derive(Clone, PartialEq)]
pub struct Text {
    /// The text, spaces dropped: cards print none within a field.
    pub text: String,
    /// The probability of the least certain character, 0 to 1.
    pub confidence: f32,
}

/// The characters of a recognition model, in the order of its classes after the blank. Cheap to
/// clone.
#[derive(Clone)]
pub struct Dictionary(Arc<[char]>);

impl Dictionary {
    /// From the model's metadata `character`: one character a line. The model has a space as its
    /// last class, which the list leaves out.
    pub fn parse(text: &str) -> Self {
        // A line that is empty or longer would shift all others were it left out.
        let character = |line: &str| line.chars().next().unwrap_or(' ');
        Self(text.split('\n').map(character).chain([' ']).collect())
    }

    /// How many classes the model has, the blank among them.
    fn classes(&self) -> usize {
        self.0.len() + 1
    }
}

/// A recognition network and what its classes mean.
pub struct TextReader {
    /// 1 x 3 x 48 x width to probabilities 1 x frames x classes, the blank first.
    network: Box<dyn Network>,
    dictionary: Dictionary,
}

impl TextReader {
    /// Joins a network and its dictionary.
    pub fn new(network: Box<dyn Network>, dictionary: Dictionary) -> Self {
        Self { network, dictionary }
    }

    /// Opens the recognition model with the dictionary that is part of it.
    ///
    /// # Errors
    /// When the model was not opened, cannot be loaded, or has no dictionary.
    pub fn open(models: &Models) -> Result<Self, InferenceError> {
        let session = models.session(names::TEXT_RECOGNITION)?;
        let dictionary = Dictionary::parse(&session.metadata("character")?);
        Ok(Self::new(Box::new(session), dictionary))
    }

    /// Reads the one line of text in `area` (px of the rectified card); `None` where there is none.
    /// About 0.05 ms for each pixel of the line's width at a height of 48.
    ///
    /// # Errors
    /// The machine's fault only.
    pub fn read(&mut self, card: &Rgb, area: &Rect) -> Result<Option<Text>, CardError> {
        let picture = line::crop(card, area, INPUT_HEIGHT, INPUT_WIDTH_STEP, INPUT_WIDTH_MAX);
        let outputs = self.network.run(tensor(&picture, &INPUT).view().into_dyn())?;
        let frames = match outputs.as_slice() {
            [output] => output.view().into_dimensionality::<Ix3>().ok(),
            _ => None,
        };
        let frames = frames.filter(|it| it.shape()[0] == 1 && it.shape()[2] == self.dictionary.classes());
        let expected = "one line of probabilities, a class for each character of its dictionary";
        let frames = frames.ok_or(CardError::Output { model: "text", expected })?;
        let frames = frames.index_axis_move(Axis(0), 0);
        let likeliest: Vec<(usize, f32)> = frames.rows().into_iter().map(likeliest_class).collect();
        Ok(self.text(&likeliest))
    }

    fn text(&self, frames: &[(usize, f32)]) -> Option<Text> {
        let symbols = collapsed(frames.iter().copied());
        let characters =
            symbols.iter().map(|symbol| (self.dictionary.0[symbol.class - 1], symbol.confidence));
        let characters: Vec<(char, f32)> = characters.filter(|(c, _)| !c.is_whitespace()).collect();
        let confidence = characters.iter().map(|(_, confidence)| *confidence).reduce(f32::min)?;
        Some(Text { text: characters.iter().map(|(c, _)| *c).collect(), confidence })
    }
}

/// A class and its probability. Strictly greater, so that a NaN is never the likeliest.
fn likeliest_class(frame: ArrayView1<'_, f32>) -> (usize, f32) {
    let mut best = (BLANK, 0.0);
    for (class, probability) in frame.iter().enumerate() {
        if *probability > best.1 {
            best = (class, *probability);
        }
    }
    best
}

impl std::fmt::Debug for TextReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TextReader").field("classes", &self.dictionary.classes()).finish_non_exhaustive()
    }
}
