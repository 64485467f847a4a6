//! How often the gates on selfies refuse good captures, and how often they see labelled defects.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::defects::face_codes_of;
use super::face_labels::FaceLabel;
use super::interval::{Rate, percentiles};
use crate::case::{Sample, SampleRole};
use crate::engine::{Engine, EngineError};
use crate::policy::Effect;

/// What the program made of one selfie; a line of the file that a run goes on with.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QualityOutcome {
    /// The set's folder and the photo in it, as given.
    pub photo: String,
    /// Codes of the findings that fail it.
    pub codes: BTreeSet<String>,
    /// What was measured, by the measure's name, without what could not be.
    pub measures: BTreeMap<String, f64>,
    /// Milliseconds spent by stage.
    pub ms: BTreeMap<String, f64>,
}

/// Looks at a selfie and judges it by the engine's policy as if it were alone.
///
/// # Errors
/// The machine's fault only.
pub fn look_at_selfie(engine: &Engine, photo: String, bytes: Vec<u8>) -> Result<QualityOutcome, EngineError> {
    let inspection = engine.inspect(
        &Sample { role: SampleRole::Selfie(1), bytes },
        crate::card::fields::FieldsWanted::Decision,
    )?;
    let findings = engine.policy().photo_findings(&inspection.assessment);
    let failing = findings.iter().filter(|f| matches!(f.effect, Effect::Fail | Effect::Noted));
    let readings = inspection.assessment.readings.iter();
    let taken = readings.filter_map(|(measure, taken)| Some((measure.id().to_owned(), taken.value()?.get())));
    Ok(QualityOutcome {
        photo,
        codes: failing.map(|finding| finding.code.id().to_owned()).collect(),
        measures: taken.collect(),
        ms: inspection.timings.0.iter().map(|(stage, ms)| ((*stage).to_owned(), *ms)).collect(),
    })
}

/// The gates on selfies in figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QualitySummary {
    /// Photos in all.
    pub photos: usize,
    /// Good captures that any gate refuses.
    pub false_rejects: Rate,
    /// The same for each group.
    pub false_rejects_by_group: BTreeMap<String, Rate>,
    /// The same for each code that was raised.
    pub false_rejects_by_code: BTreeMap<String, Rate>,
    /// Photos with a defect on which a code for it was raised.
    pub detection: BTreeMap<String, Rate>,
    /// The same for each group of a defect.
    pub detection_by_group: BTreeMap<String, BTreeMap<String, Rate>>,
    /// Error of yaw and pitch against labelled angles.
    pub pose: Option<PoseErrors>,
    /// Milliseconds a photo, by stage, mean.
    pub ms: BTreeMap<String, f64>,
}

/// Errors without sign, degrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PoseErrors {
    /// Photos with labelled angles and a measured pose.
    pub photos: usize,
    /// Median and 95th percentile of the yaw's.
    pub yaw_deg: [f64; 2],
    /// Median and 95th percentile of the pitch's.
    pub pitch_deg: [f64; 2],
}

/// Adds up what came of the photos of `labels`, in their order.
pub fn quality_summary(labels: &[FaceLabel], outcomes: &[QualityOutcome]) -> QualitySummary {
    let pairs: Vec<(&FaceLabel, &QualityOutcome)> = labels.iter().zip(outcomes).collect();
    let is_good = |label: &FaceLabel| label.defects.is_empty() && label.yaw_deg.is_none();
    let good: Vec<_> = pairs.iter().filter(|(label, _)| is_good(label)).collect();
    let refused = |(_, outcome): &&(&FaceLabel, &QualityOutcome)| !outcome.codes.is_empty();
    let groups: BTreeSet<&str> =
        labels.iter().map(|label| label.group.as_str()).filter(|group| !group.is_empty()).collect();
    let of_group = |group: &str| Rate::of(good.iter().copied().filter(|(l, _)| l.group == group), refused);
    let raised: BTreeSet<&String> = good.iter().flat_map(|(_, outcome)| &outcome.codes).collect();

    let mut found: BTreeMap<String, Vec<(&str, bool)>> = BTreeMap::new();
    for (label, outcome) in &pairs {
        for defect in &label.defects {
            let codes = face_codes_of(defect).unwrap_or_default();
            let is_found = codes.iter().any(|code| outcome.codes.contains(*code));
            found.entry(defect.clone()).or_default().push((label.group.as_str(), is_found));
        }
    }
    let by_group = |seen: &[(&str, bool)]| -> BTreeMap<String, Rate> {
        let groups: BTreeSet<&str> = seen.iter().map(|(group, _)| *group).filter(|g| !g.is_empty()).collect();
        let rate = |group: &str| Rate::of(seen.iter().filter(|(g, _)| *g == group), |(_, found)| *found);
        groups.into_iter().map(|group| (group.to_owned(), rate(group))).collect()
    };
    QualitySummary {
        photos: pairs.len(),
        false_rejects: Rate::of(good.iter().copied(), refused),
        false_rejects_by_group: groups.into_iter().map(|g| (g.to_owned(), of_group(g))).collect(),
        false_rejects_by_code: raised
            .into_iter()
            .map(|code| (code.clone(), Rate::of(&good, |(_, outcome)| outcome.codes.contains(code))))
            .collect(),
        detection_by_group: found.iter().map(|(name, seen)| (name.clone(), by_group(seen))).collect(),
        detection: found
            .into_iter()
            .map(|(name, seen)| (name, Rate::of(seen, |(_, found)| *found)))
            .collect(),
        pose: pose_errors(&pairs),
        ms: mean_ms(outcomes),
    }
}

