//! `realname status`: where cases stand, and the steps that others set.

use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value};

use super::globals::{Format, Globals};
use super::queue_args::QueueArgs;
use super::step_messages::report_all;
use super::{stdout, stop};
use crate::case::{CASE_ID_RULE, is_case_id};
use crate::queue::{
    CaseStatusDocument, Change, Counts, Entry, Queue, QueueError, QueueOptions, StepReport, utc_text,
};
use crate::report::one_line;
use crate::status::{REASON_RULE, ReasonCode, RecordMethod, RequiredSteps, Step, StepResult, StepsError};

/// How often `--watch` asks.
const WATCH_EVERY: Duration = Duration::from_millis(500);

/// Changes and cases asked for at once.
const PAGE: NonZeroUsize = NonZeroUsize::new(500).expect("not zero");

/// Arguments of `realname status`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct StatusArgs {
    #[command(flatten)]
    queue: QueueArgs,
    /// The case
    case: Option<String>,
    /// How many cases stand where; what is shown where no case is named
    #[arg(long, conflicts_with_all = ["case", "watch", "dead"])]
    counts: bool,
    /// Show every change from now on, of all cases or of the one named
    #[arg(long, conflicts_with = "dead")]
    watch: bool,
    /// List the cases that were set aside, and why
    #[arg(long, conflicts_with = "case")]
    dead: bool,
    /// Show the stored verdict of the case's last attempt instead
    #[arg(long, requires = "case", conflicts_with = "watch")]
    verdict: bool,
    #[command(subcommand)]
    command: Option<StatusCommand>,
}

#[derive(Debug, Subcommand)]
enum StatusCommand {
    /// Set a step that another service owns, or that a person decides in review
    Set(SetArgs),
    /// Set steps as other services tell of them: messages of the form realname.step/1, one a line
    Report {
        /// A file of messages; `-` is standard input
        messages: PathBuf,
    },
    /// Put a case that was set aside back into the queue
    Requeue {
        /// The case
        case: String,
    },
}

