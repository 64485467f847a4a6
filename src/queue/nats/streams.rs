//! The streams and the consumer of a queue: how they are made, and that they are as they were made.

use std::time::{Duration, Instant};

use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use async_nats::jetstream::stream::{
    Config as StreamConfig, DiscardPolicy, RetentionPolicy, StorageType, Stream,
};

use super::names::Names;
use super::{Attempted, CALL_MAX, NatsQueue, PAUSE_FIRST, Trouble};
use crate::queue::{NatsPlace, QueueError};

/// Revisions of an entry that are kept, and with them its changes. More than a case can have while
/// nobody is told: an attempt has a few, and three for each lease that it is in hand.
const REVISIONS_KEPT: i64 = 1024;

/// Messages that all workers together may hold.
const IN_HANDS_MAX: i64 = 20_000;

/// The window in which the server itself drops a message that was published twice.
const DUPLICATES_WINDOW: Duration = Duration::from_secs(120);

/// The stream under the bucket of entries. Made by hand: servers of 2.9 know nothing of the client's
/// own way.
pub(super) fn bucket(names: &Names, replicas: usize) -> StreamConfig {
    StreamConfig {
        name: names.bucket_stream(),
        subjects: vec![names.all_entries()],
        max_messages_per_subject: REVISIONS_KEPT,
        discard: DiscardPolicy::New,
        allow_rollup: true,
        // A purge erases the revisions that hold what was typed.
        deny_delete: false,
        // Reads go to the leader: a copy that lags would show what is no more.
        allow_direct: false,
        storage: StorageType::File,
        num_replicas: replicas,
        duplicate_window: DUPLICATES_WINDOW,
        ..StreamConfig::default()
    }
}

/// The stream of messages about what is to be done.
pub(super) fn work(names: &Names, replicas: usize) -> StreamConfig {
    StreamConfig {
        name: names.work_stream(),
        subjects: vec![names.all_work()],
        retention: RetentionPolicy::WorkQueue,
        storage: StorageType::File,
        num_replicas: replicas,
        duplicate_window: DUPLICATES_WINDOW,
        ..StreamConfig::default()
    }
}

/// The stream of events, form `realname.event/1`: the only one that holds nothing personal, and
/// that others may read. Kept until an operator bounds it.
pub(super) fn events(names: &Names, replicas: usize) -> StreamConfig {
    StreamConfig {
        name: names.event_stream(),
        subjects: vec![names.all_events()],
        allow_direct: false,
        storage: StorageType::File,
        num_replicas: replicas,
        duplicate_window: DUPLICATES_WINDOW,
        ..StreamConfig::default()
    }
}

/// The stream that keeps how far each sink has been told.
pub(super) fn sinks(names: &Names, replicas: usize) -> StreamConfig {
    StreamConfig {
        name: names.sink_stream(),
        subjects: vec![names.all_sinks()],
        max_messages_per_subject: 1,
        allow_direct: false,
        storage: StorageType::File,
        num_replicas: replicas,
        duplicate_window: DUPLICATES_WINDOW,
        ..StreamConfig::default()
    }
}

/// The stream of that configuration. A server may take a configuration and keep another: what
/// is there is read back.
pub(super) async fn stream(
    context: &Context,
    place: &NatsPlace,
    wanted: StreamConfig,
) -> Result<Stream, QueueError> {
    let queue = || place.to_string();
    let began = Instant::now();
    let mut stream = loop {
        match context.get_or_create_stream(wanted.clone()).await {
            Ok(stream) => break stream,
            // A cluster that was just started has no leader yet.
            Err(error) if began.elapsed() < CALL_MAX => {
                let _ = error;
                tokio::time::sleep(PAUSE_FIRST * 10).await;
            }
            Err(error) => {
                let detail = format!("no stream {}: {error}", wanted.name);
                return Err(QueueError::Unavailable { queue: queue(), detail });
            }
        }
    };
    let kept = stream.cached_info().config.max_messages_per_subject;
    if kept > 0 && kept < wanted.max_messages_per_subject {
        // An earlier version kept fewer.
        let updated = context.update_stream(wanted.clone()).await;
        let detail = |error| format!("{} cannot keep more revisions: {error}", wanted.name);
        updated.map_err(|error| QueueError::Unavailable { queue: queue(), detail: detail(error) })?;
        let there = context.get_stream(&wanted.name).await;
        let detail = |error| format!("no stream {}: {error}", wanted.name);
        stream = there.map_err(|error| QueueError::Unavailable { queue: queue(), detail: detail(error) })?;
    }
    let there = &stream.cached_info().config;
    let rows = [
        ("retention", there.retention == wanted.retention),
        ("subjects", there.subjects == wanted.subjects),
        // No bound is 0 in what is asked for and -1 in what is read back.
        (
            "max_msgs_per_subject",
            there.max_messages_per_subject.max(0) == wanted.max_messages_per_subject.max(0),
        ),
        ("allow_direct", there.allow_direct == wanted.allow_direct),
        ("storage", there.storage == wanted.storage),
        ("num_replicas (see ?replicas=)", there.num_replicas == wanted.num_replicas),
    ];
    match rows.iter().find(|(_, same)| !same) {
        None => Ok(stream),
        Some((what, _)) => {
            let name = &wanted.name;
            let detail =
                format!("the stream {name} is there with another {what}; name another queue, or remove it");
            Err(QueueError::Broken { queue: queue(), detail })
        }
    }
}

impl NatsQueue {
    /// The consumer, made by the first claim. Its acknowledgement wait is the lease.
    pub(super) async fn consumer(&self) -> Attempted<&PullConsumer> {
        if let Some(consumer) = self.consumer.get() {
            return Ok(consumer);
        }
        let away = |error: String| Trouble::Away(error);
        let wanted = pull::Config {
            durable_name: Some(Names::CONSUMER.to_owned()),
            ack_policy: AckPolicy::Explicit,
            ack_wait: self.options.lease,
            max_deliver: -1,
            max_ack_pending: IN_HANDS_MAX,
            ..pull::Config::default()
        };
        let stream = self.context.get_stream_no_info(self.names.work_stream()).await;
        let stream = stream.map_err(|error| away(error.to_string()))?;
        let consumer = stream.get_or_create_consumer(Names::CONSUMER, wanted).await;
        let consumer: PullConsumer = consumer.map_err(|error| away(error.to_string()))?;
        let there = &consumer.cached_info().config;
        if there.ack_wait != self.options.lease {
            let (theirs, ours) = (there.ack_wait.as_secs_f64(), self.options.lease.as_secs_f64());
            let detail =
                format!("its workers have a lease of {theirs} s, not {ours} s: use --lease {theirs}");
            return Err(self.broken(detail).into());
        }
        Ok(self.consumer.get_or_init(|| consumer))
    }
}
