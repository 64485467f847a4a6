//! `realname batch`: every case in a folder, a verdict for each, and a summary of them all.

use std::fmt::Write as _;
use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use clap::Args;
use cpu_time::ProcessTime;

use super::globals::{DecidedOn, Format, Globals};
use super::log_args::{LogArgs, Logging};
use super::progress::Progress;
use super::work::say;
use super::{apart, exit, stdout, stop};
use crate::case::Case;
use crate::monitor::log;
use crate::policy::{Decision, Verdict};
use crate::report::{ProvenanceDocument, Timing, one_line, timings_text};
use crate::worker::Brief;
use crate::worker::batch::{Batch, Report, Settings, Told};

const DECISIONS: [Decision; 3] = [Decision::Pass, Decision::Fail, Decision::Review];

/// Arguments of `realname batch`.
#[derive(Debug, Args)]
pub(super) struct BatchArgs {
    /// A folder with a sub-folder for each case
    folder: PathBuf,
    /// Write the verdicts to this file, one JSON object a line, and go on where an earlier run
    /// with the same file stopped; FILE.queue is beside it meanwhile
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Keep what was measured in this file, too, one JSON object a line: `review` decides it again
    #[arg(long, value_name = "FILE")]
    assessments: Option<PathBuf>,
    /// Compare with each case's expected.json; exit 1 where a verdict differs
    #[arg(long)]
    expect: bool,
    #[command(flatten)]
    day: DecidedOn,
    /// Say how long each stage took
    #[arg(long)]
    timings: bool,
    #[command(flatten)]
    log: LogArgs,
}

/// Runs `realname batch`.
pub(super) fn run(args: &BatchArgs, globals: &Globals) -> anyhow::Result<ExitCode> {
    let logging = args.log.start()?;
    log::keep_panics_to_their_place(move |place| {
        if logging == Logging::Off {
            say(&format!("panicked at {place}"));
        }
    });
    let settings = args.day.within(globals.settings()?);
    let mut batch = Batch::open(&args.folder)?;
    let engine = globals.engine(settings.clone())?;
    if let Some(path) = &args.output {
        let made_by = ProvenanceDocument::new(engine.provenance(), &settings.policy.sha256());
        batch = batch.keep_in(path, &made_by)?;
    }
    if let Some(path) = &args.assessments {
        batch = batch.keep_assessments_in(path).with_context(|| path.display().to_string())?;
    }
    let stop = stop::on_ctrl_c()?;
    let mut progress = Progress::new("cases", batch.to_do());
    if batch.skipped() > 0 {
        progress.say(&format!("skipped, for want of a case in them: {} folders", batch.skipped()));
    }
    if batch.kept() > 0 {
        progress.say(&format!("{} verdicts are there already, {} to do", batch.kept(), batch.to_do()));
    }
    let in_flight = settings.threads.saturating_add(1);
    let timing = if args.timings { Timing::Timed } else { Timing::Untimed };
    let pace = Settings { in_flight, photo_bytes_max: settings.limits.bytes_max, timing, stop };
    let cpu = ProcessTime::try_now();
    let tell = |told: Told<'_>| {
        match told {
            Told::Verdict { line, brief } => match (&args.output, globals.format()) {
                (Some(_), _) => {}
                (None, Format::Json) => progress.aside(|| stdout::put_line(line))?,
                (None, Format::Text) => progress.aside(|| stdout::put_line(&brief_text(brief)))?,
            },
            Told::Suspect { case } => {
                let name = case.name();
                let what = "was in hand when a run was killed, and is checked in a process of its own";
                progress.say(&one_line(&format!("case {name} {what}")));
                return Ok(());
            }
            Told::Error { case, message } => {
                progress.say(&one_line(&format!("error: case {}: {message}", case.name())));
            }
        }
        progress.step();
        io::Result::Ok(())
    };
    let check = |case: &Case| logged(case, || engine.check(case));
    let suspect = |case: &Case| {
        // The other process does not know the day that was asked for.
        let case = Case { decided_on: case.decided_on.or(settings.decided_on), ..case.clone() };
        logged(&case, || apart::checked(&case, globals, &engine))
    };
    let ran = batch.run_apart(pace, check, suspect, tell);
    progress.finish();
    let report = ran?;
    let cpu_ms = cpu.and_then(|cpu| cpu.try_elapsed()).map(|cpu| cpu.as_secs_f64() * 1e3);
    progress.say(&summary(&report, args));
    let speed = NonZeroUsize::new(report.tried).map(|tried| Speed {
        cases_per_s: progress.per_s(),
        cpu_ms_per_case: cpu_ms.ok().map(|ms| ms / tried.get() as f64),
    });
    progress.say(&last_line(&report, speed));
    exit_code(&report, args)
}

