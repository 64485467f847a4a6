//! The commands about cards, end to end with the real models: `inspect` and `eval cards`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn realname(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_realname")).args(args).output().expect("the program starts")
}

fn ran(args: &[&str]) -> String {
    let output = realname(args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

fn bundled(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cases").join(file)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

#[test]
fn inspect_shows_the_card_and_hides_what_is_printed_on_it_unless_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let [rectified, drawing] = ["card.png", "drawing.png"].map(|name| folder.path().join(name));
    let photo = bundled("genuine/front.jpg");
    let claims: Value =
        serde_json::from_slice(&fs::read(bundled("genuine/case.json")).expect("a case")).expect("JSON");
    let number = claims["claims"]["id_number"].as_str().expect("the fixture claims a number");
    let name = claims["claims"]["name"].as_str().expect("the fixture claims a name");

    let arguments = ["inspect", "--as", "front", text(&photo), "--rectified", text(&rectified)];
    let masked = ran(&[&arguments[..], &["--draw", text(&drawing)]].concat());
    assert!(!masked.contains(number) && !masked.contains(name), "{masked}");
    let seen: Value = serde_json::from_str(&masked).expect("JSON");
    assert_eq!(seen["card"]["side"], "portrait");
    let unmasked = ran(&["inspect", "--as", "front", text(&photo), "--unmasked"]);
    assert!(unmasked.contains(number) && unmasked.contains(name), "{unmasked}");

    let card = image::open(&rectified).expect("a picture");
    assert_eq!((card.width(), card.height()), (1012, 638));
    assert!(image::open(&drawing).expect("a picture").width() > 0);
}

#[test]
fn eval_counts_what_was_found_missed_and_falsely_claimed() {
    let set = tempfile::tempdir().expect("a folder");
    let labels = [
        r#"{"file":"good.jpg","side":"portrait","fields":{"name":"NAME","number":"NUMBER"}}"#,
        r#"{"file":"upside-down.jpg","side":"portrait"}"#,
        r#"{"file":"bank.jpg","side":"other","fields":null,"defects":["not_a_card"]}"#,
        // A good photo that is labelled as a bad one: it must count as missed.
        r#"{"file":"missed.jpg","side":"emblem","defects":["glare"]}"#,
    ];
    let claims: Value =
        serde_json::from_slice(&fs::read(bundled("genuine/case.json")).expect("a case")).expect("JSON");
    let [name, number] = ["name", "id_number"].map(|key| claims["claims"][key].as_str().expect("a claim"));
    let lines = labels.join("\n").replace("NAME", name).replace("NUMBER", number);
    fs::write(set.path().join("labels.jsonl"), lines).expect("written");
    for (file, photo) in [
        ("good.jpg", "genuine/front.jpg"),
        ("upside-down.jpg", "front-upside-down/front.jpg"),
        ("bank.jpg", "not-a-card/front.jpg"),
        ("missed.jpg", "genuine/back.jpg"),
    ] {
        fs::copy(bundled(photo), set.path().join(file)).expect("copied");
    }
    let [gallery, details] = ["gallery.html", "details.jsonl"].map(|name| set.path().join(name));
    let summary = ran(&[
        "eval",
        "cards",
        text(set.path()),
        "--format",
        "json",
        "--gallery",
        text(&gallery),
        "--details",
        text(&details),
    ]);
    let summary: Value = serde_json::from_str(&summary).expect("JSON");
    let rate = |of: &Value| (of["hits"].as_u64(), of["of"].as_u64());
    assert_eq!(summary["photos"], 4);
    assert_eq!(rate(&summary["side_and_way_up"]), (Some(3), Some(3)));
    assert_eq!(rate(&summary["no_card_unclaimed"]), (Some(1), Some(1)));
    assert_eq!(rate(&summary["detection"]["not_a_card"]), (Some(1), Some(1)));
    assert_eq!(rate(&summary["detection"]["glare"]), (Some(0), Some(1)));
    assert_eq!(rate(&summary["false_alarms"]), (Some(0), Some(2)));
    assert_eq!(rate(&summary["fields"]["number"]), (Some(1), Some(1)));
    assert_eq!(rate(&summary["fields"]["name"]), (Some(1), Some(1)));
    let details = fs::read_to_string(details).expect("details");
    assert_eq!(details.lines().count(), 4);
    let gallery = fs::read_to_string(gallery).expect("a gallery");
    assert!(gallery.contains("missed.jpg") && gallery.contains("data:image/"), "{}", &gallery[..500]);
    assert!(!gallery.contains("http"), "the gallery needs no network");

    // What the machine could not look at counts neither way.
    fs::write(set.path().join("labels.jsonl"), r#"{"file":"absent.jpg","side":"none"}"#).expect("written");
    let absent = realname(&["eval", "cards", text(set.path()), "--format", "json"]);
    let summary: Value = serde_json::from_slice(&absent.stdout).expect("JSON");
    assert_eq!((absent.status.code(), rate(&summary["no_card_unclaimed"])), (Some(2), (Some(0), Some(0))));

    let value = r#"{"file":"a.jpg","side":"none","fields":{"number":999999198002290019}}"#;
    fs::write(set.path().join("labels.jsonl"), value).expect("written");
    let refused = realname(&["eval", "cards", text(set.path())]);
    assert!(!String::from_utf8_lossy(&refused.stderr).contains("198002290019"));

    fs::write(set.path().join("labels.jsonl"), r#"{"file":"../x.jpg","side":"none"}"#).expect("written");
    let refused = realname(&["eval", "cards", text(set.path())]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("../x.jpg"));
}

#[test]
fn a_verdict_says_its_day_and_follows_it() {
    let [front, back, selfie] =
        ["genuine/front.jpg", "genuine/back.jpg", "genuine/selfie-1.jpg"].map(bundled);
    for (day, is_expired) in [("2026-11-20", false), ("2090-01-01", true)] {
        let photos = ["check", "--front", text(&front), "--back", text(&back), "--selfie", text(&selfie)];
        let output = realname(&[&photos[..], &["--format", "json", "--decided-on", day]].concat());
        let verdict: Value = serde_json::from_slice(&output.stdout).expect("a verdict");
        assert_eq!(verdict["decided_on"], day);
        let mut findings = verdict["findings"].as_array().expect("findings").iter();
        assert_eq!(findings.any(|f| f["code"] == "document.expired"), is_expired, "{verdict}");
    }
    let refused = realname(&["check", "--front", text(&front), "--decided-on", "2026-02-30"]);
    assert_eq!(refused.status.code(), Some(2));
}
