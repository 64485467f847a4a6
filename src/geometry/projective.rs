//! Four corners of something flat, and the projective map between two views of a plane.

use super::{Point, Rect};

/// Four corners of a flat rectangular thing in some picture's pixel frame, in the thing's own
/// order: upper left, upper right, lower right, lower left as it is read. Seen from the front they
/// go clockwise on the screen. They may lie outside the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quad {
    /// The corners.
    pub corners: [Point; 4],
}

impl Quad {
    /// The whole of a picture of `width` x `height` pixels.
    pub const fn whole(width: f32, height: f32) -> Self {
        Self {
            corners: [
                Point::new(0.0, 0.0),
                Point::new(width, 0.0),
                Point::new(width, height),
                Point::new(0.0, height),
            ],
        }
    }

    /// The corners of a box.
    pub fn of_rect(rect: &Rect) -> Self {
        let (right, bottom) = (rect.x + rect.width, rect.y + rect.height);
        Self {
            corners: [
                Point::new(rect.x, rect.y),
                Point::new(right, rect.y),
                Point::new(right, bottom),
                Point::new(rect.x, bottom),
            ],
        }
    }

    /// Every corner mapped by `f`.
    #[must_use]
    pub fn map(&self, f: impl FnMut(Point) -> Point) -> Self {
        Self { corners: self.corners.map(f) }
    }

    /// The same quad in a frame scaled by `factor`.
    #[must_use]
    pub fn scaled(&self, factor: f32) -> Self {
        self.map(|p| p.scaled(factor))
    }

    /// The same rectangle read upside down.
    #[must_use]
    pub fn half_turned(&self) -> Self {
        let [a, b, c, d] = self.corners;
        Self { corners: [c, d, a, b] }
    }

    /// The four sides, from each corner to the next: upper, right, lower, left.
    pub fn sides(&self) -> [(Point, Point); 4] {
        std::array::from_fn(|i| (self.corners[i], self.corners[(i + 1) % 4]))
    }

    /// Lengths of the sides: upper, right, lower, left.
    pub fn side_lengths(&self) -> [f32; 4] {
        self.sides().map(|(a, b)| a.distance(b))
    }

    /// Area in square pixels; negative for a mirrored quad.
    pub fn area(&self) -> f32 {
        shoelace(&self.corners)
    }

    /// Whether every corner turns clockwise: neither mirrored, folded nor flat.
    pub fn is_convex(&self) -> bool {
        (0..4).all(|i| {
            let [a, b, c] = [0, 1, 2].map(|k| self.corners[(i + k) % 4]);
            (b.x - a.x) * (c.y - b.y) - (b.y - a.y) * (c.x - b.x) > 0.0
        })
    }

    /// The mean of the corners.
    pub fn center(&self) -> Point {
        let sum = |of: fn(&Point) -> f32| self.corners.iter().map(of).sum::<f32>() / 4.0;
        Point::new(sum(|p| p.x), sum(|p| p.y))
    }

    /// Area shared with another convex quad, square pixels. Both must go clockwise.
    pub fn shared_area(&self, other: &Self) -> f32 {
        let mut polygon = self.corners.to_vec();
        for (a, b) in other.sides() {
            polygon = clipped(&polygon, a, b);
        }
        shoelace(&polygon).max(0.0)
    }

    /// Intersection over union with another convex quad, 0 to 1.
    pub fn iou(&self, other: &Self) -> f32 {
        let shared = self.shared_area(other);
        let union = self.area() + other.area() - shared;
        if union > 0.0 { shared / union } else { 0.0 }
    }
}

fn shoelace(polygon: &[Point]) -> f32 {
    let next = polygon.iter().cycle().skip(1);
    let twice: f64 = polygon
        .iter()
        .zip(next)
        .map(|(a, b)| f64::from(a.x) * f64::from(b.y) - f64::from(b.x) * f64::from(a.y))
        .sum();
    (twice / 2.0) as f32
}

