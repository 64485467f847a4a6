//! The page of one case: what was decided and why, what a person does about it, and what another
//! policy would make of it.

use maud::{Markup, html};

use super::policy::slider_rows;
use super::words::act_words;
use super::{Shell, decision_mark, status_mark};
use crate::report::html::{CaseView as Sections, Words, case_sections, words};
use crate::report::one_line;
use crate::review::audit::AuditLine;
use crate::review::desk::{CaseView, NOTE_CHARS_MAX, Photos};
use crate::review::edits::Slider;
use crate::review::filter::Filter;

/// What surrounds a case.
pub(in crate::review) struct Looked<'a> {
    pub(in crate::review) view: &'a CaseView,
    /// The sections of the report; `None` where nothing was decided or measured.
    pub(in crate::review) sections: Option<&'a Sections>,
    /// The cases before and behind it in the list.
    pub(in crate::review) neighbours: (Option<usize>, Option<usize>),
    pub(in crate::review) sliders: &'a [Slider],
    pub(in crate::review) filter: &'a Filter,
    pub(in crate::review) photos: Photos,
}

/// The page.
pub(in crate::review) fn case(shell: &Shell<'_>, looked: &Looked<'_>) -> String {
    let Looked { view, sections, sliders, filter, .. } = looked;
    let case_id = one_line(&view.row.case_id);
    let main = html! {
        (head(looked))
        @if let Some(fault) = &view.fault {
            section { p role="alert" { (words("此案例无法读取：", "This case cannot be read: ")) (one_line(fault)) } }
        }
        div class="columns" {
            div {
                @match sections {
                    Some(sections) => (case_sections(sections)),
                    None => section {
                        p { (words("尚无判定。重新测量即可得到。", "Nothing was decided yet. Measure the case to see what it is.")) }
                    },
                }
            }
            div class="side" {
                (work(shell, looked))
                (decide(shell, looked))
                @if view.judged.is_some() { (what_if(view, sliders, filter)) }
                (history(&view.audit))
            }
        }
    };
    shell.page(Words::of(format!("案例 {case_id}"), format!("Case {case_id}")), main)
}

/// The query of a page of this list that shows photos or does not.
fn query_of(looked: &Looked<'_>, photos: Photos) -> String {
    let query = looked.filter.query(looked.filter.page);
    match (query.is_empty(), photos) {
        (_, Photos::LeftOut) => query,
        (true, Photos::Shown) => "look=1".to_owned(),
        (false, Photos::Shown) => format!("{query}&look=1"),
    }
}

fn address(number: usize, query: &str) -> String {
    if query.is_empty() { format!("/case/{number}") } else { format!("/case/{number}?{query}") }
}

fn head(looked: &Looked<'_>) -> Markup {
    let (before, behind) = looked.neighbours;
    let query = query_of(looked, looked.photos);
    let list = looked.filter.query(looked.filter.page);
    let row = &looked.view.row;
    html! {
        div class="bar" {
            a class="button" id="to-list" href=(format!("/?{list}")) { "↑ " (words("列表", "List")) }
            @if let Some(before) = before { a class="button" rel="prev" href=(address(before, &query)) { "← " (words("上一例", "Previous")) } }
            @if let Some(behind) = behind { a class="button" rel="next" href=(address(behind, &query)) { (words("下一例", "Next")) " →" } }
            span { (decision_mark(row.decision)) " " (status_mark(row.status)) }
            span class="soft" { (Words::of(format!("第 {} 次提交", looked.view.attempt), format!("attempt {}", looked.view.attempt))) }
        }
    }
}

