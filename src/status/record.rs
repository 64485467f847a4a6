//! The record of a case and its moves: who may say what, and when.
//!
//! ```text
//! incomplete --submit--> processing --verdict--> retake --submit--> processing (a new attempt)
//!                                             -> rejected             nothing more
//!                                             -> in_review --a person decides--> verified, rejected,
//!                                                                    incomplete or retake
//!                                             -> incomplete --the other steps--> verified, rejected
//!                                             -> verified             nothing more
//! ```
//! A failed step of another service rejects the case once the pipeline has passed it, and the same
//! service may take that back. The pipeline's own rejection is for good.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::outcome::PipelineOutcome;
use super::review::ReviewDecision;
use super::step::{ReasonCode, RequiredSteps, Step, StepResult, StepState};
use crate::policy::VerificationStatus;

use VerificationStatus::{InReview, Incomplete, Processing, Rejected, Retake, Verified};

/// Every move of the overall status that there is, apart from staying the same.
pub const LEGAL_MOVES: [(VerificationStatus, VerificationStatus); 15] = [
    (Incomplete, Processing),
    (Incomplete, Rejected),
    (Incomplete, Verified),
    (Processing, Incomplete),
    (Processing, Retake),
    (Processing, Rejected),
    (Processing, InReview),
    (Processing, Verified),
    (Retake, Processing),
    (InReview, Incomplete),
    (InReview, Retake),
    (InReview, Rejected),
    (InReview, Verified),
    // Another service's failed step, mended by the same service.
    (Rejected, Incomplete),
    (Rejected, Verified),
];

/// How the person proves who they are, as far as the record goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecordMethod {
    /// ID card and selfies, decided by the pipeline.
    IdCard,
    /// A bank card, decided by other services alone.
    BankCard,
}

/// Where the pipeline's part stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pipeline {
    /// The method has no photos.
    NotAsked,
    /// No photos were sent yet.
    NotSent,
    /// Photos were sent; no verdict yet.
    Waiting,
    /// Other photos may mend it.
    Retake,
    /// Failed for good.
    Rejected,
    /// A person decides.
    InReview,
    /// Passed, by verdict or by a person.
    Passed,
}

/// What happens to a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Move {
    /// The photos of an attempt were sent.
    Submit,
    /// The attempt got its verdict.
    Verdict(PipelineOutcome),
    /// A step was set from outside: by the service that owns it, or by the person who reviews.
    Report {
        /// The step.
        step: Step,
        /// Passed or failed.
        result: StepResult,
        /// Why.
        reason: Option<ReasonCode>,
    },
    /// A person decided the case that the pipeline sent to one.
    Review {
        /// How.
        decision: ReviewDecision,
        /// Why.
        reason: Option<ReasonCode>,
    },
}

/// The move is not legal where the record stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} (the case is {}): {why}", .status.id())]
pub struct IllegalMove {
    /// What was asked for.
    pub what: String,
    /// Where the case stands.
    pub status: VerificationStatus,
    /// Why it cannot be.
    pub why: &'static str,
}

/// Where one case stands. Changed by [`VerificationRecord::after`] alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerificationRecord {
    method: RecordMethod,
    /// Attempts made; 0 before the first photos are sent.
    attempt: u32,
    pipeline: Pipeline,
    steps: BTreeMap<Step, StepState>,
    required: RequiredSteps,
}

impl VerificationRecord {
    /// The record of a case of which nothing is known. `required` holds for ID cards; a bank card
    /// requires what its method does.
    pub fn new(method: RecordMethod, required: RequiredSteps) -> Self {
        let (pipeline, required, steps) = match method {
            RecordMethod::IdCard => {
                let steps: Vec<Step> = RequiredSteps::wallet().iter().chain(required.iter()).collect();
                (Pipeline::NotSent, required, steps)
            }
            RecordMethod::BankCard => {
                let required = RequiredSteps::bank_card();
                let steps = required.iter().collect();
                (Pipeline::NotAsked, required, steps)
            }
        };
        let steps = steps.into_iter().map(|step| (step, StepState::pending())).collect();
        Self { method, attempt: 0, pipeline, steps, required }
    }

    /// The record after a move.
    ///
    /// # Errors
    /// The move is not legal where the record stands; the record is as it was.
    pub fn after(&self, step: &Move) -> Result<Self, IllegalMove> {
        match step {
            Move::Submit => self.submitted(),
            Move::Verdict(outcome) => self.judged(outcome),
            Move::Report { step, result, reason } => self.reported(*step, *result, reason.as_ref()),
            Move::Review { decision, reason } => self.decided(*decision, reason.as_ref()),
        }
    }

