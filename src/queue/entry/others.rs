//! What is said of a case by others than workers: steps that other services own, and a person's review.

use super::Entry;
use crate::queue::StepReport;
use crate::queue::change::{Change, ChangeKind};
use crate::queue::clock::Now;
use crate::queue::entry::Step;
use crate::queue::error::QueueError;
use crate::queue::review::Review;
use crate::status::Move;

impl Entry {
    /// The case with a step set from outside; `None` where it stands so already.
    pub(in crate::queue) fn with_step(
        before: Option<Self>,
        report: &StepReport,
        now: Now,
    ) -> Result<Option<Step>, QueueError> {
        let case_id = report.case_id.clone();
        let opened = || {
            let (method, required) = report.opens.as_ref()?;
            Some(Self::new(&case_id, *method, required, now))
        };
        let mut entry =
            before.or_else(opened).ok_or_else(|| QueueError::Unknown { case_id: case_id.clone() })?;
        let (step, result, reason) = (report.step, report.result, report.reason.clone());
        let codes: Vec<String> = reason.iter().map(|reason| reason.as_str().to_owned()).collect();
        if entry.record.steps().get(&step).is_some_and(|state| state.result == result && state.codes == codes)
        {
            return Ok(None);
        }
        let set = Move::Report { step, result, reason };
        entry.record = entry.record.after(&set).map_err(|source| QueueError::Illegal { case_id, source })?;
        let change = entry.change(ChangeKind::Step, now);
        let change = Change { codes, step: Some(step), result: Some(result), ..change };
        Ok(Some(entry.stored(now, Some(change))))
    }

    /// The case as a person decided it; `None` where the same person said the same before.
    pub(in crate::queue) fn reviewed(
        mut self,
        review: &Review,
        now: Now,
    ) -> Result<Option<Step>, QueueError> {
        let case_id = review.case_id().to_owned();
        let told = self.attempts.iter().find(|attempt| attempt.number == review.attempt());
        if told.and_then(|attempt| attempt.review.as_ref()).is_some_and(|note| review.is_as(note)) {
            return Ok(None);
        }
        let current = self.record.attempt();
        if current != review.attempt() {
            return Err(QueueError::OtherAttempt { case_id, attempt: review.attempt(), current });
        }
        let decided = Move::Review { decision: review.decision(), reason: review.reason().cloned() };
        let illegal = |source| QueueError::Illegal { case_id: review.case_id().to_owned(), source };
        self.record = self.record.after(&decided).map_err(illegal)?;
        let attempt = self.attempts.last_mut();
        attempt.ok_or(QueueError::Unknown { case_id })?.review = Some(review.note_at(now));
        let codes = review.reason().map(|reason| reason.as_str().to_owned()).into_iter().collect();
        let change = self.change(ChangeKind::Review, now);
        let change = Change { codes, review: Some(review.decision()), ..change };
        Ok(Some(self.stored(now, Some(change))))
    }
}
