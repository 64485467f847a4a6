//! `realname report` as a process: which documents it takes, and what it refuses.

mod plain_verdict;

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::{Command, Output};

use plain_verdict::plain_verdict;
use realname::policy::{Decision, VerificationStatus};
use realname::queue::{AttemptVerdict, QueueOptions, QueuePlace, Submission};
use realname::status::RequiredSteps;

fn ran(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_realname"));
    command.current_dir(folder).arg("report").args(args).output().expect("the program runs")
}

/// A verdict as `batch -o` writes it.
const VERDICT: &str = r#"{"schema":"realname.verdict/1","case_id":"c-1","decision":"fail","status":"retake","findings":[{"code":"card.blur","fault":"capture","sample":"front","measure":"field_blur_px","outcome":"not_met","effect":"fail","observed":3.4,"required":"<= 2 px","message":{"zh-CN":"照片模糊。","en":"The photo is blurred."}}],"comparison":{"distance":0.21,"distance_fmr":1e-6,"threshold":0.32,"fmr":0.0001,"review_threshold":0.405,"model":"m","frames":["selfie-1"]},"decided_on":"2026-11-20","liveness":{"score":null,"threshold":0.3,"frames":[]},"provenance":{"version":"0.1.0","models":{"m":"aa"},"policy":"bb","runtime":"r"},"timings_ms":{"decode":20.0}}"#;

#[test]
fn stored_verdicts_become_pages_without_any_model() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = folder.path();
    fs::write(at.join("one.json"), VERDICT).expect("a file");
    let another = VERDICT.replace("c-1", "c-2");
    fs::write(at.join("many.jsonl"), format!("{VERDICT}\n{another}\n")).expect("a file");
    let nowhere = at.join("nowhere");
    let home = ["--offline", "--home", nowhere.to_str().expect("a plain path")];
    let page = |args: &[&str]| {
        let out = ran(at, &[args, &home[..], &["-o", "out.html"]].concat());
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        fs::read_to_string(at.join("out.html")).expect("a page")
    };
    let one = page(&["one.json", "--language", "en"]);
    for told in
        ["Case c-1", "The photo is blurred.", "card.blur", "照片模糊。", "1 in 1,000,000", "lang=\"en\" data"]
    {
        assert!(one.contains(told), "{told}");
    }
    let many = page(&["--batch", "many.jsonl"]);
    assert!(many.contains("批次 many.jsonl") && many.contains("2 cases"));

    for (args, says) in [
        (vec!["many.jsonl"], "holds 2 documents; `report --batch` makes a page of them"),
        (vec!["--batch", "one.json", "--assessments", "one.json"], "not an assessment"),
        (vec!["--batch", "gone.jsonl"], "gone.jsonl"),
        (vec!["one.json", "--unmasked", "--redact"], "cannot be used with"),
    ] {
        let out = ran(at, &[&args[..], &home[..], &["-o", "never.html"]].concat());
        let told = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.code() == Some(2) && told.contains(says), "{args:?}: {told}");
    }
    fs::write(at.join("other.json"), r#"{"schema":"realname.case/2"}"#).expect("a file");
    let out = ran(at, &["other.json", "-o", "never.html"]);
    assert!(String::from_utf8_lossy(&out.stderr).contains("realname.case/2"));
    assert!(!at.join("never.html").exists());
}

#[test]
fn a_queue_becomes_a_page_with_its_throughput() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let place = format!("sqlite:{}", folder.path().join("q.db").display());
    let queue = QueuePlace::parse(&place).expect("a queue").open(QueueOptions::default()).expect("a queue");
    for n in 0..3 {
        let submission = Submission::of_name(format!("c-{n}"));
        queue.submit(&submission, &RequiredSteps::pipeline()).expect("a queue");
    }
    let empty = ran(folder.path(), &["--queue", &place, "-o", "empty.html"]);
    assert!(!empty.status.success() && String::from_utf8_lossy(&empty.stderr).contains("no verdict"));
    for claimed in queue.claim("w", NonZeroUsize::new(2).expect("not zero")).expect("a queue") {
        let (decision, status) = (Decision::Pass, VerificationStatus::Verified);
        let verdict = plain_verdict(&claimed.lease.case_id, decision, status, Vec::new());
        queue.record(&claimed.lease, &AttemptVerdict::from(&verdict)).expect("held");
    }
    let out = ran(folder.path(), &["--queue", &place, "-o", "queue.html", "--language", "en"]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let page = fs::read_to_string(folder.path().join("queue.html")).expect("a page");
    assert!(page.contains("2 cases") && page.contains("q.db"));
    assert!(!page.contains("do not say when they were recorded"), "no throughput");
}
