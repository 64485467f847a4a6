//! What becomes of a delivered message: a claim, a wait, or nothing.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use async_nats::jetstream::{AckKind, Message};

use super::names::Names;
use super::value::WorkMessage;
use super::{Attempted, InHand, NatsQueue, Trouble};
use crate::queue::entry::QueueState;
use crate::queue::lease::Claimed;
use crate::queue::options::Bucket;

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

/// Where the entry in a message counts.
pub(super) fn bucket_of(message: &Message) -> Option<Bucket> {
    let header = message.headers.as_ref()?.get(Names::BUCKET_HEADER)?;
    Bucket::parse(header.as_str())
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
        let (entry, revision) = self.read(&work.case_id).await?;
        let Some(mut entry) = entry.filter(|entry| entry.record.attempt() == work.attempt) else {
            // About an attempt that is over, or a case that was purged.
            message.ack_with(AckKind::Ack).await.ok();
            return Ok(None);
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
        let entry = step.entry.clone().into_counted();
        let revision = self.store(step, revision).await?;
        self.in_hand().insert(claimed.lease.clone(), InHand { message, entry, revision });
        Ok(Some(claimed))
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
