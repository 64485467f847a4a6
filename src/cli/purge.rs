//! `realname purge`: retention.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::globals::{Format, Globals};
use super::queue_args::{PhotoArgs, QueueArgs};
use super::stdout;
use crate::queue::{Keep, PurgeRule, QueueOptions};
use crate::worker::purge::{PurgeReport, purge};

/// Arguments of `realname purge`.
#[derive(Debug, Args)]
pub(super) struct PurgeArgs {
    #[command(flatten)]
    queue: QueueArgs,
    #[command(flatten)]
    photos: PhotoArgs,
    /// Purge cases that did not change for so long: 30d, 12h, 90m or 0s; those that are queued or
    /// in hand stay
    #[arg(long, value_name = "AGE", value_parser = age)]
    older_than: Duration,
    /// Keep each case with its status, its attempts and their codes; otherwise the case is forgotten
    /// and its codes stay in what was told of it
    #[arg(long)]
    keep_status: bool,
}

/// Runs `realname purge`.
pub(super) fn run(args: &PurgeArgs, globals: &Globals) -> anyhow::Result<ExitCode> {
    let queue = args.queue.open(QueueOptions::default())?;
    let photos = args.photos.open(args.queue.place()?)?;
    let keep = if args.keep_status { Keep::Status } else { Keep::Codes };
    let PurgeReport { cases, photos } =
        purge(&*queue, &photos, &PurgeRule { older_than: args.older_than, keep })?;
    match globals.format() {
        Format::Json => {
            stdout::write_line(&serde_json::json!({"cases": cases, "photos": photos}).to_string())?;
        }
        Format::Text => stdout::write_line(&format!("{cases} cases purged, {photos} photos removed"))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads an age: a whole number and a unit.
fn age(text: &str) -> Result<Duration, String> {
    const SECONDS: [(char, u64); 4] = [('s', 1), ('m', 60), ('h', 3600), ('d', 86_400)];
    let read = || {
        let (unit, seconds) = SECONDS.into_iter().find(|(unit, _)| text.ends_with(*unit))?;
        let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
        Some(Duration::from_secs(number.checked_mul(seconds)?))
    };
    read().ok_or_else(|| "an age is a whole number and a unit: 30d, 12h, 90m or 0s".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_a_unit() {
        for (text, seconds) in [
            ("30d", Some(2_592_000)),
            ("12h", Some(43_200)),
            ("90m", Some(5400)),
            ("0s", Some(0)),
            ("30", None),
            ("d", None),
            ("-1d", None),
            ("1.5h", None),
            ("99999999999999999999d", None),
            ("9999999999999999999d", None),
        ] {
            assert_eq!(age(text).ok(), seconds.map(Duration::from_secs), "{text}");
        }
    }
}
