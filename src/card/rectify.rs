//! The card upright at 300 dpi, whichever way it lay in the photo, and how finely the photo shows it.

use super::layout::{HEIGHT_PX, PX_PER_MM, WIDTH_PX};
use super::locate::shape::{camera_axes, camera_of};
use crate::geometry::{Homography, Quad};
use crate::imaging::{Pyramid, Rgb, warp_projective};

/// A card cut out of a photo and brought upright.
#[derive(Debug, Clone)]
pub struct Rectified {
    /// The card, [`WIDTH_PX`] x [`HEIGHT_PX`]; black where it lies outside the photo.
    pub image: Rgb,
    /// The frame of `image` to that of the decoded photo.
    pub to_photo: Homography,
}

/// How finely a photo shows a card, pixels of the photo per millimetre of the card.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resolution {
    /// Mean over the card and all directions.
    pub mean_px_per_mm: f32,
    /// At the place and in the direction in which the card is smallest: what tilt leaves.
    pub least_px_per_mm: f32,
}

impl Rectified {
    /// Cuts the card at `quad` (upright, frame of the pyramid's base) out of a photo. `None` where
    /// the quad is no view of a rectangle.
    pub fn cut(photo: &Pyramid, quad: &Quad) -> Option<Self> {
        let whole = Quad::whole(WIDTH_PX as f32, HEIGHT_PX as f32);
        let to_photo = Homography::between(&whole, quad)?;
        Some(Self { image: warp_projective(photo, &to_photo, WIDTH_PX, HEIGHT_PX), to_photo })
    }

    /// How finely the decoded photo shows the card.
    pub fn resolution(&self) -> Resolution {
        let (mut sum, mut least, mut count) = (0.0, f64::INFINITY, 0.0);
        for (u, v) in (0..5).flat_map(|v| (0..5).map(move |u| (u, v))) {
            let x = WIDTH_PX as f32 * u as f32 / 4.0;
            let y = HEIGHT_PX as f32 * v as f32 / 4.0;
            let [greatest, smallest] = stretch(&self.to_photo, f64::from(x), f64::from(y));
            sum += (greatest * smallest).sqrt();
            least = least.min(smallest);
            count += 1.0;
        }
        Resolution {
            mean_px_per_mm: (sum / count) as f32 * PX_PER_MM,
            least_px_per_mm: least as f32 * PX_PER_MM,
        }
    }
}

impl Resolution {
    /// The same in a photo of `factor` times as many pixels along each side.
    #[must_use]
    pub fn scaled(self, factor: f32) -> Self {
        Self { mean_px_per_mm: self.mean_px_per_mm * factor, least_px_per_mm: self.least_px_per_mm * factor }
    }
}

/// By how much a map stretches about a point: the most and the least over all directions (the
/// singular values of its derivative).
fn stretch(map: &Homography, x: f64, y: f64) -> [f64; 2] {
    let at = |x: f64, y: f64| map.apply_f64(x, y);
    let ((x0, y0), (x1, y1)) = (at(x - 0.5, y), at(x + 0.5, y));
    let ((x2, y2), (x3, y3)) = (at(x, y - 0.5), at(x, y + 0.5));
    let (a, b, c, d) = (x1 - x0, x3 - x2, y1 - y0, y3 - y2);
    let sum = (a * a + b * b + c * c + d * d) / 2.0;
    let product = (a * d - b * c).powi(2);
    let root = (sum * sum - product).max(0.0).sqrt();
    [(sum + root).sqrt(), (sum - root).max(0.0).sqrt()]
}

