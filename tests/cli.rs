//! The program as it is called: usage, exit codes, help, schemas. No test here runs a model.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Output};

use realname::case::Method;
use realname::evidence::{Assessment, Comparison, Provenance, StoredAssessment};
use realname::policy::SHIPPED_TOML;
use serde_json::{Value, json};

fn realname(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_realname"));
    // What is printed must not depend on who runs the tests.
    command.args(args).env_remove("REALNAME_HOME").env_remove("REALNAME_QUEUE").env("COLUMNS", "100");
    command
}

fn ran(args: &[&str]) -> Output {
    realname(args).output().expect("the program starts")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("not killed")
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

fn text_of(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

#[test]
fn wrong_usage_is_2_and_says_what_is_wrong() {
    for (args, says) in [
        (&["frobnicate"][..], "unrecognized subcommand"),
        (&[], "Usage:"),
        (&["check"], "required"),
        (&["check", "a", "--front", "b"], "cannot be used with"),
        (&["check", "a", "--threads", "0"], "from 1 to"),
        (&["check", "a", "--threads", "100000"], "from 1 to"),
        (&["check", "a", "--format", "xml"], "invalid value"),
        (&["inspect", "a.jpg"], "--as"),
        (&["compare", "a.jpg"], "required"),
        (&["compare", "a.jpg", "b.jpg", "--pairs", "c.tsv"], "cannot be used with"),
        (&["compare", "a.jpg", "b.jpg", "-o", "c.tsv"], "cannot be used with"),
        (&["batch"], "required"),
        (&["submit"], "required"),
        (&["submit", "a", "--queue", "redis:x"], "is no queue"),
        (&["submit", "a", "--steps", "phone"], "cannot be left out"),
        (&["work", "--lease", "0"], "seconds from"),
        (&["status", "a", "--counts"], "cannot be used with"),
        (&["status", "set", "a", "fax", "passed"], "no such step"),
        (&["status", "set", "a", "phone", "failed", "--reason", "Mr X"], "a reason is a code"),
        (&["schema", "face"], "invalid value"),
    ] {
        let output = ran(args);
        assert_eq!((code(&output), out(&output).as_str()), (2, ""), "{args:?}");
        assert!(err(&output).contains(says), "{args:?}: {}", err(&output));
    }
}

#[test]
fn what_cannot_be_done_is_2_and_names_the_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let case = folder.path().join("case");
    fs::create_dir(&case).expect("a new folder");
    fs::write(case.join("front.jpg"), "").expect("a new file");
    let policy = folder.path().join("policy.toml");
    fs::write(&policy, SHIPPED_TOML.replace("\nreview_fmr", "\nreview_fnr")).expect("a new file");
    let pairs = folder.path().join("pairs.tsv");
    fs::write(&pairs, "a\tc\n").expect("a new file");
    let (root, case) = (text_of(folder.path()), text_of(&case));
    let (policy, pairs) = (text_of(&policy), text_of(&pairs));
    let nothing = folder.path().join("nothing");
    let nothing = text_of(&nothing);
    for (args, says) in [
        (&["check", nothing][..], nothing),
        (&["check", root], "neither a case.json"),
        (&["check", "--front", nothing], nothing),
        (&["check", case, "--policy", policy], "review_fnr"),
        (&["check", case, "--policy", nothing], nothing),
        (&["inspect", nothing, "--as", "front"], nothing),
        (&["compare", nothing, nothing], nothing),
        (&["compare", "--pairs", pairs], "no column `b`"),
        (&["batch", case], "realname check"),
        (&["batch", nothing], nothing),
        (&["policy", "check", policy], "review_fnr"),
        (&["status", "--counts"], "--queue"),
        (&["work", "--offline", "--home", nothing, "--queue", "sqlite:q.db"], "realname models fetch"),
        (&["work", "--policy", policy, "--queue", "sqlite:q.db"], "review_fnr"),
        (&["check", case, "--offline", "--home", nothing], "realname models fetch"),
        (&["batch", root, "--offline", "--home", nothing], "realname models fetch"),
        (&["models", "fetch", "--offline", "--home", nothing], "realname models fetch"),
    ] {
        let output = ran(args);
        assert_eq!((code(&output), out(&output).as_str()), (2, ""), "{args:?}");
        let told = err(&output);
        assert!(told.starts_with("error: ") && told.contains(says), "{args:?}: {told}");
        let repeated = "No such file or directory (os error 2)";
        assert!(told.matches(repeated).count() <= 1, "{told}");
    }
}

#[test]
fn help_is_as_it_was() {
    for command in [
        "",
        "check",
        "inspect",
        "report",
        "compare",
        "batch",
        "submit",
        "work",
        "purge",
        "status",
        "eval",
        "calibrate",
        "schema",
        "models",
        "policy",
    ] {
        let args: Vec<&str> = [command, "--help"].into_iter().filter(|arg| !arg.is_empty()).collect();
        let output = ran(&args);
        assert_eq!((code(&output), err(&output).as_str()), (0, ""), "{command}");
        let name = if command.is_empty() { "help".to_owned() } else { format!("help_{command}") };
        insta::assert_snapshot!(name, out(&output));
    }
    let version = ran(&["--version"]);
    assert_eq!(out(&version).trim(), format!("realname {}", env!("CARGO_PKG_VERSION")));
}

#[test]
fn schemas_are_valid_and_hold_the_documents_to_their_form() {
    let schema = |what| -> Value {
        let output = ran(&["schema", what]);
        assert_eq!(code(&output), 0);
        serde_json::from_str(&out(&output)).expect("JSON")
    };
    let case = jsonschema::validator_for(&schema("case")).expect("a valid schema");
    assert!(case.is_valid(&json!({"schema": "realname.case/1", "front": "front.jpg"})));
    assert!(!case.is_valid(&json!({"schema": "realname.case/1", "fronts": "front.jpg"})));
    let verdict = jsonschema::validator_for(&schema("verdict")).expect("a valid schema");
    assert!(!verdict.is_valid(&json!({"schema": "realname.verdict/1"})));
}

#[test]
fn a_reader_that_leaves_is_no_panic() {
    let (reader, writer) = io::pipe().expect("a pipe");
    drop(reader);
    let codes = &["policy", "codes", "--format", "json"];
    let output = realname(codes).stdout(writer).output().expect("the program starts");
    assert_eq!((code(&output), err(&output).as_str()), (2, ""));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_2_and_said() {
    let full = fs::File::options().write(true).open("/dev/full").expect("a device");
    let output = realname(&["schema", "case"]).stdout(full).output().expect("the program starts");
    assert_eq!(code(&output), 2);
    assert!(err(&output).starts_with("error: standard output: No space left"), "{}", err(&output));
}

#[test]
fn the_policy_in_effect_is_shown_from_any_side() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("policy.toml");
    fs::write(&path, "schema = 'realname.policy/1'\n[comparison]\nfmr = 2e-5\n").expect("a new file");
    let path = text_of(&path);
    assert_eq!(out(&ran(&["policy", "show"])), SHIPPED_TOML);
    let shown = ran(&["policy", "show", path]);
    assert!(out(&shown).contains("fmr = 2e-5"));
    assert_eq!(out(&shown), out(&ran(&["--policy", path, "policy", "show"])));
}

/// Runs the program, which is to end by itself within seconds, with little memory.
#[cfg(target_os = "linux")]
fn ran_in_bounds(args: &[&str]) -> Output {
    let bounds = "ulimit -v 4000000; exec timeout 10 \"$0\" \"$@\"";
    let program = env!("CARGO_BIN_EXE_realname");
    let args = [&["-c", bounds, program], args].concat();
    Command::new("bash").args(args).env_remove("REALNAME_HOME").output().expect("the program starts")
}

#[cfg(target_os = "linux")]
fn pipe_in(folder: &Path) -> std::path::PathBuf {
    let pipe = folder.join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    pipe
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_no_plain_file_is_refused_at_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let pipe = pipe_in(folder.path());
    for file in [text_of(&pipe), "/dev/zero"] {
        for args in [
            &["policy", "check", file][..],
            &["policy", "decide", file],
            &["check", "nothing", "--policy", file],
            &["compare", "--pairs", file],
        ] {
            let output = ran_in_bounds(args);
            let told = err(&output);
            assert_eq!(code(&output), 2, "{args:?}: {told}");
            assert!(told.contains(file) && told.contains("plain file"), "{args:?}: {told}");
        }
    }
}

#[test]
fn a_table_may_begin_with_a_byte_order_mark_and_has_no_endless_line() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let pairs = folder.path().join("pairs.tsv");
    let nothing = folder.path().join("nothing");
    let args = ["compare", "--pairs", text_of(&pairs), "--offline", "--home", text_of(&nothing)];
    fs::write(&pairs, "\u{feff}a\tb\n1.jpg\t2.jpg\n").expect("a new file");
    let told = err(&ran(&args));
    assert!(told.contains("realname models fetch"), "read as far as to need the models: {told}");
    let endless = format!("a\tb\n{}\t2.jpg\n", "1".repeat(1 << 20));
    fs::write(&pairs, endless).expect("a new file");
    let told = err(&ran(&args));
    assert!(told.contains("line 2") && told.contains("longer than"), "{told}");
}

