//! The summary of a labelled set as text.

use super::interval::Rate;
use super::section::section;
use super::summary::{CardSummary, Percentiles};

/// The summary as a table for people.
pub fn table(summary: &CardSummary) -> String {
    let mut out = format!("{} photos\n", summary.photos);
    let mut section = |title: &str, rows| section(&mut out, title, rows);
    let locator = &summary.locator;
    let mut rows = rates([
        ("IoU >= 0.95, fair photos", locator.fair_iou_95),
        ("IoU >= 0.95, all photos", locator.all_iou_95),
        ("no card claimed on none", summary.no_card_unclaimed),
        ("side and way up", summary.side_and_way_up),
        ("foreign taken for ours", summary.foreign_taken_for_ours),
    ]);
    let spread = |p: Percentiles, digits: usize| {
        let [a, b, c, d, e] = [p.p5, p.p25, p.p50, p.p75, p.p95].map(|v| format!("{v:.digits$}"));
        format!("p5 {a}  p25 {b}  p50 {c}  p75 {d}  p95 {e}")
    };
    rows.extend(locator.iou.map(|p| ("IoU".to_owned(), spread(p, 3))));
    rows.extend(locator.corner_error_percent.map(|p| ("corner error, % of width".to_owned(), spread(p, 2))));
    section("Card", rows);
    section("Defects found", rates(summary.detection.iter().map(|(name, rate)| (name.as_str(), *rate))));
    let alarms = summary.false_alarms_by_code.iter().map(|(code, rate)| (*code, *rate));
    section("False alarms on good photos", rates([("any", summary.false_alarms)].into_iter().chain(alarms)));
    section("Fields read exactly", rates(summary.fields.iter().map(|(name, rate)| (*name, *rate))));
    let ms = summary.ms.iter().map(|(stage, ms)| ((*stage).to_owned(), format!("{ms:.2}")));
    section("Milliseconds a photo", ms.collect());
    out
}

/// A row for each rate of something that could have happened.
fn rates<'a>(rates: impl IntoIterator<Item = (&'a str, Rate)>) -> Vec<(String, String)> {
    let asked = rates.into_iter().filter(|(_, rate)| rate.of > 0);
    asked.map(|(name, rate)| (name.to_owned(), rate.to_string())).collect()
}
