//! What a worker tells of, as it happens, and the sum of it at the end. Holds no personal data.

use std::any::Any;
use std::error::Error;
use std::time::Duration;

use crate::policy::Verdict;
use crate::queue::{Company, Lease, QueueError, Released};

/// What happened, as it happens. No personal data.
#[derive(Debug)]
pub enum Progress<'a> {
    /// A case came into this worker's hands. One of [`Verdict`](Self::Verdict),
    /// [`Fault`](Self::Fault), [`LeaseLost`](Self::LeaseLost) and
    /// [`HandedBack`](Self::HandedBack) takes it out of them.
    Claimed {
        /// The case.
        lease: &'a Lease,
        /// What may be checked beside it.
        company: Company,
    },
    /// A verdict was recorded.
    Verdict {
        /// The case.
        lease: &'a Lease,
        /// The verdict.
        verdict: &'a Verdict,
        /// From its claim on.
        took: Duration,
    },
    /// The machine failed a case, which was given back.
    Fault {
        /// The case.
        lease: &'a Lease,
        /// In what.
        kind: FaultKind,
        /// What went wrong.
        reason: &'a str,
        /// Whether it is tried again.
        released: Released,
    },
    /// The case went to another worker before its verdict was recorded, or the queue broke.
    LeaseLost {
        /// The case.
        lease: &'a Lease,
        /// Which of them.
        error: &'a QueueError,
    },
    /// The worker is about to end and gave the case back.
    HandedBack {
        /// The case.
        lease: &'a Lease,
    },
    /// The queue, or the place for photos, cannot be used now; the worker waits.
    Waiting {
        /// What it said.
        error: &'a dyn Error,
    },
    /// It can be used again.
    Resumed,
    /// The time to stop is over, and cases are still being checked. They were handed back: their
    /// verdicts will not count. Whoever is told may end the process.
    Overdue {
        /// How many.
        cases: usize,
    },
}

/// In what the machine failed a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// A photo could not be read from where photos are.
    Photos,
    /// The check said that it could not be done.
    Check,
    /// The check panicked.
    Panic,
    /// A process of its own died of the case.
    Death,
}

impl FaultKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Photos, Self::Check, Self::Panic, Self::Death];

    /// Its name in logs and metrics.
    pub fn id(self) -> &'static str {
        match self {
            Self::Photos => "photos",
            Self::Check => "check",
            Self::Panic => "panic",
            Self::Death => "death",
        }
    }
}

/// What a worker did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ServiceReport {
    /// Verdicts recorded.
    pub verdicts: u64,
    /// Cases given back because the machine failed them.
    pub faults: u64,
    /// Cases lost to another worker.
    pub lease_losses: u64,
    /// Cases handed back at the end.
    pub handed_back: u64,
}

/// What is kept of a panic. A message that is a literal of the program is; one that was put together
/// may quote the case (the standard library quotes the text that it could not slice).
pub(super) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let literal = panic.downcast_ref::<&'static str>();
    let message = literal.copied().unwrap_or("its message is not kept, as it may quote the case");
    format!("the check panicked: {message}")
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn a_panic_that_quotes_what_was_read_is_not_quoted() {
        let name = "张样本".to_owned();
        let slip = catch_unwind(|| name[1..].len()).expect_err("inside a character");
        assert!(slip.downcast_ref::<String>().expect("put together").contains("张样本"));
        assert_eq!(
            panic_text(slip.as_ref()),
            "the check panicked: its message is not kept, as it may quote the case"
        );
        let plain = catch_unwind(|| panic!("as asked for")).expect_err("a panic");
        assert_eq!(panic_text(plain.as_ref()), "the check panicked: as asked for");
    }
}
