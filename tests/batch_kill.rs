//! A batch killed in mid-run, by others and by its own cases: the same command goes on, and in the end
//! the file is that of a run that nobody disturbed.
//!
//! The runs with a check that is no check are this very program, called again as [`a_batch`], and so are
//! the processes that a suspect is checked in.

#![cfg(unix)]

mod bundled_cases;
mod fake_check;

use std::fs;
use std::io;
use std::num::NonZeroUsize;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

use bundled_cases::copy_bundled;
use realname::case::Case;
use realname::evidence::Provenance;
use realname::policy::Verdict;
use realname::queue::{Submission, ThrowAwayQueue};
use realname::report::{ProvenanceDocument, Timing};
use realname::worker::apart::{ApartBounds, ApartError, answer, assessed_apart};
use realname::worker::batch::{Batch, Settings, Told};
use tempfile::TempDir;

const POLICY: &str = "f0";

/// Does as the first photo says.
fn check(case: &Case) -> Result<Verdict, String> {
    match &case.samples[0].bytes[..] {
        b"abort" => std::process::abort(),
        _ => fake_check::check(case),
    }
}

/// What a suspect is checked in; empty where it is run as a test.
#[test]
fn a_process_of_its_own() {
    if std::env::var_os("BATCH_TEST_APART").is_none() {
        return;
    }
    let output = fs::File::options().write(true).open("/dev/fd/3").expect("a pipe");
    let assess = |case: &Case| check(case).map(|verdict| (verdict.assessment, verdict.timings));
    answer(io::stdin(), output, 1000, assess).expect("a case");
    std::process::exit(0); // Without the harness' own last words.
}

