//! The log: one line for each event, as text or JSON, on standard error.
//!
//! Holds case ids, attempts, stages, codes and durations, and never personal data. Only events of
//! this program are written, at every level: what libraries say of a connection or a request is not
//! ours to vouch for. Where no log was started, telling costs nothing.

use std::io;
use std::panic;
use std::time::Duration;

use tracing::{debug, error, info, warn};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

use crate::policy::{Effect, Verdict};
use crate::queue::{Company, Lease, Released};
use crate::worker::retention::RetentionEvent;
use crate::worker::service::{Progress, ServiceReport};

/// The target of every event of this program.
const TARGET: &str = "realname";

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object.
    Json,
}

/// The least that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    /// What ends the program or loses work.
    Error,
    /// What somebody should look at: faults, lost leases, a store that is away.
    Warn,
    /// Verdicts, starts and ends.
    Info,
    /// Claims and the time spent in each stage.
    Debug,
    /// Everything there is.
    Trace,
}

/// Starts the log of this process, once.
///
/// # Errors
/// There is one already.
pub fn start(format: LogFormat, level: LogLevel) -> Result<(), TryInitError> {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let ours = Targets::new().with_default(LevelFilter::OFF).with_target(TARGET, level);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(false)
        // Nobody can be told that standard error is closed.
        .log_internal_errors(false);
    let registry = tracing_subscriber::registry();
    match format {
        LogFormat::Text => registry.with(lines.with_filter(ours)).try_init(),
        LogFormat::Json => {
            let lines = lines.json().flatten_event(true).with_current_span(false).with_span_list(false);
            registry.with(lines.with_filter(ours)).try_init()
        }
    }
}

/// Whether this process has one.
pub fn is_on() -> bool {
    tracing::level_filters::LevelFilter::current() > LevelFilter::OFF
}

/// Something that a relay of events told of.
pub fn said(line: &str) {
    info!(target: TARGET, "{line}");
}

/// From now on a panic is told of by its place alone: its message may quote the case. Goes to the log
/// where there is one, and to `otherwise`.
pub fn keep_panics_to_their_place(otherwise: impl Fn(&str) + Send + Sync + 'static) {
    panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        error!(target: TARGET, place, "panic");
        otherwise(&place);
    }));
}

/// A worker begins.
pub fn worker_started(name: &str, in_flight: usize, queue: &str) {
    info!(target: TARGET, worker = name, in_flight, queue, version = env!("CARGO_PKG_VERSION"), "worker started");
}

/// A worker was told to stop.
pub fn worker_stopping() {
    info!(target: TARGET, "stopping: what is in hand is finished");
}

/// Metrics can be read there.
pub fn endpoint_open(address: &str) {
    info!(target: TARGET, address, "metrics are served");
}

/// What a worker did in all.
pub fn worker_ended(report: &ServiceReport, took: Duration) {
    let ServiceReport { verdicts, faults, lease_losses, handed_back } = *report;
    info!(target: TARGET, verdicts, faults, lease_losses, handed_back, duration_ms = ms(took), "worker ended");
}

/// Something that a worker told of.
pub fn worker_event(what: &Progress<'_>) {
    match what {
        Progress::Claimed { lease, company } => {
            let Lease { case_id, attempt, token } = lease;
            let alone = *company == Company::Alone;
            debug!(target: TARGET, case_id, attempt, token, alone, "claimed");
        }
        Progress::Verdict { lease, verdict, took } => {
            checked(&lease.case_id, Some(lease.attempt), verdict, Some(*took));
        }
        Progress::Fault { lease, kind, reason, released } => {
            let Lease { case_id, attempt, .. } = lease;
            let set_aside = *released == Released::SetAside;
            warn!(target: TARGET, case_id, attempt, code = kind.id(), reason, set_aside, "fault");
        }
        Progress::LeaseLost { lease, error } => {
            let Lease { case_id, attempt, .. } = lease;
            warn!(target: TARGET, case_id, attempt, reason = error.to_string(), "lease lost");
        }
        Progress::HandedBack { lease } => {
            let Lease { case_id, attempt, .. } = lease;
            info!(target: TARGET, case_id, attempt, "handed back");
        }
        Progress::Waiting { error } => {
            warn!(target: TARGET, reason = error.to_string(), "waiting");
        }
        Progress::Resumed => info!(target: TARGET, "it answers again"),
        Progress::Overdue { cases } => error!(target: TARGET, cases, "not finished in time"),
    }
}

/// Something that the keeper of the queue's rule told of.
pub fn retention_event(what: &RetentionEvent<'_>) {
    match what {
        RetentionEvent::Purged { case_id, photos } => info!(target: TARGET, case_id, photos, "purged"),
        RetentionEvent::Turn { report, end, took } => {
            let (cases, photos, end) = (report.cases, report.photos, end.id());
            info!(target: TARGET, cases, photos, end, duration_ms = ms(*took), "the queue's rule was kept");
        }
        RetentionEvent::Failed { error } => {
            warn!(target: TARGET, reason = error.to_string(), "the queue's rule could not be kept");
        }
    }
}

/// A case has its verdict.
pub fn checked(case_id: &str, attempt: Option<u32>, verdict: &Verdict, took: Option<Duration>) {
    for (stage, duration_ms) in &verdict.timings.0 {
        debug!(target: TARGET, case_id, attempt, stage, duration_ms = tenths(*duration_ms), "stage");
    }
    let judgement = &verdict.judgement;
    let mut codes: Vec<&str> = Vec::new();
    for finding in judgement.findings.iter().filter(|finding| finding.effect != Effect::Noted) {
        if !codes.contains(&finding.code.id()) {
            codes.push(finding.code.id());
        }
    }
    let decision = judgement.decision.id();
    let duration_ms = took.map(ms);
    info!(target: TARGET, case_id, attempt, decision, codes = codes.join(","), duration_ms, "verdict");
}

/// A case of a batch could not be checked. Why is told by the program's own output: the reason of a
/// case on disk names its files, and a file's name may be a person's.
pub fn not_checked(case_id: &str) {
    warn!(target: TARGET, case_id, "not checked");
}

/// A case is in a queue.
pub fn submitted(case_id: &str, attempt: u32, is_new: bool) {
    info!(target: TARGET, case_id, attempt, is_new, "submitted");
}

/// A case was not taken. `code` is why, without the names of files.
pub fn not_submitted(code: &str) {
    warn!(target: TARGET, code, "not submitted");
}

fn ms(took: Duration) -> f64 {
    tenths(took.as_secs_f64() * 1e3)
}

fn tenths(ms: f64) -> f64 {
    (ms * 10.0).round() / 10.0
}
