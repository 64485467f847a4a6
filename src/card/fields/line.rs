//! Printed lines on the rectified card: where in a zone the print lies, and crops of it.
//!
//! Finds print by how restless the picture is, row by row and then column by column, so that
//! shading and tint do not matter. Reads nothing.

use crate::card::layout::PX_PER_MM;
use crate::geometry::{Point, Rect, Similarity};
use crate::imaging::{Luma, Pyramid, Rgb, halved, luma, warp};

/// Profiles are taken at half the card's scale: print is still plain and noise is halved.
const PROFILE_PX_PER_MM: f32 = PX_PER_MM / 2.0;

/// Blank rows within a line of print are no taller than this, mm; those between the lines of an
/// address are (1.3 mm on the printed card).
const ROW_GAP_MAX_MM: f32 = 0.6;

/// Blank columns within a line are no wider than this, mm: about a missing character.
const COLUMN_GAP_MAX_MM: f32 = 3.0;

/// A line of print is at least this tall, mm: half of the smallest print on the card.
const LINE_HEIGHT_MIN_MM: f32 = 1.1;

/// A row or column with print is at least this share of the most restless one above the paper.
const PRINT_SHARE: f32 = 0.18;

/// Restlessness of paper that is no print whatever its share: mean of the differences between
/// neighbouring pixels along both axes, in steps of luma. Below it lie sensor noise and the tint.
const PRINT_MIN: f32 = 4.0;

/// How far a crop reaches beyond the print, in heights of the line: text recognition was trained on
/// lines with a little paper around them.
const MARGIN_BESIDE: f32 = 0.20;
const MARGIN_ABOVE: f32 = 0.14;

/// The lines of print within `zone` (px of the rectified card), top down: a box around each, with a
/// margin. Empty where there is nothing like print.
pub(super) fn lines(card: &Rgb, zone: &Rect) -> Vec<Rect> {
    let picture = luma(&halved(&cut(card, zone)));
    let restless = Restlessness::of(&picture);
    let rows = runs(&restless.rows(), ROW_GAP_MAX_MM, LINE_HEIGHT_MIN_MM);
    let boxes = rows.into_iter().filter_map(|(top, bottom)| {
        let columns = runs(&restless.columns(top, bottom), COLUMN_GAP_MAX_MM, LINE_HEIGHT_MIN_MM / 2.0);
        // Something beside the line is smaller than the line.
        let (left, right) = columns.into_iter().max_by_key(|(from, to)| to - from)?;
        let on_card = |n: usize| n as f32 * 2.0;
        let height = on_card(bottom - top);
        let (beside, above) = (height * MARGIN_BESIDE, height * MARGIN_ABOVE);
        Some(Rect {
            x: zone.x.floor() + on_card(left) - beside,
            y: zone.y.floor() + on_card(top) - above,
            width: on_card(right - left) + 2.0 * beside,
            height: height + 2.0 * above,
        })
    });
    boxes.collect()
}

/// The tallest of the [`lines`] of a zone that holds one.
pub(super) fn line(card: &Rgb, zone: &Rect) -> Option<Rect> {
    lines(card, zone).into_iter().max_by(|a, b| a.height.total_cmp(&b.height))
}

/// The part of the card in `area`, scaled to `height` pixels and as wide as that makes it (rounded
/// up to a multiple of `width_step`, the rest showing what is beside it), at most `width_max`.
pub(super) fn crop(card: &Rgb, area: &Rect, height: u32, width_step: u32, width_max: u32) -> Rgb {
    let scale = area.height / height as f32;
    let width = (area.width / scale).ceil().max(1.0) as u32;
    let width = width.next_multiple_of(width_step).clamp(width_step, width_max);
    // The warp goes over this part alone; two pixels more for its interpolation.
    let reach = Rect {
        x: area.x - 2.0,
        y: area.y - 2.0,
        width: (width as f32 * scale).max(area.width) + 4.0,
        height: area.height + 4.0,
    };
    let part = cut(card, &reach);
    let (left, top) = origin(card, &reach);
    let to_part = Similarity::new(scale, 0.0, Point::new(area.x - left as f32, area.y - top as f32));
    warp(&Pyramid::new(part), &to_part, width, height)
}

/// The whole pixels of the card that `area` touches, at least one.
fn cut(card: &Rgb, area: &Rect) -> Rgb {
    let (left, top) = origin(card, area);
    let end = |edge: f32, from: u32, side: u32| (edge.ceil().max(0.0) as u32).clamp(from + 1, side);
    let right = end(area.x + area.width, left, card.width());
    let bottom = end(area.y + area.height, top, card.height());
    let row = |y: u32| &card.row(y)[left as usize..right as usize];
    let pixels = (top..bottom).flat_map(|y| row(y).as_flattened()).copied().collect();
    Rgb::new(right - left, bottom - top, pixels).expect("rows of one width, at least one pixel")
}

/// The upper left corner of what [`cut`] gives.
fn origin(card: &Rgb, area: &Rect) -> (u32, u32) {
    let start = |edge: f32, side: u32| (edge.floor().max(0.0) as u32).min(side - 1);
    (start(area.x, card.width()), start(area.y, card.height()))
}

/// How much each pixel differs from its neighbours to the right and below, 0 to 510.
struct Restlessness {
    values: Vec<u16>,
    width: usize,
}

