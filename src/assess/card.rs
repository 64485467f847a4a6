//! The card in one photo: found, measured, read.

use super::AssessError;
use super::models::PhotoModels;
use crate::card::fields::{
    EmblemFacts, EmblemFields, Field, FieldsWanted, PortraitFacts, PortraitFields, emblem_fields,
    portrait_fields,
};
use crate::card::layout::Zone;
use crate::card::{CardSide, FoundCard, LocatedCard, card_readings, find};
use crate::case::{Claims, Date, SampleKind};
use crate::evidence::{Measure, Measured, Readings, Reason, Timings};
use crate::geometry::{Point, Rect};
use crate::imaging::Photo;
use crate::score::Finite;

/// From this probability on the print is read as that of a resident ID card. The reading is of no
/// use where it was none; whether it was one, the policy says.
const READ_AS_RESIDENT: f32 = 0.5;

/// What a card is compared with, and how much of it is read.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// What the user typed.
    pub claims: &'a Claims,
    /// The day of the decision.
    pub decided_on: Option<Date>,
    /// Which fields to read.
    pub fields: FieldsWanted,
}

/// A card that was found, and what it says.
#[derive(Debug, Clone)]
pub struct SeenCard {
    /// The card. Its corners are in the frame of the decoded picture.
    pub found: FoundCard,
    /// The side by whose layout it was read; `None` for a card that is no resident ID card.
    pub side: Option<CardSide>,
    /// What it says.
    pub fields: SeenFields,
}

/// The fields of the side that was seen.
#[derive(Debug, Clone, PartialEq)]
pub enum SeenFields {
    /// Of the portrait side.
    Portrait(Box<PortraitFields>),
    /// Of the emblem side.
    Emblem(Box<EmblemFields>),
    /// None: the card is no resident ID card.
    Unread,
}

impl SeenFields {
    /// Those that were read, as they stand on the card.
    pub fn read(&self) -> Vec<&Field> {
        match self {
            Self::Portrait(fields) => fields.read().collect(),
            Self::Emblem(fields) => fields.read().collect(),
            Self::Unread => Vec::new(),
        }
    }
}

/// Finds, measures and reads the card in a photo of `kind`; `None` where there is none. The
/// readings hold every measure of cards, face measures excepted.
///
/// # Errors
/// The machine's fault only.
pub(super) fn look_at_card(
    photo: &Photo,
    kind: SampleKind,
    question: &Question<'_>,
    models: &mut PhotoModels,
    timings: &mut Timings,
) -> Result<(Option<SeenCard>, Readings), AssessError> {
    let found = find(photo, &mut models.card, timings)?;
    let Some(found) = found else { return Ok((None, Readings::new())) };
    let reading = &found.reading;
    let side = (reading.resident() >= READ_AS_RESIDENT).then(|| reading.side().0);
    let of_expected = match kind {
        SampleKind::Front | SampleKind::Selfie => reading.portrait,
        SampleKind::Back => reading.emblem,
    };
    let second = found.others.iter().map(|quad| quad.area()).fold(0.0, f32::max);
    let located = LocatedCard {
        photo,
        quad: found.quad,
        rectified: &found.rectified.image,
        side,
        score: found.score.into(),
        second_area_ratio: (second / found.quad.area()).max(found.others_area).into(),
        masked_share: found.visible.covered_share.into(),
        tilt_deg: found.tilt_deg.into(),
        id_card_score: reading.resident().into(),
        expected_side_score: (of_expected / reading.resident().max(f32::EPSILON)).into(),
    };
    let mut readings = timings.timed("card", || card_readings(kind, &located));
    let fields = timings.timed("read", || -> Result<SeenFields, AssessError> {
        let (card, readers) = (&found.rectified.image, &mut models.card.readers);
        Ok(match side {
            Some(CardSide::Portrait) => {
                SeenFields::Portrait(Box::new(portrait_fields(card, readers, question.fields)?))
            }
            Some(CardSide::Emblem) => {
                SeenFields::Emblem(Box::new(emblem_fields(card, readers, question.fields)?))
            }
            None => SeenFields::Unread,
        })
    })?;
    readings.extend(field_readings(kind, &fields, question));
    Ok((Some(SeenCard { found, side, fields }), readings))
}

