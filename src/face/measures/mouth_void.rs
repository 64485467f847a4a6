//! How tall the dark below the upper lip is: what tells an open mouth from a smile.
//!
//! The mesh model often lays its lower lip across an open mouth, so that its gap is no larger than that
//! of a broad smile. Between the lips of a smile are teeth, and in an open mouth there is little light.

use super::cheeks::luma_of_cheeks;
use crate::face::aligned::{AlignedFace, SIDE};

/// Luma below this share of the cheeks' is dark: lips and most beards are lighter, whatever the tone of
/// the skin.
const DARK: f64 = 0.4;

/// Columns that are looked at, over the middle half of the mouth.
const COLUMNS: usize = 9;

/// What is looked at ends this far below the upper lip, in distances from the eyes to the chin: a jaw
/// drops no further.
const REACH: f32 = 0.75;

/// The dark begins at most this far below the upper lip, in the same unit: there is room for teeth, and
/// none for a lower lip with a beard below.
const BEGINS_WITHIN: f32 = 0.1;

/// Pixels above the upper lip's edge from which on the dark may begin: the mesh is that far off.
const SLACK_PX: f32 = 2.0;

/// Height of the dark that begins below the upper lip, over the distance from the middle between the
/// eyes to the chin; the median of columns over the middle of the mouth. Smiles that show teeth reach
/// 0.01. `None` where the mouth or the cheeks lie outside the crop.
pub fn mouth_void(face: &AlignedFace) -> Option<f64> {
    let cheeks = luma_of_cheeks(face);
    let count = cheeks.iter().map(Vec::len).sum::<usize>();
    let sum: f64 = cheeks.iter().flatten().map(|grey| f64::from(*grey)).sum();
    let dark_max = DARK * sum / count as f64;
    let mouth = &face.mouth;
    let unit = mouth.eyes_to_chin_px;
    let top = mouth.upper_lip.y - SLACK_PX;
    let rows = top.max(0.0) as usize..(mouth.upper_lip.y + REACH * unit).min(SIDE as f32).max(0.0) as usize;
    let begins_before = top + BEGINS_WITHIN * unit + SLACK_PX;
    let [left, right] = mouth.corners.map(|corner| corner.x);
    let mut heights: Vec<usize> = (0..COLUMNS)
        .map(|n| left + (right - left) * (0.25 + 0.5 * n as f32 / (COLUMNS - 1) as f32))
        .filter(|x| (0.0..SIDE as f32).contains(x))
        .map(|x| {
            let is_dark = |y: usize| f64::from(face.luma.row(y as u32)[x as usize]) < dark_max;
            tallest_run(rows.clone(), begins_before, is_dark)
        })
        .collect();
    heights.sort_unstable();
    let median = heights.get(heights.len() / 2)?;
    (count > 0 && unit > 0.0).then(|| *median as f64 / f64::from(unit))
}

/// The longest run of dark rows that begins before a row.
fn tallest_run(rows: std::ops::Range<usize>, begins_before: f32, is_dark: impl Fn(usize) -> bool) -> usize {
    let (mut tallest, mut run, mut start) = (0, 0, 0.0);
    for y in rows {
        if !is_dark(y) {
            run = 0;
            continue;
        }
        if run == 0 {
            start = y as f32;
        }
        run += 1;
        if start < begins_before {
            tallest = tallest.max(run);
        }
    }
    tallest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dark_mouth_has_its_height_and_a_black_beard_has_none() {
        let drawn = |dark: std::ops::Range<usize>| {
            let face = AlignedFace::made_up(|x, y| {
                let is_dark = (130..178).contains(&x) && dark.contains(&y);
                if is_dark { [40, 12, 12] } else { [190, 150, 130] }
            });
            mouth_void(&face).expect("a mouth and cheeks")
        };
        assert_eq!(drawn(205..230), 0.25);
        assert_eq!(drawn(240..290), 0.0);
    }

    #[test]
    fn teeth_may_come_first_and_a_beard_does_not_count() {
        let height = |first: std::ops::Range<usize>, second: std::ops::Range<usize>| {
            tallest_run(100..200, 112.0, |y| first.contains(&y) || second.contains(&y))
        };
        assert_eq!(height(108..150, 0..0), 42);
        assert_eq!(height(100..103, 130..180), 3);
        assert_eq!(height(130..180, 0..0), 0);
        assert_eq!(height(0..0, 0..0), 0);
    }
}