fn pose_errors(pairs: &[(&FaceLabel, &QualityOutcome)]) -> Option<PoseErrors> {
    let errors = |truth: fn(&FaceLabel) -> Option<f64>, measure: &str| -> Vec<f64> {
        let told = pairs.iter().filter_map(|(label, outcome)| {
            Some((truth(label)? - outcome.measures.get(measure).copied()?).abs())
        });
        told.collect()
    };
    let yaw = errors(|label| label.yaw_deg, "yaw_deg");
    let pitch = errors(|label| label.pitch_deg, "pitch_deg");
    Some(PoseErrors {
        photos: yaw.len(),
        yaw_deg: percentiles(&yaw, [0.5, 0.95])?,
        pitch_deg: percentiles(&pitch, [0.5, 0.95])?,
    })
}

fn mean_ms(outcomes: &[QualityOutcome]) -> BTreeMap<String, f64> {
    let mut sums: BTreeMap<String, f64> = BTreeMap::new();
    for (stage, ms) in outcomes.iter().flat_map(|outcome| &outcome.ms) {
        *sums.entry(stage.clone()).or_default() += ms;
    }
    sums.into_iter().map(|(stage, sum)| (stage, sum / outcomes.len() as f64)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(line: &str) -> FaceLabel {
        serde_json::from_str(line).expect("a label")
    }

    fn outcome(codes: &[&str], yaw: f64) -> QualityOutcome {
        QualityOutcome {
            codes: codes.iter().map(|code| (*code).to_owned()).collect(),
            measures: [("yaw_deg".to_owned(), yaw), ("pitch_deg".to_owned(), 1.0)].into(),
            ms: [("detect".to_owned(), 2.0)].into(),
            ..QualityOutcome::default()
        }
    }

    #[test]
    fn good_photos_defects_groups_and_angles_add_up() {
        let labels = [
            label(r#"{"file":"a","group":"one"}"#),
            label(r#"{"file":"b","group":"two"}"#),
            label(r#"{"file":"c","group":"one","defects":["mask"]}"#),
            label(r#"{"file":"d","group":"two","defects":["mask"]}"#),
            label(r#"{"file":"e","yaw_deg":20,"pitch_deg":0}"#),
        ];
        let outcomes = [
            outcome(&[], 0.0),
            outcome(&["face.small"], 0.0),
            outcome(&["face.covered"], 0.0),
            outcome(&["face.blur"], 0.0),
            outcome(&["face.turned"], 17.0),
        ];
        let summary = quality_summary(&labels, &outcomes);
        assert_eq!((summary.false_rejects.hits, summary.false_rejects.of), (1, 2));
        assert_eq!(summary.false_rejects_by_group["one"].hits, 0);
        assert_eq!(summary.false_rejects_by_group["two"].hits, 1);
        assert_eq!(summary.false_rejects_by_code["face.small"].hits, 1);
        assert_eq!((summary.detection["mask"].hits, summary.detection["mask"].of), (1, 2));
        assert_eq!(summary.detection_by_group["mask"]["two"].hits, 0);
        let pose = summary.pose.expect("one photo has angles");
        assert_eq!((pose.photos, pose.yaw_deg[0], pose.pitch_deg[0]), (1, 3.0, 1.0));
        assert_eq!(summary.ms["detect"], 2.0);
    }
}
