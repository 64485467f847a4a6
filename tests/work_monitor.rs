//! What operators see of `realname work` with the real models: the log at its most talkative holds no
//! personal data, and the metrics are what a real parser reads while a worker works.

mod bundled_cases;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use bundled_cases::{bundled, copy_bundled};
use prometheus_parse::{Scrape, Value as Sample};
use serde_json::Value;
use tempfile::TempDir;

/// Bundled cases that pass, fail, ask for other photos and for a person, and one without an image.
const CASES: [&str; 10] = [
    "genuine",
    "genuine-2",
    "impostor",
    "front-blurred",
    "selfie-none",
    "front-not-an-image",
    "name-mismatch",
    "number-mismatch",
    "checksum-wrong",
    "under-age",
];

/// A folder as somebody may call it who sorts by persons.
const FOLDER: &str = "李四-999999198807070017";

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().expect("a temporary folder"));
        copy_bundled(&CASES, &place.cases());
        // One that is refused: its reason names the file.
        let refused = place.cases().join("broken");
        fs::create_dir_all(&refused).expect("a new folder");
        fs::write(refused.join("case.json"), "{\"schema\":\"realname.case/1\",\"claims\":{\"name\":\"李四\"")
            .expect("space");
        place
    }

    fn cases(&self) -> PathBuf {
        self.0.path().join(FOLDER)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_realname"));
        let queue = format!("sqlite:{}", self.0.path().join("q.db").display());
        command.args(args).env("REALNAME_QUEUE", queue).env_remove("REALNAME_PHOTOS");
        command
    }

    fn ran(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the program starts")
    }
}

/// Whatever must not be in a log: claims, and names of folders and files.
fn secrets() -> BTreeSet<String> {
    let mut secrets: BTreeSet<String> = [FOLDER, "李四", "999999198807070017"].map(str::to_owned).into();
    for case in CASES {
        for entry in fs::read_dir(bundled(case)).expect("a bundled case") {
            let name = entry.expect("an entry").file_name().into_string().expect("a plain name");
            secrets.insert(name);
        }
        let text = fs::read_to_string(bundled(case).join("case.json")).expect("a bundled case");
        let document: Value = serde_json::from_str(&text).expect("JSON");
        for claim in document["claims"].as_object().expect("claims").values() {
            secrets.insert(claim.as_str().expect("text").to_owned());
        }
    }
    assert!(secrets.len() > 10, "{secrets:?}");
    secrets
}

fn assert_holds_none(log: &[u8], secrets: &BTreeSet<String>) {
    for secret in secrets {
        let found = log.windows(secret.len()).position(|window| window == secret.as_bytes());
        assert!(found.is_none(), "{secret} at byte {found:?}:\n{}", String::from_utf8_lossy(log));
        // As JSON and Rust write characters they do not trust.
        let escaped: String = secret.chars().flat_map(char::escape_unicode).collect();
        let log = String::from_utf8_lossy(log);
        assert!(!log.contains(&escaped), "{secret}, escaped");
    }
}

