//! The queue in one SQLite file, for one machine.
//!
//! Every call is one IMMEDIATE transaction: one that began to read and then wrote would fail at
//! once where another wrote in between. The journal is a write-ahead log. `synchronous` is FULL,
//! not NORMAL: with NORMAL a power cut can take back what was committed last, and a submission
//! that was confirmed would be lost. It costs one fdatasync a call.
//!
//! Not for network file systems, nor for several machines: WAL needs shared memory, and leases are
//! kept by the machine's own clock.

mod failure;
mod purge;
mod sinks;
mod tables;
mod throw_away;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension as _, ToSql, Transaction, TransactionBehavior, params};

use crate::queue::clock::{Clock, Now, SystemClock};
use crate::queue::entry::{Entry, Step};
use crate::queue::lease::{Claimed, Company, Heartbeat, Lease, Release, Released};
use crate::queue::options::{Bucket, Counts, Page, QueueOptions};
use crate::queue::purge::{Keep, PurgeRule};
use crate::queue::retention::Retention;
use crate::queue::review::Review;
use crate::queue::sink::{SinkName, SinkState};
use crate::queue::submission::Submission;
use crate::queue::verdict::AttemptVerdict;
use crate::queue::{Change, DeadLetter, Queue, QueueError, StepReport, Submitted};
use crate::status::RequiredSteps;
use failure::{Failure, failure, is_busy, shown};

pub use throw_away::ThrowAwayQueue;

/// How long SQLite itself waits for a lock, and how long a call tries in all.
const LOCK_WAIT: Duration = Duration::from_secs(2);
const CALL_WAIT_MAX: Duration = Duration::from_secs(30);

/// Who else may have the file open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sharing {
    /// Any process of the machine.
    Shared,
    /// Nobody: see [`ThrowAwayQueue`].
    Alone,
}

/// A queue in a file.
pub struct SqliteQueue {
    path: PathBuf,
    sharing: Sharing,
    options: QueueOptions,
    clock: Arc<dyn Clock>,
    connection: Mutex<Connection>,
}

impl SqliteQueue {
    /// Opens the queue in the file at `path`, which is made where there is none.
    ///
    /// # Errors
    /// The file cannot be opened or written, is damaged, or is something other than a queue.
    pub fn open(path: &Path, options: QueueOptions) -> Result<Self, QueueError> {
        Self::with_clock(path, options, Arc::new(SystemClock::new()))
    }

