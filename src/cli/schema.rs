//! `realname schema`: the forms of what goes in and comes out.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::stdout;
use crate::events::event_schema;
use crate::queue::{status_schema, step_schema};
use crate::report::{case_schema, verdict_schema};

/// Arguments of `realname schema`.
#[derive(Debug, Args)]
pub(super) struct SchemaArgs {
    /// Whose form
    #[arg(value_enum)]
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// `case.json`, form realname.case/1
    Case,
    /// A verdict, form realname.verdict/1
    Verdict,
    /// Where a case of a queue stands, form realname.status/1
    Status,
    /// A step that another service tells of, form realname.step/1
    Step,
    /// An event that tells of a change, CloudEvents 1.0 with data of the form realname.event/1
    Event,
}

/// Runs `realname schema`.
pub(super) fn run(args: &SchemaArgs) -> anyhow::Result<ExitCode> {
    let schema = match args.what {
        What::Case => case_schema(),
        What::Verdict => verdict_schema(),
        What::Status => status_schema(),
        What::Step => step_schema(),
        What::Event => event_schema(),
    };
    stdout::write_line(&serde_json::to_string_pretty(&schema)?)?;
    Ok(ExitCode::SUCCESS)
}