impl Restlessness {
    fn of(picture: &Luma) -> Self {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let mut values = Vec::with_capacity(width * height);
        for y in 0..height {
            let row = picture.row(y as u32);
            let below = picture.row((y + 1).min(height - 1) as u32);
            let beside = row.iter().skip(1).chain(row.last());
            let differs = |((v, right), lower): ((&u8, &u8), &u8)| {
                u16::from(v.abs_diff(*right)) + u16::from(v.abs_diff(*lower))
            };
            values.extend(row.iter().zip(beside).zip(below).map(differs));
        }
        Self { values, width }
    }

    /// The restlessness of each row: the mean of its most restless eighth, so that a short name
    /// counts as much as a long one.
    fn rows(&self) -> Vec<f32> {
        let kept = (self.width / 8).max(1);
        let mean = |row: &[u16]| {
            let mut row = row.to_vec();
            row.select_nth_unstable_by(kept - 1, |a, b| b.cmp(a));
            row[..kept].iter().map(|v| f32::from(*v)).sum::<f32>() / kept as f32
        };
        self.values.chunks_exact(self.width).map(mean).collect()
    }

    /// The mean of each column over rows `top` to `bottom`.
    fn columns(&self, top: usize, bottom: usize) -> Vec<f32> {
        let mut sums = vec![0.0; self.width];
        for row in self.values.chunks_exact(self.width).take(bottom).skip(top) {
            sums.iter_mut().zip(row).for_each(|(sum, v)| *sum += f32::from(*v));
        }
        sums.iter().map(|sum| sum / (bottom - top) as f32).collect()
    }
}

/// Where a profile shows print: from and to, joined over gaps up to one size, at least of another
/// (mm).
fn runs(profile: &[f32], gap_max_mm: f32, length_min_mm: f32) -> Vec<(usize, usize)> {
    let smooth = smoothed(profile);
    let mut sorted = smooth.clone();
    sorted.sort_by(f32::total_cmp);
    let Some(most) = sorted.last() else { return Vec::new() };
    // An eighth of a zone is always paper.
    let paper = sorted[sorted.len() / 8];
    let least = (paper + PRINT_SHARE * (most - paper)).max(paper + PRINT_MIN);
    let (gap_max, length_min) =
        (gap_max_mm * PROFILE_PX_PER_MM, (length_min_mm * PROFILE_PX_PER_MM) as usize);
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (i, _) in smooth.iter().enumerate().filter(|(_, value)| **value >= least) {
        match found.last_mut() {
            Some((_, to)) if (i - *to) as f32 <= gap_max => *to = i + 1,
            _ => found.push((i, i + 1)),
        }
    }
    found.retain(|(from, to)| to - from >= length_min);
    found
}

/// Each value averaged with its neighbours.
fn smoothed(profile: &[f32]) -> Vec<f32> {
    let mean = |i: usize| {
        let near = &profile[i.saturating_sub(1)..(i + 2).min(profile.len())];
        near.iter().sum::<f32>() / near.len() as f32
    };
    (0..profile.len()).map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Grey paper with a tint from left to right, and bars 2 px apart in each box.
    fn printed(boxes: &[[u32; 4]]) -> Rgb {
        let mut card = Rgb::filled(1012, 638, [0; 3]);
        for (i, pixel) in card.pixels_mut().iter_mut().enumerate() {
            let (x, y) = (i as u32 % 1012, i as u32 / 1012);
            let ink = boxes.iter().any(|[left, top, right, bottom]| {
                (*left..*right).contains(&x) && (*top..*bottom).contains(&y) && (x / 4).is_multiple_of(2)
            });
            *pixel = if ink { [40; 3] } else { [(190 + x / 20) as u8; 3] };
        }
        card
    }

    #[test]
    fn lines_are_found_where_they_are_printed() {
        let zone = Rect { x: 170.0, y: 300.0, width: 450.0, height: 190.0 };
        let boxes = [[200, 320, 560, 356], [200, 376, 280, 412]];
        let found = lines(&printed(&boxes), &zone);
        assert_eq!(found.len(), 2, "{found:?}");
        for (line, [left, top, right, bottom]) in found.iter().zip(boxes) {
            let inside = [line.x, line.y, -(line.x + line.width), -(line.y + line.height)];
            let printed = [left as f32, top as f32, -(right as f32), -(bottom as f32)];
            for (edge, print) in inside.into_iter().zip(printed) {
                assert!((1.0..16.0).contains(&(print - edge)), "{line:?}");
            }
        }
    }

    #[test]
    fn bare_paper_has_no_lines_and_zones_may_reach_over_the_card() {
        for zone in [
            Rect { x: 170.0, y: 300.0, width: 450.0, height: 190.0 },
            Rect { x: -50.0, y: 600.0, width: 2000.0, height: 90.0 },
            Rect { x: 2000.0, y: 900.0, width: 1.0, height: 1.0 },
        ] {
            assert_eq!(lines(&printed(&[]), &zone), []);
        }
    }

    #[test]
    fn a_crop_has_the_height_asked_for_and_shows_its_part() {
        let card = printed(&[[100, 100, 200, 150]]);
        let area = Rect { x: 100.0, y: 100.0, width: 100.0, height: 50.0 };
        let picture = crop(&card, &area, 25, 8, 320);
        assert_eq!((picture.width(), picture.height()), (56, 25));
        assert!(picture.row(12)[..48].iter().all(|p| p[0] < 200));
        assert!(picture.row(12)[52][0] > 180);
        assert_eq!(crop(&card, &area, 25, 8, 40).width(), 40);
    }
}
