//! The cases of a desk in memory: what was recorded of each, what was measured, and the rows of the
//! list. Holds no photo and no claim.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::filter::Row;
use crate::evidence::Assessment;
use crate::policy::{Decision, Policy, VerificationStatus};
use crate::report::{StatusDocument, VerdictDocument};
use crate::worker::Brief;

/// Cases that one desk lists; more are refused at the start.
pub const CASES_MAX: usize = 50_000;

/// Where a case's photos are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// In a folder.
    Folder(PathBuf),
    /// In the queue's store, named by its entry.
    Queue,
}

/// What is known of a case.
#[derive(Debug, Clone)]
pub(super) struct CaseRecord {
    pub(super) case_id: String,
    pub(super) place: Place,
    /// The attempt that all of this is of; 1 in a folder.
    pub(super) attempt: u32,
    /// The verdict as it was recorded.
    pub(super) verdict: Option<Arc<VerdictDocument>>,
    /// What was measured.
    pub(super) assessment: Option<Arc<Assessment>>,
    /// What a person decided, or the queue says.
    pub(super) status: Option<VerificationStatus>,
    /// Why it cannot be read.
    pub(super) fault: Option<String>,
}

impl CaseRecord {
    pub(super) fn new(case_id: String, place: Place) -> Self {
        let attempt = 1;
        Self { case_id, place, attempt, verdict: None, assessment: None, status: None, fault: None }
    }

    /// What the policy in force makes of what was measured.
    pub(super) fn decided(&self, policy: &Policy) -> Option<Decision> {
        self.assessment.as_ref().map(|assessment| policy.decide(assessment).decision)
    }

    fn row(&self, number: usize, policy: &Policy) -> Row {
        let recorded = self.verdict.as_ref().map(|verdict| {
            let Brief { decision, codes, .. } = Brief::from(&**verdict);
            (
                decision,
                codes,
                status_of(verdict.status),
                verdict.comparison.distance,
                verdict.decided_on.clone(),
            )
        });
        let judged = || {
            let assessment = self.assessment.as_ref()?;
            let judgement = policy.decide(assessment);
            let mut codes: Vec<String> = Vec::new();
            for finding in &judgement.findings {
                let code = finding.code.id();
                if finding.effect != crate::policy::Effect::Noted && !codes.iter().any(|seen| seen == code) {
                    codes.push(code.to_owned());
                }
            }
            let distance = judgement.comparison.distance.map(|distance| distance.get());
            let day = assessment.decided_on.map(|day| day.to_string());
            Some((judgement.decision, codes, judgement.status, distance, day))
        };
        let (decision, codes, status, distance, day) = match recorded.or_else(judged) {
            Some((decision, codes, status, distance, day)) => (Some(decision), codes, status, distance, day),
            None => (None, Vec::new(), VerificationStatus::Processing, None, None),
        };
        let case_id = self.case_id.clone();
        Row { number, case_id, decision, status: self.status.unwrap_or(status), codes, day, distance }
    }
}

/// Every case, by its number at this desk; numbers are never given again.
#[derive(Debug, Default)]
pub(super) struct Table {
    cases: Vec<CaseRecord>,
    rows: Vec<Row>,
    /// What the policy in force says, where something was measured.
    decided: Vec<Option<Decision>>,
    numbers: HashMap<String, usize>,
}

impl Table {
    /// Adds a case, or puts it in the place of the one of its id; its number.
    pub(super) fn put(&mut self, record: CaseRecord, policy: &Policy) -> usize {
        let number = self.numbers.get(&record.case_id).copied().unwrap_or(self.cases.len());
        let row = record.row(number, policy);
        let decided = record.decided(policy);
        if number == self.cases.len() {
            self.numbers.insert(record.case_id.clone(), number);
            self.cases.push(record);
            self.rows.push(row);
            self.decided.push(decided);
        } else {
            self.cases[number] = record;
            self.rows[number] = row;
            self.decided[number] = decided;
        }
        number
    }

    pub(super) fn case(&self, number: usize) -> Option<&CaseRecord> {
        self.cases.get(number)
    }

    pub(super) fn named(&self, case_id: &str) -> Option<&CaseRecord> {
        self.cases.get(*self.numbers.get(case_id)?)
    }

    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// What the policy in force says of a case.
    pub(super) fn decided(&self, number: usize) -> Option<Decision> {
        self.decided.get(number).copied().flatten()
    }

    pub(super) fn assessments(&self) -> impl Iterator<Item = &Assessment> {
        self.cases.iter().filter_map(|case| case.assessment.as_deref())
    }

    pub(super) fn len(&self) -> usize {
        self.cases.len()
    }

    /// Cases of which nothing was measured yet and something could be.
    pub(super) fn unmeasured(&self) -> Vec<usize> {
        let open = |case: &CaseRecord| case.assessment.is_none() && case.fault.is_none();
        (0..self.cases.len()).filter(|number| open(&self.cases[*number])).collect()
    }
}

/// A status as it is worked with.
pub(super) fn status_of(document: StatusDocument) -> VerificationStatus {
    match document {
        StatusDocument::Incomplete => VerificationStatus::Incomplete,
        StatusDocument::Processing => VerificationStatus::Processing,
        StatusDocument::Retake => VerificationStatus::Retake,
        StatusDocument::Rejected => VerificationStatus::Rejected,
        StatusDocument::InReview => VerificationStatus::InReview,
        StatusDocument::Verified => VerificationStatus::Verified,
    }
}
