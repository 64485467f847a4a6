//! Everything a queue knows of one case, and what may happen to it.
//!
//! Pure: the moment is handed in, and a step returns the entry as it is to be stored, with the
//! change to tell of. A backend reads an entry, takes a step and stores the result, if nobody else
//! did so in between. That alone makes an attempt have one verdict, whoever thinks to hold it.

mod others;

use serde::{Deserialize, Serialize};

use super::backoff::wait;
use super::change::{Change, ChangeKind};
use super::clock::Now;
use super::error::QueueError;
use super::lease::{Claimed, Company, Lease, Release};
use super::options::{Bucket, QueueOptions};
use super::review::ReviewNote;
use super::submission::{Submission, SubmissionDocument};
use super::verdict::{AttemptVerdict, VerdictNote};
use super::{DeadLetter, Submitted};
use crate::policy::VerificationStatus;
use crate::status::{Move, Pipeline, RecordMethod, RequiredSteps, VerificationRecord};

/// Attempts that one case may have.
pub const ATTEMPTS_MAX: u32 = 10;

/// Processes that may die of a case, with nothing beside it, before it is set aside. That a worker was
/// lost with the case in hand only makes it a suspect: somebody else may have killed the worker.
pub const DEATHS_MAX: u32 = 2;

/// Workers that may be lost with a case in hand at all: the bound where chance looks like a cause.
const LOSSES_MAX: u32 = 20;

/// Faults of an attempt whose reasons are kept; the latest.
const FAULTS_KEPT: usize = 5;

/// Changes of a case that its entry keeps; the latest.
const CHANGES_KEPT: usize = 32;

/// Characters kept of a reason.
const REASON_CHARS_MAX: usize = 400;

/// Where a case is in the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum QueueState {
    /// Nothing is to be done by a worker.
    Idle,
    /// Waits for a worker.
    Queued {
        /// Not before this moment of the steady clock, in milliseconds.
        ready_ms: u64,
    },
    /// In a worker's hands.
    Claimed {
        /// Who has it.
        worker: String,
        /// The number of the claim.
        token: u64,
        /// Until this moment of the steady clock, in milliseconds.
        until_ms: u64,
        /// Whether it is the only case in those hands.
        alone: bool,
        /// The message that brought it, where a backend has messages.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<u64>,
    },
    /// Set aside.
    Dead {
        /// Why.
        reason: String,
    },
}

/// One attempt at a verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// Counted from 1.
    pub number: u32,
    /// When it was submitted, milliseconds since 1970.
    pub submitted_ms: u64,
    /// Sha256 of its content: see [`Submission::content_sha256`].
    pub content_sha256: String,
    /// How often the machine failed it.
    #[serde(default)]
    pub faults: u32,
    /// The latest reasons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fault_reasons: Vec<String>,
    /// How many workers were lost with it in hand.
    #[serde(default)]
    pub losses: u32,
    /// How many processes died of it that had nothing else to do.
    #[serde(default, alias = "losses_alone")]
    pub deaths: u32,
    /// Its verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<VerdictNote>,
    /// What a person decided where the verdict left that to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<ReviewNote>,
    /// What was submitted; gone after a purge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) submission: Option<SubmissionDocument>,
}

impl Attempt {
    /// What was submitted; `None` after a purge.
    pub fn submission(&self) -> Option<Submission> {
        self.submission.as_ref().and_then(|document| Submission::try_from(document).ok())
    }
}

/// One case in a queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The submitter's name for the case.
    pub case_id: String,
    /// Its verification status.
    pub record: VerificationRecord,
    /// Where it is in the queue.
    pub state: QueueState,
    /// Claims so far: the fence.
    pub token: u64,
    /// Its attempts, oldest first.
    pub attempts: Vec<Attempt>,
    /// Its latest changes, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// Its photos and fields are being taken away.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub purging: bool,
    /// When it last changed, milliseconds since 1970.
    pub updated_ms: u64,
    /// Where the case counted when it was read; not stored. `None` where it is new.
    #[serde(skip)]
    pub(super) counted: Option<Bucket>,
}

