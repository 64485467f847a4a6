//! The pages of a desk, as HTML. Formats only; `report::html` gives the shell and the sections of a
//! case, here is what surrounds them.

mod case;
mod compare;
mod list;
mod others;
mod policy;
mod words;

use maud::{Markup, html};

pub(super) use case::{Looked, case};
pub(super) use compare::compare;
pub(super) use list::{Listed, list, rows};
pub(super) use others::{audit, new_case, saved};
pub(super) use policy::policy;

use crate::policy::{Decision, Language, VerificationStatus};
use crate::report::html::{Assets, Page, SCRIPT, STYLE, Words, words as both};
use words::{decision_words, status_words};

const STYLE_ADDRESS: &str = "/assets/report.css";
const DESK_STYLE_ADDRESS: &str = "/assets/review.css";
const SCRIPT_ADDRESS: &str = "/assets/report.js";
const DESK_SCRIPT_ADDRESS: &str = "/assets/review.js";

/// What is the same on every page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shell<'a> {
    /// What the addresses of forms hold: see `access`.
    pub(super) form_secret: &'a str,
    /// Who reviews.
    pub(super) reviewer: &'a str,
}

impl Shell<'_> {
    /// The address of a form.
    fn form(&self, path: &str, query: &str) -> String {
        let and = if query.is_empty() { "" } else { "&" };
        format!("{path}?form={}{and}{query}", self.form_secret)
    }

    fn page(&self, title: Words, main: Markup) -> String {
        let aside = html! {
            nav class="desk" aria-label="realname" data-form=(self.form_secret) {
                a href="/" { (both("案例", "Cases")) }
                a href="/policy" { (both("策略", "Policy")) }
                a href="/new" { (both("新案例", "New case")) }
                a href="/audit" { (both("审核记录", "Audit log")) }
                span class="soft" { (both("审核人", "Reviewer")) " " strong { (self.reviewer) } }
            }
        };
        page(title, aside, main)
    }
}

fn page(title: Words, aside: Markup, main: Markup) -> String {
    let assets = Assets::Linked {
        styles: &[STYLE_ADDRESS, DESK_STYLE_ADDRESS],
        scripts: &[SCRIPT_ADDRESS, DESK_SCRIPT_ADDRESS],
    };
    Page { title, language: Language::Chinese, aside, main, assets }.html()
}

/// A file that every page loads, by its name, with its type.
pub(super) fn assets(name: &str) -> Option<(&'static str, &'static str)> {
    const CSS: &str = "text/css; charset=utf-8";
    const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
    match name {
        "report.css" => Some((CSS, STYLE)),
        "review.css" => Some((CSS, include_str!("../review.css"))),
        "report.js" => Some((JAVASCRIPT, SCRIPT)),
        "review.js" => Some((JAVASCRIPT, include_str!("../review.js"))),
        _ => None,
    }
}

/// What could not be done, and a way back.
pub(super) fn failure(why: &str) -> String {
    let main = html! {
        section {
            h2 { (both("没有完成", "That was not done")) }
            p role="alert" { (crate::report::one_line(why)) }
            p { a href="/" { (both("返回列表", "Back to the list")) } }
        }
    };
    page(both("审核台", "Review desk"), html! {}, main)
}

fn decision_mark(decision: Option<Decision>) -> Markup {
    let class = match decision {
        Some(Decision::Pass) => "mark good",
        Some(Decision::Fail) => "mark bad",
        Some(Decision::Review) => "mark doubt",
        None => "mark",
    };
    html! { span class=(class) { (decision_words(decision)) } }
}

fn status_mark(status: VerificationStatus) -> Markup {
    let class = match status {
        VerificationStatus::Verified => "mark good",
        VerificationStatus::Rejected => "mark bad",
        VerificationStatus::InReview | VerificationStatus::Retake => "mark doubt",
        VerificationStatus::Incomplete | VerificationStatus::Processing => "mark",
    };
    html! { span class=(class) data-status=(status.id()) { (status_words(status)) } }
}
