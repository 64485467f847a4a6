//! The queue: cases that wait for a verdict, who has them in hand, and what became of them.
//!
//! [`Queue`] is the contract, with one suite of tests for every backend
//! (`tests/queue_suite`). What may happen to a case is decided by `entry`, without a clock
//! or a store; a backend keeps entries, replaces each only as it was read (compare and set), and
//! finds those that can be claimed. `sqlite` is one file on one machine, `nats` any number of
//! machines.
//!
//! Promises: a case is never lost; an attempt gets one verdict; who lost the lease can record
//! nothing.

mod backoff;
mod change;
mod clock;
mod document;
mod entry;
mod error;
mod lease;
mod nats;
mod options;
mod place;
mod purge;
mod retention;
mod review;
mod sink;
mod sqlite;
mod step_message;
mod submission;
mod verdict;

use std::num::NonZeroUsize;

pub use change::{Change, ChangeKind};
pub use clock::{Clock, Now, SystemClock};
pub use document::{
    AttemptDocument, CaseStatusDocument, ReviewDocument, STATUS_SCHEMA, status_schema, utc_text,
};
pub use entry::{ATTEMPTS_MAX, Attempt, DEATHS_MAX, Entry, QueueState};
pub use error::QueueError;
pub use lease::{Claimed, Company, Heartbeat, Lease, Release, Released};
pub use nats::NatsQueue;
pub use options::{Bucket, Counts, Page, QueueOptions};
pub use place::{NatsPlace, QueuePlace, QueuePlaceError};
pub use purge::{Keep, PurgeRule, Undecided};
pub use retention::{Retention, TURN_EVERY};
pub use review::{Review, ReviewError, ReviewNote};
pub use sink::{Parked, SinkName, SinkNameError, SinkState};
pub use sqlite::{SqliteQueue, ThrowAwayQueue};
pub use step_message::{
    OpenDocument, ReportedResult, STEP_SCHEMA, StepMessage, StepMessageError, step_schema,
};
pub use submission::{PhotoRef, SUBMISSION_SCHEMA, Submission, SubmissionError};
pub use verdict::{AttemptVerdict, VerdictNote};

use crate::status::{ReasonCode, RecordMethod, RequiredSteps, Step, StepResult};

/// What became of a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Submitted {
    /// It is a new attempt of that number and waits for a worker.
    Queued {
        /// Counted from 1.
        attempt: u32,
    },
    /// The same case with the same content was submitted before; nothing changed.
    AlreadyThere {
        /// The attempt it was.
        attempt: u32,
    },
}

/// A case that another service reports a step of.
#[derive(Debug, Clone)]
pub struct StepReport {
    /// The case.
    pub case_id: String,
    /// Which step.
    pub step: Step,
    /// Passed or failed.
    pub result: StepResult,
    /// Why.
    pub reason: Option<ReasonCode>,
    /// Opens a record of this method where there is none; without it an unknown case is refused.
    pub opens: Option<(RecordMethod, RequiredSteps)>,
}

/// A case that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The case.
    pub case_id: String,
    /// The attempt that could not be checked.
    pub attempt: u32,
    /// Why it was set aside.
    pub reason: String,
}

/// A queue of cases. Shared by all threads of a process; several processes may use one queue.
///
/// Every call may wait for the store within a named bound and then fails with
/// [`QueueError::Unavailable`], which says that the same call can be made again.
pub trait Queue: Send + Sync {
    /// Puts an attempt of a case into the queue. The same content again changes nothing.
    ///
    /// # Errors
    /// The case is known with other content and its status asks for no new photos
    /// ([`QueueError::OtherContent`]).
    fn submit(&self, submission: &Submission, required: &RequiredSteps) -> Result<Submitted, QueueError>;

    /// Takes up to `max` cases, each under a lease. A case that was in hand when a worker was lost
    /// comes by itself, to be checked with nothing beside it.
    ///
    /// # Errors
    /// The store's only.
    fn claim(&self, worker: &str, max: NonZeroUsize) -> Result<Vec<Claimed>, QueueError>;

    /// Renews leases; says for each, in order, whether it is still held.
    ///
    /// # Errors
    /// The store's only.
    fn extend(&self, leases: &[Lease]) -> Result<Vec<Heartbeat>, QueueError>;

    /// Records the verdict of an attempt, once.
    ///
    /// # Errors
    /// [`QueueError::LeaseLost`] where the case has gone to another worker: its verdict counts.
    fn record(&self, lease: &Lease, verdict: &AttemptVerdict) -> Result<(), QueueError>;