/// An entry as it is to be stored, and what to tell of it.
pub(super) struct Step {
    pub(super) entry: Entry,
    pub(super) change: Option<Change>,
}

impl Entry {
    fn new(case_id: &str, method: RecordMethod, required: &RequiredSteps, now: Now) -> Self {
        Self {
            case_id: case_id.to_owned(),
            record: VerificationRecord::new(method, required.clone()),
            state: QueueState::Idle,
            token: 0,
            attempts: Vec::new(),
            changes: Vec::new(),
            purging: false,
            updated_ms: now.wall_ms,
            counted: None,
        }
    }

    /// The attempt that the case is at.
    pub fn current(&self) -> Option<&Attempt> {
        self.attempts.last()
    }

    /// Where the case counts: see [`Counts`](super::Counts).
    pub fn bucket(&self) -> Bucket {
        match self.state {
            QueueState::Queued { .. } => Bucket::Queued,
            QueueState::Claimed { .. } => Bucket::Processing,
            QueueState::Dead { .. } => Bucket::Dead,
            QueueState::Idle => match self.record.status() {
                VerificationStatus::Incomplete => Bucket::Incomplete,
                // A case without an attempt in the queue is never `processing`: see the properties.
                VerificationStatus::Processing => Bucket::Processing,
                VerificationStatus::Retake => Bucket::Retake,
                VerificationStatus::Rejected => Bucket::Rejected,
                VerificationStatus::InReview => Bucket::InReview,
                VerificationStatus::Verified => Bucket::Verified,
            },
        }
    }

    /// Whether a worker was lost with the attempt in hand.
    pub(super) fn is_suspect(&self) -> bool {
        self.current().is_some_and(|attempt| attempt.losses > 0)
    }

    /// The moment of the steady clock at which something is to be done about the case: it can be
    /// claimed, or its lease runs out.
    pub(super) fn due_ms(&self) -> Option<u64> {
        match self.state {
            QueueState::Queued { ready_ms } => Some(ready_ms),
            QueueState::Claimed { until_ms, .. } => Some(until_ms),
            QueueState::Idle | QueueState::Dead { .. } => None,
        }
    }

    /// Brings a moment that lies ahead to now: the store says that it has passed.
    pub(super) fn make_due(&mut self, now: Now) {
        match &mut self.state {
            QueueState::Queued { ready_ms: due_ms } | QueueState::Claimed { until_ms: due_ms, .. } => {
                *due_ms = (*due_ms).min(now.steady_ms);
            }
            QueueState::Idle | QueueState::Dead { .. } => {}
        }
    }

    /// The case as one that was set aside.
    pub(super) fn dead_letter(&self) -> Option<DeadLetter> {
        match &self.state {
            QueueState::Dead { reason } => Some(DeadLetter {
                case_id: self.case_id.clone(),
                attempt: self.record.attempt(),
                reason: reason.clone(),
            }),
            QueueState::Idle | QueueState::Queued { .. } | QueueState::Claimed { .. } => None,
        }
    }

    pub(super) fn change(&self, kind: ChangeKind, now: Now) -> Change {
        Change {
            number: 0,
            sequence: 0,
            at_ms: now.wall_ms,
            case_id: self.case_id.clone(),
            attempt: self.record.attempt(),
            kind,
            status: self.record.status().into(),
            decision: None,
            codes: Vec::new(),
            step: None,
            result: None,
            review: None,
        }
    }

    pub(super) fn stored(mut self, now: Now, change: Option<Change>) -> Step {
        self.updated_ms = now.wall_ms;
        let change = change.map(|change| {
            let sequence = self.changes.last().map_or(0, |last| last.sequence) + 1;
            let change = Change { sequence, ..change };
            if self.changes.len() == CHANGES_KEPT {
                self.changes.remove(0);
            }
            self.changes.push(change.clone());
            change
        });
        Step { entry: self, change }
    }

