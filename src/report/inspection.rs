//! What was measured on one photo: as JSON, form `realname.inspection/1`, and as text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::json::rounded;
use super::text::write_photo;
use super::visible::one_line;
use crate::assess::{Seen, SeenCard};
use crate::card::CardSide;
use crate::card::fields::Field;
use crate::evidence::{Intake, Measured, PhotoAssessment, Timings};
use crate::face::measures::component;

/// The form this version writes.
pub const INSPECTION_SCHEMA: &str = "realname.inspection/1";

#[derive(Serialize)]
struct InspectionDocument<'a> {
    schema: &'static str,
    sample: String,
    intake: IntakeDocument<'a>,
    measures: BTreeMap<&'static str, ReadingDocument>,
    #[serde(skip_serializing_if = "Option::is_none")]
    card: Option<CardDocument>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timings_ms: Option<BTreeMap<&'static str, f64>>,
}

/// A card that was found.
#[derive(Serialize)]
struct CardDocument {
    /// Its corners in the card's own order, in pixels of the upright photo as sent.
    corners: [[f64; 2]; 4],
    /// `portrait`, `emblem`, or null for a card that is no resident ID card.
    side: Option<&'static str>,
    fields: BTreeMap<&'static str, FieldDocument>,
}

#[derive(Serialize)]
struct FieldDocument {
    value: String,
    confidence: f64,
}

/// How field values are shown. They are personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldValues {
    /// With most of each hidden.
    Masked,
    /// As they stand on the card.
    Unmasked,
}

impl CardDocument {
    fn of(card: &SeenCard, scale: f32, values: FieldValues) -> Self {
        let full = card.found.quad.scaled(1.0 / scale);
        let shown = |field: &Field| FieldDocument {
            value: match values {
                FieldValues::Masked => field.masked(),
                FieldValues::Unmasked => field.unmasked().to_owned(),
            },
            confidence: rounded(field.confidence.into()),
        };
        Self {
            corners: full.corners.map(|p| [rounded(p.x.into()), rounded(p.y.into())]),
            side: card.side.map(|side| match side {
                CardSide::Portrait => "portrait",
                CardSide::Emblem => "emblem",
            }),
            fields: card.fields.read().into_iter().map(|f| (f.zone.id(), shown(f))).collect(),
        }
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum IntakeDocument<'a> {
    Decoded { format: &'a str, width_px: u32, height_px: u32, scale: f64 },
    Refused { fault: &'static str, detail: &'a str },
}

#[derive(Serialize)]
#[serde(untagged)]
enum ReadingDocument {
    Value {
        value: f64,
        #[serde(skip_serializing_if = "str::is_empty")]
        unit: &'static str,
        /// ISO/IEC 29794-5 component value, 0 to 100.
        #[serde(skip_serializing_if = "Option::is_none")]
        component: Option<f64>,
    },
    NotAssessed {
        not_assessed: &'static str,
    },
}

/// Every measure of a photo, and the card that was seen, as one line of JSON, without a line end;
/// with the stages' times where `timings` are given.
pub fn inspection_json(
    photo: &PhotoAssessment,
    seen: Option<&Seen>,
    values: FieldValues,
    timings: Option<&Timings>,
) -> String {
    let card = seen.and_then(|seen| Some(CardDocument::of(seen.card.as_ref()?, seen.photo.scale(), values)));
    let intake = match &photo.intake {
        Intake::Decoded { format, width_px, height_px, scale } => IntakeDocument::Decoded {
            format,
            width_px: *width_px,
            height_px: *height_px,
            scale: rounded((*scale).into()),
        },
        Intake::Refused { fault, detail } => IntakeDocument::Refused { fault: fault.id(), detail },
    };
    let measures = photo.readings.iter().map(|(measure, reading)| {
        let document = match reading {
            Measured::Value(value) => {
                let component = component(*measure, value.get());
                ReadingDocument::Value { value: rounded(value.get()), unit: measure.unit(), component }
            }
            Measured::FailureToAssess(reason) => ReadingDocument::NotAssessed { not_assessed: reason.id() },
        };
        (measure.id(), document)
    });
    let document = InspectionDocument {
        schema: INSPECTION_SCHEMA,
        sample: photo.role.to_string(),
        intake,
        measures: measures.collect(),
        card,
        timings_ms: timings.map(|t| t.0.iter().map(|(stage, ms)| (*stage, rounded(*ms))).collect()),
    };
    serde_json::to_string(&document).expect("plain data with string keys always serialises")
}

/// Every measure of a photo and every field of its card, a line for each.
pub fn inspection_text(photo: &PhotoAssessment, seen: Option<&Seen>, values: FieldValues) -> String {
    let mut out = String::new();
    write_photo(&mut out, photo).expect("writing to a String");
    let Some((seen, card)) = seen.and_then(|seen| Some((seen, seen.card.as_ref()?))) else { return out };
    let card = CardDocument::of(card, seen.photo.scale(), values);
    writeln!(out, "  card: {}", card.side.unwrap_or("no resident ID card")).expect("writing to a String");
    for (zone, field) in card.fields {
        let value = one_line(&field.value);
        writeln!(out, "    {zone:<26} {value} ({:.2})", field.confidence).expect("writing to a String");
    }
    out
}

/// A line for each stage with the milliseconds it took.
pub fn timings_text(timings: &Timings) -> String {
    let mut out = String::from("  milliseconds\n");
    for (stage, ms) in &timings.0 {
        writeln!(out, "    {stage:<26} {ms:8.1}").expect("writing to a String");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::SampleRole;
    use crate::evidence::{IntakeFault, Measure, Readings, Reason};

    #[test]
    fn a_photo_is_told_with_units_and_reasons() {
        let no_face = Measured::FailureToAssess(Reason::NoFace);
        let readings =
            Readings::from([(Measure::ShortSide, Measured::number(1080.0)), (Measure::Yaw, no_face)]);
        let intake =
            Intake::Decoded { format: "jpeg".to_owned(), width_px: 1440, height_px: 1080, scale: 0.5 };
        let photo = PhotoAssessment { role: SampleRole::Selfie(1), intake, readings };
        let json: serde_json::Value =
            serde_json::from_str(&inspection_json(&photo, None, FieldValues::Masked, None))
                .expect("what was just written");
        let expected = serde_json::json!({
            "schema": "realname.inspection/1",
            "sample": "selfie-1",
            "intake": {"format": "jpeg", "width_px": 1440, "height_px": 1080, "scale": 0.5},
            "measures": {"short_side_px": {"value": 1080.0, "unit": "px"}, "yaw_deg": {"not_assessed": "no_face"}},
        });
        assert_eq!(json, expected);
        assert!(inspection_text(&photo, None, FieldValues::Masked).contains("not assessed: no_face"));
        let intake = Intake::Refused { fault: IntakeFault::Truncated, detail: "ends early".to_owned() };
        let refused = PhotoAssessment { role: SampleRole::Front, intake, readings: Readings::new() };
        assert!(
            inspection_json(&refused, None, FieldValues::Masked, Some(&Timings::default()))
                .contains(r#""fault":"truncated""#)
        );
    }
}
