//! What becomes of a delivered message: a claim, a wait, or nothing.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use async_nats::jetstream::{AckKind, Message};

use super::value::WorkMessage;
use super::{Attempted, InHand, NatsQueue, Trouble};
use crate::queue::entry::{Entry, QueueState};
use crate::queue::lease::Claimed;
use crate::queue::submission::Submission;

/// A message about a case that another copy has brought into somebody's hands comes again after
/// this many leases; where nothing moved meanwhile, nobody has it.
const COPY_LEASES: u32 = 2;

/// A suspect among others waits this long for empty hands.
const SUSPECT_WAIT: Duration = Duration::from_millis(100);

/// Whether a worker holds cases already.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Hands {
    Empty,
    Full,
}

impl NatsQueue {
    /// What becomes of a delivered message: a claim, or nothing.
    pub(super) async fn taken(
        &self,
        worker: &str,
        message: Message,
        hands: Hands,
    ) -> Attempted<Option<Claimed>> {
        let Ok(work) = WorkMessage::parse(&message.payload) else {
            // Not ours; nobody can do anything with it.
            message.ack_with(AckKind::Term).await.ok();
            return Ok(None);
        };
        let sequence = message.info().map_err(|error| Trouble::Away(error.to_string()))?.stream_sequence;
        let (before, revision) = self.read(work.case_id()).await?;
        let (mut entry, revision) = match self.with_attempt(&work, before, revision).await? {
            Some(read) => read,
            None => {
                message.ack_with(AckKind::Ack).await.ok();
                return Ok(None);
            }
        };
        if let QueueState::Claimed { message: held, .. } = entry.state {
            let is_copy = held != Some(sequence);
            if is_copy && !self.is_stale_copy(&entry.case_id, revision) {
                message.ack_with(AckKind::Nak(Some(self.options.lease * COPY_LEASES))).await.ok();
                return Ok(None);
            }
            let now = self.now();
            let step = entry.lost(&self.options, now);
            let due_ms = step.entry.due_ms();
            self.store(step, revision).await?;
            let kind = match due_ms {
                Some(due_ms) => {
                    AckKind::Nak(Some(Duration::from_millis(due_ms.saturating_sub(now.steady_ms))))
                }
                None => AckKind::Ack,
            };
            message.ack_with(kind).await.ok();
            return Ok(None);
        }
        if matches!(entry.state, QueueState::Idle | QueueState::Dead { .. }) {
            message.ack_with(AckKind::Ack).await.ok();
            return Ok(None);
        }
        if entry.is_suspect() && hands == Hands::Full {
            message.ack_with(AckKind::Nak(Some(SUSPECT_WAIT))).await.ok();
            return Ok(None);
        }
        // The server says when: what it delivers is due.
        let now = self.now();
        entry.make_due(now);
        let Some((claimed, mut step)) = entry.claimed(worker, &self.options, now) else {
            message.ack_with(AckKind::Ack).await.ok();
            return Ok(None);
        };
        if let QueueState::Claimed { message, .. } = &mut step.entry.state {
            *message = Some(sequence);
        }
        let entry = step.entry.clone();
        let revision = self.store(step, revision).await?;
        self.in_hand().insert(claimed.lease.clone(), InHand { message, entry, revision });
        Ok(Some(claimed))
    }

    /// The entry with the message's attempt in it, which a submitter may have had no time to store;
    /// `None` where the message is about an attempt that is over or was refused.
    async fn with_attempt(
        &self,
        work: &WorkMessage,
        before: Option<Entry>,
        revision: u64,
    ) -> Attempted<Option<(Entry, u64)>> {
        match work {
            WorkMessage::Submitted { submission, required } => {
                let Ok(submission) = Submission::try_from(&**submission) else { return Ok(None) };
                let content = submission.content_sha256();
                if let Some(entry) = &before
                    && entry.attempts.iter().any(|attempt| attempt.content_sha256 == content)
                {
                    let is_current = entry.current().is_some_and(|a| a.content_sha256 == content);
                    return Ok(before.filter(|_| is_current).map(|entry| (entry, revision)));
                }
                match Entry::submitted(before, &submission, required, self.now()) {
                    Ok((_, Some(step))) => {
                        let entry = step.entry.clone();
                        let revision = self.store(step, revision).await?;
                        Ok(Some((entry, revision)))
                    }
                    Ok((_, None)) | Err(_) => Ok(None),
                }
            }
            WorkMessage::Requeued { attempt, .. } => {
                Ok(before.filter(|entry| entry.record.attempt() == *attempt).map(|entry| (entry, revision)))
            }
        }
    }

    /// Whether a case in somebody's hands has not moved since a copy of its message was last seen.
    fn is_stale_copy(&self, case_id: &str, revision: u64) -> bool {
        let mut copies = self.copies.lock().unwrap_or_else(PoisonError::into_inner);
        let stale_after = self.options.lease * COPY_LEASES;
        // What is long past is of no use, and the map must not grow.
        copies.retain(|_, (_, seen)| seen.elapsed() < stale_after * 4);
        match copies.get(case_id) {
            Some((at, seen)) if *at == revision => seen.elapsed() >= stale_after,
            Some(_) | None => {
                copies.insert(case_id.to_owned(), (revision, Instant::now()));
                false
            }
        }
    }
}
