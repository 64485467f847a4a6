//! How many cases stand where, without reading them all.
//!
//! Each revision says in its headers where its case counted before and where it does now. Counts that
//! hold up to one revision are kept beside the bucket; whoever asks adds what came after, and those
//! who store keep them fresh. They follow from the bucket alone, so that nobody's end makes them
//! wrong. Where a revision is gone from behind the kept ones, all entries are read.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use async_nats::HeaderMap;
use async_nats::jetstream::Message;
use async_nats::jetstream::consumer::{DeliverPolicy, pull};
use serde::{Deserialize, Serialize};

use super::chain::parent_of;
use super::claims::bucket_of;
use super::names::Names;
use super::store::{next, sequence};
use super::told::is_absent;
use super::{Attempted, NatsQueue, Trouble};
use crate::queue::QueueError;
use crate::queue::entry::Entry;
use crate::queue::options::{Bucket, Counts};

/// Revisions after which whoever counts keeps the counts, and one who stores counts.
const KEPT_EVERY: u64 = 1000;

/// Counts that hold up to a revision, by the names of the buckets.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    revision: u64,
    counts: Vec<(String, u64)>,
}

impl Entry {
    /// The entry as it was stored: what is made of it next changes the counts from here.
    pub(super) fn into_counted(self) -> Self {
        Self { counted: Some(self.bucket()), ..self }
    }
}

impl NatsQueue {
    /// How many cases stand where.
    pub(super) fn counted(&self) -> Result<Counts, QueueError> {
        self.call(async || self.count().await)
    }

    /// Called after entries were stored: keeps the counts fresh once in a while.
    pub(super) fn keep_counts(&self) {
        if self.stored.load(Ordering::Relaxed) >= KEPT_EVERY {
            self.stored.store(0, Ordering::Relaxed);
            // Whoever asks next counts further back otherwise; nothing depends on it.
            self.runtime.block_on(self.count()).ok();
        }
    }

    async fn count(&self) -> Attempted<Counts> {
        let (kept, kept_at) = self.kept().await?;
        let mut counts = Counts::default();
        for (name, number) in &kept.counts {
            let unknown = || self.broken(format!("counts are kept of a bucket `{name}`"));
            *counts.slot(Bucket::parse(name).ok_or_else(unknown)?) = *number;
        }
        if let Some(last) = self.add_later(kept.revision, &mut counts).await? {
            if last >= kept.revision + KEPT_EVERY {
                self.keep(last, &counts, kept_at).await;
            }
            return Ok(counts);
        }
        let (last, counts) = self.recounted().await?;
        self.keep(last, &counts, kept_at).await;
        Ok(counts)
    }

    /// Counts all entries as they were at a revision. One that changes while they are read comes again,
    /// and counts as it was last.
    async fn recounted(&self) -> Attempted<(u64, Counts)> {
        let (mut buckets, mut last) = (HashMap::new(), 0);
        self.for_each_entry(true, |message| {
            last = sequence(message).unwrap_or(last);
            buckets.insert(message.subject.to_string(), bucket_of(message));
            true
        })
        .await?;
        let mut counts = Counts::default();
        for bucket in buckets.into_values().flatten() {
            *counts.slot(bucket) += 1;
        }
        Ok((last, counts))
    }

    pub(super) async fn last_revision(&self) -> Attempted<u64> {
        let info = self.entries.get_info().await;
        Ok(info.map_err(|error| Trouble::Away(error.to_string()))?.state.last_sequence)
    }

    /// Adds what every revision after `revision` changed; says the last one, or `None` where one is
    /// gone, says nothing, or is void: see `chain`.
    async fn add_later(&self, revision: u64, counts: &mut Counts) -> Attempted<Option<u64>> {
        let away = |error: String| Trouble::Away(error);
        let latest = self.last_revision().await?;
        if latest <= revision {
            return Ok(Some(revision));
        }
        let config = pull::OrderedConfig {
            filter_subject: self.names.all_entries(),
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: revision + 1 },
            headers_only: true,
            ..pull::OrderedConfig::default()
        };
        let consumer = self.entries.create_consumer(config).await.map_err(|error| away(error.to_string()))?;
        let mut messages = consumer.messages().await.map_err(|error| away(error.to_string()))?;
        let (mut last, mut seen) = (revision, HashMap::new());
        loop {
            let message = next(&mut messages).await?;
            let number = sequence(&message)?;
            let earlier = seen.insert(message.subject.to_string(), number);
            let parent = message.headers.as_ref().and_then(parent_of);
            if number != last + 1 || earlier.is_some_and(|earlier| parent != Some(earlier)) {
                return Ok(None);
            }
            if !add(&message, counts) {
                return Ok(None);
            }
            last = number;
            if last >= latest {
                return Ok(Some(last));
            }
        }
    }

    async fn kept(&self) -> Attempted<(Kept, u64)> {
        match self.sinks().await?.get_last_raw_message_by_subject(&self.names.counts()).await {
            Ok(message) => {
                let kept = serde_json::from_slice(&message.payload)
                    .map_err(|_| self.broken("the kept counts are of another form".to_owned()))?;
                Ok((kept, message.sequence))
            }
            Err(error) if is_absent(error.kind()) => Ok((Kept::default(), 0)),
            Err(error) => Err(Trouble::Away(error.to_string())),
        }
    }

    /// Keeps what a whole reading found.
    pub(super) async fn keep_counted(&self, revision: u64, counts: &Counts) -> Attempted<()> {
        let (kept, kept_at) = self.kept().await?;
        if kept.revision < revision {
            self.keep(revision, counts, kept_at).await;
        }
        Ok(())
    }

    /// Keeps counts, unless somebody else did meanwhile: theirs are as good.
    async fn keep(&self, revision: u64, counts: &Counts, kept_at: u64) {
        let counts = counts.named().into_iter().map(|(name, number)| (name.to_owned(), number)).collect();
        let payload = serde_json::to_vec(&Kept { revision, counts });
        let payload = payload.expect("plain data always serialises");
        self.put(&self.names.counts(), kept_at, HeaderMap::new(), &payload).await;
    }
}

/// Adds what one revision changed; `false` where it does not say.
fn add(message: &Message, counts: &mut Counts) -> bool {
    let named = |name| {
        let value = message.headers.as_ref()?.get(name)?;
        let value = value.as_str();
        if value == Names::NOWHERE { Some(None) } else { Bucket::parse(value).map(Some) }
    };
    let (Some(before), Some(after)) = (named(Names::BEFORE_HEADER), named(Names::BUCKET_HEADER)) else {
        return false;
    };
    if let Some(before) = before {
        let slot = counts.slot(before);
        let Some(fewer) = slot.checked_sub(1) else { return false };
        *slot = fewer;
    }
    if let Some(after) = after {
        *counts.slot(after) += 1;
    }
    true
}
