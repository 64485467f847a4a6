//! One number that ranks the frames of a case: which to average, which to show.

use crate::evidence::{Measure, Readings};
use crate::score::{component_value, sigmoid};

/// Geometric mean of the component values (ISO/IEC 29794-5, 0 to 100) that matter most for
/// recognition: pose, size, open eyes, sharpness, exposure. One bad component pulls it down,
/// as it should. A component that could not be taken counts as 1.
pub fn frame_quality(readings: &Readings) -> f64 {
    let components = [
        component(readings, Measure::InterEyeDistance, |x| 100.0 * sigmoid(x, 70.0, 20.0)),
        component(readings, Measure::Yaw, pose_component),
        component(readings, Measure::Pitch, pose_component),
        component(readings, Measure::EyesOpen, |x| 100.0 * sigmoid(x, 0.02, 0.01)),
        component(readings, Measure::FaceSharpness, |x| 100.0 * sigmoid(x, 0.08, 0.02)),
        component(readings, Measure::FaceUnderExposed, |x| 100.0 * (1.0 - x)),
        component(readings, Measure::FaceOverExposed, |x| 1.0 / (x + 0.01)),
    ];
    let log_sum: f64 = components.iter().map(|q| q.ln()).sum();
    (log_sum / components.len() as f64).exp()
}

fn pose_component(degrees: f64) -> f64 {
    100.0 * degrees.to_radians().cos().max(0.0).powi(2)
}

fn component(readings: &Readings, measure: Measure, mapping: impl Fn(f64) -> f64) -> f64 {
    let native = readings.get(&measure).and_then(|measured| measured.value());
    native.map_or(1.0, |value| component_value(mapping(value.get())).max(1.0))
}