    /// A new attempt, or the one that was already there.
    pub(super) fn submitted(
        before: Option<Self>,
        submission: &Submission,
        required: &RequiredSteps,
        now: Now,
    ) -> Result<(Submitted, Option<Step>), QueueError> {
        let content_sha256 = submission.content_sha256();
        let mut entry =
            before.unwrap_or_else(|| Self::new(&submission.case_id, RecordMethod::IdCard, required, now));
        if let Some(same) = entry.attempts.iter().find(|attempt| attempt.content_sha256 == content_sha256) {
            return Ok((Submitted::AlreadyThere { attempt: same.number }, None));
        }
        let case_id = submission.case_id.clone();
        if entry.purging {
            return Err(QueueError::Purging { case_id });
        }
        if entry.record.attempt() >= ATTEMPTS_MAX {
            return Err(QueueError::TooManyAttempts { case_id, attempts: ATTEMPTS_MAX });
        }
        entry.record = entry.record.after(&Move::Submit).map_err(|illegal| QueueError::OtherContent {
            case_id,
            status: illegal.status,
            why: illegal.why,
        })?;
        entry.state = QueueState::Queued { ready_ms: now.steady_ms };
        let number = entry.record.attempt();
        entry.attempts.push(Attempt {
            number,
            submitted_ms: now.wall_ms,
            content_sha256,
            faults: 0,
            fault_reasons: Vec::new(),
            losses: 0,
            deaths: 0,
            verdict: None,
            review: None,
            submission: Some(SubmissionDocument::from(submission)),
        });
        let change = entry.change(ChangeKind::Submitted, now);
        Ok((Submitted::Queued { attempt: number }, Some(entry.stored(now, Some(change)))))
    }

    /// The case in a worker's hands; `None` where it does not wait for one, or not yet.
    pub(super) fn claimed(
        mut self,
        worker: &str,
        options: &QueueOptions,
        now: Now,
    ) -> Option<(Claimed, Step)> {
        let QueueState::Queued { ready_ms } = self.state else { return None };
        if ready_ms > now.steady_ms {
            return None;
        }
        let alone = self.is_suspect();
        let current = self.current()?;
        let (attempt, submission) = (current.number, current.submission()?);
        self.token += 1;
        let until_ms = now.steady_ms + options.lease.as_millis() as u64;
        self.state = QueueState::Claimed {
            worker: worker.to_owned(),
            token: self.token,
            until_ms,
            alone,
            message: None,
        };
        let lease = Lease { case_id: self.case_id.clone(), attempt, token: self.token };
        let company = if alone { Company::Alone } else { Company::Others };
        Some((Claimed { lease, submission, company }, self.stored(now, None)))
    }

    /// The case after its worker was lost: in the queue again after a wait, longer each time, so that
    /// what kills workers does not keep them from the rest; or set aside.
    pub(super) fn lost(mut self, options: &QueueOptions, now: Now) -> Step {
        let QueueState::Claimed { .. } = self.state else { return self.stored(now, None) };
        let Some(attempt) = self.attempts.last_mut() else { return self.stored(now, None) };
        attempt.losses += 1;
        let losses = attempt.losses;
        if losses < LOSSES_MAX {
            let wait_ms = wait(options, &self.case_id, attempt.number, losses).as_millis() as u64;
            self.state = QueueState::Queued { ready_ms: now.steady_ms + wait_ms };
            return self.stored(now, None);
        }
        self.set_aside(format!("{losses} workers were lost while they had it"), now)
    }

    fn set_aside(mut self, reason: String, now: Now) -> Step {
        self.state = QueueState::Dead { reason };
        let change = self.change(ChangeKind::Dead, now);
        self.stored(now, Some(change))
    }

    fn is_held(&self, lease: &Lease) -> bool {
        let held = matches!(self.state, QueueState::Claimed { token, .. } if token == lease.token);
        held && self.record.attempt() == lease.attempt
    }

    /// The lease for another term; `None` where it is lost. A lapsed one that nobody took since is
    /// still held.
    pub(super) fn extended(mut self, lease: &Lease, options: &QueueOptions, now: Now) -> Option<Step> {
        if !self.is_held(lease) {
            return None;
        }
        if let QueueState::Claimed { until_ms, .. } = &mut self.state {
            *until_ms = now.steady_ms + options.lease.as_millis() as u64;
        }
        Some(self.stored(now, None))
    }

