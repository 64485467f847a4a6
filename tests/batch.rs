//! The batch runner with a check that is no check: order, resuming, stopping and what goes wrong.

mod plain_verdict;

use std::fs;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use plain_verdict::plain_verdict;
use realname::case::{Case, SampleRole};
use realname::evidence::Provenance;
use realname::policy::{Code, Decision, Effect, Finding, Outcome, Verdict, VerificationStatus};
use realname::report::{ProvenanceDocument, Timing};
use realname::worker::batch::{Batch, BatchError, Report, Settings, Told};
use tempfile::TempDir;

/// A folder of cases `c-00`, `c-01`, ... whose front photo says what the check is to do.
fn cases(fronts: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (n, front) in fronts.iter().enumerate() {
        let case = folder.path().join("cases").join(format!("c-{n:02}"));
        fs::create_dir_all(&case).expect("a new folder");
        fs::write(case.join("front.jpg"), front).expect("a new file");
    }
    folder
}

const POLICY: &str = "a policy";

fn provenance() -> ProvenanceDocument {
    ProvenanceDocument::new(&Provenance::default(), POLICY)
}

/// Passes, fails, errs or panics as the front photo says.
fn check(case: &Case) -> Result<Verdict, String> {
    let findings = match &case.samples[0].bytes[..] {
        b"pass" => vec![finding(Effect::Noted)],
        b"slow" => {
            std::thread::sleep(Duration::from_millis(5));
            vec![]
        }
        b"fail" => vec![finding(Effect::Fail), finding(Effect::Fail)],
        b"panic" => panic!("as asked for"),
        other => return Err(format!("no such thing as {}", String::from_utf8_lossy(other))),
    };
    let failed = findings.len() == 2;
    let decision = if failed { Decision::Fail } else { Decision::Pass };
    let status = if failed { VerificationStatus::Retake } else { VerificationStatus::Verified };
    let verdict = plain_verdict(&case.case_id, decision, status, findings);
    Ok(Verdict { policy_sha256: POLICY.to_owned(), ..verdict })
}

fn finding(effect: Effect) -> Finding {
    let code = Code::parse("card.blur").expect("a code");
    let (sample, outcome) = (Some(SampleRole::Front), Outcome::NotMet);
    Finding { code, sample, measure: None, outcome, effect, observed: None, required: None }
}

struct Run<'a> {
    folder: &'a Path,
    workers: usize,
    stop: &'a AtomicBool,
}

impl Run<'_> {
    fn out(&self) -> PathBuf {
        self.folder.join("out.jsonl")
    }

    /// What the run left beside the cases and the verdicts.
    fn left(&self) -> Vec<String> {
        let names = fs::read_dir(self.folder).expect("a folder").map(|entry| entry.expect("an entry"));
        let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.filter(|name| name != "cases" && name != "out.jsonl").collect()
    }

    /// Runs to the file and returns what was told, a word for each case.
    fn run(&self, check: impl Fn(&Case) -> Result<Verdict, String> + Sync) -> (Report, Vec<String>) {
        let batch = Batch::open(&self.folder.join("cases")).expect("cases");
        let batch = batch.keep_in(&self.out(), &provenance()).expect("a file of this batch");
        let in_flight = NonZeroUsize::new(self.workers).expect("not zero");
        let settings = Settings { in_flight, photo_bytes_max: 100, timing: Timing::Untimed, stop: self.stop };
        let mut told = Vec::new();
        let report = batch.run(settings, check, |what| {
            told.push(match what {
                Told::Verdict { brief, .. } => format!("{} {}", brief.case_id, brief.decision.id()),
                Told::Suspect { case } => format!("{} is suspect", case.name()),
                Told::Error { case, message } => format!("{}: {message}", case.name()),
            });
            Ok(())
        });
        (report.expect("nothing fails"), told)
    }
}

fn written(path: &Path) -> String {
    fs::read_to_string(path).expect("the verdict file")
}

#[test]
fn many_threads_write_what_one_thread_writes() {
    let fronts: Vec<&str> = ["slow", "pass", "fail", "pass"].into_iter().cycle().take(60).collect();
    let stop = AtomicBool::new(false);
    let bytes = [1, 4, 9].map(|workers| {
        let folder = cases(&fronts);
        let run = Run { folder: folder.path(), workers, stop: &stop };
        let (report, told) = run.run(check);
        assert_eq!((report.tried, report.errors, report.left, told.len()), (60, 0, 0, 60));
        assert_eq!(report.tally.codes["card.blur"], 15);
        written(&run.out())
    });
    assert_eq!(bytes[0].lines().count(), 60);
    assert!(bytes.iter().all(|b| *b == bytes[0]));
    assert!(bytes[0].lines().is_sorted_by_key(|line| line.split("case_id").nth(1).map(str::to_owned)));
}

