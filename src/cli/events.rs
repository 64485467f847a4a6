//! `realname events`: tells others of what changes in a queue.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

use clap::{ArgGroup, Args};

use super::queue_args::QueueArgs;
use super::telling::{NamedSink, Told, WebhookArgs, relayed};
use super::work::{own_name, say};
use super::{exit, stop};
use crate::events::RelayReport;
use crate::queue::{QueueOptions, SinkName, SinkNameError};

/// Arguments of `realname events`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("sink").required(true).args(["webhook", "file", "stream"]))]
pub(super) struct EventsArgs {
    #[command(flatten)]
    queue: QueueArgs,
    #[command(flatten)]
    webhook: WebhookArgs,
    /// Append every change to this file, one JSON object a line
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Put every change into the queue's own stream on NATS; workers do that as well
    #[arg(long)]
    stream: bool,
    /// Go on as changes come, until Ctrl-C; otherwise end when all is told
    #[arg(long)]
    follow: bool,
    /// The name under which the queue keeps how far this receiver was told [default: webhook,
    /// file or stream]
    #[arg(
        long,
        value_name = "NAME",
        value_parser = |text: &str| -> Result<SinkName, SinkNameError> { SinkName::parse(text) }
    )]
    name: Option<SinkName>,
}

/// Runs `realname events`.
pub(super) fn run(args: &EventsArgs) -> anyhow::Result<ExitCode> {
    let place = args.queue.place()?;
    let queue = place.open(QueueOptions::default())?;
    let sink = match (&args.webhook.webhook, &args.file) {
        (Some(url), _) => NamedSink::webhook(&args.webhook, url)?,
        (None, Some(path)) => NamedSink::file(path)?,
        (None, None) => {
            anyhow::ensure!(place.has_stream(), "a queue in a file has no stream of events");
            NamedSink::stream(&*queue)?
        }
    };
    let sink = sink.named(args.name.as_ref());
    let stop = stop::on_ctrl_c()?;
    let finish = AtomicBool::new(!args.follow);
    let told = Told { queue: &*queue, place, holder: &own_name(), stop };
    let report = relayed(&told, &sink, &finish)?;
    let RelayReport { told, failures, given_up, left } = report;
    say(&format!("{told} events told, {failures} tries failed, {given_up} given up, {left} wait"));
    let is_done = args.follow || (left == 0 && given_up == 0);
    Ok(if is_done { ExitCode::SUCCESS } else { ExitCode::from(exit::NOT_DONE) })
}