/// Angle between the card's plane and the picture's, degrees, 0 to 90: 0 is straight from above.
/// `quad` lies in a photo of `width` x `height` pixels, long side first. `None` for a quad that is
/// no view of a rectangle.
///
/// The camera's axis is taken to go through the photo's middle. Its focal length is not known: of
/// all that photos are usually taken with, the one is taken at which the quad fits an ID-1 card
/// best, the likelier the nearer to a phone's main camera. A view nearly from above fits all alike,
/// and then the tilt hardly depends on it.
pub fn tilt_deg(quad: &Quad, width: u32, height: u32) -> Option<f32> {
    let center = Quad::whole(width as f32, height as f32).center();
    let camera = camera_of(quad, center, width.max(height) as f32)?;
    let [right, down, _] = camera_axes(&camera.map, center, camera.focal_px);
    let normal = [
        right[1] * down[2] - right[2] * down[1],
        right[2] * down[0] - right[0] * down[2],
        right[0] * down[1] - right[1] * down[0],
    ];
    let length = normal.iter().map(|v| v * v).sum::<f64>().sqrt();
    let tilt = (normal[2].abs() / length).clamp(0.0, 1.0).acos().to_degrees();
    tilt.is_finite().then_some(tilt as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::card::layout::{HEIGHT_MM, WIDTH_MM};
    use crate::geometry::Point;

    /// A card tilted by `degrees` about an axis in its plane at `axis` degrees, 300 mm away.
    fn view(degrees: f64, axis: f64, focal: f64) -> Quad {
        let ((sin, cos), (axis_sin, axis_cos)) =
            (degrees.to_radians().sin_cos(), axis.to_radians().sin_cos());
        Quad::whole(WIDTH_MM, HEIGHT_MM).map(|p| {
            let (x, y) = (f64::from(p.x - WIDTH_MM / 2.0), f64::from(p.y - HEIGHT_MM / 2.0));
            let (along, across) = (x * axis_cos + y * axis_sin, y * axis_cos - x * axis_sin);
            let (across, depth) = (across * cos, 300.0 + across * sin);
            let (x, y) = (along * axis_cos - across * axis_sin, along * axis_sin + across * axis_cos);
            let scale = focal * 1600.0 / depth;
            Point::new((800.0 + x * scale) as f32, (600.0 + y * scale) as f32)
        })
    }

    #[test]
    fn tilt_is_recovered_without_the_focal_length() {
        for (degrees, tolerance) in [(0.0, 1.0), (10.0, 2.0), (25.0, 3.0), (40.0, 4.0)] {
            for axis in [0.0, 35.0, 90.0] {
                for focal in [0.7, 0.85, 1.1] {
                    let tilt = tilt_deg(&view(degrees, axis, focal), 1600, 1200).expect("a card");
                    let off = f64::from(tilt) - degrees;
                    assert!(off.abs() <= tolerance, "{degrees} about {axis} at {focal}: {tilt}");
                }
            }
        }
    }

    #[test]
    fn the_card_is_cut_out_upright_and_its_resolution_told() {
        let mut photo = Rgb::filled(1400, 1200, [40; 3]);
        let mut paint = |x0: u32, y0: u32, width: u32, height: u32, color: [u8; 3]| {
            for (x, y) in (y0..y0 + height).flat_map(|y| (x0..x0 + width).map(move |x| (x, y))) {
                photo.pixels_mut()[(y * 1400 + x) as usize] = color;
            }
        };
        // Upside down: the card's upper left corner, marked red, is lower right in the photo.
        paint(100, 200, 1012, 638, [200; 3]);
        paint(1012, 738, 100, 100, [220, 0, 0]);
        let quad = Quad::whole(1012.0, 638.0).map(|p| Point::new(p.x + 100.0, p.y + 200.0)).half_turned();
        let card = Rectified::cut(&Pyramid::new(photo), &quad).expect("a rectangle");
        assert_eq!((card.image.width(), card.image.height()), (WIDTH_PX, HEIGHT_PX));
        assert_eq!(card.image.pixel(50, 50), Some([220, 0, 0]));
        assert_eq!(card.image.pixel(900, 600), Some([200; 3]));
        let resolution = card.resolution();
        assert!((resolution.mean_px_per_mm - PX_PER_MM).abs() < 0.01, "{resolution:?}");
        assert!((resolution.scaled(2.0).least_px_per_mm - 2.0 * PX_PER_MM).abs() < 0.02);
    }

    #[test]
    fn tilt_shrinks_the_least_resolution_more_than_the_mean() {
        let photo = Pyramid::new(Rgb::filled(1600, 1200, [90; 3]));
        let card = Rectified::cut(&photo, &view(45.0, 0.0, 0.8)).expect("a card");
        let Resolution { mean_px_per_mm, least_px_per_mm } = card.resolution();
        assert!(least_px_per_mm < 0.75 * mean_px_per_mm && least_px_per_mm > 0.4 * mean_px_per_mm);
    }
}
