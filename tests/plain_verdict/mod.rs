//! A verdict on no photos, for tests of what is done with verdicts.

use realname::case::Method;
use realname::evidence::{Assessment, Comparison, Measured, Provenance, Reason, Timings};
use realname::policy::{
    Decision, Finding, Judgement, LivenessJudgement, MatchJudgement, Verdict, VerificationStatus,
};

/// The verdict on `case_id` with these findings, by a policy whose sha256 is all `f0`.
pub(crate) fn plain_verdict(
    case_id: &str,
    decision: Decision,
    status: VerificationStatus,
    findings: Vec<Finding>,
) -> Verdict {
    let assessment = Assessment {
        case_id: case_id.to_owned(),
        method: Method::IdCard,
        decided_on: None,
        photos: Vec::new(),
        comparison: Comparison::default(),
        frame_pairs: Vec::new(),
        challenge: Vec::new(),
        provenance: Provenance::default(),
    };
    let judgement = Judgement {
        decision,
        status,
        findings,
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
    Verdict { assessment, judgement, policy_sha256: "f0".repeat(32), timings: Timings::default() }
}
