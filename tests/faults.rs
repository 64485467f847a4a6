//! What a worker does when the machine fails it: it says so or waits, loses nothing, and does not spin.
//!
//! One test at a time, because each measures the CPU time of the whole process while it waits. The full
//! and the read-only disk are a small file system in memory; who may not mount one (most containers)
//! is told that the two tests were skipped.

#![cfg(target_os = "linux")]

mod fake_check;
mod nats_server;

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use nats_server::Servers;
use realname::photos::{PhotoPlace, PhotoStore};
use realname::queue::{
    Clock, Counts, Now, Queue, QueueError, QueueOptions, QueuePlace, SqliteQueue, SystemClock,
};
use realname::status::RequiredSteps;
use realname::worker::service::{Progress, ServeError, ServiceReport, ServiceSettings, serve};
use realname::worker::submit::{SubmitError, SubmitSettings, submit_case};
use tempfile::TempDir;

/// A worker that waits may use this much of a core.
const IDLE_SHARE_MAX: f64 = 0.2;

fn one_at_a_time() -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    LOCK.lock().unwrap_or_else(PoisonError::into_inner)
}

fn options() -> QueueOptions {
    QueueOptions {
        lease: Duration::from_secs(2),
        backoff_first: Duration::from_millis(50),
        ..QueueOptions::default()
    }
}

fn submit(
    queue: &dyn Queue,
    photos: &PhotoStore,
    cases: &Path,
    n: usize,
    front: &str,
) -> Result<(), SubmitError> {
    let case = cases.join(format!("c-{n:04}"));
    fs::create_dir_all(&case).expect("a new folder");
    fs::write(case.join("front.jpg"), front).expect("a new file");
    let settings =
        SubmitSettings { photo_bytes_max: 1 << 20, required: RequiredSteps::pipeline(), today: None };
    submit_case(&case, photos, queue, &settings).map(|_| ())
}

fn folder_store(path: &Path) -> PhotoStore {
    PhotoStore::open(&PhotoPlace::Folder(path.to_owned())).expect("a folder")
}

/// What a worker told of, counted.
#[derive(Default)]
struct Told {
    waits: AtomicUsize,
    resumed: AtomicUsize,
    verdicts: AtomicUsize,
    faults: AtomicUsize,
    words: Mutex<String>,
}

impl Told {
    fn add(&self, what: &Progress<'_>) {
        match what {
            Progress::Waiting { error } => {
                *self.words.lock().expect("no panic") = error.to_string();
                self.waits.fetch_add(1, Ordering::Relaxed);
            }
            Progress::Resumed => {
                self.resumed.fetch_add(1, Ordering::Relaxed);
            }
            Progress::Verdict { .. } => {
                self.verdicts.fetch_add(1, Ordering::Relaxed);
            }
            Progress::Fault { reason, .. } => {
                *self.words.lock().expect("no panic") = (*reason).to_owned();
                self.faults.fetch_add(1, Ordering::Relaxed);
            }
            Progress::Claimed { .. }
            | Progress::LeaseLost { .. }
            | Progress::HandedBack { .. }
            | Progress::Overdue { .. } => {}
        }
    }

    fn words(&self) -> String {
        self.words.lock().expect("no panic").clone()
    }

    fn wait_until(&self, what: &str, at_most: Duration, holds: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !holds(self) {
            assert!(began.elapsed() < at_most, "{what} after {at_most:?}: {}", self.words());
            thread::sleep(Duration::from_millis(10));
        }
    }
}

fn work(queue: &dyn Queue, photos: &PhotoStore, told: &Told) -> Result<ServiceReport, ServeError> {
    let stop = AtomicBool::new(false);
    let settings = ServiceSettings {
        name: "w",
        in_flight: NonZeroUsize::new(2).expect("not zero"),
        photo_bytes_max: 1 << 20,
        lease: options().lease,
        drain: true,
        stop: &stop,
        stop_within: Duration::from_secs(1),
    };
    serve(queue, photos, settings, fake_check::check, |what| told.add(&what))
}

/// The share of a core that this process uses while it waits.
fn idle_share(during: Duration) -> f64 {
    let (began, cpu) = (Instant::now(), ProcessTime::now());
    thread::sleep(during);
    cpu.elapsed().as_secs_f64() / began.elapsed().as_secs_f64()
}

fn realname(args: &[&str], queue: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_realname"));
    command.args(args).env("REALNAME_QUEUE", queue).env_remove("REALNAME_PHOTOS");
    command.output().expect("the program starts")
}

fn refused(args: &[&str], queue: &str, says: &str) {
    let output = realname(args, queue);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{args:?}: {told}");
    assert!(told.contains(says), "{args:?}: {told}");
}