/// The part of a convex polygon that lies to the inner side of the line from `a` to `b`.
fn clipped(polygon: &[Point], a: Point, b: Point) -> Vec<Point> {
    let side = |p: Point| (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x);
    let mut kept = Vec::with_capacity(polygon.len() + 1);
    for (&p, &q) in polygon.iter().zip(polygon.iter().cycle().skip(1)) {
        let (sp, sq) = (side(p), side(q));
        if sp >= 0.0 {
            kept.push(p);
        }
        if (sp > 0.0 && sq < 0.0) || (sp < 0.0 && sq > 0.0) {
            let t = sp / (sp - sq);
            kept.push(Point::new(p.x + (q.x - p.x) * t, p.y + (q.y - p.y) * t));
        }
    }
    kept
}

/// A projective map of the plane: `x' = (h0 x + h1 y + h2) / w`, `y' = (h3 x + h4 y + h5) / w`,
/// `w = h6 x + h7 y + h8`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Homography {
    /// The matrix, row by row, with `h8` = 1 where that is possible.
    pub h: [f64; 9],
}

impl Homography {
    /// The map that takes the corners of `from` to those of `to`; `None` when three corners of
    /// either lie on a line or a coordinate is not finite.
    pub fn between(from: &Quad, to: &Quad) -> Option<Self> {
        let unit_to = Self::from_unit_square(to)?;
        Some(Self::from_unit_square(from)?.inverse()?.then(&unit_to))
    }

    /// The map that takes the unit square to `quad` (Heckbert 1989, section 2.2.3).
    fn from_unit_square(quad: &Quad) -> Option<Self> {
        let [p0, p1, p2, p3] = quad.corners.map(|p| (f64::from(p.x), f64::from(p.y)));
        let (sx, sy) = (p0.0 - p1.0 + p2.0 - p3.0, p0.1 - p1.1 + p2.1 - p3.1);
        let (dx1, dy1) = (p1.0 - p2.0, p1.1 - p2.1);
        let (dx2, dy2) = (p3.0 - p2.0, p3.1 - p2.1);
        let determinant = dx1 * dy2 - dx2 * dy1;
        let size = dx1.hypot(dy1) * dx2.hypot(dy2);
        if !determinant.is_finite() || determinant.abs() <= 1e-9 * size.max(1e-12) {
            return None;
        }
        let g = (sx * dy2 - dx2 * sy) / determinant;
        let h = (dx1 * sy - sx * dy1) / determinant;
        let row = |a: f64, b: f64, d: f64| [b - a + g * b, d - a + h * d, a];
        let ([a, b, c], [d, e, f]) = (row(p0.0, p1.0, p3.0), row(p0.1, p1.1, p3.1));
        let map = Self { h: [a, b, c, d, e, f, g, h, 1.0] };
        map.inverse().map(|_| map)
    }

    /// Where `p` goes.
    pub fn apply(&self, p: Point) -> Point {
        let (x, y) = self.apply_f64(f64::from(p.x), f64::from(p.y));
        Point::new(x as f32, y as f32)
    }

    /// Where (`x`, `y`) goes, in double precision.
    pub fn apply_f64(&self, x: f64, y: f64) -> (f64, f64) {
        let h = &self.h;
        let w = h[6] * x + h[7] * y + h[8];
        ((h[0] * x + h[1] * y + h[2]) / w, (h[3] * x + h[4] * y + h[5]) / w)
    }

    /// The map back; `None` when there is none.
    pub fn inverse(&self) -> Option<Self> {
        let [a, b, c, d, e, f, g, h, i] = self.h;
        let adjugate = [
            e * i - f * h,
            c * h - b * i,
            b * f - c * e,
            f * g - d * i,
            a * i - c * g,
            c * d - a * f,
            d * h - e * g,
            b * g - a * h,
            a * e - b * d,
        ];
        let determinant = a * adjugate[0] + b * adjugate[3] + c * adjugate[6];
        let usable = determinant.is_finite() && determinant.abs() > 1e-30;
        usable.then(|| Self { h: adjugate }.scaled_to_one())
    }