    /// The attempt with its verdict.
    pub(super) fn recorded(
        mut self,
        lease: &Lease,
        verdict: &AttemptVerdict,
        now: Now,
    ) -> Result<Step, QueueError> {
        let lost = || QueueError::LeaseLost { case_id: lease.case_id.clone() };
        if !self.is_held(lease) || self.record.pipeline() != Pipeline::Waiting {
            return Err(lost());
        }
        let QueueState::Claimed { worker, .. } = &self.state else { return Err(lost()) };
        let worker = worker.clone();
        self.record = self.record.after(&Move::Verdict(verdict.outcome.clone())).map_err(|_| lost())?;
        let note = VerdictNote { recorded_ms: now.wall_ms, worker, ..verdict.note.clone() };
        let change = Change {
            decision: Some(note.decision),
            codes: note.codes.clone(),
            ..self.change(ChangeKind::Verdict, now)
        };
        self.attempts.last_mut().ok_or_else(lost)?.verdict = Some(note);
        self.state = QueueState::Idle;
        Ok(self.stored(now, Some(change)))
    }

    /// The case without the worker that had it.
    pub(super) fn released(
        mut self,
        lease: &Lease,
        release: &Release,
        options: &QueueOptions,
        now: Now,
    ) -> Result<Step, QueueError> {
        let held = self.is_held(lease);
        let attempt = self.attempts.last_mut().filter(|_| held);
        let attempt = attempt.ok_or_else(|| QueueError::LeaseLost { case_id: lease.case_id.clone() })?;
        match release {
            Release::HandedBack => {
                self.state = QueueState::Queued { ready_ms: now.steady_ms };
                Ok(self.stored(now, None))
            }
            Release::Hopeless { reason } => {
                let reason = shortened(reason);
                Ok(self.set_aside(reason, now))
            }
            Release::Death { reason } => {
                let reason = shortened(reason);
                attempt.deaths += 1;
                attempt.losses = attempt.losses.max(1);
                let deaths = attempt.deaths;
                if deaths >= DEATHS_MAX {
                    return Ok(
                        self.set_aside(format!("{deaths} processes died of it, at last: {reason}"), now)
                    );
                }
                let wait_ms = wait(options, &lease.case_id, lease.attempt, deaths).as_millis() as u64;
                self.state = QueueState::Queued { ready_ms: now.steady_ms + wait_ms };
                Ok(self.stored(now, None))
            }
            Release::Fault { reason } => {
                let reason = shortened(reason);
                attempt.faults += 1;
                if attempt.fault_reasons.len() == FAULTS_KEPT {
                    attempt.fault_reasons.remove(0);
                }
                attempt.fault_reasons.push(reason.clone());
                let faults = attempt.faults;
                if faults >= options.faults_max {
                    return Ok(self.set_aside(format!("failed {faults} times, at last: {reason}"), now));
                }
                let wait_ms = wait(options, &lease.case_id, lease.attempt, faults).as_millis() as u64;
                self.state = QueueState::Queued { ready_ms: now.steady_ms + wait_ms };
                Ok(self.stored(now, None))
            }
        }
    }

    /// A case that was set aside, in the queue again with nothing held against it.
    pub(super) fn requeued(mut self, now: Now) -> Result<Step, QueueError> {
        let is_dead = matches!(self.state, QueueState::Dead { .. }) && !self.purging;
        let attempt = self.attempts.last_mut().filter(|attempt| is_dead && attempt.submission.is_some());
        let Some(attempt) = attempt else {
            return Err(QueueError::NotDead { case_id: self.case_id });
        };
        attempt.faults = 0;
        // What killed workers stays a suspect, and is tried by itself.
        attempt.losses = attempt.losses.min(1);
        attempt.deaths = 0;
        self.state = QueueState::Queued { ready_ms: now.steady_ms };
        let change = self.change(ChangeKind::Requeued, now);
        Ok(self.stored(now, Some(change)))
    }
}

fn shortened(reason: &str) -> String {
    reason.chars().take(REASON_CHARS_MAX).collect()
}
