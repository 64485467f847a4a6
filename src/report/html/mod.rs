//! Reports as HTML, for people at a browser: the page's shell, and the fragments that the case
//! report and the review app are both made of.
//!
//! Pure: makes text from what it is handed, reads no file and runs no model. `maud` escapes
//! whatever others wrote; names of cases and files pass through [`super::one_line`] besides. What a
//! report may not show does not enter it: see [`Privacy`].

mod batch;
mod batch_page;
mod case_page;
mod comparison;
mod fields;
mod figures;
mod measures;
mod names;
mod overlay;
mod pictures;
mod plots;
mod scale;
mod shell;
mod view;
mod words;

pub use batch::{BatchSummary, CodeCount, Decisions, Spread, TimedCase};
pub use batch_page::batch_report;
pub use case_page::{case_report, case_sections, decision_section};
pub use fields::{Agreement, FieldRow, Shown};
pub use overlay::Overlay;
pub use pictures::{CardPicture, PhotoPicture, Picture};
pub use shell::{Assets, Page, SCRIPT, STYLE, inlined_policy};
pub use view::{CaseView, MeasureRow, PhotoView, Privacy};
pub use words::{Words, language_tag, words};
