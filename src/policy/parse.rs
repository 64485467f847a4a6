//! Reads `policy.toml`, form `realname.policy/1`, and writes the policy in effect.
//!
//! A user's file is laid over the shipped one key by key; a gate is replaced as a whole. Every key
//! is known by its full name, `table.key`, and everything that is not known is refused. What each
//! value must be is for `value` to say.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};
use toml::{Table, Value};

use super::challenge::ChallengeRules;
use super::checks::{Accepts, CHECKS, Check};
use super::liveness::LivenessRules;
use super::together::FrameRules;
use super::value::{Entry, OFF, frame_view_text, gate_text, presence_text};
use super::{CaseRules, ComparisonRules, Gate, Policy, SHIPPED_TOML};
use crate::case::{SELFIES_MAX, SampleKind};

/// The form this version reads.
pub const POLICY_SCHEMA: &str = "realname.policy/1";

const FRONT: &str = "case.front";
const BACK: &str = "case.back";
const SELFIES_MIN: &str = "case.selfies_min";
const USABLE_FRAMES_MIN: &str = "selfie.usable_frames_min";
const FRAMES_MAX: &str = "comparison.frames_max";
const FMR: &str = "comparison.fmr";
const REVIEW_FMR: &str = "comparison.review_fmr";
const LIVENESS_SCORE: &str = "liveness.score";
const LIVENESS_NOT_ASSESSED: &str = "liveness.not_assessed";

const PERSON_DISTANCE: &str = "frames.person_distance";
const PICTURE_DIFFERENCE: &str = "frames.picture_difference";
const FACE_MOTION: &str = "frames.face_motion_ied";
const BLINK_DROP: &str = "challenge.blink_drop";
const BLINK_OPENNESS: &str = "challenge.blink_openness";
const MOUTH_GAP: &str = "challenge.mouth_gap";
const TURN_DEG: &str = "challenge.turn_deg";
const NOD_DEG: &str = "challenge.nod_deg";
const FRAMES_ARE: &str = "challenge.frames_are";

/// Why a policy cannot be used. The caller's fault: each names the key and what to do.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PolicyError {
    /// The text is not TOML.
    #[error("not a TOML file: {0}")]
    Toml(String),
    /// `schema` is missing or names another form.
    #[error("the policy must begin with `schema = \"{POLICY_SCHEMA}\"`; found {0}")]
    Schema(String),
    /// A key means nothing to this version.
    #[error("unknown key `{key}`{}", suggestion.as_ref().map_or(String::new(), |s| format!("; did you mean `{s}`?")))]
    UnknownKey {
        /// The full name of the key.
        key: String,
        /// A known key that looks like it.
        suggestion: Option<String>,
    },
    /// A key is neither in the file nor in the shipped policy.
    #[error("`{key}` is missing")]
    Missing {
        /// The full name of the key.
        key: String,
    },
    /// A key has a value that it cannot have.
    #[error("`{key}`: {detail}")]
    Value {
        /// The full name of the key.
        key: String,
        /// What is wrong, and what it should be.
        detail: String,
    },
}

impl Policy {
    /// The policy that is compiled in.
    pub fn shipped() -> Self {
        let entries = entries(SHIPPED_TOML).expect("a test reads the shipped policy");
        Self::from_entries(entries).expect("a test reads the shipped policy")
    }

