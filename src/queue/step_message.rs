//! A step that another service tells of, form `realname.step/1`: one JSON object a message.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::StepReport;
use crate::case::{CASE_ID_RULE, is_case_id};
use crate::status::{REASON_RULE, ReasonCode, RecordMethod, RequiredSteps, Step, StepResult};

/// The form that this version reads.
pub const STEP_SCHEMA: &str = "realname.step/1";

/// What another service tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepMessage {
    /// Always `realname.step/1`.
    #[schemars(regex(pattern = r"^realname\.step/1$"))]
    pub schema: String,
    /// The submitter's name for the case.
    pub case_id: String,
    /// Which step.
    pub step: Step,
    /// `passed` or `failed`.
    pub result: ReportedResult,
    /// Why, as a code: 1 to 64 of a-z, 0-9, `_`, `-` and `.`, beginning with a letter, and no long
    /// number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Opens a record where there is none, for a step that is told of before any photo is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<OpenDocument>,
}

/// How the step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportedResult {
    /// Shown.
    Passed,
    /// Not shown.
    Failed,
}

/// The record to open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenDocument {
    /// How the person proves who they are.
    pub method: RecordMethod,
    /// The steps that have to pass: `pipeline`, `wallet`, or names with commas between them.
    pub steps: String,
}

/// Why a message tells of no step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StepMessageError {
    /// It is not of the form.
    #[error("not of the form {STEP_SCHEMA} (column {column}; see `realname schema step`)")]
    Form {
        /// Where it departs from it, counted from 1.
        column: usize,
    },
    /// Another form, or another version of this one.
    #[error("its schema is not {STEP_SCHEMA}")]
    Schema,
    /// The reason is no code.
    #[error("{REASON_RULE}")]
    Reason,
    /// The case id is none.
    #[error("its case_id {CASE_ID_RULE}")]
    CaseId,
    /// The steps to open a record with are none.
    #[error("its steps are not `pipeline`, `wallet`, or names of steps with identity, document and face")]
    Steps,
}

impl StepReport {
    /// Reads a message. What is wrong with one is told without its words, which may be a person's.
    ///
    /// # Errors
    /// It is not of the form, or holds what no report may hold.
    pub fn parse(message: &[u8]) -> Result<Self, StepMessageError> {
        let form = |error: serde_json::Error| StepMessageError::Form { column: error.column() };
        let message: StepMessage = serde_json::from_slice(message).map_err(form)?;
        if message.schema != STEP_SCHEMA {
            return Err(StepMessageError::Schema);
        }
        if !is_case_id(&message.case_id) {
            return Err(StepMessageError::CaseId);
        }
        let result = match message.result {
            ReportedResult::Passed => StepResult::Passed,
            ReportedResult::Failed => StepResult::Failed,
        };
        let reason = message.reason.map(|code| ReasonCode::parse(&code).ok_or(StepMessageError::Reason));
        let opens = message.open.map(|open| {
            let steps = RequiredSteps::parse(&open.steps);
            Ok((open.method, steps.map_err(|_| StepMessageError::Steps)?))
        });
        let (case_id, step) = (message.case_id, message.step);
        Ok(Self { case_id, step, result, reason: reason.transpose()?, opens: opens.transpose()? })
    }
}

/// The schema of a message.
pub fn step_schema() -> serde_json::Value {
    schemars::schema_for!(StepMessage).to_value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_read_and_what_is_wrong_is_named_without_its_words() {
        let told = br#"{"schema":"realname.step/1","case_id":"c","step":"phone","result":"failed",
                        "reason":"phone.not_reachable","open":{"method":"id_card","steps":"wallet"}}"#;
        let report = StepReport::parse(told).expect("a message");
        assert_eq!((report.case_id.as_str(), report.step), ("c", Step::Phone));
        assert_eq!(report.result, StepResult::Failed);
        assert_eq!(report.opens, Some((RecordMethod::IdCard, RequiredSteps::wallet())));
        let rows = [
            (r#"{"schema":"realname.step/1"}"#, "not of the form"),
            (r#"{"schema":"realname.step/2","case_id":"c","step":"phone","result":"passed"}"#, "its schema"),
            (r#"{"schema":"realname.step/1","case_id":"","step":"phone","result":"passed"}"#, "its case_id"),
            (
                r#"{"schema":"realname.step/1","case_id":"c","step":"phone","result":"passed","open":{"method":"id_card","steps":"Li Si"}}"#,
                "its steps",
            ),
            (
                r#"{"schema":"realname.step/1","case_id":"c","step":"phone","result":"pending"}"#,
                "not of the form",
            ),
            (
                r#"{"schema":"realname.step/1","case_id":"c","step":"phone","result":"passed","reason":"Li Si"}"#,
                "a reason is a code",
            ),
            (
                r#"{"schema":"realname.step/1","case_id":"c","step":"phone","result":"passed","name":"Li Si"}"#,
                "not of the form",
            ),
        ];
        for (text, says) in rows {
            let error = StepReport::parse(text.as_bytes()).expect_err(says).to_string();
            assert!(error.contains(says) && !error.contains("Li Si"), "{error}");
        }
    }
}