/// A small file system in memory, gone with the test.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount(kib: usize) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let size = format!("size={kib}k");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder.path()).output();
        if mounted.as_ref().is_ok_and(|output| output.status.success()) {
            return Some(Self(folder));
        }
        eprintln!("SKIPPED: no disk was filled, for want of the right to mount one");
        None
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Takes every byte that is left; gone when the file is removed.
    fn fill(&self) -> PathBuf {
        let path = self.path().join("filler");
        let mut file = fs::File::create(&path).expect("a new file");
        for block in [4096, 1] {
            while std::io::Write::write_all(&mut file, &vec![0; block]).is_ok() {}
        }
        path
    }

    fn remount(&self, mode: &str) {
        let option = format!("remount,{mode}");
        let done = Command::new("mount").args(["-o", &option]).arg(self.path()).status().expect("mount");
        assert!(done.success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(self.0.path()).status().ok();
    }
}

#[test]
fn a_full_disk_is_told_of_and_waited_for_and_loses_nothing() {
    let _alone = one_at_a_time();
    // More than the write-ahead log grows to before it is written back (4 MB).
    let Some(disk) = SmallDisk::mount(16 << 10) else { return };
    let cases = tempfile::tempdir().expect("a temporary folder");
    let place = format!("sqlite:{}", disk.path().join("q.db").display());
    let queue = QueuePlace::parse(&place).expect("a queue").open(options()).expect("a queue");
    let photos = folder_store(&disk.path().join("q.db.photos"));
    let confirmed = 30;
    for n in 0..confirmed {
        submit(&*queue, &photos, cases.path(), n, "pass 1").expect("space");
    }
    let filler = disk.fill();
    let full = submit(&*queue, &photos, cases.path(), confirmed, "pass 1").expect_err("no space");
    let told = full.to_string().to_lowercase();
    assert!(told.contains("disk is full") || told.contains("no space left"), "{told}");
    let case = cases.path().join(format!("c-{confirmed:04}"));
    refused(&["submit", case.to_str().expect("plain")], &place, "");

    let told = Told::default();
    thread::scope(|scope| {
        let worker = scope.spawn(|| work(&*queue, &photos, &told));
        told.wait_until("it waits", Duration::from_secs(30), |told| told.waits.load(Ordering::Relaxed) > 0);
        let share = idle_share(Duration::from_secs(3));
        assert!(share < IDLE_SHARE_MAX, "{share:.2} of a core while the disk is full");
        assert!(told.words().contains("the disk is full"), "{}", told.words());
        assert_eq!(told.faults.load(Ordering::Relaxed), 0, "{}", told.words());
        fs::remove_file(filler).expect("our own file");
        let report = worker.join().expect("no panic").expect("a queue");
        assert_eq!((report.verdicts, report.faults), (confirmed as u64, 0));
    });
    let counts = queue.counts().expect("a queue");
    assert_eq!(counts, Counts { verified: confirmed as u64, ..Counts::default() });
}

#[test]
fn a_disk_that_can_only_be_read_is_an_error_that_says_so_and_loses_nothing() {
    let _alone = one_at_a_time();
    let Some(disk) = SmallDisk::mount(4096) else { return };
    let cases = tempfile::tempdir().expect("a temporary folder");
    let place = format!("sqlite:{}", disk.path().join("q.db").display());
    let queue = QueuePlace::parse(&place).expect("a queue").open(options()).expect("a queue");
    let photos = folder_store(&disk.path().join("q.db.photos"));
    for n in 0..5 {
        submit(&*queue, &photos, cases.path(), n, "pass 1").expect("space");
    }
    // Nobody may have a file open to write for the disk to become so.
    drop(queue);
    disk.remount("ro");
    let case = cases.path().join("c-0000");
    for args in [&["status"][..], &["submit", case.to_str().expect("plain")]] {
        refused(args, &place, "writable");
    }
    let fresh = format!("sqlite:{}", disk.path().join("other.db").display());
    refused(&["status"], &fresh, "the folder must exist and be writable");
    disk.remount("rw");
    let queue = QueuePlace::parse(&place).expect("a queue").open(options()).expect("a queue");
    let report = work(&*queue, &photos, &Told::default()).expect("a queue");
    assert_eq!((report.verdicts, report.faults), (5, 0));
}

#[test]
fn a_damaged_file_ends_a_worker_with_what_to_do() {
    let _alone = one_at_a_time();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("q.db");
    let photos = folder_store(&folder.path().join("q.db.photos"));
    let open = || QueuePlace::Sqlite(path.clone()).open(options());
    let queue = open().expect("a queue");
    for n in 0..200 {
        submit(&*queue, &photos, &folder.path().join("cases"), n, "pass 1").expect("space");
    }
    drop(queue);
    let good = fs::read(&path).expect("the file");
    let place = format!("sqlite:{}", path.display());
    // As a failing disk does it: every page but the first.
    let mut damaged = good.clone();
    damaged[4096..].fill(0xa5);
    fs::write(&path, &damaged).expect("space");
    let began = Instant::now();
    let told = match open() {
        Ok(queue) => match work(&*queue, &photos, &Told::default()) {
            Err(ServeError::Queue(error)) => error,
            other => panic!("{other:?}"),
        },
        Err(error) => error,
    };
    assert!(matches!(&told, QueueError::Broken { .. }) && told.to_string().contains(".dump"), "{told}");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    refused(&["status", "--counts"], &place, "the file is damaged");

    let mut no_database = good.clone();
    no_database[..100].fill(0x20);
    fs::write(&path, no_database).expect("space");
    refused(&["status", "--counts"], &place, "not an SQLite file");
    fs::write(&path, &good[..good.len() / 2]).expect("space");
    refused(&["status", "--counts"], &place, "the file is damaged");

    fs::write(&path, good).expect("space");
    let report = work(&*open().expect("a queue"), &photos, &Told::default()).expect("a queue");
    assert_eq!((report.verdicts, report.faults), (200, 0));
}