fn events(log: &[u8]) -> Vec<Value> {
    let text = String::from_utf8(log.to_vec()).expect("text");
    text.lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

/// The body of a path, and its status.
fn got(address: &str, path: &str) -> (u16, String) {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut reply = agent.get(format!("http://{address}{path}")).call().expect("an answer");
    (reply.status().as_u16(), reply.body_mut().read_to_string().expect("text"))
}

fn scraped(address: &str) -> Scrape {
    let (status, text) = got(address, "/metrics");
    assert_eq!(status, 200);
    let scrape =
        Scrape::parse(text.lines().map(|line| Ok(line.to_owned()))).expect("Prometheus' text format");
    assert!(!scrape.samples.is_empty(), "{text}");
    scrape
}

/// The sum of a counter or gauge over its labels, or of those with this label.
fn number(scrape: &Scrape, name: &str, label: Option<(&str, &str)>) -> f64 {
    let of_name = scrape.samples.iter().filter(|sample| sample.metric == name);
    let chosen =
        of_name.filter(|sample| label.is_none_or(|(key, value)| sample.labels.get(key) == Some(value)));
    let values = chosen.map(|sample| match &sample.value {
        Sample::Counter(value) | Sample::Gauge(value) => *value,
        other => panic!("{name}: {other:?}"),
    });
    values.sum()
}

fn observations(scrape: &Scrape, name: &str, label: Option<(&str, &str)>) -> f64 {
    let infinite = |sample: &&prometheus_parse::Sample| {
        sample.metric == name && label.is_none_or(|(key, value)| sample.labels.get(key) == Some(value))
    };
    let sample = scrape.samples.iter().find(infinite).unwrap_or_else(|| panic!("no {name} {label:?}"));
    let Sample::Histogram(buckets) = &sample.value else { panic!("{name}: {:?}", sample.value) };
    let counts: Vec<f64> = buckets.iter().map(|bucket| bucket.count).collect();
    assert!(counts.is_sorted() && buckets.last().expect("a bucket").less_than.is_infinite(), "{buckets:?}");
    *counts.last().expect("a bucket")
}

#[cfg(unix)]
#[test]
fn a_worker_is_watched_by_its_metrics_and_its_log_which_hold_nobodys_data() {
    let place = Place::new();
    let secrets = secrets();
    let talkative = ["--log-format", "json", "--log-level", "trace"];
    let cases = place.cases().display().to_string();
    let submitted = place.ran(&[&["submit", &cases][..], &talkative].concat());
    assert_eq!(submitted.status.code(), Some(2), "one of them is broken");
    let log: Vec<u8> = {
        // The output for people names the refused file; the log does not.
        let lines = submitted.stderr.split_inclusive(|byte| *byte == b'\n');
        lines.filter(|line| line.starts_with(b"{")).flatten().copied().collect()
    };
    assert_eq!(events(&log).len(), CASES.len() + 1);
    assert_holds_none(&log, &secrets);

    let log_path = place.0.path().join("log");
    let mut worker: Child = place
        .command(&[&["work", "--metrics", "127.0.0.1:0", "--format", "json"][..], &talkative].concat())
        .stdout(Stdio::null())
        .stderr(File::create(&log_path).expect("a new file"))
        .spawn()
        .expect("the program starts");
    let began = Instant::now();
    let address = loop {
        let log = fs::read(&log_path).expect("the log");
        let served = events(&log).into_iter().find(|event| event["message"] == "metrics are served");
        if let Some(event) = served {
            break event["address"].as_str().expect("an address").to_owned();
        }
        assert!(worker.try_wait().expect("a child").is_none(), "{}", String::from_utf8_lossy(&log));
        assert!(began.elapsed() < Duration::from_secs(300), "no metrics are served");
        thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(got(&address, "/healthz"), (200, "alive\n".to_owned()));
    assert_eq!(got(&address, "/readyz"), (200, "ready\n".to_owned()));
    assert_eq!(got(&address, "/").0, 404);
    // Somebody who says nothing keeps nobody out.
    let silent = TcpStream::connect(&address).expect("a connection");
    let mut was_in_hand = false;
    let scrape = loop {
        let scrape = scraped(&address);
        was_in_hand |= number(&scrape, "realname_in_hand", None) > 0.0;
        if number(&scrape, "realname_verdicts_total", None) >= CASES.len() as f64 {
            break scrape;
        }
        assert!(began.elapsed() < Duration::from_secs(300), "the cases are not checked");
        thread::sleep(Duration::from_millis(20));
    };
    drop(silent);
    assert!(was_in_hand);
    // The queue's own numbers are at most five seconds old.
    thread::sleep(Duration::from_millis(5100));
    let latest = scraped(&address);
    let signalled = Command::new("kill").args(["-TERM", &worker.id().to_string()]).status().expect("kill");
    assert!(signalled.success());
    assert!(worker.wait().expect("a child").success());

    let all = CASES.len() as f64;
    assert_eq!(number(&scrape, "realname_in_hand", None), 0.0);
    assert_eq!(number(&scrape, "realname_claims_total", Some(("company", "others"))), all);
    assert_eq!(number(&scrape, "realname_faults_total", None), 0.0);
    for name in ["realname_set_aside_total", "realname_purged_total", "realname_purge_failures_total"] {
        assert!(scrape.samples.iter().any(|sample| sample.metric == name), "{name}");
        assert_eq!(number(&scrape, name, None), 0.0, "{name}");
    }
    assert_eq!(number(&scrape, "realname_lease_losses_total", None), 0.0);
    assert!(number(&scrape, "realname_findings_total", Some(("code", "claim.name_mismatch"))) >= 1.0);
    assert_eq!(observations(&scrape, "realname_case_seconds", None), all);
    for stage in ["decode", "locate", "refine", "rectify", "detect", "embed"] {
        assert!(observations(&scrape, "realname_stage_seconds", Some(("stage", stage))) > 0.0, "{stage}");
    }
    assert_eq!(number(&latest, "realname_queue_up", None), 1.0);
    assert_eq!(number(&latest, "realname_queue_cases", None), all);
    assert_eq!(number(&latest, "realname_queue_cases", Some(("status", "queued"))), 0.0);
    let models = scrape.samples.iter().filter(|sample| sample.metric == "realname_model_info");
    let hashes: Vec<&str> = models.map(|sample| sample.labels.get("sha256").expect("a label")).collect();
    assert!(hashes.len() > 5 && hashes.iter().all(|sha256| sha256.len() == 64), "{hashes:?}");
    // No label of a case's own: the number of series does not grow with cases.
    let labels: BTreeSet<&str> =
        latest.samples.iter().flat_map(|sample| sample.labels.values().map(String::as_str)).collect();
    assert!(CASES.iter().all(|case| !labels.contains(case)), "{labels:?}");

    let log = fs::read(&log_path).expect("the log");
    assert_holds_none(&log, &secrets);
    let events = events(&log);
    assert_eq!(events.len(), String::from_utf8_lossy(&log).lines().count(), "something else is in the log");
    let verdicts: Vec<&Value> = events.iter().filter(|event| event["message"] == "verdict").collect();
    assert_eq!(verdicts.len(), CASES.len());
    for verdict in verdicts {
        assert_eq!(verdict["attempt"], 1);
        assert!(verdict["duration_ms"].as_f64().is_some_and(|ms| ms > 0.0), "{verdict}");
        assert!(CASES.iter().any(|case| verdict["case_id"] == *case), "{verdict}");
        assert!(verdict["codes"].is_string() && verdict["decision"].is_string(), "{verdict}");
    }
    let decodes =
        events.iter().filter(|event| event["stage"] == "decode" && event["duration_ms"].is_number());
    assert_eq!(decodes.count(), CASES.len());
}

#[test]
fn a_log_for_people_holds_nobodys_data_either() {
    let place = Place::new();
    let case = place.cases().join("name-mismatch").display().to_string();
    assert!(place.ran(&["submit", &case]).status.success());
    let work = ["work", "--drain", "--log-level", "trace"];
    let drained = place.ran(&work);
    assert!(drained.status.success(), "{}", String::from_utf8_lossy(&drained.stderr));
    assert_holds_none(&drained.stderr, &secrets());
    let text = String::from_utf8(drained.stderr).expect("text");
    for word in ["INFO", "DEBUG", "worker started", "stage=\"decode\"", "case_id=\"name-mismatch\""] {
        assert!(text.contains(word), "{word}: {text}");
    }
}
