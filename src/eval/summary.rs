//! From what was found on every photo of a labelled set to rates with intervals.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::defects::codes_of;
use super::interval::{Rate, percentiles};
use super::labels::{CardLabel, LabelledSide};
use crate::card::CardSide;
use crate::evidence::Measure;
use crate::geometry::Quad;

/// What the program made of one labelled photo.
#[derive(Debug, Clone, Default)]
pub struct CardOutcome {
    /// The card's corners in its own order, in the upright photo's own pixels.
    pub quad: Option<Quad>,
    /// Which side of a resident ID card it was taken for.
    pub side: Option<CardSide>,
    /// Codes of the findings that fail the photo.
    pub codes: BTreeSet<&'static str>,
    /// The number as read.
    pub number: Option<String>,
    /// The name as read.
    pub name: Option<String>,
    /// First and last day of validity as read, `YYYY.MM.DD` or 长期.
    pub validity: Option<[String; 2]>,
    /// What was measured, without what could not be.
    pub measures: BTreeMap<Measure, f64>,
    /// Milliseconds spent by stage.
    pub ms: BTreeMap<&'static str, f64>,
}

/// How well a quad meets the label's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    /// Intersection over union, 0 to 1.
    pub iou: f32,
    /// Mean distance of the corners in shares of the card's width, whichever way up.
    pub corner_error: f32,
    /// Whether the quad is the way up that the label says.
    pub upright: bool,
}

impl Fit {
    /// Compares a found quad with the true one.
    pub fn of(found: &Quad, truth: &Quad) -> Self {
        let [upper, _, lower, _] = truth.side_lengths();
        let width = ((upper + lower) / 2.0).max(1.0);
        let error = |quad: &Quad| {
            let distances = quad.corners.iter().zip(truth.corners).map(|(a, b)| a.distance(b));
            distances.sum::<f32>() / 4.0 / width
        };
        let (as_found, turned) = (error(found), error(&found.half_turned()));
        let upright = as_found <= turned;
        Self { iou: found.iou(truth), corner_error: as_found.min(turned), upright }
    }
}

/// Everything that `realname eval cards` reports on a set.
#[derive(Debug, Serialize)]
pub struct CardSummary {
    /// Photos of the set.
    pub photos: usize,
    /// How well cards were located.
    pub locator: LocatorSummary,
    /// Photos without an identity document on which no card was claimed.
    pub no_card_unclaimed: Rate,
    /// Resident ID cards whose side and way up were told right.
    pub side_and_way_up: Rate,
    /// Other identity documents that were taken for resident ID cards.
    pub foreign_taken_for_ours: Rate,
    /// For each labelled defect, how often it was found.
    pub detection: BTreeMap<String, Rate>,
    /// Resident ID cards without a defect on which anything failed.
    pub false_alarms: Rate,
    /// The same, code by code; codes that never came up are left out.
    pub false_alarms_by_code: BTreeMap<&'static str, Rate>,
    /// Fields read exactly, of those that the labels tell.
    pub fields: BTreeMap<&'static str, Rate>,
    /// Mean milliseconds a photo by stage.
    pub ms: BTreeMap<&'static str, f64>,
}

/// How well cards were located, over the photos whose labels have corners.
#[derive(Debug, Serialize)]
pub struct LocatorSummary {
    /// Fair photos with an intersection over union of 0.95 and more.
    pub fair_iou_95: Rate,
    /// All photos with an intersection over union of 0.95 and more.
    pub all_iou_95: Rate,
    /// Percentiles of the intersection over union; a card not found counts 0.
    pub iou: Option<Percentiles>,
    /// Percentiles of the corner error in percent of the card's width, of the cards found.
    pub corner_error_percent: Option<Percentiles>,
}

/// Some percentiles of a set of values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Percentiles {
    /// The 5th.
    pub p5: f64,
    /// The 25th.
    pub p25: f64,
    /// The median.
    pub p50: f64,
    /// The 75th.
    pub p75: f64,
    /// The 95th.
    pub p95: f64,
}

impl Percentiles {
    fn of(values: &[f64]) -> Option<Self> {
        let [p5, p25, p50, p75, p95] = percentiles(values, [0.05, 0.25, 0.5, 0.75, 0.95])?;
        Some(Self { p5, p25, p50, p75, p95 })
    }
}

