//! `submit` and `status` as they are called. No test here runs a model: `work` is in
//! `queue_work.rs`.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    fn case(&self, case_id: &str, front: &str) -> String {
        let case = self.0.path().join("cases").join(case_id);
        fs::create_dir_all(&case).expect("a new folder");
        fs::write(case.join("front.jpg"), front).expect("a new file");
        case.to_str().expect("a plain path").to_owned()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_realname"));
        let queue = format!("sqlite:{}", self.0.path().join("q.db").display());
        command
            .args(args)
            .env("REALNAME_QUEUE", queue)
            .env_remove("REALNAME_PHOTOS")
            .env_remove("REALNAME_STEPS");
        command
    }

    fn ran(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the program starts")
    }

    fn done(&self, args: &[&str]) -> String {
        let output = self.ran(args);
        assert!(output.status.success(), "{args:?}: {}", err(&output));
        String::from_utf8(output.stdout).expect("text")
    }

    fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.done(args)).expect("one JSON object")
    }

    fn refused(&self, args: &[&str], says: &str) {
        let output = self.ran(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(err(&output).contains(says), "{args:?}: {}", err(&output));
    }
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

fn counts(queued: u64, incomplete: u64) -> Value {
    json!({"queued": queued, "processing": 0, "incomplete": incomplete, "retake": 0, "rejected": 0,
           "in_review": 0, "verified": 0, "dead": 0})
}

#[test]
fn cases_are_submitted_once_from_folders_manifests_and_standard_input() {
    let place = Place::new();
    let counted = ["status", "--counts", "--format", "json"];
    assert_eq!(place.json(&counted), counts(0, 0));
    let (a, _, c) = (place.case("a", "1"), place.case("b", "2"), place.case("c", "3"));
    let told = err(&place.ran(&["submit", &a]));
    assert!(told.contains("1 submitted, 0 were there already, 0 refused"), "{told}");
    let all = place.0.path().join("cases");
    let told = err(&place.ran(&["submit", all.to_str().expect("a plain path")]));
    assert!(told.contains("2 submitted, 1 were there already, 0 refused"), "{told}");
    assert_eq!(place.json(&counted), counts(3, 0));

    let manifest = all.join("manifest.jsonl");
    place.case("d", "4");
    fs::write(&manifest, format!("{{\"case\":\"d\"}}\n\n{{\"case\":{c:?}}}\n")).expect("space");
    let lines = place.done(&["submit", "--manifest", manifest.to_str().expect("plain"), "--format", "json"]);
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let expected = [
        json!({"case_id": "d", "attempt": 1, "new": true}),
        json!({"case_id": "c", "attempt": 1, "new": false}),
    ];
    assert_eq!(lines, expected);

    let e = place.case("e", "5");
    let mut command = place.command(&["submit", "--manifest", "-"]);
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("piped");
    writeln!(stdin, "{{\"case\":{e:?}}}\nnonsense").expect("a pipe");
    drop(stdin);
    let output = child.wait_with_output().expect("ended");
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("standard input: line 2"), "{}", err(&output));
    assert_eq!(place.json(&counted), counts(5, 0));

    // Other photos while the first wait.
    let a = place.case("a", "other");
    let output = place.ran(&["submit", &a]);
    assert_eq!(output.status.code(), Some(2));
    let told = err(&output);
    assert!(told.contains("case `a` was submitted before with other content and is processing"), "{told}");
}

