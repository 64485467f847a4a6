//! Retention: photos and fields of cases that are old enough go, the codes stay.

use std::num::NonZeroUsize;

use crate::photos::{PhotoError, PhotoStore};
use crate::queue::{PurgeRule, Queue, QueueError};

/// Cases whose purge is begun at once.
const PAGE: NonZeroUsize = NonZeroUsize::new(500).expect("not zero");

/// Why a purge did not come to its end. The next one goes on where it stopped.
#[derive(Debug, thiserror::Error)]
pub enum PurgeError {
    /// The queue did not do it.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// Photos could not be removed.
    #[error(transparent)]
    Photos(#[from] PhotoError),
}

/// What was purged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PurgeReport {
    /// Cases.
    pub cases: u64,
    /// Photos of them.
    pub photos: u64,
}

/// Purges the cases for which the rule is due. Fields first, then photos, and the end is recorded
/// once both are gone: a purge that is cut short leaves nothing that the next one does not find.
///
/// # Errors
/// The queue or the storage did not do it.
pub fn purge(queue: &dyn Queue, photos: &PhotoStore, rule: &PurgeRule) -> Result<PurgeReport, PurgeError> {
    let mut report = PurgeReport::default();
    let mut after: Option<String> = None;
    loop {
        let begun = queue.begin_purge(rule, after.as_deref(), PAGE)?;
        let Some(last) = begun.last() else { break };
        after = Some(last.clone());
        for case_id in &begun {
            report.photos += photos.purge(case_id)? as u64;
            queue.end_purge(case_id, rule.keep)?;
            report.cases += 1;
        }
    }
    // Also where nothing was due: an earlier purge may have been cut short before this.
    queue.scrub()?;
    Ok(report)
}
