//! The rule by which a queue is purged without anybody's asking, and whose turn it is to do so.
//!
//! Pure, as `entry` is: the moment is handed in, and a backend replaces what it keeps only as it was
//! read. So of many workers that find a turn to be due one takes it. Ages and turns go by the wall's
//! clock, which machines need not agree on: a turn taken too early or twice does no harm, since a purge
//! goes on wherever another one stopped.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::purge::{Keep, PurgeRule, Undecided};

/// From the beginning of a turn to that of the next. A worker that is lost in its turn leaves the rest
/// to that one.
pub const TURN_EVERY: Duration = Duration::from_secs(3600);

/// From a turn that failed to the next.
const TRY_AGAIN: Duration = Duration::from_secs(300);

/// The rule of a queue, and whose turn it is. Replaced only as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rule: Option<StoredRule>,
    /// When the next turn is due, milliseconds since 1970.
    due_ms: u64,
    /// Who had the latest turn.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    worker: String,
    /// The latest turn did not come to its end, as far as is known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unfinished: bool,
}

/// A rule as it is stored: ages in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRule {
    older_than_s: u64,
    keep: Keep,
    undecided: Undecided,
}

impl Retention {
    /// The rule; without one nothing is purged by itself.
    pub fn rule(&self) -> Option<PurgeRule> {
        self.rule.map(|StoredRule { older_than_s, keep, undecided }| PurgeRule {
            older_than: Duration::from_secs(older_than_s),
            keep,
            undecided,
        })
    }

    /// With that rule in place of the one there was; its first turn is due at once. Of its age whole
    /// seconds count.
    pub fn with_rule(self, rule: Option<PurgeRule>) -> Self {
        let rule = rule.map(|PurgeRule { older_than, keep, undecided }| StoredRule {
            older_than_s: older_than.as_secs(),
            keep,
            undecided,
        });
        Self { rule, due_ms: 0, ..self }
    }

    /// Who had the latest turn, if anybody did.
    pub fn worker(&self) -> Option<&str> {
        (!self.worker.is_empty()).then_some(self.worker.as_str())
    }

    /// When the next turn is due, milliseconds since 1970; 0 where that is at once. `None` without a
    /// rule.
    pub fn due_ms(&self) -> Option<u64> {
        self.rule.map(|_| self.due_ms)
    }

    /// Whether the latest turn has not come to its end, as far as is known: it goes on, was cut short,
    /// or its worker was lost. What it took away may still be there in copies that nobody asks for.
    pub fn is_unfinished(&self) -> bool {
        self.unfinished
    }

    /// The turn in that worker's hands, and its rule; `None` where none is due.
    pub fn turn_taken(&self, worker: &str, now_ms: u64) -> Option<(PurgeRule, Self)> {
        let rule = self.rule()?;
        // Further ahead than machines differ that keep their clocks: it was set by one that did not.
        let is_far_ahead = self.due_ms.saturating_sub(now_ms) > 2 * TURN_EVERY.as_millis() as u64;
        let is_due = now_ms >= self.due_ms || is_far_ahead;
        let taken = Self { worker: worker.to_owned(), unfinished: true, ..self.renewed(now_ms) };
        is_due.then_some((rule, taken))
    }

    /// With a turn that goes on.
    pub fn renewed(&self, now_ms: u64) -> Self {
        Self { due_ms: now_ms + TURN_EVERY.as_millis() as u64, ..self.clone() }
    }

    /// With the turn at its end.
    pub fn turn_ended(&self) -> Self {
        Self { unfinished: false, ..self.clone() }
    }

    /// With a turn that was cut short: the next worker goes on at once.
    pub fn turn_cut_short(&self, now_ms: u64) -> Self {
        Self { due_ms: now_ms, ..self.clone() }
    }

