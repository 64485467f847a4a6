//! Power spectra of small squares.

use std::sync::Arc;

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};

/// Takes the power spectra of squares of one side; plans once.
pub struct Spectrum {
    side: usize,
    fft: Arc<dyn Fft<f32>>,
    /// A raised cosine, so that the square's borders make no frequencies of their own.
    window: Vec<f32>,
    scratch: Vec<Complex<f32>>,
}

impl Spectrum {
    /// For squares of `side` x `side` values.
    pub fn new(side: usize) -> Self {
        let fft = FftPlanner::new().plan_fft_forward(side);
        let turn = |i: usize| (i as f32 + 0.5) / side as f32 * std::f32::consts::TAU;
        let window = (0..side).map(|i| 0.5 - 0.5 * turn(i).cos()).collect();
        let scratch = vec![Complex::default(); fft.get_inplace_scratch_len()];
        Self { side, fft, window, scratch }
    }

    /// Power of two real squares at once, row after row: the value at column `u` of row `v` belongs
    /// to `u` waves across and `v` waves down; counts beyond half the side stand for negative ones.
    /// The mean of each square is taken off first.
    ///
    /// # Panics
    /// Unless each square has `side * side` values.
    pub fn powers(&mut self, first: &[f32], second: &[f32]) -> [Vec<f32>; 2] {
        let (n, count) = (self.side, self.side * self.side);
        assert!(first.len() == count && second.len() == count, "squares of the side that was planned for");
        let mean = |square: &[f32]| square.iter().sum::<f32>() / count as f32;
        let (mean_first, mean_second) = (mean(first), mean(second));
        // Two real squares make one complex one; their spectra are its even and odd parts.
        let mut rows: Vec<Complex<f32>> = Vec::with_capacity(count);
        for (y, (a, b)) in first.chunks_exact(n).zip(second.chunks_exact(n)).enumerate() {
            let down = self.window[y];
            let weighed = a.iter().zip(b).zip(&self.window);
            rows.extend(weighed.map(|((a, b), across)| {
                Complex::new((a - mean_first) * down * across, (b - mean_second) * down * across)
            }));
        }
        self.fft.process_with_scratch(&mut rows, &mut self.scratch);
        let mut columns = transposed(&rows, n);
        self.fft.process_with_scratch(&mut columns, &mut self.scratch);
        let spectrum = transposed(&columns, n);
        let mut powers = [vec![0.0; count], vec![0.0; count]];
        for v in 0..n {
            for u in 0..n {
                let (here, there) = (spectrum[v * n + u], spectrum[(n - v) % n * n + (n - u) % n].conj());
                powers[0][v * n + u] = (here + there).norm_sqr() / 4.0;
                powers[1][v * n + u] = (here - there).norm_sqr() / 4.0;
            }
        }
        powers
    }
}

fn transposed(square: &[Complex<f32>], n: usize) -> Vec<Complex<f32>> {
    const TILE: usize = 16;
    let mut out = vec![Complex::default(); square.len()];
    for y0 in (0..n).step_by(TILE) {
        for x0 in (0..n).step_by(TILE) {
            for y in y0..(y0 + TILE).min(n) {
                for x in x0..(x0 + TILE).min(n) {
                    out[x * n + y] = square[y * n + x];
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waves_show_where_they_belong_in_their_own_square() {
        let n = 32usize;
        let wave = |u: f32, v: f32| -> Vec<f32> {
            (0..n * n)
                .map(|i| {
                    let (x, y) = ((i % n) as f32, (i / n) as f32);
                    9.0 + ((u * x + v * y) / n as f32 * std::f32::consts::TAU).cos()
                })
                .collect()
        };
        let [first, second] = Spectrum::new(n).powers(&wave(5.0, 0.0), &wave(3.0, -7.0));
        let peak = |power: &[f32]| {
            let half = &power[..n * (n / 2)];
            half.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map(|(i, _)| (i % n, i / n))
        };
        assert!(matches!(peak(&first), Some((5, 0) | (27, 0))));
        assert_eq!(peak(&second), Some((29, 7)));
        assert!(first[0] < 0.05 * first[5], "the mean is taken off");
    }
}
