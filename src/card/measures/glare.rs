//! Glare: spots burnt white by a lamp or a window mirrored in the card.
//!
//! A spot is glare where it is white, clearly lighter than the card's background and smooth: a
//! white background that is merely well lit is as light as itself, and print shows on it. Where the
//! whole card is burnt out nothing is lighter than its background; that is over-exposure.

use super::background::luma_of;
use super::view::{CardView, QUARTER};
use crate::card::layout::Zone;
use crate::geometry::Rect;

/// Least of the three channels from which a spot is burnt white, of 255. A lamp's image burns all
/// three; a tinted background in strong light burns one or two, and print shows on it.
const WHITE_MIN: u8 = 245;

/// Luma by which a spot is lighter than the card's background around it.
const ABOVE_BACKGROUND: f32 = 8.0;

/// Smallest spot that counts, as a share of the card: 5 square millimetres. The eye of a portrait
/// and a fleck of dust are smaller.
const SPOT_MIN: f64 = 0.001;

/// Shares of the card and of its zones that glare covers, each 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Glare {
    /// Of the card.
    pub card_share: f64,
    /// Of each zone that holds a field, and of the portrait, in the layout's order; empty where the
    /// side is not known.
    pub zones: Vec<(Zone, f64)>,
}

impl Glare {
    /// The field that is covered most, and how much of it; the portrait is none.
    pub fn worst_field(&self) -> Option<(Zone, f64)> {
        let fields = self.zones.iter().filter(|(zone, _)| *zone != Zone::Portrait);
        fields.copied().max_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// The covered share of the portrait, where the side has one.
    pub fn portrait_share(&self) -> Option<f64> {
        self.zones.iter().find(|(zone, _)| *zone == Zone::Portrait).map(|(_, share)| *share)
    }
}

/// Where glare covers the card.
pub fn glare(view: &CardView) -> Glare {
    let mask = GlareMask::of(view);
    let fields = view.zones().iter().filter(|zone| zone.is_field());
    let zones = fields.map(|zone| (*zone, mask.share_in(&zone.px()))).collect();
    let whole = mask.spots.iter().filter(|spot| **spot).count();
    Glare { card_share: whole as f64 / mask.spots.len() as f64, zones }
}

/// Which pixels of the quarter picture glare covers.
struct GlareMask {
    width: usize,
    height: usize,
    spots: Vec<bool>,
}

impl GlareMask {
    fn of(view: &CardView) -> Self {
        let quarter = &view.quarter;
        let (width, height) = (quarter.width() as usize, quarter.height() as usize);
        let is_spot = |(i, pixel): (usize, &[u8; 3])| {
            let (x, y) = ((i % width) as f32, (i / width) as f32);
            let white = pixel.iter().all(|channel| *channel >= WHITE_MIN);
            white && f32::from(luma_of(*pixel)) >= view.background.light_at(x, y) + ABOVE_BACKGROUND
        };
        let mut spots: Vec<bool> = quarter.pixels().iter().enumerate().map(is_spot).collect();
        let least = (SPOT_MIN * spots.len() as f64) as usize;
        for spot in super::blobs::blobs(&spots, width) {
            if spot.len() < least {
                spot.into_iter().for_each(|i| spots[i] = false);
            }
        }
        Self { width, height, spots }
    }

    /// The covered share of a box of the rectified card.
    fn share_in(&self, area: &Rect) -> f64 {
        let at = |v: f32, end: usize| ((v / QUARTER as f32).round().max(0.0) as usize).min(end);
        let columns = at(area.x, self.width)..at(area.x + area.width, self.width);
        let rows = at(area.y, self.height)..at(area.y + area.height, self.height);
        let count = columns.len() * rows.len();
        let covered = rows.flat_map(|y| &self.spots[y * self.width..][columns.clone()]).filter(|spot| **spot);
        covered.count() as f64 / count.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{each_pixel, spoiled};
    use super::*;

    #[test]
    fn a_lamp_in_the_card_is_glare_and_strong_light_is_not() {
        for clean in spoiled(|_| ()) {
            let glare = glare(&clean);
            assert_eq!(glare.card_share, 0.0);
            assert!(glare.zones.iter().all(|(_, share)| *share == 0.0));
        }
        let lamp =
            |x: f32, y: f32| 300.0 * (-(((x - 560.0) / 120.0).powi(2) + ((y - 560.0) / 60.0).powi(2))).exp();
        for lit in spoiled(|card| each_pixel(card, |x, y, p| p.map(|v| v + lamp(x, y)))) {
            let glare = glare(&lit);
            assert!((0.03..0.10).contains(&glare.card_share), "{}", glare.card_share);
            let (zone, share) = glare.worst_field().expect("the side is known");
            assert!(matches!(zone, Zone::Number | Zone::Validity) && share > 0.3, "{zone:?} {share}");
            assert!(glare.portrait_share().is_none_or(|share| share < 0.02));
        }
        // Brighter to the right, until all of that end is burnt out but for the print.
        for bright in spoiled(|card| each_pixel(card, |x, _, p| p.map(|v| v * (1.0 + 0.25 * x / 1012.0)))) {
            assert!(glare(&bright).card_share < 0.005, "{}", glare(&bright).card_share);
        }
    }
}
