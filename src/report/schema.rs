//! JSON Schemas (draft 2020-12) of the documents that go in and come out.

use schemars::schema_for;
use serde_json::Value;

use super::json::VerdictDocument;
use crate::case::CaseDocument;

/// The schema of `case.json`, form `realname.case/1`.
pub fn case_schema() -> Value {
    schema_for!(CaseDocument).to_value()
}

/// The schema of a verdict, form `realname.verdict/1`.
pub fn verdict_schema() -> Value {
    schema_for!(VerdictDocument).to_value()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::SampleRole;
    use crate::evidence::{IntakeFault, Timings};
    use crate::policy::testing::{Spoiled as _, good_case};
    use crate::policy::{Policy, Verdict};
    use crate::report::{Timing, verdict_json};

    #[test]
    fn schemas_are_as_published() {
        insta::assert_json_snapshot!("case_schema", case_schema());
        insta::assert_json_snapshot!("verdict_schema", verdict_schema());
    }

    #[test]
    fn verdicts_and_cases_are_valid_under_their_schemas() {
        let schema = jsonschema::validator_for(&verdict_schema()).expect("a valid schema");
        let policy = Policy::shipped();
        for assessment in [
            good_case(3, 0.2),
            good_case(1, 0.9).faceless(SampleRole::Front),
            good_case(1, 0.9).refused(SampleRole::Selfie(1), IntakeFault::Truncated, "ends early"),
            good_case(0, 0.2),
        ] {
            let judgement = policy.decide(&assessment);
            let (policy_sha256, timings) = (policy.sha256(), Timings::default());
            let verdict = Verdict { assessment, judgement, policy_sha256, timings };
            for timing in [Timing::Timed, Timing::Untimed] {
                let json: Value = serde_json::from_str(&verdict_json(&verdict, timing)).expect("JSON");
                assert!(schema.is_valid(&json), "{:?}", schema.validate(&json));
                let mut other = json;
                other["score"] = 1.into();
                assert!(!schema.is_valid(&other));
            }
        }
        let schema = jsonschema::validator_for(&case_schema()).expect("a valid schema");
        let case =
            serde_json::json!({"schema": "realname.case/1", "front": "front.jpg", "selfies": ["a.jpg"]});
        assert!(schema.is_valid(&case));
        assert!(!schema.is_valid(&serde_json::json!({"schema": "realname.case/2"})));
    }
}
