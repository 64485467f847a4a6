//! The steps of a verification, how each stands, and which of them a case requires.

use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something that has to be shown before a person counts as verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Name and number are those that the user claimed. Set by the pipeline's verdict.
    Identity,
    /// The card is acceptable. Set by the pipeline's verdict.
    Document,
    /// The face on the selfies is the one on the card. Set by the pipeline's verdict.
    Face,
    /// The phone number. Another service reports it.
    Phone,
    /// The payment password. Another service reports it.
    PaymentPassword,
    /// The bank card, for the method of that name. Another service reports it.
    BankCard,
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 6] =
        [Self::Identity, Self::Document, Self::Face, Self::Phone, Self::PaymentPassword, Self::BankCard];

    /// The steps that the pipeline's verdict sets for an ID card.
    pub const OF_PIPELINE: [Self; 3] = [Self::Identity, Self::Document, Self::Face];

    /// The name used in records and on the command line.
    pub fn id(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Document => "document",
            Self::Face => "face",
            Self::Phone => "phone",
            Self::PaymentPassword => "payment_password",
            Self::BankCard => "bank_card",
        }
    }

    /// The step of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.id() == text)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// How a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepResult {
    /// Nothing is known yet, or a person has to look.
    Pending,
    /// Shown.
    Passed,
    /// Shown not to be so, or not shown in the attempt that was made.
    Failed,
}

impl StepResult {
    /// The name used in records.
    pub fn id(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Passed => "passed",
            Self::Failed => "failed",
        }
    }
}

/// How a step stands, and the codes that say why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepState {
    /// How it stands.
    pub result: StepResult,
    /// Codes of the verdict's findings, or the reason that another service gave.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<String>,
}

impl StepState {
    /// Nothing known.
    pub fn pending() -> Self {
        Self { result: StepResult::Pending, codes: Vec::new() }
    }
}

/// What a reason has to look like: a code cannot hold a name or a number that somebody typed in
/// words, and can be counted.
pub const REASON_RULE: &str =
    "a reason is a code: 1 to 64 of a-z, 0-9, `_`, `-` and `.`, beginning with a letter, and no long number";

/// More digits than this in a row are taken for a number that belongs to a person.
const DIGITS_MAX: usize = 4;

/// Why a step was set, as a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReasonCode(String);

impl ReasonCode {
    /// `None` where the text is no code: see [`REASON_RULE`].
    pub fn parse(text: &str) -> Option<Self> {
        let is_code = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-.".contains(&b);
        let digits = text.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
        let valid = (1..=64).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(is_code)
            && digits <= DIGITS_MAX;
        valid.then(|| Self(text.to_owned()))
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The steps that a case has to pass. Kept in the case's record, so that it never depends on who
/// reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct RequiredSteps(BTreeSet<Step>);

/// A list of required steps that cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StepsError {
    /// A name that is neither a step nor a profile.
    #[error(
        "`{0}` is no step; known are identity, document, face, phone, payment_password, bank_card, \
         and the profiles `pipeline` and `wallet`"
    )]
    Unknown(String),
    /// Steps that the pipeline decides cannot be left out of an ID card's verification.
    #[error("the steps identity, document and face cannot be left out")]
    WithoutPipeline,
}

impl RequiredSteps {
    /// Those that the pipeline sets itself.
    pub fn pipeline() -> Self {
        Self(Step::OF_PIPELINE.into())
    }

    /// All that a wallet asks for: those of the pipeline, the phone and the payment password.
    pub fn wallet() -> Self {
        Self([&Step::OF_PIPELINE[..], &[Step::Phone, Step::PaymentPassword]].concat().into_iter().collect())
    }

    /// A profile's name, or steps with commas between them.
    ///
    /// # Errors
    /// An unknown name, or a list without the pipeline's own steps.
    pub fn parse(text: &str) -> Result<Self, StepsError> {
        match text {
            "pipeline" => return Ok(Self::pipeline()),
            "wallet" => return Ok(Self::wallet()),
            _ => {}
        }
        let step = |name: &str| Step::parse(name.trim()).ok_or_else(|| StepsError::Unknown(name.to_owned()));
        let steps: BTreeSet<Step> = text.split(',').map(step).collect::<Result<_, _>>()?;
        if Step::OF_PIPELINE.iter().any(|own| !steps.contains(own)) {
            return Err(StepsError::WithoutPipeline);
        }
        Ok(Self(steps))
    }

    /// Those of a verification by bank card, which has no photos.
    pub(super) fn bank_card() -> Self {
        Self([Step::Identity, Step::BankCard, Step::Phone, Step::PaymentPassword].into())
    }

    /// The steps, in the order of [`Step::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = Step> + '_ {
        self.0.iter().copied()
    }
}

impl Default for RequiredSteps {
    fn default() -> Self {
        Self::pipeline()
    }
}

/// Names with commas between them.
impl fmt::Display for RequiredSteps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.iter().map(Step::id).collect();
        f.write_str(&names.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_and_lists_are_read_and_others_refused() {
        for (text, expected) in [
            ("pipeline", Ok("identity,document,face")),
            ("wallet", Ok("identity,document,face,phone,payment_password")),
            ("face, identity,document,phone", Ok("identity,document,face,phone")),
            ("phone", Err(StepsError::WithoutPipeline)),
            ("identity,fax", Err(StepsError::Unknown("fax".to_owned()))),
            ("", Err(StepsError::Unknown(String::new()))),
        ] {
            assert_eq!(
                RequiredSteps::parse(text).map(|steps| steps.to_string()),
                expected.map(str::to_owned)
            );
        }
    }

    #[test]
    fn a_reason_is_a_code_and_no_persons_number() {
        for (text, is_code) in [
            ("phone.not_reachable", true),
            ("error-4041", true),
            ("", false),
            ("13800138000", false),
            ("phone-13800138000", false),
            ("张三", false),
            ("Not Reachable", false),
        ] {
            assert_eq!(ReasonCode::parse(text).is_some(), is_code, "{text}");
        }
        assert!(ReasonCode::parse(&"a".repeat(65)).is_none());
    }

    #[test]
    fn names_of_steps_read_back() {
        for step in Step::ALL {
            assert_eq!(Step::parse(step.id()), Some(step));
        }
    }
}
