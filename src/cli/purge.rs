//! `realname purge`: retention, now or by a rule that the queue's workers keep.

use std::process::ExitCode;
use std::time::Duration;

use clap::{ArgGroup, Args};

use super::globals::{Format, Globals};
use super::queue_args::{PhotoArgs, QueueArgs};
use super::stdout;
use crate::photos::PhotoStore;
use crate::queue::{Keep, PurgeRule, Queue, QueueOptions, Retention, Undecided, utc_text};
use crate::report::one_line;
use crate::worker::purge::{PurgeReport, purge};

/// Tries to set the queue's rule while workers take turns.
const SET_TRIES: usize = 20;

/// Arguments of `realname purge`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true))]
pub(super) struct PurgeArgs {
    #[command(flatten)]
    queue: QueueArgs,
    #[command(flatten)]
    photos: PhotoArgs,
    /// Purge cases now that did not change for so long: 30d, 12h, 90m or 0s; those that are queued or
    /// in hand stay
    #[arg(long, group = "what", value_name = "AGE", value_parser = age)]
    older_than: Option<Duration>,
    /// Have the queue's workers do so from now on, once an hour: the queue keeps the rule, and this
    /// takes the place of the one there was; `none` removes it
    #[arg(long, group = "what", value_name = "AGE|none", value_parser = rule_age)]
    rule: Option<RuleAge>,
    /// Show the queue's rule
    #[arg(long, group = "what", conflicts_with_all = ["keep_status", "undecided"])]
    show_rule: bool,
    /// Keep each case with its status, its attempts and their codes; otherwise the case is forgotten
    /// and its codes stay in what was told of it
    #[arg(long)]
    keep_status: bool,
    /// Purge also cases that wait for a person: those in review, and those that were set aside;
    /// otherwise these stay, however old
    #[arg(long)]
    undecided: bool,
}

/// What the queue's rule is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RuleAge {
    /// Cases that did not change for so long go.
    OlderThan(Duration),
    /// Nothing is purged by itself.
    None,
}

/// Runs `realname purge`.
pub(super) fn run(args: &PurgeArgs, globals: &Globals) -> anyhow::Result<ExitCode> {
    let queue = args.queue.open(QueueOptions::default())?;
    let keep = if args.keep_status { Keep::Status } else { Keep::Codes };
    let undecided = if args.undecided { Undecided::Go } else { Undecided::Stay };
    let rule = |older_than| PurgeRule { older_than, keep, undecided };
    if let Some(older_than) = args.older_than {
        let photos = args.photos.open(args.queue.place()?)?;
        purge_now(&*queue, &photos, &rule(older_than), globals.format())?;
        return Ok(ExitCode::SUCCESS);
    }
    let retention = match args.rule {
        Some(RuleAge::OlderThan(older_than)) => set_rule(&*queue, Some(rule(older_than)))?,
        Some(RuleAge::None) if args.keep_status || args.undecided => {
            anyhow::bail!("without a rule nothing is purged: give --rule none alone")
        }
        Some(RuleAge::None) => set_rule(&*queue, None)?,
        None => queue.retention()?.0,
    };
    match globals.format() {
        Format::Json => stdout::write_line(&rule_json(&retention).to_string())?,
        Format::Text => stdout::write_line(&one_line(&rule_text(&retention)))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn purge_now(queue: &dyn Queue, photos: &PhotoStore, rule: &PurgeRule, format: Format) -> anyhow::Result<()> {
    let PurgeReport { cases, photos } = purge(queue, photos, rule)?;
    match format {
        Format::Json => {
            stdout::write_line(&serde_json::json!({"cases": cases, "photos": photos}).to_string())
        }
        Format::Text => stdout::write_line(&format!("{cases} cases purged, {photos} photos removed")),
    }
}

/// Puts a rule in place of the one there is: of two who do so at once the last one is heard.
fn set_rule(queue: &dyn Queue, rule: Option<PurgeRule>) -> anyhow::Result<Retention> {
    for _ in 0..SET_TRIES {
        let (before, revision) = queue.retention()?;
        let retention = before.with_rule(rule);
        if queue.store_retention(&retention, revision)?.is_some() {
            return Ok(retention);
        }
    }
    anyhow::bail!("others change the queue's rule all the time; try again")
}

fn rule_json(retention: &Retention) -> serde_json::Value {
    let rule = retention.rule().map(|PurgeRule { older_than, keep, undecided }| {
        serde_json::json!({"older_than_s": older_than.as_secs(), "keep": keep, "undecided": undecided})
    });
    let due_at = retention.due_ms().filter(|ms| *ms > 0).map(utc_text);
    serde_json::json!({
        "rule": rule,
        "next_turn_at": due_at,
        "last_turn": retention.worker().map(|worker| {
            serde_json::json!({"worker": worker, "done": !retention.is_unfinished()})
        }),
    })
}

fn rule_text(retention: &Retention) -> String {
    let Some(PurgeRule { older_than, keep, undecided }) = retention.rule() else {
        return "no rule: nothing is purged by itself".to_owned();
    };
    let what = match undecided {
        Undecided::Stay => "cases that did not change for",
        Undecided::Go => "cases, undecided ones among them, that did not change for",
    };
    let keep = match keep {
        Keep::Status => "are purged, their status is kept",
        Keep::Codes => "are purged and forgotten",
    };
    let when = match retention.due_ms() {
        None | Some(0) => "at once".to_owned(),
        Some(ms) => format!("at {}", utc_text(ms)),
    };
    let last = match (retention.worker(), retention.is_unfinished()) {
        (None, _) => String::new(),
        (Some(worker), false) => format!(", the last one by {worker}"),
        (Some(worker), true) => format!(", the last one by {worker}, which has not come to its end"),
    };
    format!("{what} {} {keep}; next turn due {when}{last}", age_text(older_than))
}

/// Units of an age, the longest last.
const UNITS: [(char, u64); 4] = [('s', 1), ('m', 60), ('h', 3600), ('d', 86_400)];

fn rule_age(text: &str) -> Result<RuleAge, String> {
    if text == "none" { Ok(RuleAge::None) } else { age(text).map(RuleAge::OlderThan) }
}

/// The age as it is read, in the longest unit of which it is a whole number.
fn age_text(age: Duration) -> String {
    let seconds = age.as_secs();
    let is_whole = |(_, length): &(char, u64)| seconds > 0 && seconds.is_multiple_of(*length);
    let (unit, length) = UNITS.into_iter().rev().find(is_whole).unwrap_or(UNITS[0]);
    format!("{}{unit}", seconds / length)
}

/// Reads an age: a whole number and a unit.
fn age(text: &str) -> Result<Duration, String> {
    let read = || {
        let (unit, seconds) = UNITS.into_iter().find(|(unit, _)| text.ends_with(*unit))?;
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
        assert_eq!(rule_age("none"), Ok(RuleAge::None));
        assert_eq!(rule_age("30d"), Ok(RuleAge::OlderThan(Duration::from_secs(2_592_000))));
        assert!(rule_age("never").is_err());
    }

    #[test]
    fn an_age_is_shown_as_it_is_read() {
        for text in ["30d", "36h", "90m", "61s", "0s"] {
            assert_eq!(age(text).map(age_text), Ok(text.to_owned()));
        }
        assert_eq!(age("48h").map(age_text), Ok("2d".to_owned()));
    }
}
