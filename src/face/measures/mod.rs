//! Measures of one face, one file each: pure functions from a face to a number.
//!
//! Formulas marked ISO are those of ISO/IEC 29794-5 (native values). None knows a threshold.

mod exposure;
mod eyes_open;
mod inter_eye;
mod left_right_light;
mod linear_light;
mod near_eye;
mod quality;
mod sharpness;

pub use exposure::{over_exposed_share, under_exposed_share};
pub use eyes_open::eyes_open;
pub use inter_eye::inter_eye_distance_px;
pub use left_right_light::left_right_light_ev;
pub use near_eye::near_eye_to_border_ied;
pub use quality::frame_quality;
pub use sharpness::face_sharpness;
