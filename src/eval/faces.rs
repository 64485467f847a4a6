//! What is told of a table of scored pairs: as data, as text and as one HTML page.

use std::fmt::Write as _;

use serde::Serialize;

use super::gallery::escaped;
use super::plot::{det_plot, score_plot};
use super::score_table::ScoreTable;
use super::verification::{AtDistance, AtFmr, FMRS, Interval, Verification};

/// Points of a curve in a plot.
const CURVE_POINTS_MAX: usize = 600;

/// Everything that is measured on a table of scored pairs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FacesSummary {
    /// The model that made the scores.
    pub model: Option<String>,
    /// People, as far as genuine pairs tell them apart.
    pub subjects: usize,
    /// Photos, or sets of frames.
    pub samples: usize,
    /// Those that gave no face.
    pub failure_to_acquire: usize,
    /// All pairs.
    pub all: GroupSummary,
    /// The FNMR at each false-match rate.
    pub at_fmr: Vec<AtFmr>,
    /// The rate at which both errors are equally frequent.
    pub eer: Interval,
    /// The distance at which they are.
    pub eer_threshold: f64,
    /// Both rates at the distance that the policy's false-match rate comes to.
    pub at_policy: Option<AtDistance>,
    /// Each group of the table on its own, at common distances.
    pub groups: Vec<GroupSummary>,
}

/// Pairs of one group and their errors at distances that are common to all groups.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupSummary {
    /// The group's name; `all` for all of them.
    pub group: String,
    /// Compared pairs of one person.
    pub genuine: usize,
    /// Compared pairs of two people.
    pub impostor: usize,
    /// Both rates at the distances of `at_fmr`.
    pub at: Vec<AtDistance>,
}

/// Measures a table; `limit` is the distance that the policy comes to.
pub fn faces_summary(table: &ScoreTable, limit: Option<f64>) -> FacesSummary {
    let whole = Verification::of(table, |_| true);
    let at_fmr: Vec<AtFmr> = FMRS.iter().map(|fmr| whole.at_fmr(*fmr)).collect();
    let (eer, eer_threshold) = whole.eer();
    let of_group = |name: &str, part: &Verification| {
        let (genuine, impostor) = part.counts();
        let at = at_fmr.iter().map(|at| part.at_distance(at.threshold)).collect();
        GroupSummary { group: name.to_owned(), genuine, impostor, at }
    };
    let groups = if table.groups.len() < 2 {
        Vec::new()
    } else {
        let part = |index: usize| Verification::of(table, |pair| pair.group as usize == index);
        table.groups.iter().enumerate().map(|(index, name)| of_group(name, &part(index))).collect()
    };
    FacesSummary {
        model: table.model.clone(),
        subjects: table.subjects,
        samples: table.samples,
        failure_to_acquire: table.failed_samples,
        all: of_group("all", &whole),
        eer,
        eer_threshold,
        at_policy: limit.map(|limit| whole.at_distance(limit)),
        at_fmr,
        groups,
    }
}

/// The summary as lines of text, the last with a line end.
pub fn faces_text(summary: &FacesSummary) -> String {
    let mut out = String::new();
    write_text(&mut out, summary).expect("writing to a String");
    out
}

