//! The queue in a file: the suite of every queue, and what is only to be feared of files.

mod queue_suite;

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use queue_suite::{options, submission, suite, verdict};
use realname::policy::VerificationStatus;
use realname::queue::{
    Bucket, Clock, Counts, Keep, Now, Page, PurgeRule, Queue, QueueError, QueueOptions, SinkName,
    SqliteQueue, Undecided,
};
use realname::status::RequiredSteps;

const ONE: NonZeroUsize = NonZeroUsize::MIN;

fn open(path: &Path) -> Result<SqliteQueue, QueueError> {
    SqliteQueue::open(path, options())
}

fn submit(queue: &dyn Queue, case_id: &str) {
    queue.submit(&submission(case_id, case_id), &RequiredSteps::pipeline()).expect("a queue");
}

#[test]
fn does_what_every_queue_does() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    suite(&|name, options| {
        let path = folder.path().join(format!("{name}.db"));
        Arc::new(SqliteQueue::open(&path, options.clone()).expect("a queue"))
    });
}

/// A machine whose clocks are set by hand.
struct Hand {
    wall_ms: AtomicU64,
    steady_ms: AtomicU64,
    boot: Mutex<&'static str>,
}

struct At(Arc<Hand>, &'static str);

impl Clock for At {
    fn now(&self) -> Now {
        let at = |clock: &AtomicU64| clock.load(Ordering::Relaxed);
        Now { wall_ms: at(&self.0.wall_ms), steady_ms: at(&self.0.steady_ms) }
    }

    fn boot(&self) -> &str {
        self.1
    }
}

fn by_hand(path: &Path, hand: &Arc<Hand>) -> SqliteQueue {
    let boot = *hand.boot.lock().expect("one thread");
    let options = QueueOptions { lease: Duration::from_secs(60), ..options() };
    SqliteQueue::with_clock(path, options, Arc::new(At(hand.clone(), boot))).expect("a queue")
}

#[test]
fn the_walls_clock_decides_nothing_and_a_restart_of_the_machine_frees_every_lease() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("q.db");
    let hand = Arc::new(Hand {
        wall_ms: AtomicU64::new(2_000_000_000_000),
        steady_ms: AtomicU64::new(50_000_000),
        boot: Mutex::new("one"),
    });
    let queue = by_hand(&path, &hand);
    submit(&queue, "a");
    let held = queue.claim("w", ONE).expect("a queue");
    assert_eq!(held.len(), 1);
    for wall_ms in [0, 1, 9_000_000_000_000] {
        hand.wall_ms.store(wall_ms, Ordering::Relaxed);
        assert!(queue.claim("thief", ONE).expect("a queue").is_empty(), "at {wall_ms}");
    }
    hand.steady_ms.fetch_add(59_999, Ordering::Relaxed);
    assert!(queue.claim("thief", ONE).expect("a queue").is_empty());
    drop(queue);
    // The machine was off: its steady clock begins anew, and whoever held the case is gone.
    hand.steady_ms.store(10, Ordering::Relaxed);
    *hand.boot.lock().expect("one thread") = "two";
    let queue = by_hand(&path, &hand);
    assert!(queue.claim("next", ONE).expect("a queue").is_empty(), "it waits, since a worker was lost");
    hand.steady_ms.fetch_add(options().backoff_first.as_millis() as u64, Ordering::Relaxed);
    let next = queue.claim("next", ONE).expect("a queue");
    assert_eq!(next.len(), 1);
    queue.record(&next[0].lease, &verdict("a", VerificationStatus::Verified)).expect("held");
    assert_eq!(queue.counts().expect("a queue").verified, 1);
}

#[test]
fn what_is_no_queue_is_refused_and_left_as_it_was() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("notes.txt");
    fs::write(&path, "notes, and not a database at all; more than a hundred bytes of them. ".repeat(40))
        .expect("space");
    let before = fs::read(&path).expect("a file");
    let refused = open(&path).err().expect("no database").to_string();
    assert!(refused.contains("not an SQLite file") && refused.contains("notes.txt"), "{refused}");
    assert_eq!(fs::read(&path).expect("a file"), before);

    let absent = folder.path().join("absent/q.db");
    let refused = open(&absent).err().expect("no folder").to_string();
    assert!(refused.contains("the folder must exist"), "{refused}");
}

#[test]
fn a_damaged_file_is_an_error_that_says_so_and_no_loop() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("q.db");
    {
        let queue = open(&path).expect("a queue");
        for n in 0..200 {
            submit(&queue, &format!("c-{n}"));
        }
    }
    let mut bytes = fs::read(&path).expect("a file");
    let len = bytes.len();
    bytes[4096..len].fill(0x5a);
    fs::write(&path, bytes).expect("space");
    let began = Instant::now();
    let told = match open(&path) {
        Ok(queue) => queue.claim("w", ONE).expect_err("damaged").to_string(),
        Err(error) => error.to_string(),
    };
    assert!(told.contains("damaged") || told.contains("malformed"), "{told}");
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_file_of_the_first_form_is_brought_to_this_one_with_what_it_holds() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("q.db");
    submit(&open(&path).expect("a queue"), "a");
    let first_form = rusqlite::Connection::open(&path).expect("a file");
    let without = "DROP INDEX listed; DROP TABLE sinks; DROP TRIGGER uncounted; PRAGMA user_version = 1;";
    first_form.execute_batch(without).expect("the tables of this form");
    drop(first_form);
    let queue = open(&path).expect("a queue of the first form");
    let page = Page { bucket: Some(Bucket::Queued), after: None, max: ONE };
    assert_eq!(queue.entries(page).expect("a queue").len(), 1);
    let name = SinkName::parse("test").expect("a name");
    let (state, revision) = queue.sink(&name).expect("a queue");
    assert_eq!(queue.store_sink(&name, &state, revision).expect("a queue"), Some(1));
    assert_eq!(queue.store_sink(&name, &state, revision).expect("a queue"), None, "as it was read only");
    let held = queue.claim("w", ONE).expect("a queue");
    queue.record(&held[0].lease, &verdict("a", VerificationStatus::Verified)).expect("held");
    let rule = PurgeRule { older_than: Duration::ZERO, keep: Keep::Codes, undecided: Undecided::Go };
    assert_eq!(queue.begin_purge(&rule, None, ONE).expect("a queue"), ["a"]);
    queue.end_purge("a", Keep::Codes).expect("begun");
    assert_eq!(queue.counts().expect("a queue"), Counts::default());
    drop(queue);
    assert!(open(&path).is_ok(), "once is enough");
}

#[test]
fn the_recipe_for_a_damaged_file_names_the_form_of_this_version() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("q.db");
    drop(open(&path).expect("a queue"));
    let file = rusqlite::Connection::open(&path).expect("a file");
    let pragma = |name: &str| -> i64 {
        file.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0)).expect("a number")
    };
    let recipe = include_str!("../docs/operations.md");
    for name in ["application_id", "user_version"] {
        let line = format!("PRAGMA {name} = {};", pragma(name));
        assert!(recipe.contains(&line), "docs/operations.md does not say {line}");
    }
}
