//! Glare: spots burnt white by a lamp or a window mirrored in the card.
//!
//! A spot is glare where it is white, clearly lighter than the card's background and smooth: a
//! white background that is merely well lit is as light as itself, and print shows on it. Where the
//! whole card is burnt out nothing is lighter than its background; that is over-exposure.

use super::background::luma_of;
use super::view::{CardView, QUARTER};
use crate::card::layout::Zone;
use crate::geometry::Rect;

/// Largest channel from which a spot is white, of 255.
const VALUE_MIN: u8 = 245;

/// Largest difference of the channels over the largest at which a spot is white.
const SATURATION_MAX: f32 = 0.15;

/// Luma by which a spot is lighter than the card's background.
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
        let luma_min = view.background.light + ABOVE_BACKGROUND;
        let white = |pixel: &[u8; 3]| {
            let (high, low) = (pixel[0].max(pixel[1]).max(pixel[2]), pixel[0].min(pixel[1]).min(pixel[2]));
            let pale = f32::from(high - low) <= SATURATION_MAX * f32::from(high);
            high >= VALUE_MIN && pale && f32::from(luma_of(*pixel)) >= luma_min
        };
        let mut spots: Vec<bool> = quarter.pixels().iter().map(white).collect();
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
