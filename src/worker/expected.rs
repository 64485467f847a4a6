//! `expected.json`: what a bundled case is for, and whether its verdict says so.

use std::io;
use std::path::Path;

use serde::Deserialize;

use super::brief::Brief;
use super::plain_file::read_plain;
use crate::policy::{Code, Decision};

/// An `expected.json` larger than this is refused.
const BYTES_MAX: u64 = 1 << 20;

/// What the verdict of a case must say.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// `pass`, `fail` or `review`. A machine without the models of liveness cannot pass a case: one
    /// that it sends to review for nothing but that agrees with `pass`.
    pub decision: String,
    /// Codes that must be among those not met.
    #[serde(default)]
    pub must: Vec<String>,
    /// Codes that must not be; one that ends in a dot stands for all that begin with it.
    #[serde(default)]
    pub must_not: Vec<String>,
}

impl Expected {
    /// Reads the `expected.json` of a case folder; `None` where there is none.
    ///
    /// # Errors
    /// It cannot be read, is no plain file, is larger than a file of this form can be, or has
    /// another form.
    pub fn of(case_folder: &Path) -> io::Result<Option<Self>> {
        match read_plain(&case_folder.join("expected.json"), BYTES_MAX) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// In what the verdict differs, in words; empty where it agrees.
    pub fn differences(&self, brief: &Brief) -> Vec<String> {
        let mut differences = Vec::new();
        let decision = brief.decision.id();
        let lacks_models = self.decision == Decision::Pass.id()
            && brief.decision == Decision::Review
            && brief.codes == [Code::LivenessNotAssessed.id()];
        if self.decision != decision && !lacks_models {
            differences.push(format!("decision {decision}, expected {}", self.decision));
        }
        let absent = self.must.iter().filter(|code| !brief.codes.contains(code));
        differences.extend(absent.map(|code| format!("{code} is missing")));
        let unwanted =
            brief.codes.iter().filter(|code| self.must_not.iter().any(|entry| matches(entry, code)));
        differences.extend(unwanted.map(|code| format!("{code} must not be there")));
        differences
    }

    /// Entries that stand for no code there is: a slip of the pen that would agree with anything.
    pub fn unknown_codes(&self) -> Vec<&str> {
        let entries = self.must.iter().chain(&self.must_not).map(String::as_str);
        entries.filter(|entry| !Code::ALL.iter().any(|code| matches(entry, code.id()))).collect()
    }
}

fn matches(entry: &str, code: &str) -> bool {
    entry == code || (entry.ends_with('.') && code.starts_with(entry))
}

/// How the verdicts of a batch agree with what is expected of its cases.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Agreement {
    /// Cases looked at that say what is expected.
    pub expecting: usize,
    /// How many of them agree.
    pub agreeing: usize,
    /// A line for each of the others.
    pub differences: Vec<String>,
}

impl Agreement {
    /// Counts a case; `brief` is `None` where it got no verdict.
    pub(super) fn add(&mut self, name: &str, folder: &Path, brief: Option<&Brief>) {
        let differences = match (Expected::of(folder), brief) {
            (Ok(None), _) => return,
            (Err(error), _) => vec![format!("expected.json: {error}")],
            (Ok(Some(_)), None) => vec!["no verdict".to_owned()],
            (Ok(Some(expected)), Some(brief)) => {
                let unknown = expected.unknown_codes();
                let unknown = unknown.iter().map(|entry| format!("expected.json: no code is called {entry}"));
                unknown.chain(expected.differences(brief)).collect()
            }
        };
        self.expecting += 1;
        if differences.is_empty() {
            self.agreeing += 1;
        } else {
            self.differences.push(format!("{name}: {}", differences.join("; ")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_held_to_what_is_expected() {
        let expected: Expected = serde_json::from_str(
            r#"{"decision":"fail","must":["card.blur"],"must_not":["match.","face.none"]}"#,
        )
        .expect("its form");
        let rows: [(Decision, &[&str], &[&str]); 5] = [
            (Decision::Fail, &["card.blur"], &[]),
            (Decision::Pass, &["card.blur"], &["decision pass, expected fail"]),
            (Decision::Fail, &[], &["card.blur is missing"]),
            (
                Decision::Fail,
                &["card.blur", "match.below_threshold"],
                &["match.below_threshold must not be there"],
            ),
            (Decision::Fail, &["card.blur", "face.none_at_all"], &[]),
        ];
        for (decision, codes, differences) in rows {
            let codes: Vec<String> = codes.iter().map(|c| (*c).to_owned()).collect();
            let brief = Brief { case_id: "c".to_owned(), decision, codes };
            assert_eq!(expected.differences(&brief), differences, "{brief:?}");
        }
    }

    #[test]
    fn a_case_that_lacks_nothing_but_the_models_of_liveness_is_as_good_as_passed() {
        let expected: Expected = serde_json::from_str(r#"{"decision":"pass"}"#).expect("its form");
        let agrees = |decision, codes: &[&str]| {
            let codes = codes.iter().map(|code| (*code).to_owned()).collect();
            expected.differences(&Brief { case_id: "c".to_owned(), decision, codes }).is_empty()
        };
        assert!(agrees(Decision::Pass, &[]));
        assert!(agrees(Decision::Review, &["liveness.not_assessed"]));
        assert!(!agrees(Decision::Review, &["liveness.uncertain"]));
        assert!(!agrees(Decision::Review, &["match.uncertain", "liveness.not_assessed"]));
        assert!(!agrees(Decision::Fail, &["liveness.not_assessed"]));
    }

    #[test]
    fn a_code_that_does_not_exist_is_noticed() {
        let expected = Expected {
            decision: "fail".to_owned(),
            must: vec!["card.blurr".to_owned()],
            must_not: vec!["match.".to_owned(), "mtch.".to_owned()],
        };
        assert_eq!(expected.unknown_codes(), ["card.blurr", "mtch."]);
    }
}
