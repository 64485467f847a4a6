//! The verdict document, form `realname.verdict/1`.
//!
//! Equal verdicts give equal bytes: keys stand in a fixed order, numbers have a fixed number of
//! digits, and times, which differ from run to run, are left out unless asked for.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::evidence::Provenance;
use crate::policy::{
    Decision, Effect, Fault, Finding, Language, LivenessJudgement, MatchJudgement, Observed, Outcome,
    StepJudgement, Verdict, VerificationStatus,
};

/// The form this version writes.
pub const VERDICT_SCHEMA: &str = "realname.verdict/1";

/// Significant digits of a number in a verdict. Measures are good to three or four; more would
/// only show on which machine they were taken.
const DIGITS: usize = 6;

/// Whether a verdict says how long it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timing {
    /// With `timings_ms`.
    Timed,
    /// Without, so that equal verdicts give equal bytes.
    Untimed,
}

/// A verdict as it is stored or sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerdictDocument {
    /// Always `realname.verdict/1`.
    #[schemars(regex(pattern = r"^realname\.verdict/1$"))]
    pub schema: String,
    /// The submitter's name for the case.
    pub case_id: String,
    /// Whether the case is accepted.
    pub decision: DecisionDocument,
    /// Where that leaves the verification.
    pub status: StatusDocument,
    /// Everything that was not met or not assessed: by photo, then in the order of the codes.
    pub findings: Vec<FindingDocument>,
    /// The comparison of the faces.
    pub comparison: ComparisonDocument,
    /// The day as of which validity and age were judged, `2026-11-20`; null where none was known.
    #[serde(default)]
    #[schemars(regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub decided_on: Option<String>,
    /// Whether a live person made the frames.
    pub liveness: LivenessDocument,
    /// The steps of the challenge, where the case asks for one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub challenge: Vec<StepDocument>,
    /// What made the verdict: enough to make it again.
    pub provenance: ProvenanceDocument,
    /// Milliseconds by stage, where they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timings_ms: Option<BTreeMap<String, f64>>,
}

/// Something that was not met or not assessed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FindingDocument {
    /// The stable code; `realname policy codes` lists them.
    pub code: String,
    /// Who has to do something about it.
    pub fault: FaultDocument,
    /// The photo it is about, `front`, `back`, `selfie-1`; null when it is about the case.
    #[schemars(regex(pattern = r"^(front|back|selfie-[1-9][0-9]*)$"))]
    pub sample: Option<String>,
    /// The measure it rests on, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measure: Option<String>,
    /// How it stands to what the policy asks for.
    pub outcome: OutcomeDocument,
    /// What it does to the decision.
    pub effect: EffectDocument,
    /// What was seen; for operators, never for the user.
    pub observed: Option<ObservedDocument>,
    /// What the policy asks for, `>= 60 px`; for operators, never for the user.
    pub required: Option<String>,
    /// What to tell the user.
    pub message: MessageDocument,
}

/// What was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ObservedDocument {
    /// A value, in the unit of `required`.
    Value(f64),
    /// Why there is none, or the particulars of a photo that could not be read.
    Text(String),
}

/// What to tell the user: plain words, never a score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageDocument {
    /// In simplified Chinese.
    #[serde(rename = "zh-CN")]
    pub zh_cn: String,
    /// In English.
    pub en: String,
}

/// The comparison of the faces.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComparisonDocument {
    /// Cosine distance, 0 to 2; null when the faces were not compared.
    #[schemars(range(min = 0, max = 2))]
    pub distance: Option<f64>,
    /// The false-match rate that the distance stands for; null outside the model's calibration.
    #[schemars(range(min = 0, max = 1))]
    pub distance_fmr: Option<f64>,
    /// The largest distance that is accepted; null where the model is not calibrated.
    #[schemars(range(min = 0, max = 2))]
    pub threshold: Option<f64>,
    /// The false-match rate at the threshold: what the policy asks for.
    #[schemars(range(min = 0, max = 1))]
    pub fmr: Option<f64>,
    /// The larger distance up to which a person looks; null for no such band.
    #[schemars(range(min = 0, max = 2))]
    pub review_threshold: Option<f64>,
    /// The model that made the distance.
    pub model: Option<String>,
    /// The selfie frames that were compared.
    pub frames: Vec<String>,
}

