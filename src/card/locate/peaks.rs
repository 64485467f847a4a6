//! Peaks of the corner maps: the places where a card may have a corner.

use super::maps::{CELL_PX, CELLS, Maps, cell_center, probability};
use crate::geometry::Point;

/// A place that may be a corner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Peak {
    /// Where, in the network's frame.
    pub(super) at: Point,
    /// How sure the network is, 0 to 1.
    pub(super) probability: f32,
}

/// Peaks weaker than this are noise.
const PROBABILITY_MIN: f32 = 0.06;

/// Most peaks of a kind that are looked at: three cards' worth.
const PEAKS_MAX: usize = 6;

/// Peaks nearer than this to a stronger one are the same corner, pixels of the network's frame.
const APART_PX: f32 = 5.0;

/// The strongest peaks of a corner map, best first.
pub(super) fn peaks(maps: &Maps, channel: usize) -> Vec<Peak> {
    let heat = &maps.corners[channel];
    let at = |column: usize, row: usize| heat[row * CELLS + column];
    let mut found: Vec<(f32, usize)> = Vec::new();
    let logit_min = (PROBABILITY_MIN / (1.0 - PROBABILITY_MIN)).ln();
    for row in 0..CELLS {
        for column in 0..CELLS {
            let here = at(column, row);
            if here > logit_min && neighbours(column, row).all(|(x, y)| at(x, y) <= here) {
                found.push((here, row * CELLS + column));
            }
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut peaks: Vec<Peak> = Vec::new();
    for (logit, cell) in found {
        let place = corner_at(maps, heat, cell);
        if peaks.iter().all(|known| known.at.distance(place) >= APART_PX) {
            peaks.push(Peak { at: place, probability: probability(logit) });
        }
        if peaks.len() == PEAKS_MAX {
            break;
        }
    }
    peaks
}

/// Where the cells about a peak say that the corner is, each weighed by its own certainty.
fn corner_at(maps: &Maps, heat: &[f32], cell: usize) -> Point {
    let (column, row) = (cell % CELLS, cell / CELLS);
    let (mut x, mut y, mut weight) = (0.0, 0.0, 0.0);
    for (column, row) in neighbours(column, row).chain([(column, row)]) {
        let index = row * CELLS + column;
        let p = probability(heat[index]);
        let center = cell_center(index);
        x += p * (center.x + maps.offsets[0][index] * CELL_PX);
        y += p * (center.y + maps.offsets[1][index] * CELL_PX);
        weight += p;
    }
    Point::new(x / weight, y / weight)
}

/// The up to eight cells about a cell.
fn neighbours(column: usize, row: usize) -> impl Iterator<Item = (usize, usize)> {
    let span = |at: usize| at.saturating_sub(1)..=(at + 1).min(CELLS - 1);
    span(row).flat_map(move |y| span(column).map(move |x| (x, y))).filter(move |&it| it != (column, row))
}
