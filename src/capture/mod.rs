//! Measures of the photo as a photo, whatever it shows: size, blur, exposure. One file each.
//!
//! Knows neither cards nor faces, and no threshold.

mod edge_spread;
mod exposure;

pub use edge_spread::edge_spread_permille;
pub use exposure::{light_end_luma, over_exposed_share};
