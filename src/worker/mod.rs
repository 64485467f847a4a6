//! Takes cases from where they lie, has them checked, and records the verdicts.
//!
//! Prints nothing and knows no model: the check is a function it is handed. `batch` is the whole
//! way through a folder of cases; `pairs` compares the faces of a list of photos. `submit` puts a case
//! into a queue, `service` works on one, `apart` checks a case in a process of its own, `purge` takes out
//! what is old enough, `retention` does so by the queue's own rule beside a worker's work.

pub mod apart;
mod assessment_file;
pub mod batch;
mod batch_summary;
mod brief;
mod case_source;
mod case_view;
mod expected;
mod folders;
mod in_order;
mod ordered;
pub mod pairs;
mod photo_reader;
mod plain_file;
pub mod purge;
pub mod retention;
pub mod service;
mod service_events;
pub mod submit;
mod verdict_file;
mod wait;
mod whole_file;

pub use assessment_file::AssessmentFile;
pub use batch_summary::{SummaryError, add_assessments, add_queue, add_verdicts};
pub use brief::{Brief, Tally};
pub use case_view::case_view;
pub use expected::{Agreement, Expected};
pub use folders::{CaseEntry, CaseFolders, FoldersError, case_folders};
pub use ordered::{Panicked, for_each_in_order};
pub use plain_file::read_plain;
pub use verdict_file::{VerdictFile, VerdictFileError};
pub use whole_file::write_whole;
