//! A case and its verdict as a page shows them: every photo is looked at once more for what the
//! verdict does not keep, one at a time, and its pixels are dropped before the next.

use crate::case::{Case, Sample};
use crate::engine::Inspection;
use crate::policy::{Policy, Verdict};
use crate::report::html::{CaseView, Privacy};

/// The view of a case with its pictures and fields; `inspect` looks at one photo. Under
/// [`Privacy::Redacted`] no photo is looked at.
///
/// # Errors
/// What `inspect` says.
pub fn case_view<E>(
    case: &Case,
    verdict: &Verdict,
    policy: &Policy,
    privacy: Privacy,
    mut inspect: impl FnMut(&Sample) -> Result<Inspection, E>,
) -> Result<CaseView, E> {
    let mut view = CaseView::of_verdict(verdict, policy, privacy);
    if privacy != Privacy::Redacted {
        for sample in &case.samples {
            let Inspection { assessment, seen, .. } = inspect(sample)?;
            if let Some(seen) = &seen {
                view.see(&assessment, seen, &case.claims);
            }
        }
    }
    Ok(view)
}
