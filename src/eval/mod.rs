//! Measures the program itself on labelled sets.
//!
//! `labels` reads a set, `look` runs the program on one of its photos, `summary` adds up what came
//! of all of them with intervals from `interval`, `table` and `gallery` show it. Nothing here runs
//! in production.

mod defects;
mod gallery;
mod interval;
mod labels;
mod look;
mod summary;
mod table;

pub use defects::{DEFECTS, codes_of};
pub use gallery::{Exhibit, gallery};
pub use interval::{Rate, percentiles};
pub use labels::{CardLabel, LabelledFields, LabelledSide, SetError, photo_path, read_labels};
pub use look::{exhibit, failure, look};
pub use summary::{CardOutcome, CardSummary, Fit, LocatorSummary, Percentiles, summary};
pub use table::table;
