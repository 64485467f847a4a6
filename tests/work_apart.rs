//! A case that a worker was lost with is checked in a process of its own: only that process' own death
//! is held against it, within bounds of memory and time, and the verdict is the one it gets anyway.
//!
//! The processes are this very program, called again as [`a_process_of_its_own`].

#![cfg(unix)]

mod fake_check;

use std::io;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use realname::case::{Case, Claims, Method, Sample, SampleRole};
use realname::evidence::{Provenance, Timings};
use realname::monitor::Metrics;
use realname::photos::{PhotoPlace, PhotoStore};
use realname::policy::{Policy, Verdict};
use realname::queue::{Counts, Queue, QueueOptions, QueuePlace};
use realname::status::RequiredSteps;
use realname::worker::apart::{ApartBounds, ApartError, answer, assessed_apart};
use realname::worker::service::{FaultKind, Progress, ServiceSettings, serve_apart};
use realname::worker::submit::{SubmitSettings, submit_case};
use rlimit::Resource;

/// Far more than a process of this test has, and less than any machine.
const MEMORY_BYTES: u64 = 1 << 30;

const LEASE: Duration = Duration::from_millis(500);

fn options() -> QueueOptions {
    QueueOptions {
        lease: LEASE,
        faults_max: 3,
        backoff_first: Duration::from_millis(20),
        backoff_max: Duration::from_millis(40),
    }
}

/// What is started for a suspect; empty where it is run as a test. Does as the case's first photo
/// says.
#[test]
fn a_process_of_its_own() {
    let Ok(marks) = std::env::var("APART_TEST") else { return };
    let output = std::fs::File::options().write(true).open("/dev/fd/3").expect("a pipe");
    let done = answer(io::stdin(), output, 1000, |case| {
        let told = String::from_utf8_lossy(&case.samples[0].bytes).into_owned();
        match told.as_str() {
            "abort" => std::process::abort(),
            "exit" => std::process::exit(7),
            "hang" => {
                std::fs::write(marks, std::process::id().to_string()).expect("space");
                loop {
                    thread::sleep(Duration::from_secs(1));
                }
            }
            "killed" => {
                let id = std::process::id().to_string();
                Command::new("kill").args(["-KILL", &id]).status().expect("kill");
                loop {
                    thread::sleep(Duration::from_secs(1));
                }
            }
            "fault" => Err("disk on fire".to_owned()),
            "grows" => {
                let (_, most) = Resource::DATA.get().expect("a bound");
                Resource::DATA.set(MEMORY_BYTES, most).expect("a bound");
                let mut grown = Vec::new();
                loop {
                    grown.push(vec![0_u8; 16 << 20]); // Asked for; nothing is written to it.
                }
            }
            "spins" => {
                let (_, most) = Resource::CPU.get().expect("a bound");
                Resource::CPU.set(1, most).expect("a bound");
                loop {
                    std::hint::spin_loop();
                }
            }
            _ => {
                let timings = Timings([("decode", 12.5)].into());
                fake_check::check(case).map(|verdict| (verdict.assessment, timings))
            }
        }
    });
    done.expect("a case");
    std::process::exit(0); // Without the harness' own last words.
}

/// The answer goes through a pipe of its own: the harness writes to standard output, too.
fn start(marks: &Path) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", r#"exec "$0" --exact a_process_of_its_own --nocapture 3>&1 1>/dev/null"#])
        .arg(std::env::current_exe().expect("this test"))
        .env("APART_TEST", marks)
        .stderr(Stdio::null());
    command
}

fn decided(case: &Case, marks: &Path, bounds: ApartBounds) -> Result<Verdict, ApartError> {
    let (assessment, timings) = assessed_apart(start(marks), case, bounds)?;
    let judgement = Policy::shipped().decide(&assessment);
    Ok(Verdict { assessment, judgement, policy_sha256: "f0".repeat(32), timings })
}

fn bounds() -> ApartBounds {
    ApartBounds { time: Duration::from_secs(3), ..ApartBounds::default() }
}

struct Place {
    folder: tempfile::TempDir,
    queue: std::sync::Arc<dyn Queue>,
    photos: PhotoStore,
    metrics: Metrics,
}

