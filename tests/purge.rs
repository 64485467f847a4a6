//! Retention, by the command and by the queue's own rule: every byte that is left is read, and nothing
//! that a person typed or sent is among them.

mod fake_check;
mod nats_server;

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use nats_server::Servers;
use realname::evidence::Provenance;
use realname::monitor::Metrics;
use realname::photos::{PhotoPlace, PhotoStore};
use realname::policy::VerificationStatus;
use realname::queue::{
    ChangeKind, Clock, Counts, Keep, Now, PurgeRule, Queue, QueueError, QueueOptions, QueuePlace, Review,
    Submitted, TURN_EVERY, Undecided,
};
use realname::status::{RequiredSteps, ReviewDecision};
use realname::worker::purge::{PurgeReport, purge};
use realname::worker::retention::{
    RetentionEvent, RetentionSettings, TurnEnd, turn_taken, while_keeping_rule,
};
use realname::worker::service::{ServiceSettings, serve};
use realname::worker::submit::{SubmitSettings, submit_case};

const CASES: usize = 120;

/// What must not be found: each stands in another kind of thing that is kept.
const NAME: &str = "\u{5f20}\u{4e09}\u{4e30}\u{5f20}\u{4e09}\u{4e30}";
const NUMBER: &str = "999999199001011234";
const PHOTO: &str = "these are the pixels of somebody";
const NOTE: &str = "the neighbour of a reviewer";
/// Begins every whole verdict.
const VERDICT: &str = "realname.verdict/1";