/// A step of the challenge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepDocument {
    /// What the user was asked to do: `blink`, `open_mouth`, `turn_left`, `turn_right` or `nod`.
    pub action: String,
    /// Whether a frame shows it, behind the step before.
    pub outcome: OutcomeDocument,
    /// The first frame that does.
    pub sample: Option<String>,
    /// How far it went; for operators, never for the user.
    pub observed: Option<f64>,
    /// How far it must go.
    pub required: String,
}

impl From<&StepJudgement> for StepDocument {
    fn from(step: &StepJudgement) -> Self {
        Self {
            action: step.action.id().to_owned(),
            outcome: step.outcome.into(),
            sample: step.frame.map(|role| role.to_string()),
            observed: step.observed.map(|value| rounded(value.get())),
            required: step.required.to_string(),
        }
    }
}

/// Whether a live person made the frames.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LivenessDocument {
    /// Mean confidence in a live face, 0 to 1; null where it was not assessed.
    #[schemars(range(min = 0, max = 1))]
    pub score: Option<f64>,
    /// The smallest that does not fail; null where it is not judged.
    #[schemars(range(min = 0, max = 1))]
    pub threshold: Option<f64>,
    /// The selfie frames that it is the mean of.
    pub frames: Vec<String>,
}

/// What made the verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProvenanceDocument {
    /// Version of the program that measured.
    pub version: String,
    /// Sha256 of every model that had a part in it, by name.
    pub models: BTreeMap<String, String>,
    /// Sha256 of the policy in effect.
    pub policy: String,
    /// Name and version of the inference runtime.
    pub runtime: String,
}

