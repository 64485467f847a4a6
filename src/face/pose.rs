//! Head pose: yaw, pitch and roll in degrees, by a rigid fit of the mesh.

use super::landmarks::{Landmarks, Point3};

/// The mean head of 40 people (Face Research Lab London Set, neutral, CC BY 4.0), mirrored and
/// averaged, at the points of the mesh that neither lids nor lips nor jaw move: index, then x, y
/// and z from their middle, in inter-eye distances. Its frame is that of a head that looks straight
/// into the camera, so that the mesh model's own lean is taken off with it.
#[rustfmt::skip]
const HEAD: [(usize, [f32; 3]); 35] = [
    (2, [0.000, 0.623, -0.460]),
    (4, [0.000, 0.394, -0.727]),
    (5, [0.000, 0.257, -0.682]),
    (6, [0.000, -0.058, -0.408]),
    (8, [0.000, -0.281, -0.335]),
    (9, [0.000, -0.420, -0.351]),
    (10, [0.000, -0.958, -0.216]),
    (21, [-1.040, -0.417, 0.467]),
    (33, [-0.720, -0.075, 0.016]),
    (50, [-0.768, 0.452, -0.112]),
    (54, [-0.947, -0.619, 0.280]),
    (67, [-0.557, -0.894, -0.091]),
    (93, [-1.075, 0.526, 0.860]),
    (98, [-0.256, 0.601, -0.330]),
    (117, [-0.835, 0.204, 0.003]),
    (127, [-1.103, 0.052, 0.813]),
    (129, [-0.3181, 0.495, -0.266]),
    (133, [-0.280, -0.056, -0.070]),
    (151, [0.000, -0.702, -0.291]),
    (168, [0.000, -0.170, -0.332]),
    (195, [0.000, 0.149, -0.586]),
    (197, [0.000, 0.048, -0.493]),
    (234, [-1.090, 0.289, 0.870]),
    (251, [1.040, -0.417, 0.467]),
    (263, [0.720, -0.075, 0.016]),
    (280, [0.768, 0.452, -0.112]),
    (284, [0.947, -0.619, 0.280]),
    (297, [0.557, -0.894, -0.091]),
    (323, [1.075, 0.526, 0.860]),
    (327, [0.256, 0.601, -0.330]),
    (346, [0.835, 0.204, 0.003]),
    (356, [1.103, 0.052, 0.813]),
    (358, [0.3181, 0.495, -0.266]),
    (362, [0.280, -0.056, -0.070]),
    (454, [1.090, 0.289, 0.870]),
];

/// Steps of Newton's iteration to the nearest rotation; it converges quadratically.
const STEPS: usize = 24;

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

/// Rows of a 3 x 3 matrix.
type Matrix = [[f64; 3]; 3];

impl Pose {
    /// The rotation that carries the mean head's points nearest to the mesh's, whatever the size
    /// and place (Procrustes). `None` where the mesh's points span no body.
    pub fn of(landmarks: &Landmarks) -> Option<Self> {
        let rotation = nearest_rotation(covariance(landmarks))?;
        let [across, back] = [0, 2].map(|column| rotation.map(|row| row[column]));
        // x right, y down, z away from the camera.
        let roll = across[1].atan2(across[0]);
        // Yaw and pitch are those of the head after its roll is undone.
        let (sin, cos) = roll.sin_cos();
        let (back_x, back_y) = (back[0] * cos + back[1] * sin, back[1] * cos - back[0] * sin);
        Some(Self {
            yaw_deg: (-back_x).atan2(back[2]).to_degrees() as f32,
            pitch_deg: back_y.clamp(-1.0, 1.0).asin().to_degrees() as f32,
            roll_deg: roll.to_degrees() as f32,
        })
    }
}

/// Of the mesh's points with the mean head's, about their middles.
fn covariance(landmarks: &Landmarks) -> Matrix {
    let seen = HEAD.map(|(index, _)| {
        let Point3 { x, y, z } = landmarks.points()[index];
        [x, y, z].map(f64::from)
    });
    let middle: [f64; 3] =
        std::array::from_fn(|axis| seen.iter().map(|p| p[axis]).sum::<f64>() / HEAD.len() as f64);
    let mut sums = Matrix::default();
    for (point, (_, head)) in seen.iter().zip(&HEAD) {
        for (row, (value, center)) in sums.iter_mut().zip(point.iter().zip(middle)) {
            for (sum, axis) in row.iter_mut().zip(head) {
                *sum += (value - center) * f64::from(*axis);
            }
        }
    }
    sums
}

