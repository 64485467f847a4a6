//! `realname work`: a worker of a queue.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use clap::Args;

use super::globals::{Format, Globals};
use super::log_args::{LogArgs, Logging};
use super::queue_args::{PhotoArgs, QueueArgs, lease, seconds};
use super::telling::{Told, WorkSinks, while_telling};
use super::{apart, exit, stdout, stop};
use crate::case::Case;
use crate::monitor::{Endpoint, Health, Metrics, log};
use crate::queue::{QueueOptions, Released, SystemClock};
use crate::report::{Timing, one_line, verdict_json};
use crate::worker::Brief;
use crate::worker::purge::PurgeReport;
use crate::worker::retention::{LOOK_EVERY, RetentionEvent, RetentionSettings, while_keeping_rule};
use crate::worker::service::{Progress, ServiceReport, ServiceSettings, serve_apart};

/// Arguments of `realname work`.
#[derive(Debug, Args)]
pub(super) struct WorkArgs {
    #[command(flatten)]
    queue: QueueArgs,
    #[command(flatten)]
    photos: PhotoArgs,
    /// Cases checked at once [default: one more than threads]
    #[arg(long, value_name = "N")]
    concurrency: Option<NonZeroUsize>,
    /// End when no case is queued or in hand anywhere
    #[arg(long)]
    drain: bool,
    /// How long a case stays with a worker that gives no sign of life, in seconds; the same for
    /// all workers of a queue
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = lease)]
    lease: Duration,
    /// How long cases in hand may take once the worker is told to stop, in seconds; after that
    /// they are handed back
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    stop_within: Duration,
    #[command(flatten)]
    sinks: WorkSinks,
    /// What the worker is called in the queue [default: the machine's name and the process id]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Serve /metrics (Prometheus), /healthz and /readyz at this address, 127.0.0.1:9464; without
    /// TLS or a password, so not at a public one
    #[arg(long, value_name = "IP:PORT", env = "REALNAME_METRICS", hide_env_values = true)]
    metrics: Option<SocketAddr>,
    #[command(flatten)]
    log: LogArgs,
}

/// Runs `realname work`.
pub(super) fn run(args: &WorkArgs, globals: &Globals) -> anyhow::Result<ExitCode> {
    let teller = Teller { format: globals.format(), logging: args.log.start()? };
    log::keep_panics_to_their_place(move |place| teller.say(&format!("panicked at {place}")));
    let settings = globals.settings()?;
    // Before anything is claimed: a worker whose models or policy are broken takes no case.
    let engine = globals.engine(settings.clone())?;
    let options = QueueOptions { lease: args.lease, ..QueueOptions::default() };
    let queue = args.queue.open(options.clone())?;
    let photos = args.photos.open(args.queue.place()?)?;
    let stop = match teller.logging {
        Logging::On => stop::on_ctrl_c_told_by(log::worker_stopping)?,
        Logging::Off => stop::on_ctrl_c()?,
    };
    let name = args.name.clone().unwrap_or_else(own_name);
    let in_flight = args.concurrency.unwrap_or(settings.threads.saturating_add(1));
    let service = ServiceSettings {
        name: &name,
        in_flight,
        photo_bytes_max: settings.limits.bytes_max,
        lease: args.lease,
        drain: args.drain,
        stop,
        stop_within: args.stop_within,
    };
    let place = args.queue.place()?.to_string();
    teller.say(&format!("worker {name}: {in_flight} cases at once from {place}"));
    log::worker_started(&name, in_flight.get(), &place);
    let metrics = Arc::new(Metrics::new(engine.provenance(), &settings.policy.sha256())?);
    let health = Arc::new(Health::new(stop));
    if let Some(address) = args.metrics {
        let (queue, metrics, health) = (Arc::clone(&queue), Arc::clone(&metrics), Arc::clone(&health));
        let address = Endpoint::open(address, queue, metrics, health)?.address();
        teller.say(&format!("metrics at http://{address}/metrics"));
        log::endpoint_open(&address.to_string());
    }
    let began = Instant::now();
    let tell = |what: Progress<'_>| {
        metrics.count(&what);
        log::worker_event(&what);
        match &what {
            Progress::Waiting { .. } => health.set_waiting(),
            Progress::Resumed | Progress::Verdict { .. } => health.set_ready(),
            Progress::Claimed { .. }
            | Progress::Fault { .. }
            | Progress::LeaseLost { .. }
            | Progress::HandedBack { .. }
            | Progress::Overdue { .. } => {}
        }
        teller.tell(&what);
    };
    let suspect = |case: &Case| apart::checked(case, globals, &engine);
    let told = Told { queue: &*queue, place: args.queue.place()?, holder: &name, stop };
    let tell_retention = |what: RetentionEvent<'_>| {
        metrics.count_retention(&what);
        log::retention_event(&what);
        teller.tell_retention(&what);
    };
    // By a connection of its own: a purge that looks through a large file holds up no claim.
    let purged = args.queue.open(options)?;
    let clock = SystemClock::new();
    let retention = RetentionSettings { worker: &name, look_every: LOOK_EVERY, clock: &clock, stop };
    let serve = || {
        while_keeping_rule(&*purged, &photos, retention, tell_retention, || {
            serve_apart(&*queue, &photos, service, |case| engine.check(case), suspect, tell)
        })
    };
    let report = while_telling(&told, &args.sinks.open(args.queue.place()?, &*queue)?, serve)?;
    teller.say(&last_line(&report, began.elapsed()));
    log::worker_ended(&report, began.elapsed());
    let stopped = stop.load(Ordering::Relaxed);
    // A worker that was told to stop has done as it was told.
    Ok(if stopped && args.drain { ExitCode::from(exit::STOPPED) } else { ExitCode::SUCCESS })
}

