//! Fingers and other things on the card, from its pixels: whatever reaches in from the border and
//! is not of the background's colour.
//!
//! Catches skin and anything dark or coloured that covers the border. It cannot see what is as
//! pale as the card (a slip of paper), nor tell a cover from print inside the portrait and the
//! emblem: the locator's mask of the visible card says more there.

use super::background::{Background, luma_of};
use super::blobs::blobs;
use super::view::{CardView, QUARTER, zones};
use crate::card::CardSide;
use crate::card::layout::{CORNER_MM, HEIGHT_MM, PX_PER_MM, WIDTH_MM, Zone};
use crate::geometry::Rect;
use crate::imaging::Rgb;

/// Distance of hue (red and blue over green, in powers of e) from which a pixel is not background.
/// The print's tints stay below 0.1, skin lies above 0.25.
const HUE_MIN: f32 = 0.16;

/// Share of the background's luma below which a pixel is not background but in deep shadow either.
const DARK_MAX: f32 = 0.4;

/// What lies this near to the border may be the desk beside a corner misplaced by a pixel, mm.
const RIM_MM: f32 = 0.8;

/// Depth of the border from which covers reach in, mm.
const REACH_MM: f32 = 3.0;

/// Smallest cover that counts, as a share of the card: a fingertip's.
const COVER_MIN: f64 = 0.004;

/// Pixels at an eighth of the scale by which what is clear keeps off a cover: its soft rim and its
/// shadow, 1.4 mm.
const CLEAR_OF_COVERS: usize = 2;

/// Share of the card's face that something covers, 0 to 1; 0 for a card whose layout is not known.
pub fn covered_share(view: &CardView) -> f64 {
    let mask = &view.covers.mask;
    mask.iter().filter(|covered| **covered).count() as f64 / mask.len() as f64
}

/// What lies on a card.
pub(super) struct Covers {
    /// Which pixels of the picture at an eighth of the scale are covered, row after row.
    mask: Vec<bool>,
    /// What each of them would show.
    places: Vec<Place>,
    width: usize,
}

impl Covers {
    /// Looks at a card's picture at an eighth of the scale. What a card would look like uncovered
    /// is known of resident ID cards only: nothing lies on others.
    pub(super) fn of(eighth: &Rgb, background: &Background, side: Option<CardSide>) -> Self {
        let (width, height) = (eighth.width() as usize, eighth.height() as usize);
        let places: Vec<Place> = (0..width * height).map(|i| Place::of(i % width, i / width, side)).collect();
        let mut mask = vec![false; places.len()];
        if side.is_some() {
            let opened = opened(&foreign(eighth, &places, background), width);
            let least = (COVER_MIN * opened.len() as f64) as usize;
            let reaches_in = |cover: &Vec<usize>| cover.iter().any(|i| places[*i] == Place::Border);
            let covers = blobs(&opened, width).into_iter().filter(|c| c.len() >= least && reaches_in(c));
            covers.flatten().for_each(|i| mask[i] = true);
        }
        Self { mask, places, width }
    }

    /// Whether a pixel of the picture at an eighth of the scale shows the inner part of the card,
    /// and nothing that lies on it is near.
    pub(super) fn is_clear(&self, x: usize, y: usize) -> bool {
        let inner = matches!(self.places[y * self.width + x], Place::Face | Place::Picture);
        let last_row = self.mask.len() / self.width - 1;
        let rows = y.saturating_sub(CLEAR_OF_COVERS)..=(y + CLEAR_OF_COVERS).min(last_row);
        let columns = x.saturating_sub(CLEAR_OF_COVERS)..=(x + CLEAR_OF_COVERS).min(self.width - 1);
        inner && rows.into_iter().all(|y| !self.mask[y * self.width..][columns.clone()].contains(&true))
    }
}

/// What a pixel of the card may show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The card's edge or what lies beside its rounded corners: says nothing.
    Rim,
    /// Blank card that covers reach in over.
    Border,
    /// Background and print of text.
    Face,
    /// The portrait or the emblem, which have every colour.
    Picture,
}