    /// The same by another clock, for tests.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn with_clock(path: &Path, options: QueueOptions, clock: Arc<dyn Clock>) -> Result<Self, QueueError> {
        let connection = Connection::open(path).map_err(|error| failure(path, Sharing::Shared, &error))?;
        Self::opened(connection, path, options, clock, Sharing::Shared)
    }

    fn opened(
        connection: Connection,
        path: &Path,
        options: QueueOptions,
        clock: Arc<dyn Clock>,
        sharing: Sharing,
    ) -> Result<Self, QueueError> {
        connection.busy_timeout(LOCK_WAIT).map_err(|error| failure(path, sharing, &error))?;
        let connection = Mutex::new(connection);
        let queue = Self { path: path.to_owned(), sharing, options, clock, connection };
        queue.retried(|connection| {
            let id: i32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
            let tables: i64 =
                connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
            if id != sharing.application_id() && (id != 0 || tables > 0) {
                return Ok(Err(
                    queue.broken("an SQLite file, but not a queue of this kind; name another file")
                ));
            }
            match sharing {
                Sharing::Shared => {
                    connection.pragma_update(None, "journal_mode", "WAL")?;
                    connection.pragma_update(None, "synchronous", "FULL")?;
                }
                Sharing::Alone => {
                    // Before the journal: it then needs no memory that is shared.
                    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
                    connection.pragma_update(None, "journal_mode", "WAL")?;
                    connection.pragma_update(None, "synchronous", "NORMAL")?;
                }
            }
            connection.pragma_update(None, "secure_delete", "ON")?;
            connection.set_prepared_statement_cache_capacity(32);
            Ok(Ok(()))
        })??;
        queue.transaction(|tx| queue.prepare(tx))?;
        Ok(queue)
    }

    fn broken(&self, detail: &str) -> QueueError {
        QueueError::Broken { queue: shown(&self.path), detail: detail.to_owned() }
    }

    /// Runs `work` on the connection, again after a wait where others hold the file's lock.
    fn retried<T>(
        &self,
        mut work: impl FnMut(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, QueueError> {
        let began = Instant::now();
        let mut pause = Duration::from_millis(2);
        loop {
            let result = {
                let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
                work(&mut connection)
            };
            match result {
                Ok(done) => return Ok(done),
                Err(error) if is_busy(&error) && began.elapsed() < CALL_WAIT_MAX => {
                    // Threads and processes part by the odd microseconds since each began.
                    let odd = u64::from(began.elapsed().subsec_nanos() % 1000);
                    thread::sleep(pause + Duration::from_micros(odd * pause.as_millis() as u64));
                    pause = (pause * 2).min(Duration::from_millis(200));
                }
                Err(error) => return Err(failure(&self.path, self.sharing, &error)),
            }
        }
    }

    fn transaction<T>(&self, work: impl Fn(&Transaction<'_>) -> Result<T, Failure>) -> Result<T, QueueError> {
        self.retried(|connection| {
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            match work(&tx) {
                Ok(done) => {
                    tx.commit()?;
                    Ok(Ok(done))
                }
                Err(Failure::Store(error)) => Err(error),
                Err(Failure::Refused(error)) => Ok(Err(error)),
            }
        })?
    }

    fn read(&self, tx: &Connection, case_id: &str) -> Result<Option<Entry>, Failure> {
        let sql = "SELECT entry FROM cases WHERE case_id = ?";
        let json: Option<String> =
            tx.prepare_cached(sql)?.query_row([case_id], |row| row.get(0)).optional()?;
        json.map(|json| self.parsed(&json)).transpose()
    }

    fn known(&self, tx: &Connection, case_id: &str) -> Result<Entry, Failure> {
        let unknown = || QueueError::Unknown { case_id: case_id.to_owned() };
        Ok(self.read(tx, case_id)?.ok_or_else(unknown)?)
    }

    fn parsed(&self, json: &str) -> Result<Entry, Failure> {
        let refused = |error: serde_json::Error| {
            let (line, column) = (error.line(), error.column());
            self.broken(&format!(
                "an entry is not of the form this version reads (line {line}, column {column})"
            ))
        };
        Ok(serde_json::from_str(json).map_err(refused)?)
    }

    fn store(&self, tx: &Transaction<'_>, step: &Step) -> Result<(), Failure> {
        let Step { entry, change } = step;
        let json = serde_json::to_string(entry).expect("plain data with string keys always serialises");
        let sql = "INSERT INTO cases (case_id, bucket, due_ms, suspect, updated_ms, entry)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                   ON CONFLICT (case_id) DO UPDATE SET
                     bucket = ?2, due_ms = ?3, suspect = ?4, updated_ms = ?5, entry = ?6";
        tx.prepare_cached(sql)?.execute(params![
            entry.case_id,
            entry.bucket().id(),
            entry.due_ms().map(|ms| ms as i64),
            entry.is_suspect(),
            entry.updated_ms as i64,
            json
        ])?;
        self.log(tx, change.as_ref())
    }

    /// A change into the log from which others are told.
    fn log(&self, tx: &Transaction<'_>, change: Option<&Change>) -> Result<(), Failure> {
        if let Some(change) = change {
            let json = serde_json::to_string(change).expect("plain data always serialises");
            tx.prepare_cached("INSERT INTO changes (change) VALUES (?)")?.execute([json])?;
        }
        Ok(())
    }

    /// Cases of a bucket that are due, the longest waiting first.
    fn due(&self, tx: &Transaction<'_>, bucket: Bucket, now: Now, max: usize) -> Result<Vec<Entry>, Failure> {
        let sql = "SELECT entry FROM cases WHERE bucket = ? AND due_ms <= ? ORDER BY due_ms, number LIMIT ?";
        let mut statement = tx.prepare_cached(sql)?;
        let mut rows = statement.query(params![bucket.id(), now.steady_ms as i64, max as i64])?;
        let mut entries = Vec::new();
        while let Some(row) = rows.next()? {
            let mut entry = self.parsed(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?;
            // The column holds where the entry may be from an earlier start of the machine.
            entry.make_due(now);
            entries.push(entry);
        }
        Ok(entries)
    }
}

impl Queue for SqliteQueue {
    fn submit(&self, submission: &Submission, required: &RequiredSteps) -> Result<Submitted, QueueError> {
        self.transaction(|tx| {
            let before = self.read(tx, &submission.case_id)?;
            let (submitted, step) = Entry::submitted(before, submission, required, self.clock.now())?;
            if let Some(step) = step {
                self.store(tx, &step)?;
            }
            Ok(submitted)
        })
    }

    fn claim(&self, worker: &str, max: NonZeroUsize) -> Result<Vec<Claimed>, QueueError> {
        self.transaction(|tx| {
            let now = self.clock.now();
            for lapsed in self.due(tx, Bucket::Processing, now, max.get())? {
                self.store(tx, &lapsed.lost(&self.options, now))?;
            }
            let mut claims: Vec<Claimed> = Vec::new();
            for entry in self.due(tx, Bucket::Queued, now, max.get())? {
                let first = claims.is_empty();
                if entry.is_suspect() && !first {
                    continue;
                }
                let Some((claimed, step)) = entry.claimed(worker, &self.options, now) else { continue };
                self.store(tx, &step)?;
                let alone = claimed.company == Company::Alone;
                claims.push(claimed);
                if alone {
                    break;
                }
            }
            Ok(claims)
        })
    }

    fn extend(&self, leases: &[Lease]) -> Result<Vec<Heartbeat>, QueueError> {
        self.transaction(|tx| {
            let now = self.clock.now();
            let extended = leases.iter().map(|lease| {
                let entry = self.read(tx, &lease.case_id)?;
                match entry.and_then(|entry| entry.extended(lease, &self.options, now)) {
                    Some(step) => {
                        self.store(tx, &step)?;
                        Ok(Heartbeat::Held)
                    }
                    None => Ok(Heartbeat::Lost),
                }
            });
            extended.collect()
        })
    }

    fn record(&self, lease: &Lease, verdict: &AttemptVerdict) -> Result<(), QueueError> {
        self.transaction(|tx| {
            let step = self.known(tx, &lease.case_id)?.recorded(lease, verdict, self.clock.now())?;
            self.store(tx, &step)
        })
    }

    fn release(&self, lease: &Lease, release: &Release) -> Result<Released, QueueError> {
        self.transaction(|tx| {
            let entry = self.known(tx, &lease.case_id)?;
            let step = entry.released(lease, release, &self.options, self.clock.now())?;
            self.store(tx, &step)?;
            Ok(Released::of(&step.entry))
        })
    }

    fn requeue(&self, case_id: &str) -> Result<(), QueueError> {
        self.transaction(|tx| {
            let step = self.known(tx, case_id)?.requeued(self.clock.now())?;
            self.store(tx, &step)
        })
    }

    fn report_step(&self, report: &StepReport) -> Result<(), QueueError> {
        self.transaction(|tx| {
            let before = self.read(tx, &report.case_id)?;
            let step = Entry::with_step(before, report, self.clock.now())?;
            step.map_or(Ok(()), |step| self.store(tx, &step))
        })
    }

    fn review(&self, review: &Review) -> Result<(), QueueError> {
        self.transaction(|tx| {
            let step = self.known(tx, review.case_id())?.reviewed(review, self.clock.now())?;
            step.map_or(Ok(()), |step| self.store(tx, &step))
        })
    }

    fn entry(&self, case_id: &str) -> Result<Option<Entry>, QueueError> {
        self.transaction(|tx| self.read(tx, case_id))
    }

    fn entries(&self, page: Page<'_>) -> Result<Vec<Entry>, QueueError> {
        let (after, max) = (page.after.unwrap_or(""), page.max.get() as i64);
        self.transaction(|tx| {
            let read = |sql: &str, params: &[&dyn ToSql]| {
                let mut statement = tx.prepare_cached(sql)?;
                let mut rows = statement.query(params)?;
                let mut entries = Vec::new();
                while let Some(row) = rows.next()? {
                    entries.push(self.parsed(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?);
                }
                Ok(entries)
            };
            match page.bucket {
                None => {
                    let sql = "SELECT entry FROM cases WHERE case_id > ? ORDER BY case_id LIMIT ?";
                    read(sql, params![after, max])
                }
                Some(bucket) => {
                    let sql = "SELECT entry FROM cases WHERE bucket = ? AND case_id > ?
                               ORDER BY case_id LIMIT ?";
                    read(sql, params![bucket.id(), after, max])
                }
            }
        })
    }

    fn dead(&self, after: Option<&str>, max: NonZeroUsize) -> Result<Vec<DeadLetter>, QueueError> {
        let entries = self.entries(Page { bucket: Some(Bucket::Dead), after, max })?;
        Ok(entries.iter().filter_map(Entry::dead_letter).collect())
    }

    fn counts(&self) -> Result<Counts, QueueError> {
        self.transaction(|tx| {
            let mut counts = Counts::default();
            let mut statement = tx.prepare_cached("SELECT bucket, cases FROM counts")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let bucket: String = row.get(0)?;
                if let Some(bucket) = Bucket::parse(&bucket) {
                    *counts.slot(bucket) = row.get::<_, i64>(1)? as u64;
                }
            }
            Ok(counts)
        })
    }

    fn last_change(&self) -> Result<u64, QueueError> {
        self.transaction(|tx| {
            let sql = "SELECT coalesce(max(number), 0) FROM changes";
            Ok(tx.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0))? as u64)
        })
    }

    fn changes(&self, after: u64, max: NonZeroUsize) -> Result<Vec<Change>, QueueError> {
        self.transaction(|tx| {
            let sql = "SELECT number, change FROM changes WHERE number > ? ORDER BY number LIMIT ?";
            let mut statement = tx.prepare_cached(sql)?;
            let mut rows = statement.query(params![after as i64, max.get() as i64])?;
            let mut changes = Vec::new();
            while let Some(row) = rows.next()? {
                let json: String = row.get(1)?;
                let change: Change = serde_json::from_str(&json)
                    .map_err(|_| self.broken("a change is not of the form this version reads"))?;
                changes.push(Change { number: row.get::<_, i64>(0)? as u64, ..change });
            }
            Ok(changes)
        })
    }

    fn sink(&self, name: &SinkName) -> Result<(SinkState, u64), QueueError> {
        self.read_sink(name)
    }

    fn store_sink(
        &self,
        name: &SinkName,
        state: &SinkState,
        revision: u64,
    ) -> Result<Option<u64>, QueueError> {
        self.write_sink(name, state, revision)
    }

    fn publish(&self, _change: &Change, _id: &str, _body: &[u8]) -> Result<bool, QueueError> {
        Ok(false)
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
        self.scrubbed()
    }

    fn retention(&self) -> Result<(Retention, u64), QueueError> {
        self.read_retention()
    }

    fn store_retention(&self, retention: &Retention, revision: u64) -> Result<Option<u64>, QueueError> {
        self.write_retention(retention, revision)
    }
}