    /// Gives a case back without a verdict; says what became of it.
    ///
    /// # Errors
    /// [`QueueError::LeaseLost`] where it was not held any more.
    fn release(&self, lease: &Lease, release: &Release) -> Result<Released, QueueError>;

    /// Puts a case that was set aside back into the queue.
    ///
    /// # Errors
    /// It is unknown or not set aside.
    fn requeue(&self, case_id: &str) -> Result<(), QueueError>;

    /// Sets a step that another service or a person decides. The same again changes nothing.
    ///
    /// # Errors
    /// The case is unknown, or the move is not legal.
    fn report_step(&self, report: &StepReport) -> Result<(), QueueError>;

    /// Records what a person decided of an attempt that is in review. The same again changes nothing.
    ///
    /// # Errors
    /// The case is unknown, is at another attempt, or is not in review.
    fn review(&self, review: &Review) -> Result<(), QueueError>;

    /// Everything known of a case.
    ///
    /// # Errors
    /// The store's only.
    fn entry(&self, case_id: &str) -> Result<Option<Entry>, QueueError>;

    /// Cases, page by page. A file reads no more than the page; servers of NATS are read through.
    ///
    /// # Errors
    /// The store's only.
    fn entries(&self, page: Page<'_>) -> Result<Vec<Entry>, QueueError>;

    /// Cases that were set aside, in the order of their ids, `max` of them after `after`.
    ///
    /// # Errors
    /// The store's only.
    fn dead(&self, after: Option<&str>, max: NonZeroUsize) -> Result<Vec<DeadLetter>, QueueError>;

    /// How many cases stand where. A store that keeps copies may lag a moment behind.
    ///
    /// # Errors
    /// The store's only.
    fn counts(&self) -> Result<Counts, QueueError>;

    /// The number of the latest change; 0 where there was none.
    ///
    /// # Errors
    /// The store's only.
    fn last_change(&self) -> Result<u64, QueueError>;

    /// What changed after the change numbered `after`, oldest first, at most `max` of them.
    ///
    /// # Errors
    /// The store's only.
    fn changes(&self, after: u64, max: NonZeroUsize) -> Result<Vec<Change>, QueueError>;

    /// How far a sink has been told, and the revision of that; a new one was told nothing.
    ///
    /// # Errors
    /// The store's only.
    fn sink(&self, name: &SinkName) -> Result<(SinkState, u64), QueueError>;

    /// Stores how far a sink has been told in place of the revision that was read; says the new one,
    /// or `None` where somebody else stored it meanwhile.
    ///
    /// # Errors
    /// The store's only.
    fn store_sink(
        &self,
        name: &SinkName,
        state: &SinkState,
        revision: u64,
    ) -> Result<Option<u64>, QueueError>;

    /// Puts a change, as others are told of it, into the stream that the queue has for them, once and
    /// in its case's order. `false` where the queue has no stream of its own.
    ///
    /// # Errors
    /// The store's only.
    fn publish(&self, change: &Change, id: &str, body: &[u8]) -> Result<bool, QueueError>;

    /// Begins to purge cases for which the rule is due, at most `max` of those after `after`, and says
    /// which; in the order of their ids. What is personal in their entries is gone.
    ///
    /// # Errors
    /// The store's only.
    fn begin_purge(
        &self,
        rule: &PurgeRule,
        after: Option<&str>,
        max: NonZeroUsize,
    ) -> Result<Vec<String>, QueueError>;

    /// Ends the purge of a case whose photos are gone.
    ///
    /// # Errors
    /// The store's only; the same call, or the next purge, goes on.
    fn end_purge(&self, case_id: &str, keep: Keep) -> Result<(), QueueError>;

    /// Overwrites what was taken away, wherever the store keeps copies of it that nobody asks for.
    ///
    /// # Errors
    /// The store's only.
    fn scrub(&self) -> Result<(), QueueError>;

    /// The rule by which the queue is purged without anybody's asking, and whose turn it is; with the
    /// revision of that.
    ///
    /// # Errors
    /// The store's only.
    fn retention(&self) -> Result<(Retention, u64), QueueError>;

    /// Stores them in place of the revision that was read; says the new one, or `None` where somebody
    /// else stored them meanwhile.
    ///
    /// # Errors
    /// The store's only.
    fn store_retention(&self, retention: &Retention, revision: u64) -> Result<Option<u64>, QueueError>;
}
