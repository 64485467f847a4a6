//! Another policy is tried: on one case and on all that are listed, without a model run.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Desk, held};
use crate::policy::{Decision, Judgement, Policy};
use crate::replay::{Flips, decided_again};
use crate::review::DeskError;
use crate::review::audit::Act;
use crate::review::edits::{Edit, Slider, edited, sliders};
use crate::review::filter::{Filter, Row};
use crate::worker::write_whole;

/// Flipped cases that a preview names.
const FLIPPED_SHOWN: usize = 50;

/// Characters of a policy's name.
const POLICY_NAME_CHARS_MAX: usize = 60;

/// What an edited policy would change.
pub(in crate::review) struct Preview {
    pub(in crate::review) policy: Policy,
    pub(in crate::review) this: Option<(Judgement, Judgement)>,
    pub(in crate::review) flips: Flips,
    /// Cases that are listed and were never measured: nobody knows.
    pub(in crate::review) unmeasured: usize,
    pub(in crate::review) flipped: Vec<(Row, Decision)>,
}

impl Desk {
    /// The numbers of the policy that can be moved.
    pub(in crate::review) fn sliders(&self) -> Arc<Vec<Slider>> {
        let mut kept = held(&self.sliders);
        kept.get_or_insert_with(|| Arc::new(sliders(&self.policy, self.read().assessments()))).clone()
    }

    /// What the policy with these edits would make of a case, and of all that are listed.
    pub(in crate::review) fn preview(
        &self,
        edits: &[Edit],
        filter: &Filter,
        number: Option<usize>,
    ) -> Result<Preview, DeskError> {
        let policy = edited(&self.policy, edits).map_err(|error| DeskError::Refused(error.to_string()))?;
        let table = self.read();
        let this = number.and_then(|number| table.case(number)?.assessment.clone());
        let this = this.map(|assessment| (self.policy.decide(&assessment), policy.decide(&assessment)));
        let (mut listed, mut before, mut rows) = (Vec::new(), Vec::new(), Vec::new());
        let mut unmeasured = 0;
        for row in filter.of(table.rows()) {
            let assessment = table.case(row.number).and_then(|case| case.assessment.clone());
            match (assessment, table.decided(row.number)) {
                (Some(assessment), Some(decision)) => {
                    listed.push(assessment);
                    before.push(decision);
                    rows.push(row.clone());
                }
                (Some(_), None) | (None, _) => unmeasured += 1,
            }
        }
        drop(table);
        let after = decided_again(&listed, &policy);
        let pairs = before.iter().zip(&after).map(|(before, after)| (*before, after.decision));
        let flips = Flips::between(pairs);
        let flipped = rows.into_iter().zip(&before).zip(&after).filter(|((_, b), a)| **b != a.decision);
        let flipped = flipped
            .take(FLIPPED_SHOWN)
            .map(|((row, before), after)| (Row { decision: Some(*before), ..row }, after.decision));
        Ok(Preview { flipped: flipped.collect(), policy, this, flips, unmeasured })
    }

    /// Stores the policy with these edits as a file; where it is.
    pub(in crate::review) fn save_policy(&self, name: &str, edits: &[Edit]) -> Result<PathBuf, DeskError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let length = name.chars().count();
        if !(1..=POLICY_NAME_CHARS_MAX).contains(&length) || !name.chars().all(plain) {
            return Err(DeskError::Refused(format!(
                "a policy's name has 1 to {POLICY_NAME_CHARS_MAX} letters, digits, - and _"
            )));
        }
        let policy = edited(&self.policy, edits).map_err(|error| DeskError::Refused(error.to_string()))?;
        let path = self.state.policy(name);
        if path.exists() {
            return Err(DeskError::Refused(format!("there is a policy {name} already")));
        }
        self.note(Act::SavePolicy, None, Some(&format!("{name}.toml, sha256 {}", policy.sha256())))?;
        write_whole(&path, |out| out.write_all(policy.effective_toml().as_bytes()))?;
        Ok(path)
    }
}