fn marks() -> [String; 5] {
    [NAME, NUMBER, PHOTO, NOTE, VERDICT].map(str::to_owned)
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("a folder").path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// Which marks stand in which files.
fn found(folder: &Path) -> Vec<(String, PathBuf)> {
    found_of(folder, &marks())
}

fn found_of(folder: &Path, marks: &[String]) -> Vec<(String, PathBuf)> {
    let mut all = Vec::new();
    files(folder, &mut all);
    let mut found = Vec::new();
    for path in all {
        let bytes = fs::read(&path).unwrap_or_default();
        for mark in marks {
            if bytes.windows(mark.len()).any(|window| window == mark.as_bytes()) {
                found.push((mark.clone(), path.clone()));
            }
        }
    }
    found
}

fn marks_in(found: &[(String, PathBuf)]) -> Vec<&str> {
    let mut marks: Vec<&str> = found.iter().map(|(mark, _)| mark.as_str()).collect();
    marks.sort_unstable();
    marks.dedup();
    marks
}

fn case(folder: &Path, case_id: &str, what: &str) -> PathBuf {
    case_of(folder, case_id, what, NAME)
}

fn case_of(folder: &Path, case_id: &str, what: &str, name: &str) -> PathBuf {
    let case = folder.join(case_id);
    fs::create_dir_all(&case).expect("a new folder");
    fs::write(case.join("front.jpg"), format!("{what} 0 {PHOTO} {case_id}")).expect("space");
    let document = serde_json::json!({
        "schema": "realname.case/1", "case_id": case_id, "front": "front.jpg",
        "claims": {"name": name, "id_number": NUMBER}
    });
    fs::write(case.join("case.json"), document.to_string()).expect("space");
    case
}

fn work(queue: &dyn Queue, photos: &PhotoStore) {
    let stop = AtomicBool::new(false);
    let settings = ServiceSettings {
        name: "w",
        in_flight: NonZeroUsize::new(2).expect("not zero"),
        photo_bytes_max: 1000,
        lease: Duration::from_secs(60),
        drain: true,
        stop: &stop,
        stop_within: Duration::from_secs(5),
    };
    serve(queue, photos, settings, fake_check::check, |_| {}).expect("a queue");
}

/// Cases are decided and purged; `kept_in` is where the queue and the photos are.
fn nothing_is_left(place: &str, kept_in: &Path) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let queue: Arc<dyn Queue> =
        QueuePlace::parse(place).expect("a queue").open(QueueOptions::default()).expect("a queue");
    let photos = kept_in.join("photos");
    let photos = PhotoStore::open(&PhotoPlace::Folder(photos)).expect("a folder");
    let settings = SubmitSettings { photo_bytes_max: 1000, required: RequiredSteps::pipeline(), today: None };
    let submit = |path: &Path| submit_case(path, &photos, &*queue, &settings);
    for n in 0..CASES {
        let what = ["pass", "retake", "reject", "review"][n % 4];
        submit(&case(folder.path(), &format!("c-{n:03}"), what)).expect("a queue");
    }
    work(&*queue, &photos);
    for n in (3..CASES).step_by(4).take(10) {
        let review = Review::new(&format!("c-{n:03}"), 1, ReviewDecision::Reject, "li.lei").expect("a name");
        queue.review(&review.with_note(NOTE).expect("a note")).expect("in review");
    }
    // A second attempt of one, and its verdict: earlier revisions are to be found as well.
    submit(&case(folder.path(), "c-001", "retake 1")).expect("asked for");
    work(&*queue, &photos);
    let mut all = marks();
    all.sort_unstable();
    assert_eq!(marks_in(&found(kept_in)), all, "what is looked for is there before");

    let rule = |older_than, keep| PurgeRule { older_than, keep, undecided: Undecided::Go };
    let none = purge(&*queue, &photos, &rule(Duration::from_secs(3600), Keep::Codes)).expect("a queue");
    assert_eq!(none, PurgeReport::default(), "nothing is old");
    let before = queue.entry("c-001").expect("a queue").expect("a case");
    // One is cut short after its fields went and before its photos did.
    let one = NonZeroUsize::MIN;
    let begun = queue.begin_purge(&rule(Duration::ZERO, Keep::Status), None, one).expect("a queue");
    assert_eq!(begun, ["c-000"]);
    let again = submit(&case(folder.path(), "c-000", "pass 7"));
    assert!(again.is_err_and(|error| error.to_string().contains("being purged")));

    let done = purge(&*queue, &photos, &rule(Duration::ZERO, Keep::Status)).expect("a queue");
    // One case has the photos of two attempts.
    // The refused submission above left its photo, which the purge of its case takes with it.
    assert_eq!(done, PurgeReport { cases: CASES as u64, photos: CASES as u64 + 2 });
    let left = found(kept_in);
    assert!(left.is_empty(), "{left:?}");
    let after = queue.entry("c-001").expect("a queue").expect("a case");
    assert_eq!((after.record.clone(), after.updated_ms), (before.record, before.updated_ms));
    let codes = |n: usize| after.attempts[n].verdict.as_ref().expect("a verdict").codes.clone();
    assert_eq!((codes(0), codes(1)), (vec!["card.blur".to_owned()], vec!["card.blur".to_owned()]));
    assert_eq!(after.changes.last().expect("a change").kind, ChangeKind::Purged);
    let again = purge(&*queue, &photos, &rule(Duration::ZERO, Keep::Status)).expect("a queue");
    assert_eq!(again, PurgeReport::default(), "once is enough");

    // What is queued stays, and gets its verdict.
    submit(&case(folder.path(), "new", "pass")).expect("a queue");
    let done = purge(&*queue, &photos, &rule(Duration::ZERO, Keep::Codes)).expect("a queue");
    assert_eq!(done, PurgeReport { cases: CASES as u64, photos: 0 });
    assert_eq!(queue.counts().expect("a queue"), Counts { queued: 1, ..Counts::default() });
    assert!(queue.entry("c-001").expect("a queue").is_none());
    work(&*queue, &photos);
    assert_eq!(queue.counts().expect("a queue"), Counts { verified: 1, ..Counts::default() });
    // A case that was forgotten is a new one.
    let (_, submitted) = submit(&case(folder.path(), "c-001", "pass 3")).expect("a queue");
    assert_eq!(submitted, Submitted::Queued { attempt: 1 });
    work(&*queue, &photos);
    let entry = queue.entry("c-001").expect("a queue").expect("a case");
    assert_eq!(entry.record.status(), VerificationStatus::Verified);
    let unknown = queue.requeue("c-002");
    assert!(matches!(unknown, Err(QueueError::Unknown { .. })), "{unknown:?}");
    purge(&*queue, &photos, &rule(Duration::ZERO, Keep::Codes)).expect("a queue");
    let left = found(kept_in);
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn nothing_is_left_in_a_file_its_journal_and_its_photos() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let place = format!("sqlite:{}", folder.path().join("q.db").display());
    nothing_is_left(&place, folder.path());
}

#[test]
fn nothing_is_left_in_the_store_of_nats() {
    let Some(servers) = Servers::start(1) else { return };
    nothing_is_left(&servers.queue("purged"), servers.folder());
}

/// The wall's clock of a worker, set by hand; queues have the machine's.
struct Hand(AtomicU64);

impl Clock for Hand {
    fn now(&self) -> Now {
        Now { wall_ms: self.0.load(Ordering::Relaxed), steady_ms: 0 }
    }

    fn boot(&self) -> &str {
        "by hand"
    }
}

fn set_rule(queue: &dyn Queue, rule: Option<PurgeRule>) {
    let (before, revision) = queue.retention().expect("a queue");
    let stored = queue.store_retention(&before.with_rule(rule), revision).expect("a queue");
    assert!(stored.is_some());
}

fn purged_changes(queue: &dyn Queue) -> usize {
    let all = queue.changes(0, NonZeroUsize::new(10_000).expect("not zero")).expect("a queue");
    all.iter().filter(|change| change.kind == ChangeKind::Purged).count()
}