/// A name that forges a line, colours the terminal, turns the text around and hides in it.
const HOSTILE: &str = "x-\n fake   pass\u{1b}[31m\u{202e}\u{2028}\u{200b}\u{9b}\r\t.";

/// As many lines as expected, and nothing in them that a terminal would obey or not show.
fn assert_plain(text: &str, lines: usize) {
    assert_eq!(text.lines().count(), lines, "{text:?}");
    let hidden = |c: char| (c.is_control() && c != '\n') || "\u{202e}\u{2028}\u{200b}".contains(c);
    assert!(!text.contains(hidden), "{text:?}");
    assert!(text.contains(r"x-\n fake   pass\u001b[31m\u202e\u2028\u200b\u009b\r\t."), "{text:?}");
}

#[cfg(unix)]
#[test]
fn a_name_forges_no_line_and_moves_no_cursor() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(HOSTILE);
    for args in [
        &["check", text_of(&path)][..],
        &["batch", text_of(&path)],
        &["policy", "check", text_of(&path)],
        &["compare", "--pairs", text_of(&path)],
    ] {
        assert_plain(&err(&ran(args)), 1);
    }
    fs::write(&path, SHIPPED_TOML).expect("a new file");
    assert_plain(&out(&ran(&["policy", "check", text_of(&path)])), 1);
    fs::write(&path, "schema = [").expect("a new file");
    let told = err(&ran(&["policy", "check", text_of(&path)]));
    assert!(told.contains(r"x-\n fake") && told.contains("not a TOML file"), "{told:?}");
    assert!(told.lines().count() > 1, "where in the file it stands is shown: {told}");
}

