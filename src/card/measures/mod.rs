//! Measures of one card, one file each: pure functions from the rectified card, or from its corners
//! in the photo, to a number. None knows a threshold of the policy.
//!
//! [`CardView`] holds what several of them read; together they take some 6 ms.

mod background;
mod blobs;
mod blur;
mod chroma;
mod covered;
mod exposure;
mod framing;
mod glare;
mod map;
mod screen;
mod surface;
mod uneven_light;
mod view;

pub use blur::{FieldBlur, blur_map, worst_field_blur};
pub use chroma::chroma_percent;
pub use covered::covered_share;
pub use exposure::{background_luma, over_exposed_share};
pub use framing::{aspect_deviation, margin_share, outside_share, px_per_mm};
pub use glare::{Glare, glare, glare_map};
pub use map::CardMap;
pub use screen::{ScreenTraces, screen_traces};
pub use uneven_light::uneven_light_ratio;
pub use view::CardView;

#[cfg(test)]
mod testing;
