//! The networks that cards are looked at with, and what can go wrong with them.

use super::fields::FieldReaders;
use crate::inference::{InferenceError, Network, names};

/// Names of the models in the manifest, in the order of [`CardModels`]'s fields.
pub const MODELS: [&str; 4] =
    [names::CARD_LOCATOR, names::CARD_SIDE, names::CARD_DIGITS, names::TEXT_RECOGNITION];

/// The networks that one thread needs to look at cards.
pub struct CardModels {
    /// Corners, their offsets and the mask of all cards in a picture of 256 x 256:
    /// 1 x 2 x 80 x 80, 1 x 2 x 80 x 80 and 1 x 1 x 80 x 80.
    pub locator: Box<dyn Network>,
    /// Side and way up of a rectified card of 128 x 80: 1 x 7 logits.
    pub side: Box<dyn Network>,
    /// What reads its print.
    pub readers: FieldReaders,
}

/// A model could not be run, or answered something that it never should: the machine's fault.
#[derive(Debug, thiserror::Error)]
pub enum CardError {
    /// The runtime refused.
    #[error(transparent)]
    Inference(#[from] InferenceError),
    /// The model's output is not what its manifest entry says.
    #[error("the {model} model did not give {expected}; run `realname models verify`")]
    Output {
        /// Which model.
        model: &'static str,
        /// What it should have given.
        expected: &'static str,
    },
}