/// Looking, measuring, comparing.
fn work(shell: &Shell<'_>, looked: &Looked<'_>) -> Markup {
    let view = looked.view;
    let (number, query) = (view.number, query_of(looked, looked.photos));
    let seen = query_of(looked, Photos::Shown);
    html! {
        section aria-labelledby="h-work" {
            h2 id="h-work" { (words("查看", "Look")) }
            div class="actions" {
                @if looked.photos == Photos::Shown {
                    a class="button" href=(address(number, &query_of(looked, Photos::LeftOut))) { (words("收起照片", "Hide the photos")) }
                } @else {
                    a class="button" id="look" href=(address(number, &seen)) { (words("显示照片（已遮盖）", "Show the photos, masked")) }
                }
                form method="post" action=(shell.form(&format!("/case/{number}/rerun"), &query)) {
                    button id="rerun" { (words("重新测量", "Measure again")) }
                }
                @if view.unmasked {
                    form method="post" action=(shell.form(&format!("/case/{number}/mask"), &query)) {
                        button { (words("重新遮盖个人信息", "Mask personal data again")) }
                    }
                } @else {
                    form method="post" action=(shell.form(&format!("/case/{number}/unmask"), &seen)) {
                        button id="unmask" { (words("显示个人信息（会记录）", "Show personal data (recorded)")) }
                    }
                }
            }
            @if let Some(claims) = &view.claims {
                dl class="facts" {
                    div { dt { (words("填写的姓名", "Name as typed")) } dd { (one_line(claims.name.as_deref().unwrap_or("—"))) } }
                    div { dt { (words("填写的号码", "Number as typed")) } dd class="number" { (one_line(claims.id_number.as_deref().unwrap_or("—"))) } }
                }
            }
            @match &view.replayed {
                None => {},
                Some(Ok(())) => p id="replay" class="mark good" { (words("与记录的结果一致", "The same as was recorded")) },
                Some(Err(difference)) => p id="replay" {
                    span class="mark doubt" { (words("与记录不同", "Not as recorded")) } " "
                    code { (one_line(&difference.to_string())) }
                },
            }
            p class="small" { a href=(format!("/case/{number}/verdict.json")) { "verdict.json" } }
        }
    }
}

/// The decision of a person.
fn decide(shell: &Shell<'_>, looked: &Looked<'_>) -> Markup {
    let view = looked.view;
    let action = shell.form(&format!("/case/{}/decide", view.number), &query_of(looked, looked.photos));
    html! {
        section aria-labelledby="h-decide" {
            h2 id="h-decide" { (words("审核", "Decide")) }
            @if view.may_decide {
                form method="post" action=(action) id="decide" {
                    label for="note" { (words("备注（保存在审核记录中）", "Note, kept in the audit log")) }
                    textarea id="note" name="note" rows="3" maxlength=(NOTE_CHARS_MAX) {}
                    div class="actions" {
                        button name="decision" value="approve" class="good" { (words("批准", "Approve")) " (a)" }
                        button name="decision" value="retake" class="doubt" { (words("要求重拍", "Retake")) " (t)" }
                        button name="decision" value="reject" class="bad" { (words("拒绝", "Reject")) " (r)" }
                    }
                }
            } @else {
                p class="soft" { (words("此案例不在等待人工审核。", "This case does not wait for a person.")) }
            }
        }
    }
}

/// Sliders of what this case failed by and of what compares faces, first; the rest on a page of its own.
fn what_if(view: &CaseView, sliders: &[Slider], filter: &Filter) -> Markup {
    let findings = view.judged.iter().flat_map(|verdict| &verdict.judgement.findings);
    let keys: Vec<String> = findings
        .filter_map(|finding| Some(format!("{}.{}", finding.sample?.kind().id(), finding.measure?)))
        .collect();
    let near = |slider: &&Slider| {
        keys.contains(&slider.key)
            || slider.key.starts_with("comparison.")
            || slider.key.starts_with("liveness.")
    };
    let near: Vec<&Slider> = sliders.iter().filter(near).collect();
    let list = filter.query(1);
    let and = if list.is_empty() { String::new() } else { format!("&{list}") };
    html! {
        section aria-labelledby="h-if" class="what-if" data-sliders data-case=(view.number) data-filter=(list) {
            h2 id="h-if" { (words("换一个阈值会怎样", "With other thresholds")) }
            p class="preview" role="status" aria-live="polite" {
                (words("移动滑块，立即重新判定，不运行模型。", "Move a slider: decided again at once, without a model."))
            }
            noscript { p { (words("滑块需要脚本。", "Sliders need scripts.")) } }
            (slider_rows(&near))
            p { a href=(format!("/policy?case={}{and}", view.number)) { (words("全部阈值，并保存", "All thresholds, and save")) } }
        }
    }
}

fn history(lines: &[AuditLine]) -> Markup {
    html! {
        section aria-labelledby="h-audit" {
            h2 id="h-audit" { (words("审核记录", "Audit log")) }
            @if lines.is_empty() {
                p class="soft" { (words("还没有记录。", "Nothing yet.")) }
            } @else {
                ol class="audit" reversed {
                    @for line in lines.iter().rev() { (audit_item(line)) }
                }
            }
        }
    }
}

fn audit_item(line: &AuditLine) -> Markup {
    html! {
        li {
            strong { (act_words(line.act)) } " "
            span class="soft small" { (one_line(&line.who)) " · " time datetime=(line.at) { (one_line(&line.at)) } }
            @if let Some(note) = &line.note { p class="note" { (note) } }
        }
    }
}
