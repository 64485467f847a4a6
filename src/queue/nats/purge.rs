//! What is personal taken out of the bucket: the revisions that hold it are erased on the servers.
//!
//! The work stream names cases only, and the stream of events holds nothing personal.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use async_nats::jetstream::consumer::{DeliverPolicy, pull};

use super::store::{next, sequence};
use super::told::is_absent;
use super::value::Value;
use super::{NatsQueue, Trouble};
use crate::queue::QueueError;
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
            let mut due = BTreeSet::new();
            self.for_each_entry(false, |message| {
                // What is of another form is told of by whoever has to read it.
                if let Ok(Value { entry: Some(entry), .. }) = Value::parse(&message.payload)
                    && after.is_none_or(|after| entry.case_id.as_str() > after)
                    && entry.clone().purge_begun(rule, now).is_some()
                {
                    due.insert(entry.case_id);
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
        for case_id in due {
            let is_begun = self.call(async || {
                // As it is now, and truly.
                let (entry, revision) = self.read(&case_id).await?;
                match entry.and_then(|entry| entry.purge_begun(rule, now)) {
                    Some(step) => self.store(step, revision).await.map(|_| true),
                    None => Ok(false),
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
            let step = match entry {
                Some(entry) => entry.purge_ended(self.now()),
                // An earlier try forgot it, and may have ended before it erased what was left.
                None if revision > 0 => return self.erase_before(case_id, revision).await,
                None => None,
            };
            let Some(step) = step else { return Ok(()) };
            // Before the end is stored: a purge that is cut short goes on here.
            self.erase_before(case_id, revision).await?;
            let end = match keep {
                Keep::Status => self.store(step, revision).await?,
                Keep::Codes => self.forget(step, revision).await?,
            };
            // With what came in between, and was void.
            self.erase_before(case_id, end).await
        })
    }

    async fn erase_before(&self, case_id: &str, revision: u64) -> Result<(), Trouble> {
        for earlier in self.revisions(case_id, revision).await? {
            self.erase(earlier).await?;
        }
        Ok(())
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
        let Err(error) = self.entries.delete_message(revision).await else { return Ok(()) };
        match self.entries.get_raw_message(revision).await {
            // One that is gone was erased by an earlier try.
            Err(there) if is_absent(there.kind()) => Ok(()),
            Ok(_) | Err(_) => Err(Trouble::Away(format!(
                "a revision could not be erased: {error}; a bucket that an earlier version made denies it"
            ))),
        }
    }
}