    /// Reads a policy; keys that it leaves out keep their shipped values.
    ///
    /// ```
    /// use realname::policy::Policy;
    ///
    /// let stricter = Policy::parse("schema = 'realname.policy/1'\n[comparison]\nfmr = 1e-5\n")?;
    /// assert_ne!(stricter.sha256(), Policy::shipped().sha256());
    /// # Ok::<(), realname::policy::PolicyError>(())
    /// ```
    ///
    /// # Errors
    /// When the text is not TOML, is of another form, has a key that is not known, or a value out
    /// of its range or on the wrong side.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let mut in_effect = entries(SHIPPED_TOML)?;
        in_effect.extend(entries(text)?);
        Self::from_entries(in_effect)
    }

    /// The policy in effect, every key in a fixed order and form: equal for equal policies.
    pub fn effective_toml(&self) -> String {
        let mut out = format!("schema = \"{POLICY_SCHEMA}\"\n");
        let mut table = "";
        for key in known_keys() {
            let (head, name) = key.split_once('.').expect("known keys are `table.key`");
            if let Some(kind) = TABLES.into_iter().find(|&t| t == head && t != table) {
                table = kind;
                write!(out, "\n[{table}]\n").expect("writing to a String");
            }
            writeln!(out, "{name} = {}", self.value_of(&key)).expect("writing to a String");
        }
        out
    }

    /// Sha256 of [`effective_toml`](Self::effective_toml), lower-case hex: what a verdict names.
    pub fn sha256(&self) -> String {
        Sha256::digest(self.effective_toml()).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn from_entries(mut entries: BTreeMap<String, Value>) -> Result<Self, PolicyError> {
        let mut take = |key: &str| {
            entries
                .remove(key)
                .map(|value| Entry { key: key.to_owned(), value })
                .ok_or_else(|| PolicyError::Missing { key: key.to_owned() })
        };
        let case = CaseRules {
            front: take(FRONT)?.presence()?,
            back: take(BACK)?.presence()?,
            selfies_min: take(SELFIES_MIN)?.count(SELFIES_MAX)?,
        };
        let usable_frames_min = take(USABLE_FRAMES_MIN)?.count(case.selfies_min)?;
        let frames_max = take(FRAMES_MAX)?.count(SELFIES_MAX)?;
        let fmr = take(FMR)?.rate()?;
        let review_fmr = take(REVIEW_FMR)?.review_rate(fmr)?;
        let mut gates = BTreeMap::new();
        for check in CHECKS {
            if let Some(gate) = take(&check.key())?.gate(check.accepts)? {
                gates.insert((check.kind, check.measure), gate);
            }
        }
        let frames = FrameRules {
            person_distance: take(PERSON_DISTANCE)?.gate(Accepts::AtMost)?,
            picture_difference: take(PICTURE_DIFFERENCE)?.gate(Accepts::AtLeast)?,
            face_motion_ied: take(FACE_MOTION)?.gate(Accepts::AtLeast)?,
        };
        let challenge = ChallengeRules {
            blink_drop: take(BLINK_DROP)?.positive("openness")?,
            blink_openness: take(BLINK_OPENNESS)?.positive("openness")?,
            mouth_gap: take(MOUTH_GAP)?.positive("shares")?,
            turn_deg: take(TURN_DEG)?.positive("degrees")?,
            nod_deg: take(NOD_DEG)?.positive("degrees")?,
            view: take(FRAMES_ARE)?.frame_view()?,
        };
        let comparison = ComparisonRules { frames_max, fmr, review_fmr };
        let liveness = LivenessRules {
            score: take(LIVENESS_SCORE)?.gate(Accepts::AtLeast)?,
            not_assessed: take(LIVENESS_NOT_ASSESSED)?.not_assessed()?,
        };
        match entries.into_keys().next() {
            None => Ok(Self { case, gates, usable_frames_min, comparison, frames, challenge, liveness }),
            Some(key) => Err(PolicyError::UnknownKey { suggestion: suggestion(&key), key }),
        }
    }

    /// The value of a known key as it stands in `effective_toml`.
    fn value_of(&self, key: &str) -> String {
        match key {
            FRONT => presence_text(self.case.front).to_owned(),
            BACK => presence_text(self.case.back).to_owned(),
            SELFIES_MIN => self.case.selfies_min.to_string(),
            USABLE_FRAMES_MIN => self.usable_frames_min.to_string(),
            FRAMES_MAX => self.comparison.frames_max.to_string(),
            PERSON_DISTANCE => pair_gate_text(self.frames.person_distance, Accepts::AtMost),
            PICTURE_DIFFERENCE => pair_gate_text(self.frames.picture_difference, Accepts::AtLeast),
            FACE_MOTION => pair_gate_text(self.frames.face_motion_ied, Accepts::AtLeast),
            BLINK_DROP => format!("{:?}", self.challenge.blink_drop),
            BLINK_OPENNESS => format!("{:?}", self.challenge.blink_openness),
            MOUTH_GAP => format!("{:?}", self.challenge.mouth_gap),
            TURN_DEG => format!("{:?}", self.challenge.turn_deg),
            NOD_DEG => format!("{:?}", self.challenge.nod_deg),
            FRAMES_ARE => frame_view_text(self.challenge.view).to_owned(),
            FMR => format!("{:?}", self.comparison.fmr),
            REVIEW_FMR => self.comparison.review_fmr.map_or(OFF.to_owned(), |rate| format!("{rate:?}")),
            LIVENESS_SCORE => {
                self.liveness.score.map_or(OFF.to_owned(), |gate| gate_text(&gate, Accepts::AtLeast))
            }
            LIVENESS_NOT_ASSESSED => format!("\"{}\"", self.liveness.not_assessed.id()),
            _ => {
                let check = CHECKS.iter().find(|c| c.key() == key).expect("known keys end with the checks'");
                let gate = self.gates.get(&(check.kind, check.measure));
                gate.map_or(OFF.to_owned(), |gate| gate_text(gate, check.accepts))
            }
        }
    }
}

