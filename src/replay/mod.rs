//! Proof that a recorded verdict is what the program says of a case, or the first thing that
//! differs; and stored assessments decided again by the thousand.
//!
//! A [`Recorded`] verdict comes from a verdict file or from a bundle ([`Bundle`]), which also holds
//! what was measured and the policy. [`inputs_difference`] compares what goes into a verdict,
//! [`result_difference`] what came out. Runs no model: the check is the caller's.

mod again;
mod bundle;
mod container;
mod difference;
mod document;
mod result;

use crate::case::Case;
use crate::evidence::Assessment;
use crate::policy::Policy;
use crate::report::{VERDICT_SCHEMA, VerdictDocument};

pub use again::{Flips, decided_again};
pub use bundle::{BUNDLE_BYTES_MAX, Bundle, BundleError, BundlePhotos};
pub use difference::{Difference, Part, inputs_difference};
pub use document::{BUNDLE_SCHEMA, BundleDocument, PhotoDocument, REPLAY_SCHEMA, ReplayDocument};
pub use result::result_difference;

/// A verdict file larger than this is refused.
pub const VERDICT_BYTES_MAX: u64 = 4 << 20;

/// A verdict as it was recorded, with whatever else is known of how it came about.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// What was said.
    pub verdict: VerdictDocument,
    /// What was measured; in a bundle alone.
    pub assessment: Option<Assessment>,
    /// What decided; in a bundle alone.
    pub policy: Option<Policy>,
    /// Which photos they were; in a bundle alone.
    pub photos: Option<Vec<PhotoDocument>>,
    /// The case itself, where the bundle was asked to hold it.
    pub case: Option<Case>,
}

impl Recorded {
    /// Reads a verdict, form `realname.verdict/1`.
    ///
    /// # Errors
    /// The text is no such verdict; says why.
    pub fn from_verdict(text: &str) -> Result<Self, String> {
        let verdict: VerdictDocument = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if verdict.schema != VERDICT_SCHEMA {
            return Err(format!("schema `{}` is not `{VERDICT_SCHEMA}`", verdict.schema));
        }
        Ok(Self { verdict, assessment: None, policy: None, photos: None, case: None })
    }

    /// The model whose distances the verdict holds.
    pub fn embedding(&self) -> Option<&str> {
        self.verdict.comparison.model.as_deref()
    }

    /// `case` as it was judged then: on the day that the verdict names, where the case names none.
    pub fn as_judged(&self, case: Case) -> Case {
        let day = self.verdict.decided_on.as_deref().and_then(|day| day.parse().ok());
        Case { decided_on: case.decided_on.or(day), ..case }
    }
}
