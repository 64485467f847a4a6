//! The face mesh's points by name: 468 points of the MediaPipe face mesh, in a photo's frame.
//!
//! "Image-left" is the left side of the picture, which is the person's right.

use crate::geometry::Point;

/// How many points the mesh has.
pub(super) const POINTS: usize = 468;

const IMAGE_LEFT_EYE_CORNERS: (usize, usize) = (33, 133);
const IMAGE_RIGHT_EYE_CORNERS: (usize, usize) = (263, 362);
const IMAGE_LEFT_LIDS: [(usize, usize); 3] = [(160, 144), (159, 145), (158, 153)];
const IMAGE_RIGHT_LIDS: [(usize, usize); 3] = [(385, 380), (386, 374), (387, 373)];
/// Middle of each half and middle of the inner lips, upper and lower.
const INNER_LIPS: [(usize, usize); 3] = [(81, 178), (13, 14), (311, 402)];
const NOSE_TIP: usize = 4;
const MOUTH_CORNERS: (usize, usize) = (61, 291);
const INNER_MOUTH_CORNERS: (usize, usize) = (78, 308);
const CHIN: usize = 152;
const CHEEKS: (usize, usize) = (50, 280);

/// Jaw from ear to ear, then the brows back: the skin without the forehead, where hair and caps
/// are (the landmarked region of ISO/IEC 29794-5).
const OUTLINE: [usize; 33] = [
    127, 234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361, 323,
    454, 356, 300, 293, 334, 296, 336, 107, 66, 105, 63, 70,
];

/// A point of the mesh with its depth, all in pixels of one scale; z grows away from the camera.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Point3 {
    /// Pixels to the right of the left border.
    pub x: f32,
    /// Pixels below the upper border.
    pub y: f32,
    /// Depth relative to the middle of the head.
    pub z: f32,
}

impl Point3 {
    /// Without the depth.
    pub fn flat(self) -> Point {
        Point::new(self.x, self.y)
    }
}

/// The 468 points of one face.
#[derive(Clone, PartialEq)]
pub struct Landmarks(Box<[Point3; POINTS]>);

/// Shows no coordinates: a mesh is biometric data.
impl std::fmt::Debug for Landmarks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Landmarks(..)")
    }
}

impl Landmarks {
    /// `None` unless there are exactly 468 points, all finite.
    pub fn new(points: Vec<Point3>) -> Option<Self> {
        let finite = points.iter().all(|p| p.x.is_finite() && p.y.is_finite() && p.z.is_finite());
        let points: Box<[Point3; POINTS]> = points.into_boxed_slice().try_into().ok()?;
        finite.then_some(Self(points))
    }

    /// Every point.
    pub fn points(&self) -> &[Point3] {
        self.0.as_slice()
    }

    /// Middle of the image-left eye, halfway between its corners.
    pub fn image_left_eye(&self) -> Point {
        self.middle(IMAGE_LEFT_EYE_CORNERS)
    }

    /// Middle of the image-right eye, halfway between its corners.
    pub fn image_right_eye(&self) -> Point {
        self.middle(IMAGE_RIGHT_EYE_CORNERS)
    }

    /// Tip of the nose.
    pub fn nose_tip(&self) -> Point {
        self.at(NOSE_TIP)
    }

    /// Corners of the mouth, image-left first.
    pub fn mouth_corners(&self) -> [Point; 2] {
        [self.at(MOUTH_CORNERS.0), self.at(MOUTH_CORNERS.1)]
    }

    /// Lowest point of the chin.
    pub fn chin(&self) -> Point {
        self.at(CHIN)
    }

    /// Eyes, nose tip and mouth corners: the five points that alignment uses, in the order of the
    /// ArcFace template.
    pub fn five_points(&self) -> [Point; 5] {
        let [left, right] = self.mouth_corners();
        [self.image_left_eye(), self.image_right_eye(), self.nose_tip(), left, right]
    }

    /// Distance between the eye centres in the picture plane.
    pub fn inter_eye_distance(&self) -> f32 {
        self.image_left_eye().distance(self.image_right_eye())
    }

    /// Corners of the eyes, image-left eye first, in each the image-left corner first.
    pub fn eye_corners(&self) -> [[Point; 2]; 2] {
        let (outer, inner) = IMAGE_LEFT_EYE_CORNERS;
        let (far, near) = IMAGE_RIGHT_EYE_CORNERS;
        [[self.at(outer), self.at(inner)], [self.at(near), self.at(far)]]
    }

    /// Gaps between the lids, three per eye, image-left eye first.
    pub fn lid_gaps(&self) -> [[f32; 3]; 2] {
        [IMAGE_LEFT_LIDS, IMAGE_RIGHT_LIDS]
            .map(|lids| lids.map(|(up, low)| self.at(up).distance(self.at(low))))
    }

    /// Gaps between the inner lips: left half, middle, right half.
    pub fn lip_gaps(&self) -> [f32; 3] {
        INNER_LIPS.map(|(up, low)| self.at(up).distance(self.at(low)))
    }

    /// Distance from the middle between the eyes to the chin.
    pub fn eyes_to_chin(&self) -> f32 {
        self.image_left_eye().midpoint(self.image_right_eye()).distance(self.chin())
    }

    /// Middles of the cheeks below the eyes, image-left first.
    pub fn cheeks(&self) -> [Point; 2] {
        [self.at(CHEEKS.0), self.at(CHEEKS.1)]
    }

    /// Outline of the skin from jaw to brows, as a closed polygon.
    pub fn outline(&self) -> [Point; 33] {
        OUTLINE.map(|i| self.at(i))
    }

    /// Corners of the gap between the lips, image-left first.
    pub fn inner_mouth_corners(&self) -> [Point; 2] {
        [self.at(INNER_MOUTH_CORNERS.0), self.at(INNER_MOUTH_CORNERS.1)]
    }

    /// Middle of the upper lip's lower edge.
    pub fn upper_lip(&self) -> Point {
        self.at(INNER_LIPS[1].0)
    }

    fn at(&self, index: usize) -> Point {
        self.0[index].flat()
    }

    fn middle(&self, (a, b): (usize, usize)) -> Point {
        self.at(a).midpoint(self.at(b))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_468_finite_points_are_a_face() {
        assert!(Landmarks::new(vec![Point3::default(); 467]).is_none());
        let mut points = vec![Point3::default(); POINTS];
        assert!(Landmarks::new(points.clone()).is_some());
        points[7].z = f32::NAN;
        assert!(Landmarks::new(points).is_none());
    }
}
