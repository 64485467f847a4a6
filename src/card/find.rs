//! The way from a photo to a card in hand: located, set to the pixel, turned upright, cut out.

use super::locate::{Located, Visible, located};
use super::rectify::{Rectified, Resolution, tilt_deg};
use super::refine::{Refined, Side, refined};
use super::side::{SideReading, side_reading};
use super::{CardError, CardModels};
use crate::evidence::Timings;
use crate::geometry::Quad;
use crate::imaging::Photo;

/// A card in a photo.
#[derive(Debug, Clone)]
pub struct FoundCard {
    /// Its corners in card order, upright where it is a resident ID card: upper left, upper right,
    /// lower right, lower left of the print. Frame of the decoded photo; they may lie outside.
    pub quad: Quad,
    /// How surely this is a card with these corners, 0 to 1: from the peaks of its corners, the
    /// mask, its shape and the edges found along its sides together.
    pub score: f32,
    /// How its upper, right, lower and left edge were found.
    pub sides: [Side; 4],
    /// What is seen of it.
    pub visible: Visible,
    /// What it shows, in the way up of `quad`: its `upside_down` is always false.
    pub reading: SideReading,
    /// The card upright at 300 dpi.
    pub rectified: Rectified,
    /// How finely the photo as sent shows it, pixels of the original per millimetre.
    pub resolution: Resolution,
    /// Angle between the card and the picture plane, degrees, 0 to 90.
    pub tilt_deg: f32,
    /// Further cards in the photo, best first; corners within about a hundredth of their width.
    pub others: Vec<Quad>,
    /// Area of all further cards, those seen in part included, over that of this one.
    pub others_area: f32,
}

/// The card of a photo, the surest where there are several; `None` where there is none. Tells what
/// the stages `locate`, `refine`, `side` and `rectify` took.
///
/// # Errors
/// The machine's fault only: a model that cannot be run.
pub fn find(
    photo: &Photo,
    models: &mut CardModels,
    timings: &mut Timings,
) -> Result<Option<FoundCard>, CardError> {
    let pyramid = photo.pyramid();
    let Some(located) = timings.timed("locate", || located(pyramid, models))? else { return Ok(None) };
    let mut refined = timings.timed("refine", || refined(pyramid, &located.quad));
    let reading = timings.timed("side", || side_reading(pyramid, &refined.quad, models))?;
    let Some(mut reading) = reading else { return Ok(None) };
    if std::mem::take(&mut reading.upside_down) {
        refined = half_turned(&refined);
    }
    let quad = refined.quad;
    let (width, height) = (pyramid.base().width(), pyramid.base().height());
    let rectified = timings.timed("rectify", || Rectified::cut(pyramid, &quad));
    let (Some(rectified), Some(tilt_deg)) = (rectified, tilt_deg(&quad, width, height)) else {
        return Ok(None);
    };
    let score = score(&located, &refined);
    let resolution = rectified.resolution().scaled(1.0 / photo.scale());
    let Located { visible, others, others_area, .. } = located;
    let sides = refined.sides;
    Ok(Some(FoundCard {
        quad,
        score,
        sides,
        visible,
        reading,
        rectified,
        resolution,
        tilt_deg,
        others,
        others_area,
    }))
}

fn half_turned(refined: &Refined) -> Refined {
    let [upper, right, lower, left] = refined.sides;
    Refined { quad: refined.quad.half_turned(), sides: [lower, left, upper, right] }
}

/// Probability that the quad is a card's outline.
///
/// A logistic regression of whether the quad reaches an IoU of 0.9 with a card, fitted on
/// photos of the generator's test split.
fn score(located: &Located, refined: &Refined) -> f32 {
    let evidence = &located.evidence;
    let sum = SCORE_OFFSET
        + SCORE_CORNERS * evidence.corners
        + SCORE_WEAKEST_CORNER * evidence.weakest_corner
        + SCORE_MASK * evidence.mask
        + SCORE_SHAPE * evidence.shape
        + SCORE_SUPPORT * refined.support();
    1.0 / (1.0 + (-sum).exp())
}

const SCORE_OFFSET: f32 = -9.0;
const SCORE_CORNERS: f32 = 3.5;
const SCORE_WEAKEST_CORNER: f32 = 1.0;
const SCORE_MASK: f32 = 5.0;
const SCORE_SHAPE: f32 = 1.5;
const SCORE_SUPPORT: f32 = 4.0;
