//! Single samples of a picture between its pixels, for those who follow edges.

use crate::geometry::Point;

use super::buffer::Rgb;

/// The picture's colour at `p` of its own frame, bilinear, 0 to 255 each; `None` nearer than half
/// a pixel to the border or outside. About 5 ns.
#[inline]
pub fn color_at(picture: &Rgb, p: Point) -> Option<[f32; 3]> {
    let (x, y) = (p.x - 0.5, p.y - 0.5);
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    // Also false for NaN.
    if !(x >= 0.0 && y >= 0.0 && x < (width - 1) as f32 && y < (height - 1) as f32) {
        return None;
    }
    let (column, row) = (x as usize, y as usize);
    let (right, lower) = (x - column as f32, y - row as f32);
    let at = row * width + column;
    let [upper, below] = [at, at + width].map(|at| &picture.pixels()[at..at + 2]);
    let mix = |a: u8, b: u8, share: f32| f32::from(a) + (f32::from(b) - f32::from(a)) * share;
    Some(std::array::from_fn(|c| {
        let (a, b) = (mix(upper[0][c], upper[1][c], right), mix(below[0][c], below[1][c], right));
        a + (b - a) * lower
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_lie_between_those_of_the_pixels() {
        let picture =
            Rgb::new(2, 2, vec![0, 10, 20, 100, 110, 120, 50, 60, 70, 150, 160, 170]).expect("2 x 2");
        assert_eq!(color_at(&picture, Point::new(0.5, 0.5)), Some([0.0, 10.0, 20.0]));
        assert_eq!(color_at(&picture, Point::new(1.0, 1.0)), Some([75.0, 85.0, 95.0]));
        for (x, y) in [(0.4, 1.0), (1.0, 1.6), (-3.0, 1.0), (f32::NAN, 1.0)] {
            assert_eq!(color_at(&picture, Point::new(x, y)), None, "{x} {y}");
        }
    }
}
