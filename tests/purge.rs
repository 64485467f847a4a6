//! Retention: every byte that is left is read, and nothing that a person typed or sent is among them.

mod fake_check;
mod nats_server;

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use nats_server::Servers;
use realname::photos::{PhotoPlace, PhotoStore};
use realname::policy::VerificationStatus;
use realname::queue::{
    ChangeKind, Counts, Keep, PurgeRule, Queue, QueueError, QueueOptions, QueuePlace, Review, Submitted,
};
use realname::status::{RequiredSteps, ReviewDecision};
use realname::worker::purge::{PurgeReport, purge};
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
    let mut all = Vec::new();
    files(folder, &mut all);
    let mut found = Vec::new();
    for path in all {
        let bytes = fs::read(&path).unwrap_or_default();
        for mark in marks() {
            if bytes.windows(mark.len()).any(|window| window == mark.as_bytes()) {
                found.push((mark, path.clone()));
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
    let case = folder.join(case_id);
    fs::create_dir_all(&case).expect("a new folder");
    fs::write(case.join("front.jpg"), format!("{what} 0 {PHOTO} {case_id}")).expect("space");
    let document = serde_json::json!({
        "schema": "realname.case/1", "case_id": case_id, "front": "front.jpg",
        "claims": {"name": NAME, "id_number": NUMBER}
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

    let rule = |older_than, keep| PurgeRule { older_than, keep };
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
