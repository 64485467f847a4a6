//! A check that looks at no pixel: its verdict follows from the bytes of the first photo.

#[path = "../plain_verdict/mod.rs"]
mod plain_verdict;

use std::thread;
use std::time::Duration;

use plain_verdict::plain_verdict;
use realname::case::Case;
use realname::policy::{Code, Decision, Effect, Finding, Outcome, Verdict, VerificationStatus};

/// Passes, fails, sends to review, asks for a retake, errs, panics or takes its time, as the photo
/// says.
pub(crate) fn check(case: &Case) -> Result<Verdict, String> {
    let told = case.samples.first().map(|sample| String::from_utf8_lossy(&sample.bytes).into_owned());
    let told = told.unwrap_or_default();
    let mut words = told.split_whitespace();
    let what = words.next().unwrap_or_default();
    if let Some(ms) = words.next().and_then(|ms| ms.parse().ok()) {
        thread::sleep(Duration::from_millis(ms));
    }
    let (decision, status, code) = match what {
        "pass" => (Decision::Pass, VerificationStatus::Verified, None),
        "retake" => (Decision::Fail, VerificationStatus::Retake, Some(("card.blur", Effect::Fail))),
        "reject" => {
            (Decision::Fail, VerificationStatus::Rejected, Some(("claim.name_mismatch", Effect::Fail)))
        }
        "review" => {
            (Decision::Review, VerificationStatus::InReview, Some(("match.uncertain", Effect::Review)))
        }
        "panic" => panic!("as asked for"),
        other => return Err(format!("no such thing as {other}")),
    };
    let finding = code.map(|(code, effect)| Finding {
        code: Code::parse(code).expect("a code"),
        sample: None,
        measure: None,
        outcome: Outcome::NotMet,
        effect,
        observed: None,
        required: None,
    });
    let mut verdict = plain_verdict(&case.case_id, decision, status, finding.into_iter().collect());
    verdict.assessment.decided_on = case.decided_on;
    Ok(verdict)
}
