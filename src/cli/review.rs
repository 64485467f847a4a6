//! `realname review`: the reviewer's desk, a web app on this machine.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use clap::Args;

use super::globals::{DecidedOn, Globals};
use super::queue_args::{PhotoArgs, QueueArgs};
use super::{stdout, stop};
use crate::card::fields::FieldsWanted;
use crate::engine::{Engine, Settings};
use crate::queue::{QueueOptions, QueuePlace};
use crate::review::{Checks, Desk, DeskSettings, QueueSource, Source, serve};

/// What the desk keeps beside a folder of cases, unless another place is named.
const STATE: &str = ".review";

/// What a batch is kept in where its file has the usual name.
const VERDICTS: &str = "verdicts.jsonl";
const ASSESSMENTS: &str = "assessments.jsonl";

/// Arguments of `realname review`.
#[derive(Debug, Args)]
pub(super) struct ReviewArgs {
    /// A folder with a sub-folder for each case
    #[arg(required_unless_present = "queue", conflicts_with = "queue")]
    folder: Option<PathBuf>,
    #[command(flatten)]
    queue: QueueArgs,
    #[command(flatten)]
    photos: PhotoArgs,
    /// Verdicts of these cases, as `batch -o` writes them [default: FOLDER/verdicts.jsonl, if there]
    #[arg(long, value_name = "FILE", num_args = 1..)]
    verdicts: Vec<PathBuf>,
    /// What was measured on these cases, as `batch --assessments` writes it [default:
    /// FOLDER/assessments.jsonl, if there]
    #[arg(long, value_name = "FILE", num_args = 1..)]
    assessments: Vec<PathBuf>,
    /// Keep the audit log, saved policies and new cases here [default: FOLDER/.review, or beside a
    /// queue in a file]
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Who reviews: stands in the audit log [default: $USER]
    #[arg(long, value_name = "NAME")]
    reviewer: Option<String>,
    /// The port on 127.0.0.1 [default: any that is free]
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    port: u16,
    #[command(flatten)]
    day: DecidedOn,
}

/// Runs `realname review` until Ctrl-C.
pub(super) fn run(args: ReviewArgs, globals: &Globals) -> anyhow::Result<ExitCode> {
    let settings = args.day.within(globals.settings()?);
    let usual = |files: Vec<PathBuf>, name: &str| match &args.folder {
        Some(folder) if files.is_empty() => {
            Some(folder.join(name)).filter(|path| path.is_file()).into_iter().collect()
        }
        Some(_) | None => files,
    };
    let (verdicts, assessments) = (usual(args.verdicts, VERDICTS), usual(args.assessments, ASSESSMENTS));
    let (source, beside) = match &args.folder {
        Some(folder) => (Source::Folder(folder.clone()), Some(folder.join(STATE))),
        None => {
            let place = args.queue.place()?;
            let source =
                QueueSource::new(args.queue.open(QueueOptions::default())?, args.photos.open(place)?);
            let beside = match place {
                QueuePlace::Sqlite(path) => {
                    let mut name = path.clone().into_os_string();
                    name.push(STATE);
                    Some(PathBuf::from(name))
                }
                QueuePlace::Nats(_) => None,
            };
            (Source::Queue(source), beside)
        }
    };
    let state = args
        .state
        .or(beside)
        .ok_or_else(|| anyhow::anyhow!("a queue on NATS needs a place for the audit log: give --state"))?;
    let reviewer =
        args.reviewer.or_else(|| std::env::var("USER").ok()).filter(|name| !name.trim().is_empty());
    let reviewer = reviewer.ok_or_else(|| anyhow::anyhow!("who reviews? give --reviewer"))?;
    // Before anyone is let in: a desk whose models are broken says so at the start. Checked on the
    // calling thread, for it may fetch what is missing.
    let engine = Arc::new(globals.engine(Settings { ..settings.clone() })?);
    let desk = Arc::new(Desk::open(DeskSettings {
        source,
        state,
        verdicts,
        assessments,
        photo_bytes_max: settings.limits.bytes_max,
        policy: settings.policy,
        reviewer,
        checks: checks(engine),
    })?);
    let stop = stop::on_ctrl_c()?;
    let told = Mutex::new(Ok(()));
    serve(desk, args.port, stop, |served| {
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        *told = stdout::write_line(&served.url);
        writeln!(std::io::stderr(), "Open this address in a browser on this machine; Ctrl-C ends the desk.")
            .ok();
    })?;
    told.into_inner().unwrap_or_else(PoisonError::into_inner)?;
    Ok(ExitCode::SUCCESS)
}

fn checks(engine: Arc<Engine>) -> Checks {
    let looks = Arc::clone(&engine);
    Checks {
        check: Box::new(move |case| engine.check(case).map_err(|error| error.to_string())),
        look: Box::new(move |sample| {
            looks.inspect(sample, FieldsWanted::All).map_err(|error| error.to_string())
        }),
    }
}
