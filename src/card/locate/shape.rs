//! How well a quad can be a card seen by a camera.

use crate::card::layout::{HEIGHT_MM, WIDTH_MM};
use crate::geometry::{Homography, Point, Quad};

/// Width over height of an ID-1 card.
pub(crate) const ASPECT: f32 = WIDTH_MM / HEIGHT_MM;

/// Focal lengths that photos are taken with, in longer sides of the photo: from a phone's wide camera
/// by its main camera (26 mm equivalent) and a portrait lens to a part cut out of a photo. Each is a
/// quarter more than the last: at a steep tilt a wrong focal length looks like a wrong shape.
const FOCAL_LENGTHS: [f64; 9] = [0.62, 0.78, 0.97, 1.2, 1.5, 1.9, 2.4, 3.0, 4.5];

/// A misfit of this much in the sides' ratio (its logarithm) or in the right angle (its cosine)
/// brings the plausibility to 1/e: what corners read off 256 pixels are off at a steep tilt. On
/// photos of the generator and on composites of other countries' specimens 0.09 loses a card in
/// thirty to a worse quad, 0.15 to 0.3 do alike.
const MISFIT: f64 = 0.15;

/// How plausible it is that `quad` (long side first) is an ID-1 card seen by a camera whose axis
/// goes through `center` and whose photo is `long_side` long, 0 to 1.
pub(super) fn plausibility(quad: &Quad, center: Point, long_side: f32) -> f32 {
    let Some(map) = Homography::between(&Quad::whole(ASPECT, 1.0), quad) else { return 0.0 };
    let best = FOCAL_LENGTHS.map(|focal| misfit(&map, center, focal * f64::from(long_side)));
    let least = best.into_iter().fold(f64::INFINITY, f64::min);
    (-least / (MISFIT * MISFIT)).exp() as f32
}

/// How far `quad` (long side first) is from a card seen by a camera whose axis goes through `center`
/// and whose photo is `long_side` long: squared standard deviations of refined corners and of the
/// focal lengths in use, at the likeliest focal length.
pub(crate) fn card_misfit(quad: &Quad, center: Point, long_side: f32) -> f32 {
    camera_of(quad, center, long_side).map_or(f32::INFINITY, |camera| camera.misfit)
}

/// The camera that most likely took a picture of a card.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CardCamera {
    /// Millimetres of the card to the photo.
    pub(crate) map: Homography,
    /// Focal length in pixels of the photo.
    pub(crate) focal_px: f64,
    /// Squared standard deviations that the card and the camera are off what is usual.
    pub(crate) misfit: f32,
}

/// The likeliest camera for a card at `quad` (long side first); `None` for a quad that is no view
/// of a rectangle. See [`card_misfit`].
pub(crate) fn camera_of(quad: &Quad, center: Point, long_side: f32) -> Option<CardCamera> {
    let map = Homography::between(&Quad::whole(WIDTH_MM, HEIGHT_MM), quad)?;
    let at = |focal: f64| {
        let focal_px = focal * f64::from(long_side);
        let corners = misfit(&map, center, focal_px) / (CORNERS_MISFIT * CORNERS_MISFIT);
        let unusual = ((focal / FOCAL_USUAL).ln() / FOCAL_SPREAD).powi(2);
        CardCamera { map, focal_px, misfit: (corners + unusual) as f32 }
    };
    let focals = (0..FOCALS).map(|n| 0.45 * 10_f64.powf(f64::from(n) / f64::from(FOCALS - 1)));
    focals.map(at).min_by(|a, b| a.misfit.total_cmp(&b.misfit))
}

/// Focal lengths that are tried, from 0.45 to 4.5 longer sides of the photo.
const FOCALS: u32 = 25;

/// Misfit of a refined quad that is one standard deviation.
const CORNERS_MISFIT: f64 = 0.012;

/// Focal length of a phone's main camera (24 to 28 mm equivalent), longer sides of the photo.
const FOCAL_USUAL: f64 = 0.78;

/// Spread of focal lengths about that: photos cut to size look as if taken with longer ones.
const FOCAL_SPREAD: f64 = 0.45;

/// Squared misfit of a map from the card to the photo: its two axes, seen back through a camera of
/// focal length `focal_px`, must be of equal length and at a right angle.
fn misfit(card_to_photo: &Homography, center: Point, focal_px: f64) -> f64 {
    let [right, down, _] = camera_axes(card_to_photo, center, focal_px);
    let dot = |a: [f64; 3], b: [f64; 3]| a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    let (length_right, length_down) = (dot(right, right).sqrt(), dot(down, down).sqrt());
    let cosine = dot(right, down) / (length_right * length_down);
    (length_right / length_down).ln().powi(2) + cosine * cosine
}

/// The columns of a map from a plane to the photo, as directions in the camera's frame.
pub(crate) fn camera_axes(plane_to_photo: &Homography, center: Point, focal_px: f64) -> [[f64; 3]; 3] {
    let h = &plane_to_photo.h;
    let (cx, cy) = (f64::from(center.x), f64::from(center.y));
    [0, 1, 2].map(|k| {
        let w = h[6 + k];
        [(h[k] - cx * w) / focal_px, (h[3 + k] - cy * w) / focal_px, w]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A card 100 wide, turned about its upright axis by `degrees`, seen from 300 away.
    fn turned(degrees: f32, aspect: f32) -> Quad {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let focal = 0.95 * 256.0;
        Quad::whole(100.0, 100.0 / aspect).map(|p| {
            let (x, y) = (p.x - 50.0, p.y - 50.0 / aspect);
            let z = 300.0 + x * sin;
            Point::new(128.0 + focal * x * cos / z, 128.0 + focal * y / z)
        })
    }

    #[test]
    fn cards_are_plausible_at_every_slant_and_bent_ones_are_not() {
        let center = Point::new(128.0, 128.0);
        for degrees in [0.0, 20.0, 40.0, 55.0] {
            let card = plausibility(&turned(degrees, ASPECT), center, 256.0);
            assert!(card > 0.9, "{degrees}: {card}");
        }
        // At a slant another focal length would explain it.
        assert!(plausibility(&turned(0.0, 1.32), center, 256.0) < 0.5);
        let mut bent = turned(0.0, ASPECT);
        bent.corners[2].x += 20.0;
        assert!(plausibility(&bent, center, 256.0) < 0.3);
    }
}
