//! The list of checks: which code a measure of which photo can raise, and on which side its gate
//! stands. The gate's number is the policy's.
//!
//! A new check is a line here and a key, explained, in `default.toml`.

use super::codes::Code;
use crate::case::SampleKind::{self, Back, Front, Selfie};
use crate::evidence::Measure::{self, *};

/// Which values of a measure a gate lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepts {
    /// Values that are at least the bound.
    AtLeast,
    /// Values that are at most the bound.
    AtMost,
    /// Values whose amount, without sign, is at most the bound.
    Within,
}

/// What a measure looks at: without a face in the photo, measures of the face say nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The photo as a whole.
    Photo,
    /// The largest face in it.
    Face,
}

/// A measure of a kind of photo that the policy gates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    /// What a value beyond the gate is called.
    pub code: Code,
    /// The kind of photo; its name is the table in `policy.toml`.
    pub kind: SampleKind,
    /// The measure; its name is the key in that table.
    pub measure: Measure,
    /// What the measure looks at.
    pub subject: Subject,
    /// On which side of the gate good values lie.
    pub accepts: Accepts,
}

impl Check {
    /// The full name of its key in a policy, `selfie.yaw_deg`.
    pub fn key(&self) -> String {
        format!("{}.{}", self.kind.id(), self.measure)
    }

    /// The checks of one kind of photo, in the order of the list.
    pub fn of(kind: SampleKind) -> impl Iterator<Item = &'static Self> {
        CHECKS.iter().filter(move |check| check.kind == kind)
    }
}

const fn photo(code: Code, kind: SampleKind, measure: Measure, accepts: Accepts) -> Check {
    Check { code, kind, measure, subject: Subject::Photo, accepts }
}

const fn face(code: Code, kind: SampleKind, measure: Measure, accepts: Accepts) -> Check {
    Check { code, kind, measure, subject: Subject::Face, accepts }
}

/// Every check. Each measure of a kind of photo stands here at most once.
pub const CHECKS: &[Check] = &[
    photo(Code::CardResolution, Front, ShortSide, Accepts::AtLeast),
    photo(Code::CardBlur, Front, EdgeSpread, Accepts::AtMost),
    photo(Code::CardUnderExposed, Front, LightEnd, Accepts::AtLeast),
    photo(Code::CardOverExposed, Front, OverExposed, Accepts::AtMost),
    face(Code::CardFaceNone, Front, FaceScore, Accepts::AtLeast),
    face(Code::CardFaceSmall, Front, InterEyeDistance, Accepts::AtLeast),
    photo(Code::CardResolution, Back, ShortSide, Accepts::AtLeast),
    photo(Code::CardBlur, Back, EdgeSpread, Accepts::AtMost),
    photo(Code::CardUnderExposed, Back, LightEnd, Accepts::AtLeast),
    photo(Code::CardOverExposed, Back, OverExposed, Accepts::AtMost),
    photo(Code::FaceResolution, Selfie, ShortSide, Accepts::AtLeast),
    photo(Code::FaceBlur, Selfie, EdgeSpread, Accepts::AtMost),
    photo(Code::FaceUnderExposed, Selfie, LightEnd, Accepts::AtLeast),
    photo(Code::FaceOverExposed, Selfie, OverExposed, Accepts::AtMost),
    face(Code::FaceNone, Selfie, FaceScore, Accepts::AtLeast),
    face(Code::FaceMany, Selfie, SecondFace, Accepts::AtMost),
    face(Code::FaceSmall, Selfie, InterEyeDistance, Accepts::AtLeast),
    face(Code::FaceCropped, Selfie, NearEyeToBorder, Accepts::AtLeast),
    face(Code::FaceTurned, Selfie, Yaw, Accepts::Within),
    face(Code::FaceTurned, Selfie, Pitch, Accepts::Within),
    face(Code::FaceTilted, Selfie, Roll, Accepts::Within),
    face(Code::FaceEyesClosed, Selfie, EyesOpen, Accepts::AtLeast),
    face(Code::FaceBlur, Selfie, FaceSharpness, Accepts::AtLeast),
    face(Code::FaceUnderExposed, Selfie, FaceUnderExposed, Accepts::AtMost),
    face(Code::FaceOverExposed, Selfie, FaceOverExposed, Accepts::AtMost),
    face(Code::FaceUnevenLight, Selfie, LeftRightLight, Accepts::AtMost),
];

/// The code for a kind of photo in which no face was found; `None` where none is looked for.
pub(super) fn no_face_code(kind: SampleKind) -> Option<Code> {
    match kind {
        Front => Some(Code::CardFaceNone),
        Selfie => Some(Code::FaceNone),
        Back => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_measure_that_is_taken_is_checked_once_but_for_the_one_that_ranks() {
        let checked: BTreeSet<_> = CHECKS.iter().map(|c| (c.kind, c.measure)).collect();
        assert_eq!(checked.len(), CHECKS.len());
        let taken = SampleKind::ALL.into_iter().flat_map(|k| Measure::of(k).map(move |m| (k, m)));
        let taken: BTreeSet<_> = taken.filter(|&(_, m)| m != FrameQuality).collect();
        assert_eq!(checked, taken);
    }
}