    fn submitted(&self) -> Result<Self, IllegalMove> {
        let why = match self.pipeline {
            Pipeline::NotSent | Pipeline::Retake => None,
            Pipeline::NotAsked => Some("its method has no photos"),
            Pipeline::Waiting => Some("its photos are waiting for a verdict"),
            Pipeline::Rejected | Pipeline::InReview | Pipeline::Passed => {
                Some("other photos are taken only after a verdict that asks for them")
            }
        };
        if let Some(why) = why {
            return Err(self.refused("photos cannot be sent".to_owned(), why));
        }
        let mut next = self.clone();
        next.attempt += 1;
        next.pipeline = Pipeline::Waiting;
        for step in Step::OF_PIPELINE {
            next.steps.insert(step, StepState::pending());
        }
        Ok(next)
    }

    fn judged(&self, outcome: &PipelineOutcome) -> Result<Self, IllegalMove> {
        if self.pipeline != Pipeline::Waiting {
            return Err(self.refused("no verdict is taken".to_owned(), "no attempt waits for one"));
        }
        let mut next = self.clone();
        next.pipeline = outcome.pipeline;
        next.steps.extend(outcome.steps.clone());
        Ok(next)
    }

    fn reported(
        &self,
        step: Step,
        result: StepResult,
        reason: Option<&ReasonCode>,
    ) -> Result<Self, IllegalMove> {
        let own = self.method == RecordMethod::IdCard && Step::OF_PIPELINE.contains(&step);
        let why = if !self.steps.contains_key(&step) {
            Some("its method has no such step")
        } else if result == StepResult::Pending {
            Some("a step is set passed or failed")
        } else if own && self.pipeline != Pipeline::InReview {
            Some("the pipeline sets this step, and a person only while the case is in review")
        } else if self.status() == Verified || self.pipeline == Pipeline::Rejected {
            Some("that is final")
        } else {
            None
        };
        if let Some(why) = why {
            return Err(self.refused(format!("step {step} cannot be set"), why));
        }
        let mut next = self.clone();
        let codes = reason.map(|reason| reason.as_str().to_owned()).into_iter().collect();
        next.steps.insert(step, StepState { result, codes });
        if own {
            next.pipeline = next.reviewed();
        }
        Ok(next)
    }

    /// The steps that nobody decided yet follow the person's word; without a reason of theirs, a
    /// failed one keeps the codes that sent it to them.
    fn decided(&self, decision: ReviewDecision, reason: Option<&ReasonCode>) -> Result<Self, IllegalMove> {
        if self.pipeline != Pipeline::InReview {
            let why = "a person decides only a case that is in review";
            return Err(self.refused("it cannot be reviewed".to_owned(), why));
        }
        let (pipeline, result) = match decision {
            ReviewDecision::Approve => (Pipeline::Passed, StepResult::Passed),
            ReviewDecision::Reject => (Pipeline::Rejected, StepResult::Failed),
            ReviewDecision::Retake => (Pipeline::Retake, StepResult::Failed),
        };
        let mut next = self.clone();
        next.pipeline = pipeline;
        for step in Step::OF_PIPELINE {
            let Some(state) = next.steps.get_mut(&step) else { continue };
            if state.result != StepResult::Pending {
                continue;
            }
            state.result = result;
            match reason {
                Some(reason) => state.codes = vec![reason.as_str().to_owned()],
                None if decision == ReviewDecision::Approve => state.codes.clear(),
                None => {}
            }
        }
        Ok(next)
    }

    /// Where a person's word on the pipeline's steps leaves the pipeline.
    fn reviewed(&self) -> Pipeline {
        let results = || Step::OF_PIPELINE.iter().filter_map(|step| self.steps.get(step)).map(|s| s.result);
        if results().any(|result| result == StepResult::Failed) {
            Pipeline::Rejected
        } else if results().all(|result| result == StepResult::Passed) {
            Pipeline::Passed
        } else {
            Pipeline::InReview
        }
    }

    fn refused(&self, what: String, why: &'static str) -> IllegalMove {
        IllegalMove { what, status: self.status(), why }
    }

    /// Where the verification stands as a whole: follows from the rest of the record.
    pub fn status(&self) -> VerificationStatus {
        match self.pipeline {
            Pipeline::NotSent => Incomplete,
            Pipeline::Waiting => Processing,
            Pipeline::Retake => Retake,
            Pipeline::Rejected => Rejected,
            Pipeline::InReview => InReview,
            Pipeline::Passed | Pipeline::NotAsked => {
                let of_required = || self.required.iter().map(|step| self.result(step));
                if of_required().any(|result| result == StepResult::Failed) {
                    Rejected
                } else if of_required().all(|result| result == StepResult::Passed) {
                    Verified
                } else {
                    Incomplete
                }
            }
        }
    }

    fn result(&self, step: Step) -> StepResult {
        self.steps.get(&step).map_or(StepResult::Pending, |state| state.result)
    }

    /// How the person proves who they are.
    pub fn method(&self) -> RecordMethod {
        self.method
    }

    /// Attempts made.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Every step of the method and how it stands.
    pub fn steps(&self) -> &BTreeMap<Step, StepState> {
        &self.steps
    }

    /// The steps that have to pass.
    pub fn required(&self) -> &RequiredSteps {
        &self.required
    }

    /// Where the pipeline's part stands.
    pub fn pipeline(&self) -> Pipeline {
        self.pipeline
    }
}
