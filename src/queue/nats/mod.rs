//! The queue on NATS JetStream, for any number of machines.
//!
//! A key-value bucket holds the entries and is the only authority: an entry is replaced only as it
//! was read, so an attempt gets one verdict whatever the server delivers twice. A work-queue stream
//! holds a message for each attempt; it says that something is to be done, and its acknowledgement
//! wait is the lease: a message that comes again says that whoever had it is gone. No clock of any
//! machine is compared with another's. An acknowledgement proves nothing, since a late one succeeds
//! as well, and a restarted node may bring acknowledged messages back: they are dropped when the
//! entry says that nothing is to be done.
//!
//! An entry is stored first and announced then; what is announced names the case and nothing else.
//! Whoever ends in between, or a node that loses a message, leaves a case that nobody is told of: idle
//! workers look for entries that wait and do not move, and announce them again.
//!
//! `max_deliver` is unlimited: the entry counts faults and lost workers and sets the case aside with
//! the reason, which the server could not give. The bucket keeps the latest revisions of an entry,
//! each with the change that made it: that is the log of changes.

mod chain;
mod claims;
mod counts;
mod lists;
mod names;
mod purge;
mod rescan;
mod states;
mod store;
mod streams;
mod told;
mod value;

use std::cell::Cell;
use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::stream::Stream;
use async_nats::jetstream::{self, AckKind, Context, Message};
use futures_util::StreamExt as _;
use tokio::runtime::{Builder, Runtime};

use self::claims::Hands;
use self::names::Names;
use self::rescan::Rescan;
use self::streams::{bucket, stream, work};
use self::told::Told;
use self::value::WorkMessage;
use super::backoff::wait;
use super::clock::{Clock as _, Now, SystemClock};
use super::entry::{Entry, QueueState};
use super::lease::{Claimed, Company, Heartbeat, Lease, Release, Released};
use super::options::{Bucket, Counts, Page, QueueOptions};
use super::purge::{Keep, PurgeRule};
use super::retention::Retention;
use super::review::Review;
use super::sink::{SinkName, SinkState};
use super::submission::Submission;
use super::verdict::AttemptVerdict;
use super::{Change, DeadLetter, NatsPlace, Queue, QueueError, StepReport, Submitted};
use crate::status::RequiredSteps;

/// Threads that wait for the server; they do no work of their own.
const IO_THREADS: usize = 2;

/// How long the first connection may take, one request, and all tries of a call.
const CONNECT_MAX: Duration = Duration::from_secs(5);
const REQUEST_MAX: Duration = Duration::from_secs(3);
const CALL_MAX: Duration = Duration::from_secs(15);

/// How long an answer to a request for messages may take. Messages that come later come again.
const FETCH_MAX: Duration = Duration::from_secs(2);

/// The first and the longest wait between two tries of a call.
const PAUSE_FIRST: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// Messages of one fetch that are looked at side by side.
const CLAIMS_AT_ONCE: usize = 32;

/// A queue on NATS.
pub struct NatsQueue {
    place: NatsPlace,
    names: Names,
    options: QueueOptions,
    clock: SystemClock,
    runtime: Runtime,
    context: Context,
    entries: Stream,
    consumer: OnceLock<PullConsumer>,
    told: Told,
    rescan: Mutex<Rescan>,
    stored: AtomicU64,
    /// The cases in hand.
    in_hand: Mutex<HashMap<Lease, InHand>>,
    /// Revisions of entries that copies of a message were seen at.
    copies: Mutex<HashMap<String, (u64, Instant)>>,
}

/// A case in hand: the message by which it is acknowledged, and the entry as this process stored it,
/// which saves reading it again where nobody else changed it.
struct InHand {
    message: Message,
    entry: Entry,
    revision: u64,
}

/// What a call ran into.
enum Trouble {
    /// Somebody else changed the entry: read it again.
    Conflict,
    /// The server did not do it, and may do it later.
    Away(String),
    /// The call's answer.
    Refused(QueueError),
}

impl From<QueueError> for Trouble {
    fn from(error: QueueError) -> Self {
        Self::Refused(error)
    }
}

type Attempted<T> = Result<T, Trouble>;

