//! `realname report`: a page over one case or one batch, in a file of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use serde::Deserialize;

use super::globals::{DecidedOn, Globals};
use super::policy::decided;
use super::queue_args::QueueArgs;
use super::stdout;
use super::work::say;
use crate::card::fields::FieldsWanted;
use crate::case::{CASE_SCHEMA, Case, read_case};
use crate::engine::Engine;
use crate::evidence::{ASSESSMENT_SCHEMA, Assessment, StoredAssessment};
use crate::policy::{Language, Verdict};
use crate::queue::QueueOptions;
use crate::report::html::{BatchSummary, CaseView, Privacy, batch_report, case_report};
use crate::report::{VERDICT_SCHEMA, VerdictDocument, one_line};
use crate::worker::{add_assessments, add_queue, add_verdicts, case_view, read_plain, write_whole};

/// A document longer than this is none that this program writes about one case.
const DOCUMENT_BYTES_MAX: u64 = 16 << 20;

/// Arguments of `realname report`.
#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// The case (a folder or a case.json, checked anew), or a verdict or assessment as it was stored
    #[arg(required_unless_present_any = ["batch", "queue"])]
    case: Option<PathBuf>,
    /// Report on many verdicts instead, one JSON object a line; without a case and without this, on all
    /// verdicts that the queue (--queue) holds
    #[arg(long, value_name = "VERDICTS", conflicts_with_all = ["case", "unmasked", "redact"])]
    batch: Option<PathBuf>,
    /// Show the distribution of every measure, too: assessments, one a line, or a folder of them
    #[arg(long, value_name = "FILE|DIR", conflicts_with = "case")]
    assessments: Option<PathBuf>,
    /// Write the page to this file
    #[arg(short, long, value_name = "HTML")]
    output: PathBuf,
    #[command(flatten)]
    look: Look,
    #[command(flatten)]
    queue: QueueArgs,
    #[command(flatten)]
    day: DecidedOn,
    /// The language shown where the reader's browser prefers neither
    #[arg(long, value_enum, value_name = "zh-CN|en", hide_possible_values = true, default_value = "zh-CN")]
    language: LanguageArg,
}

/// How much of the person a report holds.
#[derive(Debug, Args)]
pub(super) struct Look {
    /// Keep what the card says and the photos whole in the report, covered until clicked; else the
    /// report holds masked values, and photos whose print is painted over
    #[arg(long, conflicts_with = "redact")]
    unmasked: bool,
    /// Leave out photos, what the card says and what was claimed
    #[arg(long)]
    redact: bool,
}

impl Look {
    /// Whether nothing was asked for.
    pub(super) fn is_usual(&self) -> bool {
        self.privacy() == Privacy::Masked
    }

