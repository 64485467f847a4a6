//! Whether the eyes are open, by what is seen between their corners.
//!
//! The mesh model hardly moves its lids when eyes close: of 30 photos with closed eyes the lid gap
//! tells 1 in 5 from open ones. An open eye is dark in the middle and light to its sides; a closed
//! one is skin above a line of lashes. A linear filter fitted to both tells them apart.

use crate::face::landmarks::Landmarks;
use crate::geometry::{Point, Similarity};
use crate::imaging::{Pyramid, luma, warp};

/// Width and height of the picture of an eye in pixels.
const SIZE: (u32, u32) = (32, 20);

/// The corners of the eye in that picture, image-left first.
const CORNERS: [Point; 2] = [Point::new(6.0, 10.0), Point::new(26.0, 10.0)];

/// The filter sees squares of this many pixels, from this column and row on.
const SQUARE: usize = 2;
const FIRST: (usize, usize) = (4, 2);

/// Columns and rows of squares.
const COLUMNS: usize = 12;
const ROWS: usize = 8;

/// Grey levels added to the deviation of the squares, so that a flat eye can be normalised.
const FLOOR: f64 = 2.0;

/// Left half of the filter; the right half mirrors it.
///
/// Fitted by ridge regression (1 for open, -1 for closed, both of equal weight) on 30 people of the
/// Face Research Lab London Set (CC BY 4.0): 60 photos and 60 captures with open eyes, 60 captures
/// with eyes closed by the generator's `eyes_closed`, each also mirrored.
const FILTER: [[f64; COLUMNS / 2]; ROWS] = [
    [0.0255, 0.0336, 0.0321, 0.0162, -0.0022, -0.0191],
    [0.0381, 0.0341, 0.0091, -0.0108, -0.0226, -0.0471],
    [0.0350, 0.0320, 0.0088, -0.0445, -0.0874, -0.0936],
    [0.0349, -0.0060, 0.0336, 0.0946, -0.0279, -0.0669],
    [-0.0098, -0.0215, 0.0386, 0.0991, 0.0536, -0.0023],
    [-0.0184, -0.0068, -0.0011, -0.0002, 0.0001, 0.0139],
    [-0.0103, -0.0102, -0.0088, 0.0006, 0.0025, 0.0028],
    [-0.0144, -0.0100, -0.0207, -0.0261, -0.0250, -0.0250],
];

/// The fit's constant.
const CONSTANT: f64 = -0.0704;

/// How open the eyes are, mean of both: 0.7 for most open eyes, -0.8 for most closed ones. `None`
/// where the corners of an eye coincide.
pub fn eye_openness(photo: &Pyramid, landmarks: &Landmarks) -> Option<f64> {
    let [left, right] = landmarks.eye_corners().map(|corners| openness(photo, &corners));
    Some((left? + right?) / 2.0)
}

fn openness(photo: &Pyramid, corners: &[Point; 2]) -> Option<f64> {
    let to_photo = Similarity::fit(&CORNERS, corners).filter(|it| it.scale() > 0.0)?;
    let eye = luma(&warp(photo, &to_photo, SIZE.0, SIZE.1));
    let mut squares = [[0.0; COLUMNS]; ROWS];
    for (row, squares) in squares.iter_mut().enumerate() {
        for (column, square) in squares.iter_mut().enumerate() {
            let (x, y) = (FIRST.0 + column * SQUARE, FIRST.1 + row * SQUARE);
            let rows = (y..y + SQUARE).map(|y| &eye.row(y as u32)[x..x + SQUARE]);
            let sum: f64 = rows.flatten().map(|grey| f64::from(*grey)).sum();
            *square = sum / (SQUARE * SQUARE) as f64;
        }
    }
    let count = (COLUMNS * ROWS) as f64;
    let mean = squares.iter().flatten().sum::<f64>() / count;
    let variance = squares.iter().flatten().map(|v| (v - mean).powi(2)).sum::<f64>() / count;
    let unit = variance.sqrt() + FLOOR;
    let filtered = squares.iter().zip(&FILTER).map(|(squares, weights)| {
        let mirrored = weights.iter().chain(weights.iter().rev());
        squares.iter().zip(mirrored).map(|(square, weight)| weight * (square - mean) / unit).sum::<f64>()
    });
    Some(CONSTANT + filtered.sum::<f64>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::Point3;
    use crate::imaging::Rgb;

    /// Two eyes at a hundred pixels from each other; what fills them is `color` of the place within
    /// an eye, from its middle, in eye widths.
    fn eyes(color: impl Fn(f32, f32) -> u8) -> Option<f64> {
        let mut picture = Rgb::filled(240, 160, [170; 3]);
        for (i, pixel) in picture.pixels_mut().iter_mut().enumerate() {
            let (x, y) = ((i % 240) as f32 + 0.5, (i / 240) as f32 + 0.5);
            for middle in [70.0, 170.0] {
                let (u, v) = ((x - middle) / 40.0, (y - 80.0) / 40.0);
                if u.abs() < 0.5 && v.abs() < 0.3 {
                    *pixel = [color(u, v); 3];
                }
            }
        }
        let mut points = vec![Point3::default(); 468];
        for (index, x) in [(33, 50.0), (133, 90.0), (362, 150.0), (263, 190.0)] {
            points[index] = Point3 { x, y: 80.0, z: 0.0 };
        }
        eye_openness(&Pyramid::new(picture), &Landmarks::new(points).expect("finite"))
    }

    #[test]
    fn an_iris_is_told_from_a_line_of_lashes() {
        let iris = |u: f32, v: f32| {
            let lids = v.abs() > 0.16 * (1.0 - 3.0 * u * u);
            if lids {
                170
            } else if u.hypot(v) < 0.2 {
                30
            } else {
                225
            }
        };
        let open = eyes(iris).expect("two eyes");
        let closed = eyes(|_, v| if (v - 0.12).abs() < 0.04 { 60 } else { 170 }).expect("two eyes");
        assert!(open > closed + 0.3, "{open} {closed}");
        let nowhere = Landmarks::new(vec![Point3::default(); 468]).expect("finite");
        assert_eq!(eye_openness(&Pyramid::new(Rgb::filled(64, 64, [9; 3])), &nowhere), None);
    }
}