impl NatsQueue {
    /// Connects, and makes the bucket and the stream where there are none.
    ///
    /// # Errors
    /// No server answers, JetStream is off, or what is there is something else.
    pub fn open(place: &NatsPlace, options: QueueOptions) -> Result<Self, QueueError> {
        let away = |detail: String| QueueError::Unavailable { queue: place.to_string(), detail };
        let runtime = Builder::new_multi_thread()
            .worker_threads(IO_THREADS)
            .thread_name("nats")
            .enable_all()
            .build()
            .map_err(|error| away(format!("no threads: {error}")))?;
        let names = Names::of(&place.queue);
        let connected = runtime.block_on(async {
            let client = async_nats::ConnectOptions::new()
                .name("realname")
                .connection_timeout(CONNECT_MAX)
                .request_timeout(Some(REQUEST_MAX))
                .connect(place.servers.as_slice())
                .await
                .map_err(|error| away(format!("no connection: {error}")))?;
            let mut context = jetstream::new(client);
            context.set_timeout(REQUEST_MAX);
            let entries = stream(&context, place, bucket(&names, place.replicas)).await?;
            stream(&context, place, work(&names, place.replicas)).await?;
            Ok::<_, QueueError>((context, entries))
        });
        let (context, entries) = connected?;
        Ok(Self {
            place: place.clone(),
            names,
            options,
            clock: SystemClock::new(),
            runtime,
            context,
            entries,
            consumer: OnceLock::new(),
            told: Told::default(),
            rescan: Mutex::default(),
            stored: AtomicU64::new(0),
            in_hand: Mutex::default(),
            copies: Mutex::default(),
        })
    }

    fn now(&self) -> Now {
        self.clock.now()
    }

    fn broken(&self, detail: String) -> QueueError {
        QueueError::Broken { queue: self.place.to_string(), detail }
    }

    /// Tries a call until it is answered or its time is over. Blocks.
    fn call<T>(&self, work: impl AsyncFn() -> Attempted<T>) -> Result<T, QueueError> {
        self.runtime.block_on(self.tried(work))
    }

    async fn tried<T>(&self, work: impl AsyncFn() -> Attempted<T>) -> Result<T, QueueError> {
        let began = Instant::now();
        let (mut pause, mut conflicts) = (PAUSE_FIRST, 0);
        loop {
            let detail = match work().await {
                Ok(done) => return Ok(done),
                Err(Trouble::Refused(error)) => return Err(error),
                Err(Trouble::Conflict) => {
                    conflicts += 1;
                    if conflicts > 1 {
                        tokio::time::sleep(PAUSE_FIRST).await;
                    }
                    "others change the same case all the time".to_owned()
                }
                Err(Trouble::Away(detail)) => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                    detail
                }
            };
            if began.elapsed() >= CALL_MAX {
                return Err(QueueError::Unavailable { queue: self.place.to_string(), detail });
            }
        }
    }

    fn in_hand(&self) -> MutexGuard<'_, HashMap<Lease, InHand>> {
        self.in_hand.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets go of a message. Should that fail it comes again, and is dealt with by its entry.
    async fn answer(&self, lease: &Lease, kind: AckKind) {
        let held = self.in_hand().remove(lease);
        if let Some(InHand { message, .. }) = held {
            message.ack_with(kind).await.ok();
        }
    }
}

impl Queue for NatsQueue {
    fn submit(&self, submission: &Submission, required: &RequiredSteps) -> Result<Submitted, QueueError> {
        self.keep_counts();
        let stored = Cell::new(None);
        self.call(async || {
            let (before, revision) = self.read(&submission.case_id).await?;
            let waits = before.as_ref().filter(|e| matches!(e.state, QueueState::Queued { .. })).cloned();
            let (submitted, step) = Entry::submitted(before, submission, required, self.now())?;
            let to_announce = match step {
                Some(step) => {
                    let entry = step.entry.clone();
                    let revision = self.store(step, revision).await?;
                    stored.set(Some(submitted));
                    Some((entry, revision))
                }
                // Said again where a submitter asks again and the case still waits. One that ends
                // between the two and is not called again is found by an idle worker.
                None => waits.map(|entry| (entry, revision)),
            };
            if let Some((entry, revision)) = to_announce {
                self.announce(&WorkMessage::of(&entry), &format!("submitted:{revision}")).await?;
            }
            Ok(stored.get().unwrap_or(submitted))
        })
    }

