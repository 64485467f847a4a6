//! Retention: photos and fields of cases that are old enough go, the codes stay.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;

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
    let mut count = |_: &str, photos: u64| {
        report.cases += 1;
        report.photos += photos;
        ControlFlow::Continue(())
    };
    let mut after: Option<String> = None;
    while let Some(page) = purged_page(queue, photos, rule, after.as_deref(), &mut count)? {
        after = Some(page.last);
    }
    // Also where nothing was due: an earlier purge may have been cut short before this.
    queue.scrub()?;
    Ok(report)
}

/// A page of cases was purged.
pub(super) struct PurgedPage {
    /// The last of its cases.
    pub(super) last: String,
    /// Whether it was left before its end, as was asked for.
    pub(super) end: ControlFlow<()>,
}

/// Purges the next cases after `after`, and tells of each with the number of its photos; `None` where
/// there are no more. Copies that the queue keeps of what is gone stay until it is scrubbed.
pub(super) fn purged_page(
    queue: &dyn Queue,
    photos: &PhotoStore,
    rule: &PurgeRule,
    after: Option<&str>,
    purged: &mut impl FnMut(&str, u64) -> ControlFlow<()>,
) -> Result<Option<PurgedPage>, PurgeError> {
    let mut begun = queue.begin_purge(rule, after, PAGE)?;
    for case_id in &begun {
        let photos = photos.purge(case_id)? as u64;
        queue.end_purge(case_id, rule.keep)?;
        if purged(case_id, photos).is_break() {
            return Ok(Some(PurgedPage { last: case_id.clone(), end: ControlFlow::Break(()) }));
        }
    }
    Ok(begun.pop().map(|last| PurgedPage { last, end: ControlFlow::Continue(()) }))
}
