//! Telling others what changes: every change of a case's verification status as a CloudEvent, at
//! least once and in order for each case.
//!
//! The queue is the outbox: a change is recorded in the same transaction, or the same revision, as
//! what it tells of. [`relay`] reads changes from there, hands them to a [`Sink`] and keeps in the
//! queue how far it has come. `lanes` is the order of what is to be told, without a clock or a
//! thread; `webhook`, `file` and `stream` are the sinks.

mod event;
mod file;
mod lanes;
mod relay;
mod signature;
mod stream;
mod webhook;

pub use event::{EVENT_SCHEMA, Event, EventDocument, EventSource, event_schema};
pub use file::FileSink;
pub use relay::{RelayError, RelayProgress, RelayReport, RelaySettings, Retries, relay};
pub use signature::{Secrets, SecretsError};
pub use stream::StreamSink;
pub use webhook::{WebhookError, WebhookSink, WebhookUrl};

/// Who is told. Called from several threads, for one case by one at a time.
pub trait Sink: Sync {
    /// Tells one event. Once this returns well, the event may count as told after [`Sink::settle`].
    ///
    /// # Errors
    /// It was not taken; it is tried again later.
    fn tell(&self, event: &Event) -> Result<(), NotTold>;

    /// Makes sure of what was told before how far it came is stored.
    ///
    /// # Errors
    /// It cannot be made sure of now.
    fn settle(&self) -> Result<(), NotTold> {
        Ok(())
    }
}

/// Why an event was not taken: a status, a system's message. Nothing of what the receiver answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotTold(pub String);
