//! Retention: photos and fields of cases that are old enough go, the codes stay.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use crate::photos::{PhotoError, PhotoStore};
use crate::queue::{PurgeRule, Queue, QueueError};

/// Cases whose purge is begun at once.
const PAGE: NonZeroUsize = NonZeroUsize::new(500).expect("not zero");

/// Cases one after the other whose photos could not be removed before a purge ends: those in whose way
/// something stands must not keep the rest from going, and a place that is away is not asked for every case.
const FAILED_MAX: usize = 3;

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
/// The queue or the storage did not do it. Where it was the photos of some cases among others, the rest is
/// gone.
pub fn purge(queue: &dyn Queue, photos: &PhotoStore, rule: &PurgeRule) -> Result<PurgeReport, PurgeError> {
    let mut report = PurgeReport::default();
    let mut count = |_: &str, photos: u64| {
        report.cases += 1;
        report.photos += photos;
        ControlFlow::Continue(())
    };
    let (mut after, mut failed) = (None::<String>, FailedCases::default());
    while let Some(page) = purged_page(queue, photos, rule, after.as_deref(), &mut failed, &mut count)? {
        after = Some(page.last);
    }
    // Also where nothing was due: an earlier purge may have been cut short before this.
    queue.scrub()?;
    failed.into_result()?;
    Ok(report)
}

/// Cases whose photos could not be removed. They go on being purged by the next purge.
#[derive(Default)]
pub(super) struct FailedCases {
    first: Option<PhotoError>,
    in_a_row: usize,
}

impl FailedCases {
    /// One more; an error where too many came one after the other.
    fn add(&mut self, error: PhotoError) -> Result<(), PurgeError> {
        self.in_a_row += 1;
        let first = self.first.take().unwrap_or(error);
        if self.in_a_row >= FAILED_MAX {
            return Err(first.into());
        }
        self.first = Some(first);
        Ok(())
    }

    /// Photos were removed: the place is there.
    fn none_now(&mut self) {
        self.in_a_row = 0;
    }

    /// The first of them, at the end of a purge.
    pub(super) fn into_result(self) -> Result<(), PurgeError> {
        self.first.map_or(Ok(()), |error| Err(error.into()))
    }
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
    failed: &mut FailedCases,
    purged: &mut impl FnMut(&str, u64) -> ControlFlow<()>,
) -> Result<Option<PurgedPage>, PurgeError> {
    let mut begun = queue.begin_purge(rule, after, PAGE)?;
    for case_id in &begun {
        let photos = match photos.purge(case_id) {
            Ok(photos) => {
                failed.none_now();
                photos as u64
            }
            Err(error) => {
                failed.add(error)?;
                continue;
            }
        };
        queue.end_purge(case_id, rule.keep)?;
        if purged(case_id, photos).is_break() {
            return Ok(Some(PurgedPage { last: case_id.clone(), end: ControlFlow::Break(()) }));
        }
    }
    Ok(begun.pop().map(|last| PurgedPage { last, end: ControlFlow::Continue(()) }))
}