/// The tables of a policy, in the order in which they are written.
const TABLES: [&str; 8] =
    ["case", "front", "back", "selfie", "frames", "challenge", "comparison", "liveness"];

/// Every key a policy holds, in the order in which they are written.
fn known_keys() -> Vec<String> {
    let gates = |kind| Check::of(kind).map(Check::key);
    let mut keys: Vec<String> = [FRONT, BACK, SELFIES_MIN].map(str::to_owned).into();
    keys.extend(gates(SampleKind::Front));
    keys.extend(gates(SampleKind::Back));
    keys.push(USABLE_FRAMES_MIN.to_owned());
    keys.extend(gates(SampleKind::Selfie));
    let together = [PERSON_DISTANCE, PICTURE_DIFFERENCE, FACE_MOTION];
    let steps = [BLINK_DROP, BLINK_OPENNESS, MOUTH_GAP, TURN_DEG, NOD_DEG, FRAMES_ARE];
    keys.extend(together.into_iter().chain(steps).map(str::to_owned));
    keys.extend([FRAMES_MAX, FMR, REVIEW_FMR, LIVENESS_SCORE, LIVENESS_NOT_ASSESSED].map(str::to_owned));
    keys
}

fn pair_gate_text(gate: Option<Gate>, accepts: Accepts) -> String {
    gate.map_or(OFF.to_owned(), |gate| gate_text(&gate, accepts))
}

/// The values of a policy file by full key, its schema checked and taken off.
fn entries(text: &str) -> Result<BTreeMap<String, Value>, PolicyError> {
    let mut file: Table = text.parse().map_err(|e: toml::de::Error| PolicyError::Toml(e.to_string()))?;
    match file.remove("schema") {
        Some(Value::String(schema)) if schema == POLICY_SCHEMA => {}
        Some(other) => return Err(PolicyError::Schema(other.to_string())),
        None => return Err(PolicyError::Schema("no schema".to_owned())),
    }
    let known = known_keys();
    let mut entries = BTreeMap::new();
    for (head, value) in file {
        if !TABLES.contains(&head.as_str()) {
            return Err(PolicyError::UnknownKey { suggestion: suggestion(&head), key: head });
        }
        let Value::Table(table) = value else {
            let detail = format!("must be a table of keys, [{head}]; found {value}");
            return Err(PolicyError::Value { key: head, detail });
        };
        for (name, value) in table {
            let key = format!("{head}.{name}");
            if !known.contains(&key) {
                return Err(PolicyError::UnknownKey { suggestion: suggestion(&key), key });
            }
            entries.insert(key, value);
        }
    }
    Ok(entries)
}

/// The known table or key that differs from `key` in the fewest letters, if in few.
fn suggestion(key: &str) -> Option<String> {
    const LETTERS_MAX: usize = 4;
    let names = if key.contains('.') { known_keys() } else { TABLES.map(str::to_owned).into() };
    let nearest = names.into_iter().map(|name| (edits(key, &name), name)).min()?;
    (nearest.0 <= LETTERS_MAX.min(key.len() / 2)).then_some(nearest.1)
}

