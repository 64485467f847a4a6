//! Which side of which card: a small classifier on the rectified card.

use super::models::{CardError, CardModels};
use super::{CardSide, layout};
use crate::geometry::{Homography, Quad};
use crate::imaging::{
    ChannelOrder, Layout, Normalisation, Pyramid, TensorFormat, warp_projective_to_tensor,
};

/// Width and height of the model's input, pixels.
const INPUT: (u32, u32) = (128, 80);

/// Classes of the model, in the order of its outputs; see `models/card_locator/README.md`.
const CLASSES: usize = 7;

const FORMAT: TensorFormat = TensorFormat {
    layout: Layout::Nchw,
    order: ChannelOrder::Rgb,
    normalisation: Normalisation::ZERO_TO_ONE,
};

/// What the card is taken for; the probabilities of the five kinds add up to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SideReading {
    /// Portrait side of a resident ID card.
    pub portrait: f32,
    /// Emblem side of a resident ID card.
    pub emblem: f32,
    /// Another identity document.
    pub other_document: f32,
    /// A card that is no identity document.
    pub other_card: f32,
    /// No card at all.
    pub none: f32,
    /// Whether the corners were given from the wrong end: the card lies upside down in their order.
    pub is_upside_down: bool,
}

impl SideReading {
    /// Probability that it is either side of a resident ID card.
    pub fn resident(&self) -> f32 {
        self.portrait + self.emblem
    }

    /// Probability that it is an identity document of any kind.
    pub fn document(&self) -> f32 {
        self.resident() + self.other_document
    }

    /// The side, if it were a resident ID card.
    pub fn side(&self) -> CardSide {
        if self.portrait >= self.emblem { CardSide::Portrait } else { CardSide::Emblem }
    }

    /// The mean of the model's answers about the card as given and upside down.
    fn of(given: [f32; CLASSES], turned: [f32; CLASSES]) -> Self {
        let mean = |a: usize, b: usize| (given[a] + turned[b]) / 2.0;
        let [upright, down] = [[mean(0, 1), mean(2, 3)], [mean(1, 0), mean(3, 2)]];
        Self {
            portrait: upright[0] + down[0],
            emblem: upright[1] + down[1],
            other_document: mean(4, 4),
            other_card: mean(5, 5),
            none: mean(6, 6),
            is_upside_down: down[0] + down[1] > upright[0] + upright[1],
        }
    }
}

/// Looks at the card with the corners `quad` (frame of the decoded photo) both ways up.
///
/// # Errors
/// The machine's fault only. `None` for corners that no flat card can have.
pub fn side(
    photo: &Pyramid,
    quad: &Quad,
    models: &mut CardModels,
) -> Result<Option<SideReading>, CardError> {
    let mut answers = [[0.0; CLASSES]; 2];
    for (answer, quad) in answers.iter_mut().zip([*quad, quad.half_turned()]) {
        let whole = Quad::whole(INPUT.0 as f32, INPUT.1 as f32);
        let Some(to_photo) = Homography::between(&whole, &quad) else { return Ok(None) };
        let input = warp_projective_to_tensor(photo, &to_photo, INPUT.0, INPUT.1, &FORMAT);
        let output = models.side.run(input.view().into_dyn())?;
        let logits: Option<[f32; CLASSES]> =
            output.first().and_then(|logits| logits.as_slice()?.try_into().ok());
        let wrong = CardError::Output { model: "card side", expected: "1 x 7 logits" };
        *answer = softmax(logits.ok_or(wrong)?);
    }
    Ok(Some(SideReading::of(answers[0], answers[1])))
}

fn softmax(logits: [f32; CLASSES]) -> [f32; CLASSES] {
    let largest = logits.into_iter().fold(f32::NEG_INFINITY, f32::max);
    let shares = logits.map(|logit| (logit - largest).exp());
    let sum: f32 = shares.iter().sum();
    shares.map(|share| share / sum)
}

// The input has the shape of the card, so that its print is not stretched.
const _: () = assert!(INPUT.0 * layout::HEIGHT_PX / layout::WIDTH_PX == INPUT.1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_up_are_weighed_together() {
        // As given, the portrait side upside down; turned, upright.
        let mut given = [0.02; CLASSES];
        let mut turned = [0.02; CLASSES];
        (given[1], turned[0]) = (0.88, 0.88);
        let reading = SideReading::of(given, turned);
        assert!(reading.is_upside_down && reading.side() == CardSide::Portrait);
        let sum = reading.document() + reading.other_card + reading.none;
        assert!((sum - 1.0).abs() < 1e-5 && reading.portrait > 0.85, "{reading:?}");
    }

    #[test]
    fn softmax_adds_up_and_survives_large_logits() {
        let shares = softmax([1000.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1000.0]);
        assert!((shares[0] - 0.5).abs() < 1e-6 && (shares.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    }
}
