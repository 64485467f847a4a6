//! Who is told of changes, and the relays that run beside a worker.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;

use super::work::say;
use crate::events::{
    EventSource, FileSink, RelayError, RelayProgress, RelayReport, RelaySettings, Retries, Secrets, Sink,
    StreamSink, WebhookError, WebhookSink, WebhookUrl, relay,
};
use crate::queue::{Queue, QueuePlace, SinkName};

/// Where secrets are looked for: never in arguments, which other users of a machine can see.
const SECRET_VARIABLE: &str = "REALNAME_WEBHOOK_SECRET";

/// Webhooks that are out at once.
const WEBHOOKS_AT_ONCE: NonZeroUsize = NonZeroUsize::new(8).expect("not zero");

/// Events on their way into a stream at once.
const STREAM_AT_ONCE: NonZeroUsize = NonZeroUsize::new(16).expect("not zero");

/// How long a relay may give no sign of life before another takes over.
const TAKEOVER: Duration = Duration::from_secs(15);

/// Which webhook.
#[derive(Debug, Args)]
pub(super) struct WebhookArgs {
    /// Send every change to this https:// URL, signed as Standard Webhooks prescribes with the
    /// secret in REALNAME_WEBHOOK_SECRET (`whsec_...`)
    #[arg(
        long,
        value_name = "URL",
        value_parser = |text: &str| -> Result<WebhookUrl, WebhookError> { WebhookUrl::parse(text) }
    )]
    pub(super) webhook: Option<WebhookUrl>,
    /// Read the webhook's secret from this file instead
    #[arg(long, value_name = "FILE", requires = "webhook")]
    webhook_secret_file: Option<PathBuf>,
}

/// A sink with its name in the queue.
pub(super) struct NamedSink<'a> {
    name: SinkName,
    at_once: NonZeroUsize,
    sink: Box<dyn Sink + 'a>,
}

impl<'a> NamedSink<'a> {
    /// The webhook.
    pub(super) fn webhook(args: &WebhookArgs, url: &WebhookUrl) -> anyhow::Result<Self> {
        let secrets = match &args.webhook_secret_file {
            Some(path) => fs::read_to_string(path).with_context(|| path.display().to_string())?,
            None => std::env::var(SECRET_VARIABLE)
                .map_err(|_| anyhow::anyhow!("a webhook needs a secret: set {SECRET_VARIABLE}"))?,
        };
        let sink = WebhookSink::new(url.clone(), Secrets::parse(&secrets)?);
        Ok(Self { name: SinkName::parse("webhook")?, at_once: WEBHOOKS_AT_ONCE, sink: Box::new(sink) })
    }

    /// The file.
    pub(super) fn file(path: &Path) -> anyhow::Result<Self> {
        let sink = FileSink::open(path).with_context(|| path.display().to_string())?;
        Ok(Self { name: SinkName::parse("file")?, at_once: NonZeroUsize::MIN, sink: Box::new(sink) })
    }

    /// The queue's own stream.
    pub(super) fn stream(queue: &'a dyn Queue) -> anyhow::Result<Self> {
        let sink = Box::new(StreamSink::new(queue));
        Ok(Self { name: SinkName::parse("stream")?, at_once: STREAM_AT_ONCE, sink })
    }

    /// The same by another name.
    pub(super) fn named(self, name: Option<&SinkName>) -> Self {
        Self { name: name.cloned().unwrap_or(self.name), ..self }
    }
}

/// Who a worker tells beside its work.
#[derive(Debug, Args)]
pub(super) struct WorkSinks {
    #[command(flatten)]
    webhook: WebhookArgs,
    /// Append every change to this file, one JSON object a line
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
}

impl WorkSinks {
    /// Opens them; a queue on NATS has its stream beside them.
    pub(super) fn open<'a>(
        &self,
        place: &QueuePlace,
        queue: &'a dyn Queue,
    ) -> anyhow::Result<Vec<NamedSink<'a>>> {
        let mut sinks = Vec::new();
        if place.has_stream() {
            sinks.push(NamedSink::stream(queue)?);
        }
        if let Some(url) = &self.webhook.webhook {
            sinks.push(NamedSink::webhook(&self.webhook, url)?);
        }
        if let Some(path) = &self.events {
            sinks.push(NamedSink::file(path)?);
        }
        Ok(sinks)
    }
}

/// What is told of, and by whom.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    /// The queue.
    pub(super) queue: &'a dyn Queue,
    /// Where it is.
    pub(super) place: &'a QueuePlace,
    /// Who tells.
    pub(super) holder: &'a str,
    /// Set from outside: end at once.
    pub(super) stop: &'a AtomicBool,
}

/// Relays changes to one sink until `finish` is set and all is told, or it is stopped.
pub(super) fn relayed(
    told: &Told<'_>,
    sink: &NamedSink<'_>,
    finish: &AtomicBool,
) -> Result<RelayReport, RelayError> {
    let source = EventSource::of_queue(&told.place.name());
    let settings = RelaySettings {
        name: &sink.name,
        source: &source,
        holder: told.holder,
        at_once: sink.at_once,
        retries: &Retries::default(),
        takeover: TAKEOVER,
        stop: told.stop,
        finish,
    };
    let name = sink.name.as_str();
    let mut waiting = String::new();
    relay(told.queue, &*sink.sink, &settings, |what| match what {
        RelayProgress::Told(_) => waiting.clear(),
        RelayProgress::NotTold { event, why } => {
            say(&format!("{name}: case {}: event {} waits: {why}", event.change.case_id, event.id));
        }
        RelayProgress::GivenUp(event) => {
            say(&format!("{name}: case {}: event {} was given up", event.change.case_id, event.id));
        }
        RelayProgress::Standby => say(&format!("{name}: another relay tells it; standing by")),
        // Once for each reason, not for each try.
        RelayProgress::Waiting(why) if why != waiting => {
            say(&format!("{name}: waiting: {why}"));
            waiting = why;
        }
        RelayProgress::Waiting(_) => {}
    })
}

/// Does the work of a worker while its sinks are told; once it ends well, tells what is left.
pub(super) fn while_telling<T, E>(
    told: &Told<'_>,
    sinks: &[NamedSink<'_>],
    work: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    let finish = AtomicBool::new(false);
    thread::scope(|scope| {
        for sink in sinks {
            let finish = &finish;
            scope.spawn(move || match relayed(told, sink, finish) {
                // Another worker tells it.
                Ok(_) | Err(RelayError::Held { .. }) => {}
                Err(error) => say(&format!("{}: {error}", sink.name.as_str())),
            });
        }
        let done = work();
        finish.store(true, Ordering::Relaxed);
        done
    })
}
