//! The verification status: one record for each case, its steps, and the moves that are legal.
//!
//! Pure: no clock, no file, no queue. `step` names the steps and which of them a case requires,
//! `outcome` turns a judgement into what it says of the steps, `review` is what a person may decide,
//! `record` is the state machine.

mod outcome;
#[cfg(test)]
mod properties;
mod record;
mod review;
mod step;

pub use outcome::{PipelineOutcome, step_of};
pub use record::{IllegalMove, LEGAL_MOVES, Move, Pipeline, RecordMethod, VerificationRecord};
pub use review::ReviewDecision;
pub use step::{REASON_RULE, ReasonCode, RequiredSteps, Step, StepResult, StepState, StepsError};
