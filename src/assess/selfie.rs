//! Every measure of the face in a selfie frame, from what was seen in it.

use crate::case::SampleKind;
use crate::evidence::{Measure, Measured, Readings, Reason};
use crate::face::{AlignedFace, Detection, Face, Pose, measures};
use crate::imaging::Pyramid;
use crate::score::Finite;

/// What was seen in the frame.
pub(super) struct SelfieView<'a> {
    /// The decoded photo.
    pub photo: &'a Pyramid,
    /// Pixels that were decoded for each of the photo's own.
    pub scale: f32,
    /// Every face, the largest first.
    pub faces: &'a [Detection],
    /// The largest one.
    pub face: Option<&'a Face>,
    /// Probability that part of it is covered, 0 to 1.
    pub covered: Option<f64>,
}

/// Adds what is measured on the face to `readings`, or why it was not.
pub(super) fn selfie_readings(readings: &mut Readings, view: &SelfieView<'_>) {
    let Some(face) = view.face else {
        for measure in Measure::of(SampleKind::Selfie) {
            readings.entry(measure).or_insert(Measured::FailureToAssess(Reason::NoFace));
        }
        return;
    };
    let landmarks = &face.landmarks;
    let (width, height) = (view.photo.base().width(), view.photo.base().height());
    let second = match view.faces {
        [largest, others @ ..] => {
            let second = others.iter().map(|d| d.face.area()).fold(0.0, f32::max);
            Measured::number(second / largest.face.area())
        }
        [] => Measured::FailureToAssess(Reason::NoFace),
    };
    let pose = Pose::of(landmarks);
    let angle = |of: fn(&Pose) -> f32| or_too_little(pose.as_ref().map(|pose| f64::from(of(pose))));
    let skin = AlignedFace::cut(view.photo, landmarks);
    let on_skin = |of: &dyn Fn(&AlignedFace) -> Option<f64>| or_too_little(skin.as_ref().and_then(of));
    let luminance = skin.as_ref().map(measures::luminance_mean_and_variance);
    readings.extend([
        (Measure::FaceScore, Measured::number(face.detection.score)),
        (Measure::SecondFace, second),
        (Measure::InterEyeDistance, inter_eye_distance(face, view.scale)),
        (
            Measure::NearEyeToBorder,
            Measured::number(measures::near_eye_to_border_ied(landmarks, width, height)),
        ),
        (Measure::FaceOutside, Measured::number(measures::face_outside_share(landmarks, width, height))),
        (Measure::HeadSize, Measured::number(measures::head_size(landmarks, height))),
        (Measure::Yaw, angle(|pose| pose.yaw_deg)),
        (Measure::Pitch, angle(|pose| pose.pitch_deg)),
        (Measure::Roll, angle(|pose| pose.roll_deg)),
        (Measure::EyesOpen, Measured::number(measures::eyes_open(landmarks))),
        (Measure::EyeOpenness, or_too_little(measures::eye_openness(view.photo, landmarks))),
        (Measure::MouthGap, Measured::number(measures::mouth_gap(landmarks))),
        (Measure::MouthVoid, on_skin(&measures::mouth_void)),
        (Measure::FaceCovered, or_too_little(view.covered)),
        (Measure::FaceSharpness, on_skin(&measures::face_sharpness)),
        (Measure::FaceWeakestDetail, on_skin(&|face| Some(measures::weakest_detail(face)))),
        (Measure::FaceUnderExposed, on_skin(&|face| Some(measures::under_exposed_share(face)))),
        (Measure::FaceOverExposed, on_skin(&|face| Some(measures::over_exposed_share(face)))),
        (Measure::LeftRightLight, on_skin(&|face| Some(measures::left_right_light_ev(face)))),
        (Measure::IlluminationUniformity, on_skin(&|face| Some(measures::illumination_uniformity(face)))),
        (Measure::LuminanceMean, or_too_little(luminance.map(|(mean, _)| mean))),
        (Measure::LuminanceVariance, or_too_little(luminance.map(|(_, variance)| variance))),
        (Measure::DynamicRange, on_skin(&|face| Some(measures::dynamic_range_bits(face)))),
        (Measure::NaturalColour, on_skin(&measures::natural_colour)),
        (Measure::LightColour, on_skin(&measures::light_colour_ev)),
        (Measure::BackgroundGradient, on_skin(&measures::background_gradient)),
    ]);
    let quality = Measured::number(measures::frame_quality(readings));
    readings.insert(Measure::FrameQuality, quality);
}

/// Distance between the eyes in the photo's own pixels.
pub(super) fn inter_eye_distance(face: &Face, scale: f32) -> Measured<Finite> {
    let pose = Pose::of(&face.landmarks);
    or_too_little(pose.map(|pose| measures::inter_eye_distance_px(&face.landmarks, &pose, scale)))
}

/// The value, or that the picture holds too little for one.
pub(super) fn or_too_little(value: Option<f64>) -> Measured<Finite> {
    value.map_or(Measured::FailureToAssess(Reason::TooLittleToMeasure), Measured::number)
}
