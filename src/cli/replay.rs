//! `realname replay`: makes a recorded verdict again, and says that it is the same or what differs
//! first.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use super::globals::{Format, Globals};
use super::{exit, stdout};
use crate::case::{Case, read_case};
use crate::engine::Settings;
use crate::replay::{
    BUNDLE_BYTES_MAX, Bundle, Difference, Recorded, ReplayDocument, inputs_difference, result_difference,
};
use crate::report::one_line;
use crate::worker::read_plain;

/// Characters of a sha256 that people are shown.
const SHA256_SHOWN: usize = 12;

/// Arguments of `realname replay`.
#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    /// The verdict: a file with one, form realname.verdict/1, or a bundle of `check --bundle`
    verdict: PathBuf,
    /// The case: a folder with photos, or a case.json; not needed with a bundle that holds photos
    case: Option<PathBuf>,
    /// Decide what the bundle stores of the photos again, and measure nothing
    #[arg(long, conflicts_with = "case")]
    decision_only: bool,
}

/// Runs `realname replay`: exit 0 for the same verdict, 1 where something differs.
pub(super) fn run(args: &ReplayArgs, globals: &Globals) -> anyhow::Result<ExitCode> {
    let mut recorded = recorded(&args.verdict)?;
    if args.decision_only {
        anyhow::ensure!(
            recorded.assessment.is_some(),
            "{}: a verdict alone holds nothing to decide again; that needs a bundle",
            args.verdict.display()
        );
        return told(&recorded, false, Bundle::decision_difference(&recorded), globals.format());
    }
    let settings = settings(&recorded, globals)?;
    let case = match (&args.case, recorded.case.take()) {
        (Some(path), _) => read_case(path, settings.limits.bytes_max)?,
        (None, Some(case)) => case,
        (None, None) => anyhow::bail!(
            "{}: it holds no photos; name the case, or give --decision-only to decide a bundle again \
             without them",
            args.verdict.display()
        ),
    };
    let difference = measured_again(&recorded, recorded.as_judged(case), settings, globals)?;
    told(&recorded, true, difference, globals.format())
}

fn recorded(path: &Path) -> anyhow::Result<Recorded> {
    let name = || path.display().to_string();
    let bytes = read_plain(path, BUNDLE_BYTES_MAX).with_context(name)?;
    if Bundle::is_one(&bytes) {
        return Bundle::read(&bytes).with_context(name);
    }
    let text = std::str::from_utf8(&bytes).with_context(name)?;
    let read = Recorded::from_verdict(text).map_err(anyhow::Error::msg);
    read.with_context(|| format!("{}: neither a verdict nor a bundle", path.display()))
}

/// The settings that the verdict was made with, as far as it says: policy and embedding are its own
/// unless others are asked for.
fn settings(recorded: &Recorded, globals: &Globals) -> anyhow::Result<Settings> {
    let asked_for = globals.settings()?;
    let policy = match (&globals.policy, &recorded.policy) {
        (None, Some(policy)) => policy.clone(),
        (Some(_), _) | (None, None) => asked_for.policy,
    };
    let embedding = asked_for.embedding.or_else(|| recorded.embedding().map(str::to_owned));
    Ok(Settings { policy, embedding, decided_on: None, ..asked_for })
}

fn measured_again(
    recorded: &Recorded,
    case: Case,
    settings: Settings,
    globals: &Globals,
) -> anyhow::Result<Option<Difference>> {
    let policy_sha256 = settings.policy.sha256();
    let engine = globals.engine(settings)?;
    let difference = inputs_difference(recorded, engine.provenance(), &policy_sha256, Some(&case));
    match difference {
        // What it is made of explains whatever else may differ: nothing is run.
        Some(difference) => Ok(Some(difference)),
        None => Ok(result_difference(recorded, &engine.check(&case)?)),
    }
}

fn told(
    recorded: &Recorded,
    measured_again: bool,
    difference: Option<Difference>,
    format: Format,
) -> anyhow::Result<ExitCode> {
    let verdict = &recorded.verdict;
    match format {
        Format::Json => {
            let document = ReplayDocument::new(&verdict.case_id, measured_again, difference.as_ref());
            stdout::write_line(&serde_json::to_string(&document)?)?;
        }
        Format::Text => {
            let told = match &difference {
                Some(difference) => format!("DIFFERS: {difference}"),
                None => {
                    let made_by = &verdict.provenance;
                    let how = if measured_again {
                        "measured and decided again"
                    } else {
                        "decided again from what was measured; no photo was looked at"
                    };
                    let policy: String = made_by.policy.chars().take(SHA256_SHOWN).collect();
                    format!(
                        "the same verdict, {how}: realname {}, {}, {} models, policy {policy}",
                        made_by.version,
                        made_by.runtime,
                        made_by.models.len()
                    )
                }
            };
            stdout::write_line(&one_line(&format!("{}: {told}", verdict.case_id)))?;
        }
    }
    Ok(if difference.is_none() { ExitCode::SUCCESS } else { ExitCode::from(exit::FAIL) })
}