    fn privacy(&self) -> Privacy {
        match (self.unmasked, self.redact) {
            (true, _) => Privacy::Unmasked,
            (false, true) => Privacy::Redacted,
            (false, false) => Privacy::Masked,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LanguageArg {
    /// Simplified Chinese.
    #[value(name = "zh-CN")]
    Chinese,
    /// English.
    #[value(name = "en")]
    English,
}

impl From<LanguageArg> for Language {
    fn from(language: LanguageArg) -> Self {
        match language {
            LanguageArg::Chinese => Self::Chinese,
            LanguageArg::English => Self::English,
        }
    }
}

/// Runs `realname report`.
pub(super) fn run(args: &ReportArgs, globals: &Globals) -> anyhow::Result<ExitCode> {
    let language = args.language.into();
    let html = match (&args.batch, &args.case) {
        (Some(verdicts), _) => {
            let mut summary = BatchSummary::default();
            add_verdicts(&mut summary, verdicts)?;
            let name = verdicts.file_name().unwrap_or(verdicts.as_os_str()).to_string_lossy();
            batch_page(summary, &name, args, globals)?
        }
        (None, Some(path)) => case_report(&view_of(path, args, globals)?, language),
        (None, None) => {
            let mut summary = BatchSummary::default();
            let purged = add_queue(&mut summary, &*args.queue.open(QueueOptions::default())?)?;
            anyhow::ensure!(summary.decisions.all() > 0, "{}: no verdict to report on", args.queue.place()?);
            if purged > 0 {
                say(&format!("not in the report: {purged} verdicts that were purged"));
            }
            batch_page(summary, &args.queue.place()?.to_string(), args, globals)?
        }
    };
    write_report(&args.output, &html)?;
    stdout::write_line(&one_line(&args.output.display().to_string()))?;
    Ok(ExitCode::SUCCESS)
}

fn batch_page(
    mut summary: BatchSummary,
    name: &str,
    args: &ReportArgs,
    globals: &Globals,
) -> anyhow::Result<String> {
    if let Some(assessments) = &args.assessments {
        add_assessments(&mut summary, assessments, &globals.policy()?)?;
    }
    Ok(batch_report(&summary, name, args.language.into()))
}

/// The name of the form that a document has.
#[derive(Deserialize)]
struct Form {
    schema: String,
}

fn view_of(path: &Path, args: &ReportArgs, globals: &Globals) -> anyhow::Result<CaseView> {
    let privacy = args.look.privacy();
    let is_folder = fs::metadata(path).with_context(|| path.display().to_string())?.is_dir();
    let text = if is_folder { None } else { Some(text_of(path)?) };
    let form = match &text {
        None => CASE_SCHEMA.to_owned(),
        Some(text) => {
            let form = serde_json::from_str::<Form>(text);
            form.with_context(|| format!("{}: neither a case, a verdict nor an assessment", path.display()))?
                .schema
        }
    };
    let text = text.unwrap_or_default();
    let what = || path.display().to_string();
    match form.as_str() {
        CASE_SCHEMA => {
            let settings = args.day.within(globals.settings()?);
            let case = read_case(path, settings.limits.bytes_max)?;
            let engine = globals.engine(settings)?;
            let verdict = engine.check(&case)?;
            seen(&engine, &case, &verdict, privacy)
        }
        VERDICT_SCHEMA => {
            let verdict: VerdictDocument = serde_json::from_str(&text).with_context(what)?;
            Ok(CaseView::of_document(verdict, privacy))
        }
        ASSESSMENT_SCHEMA => {
            let stored: StoredAssessment = serde_json::from_str(&text).with_context(what)?;
            let policy = globals.policy()?;
            let verdict = decided(Assessment::try_from(stored).with_context(what)?, &policy);
            let mut view = CaseView::of_verdict(&verdict, &policy, privacy);
            view.verdict.timings_ms = None; // An assessment does not say how long it took.
            Ok(view)
        }
        other => bail!("{}: no report can be made of the form `{}`", path.display(), one_line(other)),
    }
}

fn text_of(path: &Path) -> anyhow::Result<String> {
    let bytes = read_plain(path, DOCUMENT_BYTES_MAX).with_context(|| path.display().to_string())?;
    let text = String::from_utf8(bytes).with_context(|| format!("{}: not text", path.display()))?;
    let lines = text.lines().filter(|line| line.starts_with('{')).count();
    anyhow::ensure!(
        lines <= 1,
        "{}: holds {lines} documents; `report --batch` makes a page of them",
        path.display()
    );
    Ok(text)
}

/// The view of a case that was just checked.
pub(super) fn seen(
    engine: &Engine,
    case: &Case,
    verdict: &Verdict,
    privacy: Privacy,
) -> anyhow::Result<CaseView> {
    let inspect = |sample: &_| engine.inspect(sample, FieldsWanted::All);
    Ok(case_view(case, verdict, engine.policy(), privacy, inspect)?)
}

/// What `check` writes beside its verdict, where it was asked to.
pub(super) fn write_case_report(
    path: &Path,
    look: &Look,
    engine: &Engine,
    case: &Case,
    verdict: &Verdict,
) -> anyhow::Result<()> {
    let view = seen(engine, case, verdict, look.privacy())?;
    write_report(path, &case_report(&view, Language::Chinese))
}

fn write_report(path: &Path, html: &str) -> anyhow::Result<()> {
    let written = write_whole(path, |out| out.write_all(html.as_bytes()));
    written.with_context(|| path.display().to_string())
}