/// Adds up the outcomes of a set.
pub fn summary(labels: &[CardLabel], outcomes: &[CardOutcome]) -> CardSummary {
    let pairs: Vec<_> = labels.iter().zip(outcomes).collect();
    let ours = |label: &CardLabel| matches!(label.side, LabelledSide::Portrait | LabelledSide::Emblem);
    let is_free = |label: &CardLabel| matches!(label.side, LabelledSide::Other | LabelledSide::None);
    let of_ours =
        |outcome: &CardOutcome| outcome.side.is_some() && !outcome.codes.contains("card.not_id_card");
    let clean: Vec<_> = pairs.iter().filter(|(l, _)| ours(l) && l.defects.is_empty()).collect();

    let mut detection: BTreeMap<String, Vec<bool>> = BTreeMap::new();
    for (label, outcome) in &pairs {
        for defect in &label.defects {
            let codes = codes_of(defect).unwrap_or_default();
            let found = codes.iter().any(|code| outcome.codes.contains(code));
            detection.entry(defect.clone()).or_default().push(found);
        }
    }
    let raised: BTreeSet<&'static str> = clean.iter().flat_map(|(_, o)| o.codes.iter().copied()).collect();
    let by_code = |code: &'static str| (code, Rate::of(&clean, |(_, o)| o.codes.contains(code)));

    CardSummary {
        photos: labels.len(),
        locator: located(&pairs),
        no_card_unclaimed: Rate::of(pairs.iter().filter(|(l, _)| is_free(l)), |(_, o)| !claimed(o)),
        side_and_way_up: Rate::of(pairs.iter().filter(|(l, o)| ours(l) && !is_another(l, o)), |(l, o)| {
            told_right(l, o)
        }),
        foreign_taken_for_ours: Rate::of(
            pairs.iter().filter(|(l, _)| l.side == LabelledSide::Foreign),
            |(_, o)| claimed(o) && of_ours(o),
        ),
        detection: detection.into_iter().map(|(d, found)| (d, Rate::of(found, |f| *f))).collect(),
        false_alarms: Rate::of(&clean, |(_, o)| !o.codes.is_empty()),
        false_alarms_by_code: raised.into_iter().map(by_code).collect(),
        fields: fields(&pairs),
        ms: mean_ms(outcomes),
    }
}

/// Whether a card was claimed to be an identity document.
fn claimed(outcome: &CardOutcome) -> bool {
    outcome.quad.is_some() && !["card.none", "card.not_id_card"].iter().any(|c| outcome.codes.contains(c))
}

/// Whether the card that was found is not the one whose side the label tells, of several.
fn is_another(label: &CardLabel, outcome: &CardOutcome) -> bool {
    outcome.quad.is_some_and(|found| label.card_at(&found) != label.quad())
}

fn told_right(label: &CardLabel, outcome: &CardOutcome) -> bool {
    let side = match label.side {
        LabelledSide::Portrait => Some(CardSide::Portrait),
        LabelledSide::Emblem => Some(CardSide::Emblem),
        LabelledSide::Foreign | LabelledSide::Other | LabelledSide::None => None,
    };
    let upright = match (outcome.quad, label.quad()) {
        (Some(found), Some(truth)) => Fit::of(&found, &truth).upright,
        (_, None) => true,
        (None, Some(_)) => false,
    };
    outcome.side == side && upright
}

fn located(pairs: &[(&CardLabel, &CardOutcome)]) -> LocatorSummary {
    let fits: Vec<_> = pairs
        .iter()
        .filter(|(label, _)| label.side != LabelledSide::Other)
        .filter_map(|(label, outcome)| {
            label.quad()?;
            let fit = outcome.quad.and_then(|found| Some(Fit::of(&found, &label.card_at(&found)?)));
            Some((label.fair, fit))
        })
        .collect();
    let good = |fit: &Option<Fit>| fit.is_some_and(|fit| fit.iou >= 0.95);
    let ious: Vec<f64> = fits.iter().map(|(_, fit)| fit.map_or(0.0, |f| f64::from(f.iou))).collect();
    let errors: Vec<f64> =
        fits.iter().filter_map(|(_, fit)| fit.map(|f| f64::from(f.corner_error) * 100.0)).collect();
    LocatorSummary {
        fair_iou_95: Rate::of(fits.iter().filter(|(fair, _)| *fair), |(_, fit)| good(fit)),
        all_iou_95: Rate::of(&fits, |(_, fit)| good(fit)),
        iou: Percentiles::of(&ious),
        corner_error_percent: Percentiles::of(&errors),
    }
}

