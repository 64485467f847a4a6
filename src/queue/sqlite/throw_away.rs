//! A queue that one process has for itself while it works, and throws away when it is done.
//!
//! What is put in stays until it is taken out, so the file holds no more than what is in hand, what
//! waits and what was set aside. Its owner keeps the results elsewhere; the queue is there for what a
//! killed process cannot say any more: which cases it had in hand.
//!
//! Nobody else is waited for. A claim never runs out, and belongs to nobody once the file is opened
//! again; a fault sets a case aside at once; what the store cannot do now is an error at once. A kill
//! loses nothing; a power cut may take back the latest steps (`synchronous` is NORMAL), which are taken
//! again then.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, Transaction};

use super::failure::{Failure, failure, shown};
use super::{Sharing, SqliteQueue};
use crate::queue::clock::SystemClock;
use crate::queue::entry::{Entry, QueueState};
use crate::queue::options::QueueOptions;
use crate::queue::submission::Submission;
use crate::queue::{Queue, QueueError};
use crate::status::RequiredSteps;

/// What SQLite calls a file that is none.
const IN_MEMORY: &str = ":memory:";

/// A queue of one process.
pub struct ThrowAwayQueue(SqliteQueue);

impl ThrowAwayQueue {
    /// How long a claim holds: longer than any process works.
    pub const LEASE: Duration = Duration::from_secs(100 * 365 * 86_400);

    /// Opens the queue in the file at `path`, which is made where there is none, for its owner's eyes
    /// only; without a path in memory.
    ///
    /// # Errors
    /// The file cannot be opened or written, is damaged, is something other than a queue, or another
    /// process has it open.
    pub fn open(path: Option<&Path>) -> Result<Self, QueueError> {
        let options = QueueOptions {
            lease: Self::LEASE,
            faults_max: 1,
            backoff_first: Duration::ZERO,
            backoff_max: Duration::ZERO,
        };
        let connection = match path {
            Some(path) => {
                made(path).map_err(|error| QueueError::Broken {
                    queue: shown(path),
                    detail: format!("{error}: the file and its folder must be writable"),
                })?;
                Connection::open(path)
            }
            None => Connection::open_in_memory(),
        };
        let path = path.unwrap_or(Path::new(IN_MEMORY));
        let connection = connection.map_err(|error| failure(path, Sharing::Alone, &error))?;
        let clock = Arc::new(SystemClock::new());
        SqliteQueue::opened(connection, path, options, clock, Sharing::Alone).map(Self)
    }

    /// The queue as a worker sees it.
    pub fn as_queue(&self) -> &dyn Queue {
        &self.0
    }

    /// Takes over what an earlier process left: of the cases that are still `wanted`, those stay that
    /// it was lost with or that were set aside as what killed a process. They can be claimed again, as
    /// suspects. Everything else is forgotten.
    ///
    /// # Errors
    /// The store's only.
    pub fn take_over(&self, wanted: impl Fn(&str) -> bool) -> Result<(), QueueError> {
        let queue = &self.0;
        queue.transaction(|tx| {
            let now = queue.clock.now();
            let mut suspects = Vec::new();
            for mut entry in self.all(tx)? {
                entry.make_due(now);
                if matches!(entry.state, QueueState::Claimed { .. }) {
                    entry = entry.lost(&queue.options, now).entry;
                }
                if !wanted(&entry.case_id) || !entry.is_suspect() {
                    continue;
                }
                match entry.state {
                    QueueState::Dead { .. } => suspects.push(entry.requeued(now)?),
                    QueueState::Queued { .. } => suspects.push(entry.stored(now, None)),
                    QueueState::Idle | QueueState::Claimed { .. } => {} // It has its verdict.
                }
            }
            tx.execute_batch("DELETE FROM cases; DELETE FROM changes;")?;
            for suspect in &suspects {
                queue.store(tx, suspect)?;
            }
            Ok(())
        })
    }

