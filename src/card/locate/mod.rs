//! Finds the cards in a photo: the locator network sees the whole photo at 256 pixels, its peaks
//! become quads, and where it was in doubt it looks once more, at the rectified card.
//!
//! Corners come out within about a hundredth of the card's width, up to a half turn of the card;
//! `refine` sets them to the pixel and `side` tells which way up it is.

mod cover;
mod hypotheses;
mod maps;
mod mask_quad;
mod peaks;
pub(super) mod shape;

use super::{CardError, CardModels};
use crate::geometry::Quad;
use crate::imaging::Pyramid;
use hypotheses::{Hypothesis, are_apart};
use maps::Maps;

/// A card in a photo. Quads are in the frame of the pyramid's base.
#[derive(Debug, Clone, PartialEq)]
pub struct Located {
    /// Its corners in card order or half turned, whichever stands more upright in the photo.
    pub quad: Quad,
    /// What the network's maps say about it.
    pub evidence: Evidence,
    /// What is seen of it.
    pub visible: Visible,
    /// Further cards in the photo, best first.
    pub others: Vec<Quad>,
    /// Area of all that the mask takes for further cards, whole or in part, over that of this one.
    pub others_area: f32,
}

/// What speaks for a card, each 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// Mean probability of the four corners; a corner that was completed from others counts 0.
    pub corners: f32,
    /// Probability of the weakest corner.
    pub weakest_corner: f32,
    /// How well the quad agrees with the mask: mean probability inside less that of a ring outside.
    pub mask: f32,
    /// How plausible the quad is as a card seen by a camera.
    pub shape: f32,
}

/// How much of a card is seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Visible {
    /// Share of the card's area within the photo that the mask calls covered, 0 to 1.
    pub covered_share: f32,
    /// Share of the quad's area outside the photo, 0 to 1.
    pub outside_share: f32,
}

/// Least score of a hypothesis that is a card at all; what the network takes for a card at a
/// glance. Whether it is one to trust is for the caller, who has the evidence.
const SCORE_MIN: f32 = 0.35;

/// The mask must agree with a quad at least this far.
const AGREEMENT_MIN: f32 = 0.25;

/// A second card scores at least this: a wrong one would be an accusation.
const OTHER_SCORE_MIN: f32 = 0.6;

/// Cards that are looked for in one photo: more of them change nothing.
const CARDS_MAX: usize = 3;

/// Above this certainty of every corner, agreement and shape one look is enough.
const CERTAIN: f32 = 0.65;

/// A card whose long side is shorter than this is looked at twice, pixels of the network's frame.
const SMALL_PX: f32 = 130.0;

/// The second look shows this much beside the card, card widths on either side.
const SECOND_LOOK_MARGIN: f32 = 0.2;

/// Finds the cards in a photo; `None` where there is none.
///
/// # Errors
/// The machine's fault only.
pub fn located(photo: &Pyramid, models: &mut CardModels) -> Result<Option<Located>, CardError> {
    let maps = Maps::of_photo(photo, models)?;
    let mut cards = cards(&maps, CARDS_MAX);
    if cards.is_empty() {
        return Ok(None);
    }
    let first = cards.remove(0);
    let others_area = cover::beyond(&maps, &first.0.quad);
    let (maps, best) = second_look(photo, maps, first, models)?;
    let quad = upright(&maps.in_photo_frame(&best.quad));
    let size = (photo.base().width() as f32, photo.base().height() as f32);
    let others = cards.iter().map(|it| upright(&it.1)).collect();
    Ok(Some(Located {
        quad,
        evidence: evidence(&best),
        visible: visible(&best, &quad, size),
        others,
        others_area,
    }))
}

/// A hypothesis and its quad in the photo's frame.
type Seen = (Hypothesis, Quad);

/// The cards that one view shows, the best first and at most `cards_max`; none overlaps a better one.
fn cards(maps: &Maps, cards_max: usize) -> Vec<Seen> {
    let [long, short] = [0, 1].map(|channel| peaks::peaks(maps, channel));
    let is_card = |it: &Hypothesis| it.score() >= SCORE_MIN && it.cover.agreement() >= AGREEMENT_MIN;
    let mut found = hypotheses::hypotheses(maps, &long, &short, &[]);
    if !found.first().is_some_and(is_card) {
        found.extend(mask_quad::quad_of_mask(maps));
        found.sort_by(|a, b| b.score().total_cmp(&a.score()));
    }
    let mut cards: Vec<Hypothesis> = Vec::new();
    let mut known: Vec<Quad> = Vec::new();
    // Beside a strong card the corners of a weaker one come to notice only when it is put aside.
    while let Some(card) = found.into_iter().find(|it| {
        let good_enough = cards.is_empty() || it.score() >= OTHER_SCORE_MIN;
        good_enough && is_card(it) && known.iter().all(|card| are_apart(card, &it.quad))
    }) {
        known.push(card.quad);
        cards.push(card);
        // A card scores by its mask: where the mask shows none beyond those found, there is none.
        if cards.len() == cards_max || known.iter().any(|quad| cover::beyond(maps, quad) == 0.0) {
            break;
        }
        found = hypotheses::hypotheses(maps, &long, &short, &known);
    }
    cards.into_iter().map(|it| (it, maps.in_photo_frame(&it.quad))).collect()
}

/// Looks at the rectified card where the first look left doubts, and keeps what is better.
fn second_look(
    photo: &Pyramid,
    maps: Maps,
    (first, quad): Seen,
    models: &mut CardModels,
) -> Result<(Maps, Hypothesis), CardError> {
    let found = evidence(&first);
    let is_certain = [found.weakest_corner, found.mask, found.shape].iter().all(|it| *it >= CERTAIN);
    let is_large = first.quad.side_lengths().iter().fold(0.0_f32, |a, b| a.max(*b)) >= SMALL_PX;
    if is_certain && is_large {
        return Ok((maps, first));
    }
    let Some(closer) = Maps::of_card(photo, &quad, SECOND_LOOK_MARGIN, models)? else {
        return Ok((maps, first));
    };
    let again = cards(&closer, 1).into_iter().find(|(_, again)| again.iou(&quad) > SAME_CARD_IOU);
    match again {
        Some((again, _)) if again.score() > first.score() => Ok((closer, again)),
        Some(_) | None => Ok((maps, first)),
    }
}

/// A second look that finds something else than the first has lost the card.
const SAME_CARD_IOU: f32 = 0.5;

fn evidence(it: &Hypothesis) -> Evidence {
    Evidence {
        corners: it.certainty(),
        weakest_corner: it.corners.iter().fold(1.0_f32, |a, b| a.min(*b)),
        mask: it.cover.agreement(),
        shape: it.shape,
    }
}

fn visible(it: &Hypothesis, quad: &Quad, (width, height): (f32, f32)) -> Visible {
    let area = quad.area().max(1.0);
    let inside = Quad::whole(width, height).shared_area(quad) / area;
    Visible {
        covered_share: (1.0 - it.cover.inside).clamp(0.0, 1.0),
        outside_share: (1.0 - inside).clamp(0.0, 1.0),
    }
}

/// The quad or its half turn: the one whose upper side lies higher, or further left for a card
/// that stands on its short side.
fn upright(quad: &Quad) -> Quad {
    let [a, b, c, d] = quad.corners;
    let (upper, lower) = (a.midpoint(b), c.midpoint(d));
    let (down, right) = (lower.y - upper.y, lower.x - upper.x);
    let is_upright = if down.abs() >= right.abs() { down > 0.0 } else { right > 0.0 };
    if is_upright { *quad } else { quad.half_turned() }
}

#[cfg(test)]
mod tests;
