//! What a decision consists of. Says nothing of how it is reached: `decide` does.

use std::fmt;

use super::MatchLimits;
use super::challenge::{StepJudgement, is_passed};
use super::checks::Accepts;
use super::codes::{Code, Language};
use crate::case::SampleRole;
use crate::evidence::{Assessment, Measure, Measured, Reason, Timings};
use crate::score::{CosineDistance, Finite};

/// Whether the case is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// Everything that the policy asks for was assessed and met.
    Pass,
    /// Something was not met, or could not be assessed.
    Fail,
    /// Nothing failed, and a person should look.
    Review,
}

impl Decision {
    /// The name used in verdicts.
    pub fn id(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Review => "review",
        }
    }
}

/// Where a verification stands. A verdict yields one of the last four.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VerificationStatus {
    /// Steps are still to be done.
    Incomplete,
    /// Everything was sent; no verdict yet.
    Processing,
    /// Failed in a way that other photos may mend.
    Retake,
    /// Failed for good.
    Rejected,
    /// Waits for a person.
    InReview,
    /// Passed.
    Verified,
}

impl VerificationStatus {
    /// The name used in verdicts.
    pub fn id(self) -> &'static str {
        match self {
            Self::Incomplete => "incomplete",
            Self::Processing => "processing",
            Self::Retake => "retake",
            Self::Rejected => "rejected",
            Self::InReview => "in_review",
            Self::Verified => "verified",
        }
    }
}

/// How something stands to what the policy asks of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// As asked. Findings hold only what is not.
    Met,
    /// Assessed, and not as asked.
    NotMet,
    /// Could not be assessed; counts as not met.
    NotAssessed,
}

impl Outcome {
    /// The name used in verdicts.
    pub fn id(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::NotMet => "not_met",
            Self::NotAssessed => "not_assessed",
        }
    }
}

/// What a finding does to the decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// The case fails.
    Fail,
    /// A person should look, unless the case fails.
    Review,
    /// Nothing: something else made up for it, or has to be mended first.
    Noted,
}

impl Effect {
    /// The name used in verdicts.
    pub fn id(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Review => "review",
            Self::Noted => "noted",
        }
    }
}

/// Something that was not met or not assessed.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What was found.
    pub code: Code,
    /// The photo it is about; `None` when it is about the case.
    pub sample: Option<SampleRole>,
    /// The measure it rests on, where there is one.
    pub measure: Option<Measure>,
    /// Not met or not assessed.
    pub outcome: Outcome,
    /// What it does to the decision.
    pub effect: Effect,
    /// What was seen instead.
    pub observed: Option<Observed>,
    /// What the policy asks for.
    pub required: Option<Requirement>,
}

impl Finding {
    /// What to tell the user about it: plain words, never a score.
    pub fn message(&self, language: Language) -> String {
        let detail = match &self.observed {
            Some(Observed::Detail(detail)) => Some(detail.as_str()),
            Some(Observed::Value(_) | Observed::Reason(_)) | None => None,
        };
        self.code.message(language, self.sample, detail)
    }
}

/// What was seen instead of what was asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Observed {
    /// The value of the measure or score.
    Value(Finite),
    /// Why there is none.
    Reason(Reason),
    /// The particulars of a photo that could not be read, in English.
    Detail(String),
}

/// A bound that the policy sets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Requirement {
    /// The side of the bound on which good values lie.
    pub accepts: Accepts,
    /// The bound.
    pub bound: f64,
    /// The unit of both; empty for a share or ratio.
    pub unit: &'static str,
}

impl Requirement {
    /// Whether a value meets it. A NaN meets nothing.
    pub fn is_met_by(&self, value: f64) -> bool {
        match self.accepts {
            Accepts::AtLeast => value >= self.bound,
            Accepts::AtMost => value <= self.bound,
            Accepts::Within => value.abs() <= self.bound,
        }
    }
}

/// `>= 60 px`, `<= 0.25`, `-25 to 25 deg`.
impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bound = self.bound;
        match self.accepts {
            Accepts::AtLeast => write!(f, ">= {bound}")?,
            Accepts::AtMost => write!(f, "<= {bound}")?,
            Accepts::Within => write!(f, "-{bound} to {bound}")?,
        }
        if self.unit.is_empty() { Ok(()) } else { write!(f, " {}", self.unit) }
    }
}

/// The comparison of the faces.
#[derive(Debug, Clone, PartialEq)]
pub struct MatchJudgement {
    /// Between the reference and the mean of `frames`; `None` when they were not compared.
    pub distance: Option<CosineDistance>,
    /// The false-match rate that the distance stands for; `None` outside the calibration.
    pub distance_fmr: Option<f64>,
    /// What the policy asks for; `None` where the model is not calibrated for it.
    pub limits: Option<MatchLimits>,
    /// The model that made the distance.
    pub model: Option<String>,
    /// The frames that were compared, in the order of the case.
    pub frames: Vec<SampleRole>,
}

/// Whether a live person made the frames.
#[derive(Debug, Clone, PartialEq)]
pub struct LivenessJudgement {
    /// Mean over `frames`, or why there is none.
    pub score: Measured<Finite>,
    /// The smallest score that does not fail; `None` where it is not judged.
    pub threshold: Option<f64>,
    /// The frames that it is the mean of, in the order of the case.
    pub frames: Vec<SampleRole>,
}

/// A decision and what it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// Whether the case is accepted.
    pub decision: Decision,
    /// Where that leaves the verification.
    pub status: VerificationStatus,
    /// Everything that was not met or not assessed: by photo, then in the order of the registry.
    pub findings: Vec<Finding>,
    /// The comparison of the faces.
    pub comparison: MatchJudgement,
    /// The frames with pixels on which nothing fails.
    pub usable_frames: Vec<SampleRole>,
    /// The steps of the challenge, where the case asks for one.
    pub challenge: Vec<StepJudgement>,
    /// Whether a live person made the frames.
    pub liveness: LivenessJudgement,
}

impl Judgement {
    /// Whether a challenge was asked for and every step of it was met.
    pub fn challenge_is_passed(&self) -> bool {
        is_passed(&self.challenge)
    }

    /// The decision that follows from the findings.
    pub(super) fn new(
        findings: Vec<Finding>,
        comparison: MatchJudgement,
        liveness: LivenessJudgement,
        usable_frames: Vec<SampleRole>,
        challenge: Vec<StepJudgement>,
    ) -> Self {
        let with = |effect| findings.iter().filter(move |f| f.effect == effect);
        let (decision, status) = if with(Effect::Fail).next().is_some() {
            let mended = with(Effect::Fail).all(|f| f.code.fault().mended_by_another_photo());
            let status = if mended { VerificationStatus::Retake } else { VerificationStatus::Rejected };
            (Decision::Fail, status)
        } else if with(Effect::Review).next().is_some() {
            (Decision::Review, VerificationStatus::InReview)
        } else {
            (Decision::Pass, VerificationStatus::Verified)
        };
        Self { decision, status, findings, comparison, liveness, usable_frames, challenge }
    }
}

/// A case, measured and judged, with everything needed to do it again.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// What was measured.
    pub assessment: Assessment,
    /// What it amounts to.
    pub judgement: Judgement,
    /// Sha256 of the policy in effect, lower-case hex.
    pub policy_sha256: String,
    /// Where the time went.
    pub timings: Timings,
}
