//! `realname policy`: reads, shows and applies policies without looking at a photo.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};

use crate::evidence::{Assessment, StoredAssessment, Timings};
use crate::policy::{Decision, Policy, SHIPPED_TOML, Verdict};
use crate::report::{Detail, Timing, codes_json, codes_text, verdict_json, verdict_text};

/// A policy file or stored assessment larger than this is refused unread.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// The program could not do its work, or was given a policy that it refuses.
const EXIT_NOT_DONE: u8 = 2;

/// Arguments of `realname policy`.
#[derive(Debug, Args)]
pub struct PolicyArgs {
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
    Codes {
        /// Text for people or JSON for programs
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Decide a stored assessment again, without running a model
    Decide {
        /// The assessment, form realname.assessment/1
        assessment: PathBuf,
        /// The policy file; the shipped policy where there is none
        #[arg(long)]
        policy: Option<PathBuf>,
        /// Text for people or JSON for programs
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
        /// Show the measures of every photo, too (text only)
        #[arg(long)]
        measures: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Runs `realname policy`. A policy that is refused is told on standard error, exit 2.
///
/// # Errors
/// When a file cannot be read, or an assessment does not have its form.
pub fn run(args: PolicyArgs) -> anyhow::Result<ExitCode> {
    match args.command {
        PolicyCommand::Check { file } => {
            let policy = match policy_from(&file) {
                Ok(policy) => policy,
                Err(error) => {
                    eprintln!("{error:#}");
                    return Ok(ExitCode::from(EXIT_NOT_DONE));
                }
            };
            println!("{}: good, sha256 {}", file.display(), policy.sha256());
        }
        PolicyCommand::Show { file: None } => print!("{SHIPPED_TOML}"),
        PolicyCommand::Show { file: Some(file) } => print!("{}", policy_from(&file)?.effective_toml()),
        PolicyCommand::Codes { format: Format::Text } => print!("{}", codes_text()),
        PolicyCommand::Codes { format: Format::Json } => println!("{}", codes_json()),
        PolicyCommand::Decide { assessment, policy, format, measures } => {
            let policy = policy.map_or_else(|| Ok(Policy::shipped()), |file| policy_from(&file))?;
            let verdict = decided(assessment_from(&assessment)?, &policy);
            match format {
                Format::Json => println!("{}", verdict_json(&verdict, Timing::Untimed)),
                Format::Text => {
                    let detail = if measures { Detail::Measures } else { Detail::Findings };
                    print!("{}", verdict_text(&verdict, detail));
                }
            }
            return Ok(exit_code(verdict.judgement.decision));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The policy in a file.
///
/// # Errors
/// When the file cannot be read or the policy is refused; names the file and the key.
pub fn policy_from(file: &Path) -> anyhow::Result<Policy> {
    Policy::parse(&text_of(file)?).with_context(|| format!("{}: the policy is refused", file.display()))
}

/// 0 pass, 1 fail, 3 review.
pub fn exit_code(decision: Decision) -> ExitCode {
    match decision {
        Decision::Pass => ExitCode::SUCCESS,
        Decision::Fail => ExitCode::from(1),
        Decision::Review => ExitCode::from(3),
    }
}

fn decided(assessment: Assessment, policy: &Policy) -> Verdict {
    let judgement = policy.decide(&assessment);
    Verdict { assessment, judgement, policy_sha256: policy.sha256(), timings: Timings::default() }
}

fn assessment_from(file: &Path) -> anyhow::Result<Assessment> {
    let what = || format!("{}: not an assessment that this version reads", file.display());
    let stored: StoredAssessment = serde_json::from_str(&text_of(file)?).with_context(what)?;
    stored.try_into().with_context(what)
}

fn text_of(file: &Path) -> anyhow::Result<String> {
    let size = fs::metadata(file).with_context(|| file.display().to_string())?.len();
    anyhow::ensure!(size <= FILE_BYTES_MAX, "{}: more than {FILE_BYTES_MAX} bytes", file.display());
    fs::read_to_string(file).with_context(|| file.display().to_string())
}
