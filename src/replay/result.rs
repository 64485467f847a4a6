//! What came out of a verdict's making, compared number by number: first what was measured, then
//! what was decided.
//!
//! Numbers are compared to six significant digits, those that a verdict shows: measures are good to
//! three or four, and the last bits of a float are the processor's.

use serde_json::Value;

use super::Recorded;
use super::difference::{Difference, Part};
use crate::evidence::StoredAssessment;
use crate::policy::Verdict;
use crate::report::{Timing, VerdictDocument, rounded};

/// Characters shown of a value.
const SHOWN_CHARS_MAX: usize = 120;

/// The first difference between what was recorded and `verdict`. What made them is compared by
/// [`inputs_difference`](super::inputs_difference), and times are not compared.
pub fn result_difference(recorded: &Recorded, verdict: &Verdict) -> Option<Difference> {
    let measured = recorded.assessment.as_ref().and_then(|assessment| {
        first(
            &json(&StoredAssessment::from(assessment)),
            &json(&StoredAssessment::from(&verdict.assessment)),
            "",
        )
    });
    measured.or_else(|| {
        let here = VerdictDocument::new(verdict, Timing::Untimed);
        first(&json(&recorded.verdict), &json(&here), "")
    })
}

/// As a tree without what made it and what it took.
fn json(document: &impl serde::Serialize) -> Value {
    let mut value = serde_json::to_value(document).expect("plain data with string keys always serialises");
    if let Some(fields) = value.as_object_mut() {
        fields.shift_remove("provenance");
        fields.shift_remove("timings_ms");
    }
    value
}

/// The first place, from the top, at which two trees differ.
fn first(then: &Value, now: &Value, place: &str) -> Option<Difference> {
    match (then, now) {
        (Value::Object(a), Value::Object(b)) => {
            let added = b.keys().filter(|key| !a.contains_key(*key));
            a.keys().chain(added).find_map(|key| below(a.get(key), b.get(key), &joined(place, key)))
        }
        (Value::Array(a), Value::Array(b)) => (0..a.len().max(b.len())).find_map(|i| {
            let of_sample = |item: &Value| Some(item.get("sample")?.as_str()?.to_owned());
            let label = a.get(i).or(b.get(i)).and_then(of_sample);
            let place = match label {
                Some(sample) => joined(place, &sample),
                None => format!("{place}[{i}]"),
            };
            below(a.get(i), b.get(i), &place)
        }),
        (Value::Number(a), Value::Number(b)) => {
            let same = match (a.as_f64(), b.as_f64()) {
                (Some(a), Some(b)) => rounded(a) == rounded(b),
                (None, _) | (_, None) => a == b,
            };
            (!same).then(|| difference(Some(then), Some(now), place))
        }
        (then, now) => (then != now).then(|| difference(Some(then), Some(now), place)),
    }
}

fn below(then: Option<&Value>, now: Option<&Value>, place: &str) -> Option<Difference> {
    match (then, now) {
        (Some(then), Some(now)) => first(then, now, place),
        (then, now) => Some(difference(then, now, place)),
    }
}

fn difference(then: Option<&Value>, now: Option<&Value>, place: &str) -> Difference {
    let told = |value: &Value| match value {
        Value::String(text) => text.chars().take(SHOWN_CHARS_MAX).collect(),
        other => other.to_string().chars().take(SHOWN_CHARS_MAX).collect::<String>(),
    };
    Difference { part: Part::Result(place.to_owned()), recorded: then.map(told), here: now.map(told) }
}

fn joined(place: &str, key: &str) -> String {
    if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") }
}