    fn claim(&self, worker: &str, max: NonZeroUsize) -> Result<Vec<Claimed>, QueueError> {
        let messages = self.call(async || {
            let consumer = self.consumer().await?;
            let fetch = consumer.fetch().max_messages(max.get()).messages().await;
            let mut fetch = fetch.map_err(|error| Trouble::Away(error.to_string()))?;
            let mut messages = Vec::new();
            // A server that loses its leader loses the request with it, and nothing would ever come.
            while let Ok(Some(message)) = tokio::time::timeout(FETCH_MAX, fetch.next()).await {
                match message {
                    Ok(message) => messages.push(message),
                    Err(_) if !messages.is_empty() => break,
                    Err(error) => return Err(Trouble::Away(error.to_string())),
                }
            }
            Ok(messages)
        })?;
        if messages.is_empty() {
            self.look_for_lost_cases();
        }
        self.keep_counts();
        self.runtime.block_on(async {
            let mut messages = messages.into_iter();
            let mut claims: Vec<Claimed> = Vec::new();
            // The first by itself: it may be a suspect, and then nothing else is claimed.
            for message in messages.by_ref() {
                let first =
                    self.tried(async || self.taken(worker, message.clone(), Hands::Empty).await).await?;
                claims.extend(first);
                if !claims.is_empty() {
                    break;
                }
            }
            if claims.first().is_some_and(|claimed| claimed.company == Company::Alone) {
                for message in messages {
                    message.ack_with(AckKind::Nak(None)).await.ok();
                }
                return Ok(claims);
            }
            let rest = messages.map(async |message| {
                self.tried(async || self.taken(worker, message.clone(), Hands::Full).await).await
            });
            let mut rest = futures_util::stream::iter(rest).buffer_unordered(CLAIMS_AT_ONCE);
            while let Some(taken) = rest.next().await {
                match taken {
                    Ok(claimed) => claims.extend(claimed),
                    // What was claimed is in hand; this message comes again by itself.
                    Err(error) if error.may_pass() => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(claims)
        })
    }

    fn extend(&self, leases: &[Lease]) -> Result<Vec<Heartbeat>, QueueError> {
        let extended = leases.iter().map(|lease| {
            let beat = self.call(async || {
                let (entry, revision) = self.read(&lease.case_id).await?;
                let step = entry.and_then(|entry| entry.extended(lease, &self.options, self.now()));
                let Some(step) = step else { return Ok(Heartbeat::Lost) };
                let entry = step.entry.clone().into_counted();
                let revision = self.store(step, revision).await?;
                if let Some(held) = self.in_hand().get_mut(lease) {
                    (held.entry, held.revision) = (entry, revision);
                }
                Ok(Heartbeat::Held)
            })?;
            let message = self.in_hand().get(lease).map(|held| held.message.clone());
            match (beat, message) {
                (Heartbeat::Held, Some(message)) => {
                    self.runtime.block_on(message.ack_with(AckKind::Progress)).ok();
                }
                (Heartbeat::Held, None) => {}
                (Heartbeat::Lost, _) => drop(self.in_hand().remove(lease)),
            }
            Ok(beat)
        });
        extended.collect()
    }

    fn record(&self, lease: &Lease, verdict: &AttemptVerdict) -> Result<(), QueueError> {
        let now = self.now();
        let as_stored = Mutex::new(self.in_hand().get(lease).map(|held| (held.entry.clone(), held.revision)));
        let recorded = self.call(async || {
            let as_stored = as_stored.lock().unwrap_or_else(PoisonError::into_inner).take();
            let (entry, revision) = match as_stored {
                Some(read) => read,
                None => self.known(&lease.case_id).await?,
            };
            self.store(entry.recorded(lease, verdict, now)?, revision).await
        });
        match recorded {
            Ok(_) => {
                // Without an acknowledgement the message comes again and is dropped.
                self.runtime.block_on(self.answer(lease, AckKind::Ack));
                Ok(())
            }
            Err(error) => {
                if matches!(error, QueueError::LeaseLost { .. }) {
                    self.in_hand().remove(lease);
                }
                Err(error)
            }
        }
    }

    fn release(&self, lease: &Lease, release: &Release) -> Result<Released, QueueError> {
        let done = self.call(async || {
            let (entry, revision) = self.known(&lease.case_id).await?;
            let step = entry.released(lease, release, &self.options, self.now())?;
            let kind = match (&step.entry.state, release) {
                (QueueState::Queued { .. }, Release::Fault { .. }) => {
                    let faults = step.entry.current().map_or(1, |attempt| attempt.faults);
                    AckKind::Nak(Some(wait(&self.options, &lease.case_id, lease.attempt, faults)))
                }
                (QueueState::Queued { .. }, Release::Death { .. }) => {
                    let deaths = step.entry.current().map_or(1, |attempt| attempt.deaths);
                    AckKind::Nak(Some(wait(&self.options, &lease.case_id, lease.attempt, deaths)))
                }
                (QueueState::Queued { .. }, _) => AckKind::Nak(None),
                (QueueState::Idle | QueueState::Claimed { .. } | QueueState::Dead { .. }, _) => AckKind::Ack,
            };
            let released = Released::of(&step.entry);
            self.store(step, revision).await?;
            Ok((kind, released))
        });
        let (kind, released) = done.inspect_err(|_| drop(self.in_hand().remove(lease)))?;
        self.runtime.block_on(self.answer(lease, kind));
        Ok(released)
    }

    fn requeue(&self, case_id: &str) -> Result<(), QueueError> {
        let announce = async |entry: &Entry| {
            self.announce(&WorkMessage::of(entry), &format!("again:{}", entry.updated_ms)).await
        };
        self.call(async || {
            let (entry, revision) = self.known(case_id).await?;
            if matches!(entry.state, QueueState::Queued { .. }) {
                // An earlier call may have ended before it could say so.
                announce(&entry).await?;
            }
            let step = entry.requeued(self.now())?;
            let entry = step.entry.clone();
            self.store(step, revision).await?;
            announce(&entry).await
        })
    }

    fn report_step(&self, report: &StepReport) -> Result<(), QueueError> {
        let now = self.now();
        self.call(async || {
            let (before, revision) = self.read(&report.case_id).await?;
            match Entry::with_step(before, report, now)? {
                Some(step) => self.store(step, revision).await.map(|_| ()),
                None => Ok(()),
            }
        })
    }

    fn entry(&self, case_id: &str) -> Result<Option<Entry>, QueueError> {
        self.call(async || Ok(self.read(case_id).await?.0))
    }

    fn review(&self, review: &Review) -> Result<(), QueueError> {
        let now = self.now();
        self.call(async || {
            let (entry, revision) = self.known(review.case_id()).await?;
            match entry.reviewed(review, now)? {
                Some(step) => self.store(step, revision).await.map(|_| ()),
                None => Ok(()),
            }
        })
    }

    fn entries(&self, page: Page<'_>) -> Result<Vec<Entry>, QueueError> {
        self.listed(page)
    }

    fn dead(&self, after: Option<&str>, max: NonZeroUsize) -> Result<Vec<DeadLetter>, QueueError> {
        let entries = self.listed(Page { bucket: Some(Bucket::Dead), after, max })?;
        Ok(entries.iter().filter_map(Entry::dead_letter).collect())
    }

    fn counts(&self) -> Result<Counts, QueueError> {
        self.counted()
    }

    fn last_change(&self) -> Result<u64, QueueError> {
        self.call(async || {
            let info = self.entries.get_info().await;
            Ok(info.map_err(|error| Trouble::Away(error.to_string()))?.state.last_sequence)
        })
    }

    fn changes(&self, after: u64, max: NonZeroUsize) -> Result<Vec<Change>, QueueError> {
        self.changed(after, max)
    }

    fn sink(&self, name: &SinkName) -> Result<(SinkState, u64), QueueError> {
        self.call(async || self.read_sink(name).await)
    }

    fn store_sink(
        &self,
        name: &SinkName,
        state: &SinkState,
        revision: u64,
    ) -> Result<Option<u64>, QueueError> {
        self.call(async || self.write_sink(name, state, revision).await)
    }

    fn publish(&self, change: &Change, id: &str, body: &[u8]) -> Result<bool, QueueError> {
        self.call(async || self.put_event(change, id, body).await)?;
        Ok(true)
    }

    fn begin_purge(
        &self,
        rule: &PurgeRule,
        after: Option<&str>,
        max: NonZeroUsize,
    ) -> Result<Vec<String>, QueueError> {
        self.purge_begun(rule, after, max)
    }

    fn end_purge(&self, case_id: &str, keep: Keep) -> Result<(), QueueError> {
        self.purge_ended(case_id, keep)
    }

    fn scrub(&self) -> Result<(), QueueError> {
        // Revisions are overwritten as they are erased.
        Ok(())
    }

    fn retention(&self) -> Result<(Retention, u64), QueueError> {
        self.call(async || self.read_retention().await)
    }

    fn store_retention(&self, retention: &Retention, revision: u64) -> Result<Option<u64>, QueueError> {
        self.call(async || self.write_retention(retention, revision).await)
    }
}
