//! The case page: the decision and its reasons first, then what they rest on. The report is the
//! whole of it in one file; the review app shows the same sections.

use maud::{Markup, html};

use super::shell::{Assets, Page};
use super::view::{CaseView, Privacy};
use super::words::{Words, words};
use super::{comparison, fields, figures, measures, names};
use crate::case::SampleRole;
use crate::policy::Language;
use crate::report::json::{
    DecisionDocument, EffectDocument, FindingDocument, MessageDocument, ObservedDocument,
};
use crate::report::visible::one_line;

/// The case as one file: nothing beside it is needed to read it.
pub fn case_report(view: &CaseView, language: Language) -> String {
    let case_id = one_line(&view.verdict.case_id);
    let title = Words::of(format!("案例 {case_id}"), format!("Case {case_id}"));
    let aside = html! { (privacy_note(view)) };
    Page { title, language, aside, main: case_sections(view), assets: Assets::Inlined }.html()
}

/// Every section of a case, the most important first.
pub fn case_sections(view: &CaseView) -> Markup {
    let has_pictures = view.photos.iter().any(|photo| photo.picture.is_some());
    let has_fields = view.photos.iter().any(|photo| !photo.fields.is_empty());
    html! {
        (decision_section(view))
        @if has_pictures {
            section aria-labelledby="h-photos" {
                h2 id="h-photos" { (words("照片", "Photos")) }
                (figures::photos(&view.photos))
            }
        }
        section aria-labelledby="h-comparison" {
            h2 id="h-comparison" { (words("人脸比对", "Faces compared")) }
            (comparison::comparison(view))
        }
        @if has_fields {
            section aria-labelledby="h-fields" {
                h2 id="h-fields" { (words("证件内容与填写信息", "The card against what was claimed")) }
                @for photo in view.photos.iter().filter(|photo| !photo.fields.is_empty()) {
                    div class="card-fields" {
                        @if let Some(card) = photo.picture.as_ref().and_then(|picture| picture.card.as_ref()) {
                            (figures::card(photo, card))
                        }
                        div { h3 { (names::photo(photo.role)) } (fields::field_table(photo)) }
                    }
                }
            }
        }
        @if !view.photos.is_empty() {
            section aria-labelledby="h-measures" {
                h2 id="h-measures" { (words("全部测量", "Every measure")) }
                (measures::measures(&view.photos, view.privacy))
            }
        }
        (origin_section(view))
    }
}

fn privacy_note(view: &CaseView) -> Words {
    match view.privacy {
        Privacy::Redacted => words("已隐去个人信息与照片", "Without photos and personal data"),
        Privacy::Masked => words("个人信息已遮盖", "Personal data is masked"),
        Privacy::Unmasked => {
            words("含未遮盖的个人信息，请妥善保管", "Holds unmasked personal data: keep it as such")
        }
    }
}

/// The class of a decision's mark.
pub(super) fn decision_class(decision: DecisionDocument) -> &'static str {
    match decision {
        DecisionDocument::Pass => "good",
        DecisionDocument::Fail => "bad",
        DecisionDocument::Review => "doubt",
    }
}

/// The decision, in a word and a sentence, and everything that was found.
pub fn decision_section(view: &CaseView) -> Markup {
    let verdict = &view.verdict;
    let (word, sentence) = names::decision(verdict.decision);
    let is_coverable = view.privacy != Privacy::Redacted && view.photos.iter().any(|p| p.picture.is_some());
    html! {
        section class={ "decision " (decision_class(verdict.decision)) } aria-labelledby="h-decision" {
            div class="headline" {
                h2 id="h-decision" { (word) }
                p class="soft" { (sentence) }
                span class={ "mark " (decision_class(verdict.decision)) } { (names::status(verdict.status)) }
                @if is_coverable {
                    button type="button" data-uncover-all aria-pressed="false" {
                        (words("显示所有被遮盖部分", "Show everything covered"))
                    }
                }
            }
            @for (effect, heading) in [
                (EffectDocument::Fail, words("不符合要求", "Not met")),
                (EffectDocument::Review, words("需要人工确认", "For a person to look at")),
                (EffectDocument::Noted, words("仅记录", "Noted")),
            ] {
                @let findings: Vec<&FindingDocument> = verdict.findings.iter().filter(|f| f.effect == effect).collect();
                @if !findings.is_empty() {
                    h3 { (heading) }
                    ul class="findings" { @for found in findings { (finding(found, view.privacy)) } }
                }
            }
        }
    }
}

