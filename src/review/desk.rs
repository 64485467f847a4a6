//! What can be done at a desk. Knows nothing of HTTP and HTML.

mod looking;
mod opening;
mod trying;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::SystemTime;

use super::DeskError;
use super::audit::{Act, AuditLine, AuditLog};
use super::edits::Slider;
use super::filter::{Filter, Row};
use super::source::{Source, status_after};
use super::state::State;
use super::table::{CASES_MAX, CaseRecord, Place, Table};
use crate::case::{Case, Sample};
use crate::engine::Inspection;
use crate::policy::{Policy, Verdict};
use crate::queue::utc_text;
use crate::report::{Timing, VerdictDocument};
use crate::status::ReviewDecision;
use looking::Looked;

pub(super) use looking::{CaseView, Photos};
pub use opening::DeskSettings;
pub(super) use trying::Preview;

/// Characters of a note.
pub(super) const NOTE_CHARS_MAX: usize = 2000;

/// Checks a case.
pub type CheckCase = dyn Fn(&Case) -> Result<Verdict, String> + Send + Sync;

/// Looks at one photo.
pub type LookAt = dyn Fn(&Sample) -> Result<Inspection, String> + Send + Sync;

/// What the current models are asked.
pub struct Checks {
    /// Checks a case: see [`Engine::check`](crate::Engine::check).
    pub check: Box<CheckCase>,
    /// Looks at one photo, for what is drawn over it: see [`Engine::inspect`](crate::Engine::inspect).
    pub look: Box<LookAt>,
}

/// A desk: see the module.
pub struct Desk {
    source: Source,
    state: State,
    policy: Policy,
    reviewer: String,
    photo_bytes_max: u64,
    checks: Checks,
    /// One case is measured at a time: a person looks at one.
    measuring: Mutex<()>,
    table: RwLock<Table>,
    audit: Mutex<AuditLog>,
    unmasked: Mutex<BTreeSet<usize>>,
    /// Cases whose photos were looked at: each is noted once.
    looked_at: Mutex<BTreeSet<usize>>,
    looked: Mutex<VecDeque<Looked>>,
    sliders: Mutex<Option<Arc<Vec<Slider>>>>,
    measured: AtomicUsize,
    to_measure: AtomicUsize,
    stop: AtomicBool,
}

impl Desk {
    fn read(&self) -> RwLockReadGuard<'_, Table> {
        self.table.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Table> {
        // Assessments may change with what is written: sliders reach over them.
        *held(&self.sliders) = None;
        self.table.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, number: usize) -> Result<CaseRecord, DeskError> {
        self.read().case(number).cloned().ok_or(DeskError::NotFound)
    }

    /// The policy in force.
    pub(super) fn policy(&self) -> &Policy {
        &self.policy
    }

    pub(super) fn reviewer(&self) -> &str {
        &self.reviewer
    }

    pub(super) fn photo_bytes_max(&self) -> u64 {
        self.photo_bytes_max
    }

    /// Brings in what others changed in the queue.
    pub(super) fn refresh(&self) -> Result<(), DeskError> {
        let Source::Queue(queue) = &self.source else { return Ok(()) };
        let changed = queue.changed()?;
        if !changed.is_empty() {
            let mut table = self.write();
            for record in changed {
                let known = table.named(&record.case_id).filter(|known| known.attempt == record.attempt);
                let assessment = known.and_then(|known| known.assessment.clone());
                table.put(CaseRecord { assessment, ..record }, &self.policy);
            }
        }
        Ok(())
    }

    /// The rows that a filter asks for, of its page, and how many there are in all.
    pub(super) fn listed(&self, filter: &Filter, rows_max: usize) -> (Vec<Row>, usize) {
        let table = self.read();
        let listed = filter.of(table.rows());
        let first = filter.page.saturating_sub(1).saturating_mul(rows_max);
        (listed.iter().skip(first).take(rows_max).map(|row| (*row).clone()).collect(), listed.len())
    }

