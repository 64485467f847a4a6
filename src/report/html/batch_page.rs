//! The page over a batch: what was decided and why, how measures lie to their bounds, and time.

use maud::{Markup, html};

use super::batch::{BatchSummary, CodeCount, Decisions, Spread, quantile};
use super::case_page::decision_class;
use super::measures::number;
use super::names;
use super::plots::{Mark, decision_bar, histogram, over_time};
use super::shell::{Assets, Page};
use super::words::{Words, words};
use crate::case::SampleKind;
use crate::evidence::Measure;
use crate::policy::{Accepts, Bounds, Code, Language};
use crate::report::json::DecisionDocument;
use crate::report::visible::one_line;

/// Bars of the plot over time.
const SPANS: usize = 96;

/// The page as one file, `source` being what the verdicts were read from.
pub fn batch_report(batch: &BatchSummary, source: &str, language: Language) -> String {
    let source = one_line(source);
    let title = Words::of(format!("批次 {source}"), format!("Batch {source}"));
    let cases = batch.decisions.all();
    let aside = html! { (Words::of(format!("{cases} 个案例"), format!("{cases} cases"))) };
    Page { title, language, aside, main: sections(batch), assets: Assets::Inlined }.html()
}

fn sections(batch: &BatchSummary) -> Markup {
    html! {
        (section("decisions", &words("判定", "Decisions"), &decisions(batch)))
        @if !batch.codes.is_empty() { (section("codes", &words("原因", "Reasons"), &codes(batch))) }
        @if !batch.distances.is_empty() || !batch.liveness.is_empty() {
            (section("faces", &words("人脸比对与活体", "Faces and liveness"), &faces(batch)))
        }
        @if batch.assessments > 0 || !batch.not_met.is_empty() {
            (section("measures", &words("测量值与要求", "Measures against their bounds"), &measures(batch)))
        }
        (section("time", &words("时间", "Time"), &time(batch)))
        (section("groups", &words("按日期与策略", "By day and by policy"), &groups(batch)))
    }
}

fn section(id: &str, heading: &Words, content: &Markup) -> Markup {
    html! {
        section aria-labelledby={ "h-" (id) } { h2 id={ "h-" (id) } { (heading) } (content) }
    }
}

fn percent(count: usize, whole: usize) -> String {
    format!("{:.1} %", 100.0 * count as f64 / whole.max(1) as f64)
}

fn decisions(batch: &BatchSummary) -> Markup {
    let Decisions { pass, review, fail } = batch.decisions;
    let whole = batch.decisions.all();
    let tiles =
        [(DecisionDocument::Pass, pass), (DecisionDocument::Review, review), (DecisionDocument::Fail, fail)];
    html! {
        dl class="tiles" {
            @for (decision, count) in tiles {
                div class={ "tile " (decision_class(decision)) } {
                    dt { (names::decision(decision).0) }
                    dd { span class="big number" { (count) } " " span class="soft" { (percent(count, whole)) } }
                }
            }
        }
        (decision_bar(&batch.decisions, whole, 1000.0, 14.0))
    }
}

fn codes(batch: &BatchSummary) -> Markup {
    let mut codes: Vec<(&String, &CodeCount)> = batch.codes.iter().collect();
    codes.sort_by(|a, b| (b.1.fail, b.1.all(), a.0).cmp(&(a.1.fail, a.1.all(), b.0)));
    let most = codes.iter().map(|(_, count)| count.all()).max().unwrap_or(1);
    let whole = batch.decisions.all();
    html! {
        div class="scroll" { table class="codes" {
            caption { (words("每个代码涉及的案例数", "Cases in which each code was found")) }
            thead { tr {
                th scope="col" { (words("代码", "Code")) }
                th scope="col" { (words("含义", "Meaning")) }
                th scope="col" { (words("分布", "Share")) }
                th scope="col" class="right" { (words("不符合", "Failed")) }
                th scope="col" class="right" { (words("待审核", "Review")) }
                th scope="col" class="right" { (words("仅记录", "Noted")) }
                th scope="col" class="right" { (words("占比", "Of all")) }
            } }
            tbody { @for (code, count) in codes {
                @let as_bar = Decisions { pass: count.noted, review: count.review, fail: count.fail };
                tr {
                    th scope="row" { code { (one_line(code)) } }
                    td { (meaning(code)) }
                    td { span class="code-bar" { (decision_bar(&as_bar, most, 160.0, 9.0)) } }
                    td class="right" { (count.fail) }
                    td class="right" { (count.review) }
                    td class="right" { (count.noted) }
                    td class="right" { (percent(count.all(), whole)) }
                }
            } }
        } }
    }
}

