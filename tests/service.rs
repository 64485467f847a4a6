//! A worker with a check that is no check: what becomes of cases when it is told to stop, when the
//! check fails, and when the store is away.

mod fake_check;

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use realname::case::Date;
use realname::photos::{PhotoPlace, PhotoStore};
use realname::queue::{Counts, Queue, QueueOptions, QueuePlace, Submitted};
use realname::status::RequiredSteps;
use realname::worker::service::{Progress, ServiceReport, ServiceSettings, serve};
use realname::worker::submit::{SubmitError, SubmitSettings, submit_case};
use tempfile::TempDir;

fn options() -> QueueOptions {
    QueueOptions {
        lease: Duration::from_secs(2),
        faults_max: 2,
        backoff_first: Duration::from_millis(50),
        backoff_max: Duration::from_millis(100),
    }
}

struct Place {
    folder: TempDir,
    queue: std::sync::Arc<dyn Queue>,
    photos: PhotoStore,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let queue = QueuePlace::Sqlite(folder.path().join("q.db")).open(options()).expect("a queue");
        let photos = PhotoStore::open(&PhotoPlace::Folder(folder.path().join("photos"))).expect("a folder");
        Self { folder, queue, photos }
    }

    fn submit(&self, case_id: &str, front: &str) -> Result<(String, Submitted), SubmitError> {
        let case = self.folder.path().join("cases").join(case_id);
        fs::create_dir_all(&case).expect("a new folder");
        fs::write(case.join("front.jpg"), front).expect("a new file");
        let today = Date::new(2026, 11, 20);
        let settings = SubmitSettings { photo_bytes_max: 100, required: RequiredSteps::pipeline(), today };
        submit_case(&case, &self.photos, &*self.queue, &settings)
    }

    fn serve(&self, stop: &AtomicBool, tell: impl Fn(Progress<'_>) + Sync) -> ServiceReport {
        let settings = ServiceSettings {
            name: "w",
            in_flight: NonZeroUsize::new(2).expect("not zero"),
            photo_bytes_max: 100,
            lease: options().lease,
            drain: true,
            stop,
            stop_within: Duration::from_millis(600),
        };
        serve(&*self.queue, &self.photos, settings, fake_check::check, tell).expect("a queue")
    }

    fn counts(&self) -> Counts {
        self.queue.counts().expect("a queue")
    }
}

#[test]
fn every_case_ends_somewhere_and_the_machines_faults_are_told() {
    let place = Place::new();
    let rows = ["pass", "retake", "reject", "review", "panic", "nonsense"];
    for (n, front) in rows.iter().enumerate() {
        place.submit(&format!("c-{n}"), front).expect("a queue");
    }
    let faults = Mutex::new(Vec::new());
    let report = place.serve(&AtomicBool::new(false), |what| {
        if let Progress::Fault { lease, reason, .. } = what {
            faults.lock().expect("one thread at a time").push(format!("{}: {reason}", lease.case_id));
        }
    });
    assert_eq!(report, ServiceReport { verdicts: 4, faults: 4, ..ServiceReport::default() });
    let expected = Counts { verified: 1, retake: 1, rejected: 1, in_review: 1, dead: 2, ..Counts::default() };
    assert_eq!(place.counts(), expected);
    let faults = faults.into_inner().expect("no panic");
    assert!(faults.contains(&"c-4: the check panicked: as asked for".to_owned()), "{faults:?}");
    assert!(faults.contains(&"c-5: no such thing as nonsense".to_owned()), "{faults:?}");

    // The day of submission judges, whatever day the worker has.
    let entry = place.queue.entry("c-0").expect("a queue").expect("a case");
    assert_eq!(entry.attempts[0].submission().expect("not purged").judged_on(), Date::new(2026, 11, 20));
    // Better photos after a retake are a new attempt; after a rejection they are refused.
    assert_eq!(place.submit("c-1", "pass").expect("asked for").1, Submitted::Queued { attempt: 2 });
    let refused = place.submit("c-2", "pass").expect_err("final").to_string();
    assert!(refused.contains("c-2") && refused.contains("rejected"), "{refused}");
}

#[test]
fn a_photo_that_is_gone_or_altered_sets_the_case_aside_at_once() {
    let place = Place::new();
    for case_id in ["gone", "altered"] {
        place.submit(case_id, "pass").expect("a queue");
    }
    place.photos.purge("gone").expect("a folder");
    let mut files = Vec::new();
    all_files(&place.folder.path().join("photos"), &mut files);
    assert_eq!(files.len(), 1);
    fs::write(&files[0], "pasS").expect("our own file");
    let report = place.serve(&AtomicBool::new(false), |_| {});
    assert_eq!((report.verdicts, report.faults), (0, 2));
    let dead = place.queue.dead(None, NonZeroUsize::new(9).expect("not zero")).expect("a queue");
    assert!(dead[0].case_id == "altered" && dead[0].reason.contains("altered"), "{dead:?}");
    assert!(dead[1].case_id == "gone" && dead[1].reason.contains("not there"), "{dead:?}");
}

fn all_files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { all_files(&path, found) } else { found.push(path) }
    }
}

#[test]
fn a_worker_that_is_told_to_stop_finishes_what_it_began_and_hands_back_the_rest() {
    let place = Place::new();
    for n in 0..20 {
        place.submit(&format!("c-{n:02}"), "pass 150").expect("a queue");
    }
    let stop = AtomicBool::new(false);
    let done = AtomicUsize::new(0);
    let report = place.serve(&stop, |what| {
        if matches!(what, Progress::Verdict { .. }) && done.fetch_add(1, Ordering::Relaxed) == 3 {
            stop.store(true, Ordering::Relaxed);
        }
    });
    assert!((4..=6).contains(&report.verdicts), "{report:?}");
    assert_eq!((report.faults, report.lease_losses), (0, 0));
    let counts = place.counts();
    assert_eq!((counts.processing, counts.verified), (0, report.verdicts), "{counts:?}");
    assert_eq!(counts.queued, 20 - report.verdicts);
    let again = place.serve(&AtomicBool::new(false), |_| {});
    assert_eq!((again.verdicts, again.faults), (20 - report.verdicts, 0));
}

#[test]
fn what_takes_longer_than_is_left_is_handed_back_and_its_verdict_does_not_count() {
    let place = Place::new();
    place.submit("slow", "pass 6000").expect("a queue");
    let stop = AtomicBool::new(false);
    let overdue = Mutex::new(None);
    let began = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(300));
            stop.store(true, Ordering::Relaxed);
        });
        let report = place.serve(&stop, |what| {
            if let Progress::Overdue { cases } = what {
                *overdue.lock().expect("one thread") = Some((cases, began.elapsed()));
            }
        });
        assert_eq!((report.verdicts, report.handed_back), (0, 1));
    });
    let (cases, at) = overdue.into_inner().expect("no panic").expect("told");
    assert_eq!(cases, 1);
    assert!(at < Duration::from_millis(4500), "{at:?}");
    assert_eq!(place.counts(), Counts { queued: 1, ..Counts::default() });
}

#[test]
fn a_case_that_is_checked_for_longer_than_a_lease_stays_in_hand() {
    let place = Place::new();
    place.submit("slow", "pass 5000").expect("a queue");
    let report = place.serve(&AtomicBool::new(false), |_| {});
    assert_eq!(report, ServiceReport { verdicts: 1, ..ServiceReport::default() });
}
