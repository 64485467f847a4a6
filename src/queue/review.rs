//! What a person decided of a case in review, on its way into the queue and as it is kept.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::clock::Now;
use crate::status::{ReasonCode, ReviewDecision};

/// Characters of a note, and of a reviewer's name.
const NOTE_CHARS_MAX: usize = 2000;
const REVIEWER_CHARS_MAX: usize = 100;

/// A review that cannot be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReviewError {
    /// Nobody is named, or at too great length.
    #[error("a review names who decided, in 1 to {REVIEWER_CHARS_MAX} characters")]
    Reviewer,
    /// The note is too long.
    #[error("a note has at most {NOTE_CHARS_MAX} characters")]
    Note,
}

/// A person's decision of one attempt.
///
/// ```
/// use realname::queue::Review;
/// use realname::status::{ReasonCode, ReviewDecision};
///
/// let review = Review::new("c-001", 1, ReviewDecision::Retake, "li.lei")?
///     .with_reason(ReasonCode::parse("review.glare"))
///     .with_note("the number cannot be read")?;
/// assert_eq!(review.attempt(), 1);
/// # Ok::<(), realname::queue::ReviewError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Review {
    case_id: String,
    attempt: u32,
    decision: ReviewDecision,
    reviewer: String,
    reason: Option<ReasonCode>,
    note: Option<String>,
}

impl Review {
    /// What `reviewer` decided of the attempt that they looked at.
    ///
    /// # Errors
    /// The reviewer's name is empty or too long.
    pub fn new(
        case_id: &str,
        attempt: u32,
        decision: ReviewDecision,
        reviewer: &str,
    ) -> Result<Self, ReviewError> {
        let reviewer = reviewer.trim();
        if reviewer.is_empty() || reviewer.chars().count() > REVIEWER_CHARS_MAX {
            return Err(ReviewError::Reviewer);
        }
        let (case_id, reviewer) = (case_id.to_owned(), reviewer.to_owned());
        Ok(Self { case_id, attempt, decision, reviewer, reason: None, note: None })
    }

    /// With the reason as a code, which others are told.
    pub fn with_reason(self, reason: Option<ReasonCode>) -> Self {
        Self { reason, ..self }
    }

    /// With a note for those who review. It is told to nobody else, and goes when the case is purged.
    ///
    /// # Errors
    /// It is too long.
    pub fn with_note(self, note: &str) -> Result<Self, ReviewError> {
        let note = note.trim();
        if note.chars().count() > NOTE_CHARS_MAX {
            return Err(ReviewError::Note);
        }
        Ok(Self { note: (!note.is_empty()).then(|| note.to_owned()), ..self })
    }

    /// The case.
    pub fn case_id(&self) -> &str {
        &self.case_id
    }

    /// The attempt that was looked at.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// What was decided.
    pub fn decision(&self) -> ReviewDecision {
        self.decision
    }

    /// Why.
    pub fn reason(&self) -> Option<&ReasonCode> {
        self.reason.as_ref()
    }

    pub(super) fn note_at(&self, now: Now) -> ReviewNote {
        ReviewNote {
            decision: self.decision,
            reason: self.reason.as_ref().map(|reason| reason.as_str().to_owned()),
            note: self.note.clone(),
            reviewer: self.reviewer.clone(),
            decided_ms: now.wall_ms,
        }
    }

    /// Whether this is what was recorded: a call that is made again changes nothing.
    pub(super) fn is_as(&self, note: &ReviewNote) -> bool {
        let reason = self.reason.as_ref().map(ReasonCode::as_str);
        self.decision == note.decision
            && self.reviewer == note.reviewer
            && reason == note.reason.as_deref()
            && self.note == note.note
    }
}

/// Does not show the note, in which anything may stand.
impl fmt::Debug for Review {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Review({}, attempt {}, {})", self.case_id, self.attempt, self.decision.id())
    }
}

/// A person's decision as it stands in a case's entry.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewNote {
    /// What was decided.
    pub decision: ReviewDecision,
    /// Why, as a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// For those who review; gone after a purge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Who decided.
    pub reviewer: String,
    /// When, milliseconds since 1970.
    pub decided_ms: u64,
}

/// Does not show the note, in which anything may stand.
impl fmt::Debug for ReviewNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReviewNote({}, {})", self.decision.id(), self.reviewer)
    }
}