/// An enum of the document whose names are those of an inner enum.
macro_rules! document_enum {
    ($(#[$doc:meta])* $document:ident of $inner:ident { $($(#[$variant_doc:meta])* $variant:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $document { $($(#[$variant_doc])* $variant,)+ }

        impl From<$inner> for $document {
            fn from(inner: $inner) -> Self {
                match inner { $($inner::$variant => Self::$variant,)+ }
            }
        }
    };
}

document_enum! {
    /// Whether the case is accepted.
    DecisionDocument of Decision {
        /// Everything was assessed and met.
        Pass,
        /// Something was not met, or could not be assessed.
        Fail,
        /// Nothing failed, and a person should look.
        Review,
    }
}

document_enum! {
    /// Where a verification stands.
    StatusDocument of VerificationStatus {
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
}

document_enum! {
    /// Who has to do something about a finding.
    FaultDocument of Fault {
        /// The photo was taken or sent badly.
        Capture,
        /// The document is not acceptable.
        Document,
        /// The person is not who the document says.
        Identity,
        /// What stood before the camera was not the person or the document itself.
        Presentation,
        /// The program could not make sure.
        System,
    }
}

document_enum! {
    /// How something stands to what the policy asks of it.
    OutcomeDocument of Outcome {
        /// As asked.
        Met,
        /// Assessed, and not as asked.
        NotMet,
        /// Could not be assessed; counts as not met.
        NotAssessed,
    }
}

document_enum! {
    /// What a finding does to the decision.
    EffectDocument of Effect {
        /// The case fails.
        Fail,
        /// A person should look, unless the case fails.
        Review,
        /// Nothing: something else made up for it, or has to be mended first.
        Noted,
    }
}

/// The verdict as one line of JSON, without a line end.
pub fn verdict_json(verdict: &Verdict, timing: Timing) -> String {
    let document = VerdictDocument::new(verdict, timing);
    serde_json::to_string(&document).expect("plain data with string keys always serialises")
}

impl VerdictDocument {
    /// The document of a verdict.
    pub fn new(verdict: &Verdict, timing: Timing) -> Self {
        let Verdict { assessment, judgement, policy_sha256, timings } = verdict;
        let timings_ms = match timing {
            Timing::Timed => {
                let stages = timings.0.iter().map(|(stage, ms)| ((*stage).to_owned(), rounded(*ms)));
                Some(stages.collect())
            }
            Timing::Untimed => None,
        };
        Self {
            schema: VERDICT_SCHEMA.to_owned(),
            case_id: assessment.case_id.clone(),
            decision: judgement.decision.into(),
            status: judgement.status.into(),
            findings: judgement.findings.iter().map(FindingDocument::from).collect(),
            comparison: ComparisonDocument::from(&judgement.comparison),
            decided_on: assessment.decided_on.map(|day| day.to_string()),
            liveness: LivenessDocument::from(&judgement.liveness),
            challenge: judgement.challenge.iter().map(StepDocument::from).collect(),
            provenance: ProvenanceDocument::new(&assessment.provenance, policy_sha256),
            timings_ms,
        }
    }
}

impl ProvenanceDocument {
    /// The document of what measured and of the policy that decided.
    pub fn new(measured_by: &Provenance, policy_sha256: &str) -> Self {
        let Provenance { version, models, runtime, embedding: _ } = measured_by;
        Self {
            version: version.clone(),
            models: models.clone(),
            policy: policy_sha256.to_owned(),
            runtime: runtime.clone(),
        }
    }
}

impl From<&Finding> for FindingDocument {
    fn from(finding: &Finding) -> Self {
        Self {
            code: finding.code.id().to_owned(),
            fault: finding.code.fault().into(),
            sample: finding.sample.map(|role| role.to_string()),
            measure: finding.measure.map(|measure| measure.id().to_owned()),
            outcome: finding.outcome.into(),
            effect: finding.effect.into(),
            observed: finding.observed.as_ref().map(ObservedDocument::from),
            required: finding.required.map(|requirement| requirement.to_string()),
            message: MessageDocument {
                zh_cn: finding.message(Language::Chinese),
                en: finding.message(Language::English),
            },
        }
    }
}

impl From<&Observed> for ObservedDocument {
    fn from(observed: &Observed) -> Self {
        match observed {
            Observed::Value(value) => Self::Value(rounded(value.get())),
            Observed::Reason(reason) => Self::Text(reason.id().to_owned()),
            Observed::Detail(detail) => Self::Text(detail.clone()),
        }
    }
}

impl From<&MatchJudgement> for ComparisonDocument {
    fn from(comparison: &MatchJudgement) -> Self {
        Self {
            distance: comparison.distance.map(|distance| rounded(distance.get())),
            distance_fmr: comparison.distance_fmr.map(rounded),
            threshold: comparison.limits.map(|limits| rounded(limits.distance)),
            fmr: comparison.limits.map(|limits| rounded(limits.fmr)),
            review_threshold: comparison.limits.and_then(|limits| limits.review_distance).map(rounded),
            model: comparison.model.clone(),
            frames: comparison.frames.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<&LivenessJudgement> for LivenessDocument {
    fn from(liveness: &LivenessJudgement) -> Self {
        Self {
            score: liveness.score.value().map(|score| rounded(score.get())),
            threshold: liveness.threshold,
            frames: liveness.frames.iter().map(ToString::to_string).collect(),
        }
    }
}

/// A finite number to six significant digits, as verdicts hold it.
pub fn rounded(value: f64) -> f64 {
    format!("{value:.*e}", DIGITS - 1).parse().expect("Rust reads the numbers that it writes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::SampleRole;
    use crate::evidence::{Assessment, IntakeFault, Measure, Timings};
    use crate::policy::Policy;
    use crate::policy::testing::{Spoiled as _, good_case};

    fn verdict(assessment: Assessment) -> Verdict {
        let policy = Policy::shipped();
        let mut timings = Timings::default();
        timings.add("decode", std::time::Duration::from_micros(12_345));
        Verdict { judgement: policy.decide(&assessment), assessment, policy_sha256: "f0".repeat(32), timings }
    }

    #[test]
    fn numbers_have_six_digits() {
        for (value, expected) in [
            (0.123456789, 0.123457),
            (1234567.8, 1234570.0),
            (0.0, 0.0),
            (-24.9999999, -25.0),
            (1e-12, 1e-12),
        ] {
            assert_eq!(rounded(value), expected);
        }
    }

    #[test]
    fn a_verdict_is_written_in_one_form_and_reads_back() {
        let spoiled = good_case(2, 0.2123456789)
            .refused(SampleRole::Back, IntakeFault::FormatUnsupported, "HEIC")
            .with(SampleRole::Selfie(2), Measure::Yaw, -31.23456789);
        let verdict = verdict(spoiled);
        let json = verdict_json(&verdict, Timing::Untimed);
        assert!(!json.contains('\n') && !json.contains("timings_ms"));
        let document: VerdictDocument = serde_json::from_str(&json).expect("what was just written");
        assert_eq!(document, VerdictDocument::new(&verdict, Timing::Untimed));
        let pretty: serde_json::Value = serde_json::from_str(&json).expect("what was just written");
        insta::assert_json_snapshot!("verdict", pretty);
        let timed = VerdictDocument::new(&verdict, Timing::Timed);
        assert_eq!(timed.timings_ms, Some([("decode".to_owned(), 12.345)].into()));
    }
}
