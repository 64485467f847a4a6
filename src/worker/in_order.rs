//! The cases of a batch on their way through a worker and a queue of the run's own, and out again in
//! the order of the batch.
//!
//! The bounds: the queue is fed by and by, so that it and the results that wait for an earlier one are
//! [`CASES_PER_WORKER`] for each worker in all, beside what an earlier run was lost with. The calling
//! thread feeds, puts in order and hands over; a thread named `claims` is the worker (`service`), with
//! its own.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::apart::ApartError;
use super::assessment_file::AssessmentFile;
use super::batch::{BatchError, Settings};
use super::brief::Brief;
use super::case_source::InFolders;
use super::folders::CaseEntry;
use super::service::{FaultKind, Progress, ServiceSettings, serve_from};
use crate::case::Case;
use crate::evidence::Timings;
use crate::policy::Verdict;
use crate::queue::{Company, QueueError, QueueState, Submission, ThrowAwayQueue};
use crate::report::verdict_json;

/// One slow case lets so many for each worker come after it before the rest wait.
const CASES_PER_WORKER: usize = 16;

/// How often the calling thread looks whether it is to stop.
const TICK: Duration = Duration::from_millis(50);

/// What is told of a case.
pub(super) enum News {
    /// An earlier run was lost with it: it is checked in a process of its own now. Told at once,
    /// and once.
    Suspect,
    /// What became of it, or why it has no verdict. Told in order, once for each case.
    End(Result<Checked, String>),
}

/// What is left of a verdict once its photos are gone.
pub(super) struct Checked {
    pub(super) line: String,
    pub(super) brief: Brief,
    pub(super) timings: Timings,
    /// The stored form of what was measured, where it is kept.
    pub(super) assessment: Option<String>,
}

/// What the worker tells the calling thread.
enum Event {
    Suspect(usize),
    End(usize, Result<Checked, String>),
    Broken(String),
}

/// Has `cases` checked and `sink` called on this thread. Returns how many came to an end: all of them,
/// unless the run was stopped.
///
/// # Errors
/// The queue is broken, no thread could be started, or what `sink` returned: then no further case is
/// begun, and what was not yet handed over is dropped.
pub(super) fn work_in_order<E: fmt::Display>(
    queue: &ThrowAwayQueue,
    cases: &[&CaseEntry],
    settings: Settings<'_>,
    keeps_assessments: bool,
    check: impl Fn(&Case) -> Result<Verdict, E> + Sync,
    apart: impl Fn(&Case) -> Result<Verdict, ApartError> + Sync,
    mut sink: impl FnMut(&CaseEntry, News) -> Result<(), BatchError>,
) -> Result<usize, BatchError> {
    let folders = InFolders::of(cases);
    queue.take_over(|case_id| folders.holds(case_id))?;
    let in_flight = settings.in_flight.min(NonZeroUsize::new(cases.len()).unwrap_or(NonZeroUsize::MIN));
    let places: HashMap<&str, usize> =
        cases.iter().enumerate().filter_map(|(n, case)| Some((case.id()?, n))).collect();
    let checked = |verdict: &Verdict| Checked {
        line: verdict_json(verdict, settings.timing),
        brief: Brief::from(verdict),
        timings: verdict.timings.clone(),
        assessment: keeps_assessments.then(|| AssessmentFile::line(&verdict.assessment)),
    };
    let event = |what: Progress<'_>| {
        let place = |case_id: &str| places.get(case_id).copied();
        match what {
            Progress::Claimed { lease, company: Company::Alone } => place(&lease.case_id).map(Event::Suspect),
            Progress::Verdict { lease, verdict, .. } => {
                place(&lease.case_id).map(|n| Event::End(n, Ok(checked(verdict))))
            }
            Progress::Fault { lease, kind: FaultKind::Death, .. } => match set_aside(queue, &lease.case_id) {
                Ok(reason) => place(&lease.case_id).zip(reason).map(|(n, why)| Event::End(n, Err(why))),
                Err(error) => Some(Event::Broken(error.to_string())),
            },
            Progress::Fault { lease, reason, .. } => {
                place(&lease.case_id).map(|n| Event::End(n, Err(reason.to_owned())))
            }
            // Nobody else has the queue: it can be taken from us by nothing but its own end.
            Progress::LeaseLost { error, .. } => Some(Event::Broken(error.to_string())),
            Progress::Claimed { company: Company::Others, .. }
            | Progress::HandedBack { .. }
            | Progress::Waiting { .. }
            | Progress::Resumed
            | Progress::Overdue { .. } => None,
        }
    };
    let ended = AtomicBool::new(false);
    let service = ServiceSettings {
        name: "batch",
        in_flight,
        photo_bytes_max: settings.photo_bytes_max,
        lease: ThrowAwayQueue::LEASE,
        drain: false,
        stop: &ended,
        stop_within: ThrowAwayQueue::LEASE,
    };
    let mut line = Line::of(queue, cases, in_flight.get() * CASES_PER_WORKER);
    thread::scope(|scope| {
        // However this closure is left, nobody waits for it any more.
        let ending = EndOnDrop(&ended);
        let (sender, receiver) = mpsc::sync_channel(in_flight.get());
        line.feed()?;
        let (event, folders, check, apart) = (&event, &folders, &check, &apart);
        let work = move || {
            let tell = |what: Progress<'_>| {
                if let Some(event) = event(what) {
                    sender.send(event).ok(); // Who does not listen any more says why itself.
                }
            };
            serve_from(queue.as_queue(), folders, service, check, apart, tell)
        };
        let worker = thread::Builder::new().name("claims".to_owned()).spawn_scoped(scope, work)?;
        let mut suspects = HashSet::new();
        loop {
            line.hand_over(&mut sink)?;
            if line.is_at_its_end() || settings.stop.load(Ordering::Relaxed) {
                ended.store(true, Ordering::Relaxed);
            } else {
                line.feed()?;
            }
            match receiver.recv_timeout(TICK) {
                Ok(Event::End(n, result)) => line.add(n, result),
                Ok(Event::Suspect(n)) if suspects.insert(n) => sink(cases[n], News::Suspect)?,
                Ok(Event::Suspect(_)) => {} // Its second try.
                Ok(Event::Broken(error)) => return Err(BatchError::Queue(error)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        worker.join().unwrap_or_else(|panic| resume_unwind(panic))?;
        drop(ending);
        line.hand_over_the_rest(&mut sink)
    })
}

/// Why a case was set aside; `None` where it is tried again.
fn set_aside(queue: &ThrowAwayQueue, case_id: &str) -> Result<Option<String>, QueueError> {
    let entry = queue.as_queue().entry(case_id)?;
    Ok(entry.and_then(|entry| match entry.state {
        QueueState::Dead { reason } => Some(reason),
        QueueState::Idle | QueueState::Queued { .. } | QueueState::Claimed { .. } => None,
    }))
}

struct EndOnDrop<'a>(&'a AtomicBool);

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The cases in their order: those before `fed` are in the queue or came to their end, those before
/// `next` were handed over.
struct Line<'a> {
    queue: &'a ThrowAwayQueue,
    cases: &'a [&'a CaseEntry],
    window: usize,
    fed: usize,
    next: usize,
    /// Ends that wait for that of an earlier case.
    waiting: BTreeMap<usize, Result<Checked, String>>,
    /// Cases whose verdicts were handed over and that the queue still holds.
    done: Vec<String>,
}

