//! The way from a queue's changes to a sink: one relay at a time for each sink, wherever it runs.
//!
//! Whoever relays holds the sink by a sign of life in its state, which the queue keeps. Another
//! takes over where that has not moved for a while by its own clock; no clocks are compared. The
//! calling thread reads, stores and decides what is next; threads named `teller-N` wait for the
//! receiver. What was told but not stored yet when a relay is killed is told again.

use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::lanes::{Failed, Lanes};
use super::{Event, EventSource, NotTold, Sink};
use crate::queue::{Parked, Queue, QueueError, SinkName, SinkState};

/// Changes read at once.
const PAGE: usize = 250;

/// How often an idle relay looks for changes.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How often at most it is stored how far it has come.
const STORE_EVERY: Duration = Duration::from_millis(250);

/// Signs of life in the time after which another takes over.
const BEATS: u32 = 5;

/// The waits after each try of an event, as Standard Webhooks advises; then it is given up.
#[derive(Debug, Clone)]
pub struct Retries(pub Vec<Duration>);

impl Default for Retries {
    fn default() -> Self {
        const S: [u64; 9] = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];
        Self(S.map(Duration::from_secs).to_vec())
    }
}

/// How a relay works.
#[derive(Debug, Clone)]
pub struct RelaySettings<'a> {
    /// The sink, by which it is known in the queue.
    pub name: &'a SinkName,
    /// What its events say of their queue.
    pub source: &'a EventSource,
    /// What this relay is called; no two may be called the same.
    pub holder: &'a str,
    /// Events that are out at once.
    pub at_once: NonZeroUsize,
    /// When what was not taken is tried again.
    pub retries: &'a Retries,
    /// How long another relay of the sink may give no sign of life.
    pub takeover: Duration,
    /// Set from outside: ends at once.
    pub stop: &'a AtomicBool,
    /// Set from outside: ends when all is told that can be told now.
    pub finish: &'a AtomicBool,
}

/// What happens, as it happens. No personal data.
#[derive(Debug)]
pub enum RelayProgress<'a> {
    /// An event was taken.
    Told(&'a Event),
    /// An event was not taken, and is tried again.
    NotTold {
        /// The event.
        event: &'a Event,
        /// Why.
        why: &'a NotTold,
    },
    /// An event was not taken in any of its tries.
    GivenUp(&'a Event),
    /// The queue, or where events are kept, cannot be used now.
    Waiting(String),
    /// Another relay has the sink; this one takes over should it end.
    Standby,
}

/// What a relay did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RelayReport {
    /// Events taken.
    pub told: u64,
    /// Tries that failed.
    pub failures: u64,
    /// Events given up.
    pub given_up: u64,
    /// Events that are still to be told: they wait for another try.
    pub left: usize,
}

/// Why a relay ended.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The queue cannot be used.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// No thread could be started.
    #[error("no thread could be started: {0}")]
    Threads(#[from] io::Error),
    /// Another relay has the sink.
    #[error("another relay tells `{name}`: {holder}")]
    Held {
        /// The sink.
        name: String,
        /// Who has it.
        holder: String,
    },
}