#[test]
fn a_bad_case_is_told_counted_and_tried_again_and_the_file_ends_up_in_order() {
    let folder = cases(&["pass", "panic", "broken", "fail"]);
    fs::create_dir(folder.path().join("cases/c-04")).expect("a new folder");
    fs::write(folder.path().join("cases/c-04/case.json"), "{").expect("a new file");
    let stop = AtomicBool::new(false);
    let run = Run { folder: folder.path(), workers: 2, stop: &stop };
    let (report, told) = run.run(check);
    assert_eq!((report.cases, report.tried, report.errors, report.tally.verdicts()), (5, 5, 3, 2));
    assert_eq!(told[0], "c-00 pass");
    assert_eq!(told[1], "c-01: the check panicked: as asked for");
    assert_eq!(told[2], "c-02: no such thing as broken");
    assert!(told[4].contains("case.json"), "{}", told[4]);

    assert_eq!(run.left(), ["out.jsonl.queue"], "until every case has its verdict");
    for (case, front) in [("c-01", "pass"), ("c-02", "fail"), ("c-04", "pass")] {
        fs::remove_file(folder.path().join("cases").join(case).join("case.json")).ok();
        fs::write(folder.path().join("cases").join(case).join("front.jpg"), front).expect("a new file");
    }
    let (report, told) = run.run(check);
    assert_eq!((report.kept, report.tried, report.errors), (2, 3, 0));
    assert_eq!(told, ["c-01 pass", "c-02 fail", "c-04 pass"]);
    assert!(run.left().is_empty(), "{:?}", run.left());

    let fresh = cases(&["pass", "pass", "fail", "fail", "pass"]);
    let at_once = Run { folder: fresh.path(), workers: 1, stop: &stop };
    at_once.run(check);
    assert_eq!(written(&run.out()), written(&at_once.out()));
}

#[test]
fn a_stopped_run_goes_on_where_it_stopped_without_checking_twice() {
    let fronts = ["pass"; 100];
    let folder = cases(&fronts);
    let stop = AtomicBool::new(false);
    let run = Run { folder: folder.path(), workers: 3, stop: &stop };
    let checked = AtomicUsize::new(0);
    let stopping = |case: &Case| {
        if checked.fetch_add(1, Ordering::Relaxed) == 20 {
            stop.store(true, Ordering::Relaxed);
        }
        check(case)
    };
    let (report, _) = run.run(stopping);
    assert!(report.left > 0 && report.tried >= 21, "{report:?}");
    assert_eq!(written(&run.out()).lines().count(), report.tried);

    // A crash in the middle of a line as well.
    let whole = written(&run.out());
    fs::write(run.out(), &whole[..whole.len() - 30]).expect("a file");
    stop.store(false, Ordering::Relaxed);
    let (second, _) = run.run(stopping);
    assert_eq!((second.kept, second.tried, second.left), (report.tried - 1, 101 - report.tried, 0));
    assert_eq!(checked.load(Ordering::Relaxed), 101);

    let fresh = cases(&fronts);
    let at_once = Run { folder: fresh.path(), workers: 2, stop: &stop };
    at_once.run(check);
    assert_eq!(written(&run.out()), written(&at_once.out()));
    let (third, told) = run.run(|_| Err("nothing is left to check".to_owned()));
    assert_eq!((third.tried, third.kept, told.len()), (0, 100, 0));
}

#[test]
fn a_slow_case_lets_a_bounded_number_of_others_come_before_it() {
    const CASES_PER_WORKER: usize = 16;
    let folder = cases(&["pass"; 200]);
    let stop = AtomicBool::new(false);
    let run = Run { folder: folder.path(), workers: 3, stop: &stop };
    let (begun, ahead) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let slow_first = |case: &Case| {
        begun.fetch_add(1, Ordering::SeqCst);
        if case.case_id == "c-00" {
            std::thread::sleep(Duration::from_secs(1));
            ahead.store(begun.load(Ordering::SeqCst), Ordering::SeqCst);
        }
        check(case)
    };
    let (report, told) = run.run(slow_first);
    assert_eq!((report.tried, told[0].as_str()), (200, "c-00 pass"));
    let ahead = ahead.into_inner();
    assert!((20..=3 * CASES_PER_WORKER).contains(&ahead), "{ahead}");
}

