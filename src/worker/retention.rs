//! The queue's own rule of retention, kept beside a worker's work.
//!
//! A thread named `retention` looks once in a while whether a turn is due, and takes it where no other
//! worker does: the queue itself says whose turn it is ([`Retention`]). It
//! takes nothing from the threads that check cases, and what goes wrong with it is told of and tried
//! again, and ends no worker. What it does to a case is what [`purge`](super::purge::purge) does.

use std::error::Error;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::purge::{PurgeError, PurgeReport, purged_page};
use crate::photos::PhotoStore;
use crate::queue::{Clock, PurgeRule, Queue, QueueError, Retention};

/// How often a worker looks whether a turn is due, where nothing else is said.
pub const LOOK_EVERY: Duration = Duration::from_secs(60);

/// How a worker keeps the rule.
#[derive(Clone, Copy)]
pub struct RetentionSettings<'a> {
    /// What the worker is called in the queue.
    pub worker: &'a str,
    /// How often it looks whether a turn is due: [`LOOK_EVERY`] by default.
    pub look_every: Duration,
    /// Tells when turns are due: by the wall's time.
    pub clock: &'a dyn Clock,
    /// Set from outside: a turn ends with the case that it is at.
    pub stop: &'a AtomicBool,
}

/// What happened, as it happens. No personal data.
#[derive(Debug)]
pub enum RetentionEvent<'a> {
    /// Photos and fields of a case are gone.
    Purged {
        /// The case.
        case_id: &'a str,
        /// How many photos it had.
        photos: u64,
    },
    /// A turn is over.
    Turn {
        /// What was purged in it.
        report: PurgeReport,
        /// How it ended.
        end: TurnEnd,
        /// How long it took.
        took: Duration,
    },
    /// The rule could not be kept, or not be read, and is tried again.
    Failed {
        /// What went wrong.
        error: &'a dyn Error,
    },
}

/// How a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnEnd {
    /// Nothing more was due.
    Done,
    /// The worker was told to stop. Another one goes on at once.
    Stopped,
    /// The rule was changed meanwhile, or another worker took the turn.
    Overtaken,
}

impl TurnEnd {
    /// Its name in logs.
    pub fn id(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Stopped => "stopped",
            Self::Overtaken => "overtaken",
        }
    }
}

/// Does `work` while the queue's rule is kept beside it. Once it ends, a turn that is due is taken
/// before this returns, unless the worker was told to stop. `tell` is called from another thread.
pub fn while_keeping_rule<T>(
    queue: &dyn Queue,
    photos: &PhotoStore,
    settings: RetentionSettings<'_>,
    tell: impl Fn(RetentionEvent<'_>) + Sync,
    work: impl FnOnce() -> T,
) -> T {
    let keeper = Keeper { queue, photos, settings, tell: &tell };
    // Nothing is ever sent: it ends when the work does.
    let (working, ended) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let keep = || keeper.keep_until(ended);
        let started = thread::Builder::new().name("retention".to_owned()).spawn_scoped(scope, keep);
        if let Err(error) = &started {
            tell(RetentionEvent::Failed { error });
        }
        let done = work();
        drop(working);
        // A panic was told of by its place; the worker has done its work all the same.
        started.ok().and_then(|keeping| keeping.join().ok());
        done
    })
}

/// Takes the turn that is due, if one is and nobody else takes it.
///
/// # Errors
/// The queue or the storage did not do it. The turn is due again five minutes later.
pub fn turn_taken(
    queue: &dyn Queue,
    photos: &PhotoStore,
    settings: RetentionSettings<'_>,
    tell: impl Fn(RetentionEvent<'_>),
) -> Result<Option<(PurgeReport, TurnEnd)>, PurgeError> {
    Keeper { queue, photos, settings, tell: &tell }.turn()
}

struct Keeper<'a, T> {
    queue: &'a dyn Queue,
    photos: &'a PhotoStore,
    settings: RetentionSettings<'a>,
    tell: &'a T,
}

/// A turn in hand.
struct Turn {
    rule: PurgeRule,
    state: Retention,
    revision: u64,
    /// The turn before did not come to its end.
    goes_on: bool,
    report: PurgeReport,
}

impl<T: Fn(RetentionEvent<'_>)> Keeper<'_, T> {
    fn keep_until(&self, ended: mpsc::Receiver<()>) {
        let mut failing = false;
        loop {
            let timeout = ended.recv_timeout(self.settings.look_every);
            if self.is_stopping() {
                return;
            }
            match self.turn() {
                Ok(_) => failing = false,
                // A store that is away is told of once, and again by whoever has to wait for it.
                Err(PurgeError::Queue(error)) if error.may_pass() && failing => {}
                Err(error) => {
                    failing = true;
                    (self.tell)(RetentionEvent::Failed { error: &error });
                }
            }
            if timeout != Err(RecvTimeoutError::Timeout) {
                return;
            }
        }
    }

    fn is_stopping(&self) -> bool {
        self.settings.stop.load(Ordering::Relaxed)
    }

    fn now_ms(&self) -> u64 {
        self.settings.clock.now().wall_ms
    }

    fn turn(&self) -> Result<Option<(PurgeReport, TurnEnd)>, PurgeError> {
        let (before, revision) = self.queue.retention()?;
        let Some((rule, state)) = before.turn_taken(self.settings.worker, self.now_ms()) else {
            return Ok(None);
        };
        let Some(revision) = self.queue.store_retention(&state, revision)? else { return Ok(None) };
        let goes_on = before.is_unfinished();
        let mut turn = Turn { rule, state, revision, goes_on, report: PurgeReport::default() };
        let began = Instant::now();
        match self.purged(&mut turn) {
            Ok(end) => {
                (self.tell)(RetentionEvent::Turn { report: turn.report, end, took: began.elapsed() });
                Ok(Some((turn.report, end)))
            }
            Err(error) => {
                // Where this does not go well either, the next turn is due in an hour.
                let failed = turn.state.turn_failed(self.now_ms());
                self.queue.store_retention(&failed, turn.revision).ok();
                Err(error)
            }
        }
    }

    fn purged(&self, turn: &mut Turn) -> Result<TurnEnd, PurgeError> {
        let mut after: Option<String> = None;
        loop {
            let report = &mut turn.report;
            let mut count = |case_id: &str, photos: u64| {
                report.cases += 1;
                report.photos += photos;
                (self.tell)(RetentionEvent::Purged { case_id, photos });
                if self.is_stopping() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            let page = purged_page(self.queue, self.photos, &turn.rule, after.as_deref(), &mut count)?;
            let Some(page) = page else { break };
            if page.end.is_break() {
                // Whoever takes it next goes on, scrubs and says so.
                let cut_short = turn.state.turn_cut_short(self.now_ms());
                self.queue.store_retention(&cut_short, turn.revision)?;
                return Ok(TurnEnd::Stopped);
            }
            after = Some(page.last);
            turn.state = turn.state.renewed(self.now_ms());
            match self.queue.store_retention(&turn.state, turn.revision)? {
                Some(revision) => turn.revision = revision,
                None => return Ok(TurnEnd::Overtaken),
            }
        }
        // A file is not written anew every hour for nothing.
        if turn.report.cases > 0 || turn.goes_on {
            self.queue.scrub()?;
        }
        let stored: Result<Option<u64>, QueueError> =
            self.queue.store_retention(&turn.state.turn_ended(), turn.revision);
        Ok(if stored?.is_some() { TurnEnd::Done } else { TurnEnd::Overtaken })
    }
}