/// The rotation nearest to `matrix` (its polar factor, Higham 1986); `None` where it is singular
/// or mirrors.
fn nearest_rotation(matrix: Matrix) -> Option<Matrix> {
    let size = matrix.iter().flatten().map(|v| v * v).sum::<f64>().sqrt();
    let mut rotation = matrix.map(|row| row.map(|v| v / size));
    for _ in 0..STEPS {
        let cofactors: Matrix = std::array::from_fn(|i| {
            let (a, b) = (rotation[(i + 1) % 3], rotation[(i + 2) % 3]);
            std::array::from_fn(|j| a[(j + 1) % 3] * b[(j + 2) % 3] - a[(j + 2) % 3] * b[(j + 1) % 3])
        });
        let determinant: f64 = rotation[0].iter().zip(&cofactors[0]).map(|(v, c)| v * c).sum();
        let is_a_body = determinant.is_finite() && determinant > 1e-9;
        if !is_a_body {
            return None;
        }
        // The inverse transposed is the cofactors over the determinant.
        for (row, cofactors) in rotation.iter_mut().zip(cofactors) {
            for (value, cofactor) in row.iter_mut().zip(cofactors) {
                *value = (*value + cofactor / determinant) / 2.0;
            }
        }
    }
    Some(rotation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::landmarks::POINTS;

    /// The mean head, nodded by `pitch`, then turned by `yaw`, then rolled, and made larger.
    fn head(yaw_deg: f32, pitch_deg: f32, roll_deg: f32) -> Landmarks {
        let turned = |p: [f32; 3]| {
            let (s, c) = pitch_deg.to_radians().sin_cos();
            let [x, y, z] = [p[0], p[1] * c + p[2] * s, -p[1] * s + p[2] * c];
            let (s, c) = yaw_deg.to_radians().sin_cos();
            let [x, y, z] = [x * c - z * s, y, x * s + z * c];
            let (s, c) = roll_deg.to_radians().sin_cos();
            let [x, y] = [x * c - y * s, x * s + y * c];
            Point3 { x: 80.0 * x + 100.0, y: 80.0 * y + 100.0, z: 80.0 * z }
        };
        let mut points = vec![Point3::default(); POINTS];
        for (index, p) in HEAD {
            points[index] = turned(p);
        }
        Landmarks::new(points).expect("468 finite points")
    }

    #[test]
    fn angles_come_back_with_their_signs() {
        for (yaw, pitch, roll) in [
            (0.0, 0.0, 0.0),
            (20.0, 0.0, 0.0),
            (0.0, 15.0, 0.0),
            (0.0, 0.0, -40.0),
            (-30.0, 10.0, 25.0),
            (60.0, -20.0, 170.0),
        ] {
            let pose = Pose::of(&head(yaw, pitch, roll)).expect("a body");
            assert!((pose.yaw_deg - yaw).abs() < 0.1, "{pose:?}");
            assert!((pose.pitch_deg - pitch).abs() < 0.1, "{pose:?}");
            assert!((pose.roll_deg - roll).abs() < 0.1, "{pose:?}");
        }
    }

    #[test]
    fn lids_lips_and_jaw_do_not_turn_the_head() {
        let mut points = head(12.0, -5.0, 3.0).points().to_vec();
        for moved in [159, 145, 13, 14, 152, 17] {
            points[moved].y += 40.0;
        }
        let pose = Pose::of(&Landmarks::new(points).expect("finite")).expect("a body");
        assert!((pose.yaw_deg - 12.0).abs() < 0.1 && (pose.pitch_deg + 5.0).abs() < 0.1, "{pose:?}");
    }

    #[test]
    fn coinciding_points_have_no_pose() {
        assert_eq!(Pose::of(&Landmarks::new(vec![Point3::default(); POINTS]).expect("finite")), None);
    }
}