fn fields(pairs: &[(&CardLabel, &CardOutcome)]) -> BTreeMap<&'static str, Rate> {
    let mut rates = BTreeMap::new();
    let mut add = |name, told: Vec<bool>| {
        if !told.is_empty() {
            rates.insert(name, Rate::of(told, |right| *right));
        }
    };
    let on = |side| pairs.iter().filter(move |(label, _)| label.side == side);
    let told = |of: fn(&CardLabel) -> &Option<String>, read: fn(&CardOutcome) -> &Option<String>| {
        let labelled = on(LabelledSide::Portrait).filter(|(l, _)| of(l).is_some());
        labelled.map(|(l, o)| of(l) == read(o)).collect()
    };
    add("number", told(|l| &l.fields.number, |o| &o.number));
    add("name", told(|l| &l.fields.name, |o| &o.name));
    let validity = on(LabelledSide::Emblem).filter_map(|(l, o)| {
        let truth = [l.fields.valid_from.as_ref()?, l.fields.valid_until.as_ref()?];
        Some(o.validity.as_ref().is_some_and(|read| [&read[0], &read[1]] == truth))
    });
    add("validity", validity.collect());
    rates
}

fn mean_ms(outcomes: &[CardOutcome]) -> BTreeMap<&'static str, f64> {
    let mut sums: BTreeMap<&'static str, f64> = BTreeMap::new();
    for (stage, ms) in outcomes.iter().flat_map(|o| &o.ms) {
        *sums.entry(stage).or_default() += ms;
    }
    sums.into_iter().map(|(stage, sum)| (stage, sum / outcomes.len() as f64)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(line: &str) -> CardLabel {
        serde_json::from_str(line).expect("a label")
    }

    const TRUTH: &str = "[[0,0],[100,0],[100,63],[0,63]]";

    #[test]
    fn a_set_of_every_kind_adds_up() {
        let front = |defects: &str| {
            format!(
                r#"{{"file":"a","side":"portrait","quad":{TRUTH},"defects":[{defects}],"fields":{{"number":"1"}}}}"#
            )
        };
        let labels = [
            label(&front("")),
            label(&front("\"glare\"")),
            label(r#"{"file":"c","side":"none"}"#),
            label(&format!(r#"{{"file":"d","side":"foreign","quad":{TRUTH}}}"#)),
        ];
        let quad = labels[0].quad();
        let found = CardOutcome {
            quad,
            side: Some(CardSide::Portrait),
            number: Some("1".to_owned()),
            ..CardOutcome::default()
        };
        let glare = CardOutcome { codes: ["card.glare"].into(), number: None, ..found.clone() };
        let outcomes = [found.clone(), glare, CardOutcome::default(), found];
        let summary = summary(&labels, &outcomes);
        assert_eq!((summary.side_and_way_up.hits, summary.side_and_way_up.of), (2, 2));
        assert_eq!((summary.detection["glare"].hits, summary.false_alarms.of), (1, 1));
        assert_eq!(summary.false_alarms.hits, 0);
        assert_eq!((summary.no_card_unclaimed.hits, summary.foreign_taken_for_ours.hits), (1, 1));
        assert_eq!((summary.fields["number"].hits, summary.fields["number"].of), (1, 2));
        assert_eq!(summary.locator.all_iou_95.hits, 3);
    }

    #[test]
    fn a_quad_upside_down_fits_but_is_not_upright() {
        let truth =
            label(&format!(r#"{{"file":"a","side":"portrait","quad":{TRUTH}}}"#)).quad().expect("given");
        let fit = Fit::of(&truth.half_turned(), &truth);
        assert!(fit.iou > 0.999 && fit.corner_error < 1e-6 && !fit.upright);
    }
}