/// The first sentence of what users are told.
fn meaning(code: &str) -> Words {
    let entry = Code::ALL.iter().find(|known| known.id() == code).map(|code| code.entry());
    let first = |text: &str, end: char| text.split_inclusive(end).next().unwrap_or(text).to_owned();
    entry.map_or(words("", ""), |entry| Words::of(first(entry.zh_cn, '。'), first(entry.en, '.')))
}

fn faces(batch: &BatchSummary) -> Markup {
    let mut distance_marks = Vec::new();
    for (threshold, review) in &batch.distance_limits {
        distance_marks.push(Mark { at: *threshold, class: if review.is_some() { "doubt" } else { "bad" } });
        distance_marks.extend(review.map(|at| Mark { at, class: "bad" }));
    }
    let live = |at: &f64| Mark { at: *at, class: "bad" };
    let liveness_marks: Vec<Mark> = batch.liveness_limits.iter().map(live).collect();
    html! {
        div class="plots two" {
            @for (name, values, marks) in [
                (words("证件照片与自拍的距离", "Distance of portrait and selfies"), &batch.distances, &distance_marks),
                (words("活体得分", "Liveness score"), &batch.liveness, &liveness_marks),
            ] {
                @if !values.is_empty() {
                    figure {
                        (histogram(values, marks, 460.0, 130.0))
                        figcaption { span class="title" { (name) } " " (spread_told(values)) }
                    }
                }
            }
        }
    }
}

/// Count, median and the middle 90 %.
fn spread_told(values: &[f64]) -> Markup {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |share| number(quantile(&sorted, share).unwrap_or(0.0));
    let (n, middle, low, high) = (sorted.len(), at(0.5), at(0.05), at(0.95));
    html! {
        span class="soft small" { (Words::of(
            format!("n = {n}，中位数 {middle}，90 % 在 {low} 至 {high}"),
            format!("n = {n}, median {middle}, 90 % from {low} to {high}"),
        )) }
    }
}

fn kind_name(kind: SampleKind) -> Words {
    match kind {
        SampleKind::Front => words("身份证人像面", "Card front"),
        SampleKind::Back => words("身份证国徽面", "Card back"),
        SampleKind::Selfie => words("自拍照", "Selfies"),
    }
}

fn measures(batch: &BatchSummary) -> Markup {
    html! {
        @if batch.assessments == 0 {
            p class="soft" { (words(
                "判定结果只保存不符合要求的测量值；提供 --assessments 可显示全部分布。",
                "Verdicts hold the values that were not as asked alone; --assessments adds all of them.",
            )) }
            (not_met(batch))
        } @else {
            @for kind in SampleKind::ALL {
                @let of_kind: Vec<(&Measure, &Spread)> =
                    batch.measures.iter().filter(|((k, _), _)| *k == kind).map(|((_, m), s)| (m, s)).collect();
                @if !of_kind.is_empty() {
                    h3 { (kind_name(kind)) }
                    div class="plots" { @for (measure, spread) in of_kind { (small_plot(*measure, spread)) } }
                }
            }
        }
    }
}

fn small_plot(measure: Measure, spread: &Spread) -> Markup {
    let marks = spread.bounds.as_ref().map(bound_marks).unwrap_or_default();
    let beyond = |value: &&f64| spread.bounds.is_some_and(|bounds| bounds.effect_of(**value).is_some());
    let count = spread.values.iter().filter(beyond).count();
    html! {
        figure {
            figcaption {
                span class="title" title=(measure.id()) { (names::measure(measure)) }
                @if !measure.unit().is_empty() { " " span class="soft small" { (measure.unit()) } }
                @if count > 0 { " " span class="mark bad" {
                    (Words::of(
                        format!("{} 不符合", percent(count, spread.values.len())),
                        format!("{} not met", percent(count, spread.values.len())),
                    ))
                } }
            }
            (histogram(&spread.values, &marks, 240.0, 72.0))
            @if spread.not_assessed > 0 {
                span class="soft small" { (Words::of(
                    format!("{} 张照片无法测量", spread.not_assessed),
                    format!("not assessed on {} photos", spread.not_assessed),
                )) }
            }
        }
    }
}