fn write_text(out: &mut String, summary: &FacesSummary) -> std::fmt::Result {
    let FacesSummary { subjects, samples, failure_to_acquire: failed, all, .. } = summary;
    if let Some(model) = &summary.model {
        writeln!(out, "model {model}")?;
    }
    writeln!(out, "{subjects} people, {} genuine and {} impostor pairs compared", all.genuine, all.impostor)?;
    let share = 100.0 * *failed as f64 / (*samples).max(1) as f64;
    writeln!(out, "failure to acquire: {failed} of {samples} samples ({share:.2} %)")?;
    for at in &summary.at_fmr {
        let few = if at.is_beyond_the_set { "; the set is too small to show this rate" } else { "" };
        let (fmr, fnmr, threshold) = (at.fmr, percent(&at.fnmr), at.threshold);
        writeln!(out, "FNMR at FMR {fmr:e}: {fnmr}, distance {threshold:.4}{few}")?;
    }
    writeln!(out, "EER {}, distance {:.4}", percent(&summary.eer), summary.eer_threshold)?;
    if let Some(at) = &summary.at_policy {
        let (fmr, fnmr) = (percent(&at.fmr), percent(&at.fnmr));
        writeln!(out, "at the policy's distance {:.4}: FMR {fmr}, FNMR {fnmr}", at.threshold)?;
    }
    for group in &summary.groups {
        writeln!(out, "{}: {} genuine, {} impostor", group.group, group.genuine, group.impostor)?;
        for at in &group.at {
            let (fmr, fnmr) = (percent(&at.fmr), percent(&at.fnmr));
            writeln!(out, "  at {:.4}: FMR {fmr}, FNMR {fnmr}", at.threshold)?;
        }
    }
    Ok(())
}

/// `1.11 % (0.00 to 3.13)`
fn percent(interval: &Interval) -> String {
    let [rate, low, high] = [interval.rate, interval.low, interval.high].map(|share| 100.0 * share);
    let digits = if rate > 0.0 && rate < 0.1 { 4 } else { 2 };
    format!("{rate:.digits$} % ({low:.digits$} to {high:.digits$})")
}

/// The summary as a page that refers to nothing else: the text, and both plots as SVG.
pub fn faces_page(title: &str, table: &ScoreTable, summary: &FacesSummary) -> String {
    let whole = Verification::of(table, |_| true);
    let limit = summary.at_policy.as_ref().map(|at| at.threshold);
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{0}</title>\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <style>body{{font:15px system-ui;margin:1rem;max-width:60rem}}svg{{width:100%;height:auto}}\
         pre{{white-space:pre-wrap}}</style><h1>{0}</h1><pre>{1}</pre>\
         <h2>Detection error trade-off</h2>{2}<h2>Distances</h2>{3}</html>\n",
        escaped(title),
        escaped(&faces_text(summary)),
        det_plot(&whole.curve(CURVE_POINTS_MAX)),
        score_plot(&whole.distances(), limit),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_becomes_figures_and_a_page_of_its_own() {
        let mut text = "reference\tprobe\tgenuine\tgroup\tdistance\tstatus\tmodel\n".to_owned();
        for a in 0..12 {
            let (near, group) = (if a == 0 { 0.7 } else { 0.1 }, ["x", "<y>"][a % 2]);
            writeln!(text, "r{a}\tp{a}\t1\t{group}\t{near}\tok\tm").expect("a String");
            for b in (0..12).filter(|b| *b != a) {
                let far = 0.8 + (a * 12 + b) as f64 / 1000.0;
                writeln!(text, "r{a}\tp{b}\t0\t{group}\t{far}\tok\tm").expect("a String");
            }
        }
        text += "r0\tq0\t1\tx\t\tprobe:no_face\tm\n";
        let table = ScoreTable::read(text.as_bytes()).expect("a table");
        let summary = faces_summary(&table, Some(0.4));
        assert_eq!((summary.subjects, summary.failure_to_acquire, summary.samples), (12, 1, 25));
        assert_eq!((summary.all.genuine, summary.all.impostor), (12, 132));
        let at = summary.at_policy.as_ref().expect("a limit was given");
        assert!((at.fnmr.rate - 1.0 / 12.0).abs() < 1e-12 && at.fmr.rate == 0.0);
        assert_eq!(summary.groups.len(), 2);
        let told = faces_text(&summary);
        for part in ["1 of 25 samples", "FNMR at FMR 1e-3", "too small", "8.33 %", "model m"] {
            assert!(told.contains(part), "{part}: {told}");
        }
        let page = faces_page("pairs <1>", &table, &summary);
        assert_eq!(page.matches("<svg").count(), 2);
        assert!(!page.contains("<y>") && !page.contains("NaN") && !page.contains("<1>"), "{page}");
        assert!(!page.contains("href") && !page.contains("src="));
    }
}