#[test]
fn a_stored_assessment_forges_no_line_and_json_says_what_it_said() {
    let assessment = Assessment {
        case_id: HOSTILE.to_owned(),
        method: Method::IdCard,
        decided_on: None,
        photos: Vec::new(),
        comparison: Comparison::default(),
        challenge: Vec::new(),
        frame_pairs: Vec::new(),
        provenance: Provenance::default(),
    };
    let stored = serde_json::to_string(&StoredAssessment::from(&assessment)).expect("plain data");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("assessment.json");
    fs::write(&path, stored).expect("a new file");
    let text = out(&ran(&["policy", "decide", text_of(&path)]));
    let plain = fs::read_to_string(&path).expect("a file");
    let plain = plain.replace(r"x-\n fake", "x-").replace(r"\r\t", "");
    let usual = folder.path().join("usual.json");
    fs::write(&usual, plain).expect("a new file");
    let usual = out(&ran(&["policy", "decide", text_of(&usual)]));
    assert_plain(&text, usual.lines().count());
    let json = out(&ran(&["policy", "decide", text_of(&path), "--format", "json"]));
    assert_plain(&json, 1);
    let verdict: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(verdict["case_id"], HOSTILE);
}

/// A setting as `realname config` shows it: its value and where that comes from.
fn setting(output: &Output, key: &str) -> (Value, String) {
    let document: Value = serde_json::from_str(&out(output)).expect("one JSON object");
    assert_eq!(document["schema"], "realname.config/1");
    let one = &document["settings"][key];
    (one["value"].clone(), one["source"].as_str().expect("a source").to_owned())
}

