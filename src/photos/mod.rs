//! Photos of cases in a queue: in a folder, or in storage that speaks S3.
//!
//! A photo is stored under its case and the sha256 of its bytes, and what is read is checked
//! against it. One photo at a time is held in memory. Knows nothing of queues and looks at no
//! pixel.

mod error;
mod id;
mod place;
mod store;

pub use error::PhotoError;
pub use id::{PhotoId, PhotoIdError};
pub use place::{PhotoPlace, PlaceError};
pub use store::PhotoStore;
