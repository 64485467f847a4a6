//! Every measure of a photo with its value, its place between the bounds and what it amounts to.

use maud::{Markup, html};

use super::names;
use super::scale::{class_of, scale};
use super::view::{MeasureRow, PhotoView, Privacy};
use super::words::{Words, words};
use crate::evidence::{Intake, IntakeFault, Measure, Measured};
use crate::policy::Effect;
use crate::report::visible::one_line;

/// The measures of every photo, a table for each that can be folded.
pub(super) fn measures(photos: &[PhotoView], privacy: Privacy) -> Markup {
    html! {
        @for photo in photos {
            details class="photo-measures" open[photo.measures.iter().any(stands_out)] {
                summary {
                    span class="title" { (names::photo(photo.role)) }
                    span class="soft" { (intake(&photo.intake)) }
                    span class="marks" { (tally(photo)) }
                }
                div class="scroll" { (table(photo, privacy)) }
            }
        }
    }
}

fn stands_out(row: &MeasureRow) -> bool {
    row.effect.is_some()
}

/// How many measures are not as asked, by what they do to the decision.
fn tally(photo: &PhotoView) -> Markup {
    let count = |effect| photo.measures.iter().filter(|row| row.effect == Some(effect)).count();
    html! {
        @for (effect, zh_cn, en) in
            [(Effect::Fail, "项不符合", "not met"), (Effect::Review, "项待审核", "to review"), (Effect::Noted, "项已记录", "noted")]
        {
            @let n = count(effect);
            @if n > 0 { " " span class={ "mark " (class_of(Some(effect))) } {
                (Words::of(format!("{n} {zh_cn}"), format!("{n} {en}")))
            } }
        }
    }
}

fn intake(intake: &Intake) -> Words {
    match intake {
        Intake::Decoded { format, width_px, height_px, .. } => {
            let text = format!("{} {width_px} × {height_px}", format.to_uppercase());
            Words::of(text.clone(), text)
        }
        Intake::Refused { fault, detail } => {
            let zh_cn = match fault {
                IntakeFault::NotAnImage => "不是图片",
                IntakeFault::FormatUnsupported => "格式不支持",
                IntakeFault::TooManyBytes => "文件过大",
                IntakeFault::TooLarge => "像素过多",
                IntakeFault::Truncated => "文件不完整",
                IntakeFault::Corrupt => "文件损坏",
            };
            Words::of(zh_cn, one_line(detail))
        }
    }
}

fn table(photo: &PhotoView, privacy: Privacy) -> Markup {
    html! {
        table class="measures" {
            caption class="unseen" { (words("测量：", "Measures: ")) (names::photo(photo.role)) }
            thead { tr {
                th scope="col" { (words("测量", "Measure")) }
                th scope="col" class="right" { (words("数值", "Value")) }
                th scope="col" { (words("位置", "Scale")) }
                th scope="col" { (words("要求", "Required")) }
                th scope="col" { (words("结果", "Outcome")) }
            } }
            tbody { @for row in &photo.measures {
                tr class=(row.effect.map_or("", |effect| class_of(Some(effect)))) {
                    th scope="row" title=(row.measure.id()) { (names::measure(row.measure)) }
                    @if privacy == Privacy::Redacted && tells_of_the_person(row.measure) {
                        td class="right soft" { (words("已隐去", "left out")) }
                        td {}
                    } @else {
                        td class="right" { (value(row)) }
                        td { (scale(row)) }
                    }
                    td class="soft number" { @if let Some(bounds) = &row.bounds { (bounds.fail.to_string()) } }
                    td { (outcome(row)) }
                }
            } }
        }
    }
}

/// Numbers that follow from what is printed on the card: left out with it.
fn tells_of_the_person(measure: Measure) -> bool {
    matches!(measure, Measure::Age | Measure::SinceValidFrom | Measure::UntilValidTo)
}

fn value(row: &MeasureRow) -> Markup {
    html! {
        @match row.reading {
            Measured::Value(value) => {
                (number(value.get()))
                @if !row.measure.unit().is_empty() { " " span class="soft" { (row.measure.unit()) } }
            },
            Measured::FailureToAssess(_) => span class="soft" { "–" },
        }
    }
}

/// What the verdict makes of a measure; where it makes nothing, whether it was met.
fn outcome(row: &MeasureRow) -> Markup {
    let mark = |class: &str, words: Words| html! { span class={ "mark " (class) } { (words) } };
    match (row.effect, row.reading, &row.bounds) {
        (_, Measured::FailureToAssess(reason), None) => {
            html! { span class="soft" { (names::reason(reason)) } }
        }
        (effect, Measured::FailureToAssess(reason), Some(_)) => html! {
            @if let Some(effect) = effect {
                (mark(class_of(Some(effect)), words("无法测量", "not assessed"))) " "
            }
            span class="soft small" { (names::reason(reason)) }
        },
        (_, Measured::Value(_), None) => html! { span class="soft" { (words("仅记录", "reported")) } },
        (Some(Effect::Fail), Measured::Value(_), Some(_)) => mark("bad", words("不符合", "not met")),
        (Some(Effect::Review), Measured::Value(_), Some(_)) => mark("doubt", words("待审核", "review")),
        (Some(Effect::Noted), Measured::Value(_), Some(_)) => mark("", words("已记录", "noted")),
        (None, Measured::Value(value), Some(bounds)) => match bounds.effect_of(value.get()) {
            None => mark("good", words("符合", "met")),
            // Beyond its bound, and nothing was concluded: what it looks at was not there.
            Some(_) => html! { span class="soft" { (words("未采用", "not used")) } },
        },
    }
}

/// A number to four significant digits, as people write it.
pub(super) fn number(value: f64) -> String {
    let magnitude = value.abs();
    let digits = match magnitude {
        m if m == 0.0 || m >= 1000.0 => 0,
        m if m >= 100.0 => 1,
        m if m >= 10.0 => 2,
        m if m >= 0.001 => 3,
        _ => return format!("{value:.1e}"),
    };
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_true() {
        for (value, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (-0.35, "-0.35"),
            (0.123_456, "0.123"),
            (12.345, "12.35"),
            (480.04, "480"),
            (3_652_058.0, "3652058"),
            (0.000_01, "1.0e-5"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
