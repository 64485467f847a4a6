//! What is taken away of a case that is old enough, and what stays.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::change::ChangeKind;
use super::clock::Now;
use super::entry::{Entry, QueueState, Step};
use super::options::Bucket;

/// What stays of a purged case. Photos, what the user typed, what was read from the card, whole
/// verdicts and reviewers' notes go in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// The case with its status, its attempts and their codes.
    Status,
    /// The case is forgotten. Its codes stay in what was told of it.
    Codes,
}

/// What becomes of cases that wait for a person: those in review, and those that were set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Undecided {
    /// They stay, however old: taken away they would never get their decision.
    Stay,
    /// They go like any other.
    Go,
}

/// Which cases are purged, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PurgeRule {
    /// Those that did not change for so long, and that are neither queued nor in hand.
    pub older_than: Duration,
    /// What stays.
    pub keep: Keep,
    /// Whether those are among them that nobody has decided.
    pub undecided: Undecided,
}

impl Entry {
    /// The case without anything personal, on its way to be purged; `None` where the rule does not
    /// apply. From now on no photos are taken until the purge has ended, so that none is taken away
    /// that came meanwhile. A purge that was begun goes on, whatever the rule.
    pub(super) fn purge_begun(mut self, rule: &PurgeRule, now: Now) -> Option<Step> {
        let rests = match self.state {
            QueueState::Idle | QueueState::Dead { .. } => true,
            QueueState::Queued { .. } | QueueState::Claimed { .. } => false,
        };
        let age_ms = now.wall_ms.saturating_sub(self.updated_ms);
        let is_old = u128::from(age_ms) >= rule.older_than.as_millis();
        let waits_for_a_person = matches!(self.bucket(), Bucket::InReview | Bucket::Dead);
        let is_meant = rule.undecided == Undecided::Go || !waits_for_a_person;
        let is_due = is_old && is_meant && (rule.keep == Keep::Codes || self.is_personal());
        if !rests || !(self.purging || is_due) {
            return None;
        }
        for attempt in &mut self.attempts {
            attempt.submission = None;
            if let Some(verdict) = &mut attempt.verdict {
                verdict.document = None;
            }
            if let Some(review) = &mut attempt.review {
                review.note = None;
            }
        }
        self.purging = true;
        // It is as old as before.
        Some(Step { entry: self, change: None })
    }

    fn is_personal(&self) -> bool {
        self.attempts.iter().any(|attempt| {
            attempt.submission.is_some()
                || attempt.verdict.as_ref().is_some_and(|verdict| verdict.document.is_some())
                || attempt.review.as_ref().is_some_and(|review| review.note.is_some())
        })
    }

    /// The case once everything is gone; `None` where no purge was begun.
    pub(super) fn purge_ended(mut self, now: Now) -> Option<Step> {
        if !self.purging {
            return None;
        }
        self.purging = false;
        let (change, updated_ms) = (self.change(ChangeKind::Purged, now), self.updated_ms);
        let mut step = self.stored(now, Some(change));
        step.entry.updated_ms = updated_ms;
        Some(step)
    }
}
