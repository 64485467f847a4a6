//! The figures of the gates on selfies as text.

use super::quality::QualitySummary;
use super::section::section;

/// The summary as a table for people.
pub fn quality_table(summary: &QualitySummary) -> String {
    let mut out = format!("{} photos\n", summary.photos);
    let mut section = |title: &str, rows| section(&mut out, title, rows);
    let mut rows = vec![("any".to_owned(), summary.false_rejects.to_string())];
    rows.extend(summary.false_rejects_by_group.iter().map(|(group, rate)| (group.clone(), rate.to_string())));
    rows.extend(summary.false_rejects_by_code.iter().map(|(code, rate)| (code.clone(), rate.to_string())));
    if summary.false_rejects.of > 0 {
        section("Good captures refused", rows);
    }
    let mut rows = Vec::new();
    for (defect, rate) in &summary.detection {
        rows.push((defect.clone(), rate.to_string()));
        let groups = summary.detection_by_group.get(defect).into_iter().flatten();
        rows.extend(
            groups
                .filter(|(_, rate)| rate.hits < rate.of)
                .map(|(g, rate)| (format!("  {g}"), rate.to_string())),
        );
    }
    section("Defects found (groups with a miss below)", rows);
    if let Some(pose) = summary.pose {
        let told = |[median, p95]: [f64; 2]| format!("median {median:.1}  p95 {p95:.1}");
        let rows = vec![
            ("photos".to_owned(), pose.photos.to_string()),
            ("yaw".to_owned(), told(pose.yaw_deg)),
            ("pitch".to_owned(), told(pose.pitch_deg)),
        ];
        section("Error of the pose, degrees", rows);
    }
    let ms = summary.ms.iter().map(|(stage, ms)| (stage.clone(), format!("{ms:.2}")));
    section("Milliseconds a photo", ms.collect());
    out
}
