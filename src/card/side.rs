//! Which side of which card a quad shows, and whether it is upside down.

use ndarray::Array4;

use super::{CardError, CardModels, CardSide};
use crate::geometry::{Homography, Quad};
use crate::imaging::{ChannelOrder, Layout, Normalisation, Pyramid, TensorFormat, warp_projective_to_tensor};

/// Width and height of the side model's input, pixels.
const INPUT_PX: (u32, u32) = (128, 80);

/// The model was trained on red, green, blue from 0 to 1.
const INPUT: TensorFormat = TensorFormat {
    layout: Layout::Nchw,
    order: ChannelOrder::Rgb,
    normalisation: Normalisation::ZERO_TO_ONE,
};

/// Classes of the side model.
const CLASSES: usize = 7;

/// What a quad shows. The five probabilities add up to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SideReading {
    /// The portrait side of a resident ID card.
    pub portrait: f32,
    /// The emblem side of a resident ID card.
    pub emblem: f32,
    /// Another identity document.
    pub other_document: f32,
    /// Another card: a bank card, say.
    pub other_card: f32,
    /// No card, or not its outline.
    pub none: f32,
    /// Whether the quad has to be turned by half a turn for the card to be upright. Means nothing
    /// where it is no resident ID card.
    pub upside_down: bool,
}

impl SideReading {
    /// The likelier side of a resident ID card, and its probability, 0 to 1.
    pub fn side(&self) -> (CardSide, f32) {
        if self.portrait >= self.emblem {
            (CardSide::Portrait, self.portrait)
        } else {
            (CardSide::Emblem, self.emblem)
        }
    }

    /// Probability of a resident ID card, whichever side, 0 to 1.
    pub fn resident(&self) -> f32 {
        self.portrait + self.emblem
    }

    /// The mean of what the model says of a card and of the same card turned by half a turn.
    fn of(upright: [f32; CLASSES], turned: [f32; CLASSES]) -> Self {
        // Turned, the classes of upright and upside down change places.
        const TURNED: [usize; CLASSES] = [1, 0, 3, 2, 4, 5, 6];
        let p: [f32; CLASSES] = std::array::from_fn(|class| (upright[class] + turned[TURNED[class]]) / 2.0);
        Self {
            portrait: p[0] + p[1],
            emblem: p[2] + p[3],
            other_document: p[4],
            other_card: p[5],
            none: p[6],
            upside_down: p[1] + p[3] > p[0] + p[2],
        }
    }
}

/// Looks at the card in `quad` (frame of the pyramid's base), both ways up. `None` where the quad
/// is no view of a rectangle.
///
/// # Errors
/// The machine's fault only.
pub fn side_reading(
    photo: &Pyramid,
    quad: &Quad,
    models: &mut CardModels,
) -> Result<Option<SideReading>, CardError> {
    let (width, height) = INPUT_PX;
    let whole = Quad::whole(width as f32, height as f32);
    let Some(to_photo) = Homography::between(&whole, quad) else { return Ok(None) };
    let upright = warp_projective_to_tensor(photo, &to_photo, width, height, &INPUT);
    // The same pixels in reverse order.
    let turned = upright.slice(ndarray::s![.., .., ..;-1, ..;-1]).as_standard_layout().into_owned();
    let upright = probabilities(&upright, models)?;
    Ok(Some(SideReading::of(upright, probabilities(&turned, models)?)))
}

fn probabilities(input: &Array4<f32>, models: &mut CardModels) -> Result<[f32; CLASSES], CardError> {
    const WRONG: CardError = CardError::Output { model: "card side", expected: "seven logits" };
    let output = models.side.run(input.view().into_dyn())?;
    let [logits] = output.as_slice() else { return Err(WRONG) };
    let logits: Vec<f32> = logits.iter().copied().collect();
    let logits: [f32; CLASSES] = logits.try_into().map_err(|_| WRONG)?;
    if logits.iter().any(|logit| !logit.is_finite()) {
        return Err(WRONG);
    }
    let greatest = logits.iter().fold(f32::NEG_INFINITY, |a, b| a.max(*b));
    let powers = logits.map(|logit| (logit - greatest).exp());
    let sum: f32 = powers.iter().sum();
    Ok(powers.map(|power| power / sum))
}

#[cfg(test)]
mod tests {
    use super::*;

    use ndarray::{ArrayD, ArrayViewD, IxDyn};

    use crate::card::fields::FieldReaders;
    use crate::geometry::Point;
    use crate::imaging::Rgb;
    use crate::inference::FakeNetwork;

    fn models(answer: impl FnMut(ArrayViewD<'_, f32>) -> Vec<f32> + Send + 'static) -> CardModels {
        let mut answer = answer;
        let side = FakeNetwork(move |input: ArrayViewD<'_, f32>| {
            let logits = answer(input);
            vec![ArrayD::from_shape_vec(IxDyn(&[1, logits.len()]), logits).expect("one row")]
        });
        let silent = || Box::new(FakeNetwork(|_: ArrayViewD<'_, f32>| Vec::new()));
        CardModels { locator: silent(), side: Box::new(side), readers: FieldReaders::silent() }
    }

    /// White above, black below.
    fn photo() -> Pyramid {
        let bytes = (0..200).flat_map(|y| [if y < 100 { 255 } else { 0 }; 300 * 3]).collect();
        Pyramid::new(Rgb::new(300, 200, bytes).expect("300 x 200"))
    }

    /// Takes what is white above for an upright emblem side.
    fn judge(input: ArrayViewD<'_, f32>) -> Vec<f32> {
        let is_upright = input[[0, 0, 5, 60]] > input[[0, 0, 75, 60]];
        if is_upright { vec![0., 0., 9., 0., 0., 0., 0.] } else { vec![0., 0., 0., 9., 0., 0., 0.] }
    }

    #[test]
    fn the_way_up_is_seen_in_both_half_turns() {
        let quad = Quad::whole(200.0, 120.0).map(|p| Point::new(p.x + 50.0, p.y + 40.0));
        for (quad, upside_down) in [(quad, false), (quad.half_turned(), true)] {
            let reading = side_reading(&photo(), &quad, &mut models(judge)).expect("runs").expect("a quad");
            assert_eq!((reading.side().0, reading.upside_down), (CardSide::Emblem, upside_down));
            assert!(reading.emblem > 0.99 && (reading.resident() - 1.0).abs() < 0.01);
        }
    }

    #[test]
    fn probabilities_add_up_and_contradictions_cancel() {
        // Upright whichever way it is turned: no way up is likelier.
        let mut same = models(|_| vec![3.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.5]);
        let quad = Quad::whole(300.0, 200.0);
        let it = side_reading(&photo(), &quad, &mut same).expect("runs").expect("a quad");
        let sum = it.portrait + it.emblem + it.other_document + it.other_card + it.none;
        assert!((sum - 1.0).abs() < 1e-5 && it.portrait > 0.5 && !it.upside_down);
    }

    #[test]
    fn a_wrong_output_is_the_models_fault() {
        for answer in [vec![1.0; 6], vec![f32::NAN; 7]] {
            let error =
                side_reading(&photo(), &Quad::whole(300.0, 200.0), &mut models(move |_| answer.clone()));
            assert!(error.expect_err("no seven logits").to_string().contains("card side"));
        }
    }
}
