//! Many verdicts as the numbers of one page: counted one by one, so that a file of any length is read
//! once and no verdict is kept.

use std::collections::BTreeMap;

use crate::case::{SampleKind, SampleRole};
use crate::evidence::{Assessment, Measure, Measured};
use crate::policy::{Bounds, Policy};
use crate::report::json::{DecisionDocument, EffectDocument, ObservedDocument, VerdictDocument};

/// Cases that a page names as the slowest.
const SLOWEST_MAX: usize = 10;

/// Days, policies and codes that a page tells apart; what is beyond is counted together, so that a
/// page stays small whatever is in the file.
pub(super) const GROUPS_MAX: usize = 60;

/// Passed, for review, failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Decisions {
    /// Cases that passed.
    pub pass: usize,
    /// Cases for a person.
    pub review: usize,
    /// Cases that failed.
    pub fail: usize,
}

impl Decisions {
    fn add(&mut self, decision: DecisionDocument) {
        match decision {
            DecisionDocument::Pass => self.pass += 1,
            DecisionDocument::Review => self.review += 1,
            DecisionDocument::Fail => self.fail += 1,
        }
    }

    /// All of them.
    pub fn all(&self) -> usize {
        self.pass + self.review + self.fail
    }
}

/// Cases in which a code was found, by what it did to the decision at worst.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CodeCount {
    /// It failed the case.
    pub fail: usize,
    /// It sent the case to a person.
    pub review: usize,
    /// It was noted.
    pub noted: usize,
}

impl CodeCount {
    /// All of them.
    pub fn all(&self) -> usize {
        self.fail + self.review + self.noted
    }
}

/// Values of one measure on one kind of photo.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Spread {
    /// Every value.
    pub values: Vec<f64>,
    /// Photos on which it could not be taken.
    pub not_assessed: usize,
    /// What the policy asks for.
    pub bounds: Option<Bounds>,
}

/// A case by the time it took.
#[derive(Debug, Clone, PartialEq)]
pub struct TimedCase {
    /// The submitter's name for it.
    pub case_id: String,
    /// What became of it.
    pub decision: DecisionDocument,
    /// Milliseconds over all stages and photos.
    pub ms: f64,
}

/// What a page says of a batch.
#[derive(Debug, Clone, Default)]
pub struct BatchSummary {
    /// What became of all cases.
    pub decisions: Decisions,
    /// Cases by code.
    pub codes: BTreeMap<String, CodeCount>,
    /// Decisions by the day as of which they were made; empty text where none was known.
    pub days: BTreeMap<String, Decisions>,
    /// Decisions by sha256 of the policy.
    pub policies: BTreeMap<String, Decisions>,
    /// Distances of the faces that were compared.
    pub distances: Vec<f64>,
    /// The policy's limits of the distance as they stand in the verdicts, with the review band's.
    pub distance_limits: Vec<(f64, Option<f64>)>,
    /// Liveness scores.
    pub liveness: Vec<f64>,
    /// The smallest liveness scores that do not fail, as they stand in the verdicts.
    pub liveness_limits: Vec<f64>,
    /// Milliseconds by case, where verdicts say them.
    pub times_ms: Vec<f64>,
    /// The slowest cases, the slowest first.
    pub slowest: Vec<TimedCase>,
    /// Seconds since 1970 at which verdicts were recorded, where that is known.
    pub recorded_s: Vec<u64>,
    /// Values that were not as asked, by kind of photo and measure, with what was asked.
    pub not_met: BTreeMap<(SampleKind, Measure), (Vec<f64>, String)>,
    /// Every value by kind of photo and measure, where assessments were given.
    pub measures: BTreeMap<(SampleKind, Measure), Spread>,
    /// Assessments that `measures` come from.
    pub assessments: usize,
}