#[test]
fn servers_of_nats_that_are_away_for_twenty_seconds_are_waited_for() {
    let _alone = one_at_a_time();
    let Some(mut servers) = Servers::start(1) else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let photos = folder_store(&folder.path().join("photos"));
    let queue = QueuePlace::parse(&servers.queue("away")).expect("a queue").open(options()).expect("a queue");
    const CASES: usize = 40;
    for n in 0..CASES {
        submit(&*queue, &photos, &folder.path().join("cases"), n, "pass 100").expect("a queue");
    }
    let told = Told::default();
    thread::scope(|scope| {
        let worker = scope.spawn(|| work(&*queue, &photos, &told));
        told.wait_until("verdicts", Duration::from_secs(30), |told| {
            told.verdicts.load(Ordering::Relaxed) > 4
        });
        servers.kill(0);
        let away = Instant::now();
        thread::sleep(Duration::from_secs(1)); // What is in hand is checked to its end.
        let share = idle_share(Duration::from_secs(16));
        assert!(share < IDLE_SHARE_MAX, "{share:.2} of a core while NATS is away");
        told.wait_until("it waits", Duration::from_secs(20), |told| told.waits.load(Ordering::Relaxed) > 0);
        thread::sleep(Duration::from_secs(20).saturating_sub(away.elapsed()));
        assert!(told.verdicts.load(Ordering::Relaxed) < CASES);
        servers.restart(0);
        let report = worker.join().expect("no panic").expect("a queue");
        assert_eq!(report.faults, 0, "{}", told.words());
    });
    let counts = queue.counts().expect("a queue");
    assert_eq!(counts, Counts { verified: CASES as u64, ..Counts::default() });
}

/// The machine's clocks, with the wall's set wrong.
struct Wrong {
    right: SystemClock,
    off_ms: AtomicI64,
}

impl Clock for Wrong {
    fn now(&self) -> Now {
        let now = self.right.now();
        Now { wall_ms: now.wall_ms.saturating_add_signed(self.off_ms.load(Ordering::Relaxed)), ..now }
    }

    fn boot(&self) -> &str {
        self.right.boot()
    }
}

#[test]
fn a_clock_that_jumps_takes_no_lease_and_makes_nobody_wait() {
    const YEAR_MS: i64 = 365 * 24 * 3600 * 1000;
    let _alone = one_at_a_time();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let photos = folder_store(&folder.path().join("photos"));
    let clock = Arc::new(Wrong { right: SystemClock::new(), off_ms: AtomicI64::new(0) });
    let open =
        || SqliteQueue::with_clock(&folder.path().join("q.db"), options(), Arc::<Wrong>::clone(&clock) as _);
    let queue = open().expect("a queue");
    let other = open().expect("a queue");
    for n in 0..30 {
        submit(&queue, &photos, &folder.path().join("cases"), n, "pass 50").expect("space");
    }
    let told = Told::default();
    let began = Instant::now();
    thread::scope(|scope| {
        let worker = scope.spawn(|| work(&queue, &photos, &told));
        told.wait_until("a verdict", Duration::from_secs(10), |told| {
            told.verdicts.load(Ordering::Relaxed) > 2
        });
        clock.off_ms.store(10 * YEAR_MS, Ordering::Relaxed);
        // Another worker, that would take what has lapsed.
        let stolen = other.claim("thief", NonZeroUsize::new(99).expect("not zero")).expect("a queue");
        let of_the_first = stolen.iter().filter(|claimed| claimed.lease.token > 1).count();
        assert_eq!(of_the_first, 0, "leases lapsed by the wall's clock");
        for claimed in &stolen {
            other.release(&claimed.lease, &realname::queue::Release::HandedBack).expect("held");
        }
        clock.off_ms.store(-10 * YEAR_MS, Ordering::Relaxed);
        let report = worker.join().expect("no panic").expect("a queue");
        assert_eq!((report.verdicts, report.faults, report.lease_losses), (30, 0, 0));
    });
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    let entry = queue.entry("c-0000").expect("a queue").expect("a case");
    assert_eq!((entry.attempts[0].losses, entry.attempts[0].faults), (0, 0));
}