fn message(message: &MessageDocument) -> Words {
    Words::of(one_line(&message.zh_cn), one_line(&message.en))
}

fn finding(finding: &FindingDocument, privacy: Privacy) -> Markup {
    let class = match finding.effect {
        EffectDocument::Fail => "bad",
        EffectDocument::Review => "doubt",
        EffectDocument::Noted => "noted",
    };
    let tells_of_the_person = ["age_years", "days_since_valid_from", "days_until_valid_to"]
        .iter()
        .any(|id| finding.measure.as_deref() == Some(*id));
    let shows_numbers = privacy != Privacy::Redacted || !tells_of_the_person;
    html! {
        li class=(class) {
            span class="where" {
                @match finding.sample.as_deref().map(|sample| (sample, SampleRole::parse(sample))) {
                    Some((_, Some(role))) => (names::photo(role)),
                    Some((other, None)) => (one_line(other)),
                    None => (words("整个案例", "The case")),
                }
            }
            span class="what" { (message(&finding.message)) }
            span class="why soft small" {
                code { (one_line(&finding.code)) }
                @if let (Some(observed), true) = (&finding.observed, shows_numbers) {
                    " · "
                    @match observed {
                        ObservedDocument::Value(value) => (measures::number(*value)),
                        ObservedDocument::Text(text) => (one_line(text)),
                    }
                }
                @if let Some(required) = &finding.required {
                    " · " (words("要求", "required")) " " (one_line(required))
                }
            }
        }
    }
}

/// What made the verdict, and how long it took.
fn origin_section(view: &CaseView) -> Markup {
    let verdict = &view.verdict;
    let provenance = &verdict.provenance;
    html! {
        section aria-labelledby="h-origin" {
            h2 id="h-origin" { (words("来源与用时", "Provenance and timings")) }
            dl class="facts" {
                div { dt { (words("案例", "Case")) } dd { code { (one_line(&verdict.case_id)) } } }
                div { dt { (words("判定日期", "Decided as of")) } dd {
                    @match &verdict.decided_on {
                        Some(day) => (one_line(day)),
                        None => span class="soft" { (words("未知", "not known")) },
                    }
                } }
                div { dt { (words("程序版本", "Program")) } dd { "realname " (one_line(&provenance.version)) } }
                div { dt { (words("推理引擎", "Runtime")) } dd { (one_line(&provenance.runtime)) } }
            }
            @if let Some(timings) = &verdict.timings_ms { (timings_table(timings)) }
            details class="hashes" {
                summary { (words("策略与模型的 sha256", "sha256 of the policy and the models")) }
                div class="scroll" { table {
                    tbody {
                        tr { th scope="row" { (words("策略", "policy")) } td { code { (one_line(&provenance.policy)) } } }
                        @for (model, sha256) in &provenance.models {
                            tr { th scope="row" { (one_line(model)) } td { code { (one_line(sha256)) } } }
                        }
                    }
                } }
            }
        }
    }
}

fn timings_table(timings: &std::collections::BTreeMap<String, f64>) -> Markup {
    let mut stages: Vec<(&String, &f64)> = timings.iter().collect();
    stages.sort_by(|a, b| b.1.total_cmp(a.1));
    let most = stages.first().map_or(1.0, |(_, ms)| ms.max(f64::MIN_POSITIVE));
    let total: f64 = timings.values().sum();
    html! {
        table class="timings" {
            caption { (Words::of(
                format!("各阶段用时，所有照片合计 {total:.0} 毫秒"),
                format!("Time by stage, {total:.0} ms over all photos"),
            )) }
            tbody { @for (stage, ms) in stages {
                tr {
                    th scope="row" { (names::stage(stage)) }
                    td { svg class="bar" width="200" height="10" viewBox="0 0 200 10" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
                        rect width=(format!("{:.1}", 200.0 * *ms / most)) height="10" rx="2" {}
                    } }
                    td class="right" { (format!("{ms:.1}")) " ms" }
                }
            } }
        }
    }
}