impl Place {
    /// A queue whose cases have all been lost with one worker.
    fn of_suspects(fronts: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let queue = QueuePlace::Sqlite(folder.path().join("q.db")).open(options()).expect("a queue");
        let photos = PhotoStore::open(&PhotoPlace::Folder(folder.path().join("photos"))).expect("a folder");
        let settings =
            SubmitSettings { photo_bytes_max: 100, required: RequiredSteps::pipeline(), today: None };
        for front in fronts {
            let case = folder.path().join("cases").join(front.replace(' ', "-"));
            std::fs::create_dir_all(&case).expect("a new folder");
            std::fs::write(case.join("front.jpg"), front).expect("a new file");
            submit_case(&case, &photos, &*queue, &settings).expect("a queue");
        }
        let metrics = Metrics::new(&Provenance::default(), "f0").expect("names of their own");
        let place = Self { folder, queue, photos, metrics };
        place.lose_all(fronts.len());
        place
    }

    fn lose_all(&self, cases: usize) {
        let mut held = 0;
        let began = Instant::now();
        while held < cases {
            let max = NonZeroUsize::new(cases).expect("some");
            held += self.queue.claim("lost", max).expect("a queue").len();
            assert!(began.elapsed() < Duration::from_secs(30), "{held} of {cases} can be claimed");
            thread::sleep(Duration::from_millis(5));
        }
        thread::sleep(LEASE + Duration::from_millis(100));
    }

    fn marks(&self) -> std::path::PathBuf {
        self.folder.path().join("marks")
    }

    /// Works until nothing is left; faults by kind, with their reasons.
    fn drain(&self) -> Vec<(FaultKind, String)> {
        let faults = Mutex::new(Vec::new());
        let stop = AtomicBool::new(false);
        let settings = ServiceSettings {
            name: "w",
            in_flight: NonZeroUsize::new(2).expect("not zero"),
            photo_bytes_max: 100,
            lease: LEASE,
            drain: true,
            stop: &stop,
            stop_within: Duration::from_secs(1),
        };
        let in_this_process = AtomicUsize::new(0);
        let check = |case: &Case| {
            in_this_process.fetch_add(1, Ordering::Relaxed);
            fake_check::check(case)
        };
        let apart = |case: &Case| decided(case, &self.marks(), bounds());
        let tell = |what: Progress<'_>| {
            self.metrics.count(&what);
            if let Progress::Fault { lease, kind, reason, .. } = what {
                let told = (kind, format!("{}: {reason}", lease.case_id));
                faults.lock().expect("no panic").push(told);
            }
        };
        serve_apart(&*self.queue, &self.photos, settings, check, apart, tell).expect("a queue");
        assert_eq!(in_this_process.into_inner(), 0, "a suspect beside others");
        faults.into_inner().expect("no panic")
    }

    fn dead(&self) -> Vec<(String, String)> {
        let dead = self.queue.dead(None, NonZeroUsize::new(99).expect("not zero")).expect("a queue");
        dead.into_iter().map(|letter| (letter.case_id, letter.reason)).collect()
    }
}

#[test]
fn what_kills_its_process_twice_is_set_aside_and_what_others_kill_is_not_blamed() {
    let place = Place::of_suspects(&["abort", "exit", "hang", "killed", "fault", "review"]);
    let began = Instant::now();
    let faults = place.drain();
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    let told = |case: &str| faults.iter().filter(|(_, told)| told.starts_with(case)).collect::<Vec<_>>();
    for (case, how) in [("abort", "signal 6"), ("exit", "exit status: 7"), ("hang", "not done in 3 s")] {
        let told = told(case);
        assert_eq!(told.len(), 2, "{case}: {faults:?}");
        assert!(told.iter().all(|(kind, told)| *kind == FaultKind::Death && told.contains(how)), "{told:?}");
    }
    // The machine's fault, however often: as many tries as any fault has.
    for (case, how) in [("killed", "killed from outside, by signal 9"), ("fault", "disk on fire")] {
        let told = told(case);
        assert_eq!(told.len(), 3, "{case}: {faults:?}");
        assert!(told.iter().all(|(kind, told)| *kind == FaultKind::Check && told.contains(how)), "{told:?}");
    }
    let reasons: Vec<String> =
        place.dead().into_iter().map(|(case, reason)| format!("{case}: {reason}")).collect();
    assert_eq!(reasons.len(), 5, "{reasons:?}");
    assert!(reasons[0].starts_with("abort: 2 processes died of it, at last: "), "{reasons:?}");
    assert!(reasons[4].starts_with("killed: failed 3 times, at last: "), "{reasons:?}");
    let counts = place.queue.counts().expect("a queue");
    assert_eq!(counts.dead, 5, "{counts:?}");
    assert_eq!(counts.open(), 0, "the innocent suspect has its verdict: {counts:?}");
    let text = place.metrics.text(&*place.queue);
    for line in [
        "realname_faults_total{kind=\"death\"} 6",
        "realname_faults_total{kind=\"check\"} 6",
        "realname_set_aside_total{kind=\"death\"} 3",
        "realname_set_aside_total{kind=\"check\"} 2",
        "realname_set_aside_total{kind=\"photos\"} 0",
        // What the one that has a verdict took in its own process.
        "realname_stage_seconds_count{stage=\"decode\"} 1",
        "realname_stage_seconds_sum{stage=\"decode\"} 0.0125",
    ] {
        assert!(text.lines().any(|told| told == line), "{line} in {text}");
    }
    // What hung was ended with its time.
    let id = std::fs::read_to_string(place.marks()).expect("written by the process");
    assert!(!Path::new("/proc").join(id).exists());
}

