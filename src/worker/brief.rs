//! What a batch tells about a verdict: its case, its decision and its codes.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// A verdict in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brief {
    /// The case.
    pub case_id: String,
    /// `pass`, `fail` or `review`.
    pub decision: String,
    /// The codes of the findings that bear on the decision (what was only noted does not), without
    /// repetition, in the verdict's order.
    pub codes: Vec<String>,
}

#[derive(Deserialize)]
struct Line {
    case_id: String,
    decision: String,
    findings: Vec<Finding>,
    provenance: Value,
}

#[derive(Deserialize)]
struct Finding {
    code: String,
    effect: String,
}

impl Brief {
    /// Reads a stored verdict, and what made it.
    ///
    /// # Errors
    /// What is wrong with the line.
    pub(super) fn from_line(line: &[u8]) -> Result<(Self, Value), String> {
        let line: Line = serde_json::from_slice(line).map_err(|e| e.to_string())?;
        let mut codes: Vec<String> = Vec::new();
        for finding in line.findings {
            if finding.effect != "noted" && !codes.contains(&finding.code) {
                codes.push(finding.code);
            }
        }
        Ok((Self { case_id: line.case_id, decision: line.decision, codes }, line.provenance))
    }
}

/// How many verdicts of each kind, and in how many of them each code stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Verdicts by decision.
    pub decisions: BTreeMap<String, usize>,
    /// Verdicts by code.
    pub codes: BTreeMap<String, usize>,
}

impl Tally {
    /// Counts one verdict.
    pub fn add(&mut self, brief: &Brief) {
        *self.decisions.entry(brief.decision.clone()).or_default() += 1;
        for code in &brief.codes {
            *self.codes.entry(code.clone()).or_default() += 1;
        }
    }

    /// How many were counted.
    pub fn verdicts(&self) -> usize {
        self.decisions.values().sum()
    }
}
