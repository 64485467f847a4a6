//! `realname models` from the outside, without a network.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::{Command, Output};

fn models(home: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_realname"))
        .arg("models")
        .args(arguments)
        .env("REALNAME_HOME", home)
        .env_remove("ORT_DYLIB_PATH")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn an_empty_home_lists_everything_as_missing_but_what_is_built_in() {
    let home = tempfile::tempdir().unwrap();
    let output = models(home.path(), &["list", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0));
    let rows: Vec<serde_json::Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(rows.len() >= 5);
    for row in rows {
        assert_eq!(row["sha256"].as_str().unwrap().len(), 64);
        let name = row["name"].as_str().unwrap();
        if name.starts_with("card-") || name == "face-cover" {
            assert_eq!((&row["state"], row["path"].is_null()), (&"built in".into(), true));
            continue;
        }
        assert_eq!(row["state"], "missing");
        assert!(row["path"].as_str().unwrap().starts_with(home.path().to_str().unwrap()));
    }
}

#[test]
fn what_cannot_be_done_ends_with_2_and_says_what_to_do() {
    let home = tempfile::tempdir().unwrap();
    let empty = tempfile::tempdir().unwrap();
    let empty = empty.path().to_str().unwrap();
    for (arguments, advice) in [
        (vec!["verify"], "realname models fetch"),
        (vec!["fetch", "--from", empty], "has none of the files"),
        (vec!["fetch", "--from", "/no/such/folder"], "/no/such/folder"),
        (vec!["fetch", "--set", "no-such-set"], "default, liveness, optional, reference, all"),
        (vec!["remove", "no-such-model"], "face-mesh"),
    ] {
        let output = models(home.path(), &arguments);
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {errors}");
        assert!(errors.contains(advice), "{arguments:?}: {errors}");
    }
}

#[test]
fn removing_what_is_not_there_is_fine() {
    let home = tempfile::tempdir().unwrap();
    assert_eq!(models(home.path(), &["remove"]).status.code(), Some(0));
    let output = models(home.path(), &["remove", "face-mesh"]);
    assert_eq!(text(&output.stdout), "face-mesh is not installed\n");
    let output = models(home.path(), &["remove", "card-side"]);
    assert_eq!(text(&output.stdout), "card-side is part of the program\n");
}
