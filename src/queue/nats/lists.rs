//! What is read of many entries: lists, counts and changes.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroUsize;

use async_nats::jetstream::Message;
use async_nats::jetstream::consumer::{DeliverPolicy, pull};

use super::chain::{Standing, parent_of};
use super::claims::bucket_of;
use super::store::{next, sequence};
use super::value::Value;
use super::{Attempted, NatsQueue, Trouble};
use crate::queue::entry::Entry;
use crate::queue::options::Page;
use crate::queue::{Change, QueueError};

impl NatsQueue {
    /// A page of entries. Every entry is read for it; one page is held.
    pub(super) fn listed(&self, page: Page<'_>) -> Result<Vec<Entry>, QueueError> {
        self.call(async || {
            let mut first: BTreeMap<String, Entry> = BTreeMap::new();
            let (mut broken, mut listed) = (None, HashMap::new());
            self.for_each_entry(false, |message| {
                // One that changed meanwhile comes again.
                if let Some(case_id) = listed.remove(message.subject.as_str()) {
                    first.remove::<String>(&case_id);
                }
                if page.bucket.is_some() && bucket_of(message) != page.bucket {
                    return true;
                }
                match Value::parse(&message.payload) {
                    Ok(Value { entry: Some(entry), .. })
                        if page.after.is_none_or(|after| entry.case_id.as_str() > after) =>
                    {
                        listed.insert(message.subject.to_string(), entry.case_id.clone());
                        first.insert(entry.case_id.clone(), entry);
                        if first.len() > page.max.get()
                            && let Some((last, _)) = first.pop_last()
                        {
                            listed.remove(&self.names.entry(&last));
                        }
                    }
                    Ok(_) => {}
                    Err(place) => broken = Some(place),
                }
                broken.is_none()
            })
            .await?;
            match broken {
                None => Ok(first.into_values().collect()),
                Some(place) => Err(self
                    .broken(format!("an entry is not of the form this version reads ({place})"))
                    .into()),
            }
        })
    }

    /// Whether a change was undone by one that came first. Told of all the same where that is not sure.
    async fn is_void(&self, message: &Message, number: u64) -> Attempted<bool> {
        match message.headers.as_ref().and_then(parent_of) {
            Some(parent) => Ok(self.standing(&message.subject, parent, number).await? == Standing::Void),
            None => Ok(false),
        }
    }

    /// Changes after a number, oldest first.
    pub(super) fn changed(&self, after: u64, max: NonZeroUsize) -> Result<Vec<Change>, QueueError> {
        self.call(async || {
            let away = |error: String| Trouble::Away(error);
            let latest = self.last_revision().await?;
            let mut changes = Vec::new();
            if latest <= after {
                return Ok(changes);
            }
            let config = pull::OrderedConfig {
                filter_subject: self.names.all_entries(),
                deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: after + 1 },
                ..pull::OrderedConfig::default()
            };
            let consumer =
                self.entries.create_consumer(config).await.map_err(|error| away(error.to_string()))?;
            let mut messages = consumer.messages().await.map_err(|error| away(error.to_string()))?;
            loop {
                let message = match next(&mut messages).await {
                    Ok(message) => message,
                    // What came is told; the rest is asked for again.
                    Err(_) if !changes.is_empty() => break,
                    Err(error) => return Err(error),
                };
                let number = sequence(&message)?;
                let value = Value::parse(&message.payload).map_err(|place| {
                    self.broken(format!("a change is not of the form this version reads ({place})"))
                })?;
                if let Some(change) = value.change
                    && !self.is_void(&message, number).await?
                {
                    changes.push(Change { number, ..change });
                }
                if changes.len() == max.get() || number >= latest {
                    break;
                }
            }
            Ok(changes)
        })
    }
}
