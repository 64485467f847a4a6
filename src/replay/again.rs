//! Stored assessments decided again under another policy, all at once.

use rayon::prelude::*;

use crate::evidence::Assessment;
use crate::policy::{Decision, Judgement, Policy};

/// How the decisions of many cases change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flips {
    /// Cases that were decided.
    pub cases: usize,
    /// Cases whose decision is another one now.
    pub flipped: usize,
    /// Cases by old decision, then by new one, each as pass, fail, review.
    pub moves: [[usize; 3]; 3],
}

impl Flips {
    /// Counts one case.
    pub fn add(&mut self, before: Decision, after: Decision) {
        self.cases += 1;
        self.flipped += usize::from(before != after);
        self.moves[place(before)][place(after)] += 1;
    }

    /// How many cases went from one decision to another.
    pub fn moved(&self, from: Decision, to: Decision) -> usize {
        self.moves[place(from)][place(to)]
    }

    /// The counts of decisions and what they are now.
    pub fn between(pairs: impl IntoIterator<Item = (Decision, Decision)>) -> Self {
        pairs.into_iter().fold(Self::default(), |mut flips, (before, after)| {
            flips.add(before, after);
            flips
        })
    }
}

fn place(decision: Decision) -> usize {
    match decision {
        Decision::Pass => 0,
        Decision::Fail => 1,
        Decision::Review => 2,
    }
}

/// What `policy` makes of each assessment, in their order, by as many threads as rayon has. Runs no
/// model and reads no file.
///
/// ```
/// use realname::Policy;
/// use realname::evidence::Assessment;
/// use realname::replay::{Flips, decided_again};
///
/// # let stored: Vec<Assessment> = Vec::new();
/// let stricter = Policy::parse("schema = 'realname.policy/1'\n[comparison]\nfmr = 1e-5\n")?;
/// let [before, after] = [Policy::shipped(), stricter].map(|policy| decided_again(&stored, &policy));
/// let pairs = before.iter().zip(&after).map(|(before, after)| (before.decision, after.decision));
/// println!("{} would flip", Flips::between(pairs).flipped);
/// # Ok::<(), realname::policy::PolicyError>(())
/// ```
pub fn decided_again<'a, A>(assessments: &'a [A], policy: &Policy) -> Vec<Judgement>
where
    A: std::borrow::Borrow<Assessment> + Sync + 'a,
{
    assessments.par_iter().map(|assessment| policy.decide(assessment.borrow())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::SampleRole;
    use crate::evidence::Measure;
    use crate::policy::testing::{Spoiled as _, good_case};

    #[test]
    fn flips_are_counted_by_where_they_go() {
        let turned = |yaw| good_case(1, 0.2).with(SampleRole::Selfie(1), Measure::Yaw, yaw);
        let stored = [5.0, 19.0, 21.0, 40.0].map(turned);
        let policy = |bound| {
            let text =
                format!("schema = 'realname.policy/1'\n[selfie]\nyaw_deg = {{ fail_above = {bound} }}\n");
            Policy::parse(&text).expect("a policy")
        };
        let [before, after] = [policy(24), policy(20)].map(|policy| decided_again(&stored, &policy));
        let flips = Flips::between(before.iter().zip(&after).map(|(b, a)| (b.decision, a.decision)));
        assert_eq!((flips.cases, flips.flipped), (4, 1));
        assert_eq!(flips.moved(Decision::Pass, Decision::Fail), 1);
        assert_eq!(flips.moved(Decision::Fail, Decision::Fail), 1);
        for (stored, judgement) in stored.iter().zip(&after) {
            assert_eq!(policy(20).decide(stored), *judgement);
        }
    }
}
