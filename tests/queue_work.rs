//! `realname work` with the real models: the verdicts of a queue are those of a batch, and SIGTERM
//! ends a worker tidily. Fetches the models first, as the program itself does.

mod bundled_cases;

use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use bundled_cases::copy_bundled;
use serde_json::Value;
use tempfile::TempDir;

/// Bundled cases that pass, fail and ask for other photos, and some that hold no image at all.
const CASES: [&str; 6] =
    ["genuine", "impostor", "front-blurred", "selfie-none", "front-not-an-image", "front-truncated"];

struct Place(TempDir);

impl Place {
    /// A folder with copies of the cases.
    fn new() -> Self {
        let place = Self(tempfile::tempdir().expect("a temporary folder"));
        copy_bundled(&CASES, &place.cases());
        place
    }

    fn cases(&self) -> PathBuf {
        self.0.path().join("cases")
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_realname"));
        let queue = format!("sqlite:{}", self.0.path().join("q.db").display());
        command.args(args).env("REALNAME_QUEUE", queue).env_remove("REALNAME_PHOTOS");
        command
    }

    fn done(&self, args: &[&str]) -> String {
        let output: Output = self.command(args).output().expect("the program starts");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{args:?}: {told}");
        String::from_utf8(output.stdout).expect("text")
    }

    fn counts(&self) -> Value {
        serde_json::from_str(&self.done(&["status", "--counts", "--format", "json"])).expect("JSON")
    }
}

#[test]
fn a_queue_gives_the_verdicts_of_a_batch_to_the_byte() {
    let place = Place::new();
    let cases = place.cases().display().to_string();
    let batch = place.done(&["batch", &cases, "--format", "json"]);
    let mut expected: Vec<&str> = batch.lines().collect();
    expected.sort_unstable();
    place.done(&["submit", &cases]);
    let told = place.done(&["work", "--drain", "--format", "json"]);
    let mut told: Vec<&str> = told.lines().collect();
    told.sort_unstable();
    assert_eq!(told, expected);
    for line in expected {
        let verdict: Value = serde_json::from_str(line).expect("a verdict");
        let case_id = verdict["case_id"].as_str().expect("a name");
        assert_eq!(place.done(&["status", case_id, "--verdict"]).trim_end(), line);
        let status: Value =
            serde_json::from_str(&place.done(&["status", case_id, "--format", "json"])).expect("JSON");
        assert_eq!(status["status"], verdict["status"]);
    }
    let counts = place.counts();
    assert_eq!(
        (&counts["queued"], &counts["processing"], &counts["dead"]),
        (&0.into(), &0.into(), &0.into())
    );
}

#[test]
fn a_worker_that_drains_keeps_the_queues_rule_before_it_ends() {
    let place = Place::new();
    // No image, so that no model has to look at it for long.
    let case = place.cases().join("front-not-an-image").display().to_string();
    place.done(&["submit", &case]);
    place.done(&["purge", "--rule", "0s", "--keep-status"]);
    let work = ["work", "--drain", "--name", "one", "--log-format", "json"];
    let output = place.command(&work).output().expect("the program starts");
    let log = String::from_utf8(output.stderr).expect("text");
    assert!(output.status.success(), "{log}");
    let events: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let purged = events.iter().find(|event| event["message"] == "purged").expect("told of");
    assert_eq!((&purged["case_id"], &purged["photos"]), (&"front-not-an-image".into(), &5.into()));
    let turn = events.iter().find(|event| event["message"] == "the queue's rule was kept");
    let turn = turn.expect("told of");
    assert_eq!((&turn["cases"], &turn["end"]), (&1.into(), &"done".into()));
    let verdict = place.command(&["status", "front-not-an-image", "--verdict"]).output();
    let told = String::from_utf8(verdict.expect("the program starts").stderr).expect("text");
    assert!(told.contains("it was purged"), "{told}");
    assert_eq!(place.counts()["retake"], 1, "its status is kept");
    let shown = place.done(&["purge", "--show-rule", "--format", "json"]);
    let shown: Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(shown["last_turn"], serde_json::json!({"worker": "one", "done": true}));
    assert!(shown["next_turn_at"].is_string(), "{shown}");
}

#[cfg(unix)]
#[test]
fn sigterm_ends_a_worker_with_nothing_in_its_hands() {
    let place = Place::new();
    place.done(&["submit", &place.cases().display().to_string()]);
    let mut worker: Child = place
        .command(&["work", "--threads", "1", "--concurrency", "1"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let began = Instant::now();
    while place.counts()["processing"] == 0 {
        assert!(began.elapsed() < Duration::from_secs(300), "it claims nothing");
        assert!(worker.try_wait().expect("a child").is_none(), "it ended by itself");
        thread::sleep(Duration::from_millis(20));
    }
    let signalled = Command::new("kill").args(["-TERM", &worker.id().to_string()]).status().expect("kill");
    assert!(signalled.success());
    assert!(worker.wait().expect("a child").success());
    let counts = place.counts();
    assert_eq!(counts["processing"], 0, "{counts}");
    let all: u64 = counts.as_object().expect("an object").values().filter_map(Value::as_u64).sum();
    assert_eq!(all, CASES.len() as u64, "{counts}");
}
