//! One number that ranks the frames of a case: which to average, which to show.

use super::components::component;
use crate::evidence::{Measure, Readings};

/// The components that matter most for recognition: pose, size, open eyes, sharpness, exposure and
/// an uncovered face.
const COMPONENTS: [Measure; 8] = [
    Measure::InterEyeDistance,
    Measure::Yaw,
    Measure::Pitch,
    Measure::EyesOpen,
    Measure::FaceSharpness,
    Measure::FaceUnderExposed,
    Measure::FaceOverExposed,
    Measure::FaceCovered,
];

/// Geometric mean of the component values (ISO/IEC 29794-5, 0 to 100). One bad component pulls it
/// down, as it should. A component that could not be taken counts as 1.
pub fn frame_quality(readings: &Readings) -> f64 {
    let of = |measure: Measure| {
        let native = readings.get(&measure).and_then(|measured| measured.value());
        native.and_then(|value| component(measure, value.get())).map_or(1.0, |q| q.max(1.0))
    };
    let log_sum: f64 = COMPONENTS.into_iter().map(|measure| of(measure).ln()).sum();
    (log_sum / COMPONENTS.len() as f64).exp()
}