/// A worker keeps the queue's rule beside its work; `kept_in` is where the queue and the photos are.
fn the_rule_leaves_nothing(place: &str, kept_in: &Path) {
    const REVIEWED: &str = "\u{674e}\u{56db}\u{4e30}\u{674e}\u{56db}\u{4e30}";
    let folder = tempfile::tempdir().expect("a temporary folder");
    let open = || QueuePlace::parse(place).expect("a queue").open(QueueOptions::default()).expect("a queue");
    // As `work` does: one for the cases, one for the rule.
    let (queue, own) = (open(), open());
    let photos = PhotoStore::open(&PhotoPlace::Folder(kept_in.join("photos"))).expect("a folder");
    let settings = SubmitSettings { photo_bytes_max: 1000, required: RequiredSteps::pipeline(), today: None };
    let submit = |path: &Path| submit_case(path, &photos, &*queue, &settings).expect("a queue");
    for n in 0..CASES {
        let (what, name) = [("pass", NAME), ("retake", NAME), ("reject", NAME), ("review", REVIEWED)][n % 4];
        submit(&case_of(folder.path(), &format!("c-{n:03}"), what, name));
    }
    let (stop, clock) = (AtomicBool::new(false), Hand(AtomicU64::new(2_000_000_000_000)));
    let look_every = Duration::from_secs(3600);
    let settings = RetentionSettings { worker: "w", look_every, clock: &clock, stop: &stop };
    let metrics = Metrics::new(&Provenance::default(), "f0").expect("names of their own");
    let turns = Mutex::new(Vec::new());
    let tell = |what: RetentionEvent<'_>| {
        metrics.count_retention(&what);
        match what {
            RetentionEvent::Purged { photos, .. } => assert_eq!(photos, 1),
            RetentionEvent::Turn { report, end, .. } => turns.lock().expect("no panic").push((report, end)),
            RetentionEvent::Failed { error } => panic!("{error}"),
        }
    };
    let worked = || while_keeping_rule(&*own, &photos, settings, tell, || work(&*queue, &photos));

    // Without a rule a worker purges nothing.
    worked();
    assert!(turns.lock().expect("no panic").is_empty());
    let marks: [String; 4] = [NAME, PHOTO, VERDICT, REVIEWED].map(str::to_owned);
    assert_eq!(marks_in(&found_of(kept_in, &marks)).len(), marks.len(), "it is there before");

    // With one, what was decided goes when the worker ends. What waits for a person stays.
    let rule = PurgeRule { older_than: Duration::ZERO, keep: Keep::Status, undecided: Undecided::Stay };
    set_rule(&*queue, Some(rule));
    worked();
    let decided = (CASES / 4 * 3) as u64;
    let report = PurgeReport { cases: decided, photos: decided };
    assert_eq!(std::mem::take(&mut *turns.lock().expect("no panic")), [(report, TurnEnd::Done)]);
    assert_eq!(purged_changes(&*queue), CASES / 4 * 3);
    let left = found_of(kept_in, &[NAME.to_owned()]);
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(found_of(kept_in, &[PHOTO.to_owned()]).len(), CASES / 4, "a file for each that waits");
    assert!(!found_of(kept_in, &[REVIEWED.to_owned()]).is_empty());
    let before = queue.counts().expect("a queue");
    let each = CASES as u64 / 4;
    let counts = Counts { verified: each, retake: each, rejected: each, in_review: each, ..before };
    assert_eq!((before, before.open(), before.dead), (counts, 0, 0));

    // Once an hour, and one that waits in the queue is not touched.
    let turn = || turn_taken(&*own, &photos, settings, tell).expect("a queue");
    submit(&case_of(folder.path(), "c-002-later", "pass", NAME));
    assert_eq!(turn(), None, "not due yet");
    clock.0.fetch_add(TURN_EVERY.as_millis() as u64, Ordering::Relaxed);
    assert_eq!(turn(), Some((PurgeReport::default(), TurnEnd::Done)));
    assert_eq!(queue.counts().expect("a queue").queued, 1);
    assert!(!found_of(kept_in, &[NAME.to_owned()]).is_empty(), "it was not purged");
    turns.lock().expect("no panic").clear();

    // A worker that is told to stop leaves the rest to the next, which goes on at once.
    let all = PurgeRule { keep: Keep::Codes, undecided: Undecided::Go, ..rule };
    set_rule(&*queue, Some(all));
    let stopping = |what: RetentionEvent<'_>| {
        let is_case = matches!(what, RetentionEvent::Purged { .. });
        stop.store(is_case || stop.load(Ordering::Relaxed), Ordering::Relaxed);
    };
    let cut_short = turn_taken(&*own, &photos, settings, stopping).expect("a queue").expect("due");
    assert_eq!((cut_short.0.cases, cut_short.1), (1, TurnEnd::Stopped));
    assert!(queue.retention().expect("a queue").0.is_unfinished());
    stop.store(false, Ordering::Relaxed);
    let tell = |what: RetentionEvent<'_>| metrics.count_retention(&what);
    while_keeping_rule(&*own, &photos, settings, tell, || work(&*queue, &photos));
    let (retention, _) = queue.retention().expect("a queue");
    assert_eq!((retention.worker(), retention.is_unfinished()), (Some("w"), false));
    assert_eq!(queue.counts().expect("a queue"), Counts::default());
    let left = found_of(kept_in, &marks);
    assert!(left.is_empty(), "{left:?}");

    let text = metrics.text(&*queue);
    // All but the one of the turn that was cut short; those of the first turn twice: their photos
    // first, then what was kept of them.
    let cases = decided + CASES as u64;
    for line in [
        format!("realname_purged_total {cases}"),
        format!("realname_purged_photos_total {}", decided + each + 1),
        "realname_purge_failures_total 0".to_owned(),
    ] {
        assert!(text.lines().any(|told| told == line), "{line} in {text}");
    }
    set_rule(&*queue, None);
    clock.0.fetch_add(TURN_EVERY.as_millis() as u64, Ordering::Relaxed);
    assert_eq!(turn_taken(&*own, &photos, settings, |_| {}).expect("a queue"), None);
}