/// Where the portrait should be in the decoded photo, from the layout of a portrait side.
pub struct PortraitPlace {
    /// Its middle.
    pub center: Point,
    /// Side of the square that holds it with some room around, pixels.
    pub side_px: f32,
    /// Direction of the card's upper edge, radians clockwise from the right.
    pub angle_rad: f32,
}

impl SeenCard {
    /// Where to look for the portrait; `None` on any other card.
    pub fn portrait_place(&self) -> Option<PortraitPlace> {
        /// The square's side over the height of the printed portrait.
        const ROOM: f32 = 1.25;
        if self.side != Some(CardSide::Portrait) {
            return None;
        }
        let Rect { x, y, width, height } = Zone::Portrait.px();
        let at = |x: f32, y: f32| self.found.rectified.to_photo.apply(Point::new(x, y));
        let (middle_x, middle_y) = (x + width / 2.0, y + height / 2.0);
        let (left, right) = (at(x, middle_y), at(x + width, middle_y));
        let (upper, lower) = (at(middle_x, y), at(middle_x, y + height));
        Some(PortraitPlace {
            center: at(middle_x, middle_y),
            side_px: ROOM * upper.distance(lower).max(left.distance(right)),
            angle_rad: (right.y - left.y).atan2(right.x - left.x),
        })
    }
}

/// The measures of the fields that belong on a photo of `kind`. A card of another kind or side has
/// other print.
fn field_readings(kind: SampleKind, fields: &SeenFields, question: &Question<'_>) -> Readings {
    let absent = |given: bool, reason| if given { Reason::NotRead } else { reason };
    let of = |value: Option<f64>, reason| value.map_or(Measured::FailureToAssess(reason), Measured::number);
    let no_date = absent(question.decided_on.is_some(), Reason::NoDate);
    match (kind, fields) {
        (SampleKind::Front, SeenFields::Portrait(fields)) => {
            let facts = PortraitFacts::of(fields, question.claims, question.decided_on);
            let no_number = absent(question.claims.id_number.is_some(), Reason::NotClaimed);
            let no_name = absent(question.claims.name.is_some(), Reason::NotClaimed);
            // A name that nobody claimed need not be legible.
            let name_confidence = of(question.claims.name.as_ref().map(|_| facts.name_confidence), no_name);
            Readings::from([
                (Measure::NumberConfidence, Measured::number(facts.number_confidence)),
                (Measure::NumberValid, of(facts.number_valid, Reason::NotRead)),
                (Measure::NumberRepaired, of(facts.number_repaired, Reason::NotRead)),
                (Measure::NumberBirthMismatch, of(facts.number_birth_mismatch, Reason::NotRead)),
                (Measure::NumberSexMismatch, of(facts.number_sex_mismatch, Reason::NotRead)),
                (Measure::NumberClaimDifferences, of(facts.number_claim_differences, no_number)),
                (Measure::Age, of(facts.age_years, no_date)),
                (Measure::NameConfidence, name_confidence),
                (Measure::NameClaimDifferences, of(facts.name_claim_differences, no_name)),
            ])
        }
        (SampleKind::Back, SeenFields::Emblem(fields)) => {
            let facts = EmblemFacts::of(fields, question.decided_on);
            Readings::from([
                (Measure::ValidityConfidence, Measured::number(facts.validity_confidence)),
                (Measure::SinceValidFrom, of(facts.days_since_valid_from, no_date)),
                (Measure::UntilValidTo, of(facts.days_until_valid_to, no_date)),
            ])
        }
        (SampleKind::Front | SampleKind::Back | SampleKind::Selfie, _) => {
            let unread = |m: Measure| (m, Measured::<Finite>::FailureToAssess(Reason::OtherPrint));
            FIELD_MEASURES.into_iter().filter(|m| m.kinds().contains(&kind)).map(unread).collect()
        }
    }
}

/// Every measure that comes of a field.
const FIELD_MEASURES: [Measure; 12] = [
    Measure::NumberConfidence,
    Measure::NumberValid,
    Measure::NumberRepaired,
    Measure::NumberBirthMismatch,
    Measure::NumberSexMismatch,
    Measure::NumberClaimDifferences,
    Measure::Age,
    Measure::NameConfidence,
    Measure::NameClaimDifferences,
    Measure::ValidityConfidence,
    Measure::SinceValidFrom,
    Measure::UntilValidTo,
];
