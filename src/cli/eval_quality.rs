//! `realname eval quality`: the gates on selfies, measured on labelled sets.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use super::globals::{Format, Globals};
use super::progress::Progress;
use super::{exit, stdout, stop};
use crate::engine::Engine;
use crate::eval::{self, FaceLabel, QualityOutcome};
use crate::report::one_line;
use crate::worker::for_each_in_order;

#[derive(Debug, Args)]
pub(super) struct QualityArgs {
    /// Folders with selfies and labels.jsonl
    #[arg(required = true)]
    sets: Vec<PathBuf>,
    /// Only the first so many photos of each set
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Write what was found on each photo, one JSON object a line; a run that was stopped goes on
    /// with it
    #[arg(long, value_name = "JSONL")]
    output: Option<PathBuf>,
}

/// A labelled photo of one of the sets.
struct Item {
    label: FaceLabel,
    path: PathBuf,
    /// As it is called in the output.
    name: String,
}

/// Runs `realname eval quality`.
pub(super) fn run(args: &QualityArgs, globals: &Globals) -> anyhow::Result<ExitCode> {
    let settings = globals.settings()?;
    let items = items(&args.sets, args.limit.unwrap_or(usize::MAX))?;
    let (bytes_max, workers) = (settings.limits.bytes_max, settings.threads);
    let engine = globals.engine(settings)?;
    let (mut known, mut file) = match &args.output {
        Some(path) => {
            let (known, file) =
                opened(path, &made_by(&engine)).with_context(|| path.display().to_string())?;
            (known, Some(file))
        }
        None => (HashMap::new(), None),
    };
    let stop = stop::on_ctrl_c()?;
    let (seen, new): (Vec<Item>, Vec<Item>) =
        items.into_iter().partition(|item| known.contains_key(&item.name));
    let mut labels = Vec::with_capacity(seen.len() + new.len());
    let mut outcomes = Vec::with_capacity(seen.len() + new.len());
    for item in seen {
        outcomes.extend(known.remove(&item.name));
        labels.push(item.label);
    }
    let mut progress = Progress::new("photos", new.len());
    let mut errors = 0_usize;
    let work = |item: &Item| -> anyhow::Result<QualityOutcome> {
        let sample = super::inspect::photo(&item.path, bytes_max)?;
        Ok(eval::look_at_selfie(&engine, item.name.clone(), sample.bytes)?)
    };
    let done = for_each_in_order(&new, workers, stop, work, |item, result| {
        match result.map_err(|panic| panic.to_string()).and_then(|r| r.map_err(|e| format!("{e:#}"))) {
            Ok(outcome) => {
                if let Some(file) = &mut file {
                    // One write a line, so that a run that ends here loses at most this one.
                    file.write_all(format!("{}\n", serde_json::to_string(&outcome)?).as_bytes())?;
                }
                labels.push(item.label.clone());
                outcomes.push(outcome);
            }
            // What the machine could not look at counts neither way.
            Err(error) => {
                errors += 1;
                progress.say(&one_line(&format!("error: {}: {error}", item.name)));
            }
        }
        progress.step();
        Ok::<(), io::Error>(())
    })?;
    progress.finish();
    let summary = eval::quality_summary(&labels, &outcomes);
    match globals.format.unwrap_or(Format::Text) {
        Format::Json => stdout::write_line(&serde_json::to_string(&summary)?)?,
        Format::Text => stdout::write(&eval::quality_table(&summary))?,
    }
    Ok(match (errors, done == new.len()) {
        (1.., _) => ExitCode::from(exit::NOT_DONE),
        (0, false) => ExitCode::from(exit::STOPPED),
        (0, true) => ExitCode::SUCCESS,
    })
}

fn items(sets: &[PathBuf], limit: usize) -> anyhow::Result<Vec<Item>> {
    let mut items = Vec::new();
    for set in sets {
        let labels = eval::read_face_labels(set)?;
        items.extend(labels.into_iter().take(limit).map(|label| {
            let path = set.join(&label.file);
            Item { name: path.display().to_string(), path, label }
        }));
    }
    Ok(items)
}

/// The first line of an output: outcomes of other models or another policy do not mix.
fn made_by(engine: &Engine) -> String {
    let made = engine.provenance();
    let header = serde_json::json!({
        "schema": "realname.quality/1",
        "version": made.version,
        "models": made.models,
        "policy": engine.policy().sha256(),
    });
    header.to_string()
}

/// The outcomes in the file, and the file to go on with; a last line that was cut off is dropped.
fn opened(path: &Path, header: &str) -> anyhow::Result<(HashMap<String, QualityOutcome>, File)> {
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
    let mut known = HashMap::new();
    let mut end = 0;
    let mut lines = BufReader::new(&file);
    let mut line = String::new();
    while lines.read_line(&mut line)? > 0 && line.ends_with('\n') {
        if end == 0 {
            anyhow::ensure!(
                line.trim_end() == header,
                "made by another version, models or policy; write to another file, or remove this one"
            );
        } else {
            let outcome: QualityOutcome = serde_json::from_str(&line).context("not an outcome")?;
            known.insert(outcome.photo.clone(), outcome);
        }
        end += line.len() as u64;
        line.clear();
    }
    anyhow::ensure!(end > 0 || line.is_empty(), "not an output of this command; write to another file");
    drop(lines);
    file.set_len(end)?;
    io::Seek::seek(&mut file, io::SeekFrom::End(0))?;
    if end == 0 {
        file.write_all(format!("{header}\n").as_bytes())?;
    }
    Ok((known, file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_goes_on_where_it_was_cut_off_and_mixes_nothing() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("out.jsonl");
        let (known, mut file) = opened(&path, "{\"head\":1}").expect("a new file");
        assert!(known.is_empty());
        let outcome = QualityOutcome { photo: "a.jpg".to_owned(), ..QualityOutcome::default() };
        let line = serde_json::to_string(&outcome).expect("plain data");
        write!(file, "{line}\n{}", &line[..20]).expect("it can be written");
        drop(file);
        let (known, _) = opened(&path, "{\"head\":1}").expect("its own file");
        assert_eq!(known.get("a.jpg"), Some(&outcome));
        let text = std::fs::read_to_string(&path).expect("it can be read");
        assert_eq!(text, format!("{{\"head\":1}}\n{line}\n"));
        assert!(opened(&path, "{\"head\":2}").is_err());
        std::fs::write(&path, "something else").expect("it can be written");
        assert!(opened(&path, "{\"head\":1}").is_err());
        assert_eq!(std::fs::read_to_string(&path).expect("untouched"), "something else");
    }
}
