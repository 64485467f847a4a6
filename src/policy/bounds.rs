//! What a policy asks of a measure, for those who show it beside the value.

use super::checks::Check;
use super::decide::requirement;
use super::judgement::{Effect, Requirement};
use super::{Gate, Policy};
use crate::case::SampleKind;
use crate::evidence::Measure;

/// The bounds of a gated measure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Beyond it the measure fails.
    pub fail: Requirement,
    /// Beyond it, up to `fail`, a person looks; `None` for no such band.
    pub review: Option<Requirement>,
}

impl Bounds {
    /// What a value amounts to; `None` when it is good. A NaN is never good.
    pub fn effect_of(&self, value: f64) -> Option<Effect> {
        let is_beyond = |bound: &Requirement| !bound.is_met_by(value);
        if is_beyond(&self.fail) {
            return Some(Effect::Fail);
        }
        self.review.as_ref().is_some_and(is_beyond).then_some(Effect::Review)
    }
}

impl Policy {
    /// The bounds of a measure on a kind of photo; `None` where it is not gated, or its gate is off.
    pub fn bounds(&self, kind: SampleKind, measure: Measure) -> Option<Bounds> {
        let Gate { fail, review } = *self.gates.get(&(kind, measure))?;
        let check = Check::of(kind).find(|check| check.measure == measure)?;
        let bound = |value| requirement(check, value);
        Some(Bounds { fail: bound(fail), review: review.map(bound) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_those_by_which_a_case_is_decided() {
        let policy = Policy::shipped();
        let bounds = policy.bounds(SampleKind::Selfie, Measure::Yaw).expect("gated");
        assert_eq!((bounds.fail.bound, bounds.review), (24.0, None));
        for (value, effect) in [(0.0, None), (-24.0, None), (25.0, Some(Effect::Fail))] {
            assert_eq!(bounds.effect_of(value), effect, "{value}");
        }
        assert_eq!(bounds.effect_of(f64::NAN), Some(Effect::Fail));
        let claim = policy.bounds(SampleKind::Front, Measure::NumberClaimDifferences).expect("gated");
        assert_eq!((claim.effect_of(0.0), claim.effect_of(1.0)), (None, Some(Effect::Review)));
        assert_eq!(policy.bounds(SampleKind::Front, Measure::CardAspect), None, "its gate is off");
        assert_eq!(policy.bounds(SampleKind::Back, Measure::Yaw), None, "not taken there");
    }
}
