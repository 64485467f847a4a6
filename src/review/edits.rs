//! A policy under edit: which of its numbers can be moved, how far, and the policy that comes of it.
//!
//! Works on the text of the policy in effect, so that every edit goes through the same reading and
//! the same refusals as a file.

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::evidence::Assessment;
use crate::policy::{Accepts, CHECKS, Check, Policy, PolicyError};

/// Edits that one request may make.
pub(super) const EDITS_MAX: usize = 200;

/// How much room a slider has beyond what was seen.
const ROOM: f64 = 0.1;

/// One number of a policy, moved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// The full name of the key, `selfie.yaw_deg`.
    pub key: String,
    /// The bound of a gate, `fail_above`; empty for a plain number.
    pub bound: String,
    /// Its new value.
    pub value: f64,
}

/// A number of the policy that can be moved.
#[derive(Debug, Clone, PartialEq)]
pub struct Slider {
    /// The full name of the key.
    pub key: String,
    /// The bound of a gate; empty for a plain number.
    pub bound: String,
    /// Where it stands.
    pub value: f64,
    /// The smallest value offered.
    pub min: f64,
    /// The largest value offered.
    pub max: f64,
    /// Whether it is moved by its logarithm: rates are.
    pub is_rate: bool,
    /// The check that it gates, where it is one's gate.
    pub check: Option<&'static Check>,
}

/// The policy with the edits in it.
///
/// # Errors
/// A key is unknown or off, or a value cannot be what it is.
pub fn edited(policy: &Policy, edits: &[Edit]) -> Result<Policy, PolicyError> {
    let text = policy.effective_toml();
    let mut tables: Table = text.parse().map_err(|e: toml::de::Error| PolicyError::Toml(e.to_string()))?;
    for edit in edits {
        let unknown = || PolicyError::UnknownKey { key: edit.key.clone(), suggestion: None };
        let (head, name) = edit.key.split_once('.').ok_or_else(unknown)?;
        let value = tables.get_mut(head).and_then(|table| table.get_mut(name)).ok_or_else(unknown)?;
        let place = match value {
            Value::Table(gate) => gate.get_mut(&edit.bound).ok_or_else(unknown)?,
            Value::Integer(_) | Value::Float(_) if edit.bound.is_empty() => value,
            _ => return Err(unknown()),
        };
        *place = Value::Float(edit.value);
    }
    let text = toml::to_string(&tables).map_err(|error| PolicyError::Toml(error.to_string()))?;
    Policy::parse(&text)
}

/// Every number that can be moved, in the order of the policy. A slider reaches over everything that
/// was measured in `seen`, and a little further.
pub fn sliders<'a>(policy: &Policy, seen: impl IntoIterator<Item = &'a Assessment>) -> Vec<Slider> {
    let ranges = seen_ranges(seen);
    let text = policy.effective_toml();
    let tables: Table = text.parse().expect("a policy in effect is TOML");
    let mut sliders = Vec::new();
    for (head, table) in tables {
        let Value::Table(table) = table else { continue };
        for (name, value) in table {
            let key = format!("{head}.{name}");
            let check = CHECKS.iter().position(|check| check.key() == key);
            let range = check.and_then(|place| ranges[place]);
            let check = check.map(|place| &CHECKS[place]);
            let slider = |bound: &str, value: f64| {
                let is_rate = key.ends_with("fmr");
                let (min, max) = if is_rate { (1e-6, 0.1) } else { reach(value, range, check) };
                Slider { key: key.clone(), bound: bound.to_owned(), value, min, max, is_rate, check }
            };
            match value {
                Value::Float(number) => sliders.push(slider("", number)),
                Value::Table(gate) => {
                    let bounds =
                        gate.into_iter().filter_map(|(bound, value)| Some((bound, value.as_float()?)));
                    sliders.extend(bounds.map(|(bound, value)| slider(&bound, value)));
                }
                _ => {} // A count, a word, or a gate that is off.
            }
        }
    }
    sliders
}

