//! Entries in the bucket: read, replaced only as they were read, listed; and messages about them.

use std::sync::atomic::Ordering;

use async_nats::HeaderMap;
use async_nats::jetstream::consumer::{DeliverPolicy, pull};
use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::stream::LastRawMessageErrorKind;
use async_nats::jetstream::{self, Message};
use futures_util::StreamExt as _;

use super::chain::Standing;
use super::names::Names;
use super::value::{Value, WorkMessage};
use super::{Attempted, NatsQueue, REQUEST_MAX, Trouble};
use crate::queue::QueueError;
use crate::queue::entry::{Entry, Step};
use crate::queue::options::Bucket;

impl NatsQueue {
    /// An entry and its revision; 0 where there is none.
    pub(super) async fn read(&self, case_id: &str) -> Attempted<(Option<Entry>, u64)> {
        let subject = self.names.entry(case_id);
        match self.entries.get_last_raw_message_by_subject(&subject).await {
            Ok(message) => {
                if self.mended(&subject, &message).await? {
                    return Err(Trouble::Conflict);
                }
                let value = Value::parse(&message.payload).map_err(|place| {
                    self.broken(format!("an entry is not of the form this version reads ({place})"))
                })?;
                let entry = value.entry.map(Entry::into_counted);
                Ok((entry, message.sequence))
            }
            Err(error) => match error.kind() {
                LastRawMessageErrorKind::NoMessageFound => Ok((None, 0)),
                LastRawMessageErrorKind::JetStream(told)
                    if told.error_code() == jetstream::ErrorCode::NO_MESSAGE_FOUND =>
                {
                    Ok((None, 0))
                }
                _ => Err(Trouble::Away(error.to_string())),
            },
        }
    }

    pub(super) async fn known(&self, case_id: &str) -> Attempted<(Entry, u64)> {
        let (entry, revision) = self.read(case_id).await?;
        let unknown = || QueueError::Unknown { case_id: case_id.to_owned() };
        Ok((entry.ok_or_else(unknown)?, revision))
    }

    /// Stores a step in place of the revision that it was taken from; says the new one.
    pub(super) async fn store(&self, step: Step, revision: u64) -> Attempted<u64> {
        let subject = self.names.entry(&step.entry.case_id);
        let (before, after) = (step.entry.counted, Some(step.entry.bucket()));
        let value = Value { entry: Some(step.entry), change: step.change };
        self.store_value(subject, (before, after), &value, revision).await
    }

    /// Leaves the change alone of a case that is forgotten.
    pub(super) async fn forget(&self, step: Step, revision: u64) -> Attempted<u64> {
        let subject = self.names.entry(&step.entry.case_id);
        let before = step.entry.counted;
        let value = Value { entry: None, change: step.change };
        self.store_value(subject, (before, None), &value, revision).await
    }

    async fn store_value(
        &self,
        subject: String,
        (before, after): (Option<Bucket>, Option<Bucket>),
        value: &Value,
        revision: u64,
    ) -> Attempted<u64> {
        let payload = value.bytes();
        let mut headers = HeaderMap::new();
        headers.insert(Names::EXPECTED_HEADER, revision.to_string().as_str());
        headers.insert(Names::PARENT_HEADER, revision.to_string().as_str());
        headers.insert(Names::BEFORE_HEADER, before.map_or(Names::NOWHERE, Bucket::id));
        headers.insert(Names::BUCKET_HEADER, after.map_or(Names::NOWHERE, Bucket::id));
        let sent = self.context.publish_with_headers(subject.clone(), headers, payload.clone().into()).await;
        let stored = match sent {
            Ok(ack) => ack.await.map(|ack| ack.sequence),
            Err(error) => Err(error),
        };
        self.stored.fetch_add(1, Ordering::Relaxed);
        let stored = match stored {
            Ok(revision) => revision,
            Err(error) => match error.kind() {
                PublishErrorKind::WrongLastSequence => {
                    // An earlier try whose answer was lost may have been the one.
                    match self.entries.get_last_raw_message_by_subject(&subject).await {
                        Ok(there) if there.payload == payload => there.sequence,
                        Ok(_) => return Err(Trouble::Conflict),
                        Err(error) => return Err(Trouble::Away(error.to_string())),
                    }
                }
                _ => self.unsure(&subject, &payload, error.to_string()).await?,
            },
        };
        // It is stored: to begin anew would take our own for another's.
        match self.tried_standing(&subject, revision, stored).await? {
            Standing::True => Ok(stored),
            Standing::Void => Err(Trouble::Conflict),
            Standing::Unknown => Err(Trouble::Away("what was stored is not there".to_owned())),
        }
    }

    /// Whether a write whose answer was lost was made after all.
    async fn unsure(&self, subject: &str, payload: &[u8], told: String) -> Attempted<u64> {
        match self.entries.get_last_raw_message_by_subject(subject).await {
            Ok(there) if there.payload == payload => Ok(there.sequence),
            Ok(_) | Err(_) => Err(Trouble::Away(told)),
        }
    }

    /// Puts a message about an attempt into the work stream. The server drops a second one for the
    /// same reason; a third after its window is dropped by whoever gets it.
    pub(super) async fn announce(&self, work: &WorkMessage, reason: &str) -> Attempted<()> {
        let mut headers = HeaderMap::new();
        let id = format!("{}:{}:{reason}", Names::key(&work.case_id), work.attempt);
        headers.insert("Nats-Msg-Id", id.as_str());
        let subject = self.names.work(&work.case_id);
        let sent = self.context.publish_with_headers(subject, headers, work.bytes().into()).await;
        let stored = match sent {
            Ok(ack) => ack.await.map(|_| ()),
            Err(error) => Err(error),
        };
        stored.map_err(|error| Trouble::Away(error.to_string()))
    }

    /// Every entry as it is now, by the age of its revision; `each` may end it by returning false. One
    /// that changes meanwhile may come twice.
    pub(super) async fn for_each_entry(
        &self,
        headers_only: bool,
        mut each: impl FnMut(&Message) -> bool,
    ) -> Attempted<()> {
        let away = |error: String| Trouble::Away(error);
        let latest = self.last_revision().await?;
        if latest == 0 {
            return Ok(());
        }
        let config = pull::OrderedConfig {
            filter_subject: self.names.all_entries(),
            deliver_policy: DeliverPolicy::LastPerSubject,
            headers_only,
            ..pull::OrderedConfig::default()
        };
        let consumer = self.entries.create_consumer(config).await.map_err(|error| away(error.to_string()))?;
        let mut messages = consumer.messages().await.map_err(|error| away(error.to_string()))?;
        loop {
            let message = next(&mut messages).await?;
            if !each(&message) || sequence(&message)? >= latest {
                return Ok(());
            }
        }
    }
}

/// Where a message stands in its stream. A reading ends by it: by the number of messages that a server
/// says are to come, one of 2.9 ends a few too early right after they were stored.
pub(super) fn sequence(message: &Message) -> Attempted<u64> {
    Ok(message.info().map_err(|error| Trouble::Away(error.to_string()))?.stream_sequence)
}

/// The next of messages that are there. A server that loses its leader may forget that somebody
/// waits for them.
pub(super) async fn next(messages: &mut pull::Ordered) -> Attempted<Message> {
    match tokio::time::timeout(REQUEST_MAX, messages.next()).await {
        Ok(Some(message)) => message.map_err(|error| Trouble::Away(error.to_string())),
        Ok(None) => Err(Trouble::Away("a list of messages ended early".to_owned())),
        Err(_) => Err(Trouble::Away("a list of messages did not go on".to_owned())),
    }
}
