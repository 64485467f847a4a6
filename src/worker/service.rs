//! A worker of a queue: claims cases, has them checked, records the verdicts, until it is told to
//! stop.
//!
//! The bounds: `in_flight` cases are checked at once and as many wait beside them, read by nobody
//! yet. The calling thread claims, threads named `worker-N` check, one named `heartbeat` renews the
//! leases. A case that comes alone is checked with nothing beside it. What the store cannot do now
//! is tried again after a wait; a verdict in hand is kept until it is recorded or the lease is lost.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::apart::ApartError;
use super::case_source::CaseSource;
use super::photo_reader::{Patience, PhotoReader};
use super::service_events::panic_text;
use super::wait::Wait;
use crate::case::Case;
use crate::photos::{PhotoError, PhotoStore};
use crate::policy::Verdict;
use crate::queue::{AttemptVerdict, Claimed, Company, Heartbeat, Lease, Queue, QueueError, Release};

pub use super::service_events::{FaultKind, Progress, ServiceReport};

/// Signs of life in the term of a lease.
const HEARTBEATS_PER_LEASE: u32 = 3;

/// How often the calling thread looks whether it is to stop.
const TICK: Duration = Duration::from_millis(50);

/// How a worker works.
#[derive(Debug, Clone, Copy)]
pub struct ServiceSettings<'a> {
    /// What it is called in the queue.
    pub name: &'a str,
    /// Cases that are checked at once; as many more wait beside them.
    pub in_flight: NonZeroUsize,
    /// Bytes of one photo, and one more.
    pub photo_bytes_max: u64,
    /// The queue's term of a lease.
    pub lease: Duration,
    /// Ends when no case is queued or in anybody's hands.
    pub drain: bool,
    /// Set from outside to claim no further case.
    pub stop: &'a AtomicBool,
    /// How long cases in hand may take once it is set.
    pub stop_within: Duration,
}