impl Place {
    /// Of the pixel (`x`, `y`) of the picture at an eighth of the scale.
    fn of(x: usize, y: usize, side: Option<CardSide>) -> Self {
        let mm = |v: usize| (v as f32 + 0.5) * (2 * QUARTER) as f32 / PX_PER_MM;
        let (x, y) = (mm(x), mm(y));
        let inside = inside_mm(x, y);
        let picture = |zone: &&Zone| matches!(zone, Zone::Portrait | Zone::Emblem);
        if inside < RIM_MM {
            Self::Rim
        } else if inside < REACH_MM {
            Self::Border
        } else if zones(side).iter().filter(picture).any(|zone| holds(&zone.mm(), x, y)) {
            Self::Picture
        } else {
            Self::Face
        }
    }
}

fn holds(area: &Rect, x: f32, y: f32) -> bool {
    (area.x..area.x + area.width).contains(&x) && (area.y..area.y + area.height).contains(&y)
}

/// Millimetres inside the card's rounded outline; negative outside.
fn inside_mm(x: f32, y: f32) -> f32 {
    let dx = (x - WIDTH_MM / 2.0).abs() - (WIDTH_MM / 2.0 - CORNER_MM);
    let dy = (y - HEIGHT_MM / 2.0).abs() - (HEIGHT_MM / 2.0 - CORNER_MM);
    CORNER_MM - dx.max(0.0).hypot(dy.max(0.0)) - dx.max(dy).min(0.0)
}

/// Which pixels are not of the card.
fn foreign(eighth: &Rgb, places: &[Place], background: &Background) -> Vec<bool> {
    let width = eighth.width() as usize;
    let dark = DARK_MAX * background.light;
    let is_foreign = |(i, pixel): (usize, &[u8; 3])| {
        if matches!(places[i], Place::Rim | Place::Picture) {
            return false;
        }
        let (x, y) = ((2 * (i % width)) as f32, (2 * (i / width)) as f32);
        let [red, blue] = background.hue_from(pixel.map(f32::from), x, y);
        red.hypot(blue) > HUE_MIN || f32::from(luma_of(*pixel)) < dark
    };
    eighth.pixels().iter().enumerate().map(is_foreign).collect()
}

/// The mask without what is thinner than three pixels: strokes of print, and the desk along an edge
/// that was placed a little outside.
fn opened(mask: &[bool], width: usize) -> Vec<bool> {
    let height = mask.len() / width;
    let mut opened = vec![false; mask.len()];
    for y in 1..height.max(1) - 1 {
        for x in 1..width - 1 {
            let square = || {
                (y - 1..=y + 1).flat_map(move |row| (x - 1..=x + 1).map(move |column| row * width + column))
            };
            if square().all(|i| mask[i]) {
                square().for_each(|i| opened[i] = true);
            }
        }
    }
    opened
}

#[cfg(test)]
mod tests {
    use super::super::testing::{each_pixel, fill, spoiled};
    use super::*;

    #[test]
    fn fingers_count_and_print_and_shadows_do_not() {
        for clean in spoiled(|_| ()) {
            assert_eq!(covered_share(&clean), 0.0);
        }
        for shaded in
            spoiled(|card| each_pixel(card, |x, _, p| p.map(|v| if x > 700.0 { v * 0.6 } else { v })))
        {
            assert_eq!(covered_share(&shaded), 0.0);
        }
        let thumb = Rect { x: 430.0, y: 510.0, width: 160.0, height: 128.0 };
        for color in [[205.0, 150.0, 120.0], [110.0, 72.0, 55.0], [20.0, 20.0, 22.0]] {
            for held in spoiled(|card| fill(card, &thumb, |_, _| color)) {
                let expected = f64::from(thumb.area()) / (1012.0 * 638.0);
                let found = covered_share(&held);
                assert!((found / expected - 1.0).abs() < 0.25, "{color:?}: {found} for {expected}");
            }
        }
    }

    #[test]
    fn the_desk_beside_an_edge_is_no_cover() {
        let strip = Rect { x: 0.0, y: 0.0, width: 1012.0, height: 10.0 };
        for misplaced in spoiled(|card| fill(card, &strip, |_, _| [120.0, 80.0, 40.0])) {
            assert_eq!(covered_share(&misplaced), 0.0);
        }
    }
}