/// Has a case checked, with an event in the log.
fn logged<E>(case: &Case, check: impl FnOnce() -> Result<Verdict, E>) -> Result<Verdict, E> {
    let began = Instant::now();
    let checked = check();
    match &checked {
        Ok(verdict) => log::checked(&case.case_id, None, verdict, Some(began.elapsed())),
        Err(_) => log::not_checked(&case.case_id),
    }
    checked
}

struct Speed {
    cases_per_s: f64,
    cpu_ms_per_case: Option<f64>,
}

fn exit_code(report: &Report, args: &BatchArgs) -> anyhow::Result<ExitCode> {
    let agreement = &report.agreement;
    if report.left > 0 {
        return Ok(ExitCode::from(exit::STOPPED));
    }
    if report.errors > 0 {
        return Ok(ExitCode::from(exit::NOT_DONE));
    }
    if args.expect {
        let folder = args.folder.display();
        anyhow::ensure!(agreement.expecting > 0, "{folder}: no case has an expected.json to compare with");
        if !agreement.differences.is_empty() {
            return Ok(ExitCode::from(exit::FAIL));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// `front-blurred             fail    card.blur`
fn brief_text(brief: &Brief) -> String {
    let case_id = one_line(&brief.case_id);
    let line = format!("{case_id:<25} {:<7} {}", brief.decision.id(), brief.codes.join(", "));
    line.trim_end().to_owned()
}

/// The tables, and what is to be told before the last line; without a line end.
fn summary(report: &Report, args: &BatchArgs) -> String {
    let mut out = String::new();
    write_summary(&mut out, report, args).expect("writing to a String");
    out.trim_end().to_owned()
}

fn write_summary(out: &mut String, report: &Report, args: &BatchArgs) -> std::fmt::Result {
    writeln!(out, "\n{:<38} cases", "decision")?;
    for decision in DECISIONS {
        let cases = report.tally.decisions.get(&decision).copied().unwrap_or_default();
        writeln!(out, "{:<38} {cases:>5}", decision.id())?;
    }
    if !report.tally.codes.is_empty() {
        writeln!(out, "\n{:<38} cases", "code")?;
    }
    for (code, cases) in &report.tally.codes {
        writeln!(out, "{:<38} {cases:>5}", one_line(code))?;
    }
    let verdicts = report.tally.verdicts() - report.kept;
    if args.timings && verdicts > 0 {
        let mut mean = report.timings.clone();
        mean.0.values_mut().for_each(|ms| *ms /= verdicts as f64);
        write!(out, "\nfor each case,\n{}", timings_text(&mean))?;
    }
    writeln!(out)?;
    let agreement = &report.agreement;
    let all_expect = agreement.expecting == report.cases;
    if agreement.expecting > 0 && (args.expect || all_expect) {
        for difference in &agreement.differences {
            writeln!(out, "not as expected: {}", one_line(difference))?;
        }
        writeln!(out, "agrees with expected: {}/{}", agreement.agreeing, agreement.expecting)?;
    }
    if report.left > 0 {
        let advice = match &args.output {
            Some(_) => "the same command goes on from here",
            None => "with -o FILE a run can go on from where it stopped",
        };
        writeln!(out, "stopped: {} cases are left; {advice}", report.left)?;
    }
    Ok(())
}

fn last_line(report: &Report, speed: Option<Speed>) -> String {
    let cases = report.tally.verdicts() + report.errors;
    let mut line = format!("{cases} cases:");
    for decision in DECISIONS {
        let cases = report.tally.decisions.get(&decision).copied().unwrap_or_default();
        line += &format!(" {cases} {},", decision.id());
    }
    line += &format!(" {} errors", report.errors);
    match speed {
        None => line += "; nothing was left to check",
        Some(Speed { cases_per_s, cpu_ms_per_case }) => {
            let cpu = cpu_ms_per_case
                .map_or("CPU time unknown".to_owned(), |ms| format!("{ms:.0} ms CPU per case"));
            line += &format!("; {cases_per_s:.2} cases/s, {cpu}");
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_has_one_line_whatever_it_is_called() {
        let case_id = "x-\n fake   pass".to_owned();
        let brief = Brief { case_id, decision: Decision::Fail, codes: vec!["card.blur".to_owned()] };
        assert_eq!(brief_text(&brief), r"x-\n fake   pass          fail    card.blur");
    }
}
