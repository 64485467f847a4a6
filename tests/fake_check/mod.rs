//! A check that looks at no pixel: its verdict follows from the bytes of the first photo.

use std::thread;
use std::time::Duration;

use realname::case::Case;
use realname::evidence::{Assessment, Comparison, Measured, Provenance, Reason, Timings};
use realname::policy::{
    Code, Decision, Effect, Finding, Judgement, LivenessJudgement, MatchJudgement, Outcome, Verdict,
    VerificationStatus,
};

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
    let assessment = Assessment {
        case_id: case.case_id.clone(),
        method: case.method,
        decided_on: case.decided_on,
        photos: Vec::new(),
        comparison: Comparison::default(),
        frame_pairs: Vec::new(),
        challenge: Vec::new(),
        provenance: Provenance::default(),
    };
    let judgement = Judgement {
        decision,
        status,
        findings: finding.into_iter().collect(),
        comparison: MatchJudgement {
            distance: None,
            distance_fmr: None,
            limits: None,
            model: None,
            frames: Vec::new(),
        },
        liveness: LivenessJudgement {
            score: Measured::FailureToAssess(Reason::NoFace),
            threshold: None,
            frames: Vec::new(),
        },
        usable_frames: Vec::new(),
        challenge: Vec::new(),
    };
    let policy_sha256 = "f0".repeat(32);
    Ok(Verdict { assessment, judgement, policy_sha256, timings: Timings::default() })
}
