//! The reviewer's desk: a web app for one person on one machine.
//!
//! [`Desk`] is what can be done with cases: list them, look at one, measure it again, decide it, try
//! another policy on all of them. [`serve`] puts it behind HTTP on 127.0.0.1 for whoever has the
//! token (`access`). The pages work without scripts where that makes sense; `review.js` adds keys,
//! sliders and dropped photos.
//!
//! What a person did is in the audit log before it takes effect. Names, numbers and photos are sent
//! to the page only after an act that is recorded. The check is handed in, so tests hand in fakes.

mod access;
mod audit;
mod desk;
mod edits;
mod filter;
mod pages;
mod server;
mod source;
mod state;
mod table;
mod upload;

pub use audit::{AUDIT_SCHEMA, Act, AuditError, AuditLine, AuditLog};
pub use desk::{CheckCase, Checks, Desk, DeskSettings, LookAt};
pub use edits::{Edit, Slider, edited, sliders};
pub use filter::{Filter, Order, PAGE_ROWS, Row};
pub use server::{Served, serve};
pub use source::{QueueSource, Source};
pub use table::CASES_MAX;

use crate::photos::PhotoError;
use crate::queue::QueueError;

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// There is no such case here.
    #[error("no such case")]
    NotFound,
    /// What was asked for cannot be: says what to do.
    #[error("{0}")]
    Refused(String),
    /// The case or its photos are not there any more.
    #[error("{0}")]
    Gone(String),
    /// A bound of this desk is reached, or a file of it cannot be used.
    #[error("{0}")]
    Limit(String),
    /// The models could not do it.
    #[error("{0}")]
    Check(String),
    /// The audit log cannot be written: nothing is done without it.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The queue refused or does not answer.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The photos' store refused or does not answer.
    #[error(transparent)]
    Photos(#[from] PhotoError),
    /// A file could not be read or written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}
