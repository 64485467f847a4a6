//! Glare: spots burnt white by a lamp or a window mirrored in the card.
//!
//! A spot is glare where it is white and lighter than the card's background. The lighter that
//! is, the nearer a spot must be to the end of the range, and the less above the background: a
//! white card in good light stays below the end, a lamp's image does not. Where the whole card is
//! burnt out nothing is lighter than its background; that is over-exposure. The backdrop of a
//! portrait is often white, so of the portrait only the head counts.

use super::background::luma_of;
use super::map::CardMap;
use super::view::{CardView, QUARTER};
use crate::card::layout::{PX_PER_MM, Zone};
use crate::geometry::Rect;

/// Least of the three channels from which a spot on a dark or a light background is burnt white,
/// of 255. A lamp's image burns all three; a tinted background in strong light burns one or two,
/// and print shows on it.
const WHITE_MIN: [f32; 2] = [246.0, 254.0];

/// Luma of a background this far above which a spot is white, between those two.
const WHITE_ABOVE_BACKGROUND: f32 = 12.0;

/// Luma by which a spot is lighter than the card's background around it.
const ABOVE_BACKGROUND: f32 = 8.0;

/// Share of what is left above a light background that a spot is lighter than it.
const ABOVE_LIGHT_BACKGROUND: f32 = 0.5;

/// Middle and half axes of the ellipse that holds most of the head, shares of the portrait's box.
const HEAD: ([f32; 2], [f32; 2]) = ([0.5, 0.47], [0.24, 0.28]);

/// The portrait's backdrop may reach this far beyond its box, mm.
const BACKDROP_MM: f32 = 2.0;

/// Smallest spot that counts, as a share of the card: 5 square millimetres. The eye of a portrait
/// and a fleck of dust are smaller.
const SPOT_MIN: f64 = 0.001;

/// Shares of the card and of its zones that glare covers, each 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Glare {
    /// Of the card.
    pub card_share: f64,
    /// Of each zone that holds a field, and of the head in the portrait, in the layout's order;
    /// empty where the side is not known.
    pub zones: Vec<(Zone, f64)>,
}

impl Glare {
    /// The field that is covered most, and how much of it; the portrait is none.
    pub fn worst_field(&self) -> Option<(Zone, f64)> {
        let fields = self.zones.iter().filter(|(zone, _)| *zone != Zone::Portrait);
        fields.copied().max_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// The covered share of the portrait's head, where the side has one.
    pub fn portrait_share(&self) -> Option<f64> {
        self.zones.iter().find(|(zone, _)| *zone == Zone::Portrait).map(|(_, share)| *share)
    }
}

/// Where glare covers the card.
pub fn glare(view: &CardView) -> Glare {
    let mask = GlareMask::of(view);
    let fields = view.zones().iter().filter(|zone| zone.is_field());
    let share = |zone: &Zone| match zone {
        Zone::Portrait => mask.share_in(&zone.px(), |x, y| is_head(&zone.px(), x, y)),
        _ => mask.share_in(&zone.px(), |_, _| true),
    };
    let zones = fields.map(|zone| (*zone, share(zone))).collect();
    let whole = mask.spots.iter().filter(|spot| **spot).count();
    Glare { card_share: whole as f64 / mask.spots.len() as f64, zones }
}

/// Where glare covers the card, as the covered share of each cell, 0 to 1.
pub fn glare_map(view: &CardView) -> CardMap {
    /// Side of a cell, pixels of the quarter picture: 1.4 mm.
    const CELL: usize = 4;
    let mask = GlareMask::of(view);
    let (columns, rows) = (mask.width / CELL, mask.height / CELL);
    let share = |i: usize| {
        let (x0, y0) = (i % columns * CELL, i / columns * CELL);
        let spots = (y0..y0 + CELL).flat_map(|y| (x0..x0 + CELL).map(move |x| y * mask.width + x));
        Some(spots.filter(|at| mask.spots[*at]).count() as f32 / (CELL * CELL) as f32)
    };
    CardMap { cell_px: CELL as u32 * QUARTER, columns, cells: (0..columns * rows).map(share).collect() }
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
        let portrait = view.zones().iter().find(|zone| **zone == Zone::Portrait).map(|zone| zone.px());
        let is_spot = |(i, pixel): (usize, &[u8; 3])| {
            let darkest = pixel[0].min(pixel[1]).min(pixel[2]);
            if f32::from(darkest) < WHITE_MIN[0] {
                return false;
            }
            let (x, y) = ((i % width) as f32, (i / width) as f32);
            let background = view.background.light_at(x, y).min(255.0);
            let white = (background + WHITE_ABOVE_BACKGROUND).clamp(WHITE_MIN[0], WHITE_MIN[1]);
            let above = ABOVE_BACKGROUND.min(ABOVE_LIGHT_BACKGROUND * (255.0 - background)).max(0.5);
            f32::from(darkest) >= white
                && f32::from(luma_of(*pixel)) >= background + above
                && portrait.is_none_or(|area| !is_backdrop(&area, x * QUARTER as f32, y * QUARTER as f32))
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

    /// The covered share of those places of a box that count; box and places in pixels of the
    /// rectified card.
    fn share_in(&self, area: &Rect, counts: impl Fn(f32, f32) -> bool) -> f64 {
        let at = |v: f32, end: usize| ((v / QUARTER as f32).round().max(0.0) as usize).min(end);
        let (mut covered, mut count) = (0u32, 0u32);
        for y in at(area.y, self.height)..at(area.y + area.height, self.height) {
            for x in at(area.x, self.width)..at(area.x + area.width, self.width) {
                if counts((x as u32 * QUARTER) as f32, (y as u32 * QUARTER) as f32) {
                    count += 1;
                    covered += u32::from(self.spots[y * self.width + x]);
                }
            }
        }
        f64::from(covered) / f64::from(count.max(1))
    }
}

/// Whether (`x`, `y`) lies on the head in the portrait in `area`.
fn is_head(area: &Rect, x: f32, y: f32) -> bool {
    let (middle, half) = HEAD;
    let across = ((x - area.x) / area.width - middle[0]) / half[0];
    let down = ((y - area.y) / area.height - middle[1]) / half[1];
    across * across + down * down <= 1.0
}

/// Whether (`x`, `y`) lies on or about the portrait in `area`, but not on its head.
fn is_backdrop(area: &Rect, x: f32, y: f32) -> bool {
    let reach = BACKDROP_MM * PX_PER_MM;
    let columns = area.x - reach..area.x + area.width + reach;
    let rows = area.y - reach..area.y + area.height + reach;
    columns.contains(&x) && rows.contains(&y) && !is_head(area, x, y)
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
