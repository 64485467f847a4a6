//! A case is looked at: what its page shows, and how much of the person is in it.

use std::sync::Arc;

use super::{Desk, held};
use crate::case::{Claims, Sample, SampleRole};
use crate::evidence::{Assessment, Timings};
use crate::policy::{Verdict, VerificationStatus};
use crate::replay::{Difference, Recorded, inputs_difference, result_difference};
use crate::report::VerdictDocument;
use crate::report::html::{CaseView as Sections, Privacy};
use crate::review::DeskError;
use crate::review::audit::{Act, AuditLine};
use crate::review::filter::Row;
use crate::review::table::Place;
use crate::worker::case_view;

/// Pages of cases that were looked at and are kept in memory, for who goes back and forth.
const LOOKED_KEPT: usize = 8;

/// The sections of a case with its pictures, and what they were made of.
pub(super) struct Looked {
    number: usize,
    unmasked: bool,
    assessment: Arc<Assessment>,
    sections: Arc<Sections>,
}

/// Whether a page shows photos.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::review) enum Photos {
    /// It does.
    Shown,
    /// It does not.
    LeftOut,
}

/// A case as a page shows it.
pub(in crate::review) struct CaseView {
    pub(in crate::review) number: usize,
    pub(in crate::review) row: Row,
    pub(in crate::review) attempt: u32,
    pub(in crate::review) fault: Option<String>,
    pub(in crate::review) recorded: Option<Arc<VerdictDocument>>,
    /// What was measured, judged by the policy in force.
    pub(in crate::review) judged: Option<Verdict>,
    pub(in crate::review) audit: Vec<AuditLine>,
    /// The claims, once they were asked for.
    pub(in crate::review) claims: Option<Claims>,
    pub(in crate::review) unmasked: bool,
    /// How the recorded verdict stands to what was measured here; `None` where one of them is missing.
    pub(in crate::review) replayed: Option<Result<(), Difference>>,
    /// Whether a person may decide it now.
    pub(in crate::review) may_decide: bool,
}

impl Desk {
    /// Everything that a page shows of a case. Claims only where they were asked for.
    pub(in crate::review) fn view(&self, number: usize) -> Result<CaseView, DeskError> {
        let (record, row) = {
            let table = self.read();
            let record = table.case(number).cloned().ok_or(DeskError::NotFound)?;
            (record, table.rows()[number].clone())
        };
        let unmasked = held(&self.unmasked).contains(&number);
        let judged = record.assessment.as_deref().map(|assessment| self.judged(assessment));
        let replayed = match (&record.verdict, &judged) {
            (Some(document), Some(verdict)) => {
                let recorded = Recorded {
                    verdict: (**document).clone(),
                    assessment: None,
                    policy: None,
                    photos: None,
                    case: None,
                };
                let made_by = &verdict.assessment.provenance;
                let inputs = inputs_difference(&recorded, made_by, &verdict.policy_sha256, None);
                let difference = inputs.or_else(|| result_difference(&recorded, verdict));
                Some(difference.map_or(Ok(()), Err))
            }
            (Some(_), None) | (None, _) => None,
        };
        let may_decide = match record.place {
            Place::Folder(_) => row.decision.is_some(),
            Place::Queue => row.status == VerificationStatus::InReview,
        };
        Ok(CaseView {
            number,
            row,
            attempt: record.attempt,
            fault: record.fault.clone(),
            recorded: record.verdict.clone(),
            judged,
            audit: held(&self.audit).of_case(&record.case_id).cloned().collect(),
            // Claims that were purged leave the rest to be seen.
            claims: if unmasked { self.source.claims(&record).ok() } else { None },
            unmasked,
            replayed,
            may_decide,
        })
    }

    /// The sections of the report on a case: what the policy in force makes of the measures, or the
    /// verdict as it was recorded; `None` where there is neither. Photos are looked at by the
    /// models, and that somebody looked is in the audit log.
    pub(in crate::review) fn sections(
        &self,
        view: &CaseView,
        photos: Photos,
    ) -> Result<Option<Arc<Sections>>, DeskError> {
        let privacy = if view.unmasked { Privacy::Unmasked } else { Privacy::Masked };
        let Some(verdict) = &view.judged else {
            let recorded = view.recorded.as_ref();
            return Ok(
                recorded.map(|document| Arc::new(Sections::of_document((**document).clone(), privacy)))
            );
        };
        let record = self.record(view.number)?;
        let (Photos::Shown, Some(assessment)) = (photos, &record.assessment) else {
            return Ok(Some(Arc::new(Sections::of_verdict(verdict, &self.policy, privacy))));
        };
        if !held(&self.looked_at).contains(&view.number) {
            self.note(Act::Look, Some(&record.case_id), None)?;
            held(&self.looked_at).insert(view.number);
        }
        let is_it = |kept: &&Looked| {
            let same = (kept.number, kept.unmasked) == (view.number, view.unmasked);
            same && Arc::ptr_eq(&kept.assessment, assessment)
        };
        if let Some(kept) = held(&self.looked).iter().find(is_it) {
            return Ok(Some(Arc::clone(&kept.sections)));
        }
        let case = self.source.case(&record, self.photo_bytes_max)?;
        let sections = case_view(&case, verdict, &self.policy, privacy, |sample| {
            let _one = held(&self.measuring);
            (self.checks.look)(sample).map_err(DeskError::Check)
        })?;
        let (sections, assessment) = (Arc::new(sections), Arc::clone(assessment));
        let mut looked = held(&self.looked);
        looked.truncate(LOOKED_KEPT - 1);
        let (number, unmasked) = (view.number, view.unmasked);
        looked.push_front(Looked { number, unmasked, assessment, sections: Arc::clone(&sections) });
        Ok(Some(sections))
    }

    pub(super) fn judged(&self, assessment: &Assessment) -> Verdict {
        Verdict {
            judgement: self.policy.decide(assessment),
            assessment: assessment.clone(),
            policy_sha256: self.policy.sha256(),
            timings: Timings::default(),
        }
    }

    /// Lets the page show names, numbers and photos of a case, until the program ends.
    pub(in crate::review) fn unmask(&self, number: usize) -> Result<(), DeskError> {
        let record = self.record(number)?;
        self.note(Act::Unmask, Some(&record.case_id), None)?;
        held(&self.unmasked).insert(number);
        Ok(())
    }

    /// Hides them again.
    pub(in crate::review) fn mask(&self, number: usize) {
        held(&self.unmasked).remove(&number);
        held(&self.looked).retain(|kept| !(kept.number == number && kept.unmasked));
    }

    /// A photo of a case that was unmasked.
    pub(in crate::review) fn photo(&self, number: usize, role: SampleRole) -> Result<Sample, DeskError> {
        if !held(&self.unmasked).contains(&number) {
            return Err(DeskError::Refused("this case's photos are masked".to_owned()));
        }
        let case = self.source.case(&self.record(number)?, self.photo_bytes_max)?;
        case.samples.into_iter().find(|sample| sample.role == role).ok_or(DeskError::NotFound)
    }
}
