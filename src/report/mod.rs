//! Verdicts and codes for programs (`json`, `schema`) and for people (`text`, `html`).
//!
//! Formats only: what is said was decided below. No claim enters, so no personal data leaves.

mod codes;
mod drawing;
pub mod html;
mod inspection;
mod json;
mod schema;
mod text;
mod visible;

pub use codes::{codes_json, codes_text};
pub use drawing::drawn;
pub use inspection::{FieldValues, INSPECTION_SCHEMA, inspection_json, inspection_text, timings_text};
pub use json::{
    ComparisonDocument, DecisionDocument, EffectDocument, FaultDocument, FindingDocument, MessageDocument,
    ObservedDocument, OutcomeDocument, ProvenanceDocument, StatusDocument, Timing, VERDICT_SCHEMA,
    VerdictDocument, verdict_json,
};
pub use schema::{case_schema, verdict_schema};
pub use text::{Detail, verdict_text};
pub use visible::{one_line, visible};
