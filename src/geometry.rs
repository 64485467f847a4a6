//! Points, boxes and the similarity that maps one pixel frame to another.
//!
//! A pixel frame has its origin at the upper left corner of the picture, x to the right and y
//! down; the centre of the first pixel is (0.5, 0.5). Nothing here knows what a picture is: the
//! documentation of every value that carries points says whose frame they are in.

mod projective;

pub use projective::{Homography, Quad};

/// A point in some picture's pixel frame.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Point {
    /// Pixels to the right of the left border.
    pub x: f32,
    /// Pixels below the upper border.
    pub y: f32,
}

impl Point {
    /// The point at (`x`, `y`).
    pub const fn new(x: f32, y: f32) -> Self {
        Self { x, y }
    }

    /// Halfway between two points.
    pub fn midpoint(self, other: Self) -> Self {
        Self::new((self.x + other.x) / 2.0, (self.y + other.y) / 2.0)
    }

    /// Euclidean distance in pixels of the frame.
    pub fn distance(self, other: Self) -> f32 {
        (self.x - other.x).hypot(self.y - other.y)
    }

    /// Both coordinates multiplied by `factor`: the same point in a frame scaled by it.
    pub fn scaled(self, factor: f32) -> Self {
        Self::new(self.x * factor, self.y * factor)
    }
}

/// An axis-aligned box in some picture's pixel frame; it may reach outside the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rect {
    /// Left border.
    pub x: f32,
    /// Upper border.
    pub y: f32,
    /// Width, not negative.
    pub width: f32,
    /// Height, not negative.
    pub height: f32,
}

impl Rect {
    /// Area in square pixels.
    pub fn area(&self) -> f32 {
        self.width * self.height
    }

    /// The middle of the box.
    pub fn center(&self) -> Point {
        Point::new(self.x + self.width / 2.0, self.y + self.height / 2.0)
    }

    /// Intersection over union, 0 to 1.
    pub fn iou(&self, other: &Self) -> f32 {
        let width = (self.x + self.width).min(other.x + other.width) - self.x.max(other.x);
        let height = (self.y + self.height).min(other.y + other.height) - self.y.max(other.y);
        let shared = width.max(0.0) * height.max(0.0);
        let union = self.area() + other.area() - shared;
        if union > 0.0 { shared / union } else { 0.0 }
    }

    /// The smallest box around `points`; `None` without points.
    pub fn around(points: impl IntoIterator<Item = Point>) -> Option<Self> {
        let mut points = points.into_iter();
        let first = points.next()?;
        let (mut low, mut high) = (first, first);
        for p in points {
            low = Point::new(low.x.min(p.x), low.y.min(p.y));
            high = Point::new(high.x.max(p.x), high.y.max(p.y));
        }
        Some(Self { x: low.x, y: low.y, width: high.x - low.x, height: high.y - low.y })
    }
}

/// A similarity: rotation, uniform scale and shift, without mirroring.
///
/// `x' = a x - b y + tx`, `y' = b x + a y + ty`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Similarity {
    /// Scale times the cosine of the angle.
    pub a: f32,
    /// Scale times the sine of the angle (clockwise on the screen, since y points down).
    pub b: f32,
    /// Shift along x.
    pub tx: f32,
    /// Shift along y.
    pub ty: f32,
}

impl Similarity {
    /// Leaves every point where it is.
    pub const IDENTITY: Self = Self { a: 1.0, b: 0.0, tx: 0.0, ty: 0.0 };

    /// Scales and rotates by `angle_rad` about the origin, then moves the origin to `origin_to`.
    pub fn new(scale: f32, angle_rad: f32, origin_to: Point) -> Self {
        let (sin, cos) = angle_rad.sin_cos();
        Self { a: scale * cos, b: scale * sin, tx: origin_to.x, ty: origin_to.y }
    }

    /// Maps the centre of a `side` x `side` crop to `center` so that one crop pixel spans `scale`
    /// pixels of the target frame and the crop's x axis points along `angle_rad`.
    pub fn square_crop(side: f32, center: Point, scale: f32, angle_rad: f32) -> Self {
        let turned = Self::new(scale, angle_rad, Point::default());
        let middle = turned.apply(Point::new(side / 2.0, side / 2.0));
        Self { tx: center.x - middle.x, ty: center.y - middle.y, ..turned }
    }

