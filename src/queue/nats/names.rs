//! What a queue's streams and subjects on NATS are called.

use sha2::{Digest, Sha256};

use crate::queue::SinkName;

/// The names of one queue.
#[derive(Debug, Clone)]
pub(super) struct Names {
    queue: String,
}

impl Names {
    /// The durable consumer that all workers share.
    pub(super) const CONSUMER: &'static str = "workers";

    /// The header that says where an entry counts.
    pub(super) const BUCKET_HEADER: &'static str = "Realname-Bucket";

    /// The header that says where it counted before; with it a revision says what it changes.
    pub(super) const BEFORE_HEADER: &'static str = "Realname-Before";

    /// What those two say of a case that is new, or was forgotten.
    pub(super) const NOWHERE: &'static str = "nowhere";

    /// The header by which the server compares the subject's last revision.
    pub(super) const EXPECTED_HEADER: &'static str = "Nats-Expected-Last-Subject-Sequence";

    /// The header that says which revision one was made from; with copies alone, see `chain`.
    pub(super) const PARENT_HEADER: &'static str = "Realname-Parent";

    /// The header with the number of an event among those of its case.
    pub(super) const SEQUENCE_HEADER: &'static str = "Realname-Sequence";

    /// The header with what an event tells of.
    pub(super) const CHANGE_HEADER: &'static str = "Realname-Change";

    /// Hex digits of a case's key: enough that no two cases share one.
    const KEY_DIGITS: usize = 40;

    pub(super) fn of(queue: &str) -> Self {
        Self { queue: queue.to_owned() }
    }

    /// The stream under the key-value bucket `realname_QUEUE`.
    pub(super) fn bucket_stream(&self) -> String {
        format!("KV_realname_{}", self.queue)
    }

    pub(super) fn all_entries(&self) -> String {
        format!("$KV.realname_{}.>", self.queue)
    }

    /// A case's name may hold anything; a key may not, so its sha256 stands for it.
    pub(super) fn key(case_id: &str) -> String {
        let digest = Sha256::digest(case_id.as_bytes());
        digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>()[..Self::KEY_DIGITS].to_owned()
    }

    pub(super) fn entry(&self, case_id: &str) -> String {
        format!("$KV.realname_{}.{}", self.queue, Self::key(case_id))
    }

    pub(super) fn work_stream(&self) -> String {
        format!("realname_{}_work", self.queue)
    }

    pub(super) fn all_work(&self) -> String {
        format!("realname.{}.work.>", self.queue)
    }

    pub(super) fn work(&self, case_id: &str) -> String {
        format!("realname.{}.work.{}", self.queue, Self::key(case_id))
    }

    /// The stream of events that others read.
    pub(super) fn event_stream(&self) -> String {
        format!("realname_{}_events", self.queue)
    }

    pub(super) fn all_events(&self) -> String {
        format!("realname.{}.events.>", self.queue)
    }

    pub(super) fn event(&self, case_id: &str) -> String {
        format!("realname.{}.events.{}", self.queue, Self::key(case_id))
    }

    /// The stream that keeps how far each sink has been told.
    pub(super) fn sink_stream(&self) -> String {
        format!("realname_{}_sinks", self.queue)
    }

    pub(super) fn all_sinks(&self) -> String {
        format!("realname.{}.sinks.>", self.queue)
    }

    pub(super) fn sink(&self, name: &SinkName) -> String {
        format!("realname.{}.sinks.{}", self.queue, name.as_str())
    }

    /// Where the counts are kept, with the revision up to which they hold.
    pub(super) fn counts(&self) -> String {
        format!("realname.{}.sinks.counts.kept", self.queue)
    }

    /// Where the rule of retention is kept, with whose turn it is.
    pub(super) fn retention(&self) -> String {
        format!("realname.{}.sinks.retention.rule", self.queue)
    }
}
