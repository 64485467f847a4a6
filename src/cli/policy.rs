//! `realname policy`: reads, shows and applies policies without looking at a photo.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};

use super::globals::{Format, Globals};
use super::{exit, stdout};
use crate::evidence::{Assessment, StoredAssessment, Timings};
use crate::policy::{Policy, SHIPPED_TOML, Verdict};
use crate::report::{Detail, Timing, codes_json, codes_text, one_line, verdict_json, verdict_text};
use crate::worker::read_plain;

/// A policy file or stored assessment larger than this is refused.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// Arguments of `realname policy`.
#[derive(Debug, Args)]
pub(super) struct PolicyArgs {
    #[command(subcommand)]
    command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
enum PolicyCommand {
    /// Read a policy file and say whether it can be used
    Check {
        /// The policy file
        file: PathBuf,
    },
    /// Print the policy in effect; without a file the shipped one, every key explained
    Show {
        /// The policy file
        file: Option<PathBuf>,
    },
    /// List every code that a verdict can hold
    Codes,
    /// Decide a stored assessment again, without running a model
    Decide {
        /// The assessment, form realname.assessment/1
        assessment: PathBuf,
        /// Show the measures of every photo, too (text only)
        #[arg(long)]
        measures: bool,
    },
}

/// Runs `realname policy`. `decide` exits as `realname check` does: 0 pass, 1 fail, 3 review.
///
/// # Errors
/// When a file cannot be read, a policy is refused, or an assessment does not have its form: for
/// `main` to print, exit 2.
pub(super) fn run(args: PolicyArgs, globals: &Globals) -> anyhow::Result<ExitCode> {
    match args.command {
        PolicyCommand::Check { file } => {
            let policy = policy_from(&file)?;
            let name = file.display().to_string();
            stdout::write_line(&format!("{}: good, sha256 {}", one_line(&name), policy.sha256()))?;
        }
        PolicyCommand::Show { file } => match file.as_ref().or(globals.policy.as_ref()) {
            Some(file) => stdout::write(&policy_from(file)?.effective_toml())?,
            None => stdout::write(SHIPPED_TOML)?,
        },
        PolicyCommand::Codes => match globals.format() {
            Format::Text => stdout::write(&codes_text())?,
            Format::Json => stdout::write_line(&codes_json())?,
        },
        PolicyCommand::Decide { assessment, measures } => {
            let verdict = decided(assessment_from(&assessment)?, &globals.policy()?);
            match globals.format() {
                Format::Json => stdout::write_line(&verdict_json(&verdict, Timing::Untimed))?,
                Format::Text => {
                    let detail = if measures { Detail::Measures } else { Detail::Findings };
                    stdout::write(&verdict_text(&verdict, detail))?;
                }
            }
            return Ok(exit::of(verdict.judgement.decision));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The policy in a file.
///
/// # Errors
/// When the file cannot be read or the policy is refused; names the file and the key.
pub(super) fn policy_from(file: &Path) -> anyhow::Result<Policy> {
    Policy::parse(&text_of(file)?).with_context(|| format!("{}: the policy is refused", file.display()))
}

/// The verdict of a policy on what was measured.
pub(super) fn decided(assessment: Assessment, policy: &Policy) -> Verdict {
    let judgement = policy.decide(&assessment);
    Verdict { assessment, judgement, policy_sha256: policy.sha256(), timings: Timings::default() }
}

fn assessment_from(file: &Path) -> anyhow::Result<Assessment> {
    let what = || format!("{}: not an assessment that this version reads", file.display());
    let stored: StoredAssessment = serde_json::from_str(&text_of(file)?).with_context(what)?;
    stored.try_into().with_context(what)
}

fn text_of(file: &Path) -> anyhow::Result<String> {
    let bytes = read_plain(file, FILE_BYTES_MAX).with_context(|| file.display().to_string())?;
    String::from_utf8(bytes).with_context(|| format!("{}: not text", file.display()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use clap::Parser;

    use super::*;
    use crate::policy::POLICY_SCHEMA;
    use crate::policy::testing::good_case;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        globals: Globals,
        #[command(flatten)]
        policy: PolicyArgs,
    }

    fn ran(args: &[&str]) -> anyhow::Result<ExitCode> {
        let Line { globals, policy } = Line::try_parse_from([&["policy"], args].concat())?;
        run(policy, &globals)
    }

    #[test]
    fn a_policy_is_checked_and_a_stored_assessment_decided_again() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).expect("a file in a temporary folder");
            path.to_str().expect("a plain path").to_owned()
        };
        let strict = format!("schema = '{POLICY_SCHEMA}'\n[comparison]\nfmr = 1e-6\nreview_fmr = 'off'\n");
        let bands = strict.replace("'off'", "1e-4");
        let (strict, bands) = (file("strict.toml", &strict), file("bands.toml", &bands));
        let unknown = file("unknown.toml", &format!("schema = '{POLICY_SCHEMA}'\n[selfie]\nyaw = 'off'\n"));
        let stored = serde_json::to_string(&StoredAssessment::from(&good_case(2, 0.2))).expect("plain data");
        let stored = file("assessment.json", &stored);

        for (args, code) in [
            (vec!["check", strict.as_str()], 0),
            (vec!["show"], 0),
            (vec!["show", &bands], 0),
            (vec!["codes"], 0),
            (vec!["codes", "--format", "json"], 0),
            (vec!["decide", &stored], 0),
            (vec!["decide", &stored, "--policy", &strict], 1),
            (vec!["decide", &stored, "--policy", &bands, "--format", "json"], 3),
        ] {
            assert_eq!(ran(&args).expect("done"), ExitCode::from(code), "{args:?}");
        }
        for (args, says) in [
            (
                vec!["check", unknown.as_str()],
                "unknown.toml: the policy is refused: unknown key `selfie.yaw`",
            ),
            (vec!["check", "no-such-file.toml"], "no-such-file.toml"),
            (vec!["decide", &strict], "strict.toml: not an assessment"),
        ] {
            let error = format!("{:#}", ran(&args).expect_err("refused"));
            assert!(error.contains(says), "{error}");
        }
    }
}
