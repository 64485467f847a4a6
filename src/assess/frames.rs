//! The frames of a case beside each other: are they different pictures, and does the face move?

use crate::case::SampleRole;
use crate::evidence::{FramePair, Measured, Reason};
use crate::face::Landmarks;
use crate::geometry::{Point, Similarity};
use crate::imaging::{Pyramid, QuarterTurn, letterbox, luma, warp};
use crate::score::Finite;

/// Side of the small picture that stands for a frame. Coarse enough that the noise of compression
/// is averaged away, fine enough that a finger's breadth of movement shows.
const PRINT_SIDE: u32 = 64;

/// What is kept of a frame while the others are looked at.
#[derive(Debug, Clone)]
pub(super) struct FramePrint {
    /// The whole picture, made small, with a mean of 0 and a deviation of 1; `None` for a picture
    /// of one grey.
    picture: Option<Vec<f32>>,
    /// The face's points, in the photo's frame, and its inter-eye distance.
    face: Option<(Vec<Point>, f32)>,
}

impl FramePrint {
    /// Of a decoded photo and the face in it.
    pub(super) fn of(photo: &Pyramid, landmarks: Option<&Landmarks>) -> Self {
        let (width, height) = (photo.base().width(), photo.base().height());
        let to_photo = letterbox(PRINT_SIDE, width, height, QuarterTurn::None);
        let small = luma(&warp(photo, &to_photo, PRINT_SIDE, PRINT_SIDE));
        // What is beside the picture in the square would not follow its brightness.
        let inside = |index: usize| {
            let (x, y) = (index as u32 % PRINT_SIDE, index as u32 / PRINT_SIDE);
            let p = to_photo.apply(Point::new(x as f32 + 0.5, y as f32 + 0.5));
            (0.0..width as f32).contains(&p.x) && (0.0..height as f32).contains(&p.y)
        };
        let grey = small.bytes().iter().enumerate().filter(|(index, _)| inside(*index));
        let grey: Vec<f32> = grey.map(|(_, v)| f32::from(*v)).collect();
        let mean = grey.iter().sum::<f32>() / grey.len() as f32;
        let deviation = (grey.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / grey.len() as f32).sqrt();
        let picture = (deviation > 1.0).then(|| grey.iter().map(|v| (v - mean) / deviation).collect());
        let face = landmarks.map(|landmarks| {
            (landmarks.points().iter().map(|p| p.flat()).collect(), landmarks.inter_eye_distance())
        });
        Self { picture, face }
    }

    fn picture_difference(&self, other: &Self) -> Option<f64> {
        let (a, b) = (self.picture.as_ref()?, other.picture.as_ref()?);
        if a.len() != b.len() {
            return None; // Of another shape, and so another picture.
        }
        let sum: f64 = a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum();
        Some((sum / a.len() as f64).sqrt())
    }

    fn face_motion_ied(&self, other: &Self) -> Option<f64> {
        let ((from, _), (to, inter_eye)) = (self.face.as_ref()?, other.face.as_ref()?);
        let carried = Similarity::fit(from, to)?;
        let sum: f64 =
            from.iter().zip(to).map(|(a, b)| f64::from(carried.apply(*a).distance(*b)).powi(2)).sum();
        Some((sum / from.len() as f64).sqrt() / f64::from(*inter_eye))
    }
}

/// Every two of the frames that have pixels.
pub(super) fn frame_pairs(frames: &[(SampleRole, FramePrint)]) -> Vec<FramePair> {
    let measured = |value: Option<f64>, reason| -> Measured<Finite> {
        value.map_or(Measured::FailureToAssess(reason), Measured::number)
    };
    let pairs =
        frames.iter().enumerate().flat_map(|(i, first)| frames[i + 1..].iter().map(move |b| (first, b)));
    pairs
        .map(|((first, a), (second, b))| FramePair {
            first: *first,
            second: *second,
            picture_difference: measured(a.picture_difference(b), Reason::TooLittleToMeasure),
            face_motion_ied: measured(a.face_motion_ied(b), Reason::NoFace),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::Rgb;

    /// A picture with a soft bright spot at (`x`, `y`), as shares of its size.
    fn spot(width: u32, height: u32, x: f32, y: f32, light: u8) -> FramePrint {
        let mut picture = Rgb::filled(width, height, [40; 3]);
        for (i, pixel) in picture.pixels_mut().iter_mut().enumerate() {
            let (u, v) =
                ((i as u32 % width) as f32 / width as f32, (i as u32 / width) as f32 / height as f32);
            let share = (-((u - x).powi(2) + (v - y).powi(2)) / 0.03).exp();
            *pixel = [(40.0 + (f32::from(light) - 40.0) * share) as u8; 3];
        }
        FramePrint::of(&Pyramid::new(picture), None)
    }

    #[test]
    fn size_and_light_make_no_other_picture_and_movement_does() {
        let still = spot(480, 640, 0.5, 0.5, 200);
        let difference = |other: &FramePrint| still.picture_difference(other).expect("not flat");
        assert!(difference(&still) < 1e-6);
        assert!(difference(&spot(240, 320, 0.5, 0.5, 120)) < 0.05);
        assert!(difference(&spot(480, 640, 0.53, 0.5, 200)) > 0.1);
        let flat = FramePrint::of(&Pyramid::new(Rgb::filled(64, 64, [9; 3])), None);
        assert_eq!(still.picture_difference(&flat), None);
        let pairs = frame_pairs(&[(SampleRole::Selfie(1), still), (SampleRole::Selfie(2), flat)]);
        assert_eq!(pairs.len(), 1);
        assert_eq!(pairs[0].picture_difference, Measured::FailureToAssess(Reason::TooLittleToMeasure));
        assert_eq!(pairs[0].face_motion_ied, Measured::FailureToAssess(Reason::NoFace));
    }
}
