//! The card seen straight on, and how slanted it was.

use super::layout::{HEIGHT_MM, HEIGHT_PX, WIDTH_MM, WIDTH_PX};
use crate::geometry::{Homography, Point, Quad, Rect};
use crate::imaging::{Pyramid, Rgb, warp_projective};

/// A card at 300 dpi, upright.
#[derive(Debug, Clone)]
pub struct Rectified {
    /// The card's face, 1012 x 638 pixels; black where the photo does not show it.
    pub image: Rgb,
    /// From the pixels of `image` to those of the decoded photo.
    pub to_photo: Homography,
}

/// Cuts the card with the corners `quad` (frame of the decoded photo, the card's own order) out of
/// `photo`; `None` for corners that no flat card can have.
pub fn rectify(photo: &Pyramid, quad: &Quad) -> Option<Rectified> {
    if !quad.is_convex() {
        return None;
    }
    let to_photo = Homography::between(&Quad::whole(WIDTH_PX as f32, HEIGHT_PX as f32), quad)?;
    let image = warp_projective(photo, &to_photo, WIDTH_PX, HEIGHT_PX);
    Some(Rectified { image, to_photo })
}

impl Rectified {
    /// A box of the rectified card in the decoded photo.
    pub fn in_photo(&self, rect: &Rect) -> Quad {
        Quad::of_rect(rect).map(|p| self.to_photo.apply(p))
    }

    /// Pixels of the decoded photo to a millimetre of the card, where it is least.
    pub fn px_per_mm_min(&self) -> f32 {
        let scale = |x: f32, y: f32| self.to_photo.scale_at(Point::new(x, y));
        let (right, bottom) = (WIDTH_PX as f32, HEIGHT_PX as f32);
        let corners = [scale(0.0, 0.0), scale(right, 0.0), scale(right, bottom), scale(0.0, bottom)];
        corners.into_iter().fold(f32::INFINITY, f32::min) * super::layout::PX_PER_MM
    }
}

/// Focal length over the longer side of the photo: the main cameras of phones have 0.7 to 0.85 of
/// the diagonal of 35 mm film, 26 mm; crops and zooms lengthen it.
const FOCAL_LONG_SIDES: f64 = 0.85;

/// Angle between the card and the plane of the picture, degrees, 0 to 90. `None` for corners that
/// no flat card can have.
///
/// The pose of a rectangle of known shape under a pinhole camera with its axis in the middle of
/// the `width` x `height` photo; the focal length is a guess, which makes 5 of 40 degrees at most.
pub fn tilt_deg(quad: &Quad, width: f32, height: f32) -> Option<f64> {
    let card = Quad::whole(WIDTH_MM, HEIGHT_MM);
    let focal = FOCAL_LONG_SIDES * f64::from(width.max(height));
    let (cx, cy) = (width / 2.0, height / 2.0);
    let h = Homography::between(&card, &quad.map(|p| Point::new(p.x - cx, p.y - cy)))?.h;
    let axis = |i: usize| [h[i] / focal, h[3 + i] / focal, h[6 + i]];
    let (u, v) = (axis(0), axis(1));
    let normal = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
    let length = normal.iter().map(|n| n * n).sum::<f64>().sqrt();
    let cosine = (normal[2] / length).abs().min(1.0);
    cosine.is_finite().then(|| cosine.acos().to_degrees())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_that_fills_the_photo_comes_out_as_it_is() {
        let mut base = Rgb::filled(WIDTH_PX, HEIGHT_PX, [200, 180, 160]);
        base.pixels_mut()[5000] = [0, 255, 0];
        let photo = Pyramid::new(base.clone());
        let card = rectify(&photo, &Quad::whole(WIDTH_PX as f32, HEIGHT_PX as f32)).expect("a plain view");
        assert_eq!(card.image, base);
        assert!((card.px_per_mm_min() - super::super::layout::PX_PER_MM).abs() < 1e-3);
        let mirrored = Quad::whole(WIDTH_PX as f32, HEIGHT_PX as f32).map(|p| Point::new(-p.x, p.y));
        assert!(rectify(&photo, &mirrored).is_none());
    }

    #[test]
    fn tilt_is_that_of_a_pinhole_view() {
        let (width, height) = (1600.0, 1200.0);
        let focal = FOCAL_LONG_SIDES * 1600.0;
        for degrees in [0.0_f64, 10.0, 30.0, 50.0] {
            let (sin, cos) = degrees.to_radians().sin_cos();
            let quad = Quad::whole(WIDTH_MM, HEIGHT_MM).map(|p| {
                let (x, y) = (f64::from(p.x - WIDTH_MM / 2.0), f64::from(p.y - HEIGHT_MM / 2.0));
                let depth = 150.0 + y * sin;
                Point::new((800.0 + focal * x / depth) as f32, (600.0 + focal * y * cos / depth) as f32)
            });
            let found = tilt_deg(&quad, width, height).expect("a card");
            assert!((found - degrees).abs() < 1.0, "{degrees}: {found}");
        }
    }
}