/// Works until `stop` is set, or the queue is empty where that is the end. `tell` is called from
/// several threads.
///
/// # Errors
/// The queue is broken in a way that waiting does not mend, or no thread could be started. Cases
/// in hand were handed back where that was possible.
pub fn serve<E: fmt::Display>(
    queue: &dyn Queue,
    photos: &PhotoStore,
    settings: ServiceSettings<'_>,
    check: impl Fn(&Case) -> Result<Verdict, E> + Sync,
    tell: impl Fn(Progress<'_>) + Sync,
) -> Result<ServiceReport, ServeError> {
    let apart = |case: &Case| check(case).map_err(|error| ApartError::Fault { reason: error.to_string() });
    serve_apart(queue, photos, settings, &check, apart, tell)
}

/// The same with another check for suspects: `apart` checks a case that a worker was lost with, in a
/// process of its own ([`assessed_apart`](super::apart::assessed_apart)), and says what that died of.
///
/// # Errors
/// As [`serve`].
pub fn serve_apart<E: fmt::Display>(
    queue: &dyn Queue,
    photos: &PhotoStore,
    settings: ServiceSettings<'_>,
    check: impl Fn(&Case) -> Result<Verdict, E> + Sync,
    apart: impl Fn(&Case) -> Result<Verdict, ApartError> + Sync,
    tell: impl Fn(Progress<'_>) + Sync,
) -> Result<ServiceReport, ServeError> {
    serve_from(queue, &PhotoReader::new(photos), settings, check, apart, tell)
}

/// The same for cases of any source.
pub(super) fn serve_from<E: fmt::Display>(
    queue: &dyn Queue,
    source: &dyn CaseSource,
    settings: ServiceSettings<'_>,
    check: impl Fn(&Case) -> Result<Verdict, E> + Sync,
    apart: impl Fn(&Case) -> Result<Verdict, ApartError> + Sync,
    tell: impl Fn(Progress<'_>) + Sync,
) -> Result<ServiceReport, ServeError> {
    let hands = Hands::default();
    let (sender, receiver) = mpsc::sync_channel::<Held>(2 * settings.in_flight.get());
    let receiver = Mutex::new(receiver);
    let (check, apart, tell) = (&check, &apart, &tell);
    let worker = Worker { queue, source, settings, hands: &hands, check, apart, tell };
    thread::scope(|scope| {
        // Whatever ends this closure ends the heartbeat.
        let ending = EndOnDrop(&hands);
        for n in 0..settings.in_flight.get() {
            let (worker, receiver) = (&worker, &receiver);
            let work = move || {
                loop {
                    let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok(held) = next else { return };
                    worker.work_on(&held);
                }
            };
            let started = thread::Builder::new().name(format!("worker-{n}")).spawn_scoped(scope, work);
            match started {
                Ok(_) => {}
                Err(error) if n == 0 => return Err(error.into()),
                Err(_) => break, // Fewer threads do the same work.
            }
        }
        thread::Builder::new().name("heartbeat".to_owned()).spawn_scoped(scope, || worker.keep_alive())?;
        let ended = worker.claim_until_stopped(&sender);
        drop(sender);
        worker.let_go();
        drop(ending);
        ended.map_err(ServeError::from)
    })?;
    Ok(hands.lock().report)
}

/// Why a worker ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The queue cannot be used.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// No thread could be started.
    #[error("no thread could be started: {0}")]
    Threads(#[from] io::Error),
}

/// A case in hand.
struct Held {
    claimed: Claimed,
    since: Instant,
}

#[derive(Default)]
struct State {
    /// Cases in hand, and whether each is being checked.
    held: HashMap<Lease, bool>,
    /// No further case is begun.
    closing: bool,
    /// The heartbeat ends.
    ended: bool,
    report: ServiceReport,
}

/// What this worker has in hand, and who waits for a change of it.
#[derive(Default)]
struct Hands {
    state: Mutex<State>,
    changed: Condvar,
}

impl Hands {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a change, for as long as `at_most`.
    fn wait<'a>(&self, state: MutexGuard<'a, State>, at_most: Duration) -> MutexGuard<'a, State> {
        self.changed.wait_timeout(state, at_most).unwrap_or_else(PoisonError::into_inner).0
    }

    fn let_go(&self, lease: &Lease, count: impl FnOnce(&mut ServiceReport)) {
        let mut state = self.lock();
        if state.held.remove(lease).is_some() {
            count(&mut state.report);
        }
        drop(state);
        self.changed.notify_all();
    }
}

struct EndOnDrop<'a>(&'a Hands);

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        self.0.lock().ended = true;
        self.0.changed.notify_all();
    }
}

struct Worker<'a, C, A, T> {
    queue: &'a dyn Queue,
    source: &'a dyn CaseSource,
    settings: ServiceSettings<'a>,
    hands: &'a Hands,
    check: &'a C,
    apart: &'a A,
    tell: &'a T,
}

