//! The faces side by side, their distance on a scale, liveness and the challenge.

use maud::{Markup, PreEscaped, html};

use super::measures::number;
use super::view::{CaseView, PhotoView};
use super::words::{Words, words};
use super::{figures, names};
use crate::case::{SampleKind, SampleRole};
use crate::evidence::{Measure, Measured};
use crate::report::json::{ComparisonDocument, OutcomeDocument};

/// Cosine distances that the scale shows: strangers lie around 1 with every model that is shipped.
const DISTANCE_SHOWN: f64 = 1.2;

/// The drawing's size, SVG units.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 58.0;

/// Faces, distance, liveness and challenge.
pub(super) fn comparison(view: &CaseView) -> Markup {
    let comparison = &view.verdict.comparison;
    html! {
        div class="faces" {
            @for (caption, photo) in compared(view) {
                @if let Some(face) = photo.picture.as_ref().and_then(|picture| picture.face.as_ref()) {
                    (figures::face(&caption, &photo.role.to_string(), face))
                }
            }
        }
        (told(comparison))
        (distance_scale(comparison))
        (liveness(view))
        (challenge(view))
    }
}

/// The portrait, then the compared frames, the best first.
fn compared(view: &CaseView) -> Vec<(Words, &PhotoView)> {
    let mut faces = Vec::new();
    let portrait = view.photos.iter().find(|photo| photo.role.kind() == SampleKind::Front);
    faces.extend(portrait.map(|photo| (words("证件照片", "Portrait on the card"), photo)));
    let is_compared = |photo: &&PhotoView| {
        view.verdict.comparison.frames.iter().any(|frame| SampleRole::parse(frame) == Some(photo.role))
    };
    let mut frames: Vec<&PhotoView> = view.photos.iter().filter(is_compared).collect();
    let quality = |photo: &PhotoView| {
        let row = photo.measures.iter().find(|row| row.measure == Measure::FrameQuality);
        match row.map(|row| row.reading) {
            Some(Measured::Value(value)) => value.get(),
            Some(Measured::FailureToAssess(_)) | None => 0.0,
        }
    };
    frames.sort_by(|a, b| quality(b).total_cmp(&quality(a)));
    for (rank, photo) in frames.into_iter().enumerate() {
        let name = names::photo(photo.role);
        let caption = match rank {
            0 => Words::of(format!("{}（最佳）", name.zh_cn), format!("{}, the best frame", name.en)),
            _ => name,
        };
        faces.push((caption, photo));
    }
    faces
}

/// `1 in 10,000` of a rate.
fn one_in(rate: f64) -> String {
    let count = (1.0 / rate).round();
    let digits = format!("{count:.0}");
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn told(comparison: &ComparisonDocument) -> Markup {
    let Some(distance) = comparison.distance else {
        return html! { p { (words("没有进行人脸比对。", "The faces were not compared.")) } };
    };
    html! {
        dl class="facts" {
            div { dt { (words("距离", "Distance")) } dd class="number strong" { (format!("{distance:.3}")) } }
            @if let Some(threshold) = comparison.threshold {
                div { dt { (words("最大允许", "Largest accepted")) } dd class="number" { (format!("{threshold:.3}")) } }
            }
            @if let Some(review) = comparison.review_threshold {
                div { dt { (words("人工审核上限", "For a person up to")) } dd class="number" { (format!("{review:.3}")) } }
            }
            @if let Some(fmr) = comparison.fmr {
                div { dt { (words("允许的误认率", "False-match rate asked for")) }
                    dd class="number" { (Words::of(format!("1/{}", one_in(fmr)), format!("1 in {}", one_in(fmr)))) } }
            }
            div { dt { (words("此距离的误认率", "Rate of this distance")) } dd class="number" {
                @match comparison.distance_fmr {
                    Some(rate) if rate > 0.0 => (Words::of(format!("1/{}", one_in(rate)), format!("1 in {}", one_in(rate)))),
                    _ => span class="soft" { (words("超出校准范围", "outside the calibration")) },
                }
            } }
            @if let Some(model) = &comparison.model {
                div { dt { (words("模型", "Model")) } dd { code { (crate::report::one_line(model)) } } }
            }
        }
    }
}

fn distance_scale(comparison: &ComparisonDocument) -> Markup {
    let (Some(distance), Some(threshold)) = (comparison.distance, comparison.threshold) else {
        return html! {};
    };
    let review = comparison.review_threshold.unwrap_or(threshold);
    let shown = DISTANCE_SHOWN.max(distance * 1.05);
    let x = |distance: f64| 1.0 + distance / shown * (WIDTH - 2.0);
    let class = if distance <= threshold {
        "good"
    } else if distance <= review {
        "doubt"
    } else {
        "bad"
    };
    let bands = [(0.0, threshold, "good"), (threshold, review, "doubt"), (review, shown, "bad")];
    html! {
        (PreEscaped(format!(
            "<svg class=\"scale wide\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" aria-hidden=\"true\" focusable=\"false\">"
        )))
        @for (from, to, class) in bands {
            @if to > from {
                rect class={ "band " (class) } x=(format!("{:.1}", x(from))) y="22" height="10"
                    width=(format!("{:.1}", x(to) - x(from))) {}
            }
        }
        path class={ "value " (class) } d=(format!("M{:.1} 22l-6 -9h12zM{:.1} 22v10", x(distance), x(distance))) {}
        @let bounds = if review > threshold { vec![0.0, threshold, review] } else { vec![0.0, threshold] };
        @for bound in bounds {
            text class="tick" x=(format!("{:.1}", x(bound))) y="47" text-anchor=(if bound == 0.0 { "start" } else { "middle" }) {
                (number(bound))
            }
        }
        (PreEscaped("</svg>"))
        p class="soft small" {
            (words("0 表示同一张脸；越大越不像。", "0 is the same picture; the larger, the less alike."))
        }
    }
}

fn liveness(view: &CaseView) -> Markup {
    let liveness = &view.verdict.liveness;
    html! {
        h3 { (words("活体检测", "Liveness")) }
        p {
            @match (liveness.score, liveness.threshold) {
                (Some(score), Some(threshold)) => {
                    (Words::of(
                        format!("得分 {}，至少需要 {}。", number(score), number(threshold)),
                        format!("Score {}, at least {} is needed.", number(score), number(threshold)),
                    ))
                },
                (Some(score), None) => (Words::of(
                    format!("得分 {}，未作判断。", number(score)),
                    format!("Score {}, not judged.", number(score)),
                )),
                (None, _) => (words("未检测。", "Not assessed.")),
            }
        }
    }
}

fn challenge(view: &CaseView) -> Markup {
    html! {
        @if !view.verdict.challenge.is_empty() {
            h3 { (words("动作要求", "Challenge")) }
            ol class="steps" {
                @for step in &view.verdict.challenge {
                    li {
                        (names::action(&step.action)) " "
                        @let (class, told) = match step.outcome {
                            OutcomeDocument::Met => ("good", words("完成", "done")),
                            OutcomeDocument::NotMet => ("bad", words("未完成", "not done")),
                            OutcomeDocument::NotAssessed => ("", words("无法判断", "not assessed")),
                        };
                        span class={ "mark " (class) } { (told) } " "
                        @if let Some(role) = step.sample.as_deref().and_then(SampleRole::parse) {
                            span class="soft" { (names::photo(role)) }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_told_as_people_say_them() {
        for (rate, told) in [(1e-4, "10,000"), (1e-6, "1,000,000"), (0.5, "2"), (1.2e-3, "833")] {
            assert_eq!(one_in(rate), told);
        }
    }
}
