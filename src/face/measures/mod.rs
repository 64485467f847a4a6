//! Measures of one face, one file each: pure functions from a face to a number.
//!
//! Formulas marked ISO are those of ISO/IEC 29794-5 (native values). None knows a threshold.

mod background;
mod cheeks;
mod components;
mod exposure;
mod eye_openness;
mod eyes_open;
mod head_size;
mod inter_eye;
mod left_right_light;
mod light_colour;
mod linear_light;
mod luminance;
mod mouth_closed;
mod mouth_void;
mod natural_colour;
mod near_eye;
mod outside;
mod quality;
mod sharpness;
mod weakest_detail;

pub use background::background_gradient;
pub use components::component;
pub use exposure::{over_exposed_share, under_exposed_share};
pub use eye_openness::eye_openness;
pub use eyes_open::eyes_open;
pub use head_size::head_size;
pub use inter_eye::inter_eye_distance_px;
pub use left_right_light::{illumination_uniformity, left_right_light_ev};
pub use light_colour::light_colour_ev;
pub use luminance::{dynamic_range_bits, luminance_mean_and_variance};
pub use mouth_closed::mouth_gap;
pub use mouth_void::mouth_void;
pub use natural_colour::natural_colour;
pub use near_eye::near_eye_to_border_ied;
pub use outside::face_outside_share;
pub use quality::frame_quality;
pub use sharpness::face_sharpness;
pub use weakest_detail::weakest_detail;