impl<'a> Line<'a> {
    fn of(queue: &'a ThrowAwayQueue, cases: &'a [&'a CaseEntry], window: usize) -> Self {
        Self { queue, cases, window, fed: 0, next: 0, waiting: BTreeMap::new(), done: Vec::new() }
    }

    /// Puts cases into the queue where there is room for half a window of them, or for the last.
    fn feed(&mut self) -> Result<(), BatchError> {
        // A suspect of an earlier run may have come to its end before its turn to be fed.
        self.fed = self.fed.max(self.next);
        let until = (self.next + self.window).min(self.cases.len());
        let (room, is_last) = (until - self.fed, until == self.cases.len());
        if room == 0 || (room < self.window / 2 && !is_last) {
            return Ok(());
        }
        let mut submissions: Vec<Submission> = Vec::with_capacity(room);
        for (n, case) in (self.fed..until).zip(&self.cases[self.fed..until]) {
            match (&case.fault, case.id()) {
                (None, Some(case_id)) => submissions.push(Submission::of_name(case_id.to_owned())),
                (Some(fault), _) => self.add(n, Err(fault.clone())),
                (None, None) => self.add(n, Err("it has no name".to_owned())),
            }
        }
        self.queue.exchange(&self.done, &submissions)?;
        self.done.clear();
        self.fed = until;
        Ok(())
    }

    fn add(&mut self, place: usize, result: Result<Checked, String>) {
        self.waiting.insert(place, result);
    }

    fn is_at_its_end(&self) -> bool {
        self.next == self.cases.len()
    }

    /// Hands over what no earlier case is missing before.
    fn hand_over(
        &mut self,
        sink: &mut impl FnMut(&CaseEntry, News) -> Result<(), BatchError>,
    ) -> Result<(), BatchError> {
        while let Some(result) = self.waiting.remove(&self.next) {
            let case = self.cases[self.next];
            if result.is_ok() {
                self.done.extend(case.case_id.clone());
            }
            sink(case, News::End(result))?;
            self.next += 1;
        }
        Ok(())
    }

    /// Hands over what is left of a run that was stopped, where cases in between were not begun.
    fn hand_over_the_rest(
        self,
        sink: &mut impl FnMut(&CaseEntry, News) -> Result<(), BatchError>,
    ) -> Result<usize, BatchError> {
        let ends = self.next + self.waiting.len();
        for (n, result) in self.waiting {
            sink(self.cases[n], News::End(result))?;
        }
        Ok(ends)
    }
}