    /// The cases before and behind one in a list.
    pub(super) fn neighbours(&self, filter: &Filter, number: usize) -> (Option<usize>, Option<usize>) {
        let table = self.read();
        let listed = filter.of(table.rows());
        let Some(place) = listed.iter().position(|row| row.number == number) else { return (None, None) };
        let at = |place: Option<usize>| place.and_then(|place| listed.get(place)).map(|row| row.number);
        (at(place.checked_sub(1)), at(place.checked_add(1)))
    }

    /// Every code that stands in a row, with the number of rows.
    pub(super) fn codes(&self) -> Vec<(String, usize)> {
        let mut codes = BTreeMap::<String, usize>::new();
        for code in self.read().rows().iter().flat_map(|row| &row.codes) {
            *codes.entry(code.clone()).or_default() += 1;
        }
        codes.into_iter().collect()
    }

    /// The number of the case of an id.
    pub(super) fn number_of(&self, case_id: &str) -> Option<usize> {
        self.read().rows().iter().find(|row| row.case_id == case_id).map(|row| row.number)
    }

    /// Writes a line of the audit log.
    fn note(&self, act: Act, case_id: Option<&str>, note: Option<&str>) -> Result<(), DeskError> {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let at = utc_text(u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
        held(&self.audit).append(&self.reviewer, at, act, case_id, note)?;
        Ok(())
    }

    /// Measures a case again with the current models.
    pub(super) fn rerun(&self, number: usize) -> Result<(), DeskError> {
        let record = self.record(number)?;
        self.note(Act::Rerun, Some(&record.case_id), None)?;
        self.told(&record.case_id, self.measure(number, &record))
    }

    /// Notes that what the line before tells of was not done, where that is so.
    fn told<T>(&self, case_id: &str, done: Result<T, DeskError>) -> Result<T, DeskError> {
        if let Err(error) = &done {
            self.note(Act::Refused, Some(case_id), Some(&error.to_string()))?;
        }
        done
    }

    fn measure(&self, number: usize, record: &CaseRecord) -> Result<(), DeskError> {
        let case = self.source.case(record, self.photo_bytes_max)?;
        let day = record.verdict.as_ref().and_then(|verdict| verdict.decided_on.as_deref()?.parse().ok());
        let case = Case { decided_on: case.decided_on.or(day), ..case };
        let verdict = {
            let _one = held(&self.measuring);
            (self.checks.check)(&case).map_err(DeskError::Check)?
        };
        self.state.keep(record.attempt, &verdict.assessment)?;
        let assessment = Some(Arc::new(verdict.assessment));
        let mut table = self.write();
        let now = table.case(number).cloned().ok_or(DeskError::NotFound)?;
        if now.attempt == record.attempt {
            table.put(CaseRecord { assessment, ..now }, &self.policy);
        }
        Ok(())
    }

    /// Begins to measure what was never measured: the cases to hand to
    /// [`measure_each`](Self::measure_each). None where that is being done already.
    ///
    /// # Errors
    /// The audit log cannot be written; nothing is begun.
    pub(super) fn begin_measuring(&self) -> Result<Vec<usize>, DeskError> {
        let open = self.read().unmeasured();
        let begun = self.to_measure.compare_exchange(0, open.len(), Ordering::SeqCst, Ordering::SeqCst);
        if open.is_empty() || begun.is_err() {
            return Ok(Vec::new());
        }
        self.measured.store(0, Ordering::SeqCst);
        let noted = self.note(Act::Rerun, None, Some(&format!("{} cases", open.len())));
        if noted.is_err() {
            self.to_measure.store(0, Ordering::SeqCst);
        }
        noted.map(|()| open)
    }

    /// Measures cases one after the other, until all are or the desk ends.
    pub(super) fn measure_each(&self, numbers: &[usize]) {
        if numbers.is_empty() {
            return;
        }
        for number in numbers {
            if self.stop.load(Ordering::SeqCst) {
                break;
            }
            // What cannot be read or checked stays unmeasured; its page says why when it is rerun.
            if let Ok(record) = self.record(*number) {
                self.measure(*number, &record).ok();
            }
            self.measured.fetch_add(1, Ordering::SeqCst);
        }
        self.to_measure.store(0, Ordering::SeqCst);
    }

    /// How far [`measure_each`](Self::measure_each) is: measured, of how many; and how many never were.
    pub(super) fn progress(&self) -> (usize, usize, usize) {
        let (measured, of) = (self.measured.load(Ordering::SeqCst), self.to_measure.load(Ordering::SeqCst));
        (measured, of, self.read().unmeasured().len())
    }

    /// Ends what runs beside the pages.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }

    /// Records a person's decision and carries it to the verification status.
    pub(super) fn decide(
        &self,
        number: usize,
        decision: ReviewDecision,
        note: &str,
    ) -> Result<(), DeskError> {
        let note = note.trim();
        if note.chars().count() > NOTE_CHARS_MAX {
            return Err(DeskError::Refused(format!("a note has at most {NOTE_CHARS_MAX} characters")));
        }
        let record = self.record(number)?;
        let act = match decision {
            ReviewDecision::Approve => Act::Approve,
            ReviewDecision::Reject => Act::Reject,
            ReviewDecision::Retake => Act::Retake,
        };
        if !self.view(number)?.may_decide {
            return Err(DeskError::Refused("this case does not wait for a person".to_owned()));
        }
        self.note(act, Some(&record.case_id), Some(note).filter(|note| !note.is_empty()))?;
        let after = match (&record.place, &self.source) {
            (Place::Folder(_), _) => CaseRecord { status: Some(status_after(decision)), ..record },
            (Place::Queue, Source::Queue(queue)) => {
                self.told(&record.case_id, queue.review(&record, decision, &self.reviewer, note))?;
                let now = queue.one(&record.case_id)?.ok_or(DeskError::NotFound)?;
                CaseRecord { assessment: record.assessment.filter(|_| now.attempt == record.attempt), ..now }
            }
            (Place::Queue, Source::Folder(_)) => return Err(DeskError::NotFound),
        };
        self.write().put(after, &self.policy);
        Ok(())
    }

    /// Keeps photos as a new case, and checks it; its number.
    pub(super) fn new_case(&self, case: &Case) -> Result<usize, DeskError> {
        if self.read().len() >= CASES_MAX {
            return Err(DeskError::Limit(format!("this desk holds {CASES_MAX} cases already")));
        }
        if self.number_of(&case.case_id).is_some() {
            return Err(DeskError::Refused("there is a case of that name already".to_owned()));
        }
        self.note(Act::NewCase, Some(&case.case_id), None)?;
        let folder = self.state.new_cases().join(&case.case_id);
        self.told(&case.case_id, super::upload::write_case(&folder, case).map_err(DeskError::Io))?;
        let record = CaseRecord::new(case.case_id.clone(), Place::Folder(folder));
        let number = self.write().put(record.clone(), &self.policy);
        self.measure(number, &record)?;
        Ok(number)
    }

    /// The recorded verdict, or what the policy in force makes of the measures, as a document.
    pub(super) fn document(&self, number: usize) -> Result<VerdictDocument, DeskError> {
        let record = self.record(number)?;
        match (&record.verdict, &record.assessment) {
            (Some(verdict), _) => Ok((**verdict).clone()),
            (None, Some(assessment)) => Ok(VerdictDocument::new(&self.judged(assessment), Timing::Untimed)),
            (None, None) => Err(DeskError::NotFound),
        }
    }

    /// The whole audit log, the newest lines of it.
    pub(super) fn audit(&self, lines_max: usize) -> Vec<AuditLine> {
        held(&self.audit).lines().iter().rev().take(lines_max).cloned().collect()
    }
}

/// What holds even after a panic elsewhere: every change behind it is one assignment.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