impl<C, A, T, E> Worker<'_, C, A, T>
where
    C: Fn(&Case) -> Result<Verdict, E>,
    A: Fn(&Case) -> Result<Verdict, ApartError>,
    T: Fn(Progress<'_>),
    E: fmt::Display,
{
    fn is_stopping(&self) -> bool {
        self.settings.stop.load(Ordering::Relaxed)
    }

    /// Claims cases and passes them on, never more than the bound.
    fn claim_until_stopped(&self, sender: &mpsc::SyncSender<Held>) -> Result<(), QueueError> {
        let in_hand_max = 2 * self.settings.in_flight.get();
        let mut wait = Wait::new();
        let mut away = false;
        while !self.is_stopping() {
            let room = {
                let state = self.hands.lock();
                let room = in_hand_max - state.held.len().min(in_hand_max);
                if room < self.settings.in_flight.get().min(in_hand_max / 2).max(1) {
                    // Half of it is claimed at a time: fewer and larger transactions.
                    drop(self.hands.wait(state, TICK));
                    continue;
                }
                room
            };
            let room = NonZeroUsize::new(room).unwrap_or(NonZeroUsize::MIN);
            let claims = match self.queue.claim(self.settings.name, room) {
                Ok(claims) => claims,
                Err(error) if error.may_pass() => {
                    if !away {
                        (self.tell)(Progress::Waiting { error: &error });
                    }
                    away = true;
                    self.pause(wait.next());
                    continue;
                }
                Err(error) => return Err(error),
            };
            if std::mem::take(&mut away) {
                (self.tell)(Progress::Resumed);
            }
            if claims.is_empty() {
                if self.settings.drain && self.is_drained() {
                    return Ok(());
                }
                self.pause(wait.next());
                continue;
            }
            wait = Wait::new();
            for claimed in claims {
                (self.tell)(Progress::Claimed { lease: &claimed.lease, company: claimed.company });
                self.pass_on(claimed, sender);
            }
        }
        Ok(())
    }

    fn pass_on(&self, claimed: Claimed, sender: &mpsc::SyncSender<Held>) {
        let (lease, alone) = (claimed.lease.clone(), claimed.company == Company::Alone);
        let mut state = self.hands.lock();
        state.held.insert(lease.clone(), false);
        while alone && state.held.len() > 1 && !self.is_stopping() {
            state = self.hands.wait(state, TICK);
        }
        drop(state);
        // There is room: the channel holds as many as may be in hand. The receivers live as long as
        // the sender.
        if sender.send(Held { claimed, since: Instant::now() }).is_err() {
            self.hands.let_go(&lease, |_| {});
            return;
        }
        let mut state = self.hands.lock();
        while alone && state.held.contains_key(&lease) && !self.is_stopping() {
            state = self.hands.wait(state, TICK);
        }
    }

    /// Whether nobody has anything to do any more.
    fn is_drained(&self) -> bool {
        let idle = self.hands.lock().held.is_empty();
        idle && self.queue.counts().is_ok_and(|counts| counts.open() == 0)
    }

    /// Waits, unless something changes or the worker is to stop.
    fn pause(&self, at_most: Duration) {
        let until = Instant::now() + at_most;
        while !self.is_stopping() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            thread::sleep(left.min(TICK));
        }
    }

    /// Hands back what was not begun and waits for the rest, for as long as is stated.
    fn let_go(&self) {
        let mut state = self.hands.lock();
        if self.is_stopping() {
            state.closing = true;
        }
        let until = Instant::now() + self.settings.stop_within;
        while !state.held.is_empty() {
            state = self.hands.wait(state, TICK);
            if self.is_stopping() && Instant::now() >= until {
                let leases: Vec<Lease> = state.held.keys().cloned().collect();
                drop(state);
                for lease in &leases {
                    self.hand_back(lease);
                }
                (self.tell)(Progress::Overdue { cases: leases.len() });
                return;
            }
        }
    }

    fn hand_back(&self, lease: &Lease) {
        // Should the store be away, the lease runs out by itself.
        self.queue.release(lease, &Release::HandedBack).ok();
        self.hands.let_go(lease, |report| report.handed_back += 1);
        (self.tell)(Progress::HandedBack { lease });
    }

    fn work_on(&self, held: &Held) {
        let Held { claimed, since } = held;
        let lease = &claimed.lease;
        {
            let mut state = self.hands.lock();
            let closing = state.closing;
            match state.held.get_mut(lease) {
                Some(is_begun) if !closing => *is_begun = true,
                Some(_) => {
                    drop(state);
                    self.hand_back(lease);
                    return;
                }
                None => return, // Lost or handed back while it waited.
            }
        }
        let checked = self.checked(claimed);
        match checked {
            Ok(verdict) => {
                match self.persist(lease, || self.queue.record(lease, &AttemptVerdict::from(&verdict))) {
                    Ok(()) => {
                        self.hands.let_go(lease, |report| report.verdicts += 1);
                        (self.tell)(Progress::Verdict { lease, verdict: &verdict, took: since.elapsed() });
                    }
                    Err(error) => self.lost(lease, &error),
                }
            }
            Err((_, Release::HandedBack)) => self.hand_back(lease),
            Err((kind, release)) => {
                let reason = match &release {
                    Release::Fault { reason } | Release::Death { reason } | Release::Hopeless { reason } => {
                        reason.as_str()
                    }
                    Release::HandedBack => "handed back",
                };
                match self.persist(lease, || self.queue.release(lease, &release)) {
                    Ok(released) => {
                        self.hands.let_go(lease, |report| report.faults += 1);
                        (self.tell)(Progress::Fault { lease, kind, reason, released });
                    }
                    Err(error) => self.lost(lease, &error),
                }
            }
        }
    }

    fn lost(&self, lease: &Lease, error: &QueueError) {
        self.hands.let_go(lease, |report| report.lease_losses += 1);
        (self.tell)(Progress::LeaseLost { lease, error });
    }

    /// Reads the case and has it checked.
    fn checked(&self, claimed: &Claimed) -> Result<Verdict, (FaultKind, Release)> {
        let patience = WhileHeld { worker: self, lease: &claimed.lease };
        let case = self.source.case(&claimed.submission, self.settings.photo_bytes_max, &patience)?;
        let checked = catch_unwind(AssertUnwindSafe(|| match claimed.company {
            Company::Others => {
                let fault = |error: E| Release::Fault { reason: error.to_string() };
                (self.check)(&case).map_err(|error| (FaultKind::Check, fault(error)))
            }
            Company::Alone => (self.apart)(&case).map_err(|error| (error.kind(), error.into())),
        }));
        checked.unwrap_or_else(|panic| {
            Err((FaultKind::Panic, Release::Fault { reason: panic_text(panic.as_ref()) }))
        })
    }

    /// Makes a call until the store takes or refuses it. Ends where the case is not in hand any
    /// more; a broken store counts as a lost lease, which runs out by itself.
    fn persist<R>(&self, lease: &Lease, call: impl Fn() -> Result<R, QueueError>) -> Result<R, QueueError> {
        let mut wait = Wait::new();
        loop {
            match call() {
                Err(error) if error.may_pass() && self.hands.lock().held.contains_key(lease) => {
                    (self.tell)(Progress::Waiting { error: &error });
                    thread::sleep(wait.next());
                }
                done => return done,
            }
        }
    }

    /// Renews the leases of all cases in hand, several times in a term.
    fn keep_alive(&self) {
        let every = self.settings.lease / HEARTBEATS_PER_LEASE;
        let mut last = Instant::now();
        let mut state = self.hands.lock();
        while !state.ended {
            state =
                self.hands.wait(state, every.saturating_sub(last.elapsed()).max(Duration::from_millis(1)));
            if last.elapsed() < every || state.held.is_empty() {
                continue;
            }
            let leases: Vec<Lease> = state.held.keys().cloned().collect();
            drop(state);
            // A store that is away is told of by whoever has to wait for it.
            if let Ok(beats) = self.queue.extend(&leases) {
                let lost = leases.iter().zip(beats).filter(|(_, beat)| *beat == Heartbeat::Lost);
                for (lease, _) in lost {
                    let waits = self.hands.lock().held.get(lease) == Some(&false);
                    if waits {
                        // Not begun, so never begun. What is begun finds out itself.
                        self.lost(lease, &QueueError::LeaseLost { case_id: lease.case_id.clone() });
                    }
                }
            }
            last = Instant::now();
            state = self.hands.lock();
        }
    }
}

/// A worker waits for a case's photos as long as it holds the case and is not to stop.
struct WhileHeld<'a, 'b, C, A, T> {
    worker: &'a Worker<'b, C, A, T>,
    lease: &'a Lease,
}

impl<C, A, T: Fn(Progress<'_>)> Patience for WhileHeld<'_, '_, C, A, T> {
    fn waits(&self, error: &PhotoError) {
        (self.worker.tell)(Progress::Waiting { error });
    }

    fn resumes(&self) {
        (self.worker.tell)(Progress::Resumed);
    }

    fn goes_on(&self) -> bool {
        let is_held = self.worker.hands.lock().held.contains_key(self.lease);
        is_held && !self.worker.settings.stop.load(Ordering::Relaxed)
    }
}
