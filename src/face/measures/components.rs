//! Component values of the face measures, 0 to 100, where ISO/IEC 29794-5 or this project gives a
//! mapping: for people who compare frames and systems. No gate rests on one.

use super::{
    background, exposure, eyes_open, head_size, inter_eye, left_right_light, luminance, mouth_closed,
    natural_colour, sharpness,
};
use crate::evidence::Measure;
use crate::score::component_value;

/// The component value of a face measure's native value; `None` for a measure without a mapping.
pub fn component(measure: Measure, native: f64) -> Option<f64> {
    let value = match measure {
        Measure::SecondFace => 100.0 * (1.0 - native),
        Measure::InterEyeDistance => inter_eye::component(native),
        Measure::Yaw | Measure::Pitch | Measure::Roll => pose_component(native),
        Measure::EyesOpen => eyes_open::component(native),
        Measure::MouthGap => mouth_closed::component(native),
        Measure::FaceSharpness => sharpness::component(native),
        Measure::FaceUnderExposed => exposure::under_component(native),
        Measure::FaceOverExposed => exposure::over_component(native),
        Measure::IlluminationUniformity => left_right_light::uniformity_component(native),
        Measure::LuminanceMean => luminance::mean_component(native),
        Measure::LuminanceVariance => luminance::variance_component(native),
        Measure::DynamicRange => luminance::dynamic_range_component(native),
        Measure::NaturalColour => natural_colour::component(native),
        Measure::BackgroundGradient => background::component(native),
        Measure::HeadSize => head_size::component(native),
        Measure::FaceCovered | Measure::FaceOutside => 100.0 * (1.0 - native),
        _ => return None,
    };
    Some(component_value(value))
}

/// Of an angle in degrees: 100 straight ahead, 0 from the side.
fn pose_component(degrees: f64) -> f64 {
    100.0 * degrees.to_radians().cos().max(0.0).powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mappings_meet_the_standard_s_values() {
        for (measure, native, expected) in [
            (Measure::InterEyeDistance, 30.0, 12.0),
            (Measure::InterEyeDistance, 60.0, 38.0),
            (Measure::InterEyeDistance, 90.0, 73.0),
            (Measure::InterEyeDistance, 120.0, 92.0),
            (Measure::EyesOpen, 0.02, 50.0),
            (Measure::EyesOpen, 0.03, 73.0),
            (Measure::EyesOpen, 0.04, 88.0),
            (Measure::FaceOverExposed, 0.01, 50.0),
            (Measure::FaceOverExposed, 0.05, 17.0),
            (Measure::Yaw, 5.0, 99.0),
            (Measure::Pitch, -15.0, 93.0),
            (Measure::Roll, 25.0, 82.0),
            (Measure::DynamicRange, 8.0, 100.0),
            (Measure::SecondFace, 0.25, 75.0),
            (Measure::NaturalColour, 0.0, 100.0),
            (Measure::HeadSize, 0.0, 100.0),
        ] {
            assert_eq!(component(measure, native), Some(expected), "{measure} {native}");
        }
        assert_eq!(component(Measure::CardTilt, 3.0), None);
    }
}
