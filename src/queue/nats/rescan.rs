//! Cases that wait and that no message speaks of: found by idle workers, and announced again.
//!
//! A submitter may end between storing an attempt and announcing it, and a cluster of servers may
//! lose a message with a node. A case that waits or is in hand and whose entry does not move for
//! several leases, by this process's own clock, is announced again; the message is told apart by the
//! entry's revision, so that of several workers that find it one is heard. Where nothing was lost
//! after all the message is a copy, and is dealt with as such.

use std::collections::HashMap;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use super::claims::bucket_of;
use super::value::{Value, WorkMessage};
use super::{Attempted, NatsQueue, Trouble};
use crate::queue::options::{Bucket, Counts};

/// Leases for which an entry may stand still before it is announced again: longer than a heartbeat,
/// and than a message that is on its way.
const STILL_LEASES: u32 = 3;

/// Cases that one look announces; the next one goes on.
const ANNOUNCED_MAX: usize = 500;

/// What was seen of cases that wait.
#[derive(Default)]
pub(super) struct Rescan {
    last: Option<Instant>,
    /// By subject: the revision, and since when it stands.
    seen: HashMap<String, (u64, Instant)>,
}

impl NatsQueue {
    /// Looks once in a lease. What goes wrong here is tried again by the next look.
    pub(super) fn look_for_lost_cases(&self) {
        {
            let mut rescan = self.rescan.lock().unwrap_or_else(PoisonError::into_inner);
            if rescan.last.is_some_and(|last| last.elapsed() < self.options.lease) {
                return;
            }
            rescan.last = Some(Instant::now());
        }
        self.runtime.block_on(self.announced_again()).ok();
    }

    async fn announced_again(&self) -> Attempted<()> {
        // While messages wait, their cases do.
        let consumer = self.consumer().await?;
        let info = consumer.get_info().await.map_err(|error| Trouble::Away(error.to_string()))?;
        if info.num_pending > 0 {
            return Ok(());
        }
        let mut waits: HashMap<String, u64> = HashMap::new();
        let (before, mut counts) = (self.last_revision().await?, Counts::default());
        self.for_each_entry(true, |message| {
            let bucket = bucket_of(message);
            if let Some(bucket) = bucket {
                *counts.slot(bucket) += 1;
            }
            let is_open = matches!(bucket, Some(Bucket::Queued | Bucket::Processing));
            if let (true, Ok(info)) = (is_open, message.info()) {
                waits.insert(message.subject.to_string(), info.stream_sequence);
            }
            true
        })
        .await?;
        // A node that came back with revisions of its own would leave the kept counts wrong for ever.
        if self.last_revision().await? == before {
            self.keep_counted(before, &counts).await?;
        }
        for subject in self.standing_still(waits) {
            let read = self.entries.get_last_raw_message_by_subject(&subject).await;
            let message = read.map_err(|error| Trouble::Away(error.to_string()))?;
            // One that is of another form is told of by whoever has to read it.
            let Ok(Value { entry: Some(entry), .. }) = Value::parse(&message.payload) else { continue };
            if matches!(entry.bucket(), Bucket::Queued | Bucket::Processing) {
                let reason = format!("still:{}", message.sequence);
                self.announce(&WorkMessage::of(&entry), &reason).await?;
            }
        }
        Ok(())
    }

    /// Those of the open cases that have stood still for too long.
    fn standing_still(&self, open: HashMap<String, u64>) -> Vec<String> {
        let mut rescan = self.rescan.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::take(&mut rescan.seen);
        rescan.seen = open
            .into_iter()
            .map(|(subject, revision)| {
                let since = before.get(&subject).filter(|(seen, _)| *seen == revision);
                let since = since.map_or_else(Instant::now, |(_, since)| *since);
                (subject, (revision, since))
            })
            .collect();
        let still: Duration = self.options.lease * STILL_LEASES;
        let long = rescan.seen.iter().filter(|(_, (_, since))| since.elapsed() >= still);
        long.map(|(subject, _)| subject.clone()).take(ANNOUNCED_MAX).collect()
    }
}