#[test]
fn a_case_is_shown_without_what_its_user_typed() {
    let place = Place::new();
    let a = place.case("a", "1");
    let (name, number) = ("张三丰", "999999199001011234");
    let document = json!({"schema": "realname.case/1", "case_id": "a", "front": "front.jpg",
                          "claims": {"name": name, "id_number": number}});
    fs::write(Path::new(&a).join("case.json"), document.to_string()).expect("space");
    let submitted = place.ran(&["submit", &a, "--steps", "wallet"]);
    assert!(submitted.status.success(), "{}", err(&submitted));
    let shown = place.json(&["status", "a", "--format", "json"]);
    assert_eq!((&shown["schema"], &shown["queue"]), (&json!("realname.status/1"), &json!("queued")));
    assert_eq!(shown["required"], json!(["identity", "document", "face", "phone", "payment_password"]));
    assert_eq!(shown["attempts"][0]["number"], 1);
    let schema: Value = serde_json::from_str(&place.done(&["schema", "status"])).expect("JSON");
    let schema = jsonschema::validator_for(&schema).expect("a valid schema");
    assert!(schema.is_valid(&shown), "{:?}", schema.validate(&shown));

    let set = place.done(&["status", "set", "a", "phone", "failed", "--reason", "phone.not_reachable"]);
    assert!(set.contains("phone.not_reachable"), "{set}");
    for text in [shown.to_string(), set, place.done(&["status", "a"]), err(&submitted)] {
        assert!(!text.contains(name) && !text.contains(number), "{text}");
    }
    place.refused(&["status", "set", "a", "face", "passed"], "only while the case is in review");
    place.refused(&["status", "set", "b", "phone", "passed"], "case `b` is unknown");
    place.refused(&["status", "requeue", "a"], "was not set aside");
    place.refused(&["status", "nobody"], "case `nobody` is unknown");
    place.refused(&["status", "a", "--verdict"], "has no verdict");
    place.done(&["status", "set", "b", "phone", "passed", "--open", "id_card", "--steps", "wallet"]);
    assert_eq!(place.json(&["status", "--counts", "--format", "json"]), counts(1, 1));
}

#[test]
fn steps_are_set_by_messages_and_what_is_wrong_is_told_by_line() {
    let place = Place::new();
    let a = place.case("a", "1");
    assert!(place.ran(&["submit", &a, "--steps", "wallet"]).status.success());
    let step = |case: &str, step: &str, result: &str| json!({"schema": "realname.step/1", "case_id": case, "step": step, "result": result});
    let opening = {
        let mut told = step("b", "phone", "failed");
        told["reason"] = json!("phone.not_reachable");
        told["open"] = json!({"method": "id_card", "steps": "wallet"});
        told
    };
    let good = [step("a", "phone", "passed"), opening, step("a", "payment_password", "passed")];
    let schema: Value = serde_json::from_str(&place.done(&["schema", "step"])).expect("JSON");
    let schema = jsonschema::validator_for(&schema).expect("a valid schema");
    assert!(good.iter().all(|message| schema.is_valid(message)));
    let bad = [step("nobody", "phone", "passed"), step("a", "face", "passed"), json!({"case_id": "李四"})];
    let lines: Vec<String> = good.iter().chain(&bad).map(Value::to_string).collect();
    let file = place.0.path().join("steps.jsonl");
    fs::write(&file, lines.join("\n")).expect("space");
    let file = file.to_str().expect("a plain path");
    let told = place.ran(&["status", "report", file]);
    assert_eq!(told.status.code(), Some(2));
    for says in [
        "line 4: case `nobody` is unknown",
        "line 5: case `a`",
        "line 6: not of the form realname.step/1",
        "3 steps set, 3 refused",
    ] {
        assert!(err(&told).contains(says), "{says}: {}", err(&told));
    }
    assert!(!err(&told).contains("李四"), "{}", err(&told));
    let state =
        |case: &str, step: &str| place.json(&["status", case, "--format", "json"])["steps"][step].clone();
    assert_eq!(state("a", "phone")["result"], "passed");
    assert_eq!(state("a", "payment_password")["result"], "passed");
    assert_eq!(state("b", "phone"), json!({"result": "failed", "codes": ["phone.not_reachable"]}));
    // Told again, as whoever tells at least once does: nothing changes.
    fs::write(file, good[0].to_string()).expect("space");
    place.done(&["status", "report", file]);
    assert_eq!(state("a", "phone")["result"], "passed");
    place.refused(&["status", "report", "nowhere.jsonl"], "nowhere.jsonl");
}

