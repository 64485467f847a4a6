//! A card from its mask alone, where the corner maps show nothing: the smallest rectangle about
//! the largest patch, its corners then moved to where mask and shape agree.

use super::cover::{Cover, cover};
use super::hypotheses::{Hypothesis, best_nudge, shape};
use super::maps::{CELLS, Maps, cell_center};
use crate::geometry::{Point, Quad};

/// Cells with at least this probability belong to a patch.
const PROBABILITY_MIN: f32 = 0.5;

/// Patches smaller than this are not worth a card: a card an eighth of the photo wide.
const CELLS_MIN: usize = 40;

/// Steps in which corners are moved, shares of the upper side.
const STEPS: [f32; 3] = [0.06, 0.03, 0.015];

/// The card of the largest patch of the mask.
pub(super) fn quad_of_mask(maps: &Maps) -> Option<Hypothesis> {
    let patch = largest_patch(maps)?;
    let points: Vec<Point> = patch.into_iter().map(cell_center).collect();
    let quad = smallest_rectangle(&points)?;
    if !quad.is_convex() {
        return None;
    }
    let none = Cover { inside: 0.0, around: 0.0 };
    let mut it = Hypothesis { quad, corners: [0.0; 4], cover: none, shape: shape(maps, &quad) };
    it.cover = cover(maps, &quad);
    for step in STEPS {
        let step_px = step * it.quad.side_lengths()[0];
        for corner in [0, 1, 2, 3, 0, 1, 2, 3] {
            it = best_nudge(maps, &it, corner, step_px);
        }
    }
    Some(it)
}

/// The cells of the largest connected patch.
fn largest_patch(maps: &Maps) -> Option<Vec<usize>> {
    let mut open: Vec<bool> = maps.mask.iter().map(|p| *p >= PROBABILITY_MIN).collect();
    let mut largest = Vec::new();
    for start in 0..open.len() {
        if !open[start] {
            continue;
        }
        open[start] = false;
        let mut patch = vec![start];
        let mut next = 0;
        while let Some(&cell) = patch.get(next) {
            next += 1;
            let (column, row) = (cell % CELLS, cell / CELLS);
            let beside = [
                (column > 0).then(|| cell - 1),
                (column + 1 < CELLS).then(|| cell + 1),
                (row > 0).then(|| cell - CELLS),
                (row + 1 < CELLS).then(|| cell + CELLS),
            ];
            for neighbour in beside.into_iter().flatten() {
                if std::mem::take(&mut open[neighbour]) {
                    patch.push(neighbour);
                }
            }
        }
        if patch.len() > largest.len() {
            largest = patch;
        }
    }
    (largest.len() >= CELLS_MIN).then_some(largest)
}

/// The smallest rectangle about the points, long side first, found in steps of two degrees.
fn smallest_rectangle(points: &[Point]) -> Option<Quad> {
    let extent = |degrees: f32| {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let along = points.iter().map(|p| p.x * cos + p.y * sin);
        let across = points.iter().map(|p| p.y * cos - p.x * sin);
        (sin, cos, range(along), range(across))
    };
    let (sin, cos, along, across) = (0..45)
        .map(|step| extent(step as f32 * 2.0))
        .min_by(|a, b| area(a.2, a.3).total_cmp(&area(b.2, b.3)))?;
    let at = |u: f32, v: f32| Point::new(u * cos - v * sin, u * sin + v * cos);
    let mut corners =
        [at(along.0, across.0), at(along.1, across.0), at(along.1, across.1), at(along.0, across.1)];
    if along.1 - along.0 < across.1 - across.0 {
        corners.rotate_left(1);
    }
    Some(Quad { corners })
}

/// From the least to the greatest value, half a cell added at both ends.
fn range(values: impl Iterator<Item = f32>) -> (f32, f32) {
    let half = super::maps::CELL_PX / 2.0;
    values.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), v| (low.min(v - half), high.max(v + half)))
}

fn area(along: (f32, f32), across: (f32, f32)) -> f32 {
    (along.1 - along.0) * (across.1 - across.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rectangle_fits_turned_points_and_begins_with_a_long_side() {
        for degrees in [0.0_f32, 30.0, 72.0, 90.0, 130.0] {
            let (sin, cos) = degrees.to_radians().sin_cos();
            let turn = |x: f32, y: f32| Point::new(100.0 + x * cos - y * sin, 90.0 + x * sin + y * cos);
            let points: Vec<Point> =
                (0..30).flat_map(|x| (0..20).map(move |y| turn(x as f32 * 3.0, y as f32 * 3.0))).collect();
            let quad = smallest_rectangle(&points).expect("points");
            let [upper, right, ..] = quad.side_lengths();
            assert!((upper - 91.0).abs() < 4.0 && (right - 61.0).abs() < 4.0, "{degrees}: {upper} {right}");
            assert!(quad.is_convex());
        }
    }
}