fn bound_marks(bounds: &Bounds) -> Vec<Mark> {
    let mut marks = Vec::new();
    for (bound, class) in [(Some(bounds.fail), "bad"), (bounds.review, "doubt")] {
        let Some(bound) = bound else { continue };
        marks.push(Mark { at: bound.bound, class });
        if bound.accepts == Accepts::Within {
            marks.push(Mark { at: -bound.bound, class });
        }
    }
    marks
}

fn not_met(batch: &BatchSummary) -> Markup {
    let mut rows: Vec<_> = batch.not_met.iter().collect();
    rows.sort_by_key(|(_, (values, _))| std::cmp::Reverse(values.len()));
    html! {
        div class="scroll" { table {
            thead { tr {
                th scope="col" { (words("照片", "Photo")) }
                th scope="col" { (words("测量", "Measure")) }
                th scope="col" class="right" { (words("次数", "Times")) }
                th scope="col" class="right" { (words("中位数", "Median")) }
                th scope="col" { (words("要求", "Required")) }
                th scope="col" { (words("分布", "Spread")) }
            } }
            tbody { @for ((kind, measure), (values, required)) in rows {
                @let mut sorted = values.clone();
                @let () = sorted.sort_by(f64::total_cmp);
                tr {
                    td { (kind_name(*kind)) }
                    th scope="row" { (names::measure(*measure)) }
                    td class="right" { (values.len()) }
                    td class="right" { (number(quantile(&sorted, 0.5).unwrap_or(0.0))) }
                    td class="number soft" { (one_line(required)) }
                    td { (histogram(values, &[], 180.0, 44.0)) }
                }
            } }
        } }
    }
}

fn time(batch: &BatchSummary) -> Markup {
    html! {
        (throughput(batch))
        @if batch.times_ms.is_empty() {
            p class="soft" { (words(
                "判定结果不含用时（batch --timings 会记录）。",
                "The verdicts do not say how long they took; `batch --timings` keeps it.",
            )) }
        } @else {
            div class="plots two" {
                figure {
                    (histogram(&batch.times_ms, &[], 460.0, 110.0))
                    figcaption {
                        span class="title" { (words("每个案例用时（毫秒）", "Milliseconds for a case")) } " "
                        (spread_told(&batch.times_ms))
                    }
                }
                table class="slowest" {
                    caption { (words("最慢的案例", "The slowest cases")) }
                    tbody { @for case in &batch.slowest { tr {
                        th scope="row" { code { (one_line(&case.case_id)) } }
                        td { span class={ "mark " (decision_class(case.decision)) } { (names::decision(case.decision).0) } }
                        td class="right" { (format!("{:.0} ms", case.ms)) }
                    } } }
                }
            }
        }
    }
}

fn throughput(batch: &BatchSummary) -> Markup {
    let (Some(first), Some(last)) = (batch.recorded_s.iter().min(), batch.recorded_s.iter().max()) else {
        return html! {
            p class="soft" { (words(
                "判定结果不含记录时间；队列导出的记录包含。",
                "The verdicts do not say when they were recorded; records out of a queue do.",
            )) }
        };
    };
    let span_s = last - first + 1;
    let mut counts = vec![0; SPANS];
    for at in &batch.recorded_s {
        let place = ((at - first) as f64 / span_s as f64 * SPANS as f64) as usize;
        counts[place.min(SPANS - 1)] += 1;
    }
    let rate = batch.recorded_s.len() as f64 / span_s as f64;
    let minutes = span_s as f64 / 60.0;
    html! {
        figure {
            (over_time(&counts, 960.0, 80.0))
            figcaption {
                span class="title" { (words("每段时间的案例数", "Cases over time")) } " "
                span class="soft small" { (Words::of(
                    format!("共 {minutes:.1} 分钟，平均每秒 {rate:.2} 个"),
                    format!("{minutes:.1} minutes, {rate:.2} cases/s on average"),
                )) }
            }
        }
    }
}