#[test]
fn changes_are_told_to_a_file_by_the_published_schema() {
    let place = Place::new();
    let (a, events) = (place.case("a", "1"), place.0.path().join("events.jsonl"));
    assert!(place.ran(&["submit", &a, "--steps", "wallet"]).status.success());
    place.done(&["status", "set", "a", "phone", "failed", "--reason", "phone.not_reachable"]);
    let file = events.to_str().expect("a plain path");
    place.done(&["events", "--file", file]);
    place.done(&["status", "set", "a", "phone", "passed"]);
    place.done(&["events", "--file", file]);
    let told: Vec<Value> = fs::read_to_string(&events)
        .expect("a file")
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let schema: Value = serde_json::from_str(&place.done(&["schema", "event"])).expect("JSON");
    let schema = jsonschema::validator_for(&schema).expect("a valid schema");
    for event in &told {
        assert!(schema.is_valid(event), "{event}");
    }
    let short =
        |event: &Value| (event["type"].clone(), event["sequence"].clone(), event["data"]["codes"].clone());
    let expected = [
        (json!("realname.case.submitted"), json!("0000000001"), Value::Null),
        (json!("realname.case.step"), json!("0000000002"), json!(["phone.not_reachable"])),
        (json!("realname.case.step"), json!("0000000003"), Value::Null),
    ];
    assert_eq!(told.iter().map(short).collect::<Vec<_>>(), expected);
    assert_eq!(told[0]["source"], "/realname/queues/q");

    place.refused(&["events"], "required");
    place.refused(&["events", "--stream"], "no stream of events");
    place.refused(&["events", "--webhook", "http://example.com/"], "https://");
    let url = "https://example.com/hook";
    let mut command = place.command(&["events", "--webhook", url]);
    let output = command.env_remove("REALNAME_WEBHOOK_SECRET").output().expect("the program starts");
    assert!(err(&output).contains("set REALNAME_WEBHOOK_SECRET"), "{}", err(&output));
}

#[test]
fn a_queue_has_a_rule_of_retention_that_is_set_shown_and_removed() {
    let place = Place::new();
    let none = json!({"rule": null, "next_turn_at": null, "last_turn": null});
    assert_eq!(place.json(&["purge", "--show-rule", "--format", "json"]), none);
    assert_eq!(place.done(&["purge", "--show-rule"]), "no rule: nothing is purged by itself\n");
    let told = place.done(&["purge", "--rule", "30d", "--keep-status"]);
    let expected =
        "cases that did not change for 30d are purged, their status is kept; next turn due at once\n";
    assert_eq!(told, expected);
    assert_eq!(place.done(&["purge", "--show-rule"]), expected);
    let rule = json!({"older_than_s": 2_592_000, "keep": "status", "undecided": "stay"});
    let shown = json!({"rule": rule, "next_turn_at": null, "last_turn": null});
    assert_eq!(place.json(&["purge", "--show-rule", "--format", "json"]), shown);
    let rule = json!({"older_than_s": 43_200, "keep": "codes", "undecided": "go"});
    let told = place.json(&["purge", "--rule", "12h", "--undecided", "--format", "json"]);
    assert_eq!(told["rule"], rule);
    assert_eq!(place.json(&["purge", "--rule", "none", "--format", "json"]), none);
    place.refused(&["purge", "--rule", "none", "--keep-status"], "give --rule none alone");
    place.refused(&["purge", "--rule", "30"], "an age is a whole number and a unit");
    place.refused(&["purge"], "--older-than");
    place.refused(&["purge", "--rule", "1d", "--older-than", "1d"], "cannot be used with");
    place.refused(&["purge", "--show-rule", "--undecided"], "cannot be used with");
}
