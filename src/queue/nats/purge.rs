//! What is personal taken out of the bucket: the revisions that hold it are erased on the servers.
//!
//! The work stream names cases only, and the stream of events holds nothing personal.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use async_nats::jetstream::consumer::{DeliverPolicy, pull};

use super::store::{next, sequence};
use super::value::Value;
use super::{NatsQueue, Trouble};
use crate::queue::QueueError;
use crate::queue::entry::Entry;
use crate::queue::purge::{Keep, PurgeRule};

impl NatsQueue {
    pub(super) fn purge_begun(
        &self,
        rule: &PurgeRule,
        after: Option<&str>,
        max: NonZeroUsize,
    ) -> Result<Vec<String>, QueueError> {
        let now = self.now();
        let due = self.call(async || {
            let mut due: BTreeMap<String, (Entry, u64)> = BTreeMap::new();
            self.for_each_entry(false, |message| {
                // What is of another form is told of by whoever has to read it.
                if let (Ok(Value { entry: Some(entry), .. }), Ok(info)) =
                    (Value::parse(&message.payload), message.info())
                    && after.is_none_or(|after| entry.case_id.as_str() > after)
                    && entry.clone().purge_begun(rule, now).is_some()
                {
                    due.insert(entry.case_id.clone(), (entry.into_counted(), info.stream_sequence));
                    if due.len() > max.get() {
                        due.pop_last();
                    }
                }
                true
            })
            .await?;
            Ok(due)
        })?;
        let mut begun = Vec::new();
        for (case_id, (entry, revision)) in due {
            let is_begun = self.call(async || {
                let Some(step) = entry.clone().purge_begun(rule, now) else { return Ok(false) };
                match self.store(step, revision).await {
                    Ok(_) => Ok(true),
                    // It changed meanwhile, so it is not old.
                    Err(Trouble::Conflict) => Ok(false),
                    Err(error) => Err(error),
                }
            })?;
            if is_begun {
                begun.push(case_id);
            }
        }
        Ok(begun)
    }

    pub(super) fn purge_ended(&self, case_id: &str, keep: Keep) -> Result<(), QueueError> {
        self.call(async || {
            let (entry, revision) = self.read(case_id).await?;
            let Some(step) = entry.and_then(|entry| entry.purge_ended(self.now())) else { return Ok(()) };
            // Before the end is stored: a purge that is cut short goes on here.
            for earlier in self.revisions(case_id, revision).await? {
                self.erase(earlier).await?;
            }
            match keep {
                Keep::Status => self.store(step, revision).await?,
                Keep::Codes => {
                    let after = self.forget(step, revision).await?;
                    self.erase(revision).await?;
                    after
                }
            };
            Ok(())
        })
    }

    /// The revisions of an entry that are kept from before the one that is there.
    async fn revisions(&self, case_id: &str, before: u64) -> Result<Vec<u64>, Trouble> {
        let away = |error: String| Trouble::Away(error);
        let config = pull::OrderedConfig {
            filter_subject: self.names.entry(case_id),
            deliver_policy: DeliverPolicy::All,
            headers_only: true,
            ..pull::OrderedConfig::default()
        };
        let consumer = self.entries.create_consumer(config).await.map_err(|error| away(error.to_string()))?;
        let mut revisions = Vec::new();
        let mut messages = consumer.messages().await.map_err(|error| away(error.to_string()))?;
        loop {
            let message = next(&mut messages).await?;
            let revision = sequence(&message)?;
            if revision >= before {
                return Ok(revisions);
            }
            revisions.push(revision);
        }
    }

    /// Removes a revision; the server overwrites its bytes.
    async fn erase(&self, revision: u64) -> Result<(), Trouble> {
        match self.entries.delete_message(revision).await {
            Ok(_) => Ok(()),
            // One that is gone was erased by an earlier try.
            Err(_) if self.entries.get_raw_message(revision).await.is_err() => Ok(()),
            Err(error) => Err(Trouble::Away(format!(
                "a revision could not be erased: {error}; a bucket that an earlier version made denies it"
            ))),
        }
    }
}