#[test]
fn without_a_file_nothing_is_left() {
    let folder = cases(&["pass", "broken"]);
    let stop = AtomicBool::new(false);
    let settings =
        Settings { in_flight: NonZeroUsize::MIN, photo_bytes_max: 100, timing: Timing::Untimed, stop: &stop };
    let batch = Batch::open(&folder.path().join("cases")).expect("cases");
    let report = batch.run(settings, check, |_| Ok(())).expect("nothing fails");
    assert_eq!((report.errors, report.tally.verdicts()), (1, 1));
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
}

#[test]
fn another_file_in_the_queues_place_is_refused_and_left_as_it_was() {
    let folder = cases(&["pass"]);
    let (out, beside) = (folder.path().join("out.jsonl"), folder.path().join("out.jsonl.queue"));
    write(&beside, "notes of mine, and more of them than a header has");
    let stop = AtomicBool::new(false);
    let settings =
        Settings { in_flight: NonZeroUsize::MIN, photo_bytes_max: 100, timing: Timing::Untimed, stop: &stop };
    let batch = Batch::open(&folder.path().join("cases")).expect("cases");
    let batch = batch.keep_in(&out, &provenance()).expect("a new file");
    let refused = batch.run(settings, check, |_| Ok(())).expect_err("no queue").to_string();
    assert!(refused.contains("out.jsonl.queue") && refused.contains("not an SQLite file"), "{refused}");
    assert!(written(&beside).starts_with("notes of mine"));
}

#[test]
fn kept_verdicts_count_towards_what_is_expected() {
    let folder = cases(&["pass", "fail"]);
    let expect = |case: &str, json: &str| {
        fs::write(folder.path().join("cases").join(case).join("expected.json"), json).expect("a new file");
    };
    expect("c-00", r#"{"decision":"pass","must":[],"must_not":["card."]}"#);
    expect("c-01", r#"{"decision":"fail","must":["card.blur","match.below_threshold"]}"#);
    let stop = AtomicBool::new(false);
    let run = Run { folder: folder.path(), workers: 1, stop: &stop };
    let first = run.run(check).0.agreement;
    assert_eq!((first.expecting, first.agreeing), (2, 1));
    assert_eq!(first.differences, ["c-01: match.below_threshold is missing"]);
    assert_eq!(run.run(check).0.agreement, first);
}

#[test]
fn who_cannot_be_told_ends_the_run() {
    let folder = cases(&["pass"; 40]);
    let stop = AtomicBool::new(false);
    let settings =
        Settings { in_flight: NonZeroUsize::MIN, photo_bytes_max: 100, timing: Timing::Untimed, stop: &stop };
    let batch = Batch::open(&folder.path().join("cases")).expect("cases");
    let closed = |_: Told<'_>| Err(io::Error::from(io::ErrorKind::BrokenPipe));
    let ended = batch.run(settings, check, closed);
    assert!(matches!(ended, Err(BatchError::Io(e)) if e.kind() == io::ErrorKind::BrokenPipe));
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a file in a folder")).expect("a new folder");
    fs::write(path, text).expect("a new file");
}

fn case_json(id: &str) -> String {
    format!(r#"{{"schema":"realname.case/1","case_id":"{id}","front":"front.jpg"}}"#)
}

#[test]
fn an_unreadable_case_before_a_finished_one_does_not_stop_the_next_run() {
    let folder = cases(&["pass", "pass"]);
    write(&folder.path().join("cases/c-00/case.json"), "{");
    let stop = AtomicBool::new(false);
    let run = Run { folder: folder.path(), workers: 1, stop: &stop };
    let first = run.run(check).0;
    assert_eq!((first.errors, first.tally.verdicts()), (1, 1));
    let second = run.run(check).0;
    assert_eq!((second.kept, second.errors, second.tried), (1, 1, 1));
}

#[cfg(target_os = "linux")]
#[test]
fn an_expectation_that_is_no_plain_file_is_a_difference_and_no_hang() {
    let folder = cases(&["pass", "pass"]);
    let path = |case: &str| folder.path().join("cases").join(case).join("expected.json");
    let (made, large) = (path("c-00"), " ".repeat((1 << 20) + 1));
    assert!(std::process::Command::new("mkfifo").arg(&made).status().expect("mkfifo").success());
    write(&path("c-01"), &large);
    // A writer that never writes lets a reader that waits go on, so that the test ends.
    let opened = made.clone();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(3));
        fs::File::options().write(true).open(opened).ok();
    });
    let stop = AtomicBool::new(false);
    let run = Run { folder: folder.path(), workers: 1, stop: &stop };
    let agreement = run.run(check).0.agreement;
    assert_eq!((agreement.expecting, agreement.agreeing), (2, 0));
    assert!(agreement.differences[0].contains("not a plain file"), "{:?}", agreement.differences);
    assert!(agreement.differences[1].contains("more than 1048576 bytes"), "{:?}", agreement.differences);
}

