//! Error rates of presentation attack detection, in the terms of ISO/IEC 30107-3: APCER for each
//! species of attack, BPCER for live people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::interval::Rate;

/// A scored presentation: the mean over its frames.
#[derive(Debug, Clone, PartialEq)]
pub struct Presentation {
    /// The species of attack; `None` for a live person (bona fide).
    pub species: Option<String>,
    /// The score; `None` where no frame had a face.
    pub score: Option<f64>,
}

/// What is measured on scored presentations.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LivenessSummary {
    /// Scores below this are taken for attacks.
    pub threshold: f64,
    /// Live people taken for attacks (BPCER).
    pub bpcer: Rate,
    /// Attacks taken for live people (APCER), by species.
    pub apcer: BTreeMap<String, Rate>,
    /// The rate at which both errors are equally frequent, over all attacks.
    pub eer: f64,
    /// The score at which they are.
    pub eer_threshold: f64,
    /// BPCER where at most 1 % of the attacks, all species together, are taken for live.
    pub bpcer_at_apcer_1_percent: Rate,
    /// Live presentations without a score, and attacks.
    pub not_scored: [usize; 2],
}

/// The rates at `threshold`. A presentation without a score counts in none of them.
pub fn liveness_summary(presentations: &[Presentation], threshold: f64) -> LivenessSummary {
    let scores = |attack: bool| -> Vec<f64> {
        let of_kind = presentations.iter().filter(|p| p.species.is_some() == attack);
        let mut scores: Vec<f64> = of_kind.filter_map(|p| p.score).collect();
        scores.sort_by(f64::total_cmp);
        scores
    };
    let (live, attacks) = (scores(false), scores(true));
    let refused = |at: f64| Rate::of(&live, |score| **score < at);
    let accepted = |at: f64| Rate::of(&attacks, |score| **score >= at);
    let mut by_species: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for presentation in presentations {
        if let (Some(species), Some(score)) = (&presentation.species, presentation.score) {
            by_species.entry(species.clone()).or_default().push(score);
        }
    }
    // Both rates change at scores only; the last is beyond all of them.
    let mut at: Vec<f64> = live.iter().chain(&attacks).copied().chain([f64::INFINITY]).collect();
    at.sort_by(f64::total_cmp);
    let gap = |at: f64| (refused(at).rate - accepted(at).rate).abs();
    let eer_threshold =
        at.iter().copied().min_by(|a, b| gap(*a).total_cmp(&gap(*b))).unwrap_or(f64::INFINITY);
    let strict = at.iter().copied().find(|at| accepted(*at).rate <= 0.01).unwrap_or(f64::INFINITY);
    let unscored = |attack: bool| {
        presentations.iter().filter(|p| p.species.is_some() == attack && p.score.is_none()).count()
    };
    LivenessSummary {
        threshold,
        bpcer: refused(threshold),
        apcer: by_species
            .into_iter()
            .map(|(species, scores)| (species, Rate::of(scores, |score| *score >= threshold)))
            .collect(),
        eer: (refused(eer_threshold).rate + accepted(eer_threshold).rate) / 2.0,
        eer_threshold: if eer_threshold.is_finite() { eer_threshold } else { 1.0 },
        bpcer_at_apcer_1_percent: refused(strict),
        not_scored: [unscored(false), unscored(true)],
    }
}

/// The summary as lines of text, the last with a line end.
pub fn liveness_text(summary: &LivenessSummary) -> String {
    let mut out = format!("at the policy's threshold {}:\n", summary.threshold);
    let mut put = |line: String| writeln!(out, "{line}").expect("writing to a String");
    put(format!("  BPCER {}", summary.bpcer));
    for (species, rate) in &summary.apcer {
        put(format!("  APCER {species}: {rate}"));
    }
    put(format!("EER {:.2} % at {:.4}", 100.0 * summary.eer, summary.eer_threshold));
    put(format!("BPCER at APCER 1 %: {}", summary.bpcer_at_apcer_1_percent));
    let [live, attacks] = summary.not_scored;
    put(format!("not scored: {live} live, {attacks} attacks"));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_told_by_species() {
        let presentation = |species: Option<&str>, score: Option<f64>| Presentation {
            species: species.map(str::to_owned),
            score,
        };
        let mut all: Vec<Presentation> =
            (0..100).map(|i| presentation(None, Some(if i < 3 { 0.1 } else { 0.9 }))).collect();
        all.extend((0..50).map(|i| presentation(Some("print"), Some(if i < 1 { 0.5 } else { 0.05 }))));
        all.extend((0..50).map(|_| presentation(Some("screen"), Some(0.2))));
        all.extend([presentation(None, None), presentation(Some("print"), None)]);
        let summary = liveness_summary(&all, 0.3);
        assert_eq!((summary.bpcer.hits, summary.bpcer.of), (3, 100));
        assert_eq!((summary.apcer["print"].hits, summary.apcer["screen"].hits), (1, 0));
        assert_eq!(summary.not_scored, [1, 1]);
        assert!((summary.eer - 0.02).abs() < 1e-9, "{summary:?}");
        assert_eq!(summary.bpcer_at_apcer_1_percent.hits, 3);
        let told = liveness_text(&summary);
        assert!(told.contains("BPCER 3.0 %") && told.contains("APCER print: 2.0 %"), "{told}");
    }

    #[test]
    fn sets_that_are_told_apart_have_no_errors_and_empty_ones_none_either() {
        let all = [0.9, 0.8].map(|score| Presentation { species: None, score: Some(score) });
        let attack = Presentation { species: Some("print".to_owned()), score: Some(0.1) };
        let summary = liveness_summary(&[&all[..], &[attack]].concat(), 0.5);
        assert_eq!((summary.eer, summary.bpcer_at_apcer_1_percent.hits), (0.0, 0));
        assert_eq!(liveness_summary(&[], 0.5).bpcer.of, 0);
    }
}
