//! How the card lies in the frame: margin, what is cut off, resolution and shape. From its corners
//! alone.

use crate::card::layout::{HEIGHT_MM, WIDTH_MM};
use crate::geometry::{Homography, Quad};

/// Focal length of a phone's main camera, in lengths of the photo's diagonal: 26 mm on a frame of
/// 43.3 mm.
const FOCAL_DIAGONALS: f64 = 0.6;

/// Step at which resolution is taken, millimetres.
const STEP_MM: f64 = 0.1;

/// Least distance from the card to the border of a photo of `width` x `height`, as a share of the
/// card's width. Negative where a corner lies outside. `card` is in the photo's frame.
pub fn margin_share(card: &Quad, width: f32, height: f32) -> f64 {
    let of_corner = |x: f32, y: f32| x.min(y).min(width - x).min(height - y);
    let margin = card.corners.iter().map(|p| of_corner(p.x, p.y)).fold(f32::INFINITY, f32::min);
    let [upper, _, lower, _] = card.side_lengths();
    f64::from(margin / ((upper + lower) / 2.0))
}

/// Share of the card's area that lies outside a photo of `width` x `height`, 0 to 1. `card` is in
/// the photo's frame and goes clockwise.
pub fn outside_share(card: &Quad, width: f32, height: f32) -> f64 {
    let inside = card.shared_area(&Quad::whole(width, height)) / card.area();
    f64::from(1.0 - inside).clamp(0.0, 1.0)
}

/// Pixels to the millimetre of the card where and along which it has the fewest, in the frame of
/// `card`. `None` for corners that no card can have.
pub fn px_per_mm(card: &Quad) -> Option<f64> {
    let from_mm = Homography::between(&Quad::whole(WIDTH_MM, HEIGHT_MM), card)?;
    let corners = Quad::whole(WIDTH_MM, HEIGHT_MM).corners;
    let least = corners.map(|p| least_scale(&from_mm, f64::from(p.x), f64::from(p.y)));
    Some(least.into_iter().fold(f64::INFINITY, f64::min))
}

/// Deviation of the card's width to height from that of an ID-1 card, 0 for a card and 0.1 for
/// something a tenth too wide or too narrow, as a camera with a phone's usual lens in the middle of
/// a photo of `width` x `height` sees it: tilt does not count. `None` for corners that nothing flat
/// can have.
pub fn aspect_deviation(card: &Quad, width: f32, height: f32) -> Option<f64> {
    let focal = FOCAL_DIAGONALS * f64::from(width).hypot(f64::from(height));
    let square = Quad::whole(1.0, 1.0);
    let map = Homography::between(&square, card)?;
    let (cx, cy) = (f64::from(width) / 2.0, f64::from(height) / 2.0);
    // Columns of the map in camera coordinates: where one step to the right and one down point.
    let at = |x: f64, y: f64, w: f64| [(x - cx * w) / focal, (y - cy * w) / focal, w];
    let column = |i: usize| {
        let m = map.h;
        at(m[i], m[i + 3], m[i + 6])
    };
    let length = |v: [f64; 3]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
    let aspect = length(column(0)) / length(column(1));
    let ratio = aspect / f64::from(WIDTH_MM / HEIGHT_MM);
    Some(ratio.max(1.0 / ratio) - 1.0)
}

/// The smaller singular value of the map's derivative at (`x`, `y`).
fn least_scale(map: &Homography, x: f64, y: f64) -> f64 {
    let half = STEP_MM / 2.0;
    let step = |from: (f64, f64), to: (f64, f64)| ((to.0 - from.0) / STEP_MM, (to.1 - from.1) / STEP_MM);
    let (a, c) = step(map.apply_f64(x - half, y), map.apply_f64(x + half, y));
    let (b, d) = step(map.apply_f64(x, y - half), map.apply_f64(x, y + half));
    let (sum, difference) = ((a + d).hypot(c - b), (a - d).hypot(c + b));
    (sum - difference).abs() / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Point;

    fn upright(x: f32, y: f32, px_per_mm: f32) -> Quad {
        Quad::whole(WIDTH_MM, HEIGHT_MM).map(|p| Point::new(x + p.x * px_per_mm, y + p.y * px_per_mm))
    }

    #[test]
    fn a_card_inside_has_a_margin_and_one_across_the_border_is_cut() {
        let inside = upright(85.6, 200.0, 10.0);
        assert!((margin_share(&inside, 1200.0, 900.0) - 0.1).abs() < 1e-5);
        assert_eq!(outside_share(&inside, 1200.0, 900.0), 0.0);
        let cut = upright(-85.6, 200.0, 10.0);
        assert!((margin_share(&cut, 1200.0, 900.0) + 0.1).abs() < 1e-5);
        assert!((outside_share(&cut, 1200.0, 900.0) - 0.1).abs() < 1e-4);
        assert_eq!(outside_share(&upright(2000.0, 0.0, 10.0), 1200.0, 900.0), 1.0);
    }

    #[test]
    fn resolution_is_the_worst_of_the_card() {
        assert!((px_per_mm(&upright(100.0, 100.0, 12.5)).expect("a card") - 12.5).abs() < 1e-3);
        // The right side is farther away.
        let tilted = Quad {
            corners: [(100.0, 100.0), (800.0, 140.0), (800.0, 500.0), (100.0, 560.0)]
                .map(|(x, y)| Point::new(x, y)),
        };
        let worst = px_per_mm(&tilted).expect("a card");
        assert!(worst < 6.7, "{worst}");
        assert_eq!(px_per_mm(&Quad { corners: [Point::new(1.0, 1.0); 4] }), None);
    }

    #[test]
    fn tilt_is_no_deviation_and_another_shape_is() {
        // A card tilted by 30 degrees about its long axis, seen by the lens assumed here.
        let (width, height) = (4000.0, 3000.0);
        let focal = (FOCAL_DIAGONALS * 5000.0) as f32;
        let seen = |half_height: f32| {
            let corner = |x: f32, y: f32| {
                let (sin, cos) = 30f32.to_radians().sin_cos();
                let depth = 130.0 + y * sin;
                Point::new(width / 2.0 + focal * x / depth, height / 2.0 + focal * y * cos / depth)
            };
            let (w, h) = (WIDTH_MM / 2.0, half_height);
            Quad { corners: [corner(-w, -h), corner(w, -h), corner(w, h), corner(-w, h)] }
        };
        let card = aspect_deviation(&seen(HEIGHT_MM / 2.0), width, height).expect("a card");
        assert!(card < 1e-3, "{card}");
        let passport = aspect_deviation(&seen(44.0), width, height).expect("something flat");
        let expected = f64::from(44.0 / (HEIGHT_MM / 2.0)) - 1.0;
        assert!((passport - expected).abs() < 1e-2, "{passport}");
    }
}