#[test]
fn cases_of_one_id_are_errors_of_their_own_and_the_rest_get_verdicts() {
    let folder = cases(&["pass", "pass", "pass", "pass"]);
    let at = |name: &str| folder.path().join("cases").join(name);
    write(&at("c-00/case.json"), &case_json("c-02"));
    write(&at("c-03/case.json"), &case_json("c-02"));
    let stop = AtomicBool::new(false);
    let run = Run { folder: folder.path(), workers: 2, stop: &stop };
    let (report, told) = run.run(check);
    assert_eq!((report.cases, report.errors, report.tally.verdicts()), (4, 3, 1));
    assert_eq!(told[1], "c-01 pass");
    for (own, others) in [(0, ["c-02", "c-03"]), (2, ["c-00", "c-03"]), (3, ["c-00", "c-02"])] {
        assert!(told[own].starts_with(&format!("c-0{own}: case id `c-02` is also in ")), "{}", told[own]);
        assert!(others.iter().all(|other| told[own].contains(&format!("cases/{other}\""))), "{}", told[own]);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_whose_name_is_no_text_is_an_error_alone() {
    use std::os::unix::ffi::OsStrExt as _;

    let folder = cases(&["pass"]);
    for name in [b"x-\xfe", b"x-\xff"] {
        let case = folder.path().join("cases").join(std::ffi::OsStr::from_bytes(name));
        write(&case.join("front.jpg"), "pass");
    }
    let stop = AtomicBool::new(false);
    let (report, told) = Run { folder: folder.path(), workers: 1, stop: &stop }.run(check);
    assert_eq!((report.errors, report.tally.verdicts()), (2, 1));
    assert!(told[1..].iter().all(|line| line.contains("bytes of UTF-8")), "{told:?}");
}

#[test]
fn a_kept_verdict_without_its_case_says_where_the_case_went() {
    let stop = AtomicBool::new(false);
    type Change = fn(&Path);
    let rows: [(Change, &[&str]); 4] = [
        (
            |cases| fs::remove_dir_all(cases.join("c-00")).expect("a folder"),
            &["`c-00`", "no folder", "put it back"],
        ),
        (
            |cases| write(&cases.join("c-00/case.json"), "{"),
            &["`c-00`", "c-00/case.json", "ends too early", "mend it"],
        ),
        (
            |cases| {
                write(&cases.join("other/case.json"), "{");
                fs::remove_dir_all(cases.join("c-00")).expect("a folder");
            },
            &["`c-00`", "no folder", "other", "cannot be read"],
        ),
        (
            |cases| write(&cases.join("c-01/case.json"), &case_json("c-00")),
            &["`c-00`", "c-00\"", "c-01\"", "one id"],
        ),
    ];
    for (change, says) in rows {
        let folder = cases(&["pass", "pass"]);
        let run = Run { folder: folder.path(), workers: 1, stop: &stop };
        run.run(check);
        let before = written(&run.out());
        change(&folder.path().join("cases"));
        let batch = Batch::open(&folder.path().join("cases")).expect("cases");
        let refused = batch.keep_in(&run.out(), &provenance()).expect_err("a verdict too many").to_string();
        assert!(says.iter().all(|word| refused.contains(word)), "{refused} {says:?}");
        assert!(refused.contains("write to another file"), "{refused}");
        assert_eq!(written(&run.out()), before);
    }
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_looked_into_is_an_error_and_not_passed_over() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let folder = cases(&["pass", "pass"]);
    let at = |name: &str| folder.path().join("cases").join(name);
    symlink("loop", at("loop")).expect("a new link");
    fs::create_dir(at("linked")).expect("a new folder");
    symlink("nothing", at("linked/case.json")).expect("a new link");
    let may_list = fs::Permissions::from_mode(0o644);
    fs::set_permissions(at("c-01"), may_list).expect("our own folder");
    // To the superuser no folder is closed.
    let is_closed = fs::metadata(at("c-01/front.jpg")).is_err();
    let stop = AtomicBool::new(false);
    let (report, told) = Run { folder: folder.path(), workers: 1, stop: &stop }.run(check);
    fs::set_permissions(at("c-01"), fs::Permissions::from_mode(0o755)).expect("our own folder");
    assert_eq!((report.cases, report.errors), (4, 2 + usize::from(is_closed)), "{told:?}");
    assert!(told[2].starts_with("linked: ") && told[2].contains("case.json"), "{told:?}");
    assert!(told[3].starts_with("loop: "), "{told:?}");
}