    /// With a turn that failed: somebody tries again in five minutes.
    pub fn turn_failed(&self, now_ms: u64) -> Self {
        Self { due_ms: now_ms + TRY_AGAIN.as_millis() as u64, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: PurgeRule = PurgeRule {
        older_than: Duration::from_secs(2_592_000),
        keep: Keep::Status,
        undecided: Undecided::Stay,
    };
    const NOW_MS: u64 = 2_000_000_000_000;
    const HOUR_MS: u64 = 3_600_000;

    #[test]
    fn without_a_rule_no_turn_is_ever_due() {
        let none = Retention::default();
        assert_eq!((none.rule(), none.due_ms(), none.worker()), (None, None, None));
        assert_eq!(none.turn_taken("w", NOW_MS), None);
        assert_eq!(none.with_rule(Some(RULE)).with_rule(None).turn_taken("w", NOW_MS), None);
    }

    #[test]
    fn a_turn_is_due_at_once_and_then_once_an_hour() {
        let set = Retention::default().with_rule(Some(RULE));
        let (rule, taken) = set.turn_taken("w", NOW_MS).expect("at once");
        assert_eq!((rule, taken.worker(), taken.is_unfinished()), (RULE, Some("w"), true));
        // Whether it came to its end or its worker was lost.
        for state in [taken.clone(), taken.turn_ended()] {
            assert_eq!(state.turn_taken("v", NOW_MS), None);
            assert_eq!(state.turn_taken("v", NOW_MS + HOUR_MS - 1), None);
            assert!(state.turn_taken("v", NOW_MS + HOUR_MS).is_some());
        }
        assert!(!taken.turn_ended().is_unfinished());
        let renewed = taken.renewed(NOW_MS + HOUR_MS / 2);
        assert_eq!(renewed.turn_taken("v", NOW_MS + HOUR_MS), None);
        assert!(renewed.is_unfinished());
    }

    #[test]
    fn what_was_cut_short_goes_on_at_once_and_what_failed_soon() {
        let set = Retention::default().with_rule(Some(RULE));
        let (_, taken) = set.turn_taken("w", NOW_MS).expect("at once");
        assert!(taken.turn_cut_short(NOW_MS).turn_taken("v", NOW_MS).is_some());
        let failed = taken.turn_failed(NOW_MS);
        assert_eq!(failed.turn_taken("v", NOW_MS + 299_999), None);
        let (_, again) = failed.turn_taken("v", NOW_MS + 300_000).expect("tried again");
        assert!(again.is_unfinished());
    }

    #[test]
    fn another_rule_is_due_at_once() {
        let set = Retention::default().with_rule(Some(RULE));
        let (_, taken) = set.turn_taken("w", NOW_MS).expect("at once");
        let other = PurgeRule { keep: Keep::Codes, undecided: Undecided::Go, ..RULE };
        let (rule, _) = taken.with_rule(Some(other)).turn_taken("v", NOW_MS).expect("at once");
        assert_eq!(rule, other);
    }

    #[test]
    fn a_clock_that_was_ahead_does_not_put_turns_off_for_ever() {
        let set = Retention::default().with_rule(Some(RULE));
        let (_, taken) = set.turn_taken("w", NOW_MS + 100 * HOUR_MS).expect("at once");
        assert!(taken.turn_ended().turn_taken("v", NOW_MS).is_some());
        // Two that differ by some minutes do not take the same turn.
        let (_, taken) = set.turn_taken("w", NOW_MS).expect("at once");
        assert_eq!(taken.turn_taken("v", NOW_MS - 600_000), None);
        assert_eq!(taken.turn_taken("v", NOW_MS + 600_000), None);
    }

    #[test]
    fn it_is_stored_as_it_is_read() {
        let set = Retention::default().with_rule(Some(RULE));
        let (_, taken) = set.turn_taken("w", NOW_MS).expect("at once");
        for state in [Retention::default(), set, taken] {
            let json = serde_json::to_string(&state).expect("plain data");
            assert_eq!(serde_json::from_str::<Retention>(&json).expect("as it was written"), state);
        }
    }
}