impl BatchSummary {
    /// Counts a verdict, and when it was recorded where that is known, milliseconds since 1970.
    pub fn add(&mut self, verdict: &VerdictDocument, recorded_ms: Option<u64>) {
        self.decisions.add(verdict.decision);
        let day = verdict.decided_on.clone().unwrap_or_default();
        grouped(&mut self.days, day).add(verdict.decision);
        grouped(&mut self.policies, verdict.provenance.policy.clone()).add(verdict.decision);
        self.add_findings(verdict);
        let comparison = &verdict.comparison;
        self.distances.extend(comparison.distance);
        if let Some(threshold) = comparison.threshold {
            known(&mut self.distance_limits, (threshold, comparison.review_threshold));
        }
        self.liveness.extend(verdict.liveness.score);
        if let Some(threshold) = verdict.liveness.threshold {
            known(&mut self.liveness_limits, threshold);
        }
        if let Some(timings) = &verdict.timings_ms {
            self.add_time(verdict, timings.values().sum());
        }
        self.recorded_s.extend(recorded_ms.map(|ms| ms / 1000));
    }

    fn add_time(&mut self, verdict: &VerdictDocument, ms: f64) {
        self.times_ms.push(ms);
        let place = self.slowest.partition_point(|case| case.ms >= ms);
        if place < SLOWEST_MAX {
            let (case_id, decision) = (verdict.case_id.clone(), verdict.decision);
            self.slowest.insert(place, TimedCase { case_id, decision, ms });
            self.slowest.truncate(SLOWEST_MAX);
        }
    }

    fn add_findings(&mut self, verdict: &VerdictDocument) {
        let mut worst: BTreeMap<&str, EffectDocument> = BTreeMap::new();
        let rank = |effect: EffectDocument| match effect {
            EffectDocument::Noted => 0,
            EffectDocument::Review => 1,
            EffectDocument::Fail => 2,
        };
        for finding in &verdict.findings {
            let entry = worst.entry(&finding.code).or_insert(finding.effect);
            if rank(finding.effect) > rank(*entry) {
                *entry = finding.effect;
            }
            let role = finding.sample.as_deref().and_then(SampleRole::parse);
            let measure = finding.measure.as_deref().and_then(Measure::parse);
            let (Some(role), Some(measure), Some(ObservedDocument::Value(value))) =
                (role, measure, &finding.observed)
            else {
                continue;
            };
            let entry = self.not_met.entry((role.kind(), measure)).or_default();
            entry.0.push(*value);
            entry.1 = finding.required.clone().unwrap_or_default();
        }
        for (code, effect) in worst {
            let count = grouped(&mut self.codes, code.to_owned());
            match effect {
                EffectDocument::Fail => count.fail += 1,
                EffectDocument::Review => count.review += 1,
                EffectDocument::Noted => count.noted += 1,
            }
        }
    }

    /// Adds every measure of an assessment, beside the bounds of `policy`.
    pub fn add_measures(&mut self, assessment: &Assessment, policy: &Policy) {
        self.assessments += 1;
        for photo in &assessment.photos {
            for (measure, reading) in &photo.readings {
                let kind = photo.role.kind();
                let spread = self
                    .measures
                    .entry((kind, *measure))
                    .or_insert_with(|| Spread { bounds: policy.bounds(kind, *measure), ..Spread::default() });
                match reading {
                    Measured::Value(value) => spread.values.push(value.get()),
                    Measured::FailureToAssess(_) => spread.not_assessed += 1,
                }
            }
        }
    }
}

/// The entry of a group; groups beyond [`GROUPS_MAX`] share the one named `…`.
fn grouped<T: Default>(groups: &mut BTreeMap<String, T>, name: String) -> &mut T {
    let is_known = groups.contains_key(&name) || groups.len() < GROUPS_MAX;
    groups.entry(if is_known { name } else { "…".to_owned() }).or_default()
}

fn known<T: PartialEq>(values: &mut Vec<T>, value: T) {
    // A file mixes a few policies at most; the plot has no room for more.
    if values.len() < 4 && !values.contains(&value) {
        values.push(value);
    }
}

/// The value below which a share of the sorted values lies; `None` of none.
pub(super) fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get((share * last as f64).round() as usize).copied()
}
