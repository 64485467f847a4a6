//! A value that changes smoothly over the card: the light of a lamp, the tint of the background.
//! Fitted past what lies off it, as print, fingers and glare do.

use super::view::QUARTER;
use crate::card::layout::{HEIGHT_MM, PX_PER_MM, WIDTH_MM};

/// Terms of a surface that slopes evenly: 1, x, y.
pub(super) const EVEN: usize = 3;

/// Terms of a surface that may bend too: 1, x, y, x squared, x y, y squared.
pub(super) const BENT: usize = 6;

/// Rounds of fitting after which what lies off the surface no longer bends it.
const ROUNDS: usize = 3;

/// Distances from the last surface, in medians of all, up to which a point counts in the next round.
const REACH: f32 = 3.0;

/// A polynomial of the place on the card: even or bent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Surface<const TERMS: usize> {
    weights: [f32; TERMS],
}

impl<const TERMS: usize> Surface<TERMS> {
    /// Its value at (`x`, `y`) of the quarter picture.
    pub(super) fn at(&self, x: f32, y: f32) -> f32 {
        self.weights.iter().zip(terms::<TERMS>(x, y)).map(|(weight, term)| weight * term).sum()
    }

    /// The surface nearest to most of the points (x, y, value): in each round those that lie more
    /// than three median distances off the last surface are left out. The first is level.
    pub(super) fn fit(points: &[(f32, f32, f32)]) -> Self {
        let mut weights = [0.0; TERMS];
        weights[0] = median(points.iter().map(|p| p.2).collect());
        let mut surface = Self { weights };
        // The first rounds slope evenly and only the last bend: what covers a corner cannot bend
        // the surface to itself.
        let bends = (EVEN..=TERMS).step_by(BENT - EVEN);
        for terms in bends.flat_map(|terms| [terms; ROUNDS]) {
            let off = |p: &(f32, f32, f32)| (p.2 - surface.at(p.0, p.1)).abs();
            let reach = REACH * median(points.iter().map(off).collect()) + 1e-3;
            let near: Vec<_> = points.iter().filter(|p| off(p) <= reach).copied().collect();
            match Self::least_squares(&near, terms) {
                Some(better) => surface = better,
                None => break,
            }
        }
        surface
    }

    /// By the normal equations of the first `used` terms; `None` where the points do not settle them.
    fn least_squares(points: &[(f32, f32, f32)], used: usize) -> Option<Self> {
        let mut rows = [[0.0_f64; BENT + 1]; BENT];
        for (x, y, value) in points {
            let terms = terms::<TERMS>(*x, *y).map(f64::from);
            for (i, row) in rows.iter_mut().enumerate().take(used) {
                for (cell, term) in row.iter_mut().zip(&terms[..used]) {
                    *cell += terms[i] * term;
                }
                row[BENT] += terms[i] * f64::from(*value);
            }
        }
        let mut weights = [0.0; TERMS];
        solved(&mut rows, used, points.len() as f64)?;
        for (weight, row) in weights.iter_mut().zip(&rows[..used]) {
            *weight = row[BENT] as f32;
        }
        Some(Self { weights })
    }
}

/// The terms at (`x`, `y`) of the quarter picture, from -1 to 1 over the card.
fn terms<const TERMS: usize>(x: f32, y: f32) -> [f32; TERMS] {
    let half = PX_PER_MM / QUARTER as f32 / 2.0;
    let (u, v) = (x / (WIDTH_MM * half) - 1.0, y / (HEIGHT_MM * half) - 1.0);
    let all = [1.0, u, v, u * u, u * v, v * v];
    std::array::from_fn(|i| all[i])
}

/// Gauss-Jordan elimination of the first `used` rows and columns, their last column the right hand
/// side. `None` where a pivot is nothing next to `size`, the sum of squares of the constant term.
fn solved(rows: &mut [[f64; BENT + 1]; BENT], used: usize, size: f64) -> Option<()> {
    const PIVOT_MIN: f64 = 1e-6;
    for i in 0..used {
        let best = (i..used).max_by(|a, b| rows[*a][i].abs().total_cmp(&rows[*b][i].abs()))?;
        rows.swap(i, best);
        let pivot = rows[i];
        if !(pivot[i].abs() > PIVOT_MIN * size) {
            return None;
        }
        let pivot = pivot.map(|cell| cell / pivot[i]);
        rows[i] = pivot;
        for (j, row) in rows.iter_mut().enumerate().take(used) {
            if j != i {
                let share = row[i];
                row.iter_mut().zip(pivot).for_each(|(cell, of_pivot)| *cell -= share * of_pivot);
            }
        }
    }
    Some(())
}

/// The middle value; 0 of none.
pub(super) fn median(mut values: Vec<f32>) -> f32 {
    let middle = values.len() / 2;
    if values.is_empty() {
        return 0.0;
    }
    *values.select_nth_unstable_by(middle, f32::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points of `truth` all over the card, every fifth far off.
    fn points(truth: &Surface<BENT>) -> Vec<(f32, f32, f32)> {
        let grid = (0..480).map(|i| ((i % 30) as f32 * 8.0 + 6.0, (i / 30) as f32 * 9.0 + 8.0));
        let off = |i: usize| if i.is_multiple_of(5) { 4.0 } else { 0.0 };
        grid.enumerate().map(|(i, (x, y))| (x, y, truth.at(x, y) + off(i))).collect()
    }

    #[test]
    fn a_surface_is_fitted_past_what_lies_off_it() {
        let even = Surface { weights: [0.3, 0.2, -0.1, 0.0, 0.0, 0.0] };
        let bent = Surface { weights: [0.1, 0.02, 0.03, -0.3, 0.1, 0.05] };
        for (x, y) in [(20.0, 20.0), (126.0, 80.0), (240.0, 30.0)] {
            assert!((Surface::<EVEN>::fit(&points(&even)).at(x, y) - even.at(x, y)).abs() < 1e-3);
            assert!((Surface::<BENT>::fit(&points(&even)).at(x, y) - even.at(x, y)).abs() < 1e-3);
            assert!((Surface::<BENT>::fit(&points(&bent)).at(x, y) - bent.at(x, y)).abs() < 1e-3);
        }
    }

    #[test]
    fn points_on_a_line_settle_nothing() {
        let line: Vec<_> = (0..50).map(|i| (i as f32, i as f32, 1.0)).collect();
        assert!(Surface::<EVEN>::least_squares(&line, EVEN).is_none());
        assert_eq!(Surface::<BENT>::fit(&line).at(3.0, 3.0), 1.0);
        assert_eq!(Surface::<EVEN>::fit(&[]).at(3.0, 3.0), 0.0);
    }
}