fn apart(case: &Case) -> Result<Verdict, ApartError> {
    let mut command = Command::new("sh");
    // The answer goes through a pipe of its own: the harness writes to standard output, too.
    command
        .args(["-c", r#"exec "$0" --exact a_process_of_its_own --nocapture 3>&1 1>/dev/null"#])
        .arg(std::env::current_exe().expect("this test"))
        .env("BATCH_TEST_APART", "yes")
        .stderr(Stdio::null());
    let (assessment, timings) = assessed_apart(command, case, ApartBounds::default())?;
    // What the fake says is no measure, so it cannot be decided again.
    let Verdict { judgement, .. } = fake_check::check(case).expect("it was checked");
    Ok(decided(Verdict { assessment, judgement, policy_sha256: POLICY.to_owned(), timings }))
}

fn decided(verdict: Verdict) -> Verdict {
    Verdict { policy_sha256: POLICY.to_owned(), ..verdict }
}

/// A run; empty where it is run as a test.
#[test]
fn a_batch() {
    let Ok(folder) = std::env::var("BATCH_TEST_FOLDER") else { return };
    let out = PathBuf::from(std::env::var("BATCH_TEST_OUT").expect("set with the folder"));
    let batch = Batch::open(Path::new(&folder)).expect("cases");
    let made_by = ProvenanceDocument::new(&Provenance::default(), POLICY);
    let batch = batch.keep_in(&out, &made_by).expect("a file of this batch");
    let settings = Settings {
        in_flight: NonZeroUsize::new(3).expect("not zero"),
        photo_bytes_max: 100,
        timing: Timing::Untimed,
        stop: &AtomicBool::new(false),
    };
    let mut told = Vec::new();
    let report = batch.run_apart(
        settings,
        |case| check(case).map(decided),
        apart,
        |what| {
            match what {
                Told::Verdict { .. } => {}
                Told::Suspect { case } => told.push(format!("suspect {}", case.name())),
                Told::Error { case, message } => told.push(format!("error {}: {message}", case.name())),
            }
            Ok(())
        },
    );
    let report = report.expect("a queue");
    fs::write(out.with_extension("told"), told.join("\n")).expect("space");
    std::process::exit(if report.errors > 0 { 2 } else { 0 });
}

/// A folder of cases whose front photo says what the check is to do.
struct Place(TempDir);

impl Place {
    fn of(fronts: impl IntoIterator<Item = String>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (n, front) in fronts.into_iter().enumerate() {
            let case = folder.path().join("cases").join(format!("c-{n:03}"));
            fs::create_dir_all(&case).expect("a new folder");
            fs::write(case.join("front.jpg"), front).expect("a new file");
        }
        Self(folder)
    }

    fn cases(&self) -> PathBuf {
        self.0.path().join("cases")
    }

    fn out(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn start(&self, out: &str) -> Child {
        Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "a_batch", "--nocapture"])
            .env("BATCH_TEST_FOLDER", self.cases())
            .env("BATCH_TEST_OUT", self.out(out))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("this test starts")
    }

    fn run(&self, out: &str) -> ExitStatus {
        self.start(out).wait().expect("a child")
    }

    fn told(&self, out: &str) -> Vec<String> {
        let told = fs::read_to_string(self.out(out).with_extension("told")).expect("written at the end");
        told.lines().map(str::to_owned).collect()
    }
}

fn lines(path: &Path) -> usize {
    fs::read(path).map_or(0, |bytes| bytes.iter().filter(|byte| **byte == b'\n').count())
}

/// Waits until so many lines are there, and kills.
fn killed_at(mut child: Child, out: &Path, lines_min: usize) {
    let began = Instant::now();
    while lines(out) < lines_min {
        assert!(child.try_wait().expect("a child").is_none(), "ended by itself at {} lines", lines(out));
        assert!(began.elapsed() < Duration::from_secs(120), "{} lines", lines(out));
        thread::sleep(Duration::from_millis(2));
    }
    child.kill().expect("SIGKILL");
    child.wait().expect("a child");
}

#[test]
fn a_batch_that_is_killed_again_and_again_ends_as_one_that_was_not() {
    const CASES: usize = 200;
    const KILLS: usize = 6;
    let whats = ["pass", "retake", "reject", "review"];
    let place = Place::of((0..CASES).map(|n| format!("{} {}", whats[n * 7 % 4], n * 13 % 20)));
    assert!(place.run("calm.jsonl").success());
    let out = place.out("out.jsonl");
    for kill in 1..=KILLS {
        killed_at(place.start("out.jsonl"), &out, kill * CASES / (KILLS + 1));
        assert!(place.out("out.jsonl.queue").exists());
    }
    assert!(place.run("out.jsonl").success());
    let suspects = place.told("out.jsonl");
    assert!((1..=6).contains(&suspects.len()), "what was in hand, and nothing else: {suspects:?}");
    assert_eq!(lines(&out), CASES);
    assert_eq!(fs::read(&out).expect("a file"), fs::read(place.out("calm.jsonl")).expect("a file"));
    let left = fs::read_dir(place.0.path()).expect("a folder").map(|e| e.expect("an entry").file_name());
    let left: Vec<_> = left.filter(|name| name.to_string_lossy().contains("queue")).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// What a run had in hand that was killed.
fn left_in_hand(queue: &Path, case_id: &str) {
    let queue = ThrowAwayQueue::open(Some(queue)).expect("a new file");
    let submission = Submission::of_name(case_id.to_owned());
    queue.exchange(&[], &[submission]).expect("space");
    assert_eq!(queue.as_queue().claim("killed", NonZeroUsize::MIN).expect("a queue").len(), 1);
}

#[test]
fn a_suspect_right_behind_what_was_fed_has_one_verdict() {
    // The first case ends after all that are fed with it: they are handed over at once, the suspect next.
    let (first, fed, cases) = ("pass 1500", 48, 60);
    let fronts = (0..cases).map(|n| if n == 0 { first.to_owned() } else { "pass 1".to_owned() });
    let place = Place::of(fronts);
    assert!(place.run("calm.jsonl").success());
    left_in_hand(&place.out("out.jsonl.queue"), &format!("c-{fed:03}"));
    assert!(place.run("out.jsonl").success());
    assert_eq!(place.told("out.jsonl"), [format!("suspect c-{fed:03}")]);
    let [calm, out] = ["calm.jsonl", "out.jsonl"].map(|name| fs::read(place.out(name)).expect("a file"));
    assert!(calm == out, "{} lines", lines(&place.out("out.jsonl")));
    assert!(place.run("out.jsonl").success(), "a file that cannot be gone on with");
}

#[test]
fn a_case_that_kills_its_process_is_an_error_of_its_own_and_the_rest_get_verdicts() {
    let fronts = ["pass", "abort", "retake", "pass", "pass", "abort", "review", "pass"];
    let place = Place::of(fronts.map(str::to_owned));
    let out = place.out("out.jsonl");
    let mut killed = 0;
    let status = loop {
        let status = place.run("out.jsonl");
        match status.signal() {
            Some(signal) => assert_eq!(signal, 6, "{status}"),
            None => break status,
        }
        killed += 1;
        assert!(killed <= 2, "it kills every run");
    };
    assert!(killed >= 1, "nothing was killed");
    assert_eq!(status.code(), Some(2));
    let ends: Vec<String> =
        place.told("out.jsonl").into_iter().filter(|line| line.starts_with("error")).collect();
    assert_eq!(ends.len(), 2, "{ends:?}");
    for (line, case) in ends.iter().zip(["c-001", "c-005"]) {
        assert!(line.starts_with(&format!("error {case}: 2 processes died of it")), "{line}");
        assert!(line.contains("signal 6"), "{line}");
    }
    assert_eq!(lines(&out), 6);
    // The next run tries them again, and is not killed either.
    assert_eq!(place.run("out.jsonl").code(), Some(2));
    assert_eq!(place.told("out.jsonl").iter().filter(|line| line.starts_with("suspect")).count(), 2);
    // Once they are mended they get their verdicts, and nothing is left.
    for case in ["c-001", "c-005"] {
        fs::write(place.cases().join(case).join("front.jpg"), "pass").expect("our own file");
    }
    assert!(place.run("out.jsonl").success());
    assert!(place.run("calm.jsonl").success());
    assert_eq!(fs::read(&out).expect("a file"), fs::read(place.out("calm.jsonl")).expect("a file"));
    assert!(!place.out("out.jsonl.queue").exists());
}

#[test]
fn the_program_itself_goes_on_after_kills() {
    let place = Place(tempfile::tempdir().expect("a temporary folder"));
    copy_bundled(&["front-not-an-image", "front-truncated", "impostor"], &place.cases());
    for n in 0..197 {
        let case = place.cases().join(format!("no-image-{n:02}"));
        fs::create_dir_all(&case).expect("a new folder");
        fs::write(case.join("front.jpg"), "no image at all").expect("a new file");
    }
    let start = |out: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_realname"));
        command.arg("batch").arg(place.cases()).arg("-o").arg(out).args([
            "--threads",
            "1",
            "--decided-on",
            "2026-11-19",
        ]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts")
    };
    let (calm, out) = (place.out("calm.jsonl"), place.out("out.jsonl"));
    assert!(start(&calm).wait().expect("a child").success());
    for lines_min in [1, 8] {
        killed_at(start(&out), &out, lines_min);
    }
    // Ctrl-C, in the middle of it.
    let mut child = start(&out);
    let began = Instant::now();
    while lines(&out) < 20 {
        assert!(began.elapsed() < Duration::from_secs(120), "{} lines", lines(&out));
        thread::sleep(Duration::from_millis(2));
    }
    let told = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
    assert!(told.success());
    assert_eq!(child.wait().expect("a child").code(), Some(130));
    assert!(lines(&out) < 200 && place.out("out.jsonl.queue").exists());
    assert!(start(&out).wait().expect("a child").success());
    assert_eq!(lines(&out), 200);
    assert_eq!(fs::read(&out).expect("a file"), fs::read(&calm).expect("a file"));
    let left = fs::read_dir(place.0.path()).expect("a folder").count();
    assert_eq!(left, 3, "the cases and two files");
}