/// The bounds on memory and CPU time end a process by signals that count as the case's doing.
#[cfg(target_os = "linux")]
#[test]
fn what_uses_too_much_memory_or_time_on_the_processor_dies_of_it() {
    let marks = tempfile::tempdir().expect("a temporary folder");
    let case = |what: &str| Case {
        case_id: what.to_owned(),
        method: Method::IdCard,
        claims: Claims::default(),
        samples: vec![Sample { role: SampleRole::Front, bytes: what.as_bytes().to_vec() }],
        challenge: Vec::new(),
        decided_on: None,
    };
    // However busy the machine is.
    let bounds = ApartBounds { time: Duration::from_secs(120), ..ApartBounds::default() };
    for (what, signal) in [("grows", 6), ("spins", 24)] {
        let died = decided(&case(what), marks.path(), bounds).expect_err("it dies");
        assert_eq!(died, ApartError::Death { how: format!("signal {signal}") }, "{what}");
    }
}

/// The process that `work` starts has its bounds before it reads a case.
#[cfg(target_os = "linux")]
#[test]
fn the_program_itself_bounds_its_memory_and_its_time_on_the_processor() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_realname"));
    command.arg("assess-apart").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the program starts");
    let ApartBounds { memory_bytes, cpu, .. } = ApartBounds::default();
    let expected = [
        ("Max data size", memory_bytes.to_string()),
        ("Max cpu time", cpu.as_secs().to_string()),
        ("Max core file size", "0".to_owned()),
    ];
    let began = Instant::now();
    loop {
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", child.id())).expect("a process");
        // The first of two numbers is the one in effect.
        let in_effect = |name: &str| {
            let line = limits.lines().find_map(|line| line.strip_prefix(name)).expect("a limit");
            line.split_whitespace().next().expect("a number").to_owned()
        };
        if expected.iter().all(|(name, bound)| in_effect(name) == *bound) {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{limits}");
        thread::sleep(Duration::from_millis(10));
    }
    child.kill().expect("our own child");
    child.wait().expect("our own child");
}

#[test]
fn workers_that_somebody_kills_again_and_again_set_no_case_aside() {
    let place = Place::of_suspects(&["pass 1"]);
    for _ in 0..5 {
        place.lose_all(1);
    }
    assert!(place.drain().is_empty());
    let counts = place.queue.counts().expect("a queue");
    assert_eq!((counts.dead, counts.open()), (0, 0), "{counts:?}");
    let entry = place.queue.entry("pass-1").expect("a queue").expect("a case");
    assert_eq!((entry.attempts[0].losses, entry.attempts[0].deaths), (6, 0));
}

#[test]
fn the_program_itself_gives_a_suspect_the_verdict_it_gets_anyway() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cases/impostor");
    let at = format!("sqlite:{}", place.path().join("q.db").display());
    let realname = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_realname"));
        let output = command.args(args).env("REALNAME_QUEUE", &at).output().expect("the program starts");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(matches!(output.status.code(), Some(0 | 1)), "{args:?}: {told}");
        (String::from_utf8(output.stdout).expect("text"), told)
    };
    let case = case.to_str().expect("a plain path");
    let expected = realname(&["check", case, "--format", "json"]).0;
    realname(&["submit", case]);
    {
        let queue = QueuePlace::parse(&at).expect("a queue").open(options()).expect("a queue");
        let lost = queue.claim("lost", NonZeroUsize::MIN).expect("a queue");
        assert_eq!(lost.len(), 1);
        thread::sleep(LEASE + Duration::from_millis(100));
    }
    let (told, log) = realname(&["work", "--drain", "--format", "json", "--log-level", "debug"]);
    assert!(log.contains("alone=true"), "{log}");
    assert!(log.contains("stage=\"decode\"") && log.contains("stage=\"embed\""), "{log}");
    assert_eq!(told, expected);
    let queue = QueuePlace::parse(&at).expect("a queue").open(options()).expect("a queue");
    assert_eq!(queue.counts().expect("a queue"), Counts { rejected: 1, ..Counts::default() });
}
