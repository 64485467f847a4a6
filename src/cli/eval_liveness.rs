//! `realname eval liveness`: scores live presentations and attacks and tells the error rates.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;

use super::globals::{Format, Globals};
use super::inspect::photo;
use super::progress::Progress;
use super::{exit, stdout, stop};
use crate::card::fields::FieldsWanted;
use crate::case::{CaseError, Sample};
use crate::engine::{Engine, EngineError};
use crate::eval::{Presentation, liveness_summary, liveness_text};
use crate::evidence::{Measure, Reason};
use crate::score::Finite;
use crate::worker::{for_each_in_order, write_whole};

/// What separates the frames of one presentation in its cell.
const BETWEEN_FRAMES: char = ';';

/// The species of a live person.
const LIVE: &str = "live";

/// Arguments of `realname eval liveness`.
#[derive(Debug, Args)]
pub(super) struct LivenessArgs {
    /// Table of tab-separated values with the columns frames (paths relative to the table, several
    /// separated by `;`) and species (`live`, or the species of attack)
    presentations: PathBuf,
    /// Write the score of each presentation here
    #[arg(long, value_name = "TSV")]
    scores: Option<PathBuf>,
}

struct Row {
    frames: Vec<PathBuf>,
    cell: String,
    species: String,
}

/// The machine's fault on one photo.
#[derive(Debug, thiserror::Error)]
enum LookError {
    #[error("{0}")]
    Read(#[from] CaseError),
    #[error("{0}")]
    Engine(#[from] EngineError),
    #[error("the models of the set `liveness` are not installed: run `realname models fetch --set liveness`")]
    NoModel,
}

pub(super) fn run(args: &LivenessArgs, globals: &Globals) -> anyhow::Result<ExitCode> {
    let settings = globals.settings()?;
    let Some(threshold) = settings.policy.liveness_threshold() else {
        bail!("the policy does not judge liveness: `liveness.score` is \"off\"");
    };
    let (bytes_max, workers) = (settings.limits.bytes_max, settings.threads);
    let engine = globals.engine(settings)?;
    let rows = rows(&args.presentations)?;
    let stop = stop::on_ctrl_c()?;
    let mut progress = Progress::new("presentations", rows.len());
    let mut scored: Vec<Presentation> = Vec::with_capacity(rows.len());
    let look = |row: &Row| -> Result<Option<f64>, LookError> {
        let mut scores = Vec::new();
        for frame in &row.frames {
            scores.extend(score(&engine, photo(frame, bytes_max)?)?);
        }
        Ok((!scores.is_empty()).then(|| scores.iter().sum::<f64>() / scores.len() as f64))
    };
    let done = for_each_in_order(&rows, workers, stop, look, |row, result| -> anyhow::Result<()> {
        let score = result.map_err(anyhow::Error::new).and_then(|score| Ok(score?));
        let species = (row.species != LIVE).then(|| row.species.clone());
        scored.push(Presentation { species, score: score.with_context(|| row.cell.clone())? });
        progress.step();
        Ok(())
    });
    progress.finish();
    let done = done?;
    if let Some(path) = &args.scores {
        let written = write_whole(path, |out| {
            writeln!(out, "frames\tspecies\tscore")?;
            for (row, presentation) in rows.iter().zip(&scored) {
                let score = presentation.score.map_or(String::new(), |score| format!("{score:.6}"));
                writeln!(out, "{}\t{}\t{score}", row.cell, row.species)?;
            }
            Ok(())
        });
        written.with_context(|| path.display().to_string())?;
    }
    let summary = liveness_summary(&scored, threshold);
    match globals.format() {
        Format::Json => stdout::write_line(&serde_json::to_string(&summary)?)?,
        Format::Text => stdout::write(&liveness_text(&summary))?,
    }
    Ok(if done == rows.len() { ExitCode::SUCCESS } else { ExitCode::from(exit::STOPPED) })
}

/// The score of one frame; `None` where there is no face or no picture.
fn score(engine: &Engine, sample: Sample) -> Result<Option<f64>, LookError> {
    let inspection = engine.inspect(&sample, FieldsWanted::Decision)?;
    match inspection.assessment.readings.get(&Measure::Liveness) {
        Some(reading) => match reading {
            crate::evidence::Measured::Value(score) => Ok(Some(Finite::get(*score))),
            crate::evidence::Measured::FailureToAssess(Reason::NoModel) => Err(LookError::NoModel),
            crate::evidence::Measured::FailureToAssess(_) => Ok(None),
        },
        None => Ok(None),
    }
}

fn rows(path: &PathBuf) -> anyhow::Result<Vec<Row>> {
    let name = path.display().to_string();
    let text = fs::read_to_string(path).with_context(|| name.clone())?;
    let folder = path.parent().map(PathBuf::from).unwrap_or_default();
    let mut lines = text.lines();
    let header: Vec<&str> =
        lines.next().unwrap_or_default().trim_start_matches('\u{feff}').split('\t').collect();
    let column = |known: &str| {
        header.iter().position(|c| *c == known).with_context(|| format!("{name}: no column `{known}`"))
    };
    let (frames, species) = (column("frames")?, column("species")?);
    let mut rows = Vec::new();
    for (number, line) in (2..).zip(lines).filter(|(_, line)| !line.is_empty()) {
        let cells: Vec<&str> = line.split('\t').collect();
        let (Some(cell), Some(species)) = (cells.get(frames), cells.get(species)) else {
            bail!("{name}, line {number}: {} columns, the header has {}", cells.len(), header.len());
        };
        if species.is_empty() {
            bail!("{name}, line {number}: `species` is `live` or the species of attack");
        }
        let paths = cell.split(BETWEEN_FRAMES).map(|frame| folder.join(frame)).collect();
        rows.push(Row { frames: paths, cell: (*cell).to_owned(), species: (*species).to_owned() });
    }
    if rows.is_empty() {
        bail!("{name} has no presentations");
    }
    Ok(rows)
}