#[test]
fn a_flag_wins_over_the_environment_that_over_the_file_and_that_over_the_default() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("config.toml");
    fs::write(&file, "queue = 'nats://me:passw0rd@host/q'\nthreads = 3\nlease = 30\noffline = true\n")
        .expect("a new file");
    let config = |args: &[&str], variables: &[(&str, &str)]| {
        let mut command = realname(&[&["config", "--format", "json"], args].concat());
        command.env("XDG_CONFIG_HOME", folder.path().join("none")).envs(variables.iter().copied());
        let output = command.output().expect("the program starts");
        assert_eq!(code(&output), 0, "{}", err(&output));
        output
    };
    let named = ["--config", text_of(&file)];
    let from = |value: Value, source: &str| (value, source.to_owned());

    let plain = config(&[], &[]);
    assert_eq!(setting(&plain, "lease"), from(json!("60"), "default"));
    assert_eq!(setting(&plain, "queue"), from(Value::Null, "default"));
    let of_file = config(&named, &[]);
    assert_eq!(setting(&of_file, "threads"), from(json!("3"), "file"));
    assert_eq!(setting(&of_file, "lease"), from(json!("30"), "file"));
    assert_eq!(setting(&of_file, "offline"), from(json!("true"), "file"));
    assert_eq!(setting(&of_file, "queue"), from(json!("nats://***@host/q"), "file"));
    assert!(!out(&of_file).contains("passw0rd"));
    let variables = [("REALNAME_THREADS", "4"), ("REALNAME_LEASE", ""), ("REALNAME_CONFIG", text_of(&file))];
    let over = config(&[], &variables);
    assert_eq!(setting(&over, "threads"), from(json!("4"), "environment"));
    assert_eq!(setting(&over, "lease"), from(json!("30"), "file"));
    let flag = config(&["--threads", "5", "--lease", "7"], &variables);
    assert_eq!(setting(&flag, "threads"), from(json!("5"), "flag"));
    assert_eq!(setting(&flag, "lease"), from(json!("7"), "flag"));
    // Secrets of S3 are told to be there, and no more.
    let secret = config(&[], &[("AWS_SECRET_ACCESS_KEY", "hush"), ("AWS_REGION", "us-east-1")]);
    assert_eq!(setting(&secret, "AWS_SECRET_ACCESS_KEY"), from(json!("***"), "environment"));
    assert_eq!(setting(&secret, "AWS_REGION"), from(json!("us-east-1"), "environment"));

    // The file holds for the commands themselves: a queue of another kind is opened.
    fs::write(&file, format!("queue = 'sqlite:{}'", folder.path().join("q.db").display())).expect("space");
    let counts = ran(&["status", "--config", text_of(&file)]);
    assert_eq!(code(&counts), 0, "{}", err(&counts));
    // At the default place, and refused with what to do.
    fs::create_dir(folder.path().join("realname")).expect("a new folder");
    fs::write(folder.path().join("realname/config.toml"), "treads = 3").expect("a new file");
    let refused = realname(&["status"]).env("XDG_CONFIG_HOME", folder.path()).output().expect("it starts");
    let told = err(&refused);
    assert_eq!(code(&refused), 2);
    assert!(told.contains("realname/config.toml: unknown key `treads`: take it out or mend it"), "{told}");
    let gone = ran(&["status", "--config", "no-such-file.toml"]);
    assert!(code(&gone) == 2 && err(&gone).contains("no-such-file.toml"), "{}", err(&gone));
}
