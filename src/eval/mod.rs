//! Measures the program itself on labelled sets.
//!
//! `labels` reads a set, `look` runs the program on one of its photos, `summary` adds up what came
//! of all of them with intervals from `interval`, `table` and `gallery` show it; `quality` and its neighbours
//! do the same for selfies. Nothing here runs
//! in production.

mod defects;
mod face_labels;
mod gallery;
mod interval;
mod labels;
mod look;
mod quality;
mod quality_table;
mod summary;
mod table;

pub use defects::{DEFECTS, FACE_DEFECTS, codes_of, face_codes_of};
pub use face_labels::{FaceLabel, read_face_labels};
pub use gallery::{Exhibit, gallery};
pub use interval::{Rate, percentiles};
pub use labels::{CardLabel, LabelledFields, LabelledSide, SetError, photo_path, read_labels};
pub use look::{exhibit, failure, look};
pub use quality::{PoseErrors, QualityOutcome, QualitySummary, look_at_selfie, quality_summary};
pub use quality_table::quality_table;
pub use summary::{CardOutcome, CardSummary, Fit, LocatorSummary, Percentiles, summary};
pub use table::table;