#[derive(Debug, Args)]
struct SetArgs {
    /// The case
    #[arg(value_parser = case_id)]
    case: String,
    /// identity, document, face, phone, payment_password or bank_card
    #[arg(value_parser = |text: &str| Step::parse(text).ok_or("no such step"))]
    step: Step,
    /// How it stands
    #[arg(value_enum)]
    result: SetResult,
    /// Why, as a code: phone.not_reachable
    #[arg(long, value_name = "CODE", value_parser = |text: &str| ReasonCode::parse(text).ok_or(REASON_RULE))]
    reason: Option<ReasonCode>,
    /// Open a record where there is none, for a step that is reported before any photo is sent
    #[arg(long, value_enum, value_name = "METHOD")]
    open: Option<OpenMethod>,
    /// The steps that a record opened here has to pass
    #[arg(
        long,
        value_name = "STEPS",
        default_value = "pipeline",
        env = "REALNAME_STEPS",
        hide_env_values = true,
        value_parser = |text: &str| -> Result<RequiredSteps, StepsError> { RequiredSteps::parse(text) }
    )]
    steps: RequiredSteps,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum SetResult {
    /// Shown.
    Passed,
    /// Not shown.
    Failed,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum OpenMethod {
    /// ID card and selfies.
    IdCard,
    /// A bank card.
    BankCard,
}

/// Runs `realname status`.
pub(super) fn run(args: StatusArgs, globals: &Globals) -> anyhow::Result<ExitCode> {
    let queue = args.queue.open(QueueOptions::default())?;
    let format = globals.format();
    match args.command {
        Some(StatusCommand::Set(set)) => {
            let case_id = set.case.clone();
            queue.report_step(&report(set))?;
            return show(&*queue, &case_id, false, format);
        }
        Some(StatusCommand::Report { messages }) => return report_all(&*queue, &messages),
        Some(StatusCommand::Requeue { case }) => {
            queue.requeue(&case)?;
            return show(&*queue, &case, false, format);
        }
        None => {}
    }
    if args.watch {
        return watch(&*queue, args.case.as_deref(), format);
    }
    if args.dead {
        return dead(&*queue, format);
    }
    match &args.case {
        Some(case_id) => show(&*queue, case_id, args.verdict, format),
        None => counts(&queue.counts()?, format),
    }
}

fn case_id(text: &str) -> Result<String, String> {
    is_case_id(text).then(|| text.to_owned()).ok_or_else(|| format!("a case id {CASE_ID_RULE}"))
}

fn report(set: SetArgs) -> StepReport {
    let result = match set.result {
        SetResult::Passed => StepResult::Passed,
        SetResult::Failed => StepResult::Failed,
    };
    let method = set.open.map(|open| match open {
        OpenMethod::IdCard => RecordMethod::IdCard,
        OpenMethod::BankCard => RecordMethod::BankCard,
    });
    let opens = method.map(|method| (method, set.steps));
    StepReport { case_id: set.case, step: set.step, result, reason: set.reason, opens }
}

fn counts(counts: &Counts, format: Format) -> anyhow::Result<ExitCode> {
    match format {
        Format::Json => {
            let numbers: Map<String, Value> =
                counts.named().into_iter().map(|(name, n)| (name.to_owned(), n.into())).collect();
            stdout::write_line(&Value::Object(numbers).to_string())?;
        }
        Format::Text => {
            let mut text = String::new();
            for (name, number) in counts.named() {
                writeln!(text, "{name:<12} {number:>10}")?;
            }
            stdout::write(&text)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show(queue: &dyn Queue, case_id: &str, verdict: bool, format: Format) -> anyhow::Result<ExitCode> {
    let unknown = || QueueError::Unknown { case_id: case_id.to_owned() };
    let entry = queue.entry(case_id)?.ok_or_else(unknown)?;
    if verdict {
        let stored = entry.current().and_then(|attempt| attempt.verdict.as_ref()?.document.as_deref());
        let stored = stored.ok_or_else(|| {
            anyhow::anyhow!("case `{case_id}`: its last attempt has no verdict, or it was purged")
        })?;
        stdout::write_line(stored)?;
        return Ok(ExitCode::SUCCESS);
    }
    let document = CaseStatusDocument::from(&entry);
    match format {
        Format::Json => stdout::write_line(&serde_json::to_string(&document)?)?,
        Format::Text => stdout::write(&case_text(&entry, &document)?)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn case_text(entry: &Entry, document: &CaseStatusDocument) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    writeln!(text, "{}: {}", one_line(&entry.case_id), entry.record.status().id())?;
    if document.queue != entry.record.status().id() {
        writeln!(text, "  in the queue: {}", document.queue)?;
    }
    if let Some(reason) = &document.reason {
        writeln!(text, "  set aside: {}", one_line(reason))?;
    }
    for (step, state) in &document.steps {
        let needed =
            if document.required.iter().any(|required| required == *step) { "" } else { " (not required)" };
        writeln!(text, "  {:<17} {:<8} {}{needed}", step.id(), state.result.id(), state.codes.join(", "))?;
    }
    for attempt in &entry.attempts {
        let verdict = attempt.verdict.as_ref();
        let decision =
            verdict.map_or("no verdict".to_owned(), |v| format!("{:?}", v.decision).to_lowercase());
        let codes = verdict.map(|v| v.codes.join(", ")).unwrap_or_default();
        writeln!(
            text,
            "  attempt {}, {}: {decision} {codes}",
            attempt.number,
            utc_text(attempt.submitted_ms)
        )?;
        for reason in &attempt.fault_reasons {
            writeln!(text, "    failed: {}", one_line(reason))?;
        }
    }
    Ok(text)
}

fn dead(queue: &dyn Queue, format: Format) -> anyhow::Result<ExitCode> {
    let mut after: Option<String> = None;
    loop {
        let page = queue.dead(after.as_deref(), PAGE)?;
        let Some(last) = page.last() else { return Ok(ExitCode::SUCCESS) };
        after = Some(last.case_id.clone());
        for letter in page {
            let line = match format {
                Format::Json => serde_json::json!({
                    "case_id": letter.case_id, "attempt": letter.attempt, "reason": letter.reason
                })
                .to_string(),
                Format::Text => {
                    let line =
                        format!("{:<25} attempt {}: {}", letter.case_id, letter.attempt, letter.reason);
                    one_line(&line).into_owned()
                }
            };
            stdout::put_line(&line)?;
        }
    }
}

/// Shows changes as they come, until Ctrl-C.
fn watch(queue: &dyn Queue, case_id: Option<&str>, format: Format) -> anyhow::Result<ExitCode> {
    let stop = stop::on_ctrl_c()?;
    let mut after = queue.last_change()?;
    while !stop.load(Ordering::Relaxed) {
        let page = match queue.changes(after, PAGE) {
            Ok(page) => page,
            Err(error) if error.may_pass() => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        if page.is_empty() {
            thread::sleep(WATCH_EVERY);
        }
        for change in page {
            after = change.number;
            if case_id.is_none_or(|wanted| wanted == change.case_id) {
                stdout::put_line(&change_line(&change, format)?)?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn change_line(change: &Change, format: Format) -> anyhow::Result<String> {
    Ok(match format {
        Format::Json => serde_json::to_string(change)?,
        Format::Text => {
            let step = change.step.map(|step| format!(" {step}")).unwrap_or_default();
            let result = change.result.map(|result| format!(" {}", result.id())).unwrap_or_default();
            let status = serde_json::to_value(change.status)?;
            let status = status.as_str().unwrap_or_default();
            let line = format!(
                "{} {:<25} {}{step}{result} -> {status} {}",
                utc_text(change.at_ms),
                change.case_id,
                change.kind.id(),
                change.codes.join(", ")
            );
            one_line(line.trim_end()).into_owned()
        }
    })
}
