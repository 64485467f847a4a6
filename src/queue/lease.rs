//! What a worker holds: a case under a lease, and the ways to let go of it.

use super::entry::{Entry, QueueState};
use super::submission::Submission;

/// The right to record a case's verdict. The token is a fence: every claim of the case has a
/// larger one, and only the latest counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Lease {
    /// The case.
    pub case_id: String,
    /// The attempt that is to be checked.
    pub attempt: u32,
    /// The number of the claim.
    pub token: u64,
}

/// What may be in hand beside a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Company {
    /// Other cases.
    Others,
    /// Nothing: a worker was lost with this case in hand, and if the case did that, it must hit nothing
    /// else. It belongs in a process of its own, whose death tells (`worker::apart`).
    Alone,
}

/// A case in a worker's hands.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// The right to record its verdict.
    pub lease: Lease,
    /// What to check.
    pub submission: Submission,
    /// What may be checked beside it.
    pub company: Company,
}

/// Whether a lease is still held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heartbeat {
    /// It is, for another term.
    Held,
    /// The case has gone on without this worker.
    Lost,
}

/// Why a case is given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Release {
    /// The worker ends. The case can be claimed at once, and nothing is counted.
    HandedBack,
    /// The machine failed. The case waits, longer each time, and is set aside after too many.
    Fault {
        /// What went wrong, for operators; no personal data.
        reason: String,
    },
    /// A process of its own, with nothing beside the case, died of it. The case waits, longer each
    /// time, and is set aside after [`DEATHS_MAX`](super::DEATHS_MAX).
    Death {
        /// How it died, for operators; no personal data.
        reason: String,
    },
    /// No try can mend it, for example because a photo is gone. The case is set aside.
    Hopeless {
        /// What went wrong, for operators; no personal data.
        reason: String,
    },
}

/// What became of a case that was given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Released {
    /// It waits in the queue for another try.
    Queued,
    /// It was set aside: nobody tries it again.
    SetAside,
}

impl Released {
    /// As the case is stored.
    pub(super) fn of(entry: &Entry) -> Self {
        match entry.state {
            QueueState::Dead { .. } => Self::SetAside,
            QueueState::Idle | QueueState::Queued { .. } | QueueState::Claimed { .. } => Self::Queued,
        }
    }
}
