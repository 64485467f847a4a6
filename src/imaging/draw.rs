//! Lines, boxes, crosses and labels drawn into a picture, for people to look at.

use font8x8::legacy::BASIC_LEGACY;
use image::RgbImage;
use imageproc::drawing::{draw_filled_rect_mut, draw_hollow_rect_mut, draw_line_segment_mut};

use crate::geometry::{Point, Rect};

use super::buffer::Rgb;

/// Side of a character cell at size 1, in pixels.
pub const GLYPH_PX: u32 = 8;

/// A straight line, 1 px wide, between two points of the picture's frame.
pub fn draw_line(picture: &mut Rgb, from: Point, to: Point, color: [u8; 3]) {
    if let (Some(from), Some(to)) = (drawable(from), drawable(to)) {
        let ends = ((from.0 as f32, from.1 as f32), (to.0 as f32, to.1 as f32));
        with_image(picture, |image| draw_line_segment_mut(image, ends.0, ends.1, image::Rgb(color)));
    }
}

/// The outline of a box, `thickness_px` wide, growing inwards.
pub fn draw_rect(picture: &mut Rgb, area: Rect, thickness_px: u32, color: [u8; 3]) {
    let corner = Point::new(area.x + area.width, area.y + area.height);
    let (Some((x0, y0)), Some((x1, y1))) = (drawable(Point::new(area.x, area.y)), drawable(corner)) else {
        return;
    };
    with_image(picture, |image| {
        for inset in 0..i32::try_from(thickness_px).unwrap_or(i32::MAX) {
            let (width, height) = (x1 - x0 - 2 * inset, y1 - y0 - 2 * inset);
            if width < 1 || height < 1 {
                break;
            }
            let rect = imageproc::rect::Rect::at(x0 + inset, y0 + inset);
            draw_hollow_rect_mut(image, rect.of_size(width as u32, height as u32), image::Rgb(color));
        }
    });
}

/// An upright cross whose arms reach `arm_px` from `center`.
pub fn draw_cross(picture: &mut Rgb, center: Point, arm_px: f32, color: [u8; 3]) {
    let Point { x, y } = center;
    draw_line(picture, Point::new(x - arm_px, y), Point::new(x + arm_px, y), color);
    draw_line(picture, Point::new(x, y - arm_px), Point::new(x, y + arm_px), color);
}

/// A line of text on a black ground, its upper left corner at `at`; characters are 8 px wide and
/// high, times `size`. What is not ASCII is shown as '?'.
pub fn draw_label(picture: &mut Rgb, at: Point, text: &str, size: u32, color: [u8; 3]) {
    let (Some((x0, y0)), true) = (drawable(at), !text.is_empty()) else {
        return;
    };
    let size = size.clamp(1, 64);
    // More characters than any picture is wide are not drawn.
    let glyphs: Vec<&[u8; 8]> = text.chars().take(4096).map(glyph).collect();
    let side = (GLYPH_PX * size) as i32;
    let ground = imageproc::rect::Rect::at(x0, y0).of_size(side as u32 * glyphs.len() as u32, side as u32);
    with_image(picture, |image| {
        draw_filled_rect_mut(image, ground, image::Rgb([0; 3]));
        for (i, rows) in glyphs.into_iter().enumerate() {
            for (row, bits) in rows.iter().enumerate() {
                for column in (0..8).filter(|column| bits >> column & 1 == 1) {
                    let x = x0 + i as i32 * side + column * size as i32;
                    let y = y0 + row as i32 * size as i32;
                    let dot = imageproc::rect::Rect::at(x, y).of_size(size, size);
                    draw_filled_rect_mut(image, dot, image::Rgb(color));
                }
            }
        }
    });
}

fn glyph(character: char) -> &'static [u8; 8] {
    BASIC_LEGACY.get(character as usize).unwrap_or(&BASIC_LEGACY['?' as usize])
}

/// The pixel that holds a point. Points far outside come closer, which bends lines that nobody
/// sees but bounds the time to draw them; `None` for NaN.
fn drawable(p: Point) -> Option<(i32, i32)> {
    let near = |v: f32| v.floor().clamp(-32_768.0, 32_768.0) as i32;
    (!p.x.is_nan() && !p.y.is_nan()).then(|| (near(p.x), near(p.y)))
}

/// Lends the pixels to the drawing crate's picture type.
fn with_image(picture: &mut Rgb, draw: impl FnOnce(&mut RgbImage)) {
    let (width, height) = (picture.width(), picture.height());
    let pixels = std::mem::replace(picture, Rgb::filled(1, 1, [0; 3])).into_bytes();
    let mut image = RgbImage::from_raw(width, height, pixels).expect("as many bytes as its size");
    draw(&mut image);
    *picture = Rgb::new(width, height, image.into_raw()).expect("drawing keeps the size");
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: [u8; 3] = [255, 0, 0];

    #[test]
    fn shapes_land_on_the_pixels_that_hold_their_points() {
        let mut picture = Rgb::filled(40, 30, [9; 3]);
        draw_cross(&mut picture, Point::new(10.5, 10.5), 2.0, RED);
        assert_eq!([picture.pixel(10, 10), picture.pixel(12, 10), picture.pixel(10, 8)], [Some(RED); 3]);
        assert_eq!(picture.pixel(12, 12), Some([9; 3]));
        draw_rect(&mut picture, Rect { x: 20.0, y: 5.0, width: 10.0, height: 8.0 }, 2, RED);
        assert_eq!([picture.pixel(20, 5), picture.pixel(29, 12), picture.pixel(21, 6)], [Some(RED); 3]);
        assert_eq!(picture.pixel(24, 8), Some([9; 3]));
    }

    #[test]
    fn anything_can_be_drawn_anywhere() {
        let mut picture = Rgb::filled(16, 16, [9; 3]);
        for v in [f32::NAN, f32::INFINITY, -1e30, -5.0, 0.0, 15.9, 1e30] {
            let far = Point::new(v, 3.0);
            draw_line(&mut picture, far, Point::new(2.0, v), RED);
            draw_rect(&mut picture, Rect { x: v, y: v, width: v, height: 4.0 }, 3, RED);
            draw_cross(&mut picture, far, 1e9, RED);
            draw_label(&mut picture, far, "0.42 身份", 2, RED);
        }
        draw_label(&mut picture, Point::default(), "", 1, RED);
        assert_eq!(picture.pixels().len(), 256);
    }
}
