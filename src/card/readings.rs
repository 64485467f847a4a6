//! A located card as readings: every measure of the card that does not need its print read.

use super::CardSide;
use super::measures::{self, CardView};
use crate::case::SampleKind;
use crate::evidence::{Measure, Measured, Readings, Reason};
use crate::geometry::Quad;
use crate::imaging::{Photo, Rgb};
use crate::score::Finite;

/// A card that was found, and what the models say of it.
pub struct LocatedCard<'a> {
    /// The decoded photo.
    pub photo: &'a Photo,
    /// The card's corners in the card's order, in the frame of `photo.rgb()`.
    pub quad: Quad,
    /// The card cut out along them, upright, 1012 x 638.
    pub rectified: &'a Rgb,
    /// The side it shows; `None` for another card.
    pub side: Option<CardSide>,
    /// The locator's confidence, 0 to 1.
    pub score: f64,
    /// Area of the second largest card, or of all that is seen of others where that is more, over
    /// that of this one; 0 for one card.
    pub second_area_ratio: f64,
    /// Share of the card inside the photo that the locator's mask takes for something else.
    pub masked_share: f64,
    /// Angle between the camera's axis and the card's normal, degrees.
    pub tilt_deg: f64,
    /// Probability that it is a resident ID card, 0 to 1.
    pub id_card_score: f64,
    /// Probability that it shows the side that belongs on this photo, if it is one.
    pub expected_side_score: f64,
}

/// Every measure of the card on a photo of `kind`. Those of a layout that the card does not have
/// fail to be assessed: `other_print`.
pub fn card_readings(kind: SampleKind, card: &LocatedCard<'_>) -> Readings {
    let LocatedCard { photo, quad, rectified, .. } = card;
    let (width, height) = (photo.rgb().width() as f32, photo.rgb().height() as f32);
    let view = CardView::new(rectified, card.side);
    let glare = measures::glare(&view);
    let blur = measures::worst_field_blur(&view);
    let screen = measures::screen_traces(photo.rgb(), quad, photo.scale());
    let px_per_mm = measures::px_per_mm(quad).map(|decoded| decoded / f64::from(photo.scale()));
    let covered = measures::covered_share(&view).max(card.masked_share);
    let mut readings = Readings::from([
        (Measure::CardScore, Measured::number(card.score)),
        (Measure::SecondCard, Measured::number(card.second_area_ratio)),
        (Measure::IdCardScore, Measured::number(card.id_card_score)),
        (Measure::ExpectedSide, Measured::number(card.expected_side_score)),
        (Measure::CardMargin, Measured::number(measures::margin_share(quad, width, height))),
        (Measure::CardOutside, Measured::number(measures::outside_share(quad, width, height))),
        (Measure::CardCovered, Measured::number(covered)),
        (Measure::CardResolution, or_too_little(px_per_mm)),
        (Measure::CardTilt, Measured::number(card.tilt_deg)),
        (Measure::CardAspect, or_too_little(measures::aspect_deviation(quad, width, height))),
        (Measure::FieldBlur, or_too_little(blur.map(|blur| blur.focus_px))),
        (Measure::FieldMotion, or_too_little(blur.map(|blur| blur.motion_px))),
        (Measure::CardBackground, Measured::number(measures::background_luma(&view))),
        (Measure::CardOverExposed, Measured::number(measures::over_exposed_share(&view))),
        (Measure::CardGlare, Measured::number(glare.card_share)),
        (Measure::FieldGlare, of_the_layout(glare.worst_field().map(|(_, share)| share))),
        (Measure::UnevenLight, Measured::number(measures::uneven_light_ratio(&view))),
        (Measure::CardChroma, Measured::number(measures::chroma_percent(&view))),
        (Measure::Screen, or_too_little(screen.map(|screen| screen.pattern_db))),
        (Measure::ScreenRipple, or_too_little(screen.map(|screen| screen.ripple_percent))),
    ]);
    if kind == SampleKind::Front {
        readings.insert(Measure::PortraitGlare, of_the_layout(glare.portrait_share()));
    }
    readings
}

fn or_too_little(value: Option<f64>) -> Measured<Finite> {
    value.map_or(Measured::FailureToAssess(Reason::TooLittleToMeasure), Measured::number)
}

fn of_the_layout(value: Option<f64>) -> Measured<Finite> {
    value.map_or(Measured::FailureToAssess(Reason::OtherPrint), Measured::number)
}
