//! The list of checks: which code a measure of which photo can raise, and on which side its gate
//! stands. The gate's number is the policy's.
//!
//! A new check is a line here and a key, explained, in `default.toml`.

use Accepts::{AtLeast, AtMost, Within};

use super::codes::Code;
use crate::case::SampleKind::{self, Back, Front, Selfie};
use crate::evidence::Measure::{self, *};
use crate::evidence::Reason;

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

/// What a measure looks at. Where that is not there, the measure says nothing: what is missing is
/// the finding, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// The photo as a whole.
    Photo,
    /// The largest card in it, whatever its kind.
    Card,
    /// A resident ID card.
    IdCard,
    /// The side of it that belongs on this photo.
    Side,
    /// The citizen identity number on that side.
    Number,
    /// The name on that side.
    Name,
    /// The dates of validity on that side.
    Validity,
    /// The largest face; on the card, its portrait.
    Face,
}

impl Subject {
    /// Every subject, each behind the one it is part of.
    pub const ALL: [Self; 8] = [
        Self::Photo,
        Self::Card,
        Self::IdCard,
        Self::Side,
        Self::Number,
        Self::Name,
        Self::Validity,
        Self::Face,
    ];

    /// What it is part of on a kind of photo: without that, it is not there either.
    pub fn part_of(self, kind: SampleKind) -> Option<Self> {
        match (self, kind) {
            (Self::Photo, _) => None,
            (Self::Card, _) | (Self::Face, Selfie) => Some(Self::Photo),
            (Self::IdCard, _) => Some(Self::Card),
            (Self::Side, _) => Some(Self::IdCard),
            (Self::Number | Self::Name | Self::Validity, _) | (Self::Face, Front | Back) => Some(Self::Side),
        }
    }

    /// The measure whose gate says whether it is there.
    pub fn shown_by(self) -> Option<Measure> {
        match self {
            Self::Photo => None,
            Self::Card => Some(CardScore),
            Self::IdCard => Some(IdCardScore),
            Self::Side => Some(ExpectedSide),
            Self::Number => Some(NumberConfidence),
            Self::Name => Some(NameConfidence),
            Self::Validity => Some(ValidityConfidence),
            Self::Face => Some(FaceScore),
        }
    }

    /// The reason with which its measures have no value where it was not found at all.
    pub(super) fn not_found(self) -> Option<Reason> {
        match self {
            Self::Card => Some(Reason::NoCard),
            Self::Face => Some(Reason::NoFace),
            Self::Photo | Self::IdCard | Self::Side | Self::Number | Self::Name | Self::Validity => None,
        }
    }

