//! A change as others are told of it: CloudEvents 1.0 in JSON, data of the form `realname.event/1`.
//!
//! Codes and decisions. No claim, no photo, no measure, no note of a reviewer.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::queue::{Change, ChangeKind, utc_text};
use crate::report::{DecisionDocument, StatusDocument};
use crate::status::{ReviewDecision, Step, StepResult};

/// The form of an event's data that this version writes.
pub const EVENT_SCHEMA: &str = "realname.event/1";

/// The version of CloudEvents.
const SPEC_VERSION: &str = "1.0";

/// Digits of a sequence: CloudEvents compares sequences as text.
const SEQUENCE_DIGITS: usize = 10;

/// Hex digits of an event's id.
const ID_DIGITS: usize = 32;

/// Which queue an event comes from, as a URI reference without a machine's name or path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventSource(String);

impl EventSource {
    /// The source of a queue of that name; what a URI does not take is replaced.
    pub fn of_queue(name: &str) -> Self {
        let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
        Self(format!("/realname/queues/{}", name.chars().map(plain).collect::<String>()))
    }
}

impl fmt::Display for EventSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An event as it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventDocument {
    /// Always `1.0`.
    #[schemars(regex(pattern = r"^1\.0$"))]
    pub specversion: String,
    /// The same for every try to send it, and for no other event.
    pub id: String,
    /// The queue that it comes from.
    pub source: String,
    /// `realname.case.` and what happened: submitted, verdict, step, review, dead, requeued or purged.
    #[serde(rename = "type")]
    #[schemars(regex(pattern = r"^realname\.case\.[a-z]+$"))]
    pub kind: String,
    /// The case.
    pub subject: String,
    /// When it happened, UTC.
    pub time: String,
    /// Always `application/json`.
    pub datacontenttype: String,
    /// The form of `data`.
    pub dataschema: String,
    /// Orders the events of one case, as text; from 1, without gaps.
    pub sequence: String,
    /// What happened.
    pub data: EventData,
}

/// What happened to a case, form `realname.event/1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventData {
    /// Always `realname.event/1`.
    #[schemars(regex(pattern = r"^realname\.event/1$"))]
    pub schema: String,
    /// The case.
    pub case_id: String,
    /// The attempt that the case is at; 0 before the first.
    pub attempt: u32,
    /// What happened.
    pub change: ChangeKind,
    /// Where the verification stands after it.
    pub status: StatusDocument,
    /// The verdict's decision, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<DecisionDocument>,
    /// The verdict's codes, or the reason that a service or a person gave.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<String>,
    /// The step that was set, where it is that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Step>,
    /// How it was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<StepResult>,
    /// What a person decided, where it is that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<ReviewDecision>,
}

impl EventDocument {
    /// The event of a change.
    pub fn new(change: &Change, source: &EventSource) -> Self {
        let Change { at_ms, attempt, kind, status, decision, step, result, review, .. } = *change;
        let data = EventData {
            schema: EVENT_SCHEMA.to_owned(),
            case_id: change.case_id.clone(),
            attempt,
            change: kind,
            status,
            decision,
            codes: change.codes.clone(),
            step,
            result,
            review,
        };
        Self {
            specversion: SPEC_VERSION.to_owned(),
            id: id(change, source),
            source: source.to_string(),
            kind: format!("realname.case.{}", kind.id()),
            subject: change.case_id.clone(),
            time: utc_text(at_ms),
            datacontenttype: "application/json".to_owned(),
            dataschema: format!("urn:{}", EVENT_SCHEMA.replace(['.', '/'], ":")),
            sequence: format!("{:0SEQUENCE_DIGITS$}", change.sequence),
            data,
        }
    }
}

/// The same for the same change, whoever tells of it and however often.
fn id(change: &Change, source: &EventSource) -> String {
    let Change { case_id, sequence, at_ms, kind, attempt, .. } = change;
    let what = format!("{source}\0{case_id}\0{sequence}\0{at_ms}\0{}\0{attempt}", kind.id());
    let digest = Sha256::digest(what.as_bytes());
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    hex[..ID_DIGITS].to_owned()
}

/// A change on its way to a sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The change.
    pub change: Change,
    /// The event's id.
    pub id: String,
    /// The event as one line of JSON.
    pub body: String,
}

impl Event {
    /// The event of a change.
    pub fn new(change: Change, source: &EventSource) -> Self {
        let document = EventDocument::new(&change, source);
        let body = serde_json::to_string(&document).expect("plain data with string keys always serialises");
        Self { change, id: document.id, body }
    }
}

/// The schema of an event.
pub fn event_schema() -> serde_json::Value {
    schemars::schema_for!(EventDocument).to_value()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::events) fn change(case_id: &str, sequence: u64) -> Change {
        Change {
            number: 7,
            sequence,
            at_ms: 1_763_000_000_123,
            case_id: case_id.to_owned(),
            attempt: 1,
            kind: ChangeKind::Verdict,
            status: StatusDocument::Retake,
            decision: Some(DecisionDocument::Fail),
            codes: vec!["card.blur".to_owned()],
            step: None,
            result: None,
            review: None,
        }
    }

    #[test]
    fn an_event_is_a_cloud_event_of_the_published_schema() {
        let source = EventSource::of_queue("my queue/é");
        let event = Event::new(change("c-1", 2), &source);
        insta::assert_json_snapshot!(
            "event",
            serde_json::from_str::<serde_json::Value>(&event.body).expect("JSON")
        );
        insta::assert_json_snapshot!("event_schema", event_schema());
        let schema = jsonschema::validator_for(&event_schema()).expect("a valid schema");
        assert!(schema.is_valid(&serde_json::from_str(&event.body).expect("JSON")));
        assert!(!event.body.contains('\n'));
    }

    #[test]
    fn an_id_is_the_same_for_the_same_change_alone() {
        let source = EventSource::of_queue("q");
        let id = |change: &Change| EventDocument::new(change, &source).id;
        let first = change("c-1", 1);
        assert_eq!(id(&first), id(&Change { number: 900, ..first.clone() }), "numbered anew by another copy");
        for other in [change("c-2", 1), change("c-1", 2), Change { at_ms: 1, ..first.clone() }] {
            assert_ne!(id(&first), id(&other));
        }
    }
}
