//! `realname eval`: measures the program on labelled sets.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};

use super::globals::{Format, Globals};
use super::progress::Progress;
use super::{exit, stdout, stop};
use crate::case::CaseError;
use crate::engine::{Engine, EngineError};
use crate::eval::{self, CardLabel, CardOutcome, Exhibit};
use crate::report::one_line;
use crate::worker::{for_each_in_order, write_whole};

/// Arguments of `realname eval`.
#[derive(Debug, Args)]
pub(super) struct EvalArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Find, judge and read the cards of a labelled set
    Cards(CardsArgs),
    /// Measure the gates on selfies: good captures refused, defects found, error of the pose
    Quality(super::eval_quality::QualityArgs),
    /// Compare every pair of a table of faces and tell the error rates
    Faces(super::eval_faces::FacesArgs),
    /// Score live frames and attacks of a table and tell the error rates
    Liveness(super::eval_liveness::LivenessArgs),
}

#[derive(Debug, Args)]
struct CardsArgs {
    /// Folder with photos and labels.jsonl
    set: PathBuf,
    /// Only the first so many photos
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Write the worst failures as an HTML page
    #[arg(long, value_name = "HTML")]
    gallery: Option<PathBuf>,
    /// Photos in the gallery
    #[arg(long, value_name = "N", default_value_t = 60)]
    gallery_max: usize,
    /// Write what was found on each photo, one JSON object a line
    #[arg(long, value_name = "JSONL")]
    details: Option<PathBuf>,
}

/// Runs `realname eval`.
pub(super) fn run(args: EvalArgs, globals: &Globals) -> anyhow::Result<ExitCode> {
    match args.what {
        What::Cards(args) => cards(&args, globals),
        What::Quality(args) => super::eval_quality::run(&args, globals),
        What::Faces(args) => super::eval_faces::run(&args, globals),
        What::Liveness(args) => super::eval_liveness::run(&args, globals),
    }
}

/// What came of a photo, and its place in the gallery where it failed.
type Looked = (CardOutcome, Option<(f32, Exhibit)>);

/// The machine's fault on one photo.
#[derive(Debug, thiserror::Error)]
enum LookError {
    #[error("{0}")]
    Read(#[from] CaseError),
    #[error("{0}")]
    Engine(#[from] EngineError),
}

fn cards(args: &CardsArgs, globals: &Globals) -> anyhow::Result<ExitCode> {
    let settings = globals.settings()?;
    let mut labels = eval::read_labels(&args.set)?;
    labels.truncate(args.limit.unwrap_or(usize::MAX));
    let bytes_max = settings.limits.bytes_max;
    let workers = settings.threads;
    let engine = globals.engine(settings)?;
    let stop = stop::on_ctrl_c()?;
    let mut progress = Progress::new("photos", labels.len());
    let mut outcomes = Vec::with_capacity(labels.len());
    let mut exhibits: Vec<(f32, Exhibit)> = Vec::new();
    // Photos that the machine could not look at: they count neither way.
    let mut unseen = Vec::new();
    let mut at = 0;
    let work = |label: &CardLabel| looked(&engine, &args.set, label, bytes_max, args.gallery.is_some());
    let done = for_each_in_order(&labels, workers, stop, work, |label, result| {
        match result.map_err(|panic| panic.to_string()).and_then(|r| r.map_err(|e| e.to_string())) {
            Ok((outcome, exhibit)) => {
                outcomes.push(outcome);
                exhibits.extend(exhibit);
                exhibits.sort_by(|a, b| b.0.total_cmp(&a.0));
                exhibits.truncate(args.gallery_max);
            }
            Err(error) => {
                unseen.push(at);
                progress.say(&one_line(&format!("error: {}: {error}", label.file)));
            }
        }
        at += 1;
        progress.step();
        Ok::<(), io::Error>(())
    })?;
    progress.finish();
    let is_whole = done == labels.len();
    labels.truncate(done);
    for index in unseen.iter().rev() {
        labels.remove(*index);
    }
    if let Some(path) = &args.details {
        let written = write_whole(path, |out| write_details(out, &labels, &outcomes));
        written.with_context(|| path.display().to_string())?;
    }
    if let Some(path) = &args.gallery {
        let exhibits: Vec<Exhibit> = exhibits.into_iter().map(|(_, exhibit)| exhibit).collect();
        let page = eval::gallery(&args.set.display().to_string(), &exhibits);
        let written = write_whole(path, |out| out.write_all(page.as_bytes()));
        written.with_context(|| path.display().to_string())?;
    }
    let summary = eval::summary(&labels, &outcomes);
    match globals.format.unwrap_or(Format::Text) {
        Format::Json => stdout::write_line(&serde_json::to_string(&summary)?)?,
        Format::Text => stdout::write(&eval::table(&summary))?,
    }
    Ok(if !unseen.is_empty() {
        ExitCode::from(exit::NOT_DONE)
    } else if is_whole {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(exit::STOPPED)
    })
}

fn looked(
    engine: &Engine,
    set: &Path,
    label: &CardLabel,
    bytes_max: u64,
    with_exhibit: bool,
) -> Result<Looked, LookError> {
    let sample = super::inspect::photo(&eval::photo_path(set, label), bytes_max)?;
    let (outcome, inspection) = eval::look(engine, label, sample.bytes)?;
    let failure = eval::failure(label, &outcome).filter(|_| with_exhibit);
    let exhibit = failure
        .and_then(|(badness, title)| Some((badness, eval::exhibit(label, &outcome, &inspection, title)?)));
    Ok((outcome, exhibit))
}

/// Found corners, side, codes, measures and milliseconds of each photo; no field is written.
fn write_details(out: &mut dyn io::Write, labels: &[CardLabel], outcomes: &[CardOutcome]) -> io::Result<()> {
    for (label, outcome) in labels.iter().zip(outcomes) {
        let corners = outcome.quad.map(|quad| quad.corners.map(|p| [p.x, p.y]));
        let failure = eval::failure(label, outcome).map(|(_, title)| title);
        let measures: BTreeMap<_, _> = outcome.measures.iter().map(|(m, value)| (m.id(), value)).collect();
        let line = serde_json::json!({
            "file": label.file,
            "quad": corners,
            "side": outcome.side.map(|side| format!("{side:?}").to_lowercase()),
            "codes": outcome.codes,
            "failure": failure,
            "measures": measures,
            "ms": outcome.ms,
        });
        writeln!(out, "{line}")?;
    }
    Ok(())
}
