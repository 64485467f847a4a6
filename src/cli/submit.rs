//! `realname submit`: cases from folders or a manifest into a queue.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde::Deserialize;

use super::globals::{Format, Globals};
use super::lines::{for_each_line, is_stdin};
use super::log_args::LogArgs;
use super::progress::Progress;
use super::queue_args::{PhotoArgs, QueueArgs};
use super::{exit, stdout};
use crate::case::{CaseError, CaseFolder};
use crate::monitor::log;
use crate::queue::{QueueOptions, Submitted};
use crate::report::one_line;
use crate::status::{RequiredSteps, StepsError};
use crate::worker::case_folders;
use crate::worker::submit::{SubmitSettings, submit_case};

/// Arguments of `realname submit`.
#[derive(Debug, Args)]
pub(super) struct SubmitArgs {
    #[command(flatten)]
    queue: QueueArgs,
    #[command(flatten)]
    photos: PhotoArgs,
    /// Cases: folders with photos, case.json files, or folders of such folders
    #[arg(required_unless_present = "manifest")]
    cases: Vec<PathBuf>,
    /// Read cases from a file, a line `{"case":"PATH"}` for each; `-` is standard input
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// The steps that new cases have to pass: pipeline, wallet, or names with commas
    #[arg(
        long,
        value_name = "STEPS",
        default_value = "pipeline",
        env = "REALNAME_STEPS",
        hide_env_values = true,
        value_parser = |text: &str| -> Result<RequiredSteps, StepsError> { RequiredSteps::parse(text) }
    )]
    steps: RequiredSteps,
    #[command(flatten)]
    log: LogArgs,
}

/// A line of a manifest.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    case: PathBuf,
}

/// Runs `realname submit`.
pub(super) fn run(args: &SubmitArgs, globals: &Globals) -> anyhow::Result<ExitCode> {
    args.log.start()?;
    let shared = globals.settings()?;
    let settings = SubmitSettings {
        photo_bytes_max: shared.limits.bytes_max,
        required: args.steps.clone(),
        today: shared.decided_on,
    };
    let mut paths = Vec::new();
    for given in &args.cases {
        paths.extend(cases_at(given)?);
    }
    let queue = args.queue.open(QueueOptions::default())?;
    let photos = args.photos.open(args.queue.place()?)?;
    let mut progress = Progress::new("cases", paths.len());
    let mut tally = Tally::default();
    let mut one = |path: &Path, progress: &mut Progress| -> anyhow::Result<()> {
        match submit_case(path, &photos, &*queue, &settings) {
            Ok((case_id, submitted)) => {
                tally.add(submitted);
                let (attempt, is_new) = match submitted {
                    Submitted::Queued { attempt } => (attempt, true),
                    Submitted::AlreadyThere { attempt } => (attempt, false),
                };
                log::submitted(&case_id, attempt, is_new);
                if globals.format() == Format::Json {
                    let line = serde_json::json!({"case_id": case_id, "attempt": attempt, "new": is_new});
                    progress.aside(|| stdout::put_line(&line.to_string()))?;
                }
            }
            Err(error) => {
                tally.refused += 1;
                log::not_submitted(error.id());
                progress.say(&one_line(&format!("error: {}: {error}", path.display())));
            }
        }
        progress.step();
        Ok(())
    };
    for path in &paths {
        one(path, &mut progress)?;
    }
    if let Some(manifest) = &args.manifest {
        // Paths are relative to the manifest's folder.
        let parent = manifest.parent().filter(|_| !is_stdin(manifest));
        let folder = parent.unwrap_or(Path::new(""));
        for_each_line(manifest, |_, line| {
            let line: Result<Line, _> = serde_json::from_slice(line);
            let Line { case } = line.map_err(|_| anyhow::anyhow!("not of the form {{\"case\":\"PATH\"}}"))?;
            one(&folder.join(case), &mut progress)
        })?;
    }
    progress.finish();
    let Tally { queued, known, refused } = tally;
    progress.say(&format!("{queued} submitted, {known} were there already, {refused} refused"));
    Ok(if refused > 0 { ExitCode::from(exit::NOT_DONE) } else { ExitCode::SUCCESS })
}

#[derive(Default)]
struct Tally {
    queued: usize,
    known: usize,
    refused: usize,
}

impl Tally {
    fn add(&mut self, submitted: Submitted) {
        match submitted {
            Submitted::Queued { .. } => self.queued += 1,
            Submitted::AlreadyThere { .. } => self.known += 1,
        }
    }
}

/// The case at a path, or the cases in the folder there.
fn cases_at(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    match CaseFolder::open(path) {
        Err(CaseError::NoCase { .. }) => {
            let folders = case_folders(path)?;
            Ok(folders.cases.into_iter().map(|case| case.folder).collect())
        }
        Err(error) if !path.exists() => Err(error.into()),
        // What else is wrong with a case is told when its turn comes.
        Ok(_) | Err(_) => Ok(vec![path.to_owned()]),
    }
}
