//! Single values of a policy file: what each may be, and how it is written back.

use toml::Value;

use super::challenge::FrameView;
use super::checks::Accepts;
use super::liveness::NotAssessed;
use super::parse::PolicyError;
use super::{Gate, Presence};

/// `"off"` as it stands in TOML.
pub(super) const OFF: &str = "\"off\"";

/// A value and where it stands, to be read as what it must be.
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) value: Value,
}

impl Entry {
    /// `"required"` or `"optional"`.
    pub(super) fn presence(self) -> Result<Presence, PolicyError> {
        match self.value.as_str() {
            Some("required") => Ok(Presence::Required),
            Some("optional") => Ok(Presence::Optional),
            Some(_) | None => Err(self.refused("must be \"required\" or \"optional\"")),
        }
    }

    /// `"fail"`, `"review"` or `"pass"`.
    pub(super) fn not_assessed(self) -> Result<NotAssessed, PolicyError> {
        let known = NotAssessed::ALL.into_iter().find(|word| self.value.as_str() == Some(word.id()));
        known.ok_or_else(|| self.refused("must be \"fail\", \"review\" or \"pass\""))
    }

    /// A whole number from 1 to `max`.
    pub(super) fn count(self, max: usize) -> Result<usize, PolicyError> {
        let count = self.value.as_integer().and_then(|n| usize::try_from(n).ok());
        count
            .filter(|n| (1..=max).contains(n))
            .ok_or_else(|| self.refused(&format!("must be a whole number from 1 to {max}")))
    }

    /// A positive number of `unit`.
    pub(super) fn positive(self, unit: &str) -> Result<f64, PolicyError> {
        number(&self.value)
            .filter(|n| *n > 0.0)
            .ok_or_else(|| self.refused(&format!("must be a positive number of {unit}")))
    }

    /// `"plain"` or `"mirrored"`.
    pub(super) fn frame_view(self) -> Result<FrameView, PolicyError> {
        match self.value.as_str() {
            Some("plain") => Ok(FrameView::Plain),
            Some("mirrored") => Ok(FrameView::Mirrored),
            Some(_) | None => Err(self.refused("must be \"plain\" or \"mirrored\"")),
        }
    }

    /// A false-match rate.
    pub(super) fn rate(self) -> Result<f64, PolicyError> {
        number(&self.value)
            .filter(|rate| *rate > 0.0 && *rate < 1.0)
            .ok_or_else(|| self.refused("must be a rate, above 0 and below 1"))
    }

    /// Off, or a rate above `fmr`.
    pub(super) fn review_rate(self, fmr: f64) -> Result<Option<f64>, PolicyError> {
        if self.is_off() {
            return Ok(None);
        }
        let above = number(&self.value).filter(|rate| *rate > fmr && *rate < 1.0);
        above.map(Some).ok_or_else(|| self.refused("must be \"off\" or a rate above comparison.fmr, below 1"))
    }

    /// Off, or a gate whose bounds stand on the sides that the check's direction asks for.
    pub(super) fn gate(self, accepts: Accepts) -> Result<Option<Gate>, PolicyError> {
        if self.is_off() {
            return Ok(None);
        }
        let (fail_key, review_key) = gate_keys(accepts);
        let form = format!("must be \"off\" or {{ {fail_key} = number, {review_key} = number }}");
        let Some(table) = self.value.as_table() else { return Err(self.refused(&form)) };
        if let Some(other) = table.keys().find(|k| *k != fail_key && *k != review_key) {
            return Err(self.refused(&format!("`{other}` does not belong here; {form}")));
        }
        let bound = |key: &str| match table.get(key) {
            None => Ok(None),
            Some(value) => match number(value) {
                Some(bound) if accepts != Accepts::Within || bound >= 0.0 => Ok(Some(bound)),
                Some(_) => {
                    Err(self.refused(&format!("`{key}` gates the amount without sign; must not be negative")))
                }
                None => Err(self.refused(&format!("`{key}` must be a finite number"))),
            },
        };
        let Some(fail) = bound(fail_key)? else {
            return Err(self.refused(&format!("`{fail_key}` is missing; {form}")));
        };
        let review = bound(review_key)?;
        let on_good_side = review.is_none_or(|review| match accepts {
            Accepts::AtLeast => review > fail,
            Accepts::AtMost | Accepts::Within => review < fail,
        });
        if !on_good_side {
            let side = if accepts == Accepts::AtLeast { "above" } else { "below" };
            return Err(self.refused(&format!("`{review_key}` must lie {side} `{fail_key}`")));
        }
        Ok(Some(Gate { fail, review }))
    }

    fn is_off(&self) -> bool {
        self.value.as_str() == Some("off")
    }

    fn refused(&self, detail: &str) -> PolicyError {
        PolicyError::Value { key: self.key.clone(), detail: format!("{detail}; found {}", self.value) }
    }
}

/// The names of a gate's bounds.
fn gate_keys(accepts: Accepts) -> (&'static str, &'static str) {
    match accepts {
        Accepts::AtLeast => ("fail_below", "review_below"),
        Accepts::AtMost | Accepts::Within => ("fail_above", "review_above"),
    }
}

/// A finite number; -0 becomes 0, so that equal policies are written alike.
fn number(value: &Value) -> Option<f64> {
    let number = value.as_float().or_else(|| value.as_integer().map(|n| n as f64))?;
    number.is_finite().then_some(number + 0.0)
}

pub(super) fn presence_text(presence: Presence) -> &'static str {
    match presence {
        Presence::Required => "\"required\"",
        Presence::Optional => "\"optional\"",
    }
}

pub(super) fn frame_view_text(view: FrameView) -> &'static str {
    match view {
        FrameView::Plain => "\"plain\"",
        FrameView::Mirrored => "\"mirrored\"",
    }
}

pub(super) fn gate_text(gate: &Gate, accepts: Accepts) -> String {
    let (fail_key, review_key) = gate_keys(accepts);
    let review = gate.review.map_or(String::new(), |review| format!(", {review_key} = {review:?}"));
    format!("{{ {fail_key} = {:?}{review} }}", gate.fail)
}