/// Tells a sink of every change, until it is stopped.
///
/// # Errors
/// The queue is broken, no thread could be started, or another relay has the sink and this one is
/// to finish.
pub fn relay(
    queue: &dyn Queue,
    sink: &dyn Sink,
    settings: &RelaySettings<'_>,
    mut tell: impl FnMut(RelayProgress<'_>),
) -> Result<RelayReport, RelayError> {
    let mut report = RelayReport::default();
    while let Some(held) = hold(queue, settings, &mut tell)? {
        match tell_all(queue, sink, settings, held, &mut report, &mut tell)? {
            Ended::Done => break,
            Ended::TakenOver => {}
        }
    }
    Ok(report)
}

/// A sink's state in this relay's hands.
struct HeldSink {
    state: SinkState,
    revision: u64,
}

fn is_set(flag: &AtomicBool) -> bool {
    flag.load(Ordering::Relaxed)
}

/// Waits for the sink; `None` where the relay is stopped first.
fn hold(
    queue: &dyn Queue,
    settings: &RelaySettings<'_>,
    tell: &mut impl FnMut(RelayProgress<'_>),
) -> Result<Option<HeldSink>, RelayError> {
    let (mut seen, mut since, mut told) = (None, Instant::now(), false);
    while !is_set(settings.stop) {
        let (state, revision) = match queue.sink(settings.name) {
            Ok(read) => read,
            Err(error) if error.may_pass() => {
                tell(RelayProgress::Waiting(error.to_string()));
                thread::sleep(LOOK_EVERY);
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        if seen != Some(revision) {
            let is_held_by_another = seen.is_some();
            (seen, since) = (Some(revision), Instant::now());
            if is_held_by_another && is_set(settings.finish) && !state.holder.is_empty() {
                let name = settings.name.as_str().to_owned();
                return Err(RelayError::Held { name, holder: state.holder });
            }
        }
        let is_free = state.holder.is_empty() || state.holder == settings.holder;
        if is_free || since.elapsed() >= settings.takeover {
            let holder = settings.holder.to_owned();
            let state = SinkState { holder, beat: state.beat + 1, ..state };
            match queue.store_sink(settings.name, &state, revision) {
                Ok(Some(revision)) => return Ok(Some(HeldSink { state, revision })),
                Ok(None) => continue,
                Err(error) if error.may_pass() => tell(RelayProgress::Waiting(error.to_string())),
                Err(error) => return Err(error.into()),
            }
        } else if !std::mem::replace(&mut told, true) {
            tell(RelayProgress::Standby);
        }
        thread::sleep(LOOK_EVERY.min(settings.takeover / BEATS));
    }
    Ok(None)
}

enum Ended {
    Done,
    TakenOver,
}

type Answer = (Event, Result<(), NotTold>);

fn tell_all(
    queue: &dyn Queue,
    sink: &dyn Sink,
    settings: &RelaySettings<'_>,
    held: HeldSink,
    report: &mut RelayReport,
    tell: &mut impl FnMut(RelayProgress<'_>),
) -> Result<Ended, RelayError> {
    let at_once = settings.at_once.get();
    let (sender, receiver) = mpsc::sync_channel::<Event>(at_once);
    let (answers_in, answers) = mpsc::channel::<Answer>();
    let receiver = Mutex::new(receiver);
    thread::scope(|scope| {
        for n in 0..at_once {
            let (receiver, answers) = (&receiver, answers_in.clone());
            let work = move || {
                loop {
                    let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok(event) = next else { return };
                    let told = sink.tell(&event);
                    if answers.send((event, told)).is_err() {
                        return;
                    }
                }
            };
            thread::Builder::new().name(format!("teller-{n}")).spawn_scoped(scope, work)?;
        }
        let lanes = Lanes::new(&held.state, &settings.retries.0);
        let mut relay = Relay { queue, sink, settings, held, lanes, out: 0, report, tell };
        // The sender goes before the threads are waited for.
        let ended = relay.run(&sender, &answers);
        drop(sender);
        ended
    })
}

struct Relay<'a, 'b, T> {
    queue: &'a dyn Queue,
    sink: &'a dyn Sink,
    settings: &'a RelaySettings<'a>,
    held: HeldSink,
    lanes: Lanes<'a>,
    out: usize,
    report: &'b mut RelayReport,
    tell: &'b mut T,
}

/// Whether there was anything to read.
#[derive(PartialEq, Eq)]
enum Read {
    Some,
    None,
    /// The queue did not say.
    Unknown,
}

impl<T: FnMut(RelayProgress<'_>)> Relay<'_, '_, T> {
    fn run(
        &mut self,
        sender: &mpsc::SyncSender<Event>,
        answers: &mpsc::Receiver<Answer>,
    ) -> Result<Ended, RelayError> {
        self.restore()?;
        let (mut stored, mut looked) = (Instant::now(), None::<Instant>);
        loop {
            let is_stopped = is_set(self.settings.stop);
            let mut read = Read::Unknown;
            // Half of the room at a time: fewer and larger reads.
            let wants = self.lanes.room() >= PAGE && looked.is_none_or(|at| at.elapsed() >= LOOK_EVERY);
            if wants && !is_stopped {
                read = self.read()?;
                looked = (read != Read::Some).then(Instant::now);
            }
            while !is_stopped && self.out < self.settings.at_once.get() {
                let Some(event) = self.lanes.next(Instant::now()) else { break };
                // There is room: as many are out as the channel holds.
                if sender.send(event).is_ok() {
                    self.out += 1;
                }
            }
            let wait = if self.out == 0 && read == Read::Some { Duration::ZERO } else { LOOK_EVERY / 4 };
            let mut answer = answers.recv_timeout(wait).ok();
            while let Some((event, told)) = answer {
                self.answered(&event, told);
                answer = answers.try_recv().ok();
            }
            let finished = is_set(self.settings.finish) && read == Read::None && self.lanes.is_settled();
            let ends = finished || (is_stopped && self.out == 0);
            let is_due = stored.elapsed() >= STORE_EVERY && self.has_moved();
            if ends || is_due || stored.elapsed() >= self.settings.takeover / BEATS {
                if !self.store(ends)? {
                    return Ok(Ended::TakenOver);
                }
                stored = Instant::now();
            }
            if ends {
                self.report.left = self.lanes.left();
                return Ok(Ended::Done);
            }
        }
    }

    /// What was parked before, in order.
    fn restore(&mut self) -> Result<(), RelayError> {
        let parked: BTreeMap<u64, u32> =
            self.held.state.parked.iter().map(|&Parked { number, tries }| (number, tries)).collect();
        for (number, tries) in parked {
            let page = loop {
                match self.queue.changes(number - 1, NonZeroUsize::MIN) {
                    Ok(page) => break page,
                    Err(error) if error.may_pass() && !is_set(self.settings.stop) => {
                        (self.tell)(RelayProgress::Waiting(error.to_string()));
                    }
                    Err(error) => return Err(error.into()),
                }
            };
            // One that is gone was purged meanwhile.
            for change in page.into_iter().filter(|change| change.number == number) {
                self.lanes.restore(Event::new(change, self.settings.source), tries);
            }
        }
        Ok(())
    }

    fn read(&mut self) -> Result<Read, RelayError> {
        let max = NonZeroUsize::new(self.lanes.room().min(PAGE)).unwrap_or(NonZeroUsize::MIN);
        // Before the page, so that nothing between the two is passed over.
        let read = self.queue.last_change().and_then(|latest| {
            let after = self.lanes.read();
            Ok((latest, if latest > after { self.queue.changes(after, max)? } else { Vec::new() }))
        });
        match read {
            Ok((latest, page)) if page.is_empty() => {
                self.lanes.read_to(latest);
                Ok(Read::None)
            }
            Ok((_, page)) => {
                for change in page {
                    self.lanes.add(Event::new(change, self.settings.source));
                }
                Ok(Read::Some)
            }
            Err(error) if error.may_pass() => {
                (self.tell)(RelayProgress::Waiting(error.to_string()));
                Ok(Read::Unknown)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn answered(&mut self, event: &Event, told: Result<(), NotTold>) {
        self.out -= 1;
        match told {
            Ok(()) => {
                self.lanes.told(event);
                self.report.told += 1;
                (self.tell)(RelayProgress::Told(event));
            }
            Err(why) => {
                self.report.failures += 1;
                match self.lanes.failed(event, Instant::now()) {
                    Failed::Away | Failed::Later { .. } => {
                        (self.tell)(RelayProgress::NotTold { event, why: &why });
                    }
                    Failed::GivenUp => {
                        self.report.given_up += 1;
                        (self.tell)(RelayProgress::GivenUp(event));
                    }
                }
            }
        }
    }

    fn has_moved(&self) -> bool {
        self.lanes.state(&self.held.state) != self.held.state
    }

    /// Stores how far it has come; `false` where another relay has taken over.
    fn store(&mut self, ends: bool) -> Result<bool, RelayError> {
        let state = self.lanes.state(&self.held.state);
        let holder = if ends { String::new() } else { state.holder.clone() };
        let state = SinkState { beat: state.beat + 1, holder, ..state };
        if let Err(why) = self.sink.settle() {
            (self.tell)(RelayProgress::Waiting(why.to_string()));
            return Ok(true);
        }
        match self.queue.store_sink(self.settings.name, &state, self.held.revision) {
            Ok(Some(revision)) => {
                self.held = HeldSink { state, revision };
                Ok(true)
            }
            Ok(None) => Ok(false),
            Err(error) if error.may_pass() => {
                (self.tell)(RelayProgress::Waiting(error.to_string()));
                Ok(true)
            }
            Err(error) => Err(error.into()),
        }
    }
}
