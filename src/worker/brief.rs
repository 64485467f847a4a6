//! What a batch tells about a verdict: its case, its decision and its codes.

use std::collections::BTreeMap;

use crate::policy::{Decision, Effect, Verdict};
use crate::report::{DecisionDocument, EffectDocument, VerdictDocument};

/// A verdict in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brief {
    /// The case.
    pub case_id: String,
    /// Its decision.
    pub decision: Decision,
    /// The codes of the findings that bear on the decision (what was only noted does not), without
    /// repetition, in the verdict's order.
    pub codes: Vec<String>,
}

impl From<&Verdict> for Brief {
    fn from(verdict: &Verdict) -> Self {
        let judgement = &verdict.judgement;
        let bearing = judgement.findings.iter().filter(|f| f.effect != Effect::Noted);
        Self::new(&verdict.assessment.case_id, judgement.decision.into(), bearing.map(|f| f.code.id()))
    }
}

impl From<&VerdictDocument> for Brief {
    fn from(verdict: &VerdictDocument) -> Self {
        let bearing = verdict.findings.iter().filter(|f| f.effect != EffectDocument::Noted);
        Self::new(&verdict.case_id, verdict.decision, bearing.map(|f| f.code.as_str()))
    }
}

impl Brief {
    fn new<'a>(case_id: &str, decision: DecisionDocument, bearing: impl Iterator<Item = &'a str>) -> Self {
        let mut codes: Vec<String> = Vec::new();
        for code in bearing {
            if !codes.iter().any(|seen| seen == code) {
                codes.push(code.to_owned());
            }
        }
        let decision = match decision {
            DecisionDocument::Pass => Decision::Pass,
            DecisionDocument::Fail => Decision::Fail,
            DecisionDocument::Review => Decision::Review,
        };
        Self { case_id: case_id.to_owned(), decision, codes }
    }
}

/// How many verdicts of each kind, and in how many of them each code stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Verdicts by decision.
    pub decisions: BTreeMap<Decision, usize>,
    /// Verdicts by code.
    pub codes: BTreeMap<String, usize>,
}

impl Tally {
    /// Counts one verdict.
    pub fn add(&mut self, brief: &Brief) {
        *self.decisions.entry(brief.decision).or_default() += 1;
        for code in &brief.codes {
            *self.codes.entry(code.clone()).or_default() += 1;
        }
    }

    /// How many were counted.
    pub fn verdicts(&self) -> usize {
        self.decisions.values().sum()
    }
}
