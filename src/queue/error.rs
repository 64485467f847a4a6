//! Why a queue did not do what it was asked, by whose fault it is.

use crate::policy::VerificationStatus;
use crate::status::IllegalMove;

/// What a queue answers with instead.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The caller's: the case was submitted before with other photos or claims.
    #[error(
        "case `{case_id}` was submitted before with other content and is {}: {why}", .status.id()
    )]
    OtherContent {
        /// The case.
        case_id: String,
        /// Where it stands.
        status: VerificationStatus,
        /// Why new photos are not taken.
        why: &'static str,
    },
    /// The caller's: too many attempts.
    #[error("case `{case_id}` has had {attempts} attempts, the most there can be")]
    TooManyAttempts {
        /// The case.
        case_id: String,
        /// How many.
        attempts: u32,
    },
    /// The caller's: no such case.
    #[error("case `{case_id}` is unknown in this queue")]
    Unknown {
        /// The case.
        case_id: String,
    },
    /// The caller's: the case cannot be put back.
    #[error("case `{case_id}` was not set aside, so it cannot be put back")]
    NotDead {
        /// The case.
        case_id: String,
    },
    /// The caller's: a step cannot be set.
    #[error("case `{case_id}`: {source}")]
    Illegal {
        /// The case.
        case_id: String,
        /// Why.
        source: IllegalMove,
    },
    /// The caller's: it was about an attempt that the case is not at.
    #[error("case `{case_id}` is at attempt {current}, not {attempt}; look at it again")]
    OtherAttempt {
        /// The case.
        case_id: String,
        /// The attempt that was meant.
        attempt: u32,
        /// The one that the case is at.
        current: u32,
    },
    /// Nobody's: what was sent before is being taken away; the same call can be made again.
    #[error("case `{case_id}` is being purged; try again in a moment")]
    Purging {
        /// The case.
        case_id: String,
    },
    /// Nobody's: the lease ran out and the case has gone on without this worker.
    #[error("the lease on case `{case_id}` was lost; whoever has the case now records its verdict")]
    LeaseLost {
        /// The case.
        case_id: String,
    },
    /// The machine's, and it may pass: the same call can be made again.
    #[error("{queue}: {detail}; nothing was lost, and the same can be tried again")]
    Unavailable {
        /// Where the queue is.
        queue: String,
        /// What the store said.
        detail: String,
    },
    /// The machine's, and somebody has to mend it.
    #[error("{queue}: {detail}")]
    Broken {
        /// Where the queue is.
        queue: String,
        /// What is wrong, and what to do.
        detail: String,
    },
}

impl QueueError {
    /// Whether the same call may go well later without anybody's doing.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Purging { .. })
    }
}