/// Letters to insert, remove or replace to get from one text to the other (Levenshtein).
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().take(64).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(body: &str) -> Result<Policy, PolicyError> {
        Policy::parse(&format!("schema = \"{POLICY_SCHEMA}\"\n{body}"))
    }

    #[test]
    fn the_shipped_policy_reads_and_explains_every_key() {
        let shipped = Policy::shipped();
        assert_eq!(parsed(""), Ok(shipped.clone()));
        let mut explained = std::collections::BTreeSet::new();
        let mut comment_above = false;
        for line in SHIPPED_TOML.lines() {
            if let Some((name, _)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
                if comment_above {
                    explained.insert(name);
                }
            } else {
                comment_above = line.starts_with('#');
            }
        }
        for key in known_keys() {
            assert!(explained.contains(key.split_once('.').expect("table.key").1), "{key}");
        }
        insta::assert_snapshot!("shipped_policy_in_effect", shipped.effective_toml());
    }

    #[test]
    fn the_policy_in_effect_reads_as_itself_and_its_hash_ignores_how_it_was_written() {
        let body = "[selfie]\nyaw_deg = { fail_above = 20, review_above = 15 }\neyes_open = 'off'\n\
                    [comparison]\nreview_fmr = 0.01\n[case]\nback = 'optional'\n";
        let policy = parsed(body).expect("a valid policy");
        assert_eq!(Policy::parse(&policy.effective_toml()), Ok(policy.clone()));
        assert_ne!(policy.sha256(), Policy::shipped().sha256());
        let same = parsed(&body.replace("20", "20.0").replace("'off'", "\"off\" # why")).expect("valid");
        assert_eq!(same.sha256(), policy.sha256());
        assert_eq!(policy.sha256().len(), 64);
    }

    #[test]
    fn what_is_wrong_is_refused_by_the_key_s_full_name() {
        for (body, says) in [
            ("[selfie]\nyaw = 'off'", "`selfie.yaw`; did you mean `selfie.yaw_deg`?"),
            ("[self]\nyaw_deg = 'off'", "`self`; did you mean `selfie`?"),
            ("[back]\nface_score = 'off'", "`back.face_score`"),
            ("[selfie]\nframe_quality = 'off'", "`selfie.frame_quality`"),
            ("thresholds = 1", "`thresholds`"),
            ("front = 1", "`front`: must be a table"),
            ("[front]\nshort_side_px = { fail_above = 600 }", "`front.short_side_px`: `fail_above` does not"),
            ("[front]\nshort_side_px = { fail_below = nan }", "`fail_below` must be a finite number"),
            ("[front]\nshort_side_px = { fail_below = inf }", "`fail_below` must be a finite number"),
            ("[front]\nshort_side_px = { fail_below = 600, review_below = 500 }", "must lie above"),
            ("[front]\nshort_side_px = { fail_below = 600, review_below = 600 }", "must lie above"),
            ("[front]\nshort_side_px = { review_below = 500 }", "`fail_below` is missing"),
            ("[front]\nshort_side_px = 600", "`front.short_side_px`: must be \"off\" or"),
            ("[selfie]\nyaw_deg = { fail_above = 24, review_above = 26 }", "must lie below"),
            ("[selfie]\nyaw_deg = { fail_above = -25 }", "must not be negative"),
            ("[selfie]\nusable_frames_min = 2", "from 1 to 1"),
            ("[case]\nselfies_min = 0", "`case.selfies_min`: must be a whole number from 1 to 16"),
            ("[case]\nfront = true", "`case.front`"),
            ("[comparison]\nfmr = 2.5", "above 0 and below 1"),
            ("[comparison]\nfmr = nan", "above 0 and below 1"),
            ("[comparison]\nreview_fmr = 1e-5", "a rate above comparison.fmr"),
            ("[comparison]\nframes_max = 1.5", "`comparison.frames_max`"),
            ("[comparison", "not a TOML file"),
        ] {
            let error = parsed(body).expect_err(body).to_string();
            assert!(error.contains(says), "{body}: {error}");
        }
        for text in ["", "schema = 'realname.policy/2'", "schema = 1", "[case]\nselfies_min = 1"] {
            assert!(matches!(Policy::parse(text), Err(PolicyError::Schema(_))), "{text}");
        }
    }
}
