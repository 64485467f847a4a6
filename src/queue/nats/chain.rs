//! Which revisions of an entry are true, where several servers keep copies.
//!
//! A stream with copies compares the revision that a writer expects with what it has stored, not with
//! what is on its way to be stored (nats-server 2.9): of two writes in flight both are confirmed, and
//! the later one stands over the earlier. So each revision says which one it was made from, and the
//! first that was made from a true one is true. Any other is void: its writer is told so and begins
//! again, readers pass it over, and whoever finds one on top stores the true one anew, as made from
//! that. A node that brings back old revisions under new numbers makes void ones, too.
//!
//! One server alone has no writes on their way; nothing is asked of it.

use std::time::Instant;

use async_nats::HeaderMap;
use async_nats::jetstream::message::StreamMessage;

use super::names::Names;
use super::told::{Put, is_absent};
use super::value::Value;
use super::{Attempted, CALL_MAX, NatsQueue, PAUSE_FIRST, PAUSE_MAX, Trouble};

/// What the server's copy says of a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    True,
    Void,
    /// It is not there under that number: erased, or told of by a copy that counts otherwise.
    Unknown,
}

impl NatsQueue {
    /// How a revision stands that was made from `parent`, itself a true one.
    pub(super) async fn standing(&self, subject: &str, parent: u64, revision: u64) -> Attempted<Standing> {
        if self.place.replicas == 1 {
            return Ok(Standing::True);
        }
        let (mut last_true, mut last) = (parent, parent);
        while last < revision {
            let Some(message) = self.first_after(subject, last).await? else { break };
            last = message.sequence;
            if parent_of(&message.headers) == Some(last_true) {
                last_true = last;
            }
        }
        Ok(match last == revision {
            true if last_true == revision => Standing::True,
            true => Standing::Void,
            false => Standing::Unknown,
        })
    }

    /// The same, asked again for a while where no answer comes: a leader may just have changed.
    pub(super) async fn tried_standing(
        &self,
        subject: &str,
        parent: u64,
        revision: u64,
    ) -> Attempted<Standing> {
        let (began, mut pause) = (Instant::now(), PAUSE_FIRST);
        loop {
            match self.standing(subject, parent, revision).await {
                Ok(Standing::Unknown) | Err(Trouble::Away(_)) if began.elapsed() < CALL_MAX => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
                known => return known,
            }
        }
    }

    /// Stores the true revision anew where the subject's last one is void. Says whether that was so.
    pub(super) async fn mended(&self, subject: &str, top: &StreamMessage) -> Attempted<bool> {
        let Some(parent) = parent_of(&top.headers) else { return Ok(false) };
        if self.standing(subject, parent, top.sequence).await? != Standing::Void {
            return Ok(false);
        }
        let (mut last_true, mut last) = (None, parent);
        while let Some(message) = self.first_after(subject, last).await? {
            last = message.sequence;
            let true_one = last_true.as_ref().map_or(parent, |found: &StreamMessage| found.sequence);
            if parent_of(&message.headers) == Some(true_one) {
                last_true = Some(message);
            }
        }
        let Some(last_true) = last_true else { return Ok(false) };
        let value = Value::parse(&last_true.payload).map_err(|place| {
            self.broken(format!("an entry is not of the form this version reads ({place})"))
        })?;
        // Its change was told of where it was made.
        let value = Value { change: None, ..value };
        let mut headers = HeaderMap::new();
        if let Some(bucket) = last_true.headers.get(Names::BUCKET_HEADER) {
            headers.insert(Names::BUCKET_HEADER, bucket.as_str());
        }
        headers.insert(Names::PARENT_HEADER, last_true.sequence.to_string().as_str());
        // Without a word on where the case counted before, all entries are counted anew.
        match self.put(subject, top.sequence, headers, &value.bytes()).await {
            Put::Stored(_) | Put::There(_) | Put::Other => Ok(true),
            Put::Away(told) => Err(Trouble::Away(told)),
        }
    }

    async fn first_after(&self, subject: &str, revision: u64) -> Attempted<Option<StreamMessage>> {
        match self.entries.get_first_raw_message_by_subject(subject, revision + 1).await {
            Ok(message) => Ok(Some(message)),
            Err(error) if is_absent(error.kind()) => Ok(None),
            Err(error) => Err(Trouble::Away(error.to_string())),
        }
    }
}

/// The revision that one was made from; 0 where it is the first. Early versions wrote the server's header
/// alone.
pub(super) fn parent_of(headers: &HeaderMap) -> Option<u64> {
    let told = headers.get(Names::PARENT_HEADER).or_else(|| headers.get(Names::EXPECTED_HEADER));
    told?.as_str().parse().ok()
}
