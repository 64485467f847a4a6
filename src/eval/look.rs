//! Runs the program on one labelled photo, and says what it got wrong.

use super::defects::codes_of;
use super::gallery::Exhibit;
use super::labels::{CardLabel, LabelledSide};
use super::summary::{CardOutcome, Fit};
use crate::assess::SeenFields;
use crate::card::CardSide;
use crate::card::fields::FieldsWanted;
use crate::case::{Date, Sample, SampleRole};
use crate::engine::{Engine, EngineError, Inspection};
use crate::evidence::Reason;
use crate::geometry::Quad;
use crate::imaging::{Pyramid, Rgb, draw_line, encode_png};
use crate::policy::{Effect, Observed};

/// Longer side of a gallery's pictures, pixels.
const EXHIBIT_PX: u32 = 480;

/// The role in which a labelled photo is looked at: the side it shows, and of anything else the
/// portrait side, unless its defect is to show the other.
fn role_of(label: &CardLabel) -> SampleRole {
    let swapped = label.defects.iter().any(|defect| defect == "wrong_side");
    match (label.side, swapped) {
        (LabelledSide::Emblem, false) | (LabelledSide::Portrait, true) => SampleRole::Back,
        (LabelledSide::Portrait, false)
        | (LabelledSide::Emblem, true)
        | (LabelledSide::Foreign | LabelledSide::Other | LabelledSide::None, _) => SampleRole::Front,
    }
}

/// Looks at a labelled photo and judges it by the engine's policy as if it were alone.
///
/// # Errors
/// The machine's fault only.
pub fn look(
    engine: &Engine,
    label: &CardLabel,
    bytes: Vec<u8>,
) -> Result<(CardOutcome, Inspection), EngineError> {
    let inspection = engine.inspect(&Sample { role: role_of(label), bytes }, FieldsWanted::Decision)?;
    let findings = engine.policy().photo_findings(&inspection.assessment);
    // A set has no day of decision.
    let undated = Some(Observed::Reason(Reason::NoDate));
    let failing = findings.iter().filter(|finding| {
        matches!(finding.effect, Effect::Fail | Effect::Noted) && finding.observed != undated
    });
    let card = inspection.seen.as_ref().and_then(|seen| Some((seen.card.as_ref()?, seen.photo.scale())));
    let (mut number, mut name, mut validity) = (None, None, None);
    match card.map(|(card, _)| &card.fields) {
        Some(SeenFields::Portrait(fields)) => {
            number = fields.number.as_ref().map(|it| it.field.unmasked().to_owned());
            name = fields.name.as_ref().map(|it| it.unmasked().to_owned());
        }
        Some(SeenFields::Emblem(fields)) => {
            let days = fields.validity.as_ref().and_then(|it| it.validity);
            validity = days.map(|days| [printed(Some(days.from)), printed(days.to)]);
        }
        Some(SeenFields::Unread) | None => {}
    }
    let readings = inspection.assessment.readings.iter();
    let measures = readings.filter_map(|(measure, taken)| Some((*measure, taken.value()?.get())));
    let outcome = CardOutcome {
        quad: card.map(|(card, scale)| card.found.quad.scaled(1.0 / scale)),
        side: card.and_then(|(card, _)| card.side),
        codes: failing.map(|finding| finding.code.entry().id).collect(),
        number,
        name,
        validity,
        measures: measures.collect(),
        ms: inspection.timings.0.clone(),
    };
    Ok((outcome, inspection))
}

/// A day as cards print it; 长期 for none.
fn printed(day: Option<Date>) -> String {
    day.map_or_else(
        || "长期".to_owned(),
        |day| format!("{:04}.{:02}.{:02}", day.year(), day.month(), day.day()),
    )
}

/// What went wrong with a photo, worst first; `None` when nothing did. The number ranks failures:
/// larger is worse.
pub fn failure(label: &CardLabel, outcome: &CardOutcome) -> Option<(f32, String)> {
    let free = matches!(label.side, LabelledSide::None | LabelledSide::Other);
    let refused = ["card.none", "card.not_id_card"].iter().any(|code| outcome.codes.contains(code));
    if free {
        return (outcome.quad.is_some() && !refused)
            .then(|| (3.0, "a card claimed where there is none".into()));
    }
    if let Some(truth) = label.quad() {
        let Some(found) = outcome.quad else { return Some((2.9, "card not found".into())) };
        let fit = Fit::of(&found, &label.card_at(&found).unwrap_or(truth));
        if fit.iou < 0.95 {
            return Some((1.0 + (1.0 - fit.iou), format!("IoU {:.3}", fit.iou)));
        }
        if !fit.upright && label.side != LabelledSide::Foreign {
            return Some((1.9, "upside down".into()));
        }
    }
    let expected = match label.side {
        LabelledSide::Portrait => Some(CardSide::Portrait),
        LabelledSide::Emblem => Some(CardSide::Emblem),
        LabelledSide::Foreign | LabelledSide::Other | LabelledSide::None => None,
    };
    if label.side == LabelledSide::Foreign {
        return (!refused).then(|| (1.8, "a foreign document taken for ours".into()));
    }
    if outcome.side != expected {
        return Some((1.8, format!("taken for {:?}", outcome.side)));
    }
    for defect in &label.defects {
        let codes = codes_of(defect).unwrap_or_default();
        if !codes.iter().any(|code| outcome.codes.contains(code)) {
            return Some((0.9, format!("{defect} not seen")));
        }
    }
    let alarms: Vec<_> = outcome.codes.iter().copied().collect();
    if label.defects.is_empty() && !alarms.is_empty() {
        return Some((0.8, format!("false alarm: {}", alarms.join(", "))));
    }
    let misread = |told: &Option<String>, read: &Option<String>| told.is_some() && told != read;
    if label.side == LabelledSide::Portrait && misread(&label.fields.number, &outcome.number) {
        return Some((0.5, "number misread".into()));
    }
    if label.side == LabelledSide::Portrait && misread(&label.fields.name, &outcome.name) {
        return Some((0.4, "name misread".into()));
    }
    None
}

/// The photo made small, with the corners found in green and the labelled ones in red.
pub fn exhibit(
    label: &CardLabel,
    outcome: &CardOutcome,
    inspection: &Inspection,
    title: String,
) -> Option<Exhibit> {
    let photo = &inspection.seen.as_ref()?.photo;
    let pyramid: &Pyramid = photo.pyramid();
    let long_side = pyramid.base().width().max(pyramid.base().height());
    let level = pyramid.level_for(long_side as f32 / EXHIBIT_PX as f32);
    let mut picture = pyramid.level(level).clone();
    let scale = picture.width() as f32 / photo.full_width() as f32;
    let mut outline = |quad: Option<Quad>, color| {
        if let Some(quad) = quad {
            draw_quad(&mut picture, &quad.scaled(scale), color);
        }
    };
    outline(label.quad(), [255, 40, 40]);
    outline(outcome.quad, [0, 230, 90]);
    Some(Exhibit { title, file: label.file.clone(), png: encode_png(&picture) })
}

fn draw_quad(picture: &mut Rgb, quad: &Quad, color: [u8; 3]) {
    for (a, b) in quad.sides() {
        draw_line(picture, a, b, color);
    }
}
