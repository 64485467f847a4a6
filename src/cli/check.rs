//! `realname check`: one case, its verdict, and an exit code that says the decision.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use super::globals::{DecidedOn, Format, Globals};
use super::report::{Look, write_case_report};
use super::{exit, stdout};
use crate::case::{Case, Claims, Method, PhotoPaths, SELFIES_MAX, read_case, read_photos};
use crate::evidence::{Assessment, StoredAssessment};
use crate::replay::{Bundle, BundlePhotos};
use crate::report::{Detail, Timing, timings_text, verdict_json, verdict_text};
use crate::worker::write_whole;

/// Arguments of `realname check`.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The case: a folder with photos, or a case.json
    #[arg(required_unless_present_any = ["front", "back", "selfies"])]
    case: Option<PathBuf>,
    /// The photo of the card's portrait side, instead of a case
    #[arg(long, conflicts_with = "case", value_name = "PHOTO")]
    front: Option<PathBuf>,
    /// The photo of the card's emblem side
    #[arg(long, conflicts_with = "case", value_name = "PHOTO")]
    back: Option<PathBuf>,
    /// The selfie frames, in the order in which they were taken
    #[arg(long = "selfie", conflicts_with = "case", value_name = "PHOTO", num_args = 1..)]
    selfies: Vec<PathBuf>,
    /// Store what was measured, to be decided again by `realname policy decide`
    #[arg(long, value_name = "FILE")]
    assessment: Option<PathBuf>,
    /// Store what `realname replay` needs to make the verdict again: verdict, measures, policy
    #[arg(long, value_name = "ZIP")]
    bundle: Option<PathBuf>,
    /// Put the photos and what the user typed into the bundle, too
    #[arg(long, requires = "bundle")]
    bundle_photos: bool,
    /// Write a page to be read in a browser, with the photos and everything that was measured
    #[arg(long, value_name = "HTML")]
    report: Option<PathBuf>,
    #[command(flatten)]
    look: Look,
    #[command(flatten)]
    day: DecidedOn,
    /// Say how long each stage took
    #[arg(long)]
    timings: bool,
    /// Show every measure of every photo, too (text only)
    #[arg(long)]
    measures: bool,
}

/// Runs `realname check`.
pub(super) fn run(args: CheckArgs, globals: &Globals) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(
        args.report.is_some() || args.look.is_usual(),
        "--unmasked and --redact are for --report"
    );
    let settings = args.day.within(globals.settings()?);
    let bytes_max = settings.limits.bytes_max;
    let case = match args.case {
        Some(path) => read_case(&path, bytes_max)?,
        None => {
            let photos = PhotoPaths { front: args.front, back: args.back, selfies: args.selfies };
            case_of(&photos, bytes_max)?
        }
    };
    let engine = globals.engine(settings)?;
    let verdict = engine.check(&case)?;
    if let Some(path) = &args.report {
        write_case_report(path, &args.look, &engine, &case, &verdict)?;
    }
    if let Some(path) = &args.assessment {
        store(&verdict.assessment, path)?;
    }
    if let Some(path) = &args.bundle {
        let photos = if args.bundle_photos { BundlePhotos::Held } else { BundlePhotos::LeftOut };
        let bundle = Bundle::of(&case, &verdict, engine.policy(), photos)?;
        let written = write_whole(path, |out| out.write_all(&bundle));
        written.with_context(|| path.display().to_string())?;
    }
    let timing = if args.timings { Timing::Timed } else { Timing::Untimed };
    match globals.format() {
        Format::Json => stdout::write_line(&verdict_json(&verdict, timing))?,
        Format::Text => {
            let detail = if args.measures { Detail::Measures } else { Detail::Findings };
            let mut text = verdict_text(&verdict, detail);
            match timing {
                Timing::Timed => text += &timings_text(&verdict.timings),
                Timing::Untimed => {}
            }
            stdout::write(&text)?;
        }
    }
    Ok(exit::of(verdict.judgement.decision))
}

fn case_of(photos: &PhotoPaths, bytes_max: u64) -> anyhow::Result<Case> {
    let selfies = photos.selfies.len();
    anyhow::ensure!(selfies <= SELFIES_MAX, "{selfies} selfies; at most {SELFIES_MAX}");
    Ok(Case {
        case_id: "case".to_owned(),
        method: Method::IdCard,
        claims: Claims::default(),
        samples: read_photos(photos, bytes_max)?,
        challenge: Vec::new(),
        decided_on: None,
    })
}

fn store(assessment: &Assessment, path: &Path) -> anyhow::Result<()> {
    let json = serde_json::to_string_pretty(&StoredAssessment::from(assessment))?;
    let written = write_whole(path, |out| out.write_all(format!("{json}\n").as_bytes()));
    written.with_context(|| path.display().to_string())
}
