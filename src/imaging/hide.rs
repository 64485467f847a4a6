//! Taking what must not be seen out of a picture: not drawn over, but gone from its pixels.

use crate::geometry::{Quad, Rect};

use super::buffer::Rgb;

/// Fills a convex quad with one colour: every pixel whose square it touches.
pub fn fill_quad(picture: &mut Rgb, quad: &Quad, color: [u8; 3]) {
    let Some(bounds) = Rect::around(quad.corners) else { return };
    let (width, height) = (picture.width(), picture.height());
    let at = |v: f32, end: u32| v.clamp(0.0, end as f32) as u32;
    let (left, right) = (at(bounds.x.floor(), width), at((bounds.x + bounds.width).ceil(), width));
    let (upper, lower) = (at(bounds.y.floor(), height), at((bounds.y + bounds.height).ceil(), height));
    let center = quad.center();
    for y in upper..lower {
        for x in left..right {
            // A pixel's middle is within the square's half diagonal of each side, or inside of it.
            let inside = quad.sides().iter().all(|(a, b)| {
                let side = |x: f32, y: f32| (b.x - a.x) * (y - a.y) - (b.y - a.y) * (x - a.x);
                let length = a.distance(*b).max(f32::EPSILON);
                let toward = side(center.x, center.y).signum();
                toward * side(x as f32 + 0.5, y as f32 + 0.5) / length >= -std::f32::consts::FRAC_1_SQRT_2
            });
            if inside {
                picture.pixels_mut()[(y * width + x) as usize] = color;
            }
        }
    }
}

/// The picture in squares of `cell_px`, each of one colour: its mean.
pub fn mosaic(picture: &Rgb, cell_px: u32) -> Rgb {
    let (width, height, cell) = (picture.width(), picture.height(), cell_px.max(1));
    let mut out = Rgb::filled(width, height, [0; 3]);
    for (y0, x0) in (0..height)
        .step_by(cell as usize)
        .flat_map(|y| (0..width).step_by(cell as usize).map(move |x| (y, x)))
    {
        let (y1, x1) = ((y0 + cell).min(height), (x0 + cell).min(width));
        let count = (y1 - y0) * (x1 - x0);
        let pixels = (y0..y1).flat_map(|y| &picture.row(y)[x0 as usize..x1 as usize]);
        let sums =
            pixels.fold([0_u32; 3], |sums, pixel| std::array::from_fn(|c| sums[c] + u32::from(pixel[c])));
        let mean = sums.map(|sum| (sum / count) as u8);
        for y in y0..y1 {
            let row = (y * width) as usize;
            out.pixels_mut()[row + x0 as usize..row + x1 as usize].fill(mean);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Point;

    #[test]
    fn what_is_filled_is_gone_and_the_rest_is_left() {
        let mut picture = Rgb::filled(40, 30, [7; 3]);
        let corners = [(5.0, 5.0), (25.0, 8.0), (24.0, 20.0), (6.0, 18.0)].map(|(x, y)| Point::new(x, y));
        for quad in [Quad { corners }, Quad { corners: [corners[3], corners[2], corners[1], corners[0]] }] {
            fill_quad(&mut picture, &quad, [200; 3]);
            for (x, y, filled) in
                [(5, 5, true), (15, 12, true), (24, 9, true), (2, 2, false), (30, 12, false)]
            {
                assert_eq!(picture.pixel(x, y) == Some([200; 3]), filled, "{x} {y}");
            }
        }
        let far = Quad { corners: corners.map(|p| Point::new(p.x - 1e6, p.y)) };
        fill_quad(&mut picture, &far, [9; 3]);
        assert!(!picture.pixels().contains(&[9; 3]));
    }

    #[test]
    fn a_mosaic_has_one_colour_in_each_square() {
        let mut picture = Rgb::filled(10, 5, [0; 3]);
        picture.pixels_mut()[..10].fill([100; 3]);
        let coarse = mosaic(&picture, 4);
        assert_eq!(
            (coarse.pixel(0, 0), coarse.pixel(9, 3), coarse.pixel(9, 4)),
            (Some([25; 3]), Some([25; 3]), Some([0; 3]))
        );
    }
}
