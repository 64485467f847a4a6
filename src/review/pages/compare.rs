//! Two cases beside each other: decisions, codes, and every measure of both.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::{Shell, decision_mark, status_mark};
use crate::case::SampleRole;
use crate::evidence::{Measure, Measured};
use crate::report::html::{measure_words, words};
use crate::report::{one_line, rounded};
use crate::review::desk::CaseView;

/// The page.
pub(in crate::review) fn compare(shell: &Shell<'_>, a: &CaseView, b: &CaseView) -> String {
    let both = [a, b];
    let row = |title: Markup, cell: &dyn Fn(&CaseView) -> Markup| {
        html! { tr { th scope="row" { (title) } @for view in both { td { (cell(view)) } } } }
    };
    let main = html! {
        section {
            div class="scroll" { table class="compare" {
                thead { tr {
                    td {}
                    @for view in both {
                        th scope="col" { a href=(format!("/case/{}", view.number)) { (one_line(&view.row.case_id)) } }
                    }
                } }
                tbody {
                    (row(words_of("判定", "Decision"), &|view| decision_mark(view.row.decision)))
                    (row(words_of("状态", "Status"), &|view| status_mark(view.row.status)))
                    (row(words_of("日期", "Day"), &|view| html! { (view.row.day.as_deref().unwrap_or("—")) }))
                    (row(words_of("人脸距离", "Face distance"), &|view| html! {
                        @match view.row.distance { Some(distance) => (format!("{distance:.4}")), None => "—" }
                    }))
                    (row(words_of("代码", "Codes"), &|view| html! {
                        @for code in &view.row.codes { code { (one_line(code)) } " " }
                    }))
                }
                @for role in roles(both) {
                    tbody {
                        tr { th colspan="3" scope="rowgroup" class="group" { (role) } }
                        @for measure in measures(both, role) {
                            @let values = both.map(|view| value(view, role, measure));
                            tr class=(if values[0] == values[1] { "same" } else { "other" }) {
                                th scope="row" { (measure_words(measure)) " " span class="soft small" { (measure.unit()) } }
                                @for value in &values { td class="number" { (value) } }
                            }
                        }
                    }
                }
            } }
        }
    };
    shell.page(words("对比", "Compare"), main)
}

fn words_of(zh_cn: &'static str, en: &'static str) -> Markup {
    html! { (words(zh_cn, en)) }
}

fn roles(views: [&CaseView; 2]) -> BTreeSet<SampleRole> {
    let judged = views.into_iter().filter_map(|view| view.judged.as_ref());
    judged.flat_map(|verdict| verdict.assessment.photos.iter().map(|photo| photo.role)).collect()
}

fn measures(views: [&CaseView; 2], role: SampleRole) -> BTreeSet<Measure> {
    let judged = views.into_iter().filter_map(|view| view.judged.as_ref());
    let photos =
        judged.flat_map(|verdict| verdict.assessment.photos.iter().filter(|photo| photo.role == role));
    photos.flat_map(|photo| photo.readings.keys().copied()).collect()
}

fn value(view: &CaseView, role: SampleRole, measure: Measure) -> String {
    let photos = view.judged.iter().flat_map(|verdict| &verdict.assessment.photos);
    let reading = photos.filter(|photo| photo.role == role).find_map(|photo| photo.readings.get(&measure));
    match reading {
        None => "—".to_owned(),
        Some(Measured::Value(value)) => rounded(value.get()).to_string(),
        Some(Measured::FailureToAssess(reason)) => reason.id().to_owned(),
    }
}