/// The least and the greatest value seen of each check.
fn seen_ranges<'a>(seen: impl IntoIterator<Item = &'a Assessment>) -> Vec<Option<(f64, f64)>> {
    let mut ranges: Vec<Option<(f64, f64)>> = vec![None; CHECKS.len()];
    for photo in seen.into_iter().flat_map(|assessment| &assessment.photos) {
        for (check, range) in CHECKS.iter().zip(&mut ranges).filter(|(c, _)| c.kind == photo.role.kind()) {
            let Some(value) = photo.readings.get(&check.measure).and_then(|reading| reading.value()) else {
                continue;
            };
            let value = match check.accepts {
                Accepts::Within => value.get().abs(),
                Accepts::AtLeast | Accepts::AtMost => value.get(),
            };
            let (low, high) = range.unwrap_or((value, value));
            *range = Some((low.min(value), high.max(value)));
        }
    }
    ranges
}

fn reach(value: f64, range: Option<(f64, f64)>, check: Option<&Check>) -> (f64, f64) {
    let (low, high) = range.unwrap_or((value, value));
    let (low, high) = (low.min(value), high.max(value));
    let room = if high > low { (high - low) * ROOM } else { value.abs().max(1.0) };
    let least = if low >= 0.0 || check.is_some_and(|check| check.accepts == Accepts::Within) {
        0.0
    } else {
        f64::NEG_INFINITY
    };
    ((low - room).max(least), high + room)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::SampleRole;
    use crate::evidence::Measure;
    use crate::policy::Decision;
    use crate::policy::testing::{Spoiled as _, good_case};

    fn edit(key: &str, bound: &str, value: f64) -> Edit {
        Edit { key: key.to_owned(), bound: bound.to_owned(), value }
    }

    #[test]
    fn an_edit_moves_one_number_and_flips_the_case_between() {
        let policy = Policy::shipped();
        let turned = good_case(1, 0.2).with(SampleRole::Selfie(1), Measure::Yaw, 22.0);
        assert_eq!(policy.decide(&turned).decision, Decision::Pass);
        let stricter = edited(&policy, &[edit("selfie.yaw_deg", "fail_above", 20.0)]).expect("a policy");
        assert_eq!(stricter.decide(&turned).decision, Decision::Fail);
        let back = edited(&stricter, &[edit("selfie.yaw_deg", "fail_above", 24.0)]).expect("a policy");
        assert_eq!(back, policy);
        assert_eq!(edited(&policy, &[]), Ok(policy));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for refused in [
            edit("selfie.yaw", "fail_above", 20.0),
            edit("selfie.yaw_deg", "fail_below", 20.0),
            edit("selfie.yaw_deg", "", 20.0),
            edit("selfie.yaw_deg", "fail_above", f64::NAN),
            edit("front.card_aspect_deviation", "fail_above", 1.0),
            edit("comparison.fmr", "", 0.0),
            edit("comparison.fmr", "", 0.5),
            edit("schema", "", 2.0),
            edit("case.front", "", 2.0),
        ] {
            assert!(edited(&Policy::shipped(), std::slice::from_ref(&refused)).is_err(), "{refused:?}");
        }
    }

    #[test]
    fn every_slider_stands_within_its_reach_and_can_be_moved() {
        let policy = Policy::shipped();
        let seen = [good_case(2, 0.2), good_case(1, 0.2).with(SampleRole::Front, Measure::FieldBlur, 7.5)];
        let sliders = sliders(&policy, &seen);
        assert!(sliders.len() > 50, "{}", sliders.len());
        for slider in &sliders {
            assert!(slider.min <= slider.value && slider.value <= slider.max, "{slider:?}");
            assert!(slider.min < slider.max, "{slider:?}");
            let same = edit(&slider.key, &slider.bound, slider.value);
            assert_eq!(edited(&policy, &[same]), Ok(policy.clone()), "{slider:?}");
        }
        let blur = sliders.iter().find(|slider| slider.key == "front.field_blur_px").expect("gated");
        assert!(blur.max > 7.5 && (0.0..0.7).contains(&blur.min));
        assert!(sliders.iter().any(|slider| slider.key == "comparison.fmr" && slider.is_rate));
    }
}