    /// Whether it is print that has to be read: a photo in which it cannot be is mended first.
    pub(super) fn is_read(self) -> bool {
        match self {
            Self::Number | Self::Name | Self::Validity => true,
            Self::Photo | Self::Card | Self::IdCard | Self::Side | Self::Face => false,
        }
    }
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

const fn check(code: Code, kind: SampleKind, subject: Subject, measure: Measure, accepts: Accepts) -> Check {
    Check { code, kind, measure, subject, accepts }
}

/// Every check. Each measure of a kind of photo stands here at most once.
#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check(Code::CardResolution, Front, Subject::Photo, ShortSide, AtLeast),
    check(Code::CardNone, Front, Subject::Photo, CardScore, AtLeast),
    check(Code::CardMany, Front, Subject::Card, SecondCard, AtMost),
    check(Code::CardNotIdCard, Front, Subject::Card, IdCardScore, AtLeast),
    check(Code::CardWrongSide, Front, Subject::IdCard, ExpectedSide, AtLeast),
    check(Code::CardCutOff, Front, Subject::Card, CardMargin, AtLeast),
    check(Code::CardCutOff, Front, Subject::Card, CardOutside, AtMost),
    check(Code::CardCovered, Front, Subject::Card, CardCovered, AtMost),
    check(Code::CardResolution, Front, Subject::Card, CardResolution, AtLeast),
    check(Code::CardTilted, Front, Subject::Card, CardTilt, AtMost),
    check(Code::CardTilted, Front, Subject::Card, CardAspect, AtMost),
    check(Code::CardBlur, Front, Subject::Card, FieldBlur, AtMost),
    check(Code::CardMotionBlur, Front, Subject::Card, FieldMotion, AtMost),
    check(Code::CardUnderExposed, Front, Subject::Card, CardBackground, AtLeast),
    check(Code::CardOverExposed, Front, Subject::Card, CardOverExposed, AtMost),
    check(Code::CardGlare, Front, Subject::Card, CardGlare, AtMost),
    check(Code::CardGlare, Front, Subject::Side, FieldGlare, AtMost),
    check(Code::CardGlare, Front, Subject::Side, PortraitGlare, AtMost),
    check(Code::CardUnevenLight, Front, Subject::IdCard, UnevenLight, AtMost),
    check(Code::CardPhotocopy, Front, Subject::IdCard, CardChroma, AtLeast),
    check(Code::CardScreen, Front, Subject::Card, Screen, AtMost),
    check(Code::CardScreen, Front, Subject::Card, ScreenRipple, AtMost),
    check(Code::CardFaceNone, Front, Subject::Side, FaceScore, AtLeast),
    check(Code::CardFaceSmall, Front, Subject::Face, InterEyeDistance, AtLeast),
    check(Code::NumberUnreadable, Front, Subject::Side, NumberConfidence, AtLeast),
    check(Code::NumberInvalid, Front, Subject::Number, NumberValid, AtLeast),
    check(Code::NumberUnreadable, Front, Subject::Number, NumberRepaired, AtMost),
    check(Code::NumberBirthMismatch, Front, Subject::Number, NumberBirthMismatch, AtMost),
    check(Code::NumberBirthMismatch, Front, Subject::Number, NumberSexMismatch, AtMost),
    check(Code::ClaimNumberMismatch, Front, Subject::Number, NumberClaimDifferences, AtMost),
    check(Code::UnderAge, Front, Subject::Number, Age, AtLeast),
    check(Code::NameUnreadable, Front, Subject::Side, NameConfidence, AtLeast),
    check(Code::ClaimNameMismatch, Front, Subject::Name, NameClaimDifferences, AtMost),
    check(Code::CardResolution, Back, Subject::Photo, ShortSide, AtLeast),
    check(Code::CardNone, Back, Subject::Photo, CardScore, AtLeast),
    check(Code::CardMany, Back, Subject::Card, SecondCard, AtMost),
    check(Code::CardNotIdCard, Back, Subject::Card, IdCardScore, AtLeast),
    check(Code::CardWrongSide, Back, Subject::IdCard, ExpectedSide, AtLeast),
    check(Code::CardCutOff, Back, Subject::Card, CardMargin, AtLeast),
    check(Code::CardCutOff, Back, Subject::Card, CardOutside, AtMost),
    check(Code::CardCovered, Back, Subject::Card, CardCovered, AtMost),
    check(Code::CardResolution, Back, Subject::Card, CardResolution, AtLeast),
    check(Code::CardTilted, Back, Subject::Card, CardTilt, AtMost),
    check(Code::CardTilted, Back, Subject::Card, CardAspect, AtMost),
    check(Code::CardBlur, Back, Subject::Card, FieldBlur, AtMost),
    check(Code::CardMotionBlur, Back, Subject::Card, FieldMotion, AtMost),
    check(Code::CardUnderExposed, Back, Subject::Card, CardBackground, AtLeast),
    check(Code::CardOverExposed, Back, Subject::Card, CardOverExposed, AtMost),
    check(Code::CardGlare, Back, Subject::Card, CardGlare, AtMost),
    check(Code::CardGlare, Back, Subject::Side, FieldGlare, AtMost),
    check(Code::CardUnevenLight, Back, Subject::IdCard, UnevenLight, AtMost),
    check(Code::CardPhotocopy, Back, Subject::IdCard, CardChroma, AtLeast),
    check(Code::CardScreen, Back, Subject::Card, Screen, AtMost),
    check(Code::CardScreen, Back, Subject::Card, ScreenRipple, AtMost),
    check(Code::ValidityUnreadable, Back, Subject::Side, ValidityConfidence, AtLeast),
    check(Code::NotYetValid, Back, Subject::Validity, SinceValidFrom, AtLeast),
    check(Code::Expired, Back, Subject::Validity, UntilValidTo, AtLeast),
    check(Code::FaceResolution, Selfie, Subject::Photo, ShortSide, AtLeast),
    check(Code::FaceBlur, Selfie, Subject::Photo, EdgeSpread, AtMost),
    check(Code::FaceBlur, Selfie, Subject::Face, FaceWeakestDetail, AtLeast),
    check(Code::FaceUnderExposed, Selfie, Subject::Photo, LightEnd, AtLeast),
    check(Code::FaceOverExposed, Selfie, Subject::Photo, OverExposed, AtMost),
    check(Code::FaceNone, Selfie, Subject::Photo, FaceScore, AtLeast),
    check(Code::FaceMany, Selfie, Subject::Face, SecondFace, AtMost),
    check(Code::FaceSmall, Selfie, Subject::Face, InterEyeDistance, AtLeast),
    check(Code::FaceCropped, Selfie, Subject::Face, NearEyeToBorder, AtLeast),
    check(Code::FaceTurned, Selfie, Subject::Face, Yaw, Within),
    check(Code::FaceTurned, Selfie, Subject::Face, Pitch, Within),
    check(Code::FaceTilted, Selfie, Subject::Face, Roll, Within),
    check(Code::FaceEyesClosed, Selfie, Subject::Face, EyesOpen, AtLeast),
    check(Code::FaceEyesClosed, Selfie, Subject::Face, EyeOpenness, AtLeast),
    check(Code::FaceMouthOpen, Selfie, Subject::Face, MouthGap, AtMost),
    check(Code::FaceMouthOpen, Selfie, Subject::Face, MouthVoid, AtMost),
    check(Code::FaceCropped, Selfie, Subject::Face, FaceOutside, AtMost),
    check(Code::FaceCovered, Selfie, Subject::Face, FaceCovered, AtMost),
    check(Code::FaceBlur, Selfie, Subject::Face, FaceSharpness, AtLeast),
    check(Code::FaceUnderExposed, Selfie, Subject::Face, FaceUnderExposed, AtMost),
    check(Code::FaceOverExposed, Selfie, Subject::Face, FaceOverExposed, AtMost),
    check(Code::FaceUnevenLight, Selfie, Subject::Face, LeftRightLight, AtMost),
    check(Code::FaceColour, Selfie, Subject::Face, NaturalColour, AtMost),
    check(Code::FaceColour, Selfie, Subject::Face, LightColour, AtMost),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_measure_that_is_taken_is_checked_once_but_for_those_that_are_only_reported_or_of_several_frames()
    {
        let checked: BTreeSet<_> = CHECKS.iter().map(|c| (c.kind, c.measure)).collect();
        assert_eq!(checked.len(), CHECKS.len());
        let taken = SampleKind::ALL.into_iter().flat_map(|k| Measure::of(k).map(move |m| (k, m)));
        let taken: BTreeSet<_> = taken.filter(|(_, m)| !m.is_only_reported() && *m != Liveness).collect();
        assert_eq!(checked, taken);
    }

    #[test]
    fn every_subject_follows_what_it_is_part_of_and_is_shown_by_a_check_of_that() {
        let place = |subject| Subject::ALL.iter().position(|s| *s == subject);
        for check in CHECKS {
            let whole = check.subject.part_of(check.kind);
            assert!(whole.is_none_or(|whole| place(whole) < place(check.subject)));
            let Some(measure) = check.subject.shown_by() else { continue };
            let shown = Check::of(check.kind).find(|other| other.measure == measure).expect("its own check");
            assert_eq!(Some(shown.subject), whole, "{}", check.key());
        }
    }
}