    /// This map first, then `next`.
    #[must_use]
    pub fn then(&self, next: &Self) -> Self {
        let (m, n) = (&next.h, &self.h);
        let h = std::array::from_fn(|i| {
            let (row, column) = (i / 3 * 3, i % 3);
            m[row] * n[column] + m[row + 1] * n[column + 3] + m[row + 2] * n[column + 6]
        });
        Self { h }.scaled_to_one()
    }

    /// How many target pixels a step of one pixel spans about `p`, the geometric mean over the
    /// directions.
    pub fn scale_at(&self, p: Point) -> f32 {
        let (x, y) = (f64::from(p.x), f64::from(p.y));
        let at = |x: f64, y: f64| self.apply_f64(x, y);
        let ((x0, y0), (x1, y1)) = (at(x - 0.5, y), at(x + 0.5, y));
        let ((x2, y2), (x3, y3)) = (at(x, y - 0.5), at(x, y + 0.5));
        ((x1 - x0) * (y3 - y2) - (y1 - y0) * (x3 - x2)).abs().sqrt() as f32
    }

    fn scaled_to_one(self) -> Self {
        let last = self.h[8];
        if last.abs() > 1e-12 { Self { h: self.h.map(|v| v / last) } } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quad(corners: [(f32, f32); 4]) -> Quad {
        Quad { corners: corners.map(|(x, y)| Point::new(x, y)) }
    }

    fn near(a: Point, b: Point) -> bool {
        a.distance(b) < 1e-3
    }

    #[test]
    fn corners_go_to_corners_and_back() {
        let from = Quad::whole(1012.0, 638.0);
        let to = quad([(210.0, 130.0), (1400.0, 90.0), (1500.0, 900.0), (150.0, 840.0)]);
        let map = Homography::between(&from, &to).expect("a plain view");
        let back = map.inverse().expect("it can be undone");
        for (p, q) in from.corners.into_iter().zip(to.corners) {
            assert!(near(map.apply(p), q) && near(back.apply(q), p), "{p:?} {q:?}");
        }
        let middle = Point::new(506.0, 319.0);
        assert!(near(map.then(&back).apply(middle), middle));
        // Straight lines stay straight: the diagonals' crossing maps to the diagonals' crossing.
        let crossing = map.apply(middle);
        let [a, _, c, _] = to.corners;
        let off = (c.x - a.x) * (crossing.y - a.y) - (c.y - a.y) * (crossing.x - a.x);
        assert!(off.abs() / a.distance(c) < 1e-2);
    }

    #[test]
    fn flat_quads_have_no_map() {
        let flat = quad([(0.0, 0.0), (10.0, 0.0), (20.0, 0.0), (5.0, 0.0)]);
        let fine = Quad::whole(10.0, 10.0);
        assert!(Homography::between(&fine, &flat).is_none());
        assert!(Homography::between(&flat, &fine).is_none());
        let broken = quad([(0.0, 0.0), (f32::NAN, 0.0), (10.0, 10.0), (0.0, 10.0)]);
        assert!(Homography::between(&fine, &broken).is_none());
    }

    #[test]
    fn areas_and_overlaps_of_squares() {
        let a = Quad::whole(10.0, 10.0);
        let b = a.map(|p| Point::new(p.x + 5.0, p.y));
        assert!((a.area() - 100.0).abs() < 1e-3 && a.is_convex());
        assert!((a.shared_area(&b) - 50.0).abs() < 1e-3);
        assert!((a.iou(&b) - 1.0 / 3.0).abs() < 1e-4);
        assert!((a.iou(&a) - 1.0).abs() < 1e-4);
        assert_eq!(a.iou(&a.map(|p| Point::new(p.x + 50.0, p.y))), 0.0);
        let mirrored = a.map(|p| Point::new(-p.x, p.y));
        assert!(!mirrored.is_convex() && mirrored.area() < 0.0);
        assert_eq!(a.half_turned().half_turned(), a);
    }

    #[test]
    fn scale_is_that_of_the_area() {
        let map = Homography::between(&Quad::whole(100.0, 50.0), &Quad::whole(300.0, 150.0)).expect("plain");
        assert!((map.scale_at(Point::new(20.0, 30.0)) - 3.0).abs() < 1e-4);
    }
}