#[test]
fn the_rule_leaves_nothing_in_a_file_its_journal_and_its_photos() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let place = format!("sqlite:{}", folder.path().join("q.db").display());
    the_rule_leaves_nothing(&place, folder.path());
}

#[test]
fn the_rule_leaves_nothing_in_the_store_of_nats() {
    let Some(servers) = Servers::start(1) else { return };
    the_rule_leaves_nothing(&servers.queue("ruled"), servers.folder());
}

#[cfg(unix)]
#[test]
fn a_turn_that_fails_is_told_of_and_tried_again_and_ends_no_worker() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let place = format!("sqlite:{}", folder.path().join("q.db").display());
    let queue = QueuePlace::parse(&place).expect("a queue").open(QueueOptions::default()).expect("a queue");
    let at = folder.path().join("photos");
    let photos = PhotoStore::open(&PhotoPlace::Folder(at.clone())).expect("a folder");
    let settings = SubmitSettings { photo_bytes_max: 1000, required: RequiredSteps::pipeline(), today: None };
    submit_case(&case(folder.path(), "a", "pass"), &photos, &*queue, &settings).expect("a queue");
    work(&*queue, &photos);
    let rule = PurgeRule { older_than: Duration::ZERO, keep: Keep::Status, undecided: Undecided::Stay };
    set_rule(&*queue, Some(rule));
    // Where photos of the case should be, something else stands in the way.
    let mut kept = Vec::new();
    files(&at, &mut kept);
    let photo = kept.pop().expect("a photo");
    let its_folder = photo.parent().expect("a folder").to_owned();
    let aside = folder.path().join("aside");
    fs::rename(&its_folder, &aside).expect("one file system");
    std::os::unix::fs::symlink(&its_folder, &its_folder).expect("a link to itself");

    let (stop, clock) = (AtomicBool::new(false), Hand(AtomicU64::new(2_000_000_000_000)));
    let settings =
        RetentionSettings { worker: "w", look_every: Duration::from_secs(3600), clock: &clock, stop: &stop };
    let metrics = Metrics::new(&Provenance::default(), "f0").expect("names of their own");
    let tell = |what: RetentionEvent<'_>| metrics.count_retention(&what);
    let done = while_keeping_rule(&*queue, &photos, settings, tell, || 7);
    assert_eq!(done, 7);
    let failed = "realname_purge_failures_total 1";
    assert!(metrics.text(&*queue).lines().any(|line| line == failed), "{}", metrics.text(&*queue));
    assert!(queue.retention().expect("a queue").0.is_unfinished());

    fs::remove_file(&its_folder).expect("the link");
    fs::rename(&aside, &its_folder).expect("one file system");
    assert_eq!(turn_taken(&*queue, &photos, settings, tell).expect("a queue"), None, "not at once");
    clock.0.fetch_add(300_000, Ordering::Relaxed);
    let again = turn_taken(&*queue, &photos, settings, tell).expect("a queue").expect("due");
    assert_eq!(again, (PurgeReport { cases: 1, photos: 1 }, TurnEnd::Done));
    let left = found_of(folder.path().join("photos").as_path(), &[PHOTO.to_owned()]);
    assert!(left.is_empty(), "{left:?}");
}
