//! The command line: the tree of commands and flags, and what their exit codes mean.
//!
//! One file for each command. Raw arguments become settings here; what is decided and how is for
//! the floors below.

mod apart;
mod batch;
mod calibrate;
mod check;
mod compare;
mod compare_pairs;
mod config;
mod eval;
mod eval_faces;
mod eval_liveness;
mod eval_quality;
mod events;
mod exit;
mod globals;
mod inspect;
mod lines;
mod log_args;
mod models;
mod policy;
mod progress;
mod purge;
mod queue_args;
mod replay;
mod report;
mod review;
mod schema;
mod status;
mod stdout;
mod step_messages;
mod stop;
mod submit;
mod telling;
mod work;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::inference::InferenceError;
use crate::policy::PolicyError;
use crate::report::{one_line, visible};
use config::ConfigFile;
use globals::Globals;

const AFTER_HELP: &str = "\
Exit codes:
  0    pass (check), the same person (compare), the work is done (the others)
  1    fail (check), not shown to be the same person (compare), not as expected (batch --expect),
       not the same verdict (replay)
  2    the program could not do its work, or was called wrongly
  3    for a person to review (check)
  130  stopped by Ctrl-C; `batch -o` goes on where it stopped when called again";

/// Checks the photos of a real-name verification: ID card, selfies, and whether they show the
/// same person
#[derive(Debug, Parser)]
#[command(name = "realname", version, after_help = AFTER_HELP, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check one case: card, selfies, and whether they show the same person
    Check(check::CheckArgs),
    /// Show everything that is measured on one photo
    Inspect(inspect::InspectArgs),
    /// Make a page of one case or of many verdicts, to be read in a browser
    Report(report::ReportArgs),
    /// Make a recorded verdict again, and say what differs first
    Replay(replay::ReplayArgs),
    /// Look at cases, decide them and try policies, in a browser on this machine
    Review(review::ReviewArgs),
    /// Compare the faces in two photos, or in every pair of a list
    Compare(compare::CompareArgs),
    /// Check every case in a folder
    Batch(batch::BatchArgs),
    /// Put cases into a queue
    Submit(submit::SubmitArgs),
    /// Check the cases of a queue, as they come
    Work(work::WorkArgs),
    /// Assess the case on standard input: what `work` starts for a case that it was lost with
    #[command(hide = true)]
    AssessApart,
    /// Show where the cases of a queue stand; set steps that other services own
    Status(status::StatusArgs),
    /// Show the settings in effect and where each comes from: a flag, the environment, the file or
    /// the default
    Config(config::ConfigArgs),
    /// Tell others of what changes in a queue: a webhook, a file, or the queue's own stream
    Events(events::EventsArgs),
    /// Take photos and fields of old cases out of a queue; codes stay
    Purge(purge::PurgeArgs),
    /// Measure the program on a labelled set
    Eval(eval::EvalArgs),
    /// Learn from scored pairs which false-match rate a distance stands for
    Calibrate(calibrate::CalibrateArgs),
    /// Print the JSON Schema of a case or of a verdict
    Schema(schema::SchemaArgs),
    /// Fetch, list, check or remove the models and the ONNX Runtime library
    Models(models::ModelsArgs),
    /// Read, show and apply policies without looking at a photo
    Policy(policy::PolicyArgs),
}

/// Runs the program on the arguments of the process.
pub fn run() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    let file = match ConfigFile::read(&args, &Cli::command()) {
        Ok(file) => file,
        Err(error) => return not_done(&error),
    };
    let matches = file.behind(Cli::command()).get_matches_from(args);
    let Cli { globals, command } = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let done = match command {
        Command::Check(args) => check::run(args, &globals),
        Command::Inspect(args) => inspect::run(args, &globals),
        Command::Report(args) => report::run(&args, &globals),
        Command::Replay(args) => replay::run(&args, &globals),
        Command::Review(args) => review::run(args, &globals),
        Command::Compare(args) => compare::run(args, &globals),
        Command::Batch(args) => batch::run(&args, &globals),
        Command::Submit(args) => submit::run(&args, &globals),
        Command::Work(args) => work::run(&args, &globals),
        Command::AssessApart => apart::run(&globals),
        Command::Status(args) => status::run(args, &globals),
        Command::Config(_) => {
            let matches = matches.subcommand_matches("config").unwrap_or(&matches);
            config::run(matches, &file, &globals)
        }
        Command::Events(args) => events::run(&args),
        Command::Purge(args) => purge::run(&args, &globals),
        Command::Eval(args) => eval::run(args, &globals),
        Command::Calibrate(args) => calibrate::run(&args, &globals),
        Command::Schema(args) => schema::run(&args),
        Command::Models(args) => models::run(args, &globals),
        Command::Policy(args) => policy::run(args, &globals),
    };
    done.unwrap_or_else(|error| not_done(&error))
}

fn not_done(error: &anyhow::Error) -> ExitCode {
    // Whoever closed standard output knows; everything else is told.
    if !stdout::was_closed(error) {
        writeln!(io::stderr(), "error: {}", told(error)).ok();
    }
    ExitCode::from(exit::NOT_DONE)
}

/// The error and its causes, without those that the message before them quotes already.
fn told(error: &anyhow::Error) -> String {
    let (mut message, mut shown) = (String::new(), String::new());
    for cause in error.chain() {
        let text = cause.to_string();
        if !message.is_empty() && message.contains(&text) {
            continue;
        }
        let colon = if message.is_empty() { "" } else { ": " };
        message += &format!("{colon}{text}");
        // A place in a policy file and a list of sources have lines of their own; in any other
        // error a line end is part of somebody's file name.
        let has_lines = cause.is::<PolicyError>() || cause.is::<InferenceError>();
        let text = if has_lines { visible(&text) } else { one_line(&text) };
        shown += &format!("{colon}{text}");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_of_commands_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_cause_is_told_once() {
        let io = || io::Error::other("disk on fire");
        let error = anyhow::Error::new(io()).context("a.json: disk on fire");
        assert_eq!(told(&error), "a.json: disk on fire");
        assert_eq!(told(&anyhow::Error::new(io()).context("a.json")), "a.json: disk on fire");
    }
}