    fn all(&self, tx: &Transaction<'_>) -> Result<Vec<Entry>, Failure> {
        let mut statement = tx.prepare("SELECT entry FROM cases ORDER BY number")?;
        let mut rows = statement.query([])?;
        let mut entries = Vec::new();
        while let Some(row) = rows.next()? {
            entries.push(self.0.parsed(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?);
        }
        Ok(entries)
    }

    /// Forgets the cases that are `done` and puts the `next` in; one that is there already stays as it
    /// is. One step: either all of it or nothing.
    ///
    /// # Errors
    /// The store's only.
    pub fn exchange(&self, done: &[String], next: &[Submission]) -> Result<(), QueueError> {
        let (queue, required) = (&self.0, RequiredSteps::pipeline());
        queue.transaction(|tx| {
            let now = queue.clock.now();
            for case_id in done {
                tx.prepare_cached("DELETE FROM cases WHERE case_id = ?")?.execute([case_id])?;
            }
            for submission in next {
                let before = queue.read(tx, &submission.case_id)?;
                let (_, step) = Entry::submitted(before, submission, &required, now)?;
                if let Some(step) = step {
                    queue.store(tx, &step)?;
                }
            }
            // Nobody is told of them.
            tx.prepare_cached("DELETE FROM changes")?.execute([])?;
            Ok(())
        })
    }

    /// Removes the queue with its file.
    ///
    /// # Errors
    /// The file cannot be removed.
    pub fn remove(self) -> Result<(), QueueError> {
        let path = self.0.path.clone();
        drop(self); // Which brings the journal into the file, and removes it.
        if path == Path::new(IN_MEMORY) {
            return Ok(());
        }
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(QueueError::Broken {
                queue: shown(&path),
                detail: format!("{error}: it is not needed any more; remove it"),
            }),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// Makes the file where there is none, not open to others: SQLite would make it as open as any.
fn made(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(|_| ())
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;
    use crate::queue::{Claimed, Company, Counts, Release};

    fn queue_of(path: Option<&Path>, case_ids: &[&str]) -> ThrowAwayQueue {
        let queue = ThrowAwayQueue::open(path).expect("a queue");
        let next: Vec<_> = case_ids.iter().map(|id| Submission::of_name((*id).to_owned())).collect();
        queue.exchange(&[], &next).expect("space");
        queue
    }

    fn claims(queue: &ThrowAwayQueue, max: usize) -> Vec<Claimed> {
        queue.as_queue().claim("w", NonZeroUsize::new(max).expect("some")).expect("a queue")
    }

    fn named(claims: &[Claimed]) -> Vec<(&str, Company)> {
        claims.iter().map(|claimed| (claimed.lease.case_id.as_str(), claimed.company)).collect()
    }

    #[test]
    fn what_a_killed_process_had_in_hand_is_suspect_and_the_rest_forgotten() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("q");
        {
            let queue = queue_of(Some(&path), &["held", "gone", "fault", "kills"]);
            let held = claims(&queue, 4);
            let fault = Release::Fault { reason: "disk on fire".to_owned() };
            queue.as_queue().release(&held[2].lease, &fault).expect("held");
            let death = || Release::Death { reason: "signal 6".to_owned() };
            queue.as_queue().release(&held[3].lease, &death()).expect("held");
            let again = claims(&queue, 1);
            assert_eq!(named(&again), [("kills", Company::Alone)], "without a wait");
            queue.as_queue().release(&again[0].lease, &death()).expect("held");
            queue.exchange(&[], &[Submission::of_name("waits".to_owned())]).expect("space");
            let counts = queue.as_queue().counts().expect("a queue");
            assert_eq!(counts, Counts { queued: 1, processing: 2, dead: 2, ..Counts::default() });
        }
        let queue = ThrowAwayQueue::open(Some(&path)).expect("a queue");
        queue.take_over(|case_id| case_id != "gone").expect("a queue");
        // What is put in again stays a suspect; what is new is none.
        queue.exchange(&[], &["fault", "held"].map(|id| Submission::of_name(id.to_owned()))).expect("space");
        for suspect in ["held", "kills"] {
            let claimed = claims(&queue, 9);
            assert_eq!(named(&claimed), [(suspect, Company::Alone)]);
            queue.exchange(&[suspect.to_owned()], &[]).expect("space");
        }
        assert_eq!(named(&claims(&queue, 9)), [("fault", Company::Others)]);
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_its_owners_and_goes() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("q");
        let queue = queue_of(Some(&path), &["c"]);
        for entry in std::fs::read_dir(folder.path()).expect("a folder") {
            let entry = entry.expect("an entry");
            let mode = entry.metadata().expect("a file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{:?}", entry.path());
        }
        queue.remove().expect("our own file");
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
    }

    #[test]
    fn another_file_is_refused_and_left_as_it_was() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("q");
        std::fs::write(&path, "notes of mine, longer than a header of SQLite would be").expect("space");
        let before = std::fs::read(&path).expect("a file");
        let refused = ThrowAwayQueue::open(Some(&path)).err().expect("no queue").to_string();
        assert!(refused.contains("not an SQLite file"), "{refused}");
        assert_eq!(std::fs::read(&path).expect("a file"), before);
        // What workers share is not this process' to take over, and the other way round.
        let shared = folder.path().join("shared");
        drop(SqliteQueue::open(&shared, QueueOptions::default()).expect("a queue"));
        let refused = ThrowAwayQueue::open(Some(&shared)).err().expect("shared").to_string();
        assert!(refused.contains("not a queue of this kind"), "{refused}");
        let own = folder.path().join("own");
        drop(queue_of(Some(&own), &["c"]));
        assert!(SqliteQueue::open(&own, QueueOptions::default()).is_err());
        let absent = ThrowAwayQueue::open(Some(&folder.path().join("no/q"))).err().expect("no folder");
        assert!(absent.to_string().contains("must be writable"), "{absent}");
    }

    #[test]
    fn a_queue_in_memory_leaves_nothing() {
        let queue = queue_of(None, &["a", "b"]);
        assert_eq!(named(&claims(&queue, 9)), [("a", Company::Others), ("b", Company::Others)]);
        queue.remove().expect("nothing to remove");
        assert!(!Path::new(IN_MEMORY).exists());
    }
}