    /// The similarity that maps `from` to `to` with the least sum of squared errors.
    ///
    /// `None` with fewer than two points, differing counts, or points that all coincide.
    pub fn fit(from: &[Point], to: &[Point]) -> Option<Self> {
        if from.len() != to.len() || from.len() < 2 {
            return None;
        }
        let mean = |points: &[Point]| {
            let n = points.len() as f64;
            let x = points.iter().map(|p| f64::from(p.x)).sum::<f64>() / n;
            let y = points.iter().map(|p| f64::from(p.y)).sum::<f64>() / n;
            (x, y)
        };
        let ((fx, fy), (gx, gy)) = (mean(from), mean(to));
        let (mut dot, mut cross, mut spread) = (0.0, 0.0, 0.0);
        for (p, q) in from.iter().zip(to) {
            let (px, py) = (f64::from(p.x) - fx, f64::from(p.y) - fy);
            let (qx, qy) = (f64::from(q.x) - gx, f64::from(q.y) - gy);
            dot += px * qx + py * qy;
            cross += px * qy - py * qx;
            spread += px * px + py * py;
        }
        let usable = spread > 1e-9 && dot.is_finite() && cross.is_finite();
        if !usable {
            return None;
        }
        let (a, b) = (dot / spread, cross / spread);
        let (tx, ty) = (gx - a * fx + b * fy, gy - b * fx - a * fy);
        Some(Self { a: a as f32, b: b as f32, tx: tx as f32, ty: ty as f32 })
    }

    /// Where `p` goes.
    pub fn apply(&self, p: Point) -> Point {
        Point::new(self.a * p.x - self.b * p.y + self.tx, self.b * p.x + self.a * p.y + self.ty)
    }

    /// Pixels of the target frame per pixel of the source frame.
    pub fn scale(&self) -> f32 {
        self.a.hypot(self.b)
    }

    /// The way back; `None` where the scale is zero or not finite.
    pub fn inverse(&self) -> Option<Self> {
        let det = self.a * self.a + self.b * self.b;
        let usable = det > 0.0 && det.is_finite();
        if !usable {
            return None;
        }
        let (a, b) = (self.a / det, -self.b / det);
        Some(Self { a, b, tx: -(a * self.tx - b * self.ty), ty: -(b * self.tx + a * self.ty) })
    }

    /// First `self`, then `next`.
    pub fn then(&self, next: &Self) -> Self {
        let shift = next.apply(Point::new(self.tx, self.ty));
        Self {
            a: next.a * self.a - next.b * self.b,
            b: next.b * self.a + next.a * self.b,
            tx: shift.x,
            ty: shift.y,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fit_recovers_a_similarity_and_its_inverse_goes_back() {
        let truth = Similarity::new(1.7, 0.6, Point::new(-4.0, 9.0));
        let from = [Point::new(0.0, 0.0), Point::new(10.0, 2.0), Point::new(3.0, 8.0)];
        let to = from.map(|p| truth.apply(p));
        let fitted = Similarity::fit(&from, &to).expect("three distinct points");
        let back = fitted.inverse().expect("the scale is 1.7");
        for (p, q) in from.into_iter().zip(to) {
            assert!(fitted.apply(p).distance(q) < 1e-4);
            assert!(back.apply(q).distance(p) < 1e-4);
            assert!(fitted.then(&back).apply(p).distance(p) < 1e-4);
        }
    }

    #[test]
    fn degenerate_fits_are_refused() {
        let p = Point::new(3.0, 3.0);
        assert_eq!(Similarity::fit(&[p, p], &[p, p]), None);
        assert_eq!(Similarity::fit(&[p], &[p]), None);
    }

    #[test]
    fn square_crop_puts_the_middle_on_the_centre() {
        let crop = Similarity::square_crop(192.0, Point::new(50.0, 70.0), 0.5, 1.1);
        assert!(crop.apply(Point::new(96.0, 96.0)).distance(Point::new(50.0, 70.0)) < 1e-4);
    }
}
