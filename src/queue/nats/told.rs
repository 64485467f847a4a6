//! The stream of events for others, and the streams beside the queue's own.
//!
//! The bucket is the outbox: a change stands in the revision that made it. Whoever relays reads it
//! there and puts it into the stream; the subject's last event says which number its case is at, so
//! that none is put there twice or out of order, whenever the server's own window of duplicates is
//! over.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_nats::HeaderMap;
use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::stream::{LastRawMessageErrorKind, Stream};
use async_nats::jetstream::{self};
use tokio::sync::OnceCell;

use super::names::Names;
use super::streams::{events, sinks, stream};
use super::{Attempted, NatsQueue, Trouble};
use crate::queue::change::{Change, ChangeKind};

/// Cases whose last event is remembered; of others the server is asked.
const CASES_REMEMBERED: usize = 50_000;

/// The streams beside the queue's own, opened by the first that needs them.
#[derive(Default)]
pub(super) struct Told {
    events: OnceCell<Stream>,
    sinks: OnceCell<Stream>,
    /// The last event of a case: its number, and the stream's sequence.
    last: Mutex<HashMap<String, (u64, u64)>>,
}

impl NatsQueue {
    async fn events(&self) -> Attempted<&Stream> {
        let config = || events(&self.names, self.place.replicas);
        let opened = self.told.events.get_or_try_init(|| stream(&self.context, &self.place, config())).await;
        Ok(opened?)
    }

    pub(super) async fn sinks(&self) -> Attempted<&Stream> {
        let config = || sinks(&self.names, self.place.replicas);
        let opened = self.told.sinks.get_or_try_init(|| stream(&self.context, &self.place, config())).await;
        Ok(opened?)
    }

    /// Puts an event behind the last one of its case, unless it or a later one is there.
    pub(super) async fn put_event(&self, change: &Change, id: &str, body: &[u8]) -> Attempted<()> {
        let key = Names::key(&change.case_id);
        let remembered = self.last().get(&key).copied();
        let (number, revision) = match remembered {
            Some(last) => last,
            None if change.sequence == 1 => (0, 0),
            None => self.last_event(&change.case_id).await?,
        };
        if number >= change.sequence {
            return Ok(());
        }
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Msg-Id", id);
        headers.insert(Names::SEQUENCE_HEADER, change.sequence.to_string().as_str());
        headers.insert(Names::CHANGE_HEADER, change.kind.id());
        headers.insert("Content-Type", "application/cloudevents+json");
        self.events().await?;
        match self.put(&self.names.event(&change.case_id), revision, headers, body).await {
            Put::Stored(revision) | Put::There(revision) => {
                self.remember(key, (number_after(change.kind.id(), change.sequence), revision));
                Ok(())
            }
            Put::Other => {
                let last = self.last_event(&change.case_id).await?;
                self.remember(key, last);
                Err(Trouble::Conflict)
            }
            Put::Away(told) => {
                self.last().remove(&key);
                Err(Trouble::Away(told))
            }
        }
    }

    async fn last_event(&self, case_id: &str) -> Attempted<(u64, u64)> {
        match self.events().await?.get_last_raw_message_by_subject(&self.names.event(case_id)).await {
            Ok(message) => {
                let number = message.headers.get(Names::SEQUENCE_HEADER);
                let number = number.and_then(|number| number.as_str().parse().ok());
                let foreign = || self.broken("the stream of events holds something else".to_owned());
                let kind = message.headers.get(Names::CHANGE_HEADER).map_or("", |kind| kind.as_str());
                Ok((number_after(kind, number.ok_or_else(foreign)?), message.sequence))
            }
            Err(error) if is_absent(error.kind()) => Ok((0, 0)),
            Err(error) => Err(Trouble::Away(error.to_string())),
        }
    }

    fn last(&self) -> std::sync::MutexGuard<'_, HashMap<String, (u64, u64)>> {
        self.told.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, key: String, last: (u64, u64)) {
        let mut remembered = self.last();
        if remembered.len() >= CASES_REMEMBERED {
            remembered.clear();
        }
        remembered.insert(key, last);
    }

    /// Puts a message on a subject whose last one is of that sequence.
    pub(super) async fn put(
        &self,
        subject: &str,
        revision: u64,
        mut headers: HeaderMap,
        payload: &[u8],
    ) -> Put {
        headers.insert(Names::EXPECTED_HEADER, revision.to_string().as_str());
        let sent =
            self.context.publish_with_headers(subject.to_owned(), headers, payload.to_vec().into()).await;
        let stored = match sent {
            Ok(ack) => ack.await,
            Err(error) => Err(error),
        };
        match stored {
            Ok(ack) if ack.duplicate => Put::There(ack.sequence),
            Ok(ack) => Put::Stored(ack.sequence),
            Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => Put::Other,
            Err(error) => Put::Away(error.to_string()),
        }
    }
}

/// Behind which number the next event of a case belongs: one that was purged may be forgotten, and
/// then begins anew.
fn number_after(kind: &str, number: u64) -> u64 {
    if kind == ChangeKind::Purged.id() { 0 } else { number }
}

/// What became of a message.
pub(super) enum Put {
    Stored(u64),
    /// One of the same id was there before.
    There(u64),
    /// Another one is the subject's last.
    Other,
    Away(String),
}

pub(super) fn is_absent(kind: LastRawMessageErrorKind) -> bool {
    match kind {
        LastRawMessageErrorKind::NoMessageFound => true,
        LastRawMessageErrorKind::JetStream(told) => {
            told.error_code() == jetstream::ErrorCode::NO_MESSAGE_FOUND
        }
        _ => false,
    }
}