/// Tells people and programs, on standard output what was asked for and on standard error the rest,
/// which goes to the log where there is one.
#[derive(Debug, Clone, Copy)]
struct Teller {
    format: Format,
    logging: Logging,
}

impl Teller {
    fn tell(self, what: &Progress<'_>) {
        match what {
            Progress::Verdict { lease, verdict, took } => match self.format {
                Format::Json => {
                    // The verdict is in the queue, whoever reads this or not.
                    stdout::put_line(&verdict_json(verdict, Timing::Untimed)).ok();
                }
                Format::Text => {
                    let brief = Brief::from(*verdict);
                    let (case_id, decision) = (one_line(&lease.case_id), brief.decision.id());
                    let line = format!(
                        "{case_id:<25} {decision:<7} {:>6} ms  {}",
                        took.as_millis(),
                        brief.codes.join(", ")
                    );
                    stdout::put_line(line.trim_end()).ok();
                }
            },
            Progress::Fault { lease, reason, released, .. } => {
                let end = match released {
                    Released::Queued => "",
                    Released::SetAside => "; it was set aside",
                };
                self.say(&format!("case {}: {reason}{end}", lease.case_id));
            }
            Progress::LeaseLost { error, .. } => self.say(&error.to_string()),
            Progress::Waiting { error } => self.say(&format!("waiting: {error}")),
            Progress::Resumed => self.say("it answers again"),
            Progress::Overdue { cases } => {
                self.say(&format!("{cases} cases were not finished in time and were handed back"));
                std::process::exit(exit::STOPPED.into());
            }
            Progress::Claimed { .. } | Progress::HandedBack { .. } => {}
        }
    }

    fn tell_retention(self, what: &RetentionEvent<'_>) {
        match what {
            RetentionEvent::Turn { report: PurgeReport { cases, photos }, .. } if *cases > 0 => {
                self.say(&format!("by the queue's rule: {cases} cases purged, {photos} photos removed"));
            }
            RetentionEvent::Turn { .. } | RetentionEvent::Purged { .. } => {}
            RetentionEvent::Failed { error } => {
                self.say(&format!("the queue's rule could not be kept: {error}"));
            }
        }
    }

    /// Says it on standard error, unless the log does.
    fn say(self, line: &str) {
        if self.logging == Logging::Off {
            say(line);
        }
    }
}

/// Says it on standard error; in the log, where there is one.
pub(super) fn say(line: &str) {
    if log::is_on() {
        log::said(line);
    } else {
        // Nobody can be told that standard error is closed.
        writeln!(io::stderr(), "{}", one_line(line)).ok();
    }
}

fn last_line(report: &ServiceReport, took: Duration) -> String {
    let ServiceReport { verdicts, faults, lease_losses, handed_back } = report;
    let per_s = *verdicts as f64 / took.as_secs_f64().max(1e-9);
    format!(
        "{verdicts} verdicts, {faults} faults, {lease_losses} leases lost, {handed_back} handed back; \
         {per_s:.2} cases/s"
    )
}

/// The machine's name and the process id.
pub(super) fn own_name() -> String {
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let machine = machine.or_else(|| std::env::var("HOSTNAME").ok()).unwrap_or_else(|| "worker".to_owned());
    format!("{}-{}", machine.trim(), std::process::id())
}