fn groups(batch: &BatchSummary) -> Markup {
    let most = batch.days.values().map(Decisions::all).max().unwrap_or(1);
    let all = batch.decisions.all();
    html! {
        div class="plots two" {
            (group_table(&words("按判定日期", "By the day decided on"), &batch.days, most, |day| {
                html! { @if day.is_empty() { (words("未知", "not known")) } @else { (one_line(day)) } }
            }))
            (group_table(&words("按策略（sha256）", "By policy (sha256)"), &batch.policies, all, |policy| {
                html! { code title=(one_line(policy)) { (one_line(policy).chars().take(12).collect::<String>()) } }
            }))
        }
    }
}

fn group_table(
    caption: &Words,
    groups: &std::collections::BTreeMap<String, Decisions>,
    most: usize,
    name: impl Fn(&str) -> Markup,
) -> Markup {
    html! {
        table class="groups" {
            caption { (caption) }
            thead { tr {
                th scope="col" { (words("组", "Group")) }
                th scope="col" { (words("分布", "Share")) }
                @for decision in [DecisionDocument::Pass, DecisionDocument::Review, DecisionDocument::Fail] {
                    th scope="col" class="right" { (names::decision(decision).0) }
                }
            } }
            tbody { @for (group, decisions) in groups { tr {
                th scope="row" { (name(group)) }
                td { (decision_bar(decisions, most, 160.0, 9.0)) }
                td class="right" { (decisions.pass) }
                td class="right" { (decisions.review) }
                td class="right" { (decisions.fail) }
            } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::SampleRole::{Front, Selfie};
    use crate::evidence::Timings;
    use crate::policy::testing::{Spoiled as _, good_case};
    use crate::policy::{Policy, Verdict};
    use crate::report::json::{Timing, VerdictDocument};

    /// What a page of 10,000 cases may weigh: it has no photos.
    const PAGE_BYTES_MAX: usize = 200_000;

    #[test]
    fn a_page_over_ten_thousand_cases_stays_small_and_counts_them_all() {
        let policy = Policy::shipped();
        let cases = [
            good_case(3, 0.2),
            good_case(1, 0.5),
            good_case(2, 0.35),
            good_case(2, 0.2).with(Front, Measure::FieldBlur, 3.4),
            good_case(2, 0.2).with(Selfie(1), Measure::Yaw, 40.0),
        ];
        let decided = cases.map(|assessment| {
            let (judgement, policy_sha256) = (policy.decide(&assessment), policy.sha256());
            let timings = Timings([("decode", 40.0), ("read", 12.0)].into());
            Verdict { assessment, judgement, policy_sha256, timings }
        });
        let documents = decided.each_ref().map(|verdict| VerdictDocument::new(verdict, Timing::Timed));
        let mut batch = BatchSummary::default();
        for i in 0..10_000_usize {
            let mut document = documents[i % 5].clone();
            document.case_id = format!("case-{i}");
            // More days and policies than anybody looks at.
            document.decided_on = Some(format!("2026-{:02}-{:02}", 1 + i % 12, 1 + i / 12 % 28));
            document.provenance.policy = format!("{:064x}", i / 50);
            batch.add(&document, Some(1_700_000_000_000 + i as u64 * 731));
            batch.add_measures(&decided[i % 5].assessment, &policy);
        }
        assert_eq!(batch.decisions.all(), 10_000);
        assert_eq!(batch.days.values().map(Decisions::all).sum::<usize>(), 10_000);
        assert_eq!((batch.slowest.len(), batch.times_ms.len()), (10, 10_000));
        let html = batch_report(&batch, "verdicts.jsonl", Language::English);
        assert!(html.len() < PAGE_BYTES_MAX, "{} bytes", html.len());
        assert!(html.contains("card.blur") && html.contains("face.turned") && html.contains("10000"));
    }
}
