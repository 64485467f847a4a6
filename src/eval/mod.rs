//! Measures the program itself on labelled sets.
//!
//! `labels` reads a set, `look` runs the program on one of its photos, `summary` adds up what came
//! of all of them with intervals from `interval`, `table` and `gallery` show it; `quality` and its
//! neighbours do the same for selfies. `score_table` reads scored pairs of faces, `verification`
//! measures them and fits calibrations, `faces` and `plot` show that. Nothing here runs in
//! production.

mod defects;
mod face_labels;
mod faces;
mod gallery;
mod interval;
mod labels;
mod liveness;
mod look;
mod plot;
mod quality;
mod quality_table;
mod score_table;
mod section;
mod summary;
mod table;
mod verification;

pub use defects::{DEFECTS, FACE_DEFECTS, codes_of, face_codes_of};
pub use face_labels::{FaceLabel, read_face_labels};
pub use faces::{FacesSummary, GroupSummary, faces_page, faces_summary, faces_text};
pub use gallery::{Exhibit, gallery};
pub use interval::{Rate, percentiles};
pub use labels::{CardLabel, LabelledFields, LabelledSide, SetError, photo_path, read_labels};
pub use liveness::{LivenessSummary, Presentation, liveness_summary, liveness_text};
pub use look::{exhibit, failure, look};
pub use quality::{PoseErrors, QualityOutcome, QualitySummary, look_at_selfie, quality_summary};
pub use quality_table::quality_table;
pub use score_table::{ScoreTable, ScoreTableError, ScoredPair};
pub use summary::{CardOutcome, CardSummary, Fit, LocatorSummary, Percentiles, summary};
pub use table::table;
pub use verification::{AtDistance, AtFmr, CalibrationFit, FMRS, Interval, Verification, calibration_fit};
