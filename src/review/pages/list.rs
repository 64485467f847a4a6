//! The list: filters above, a page of rows below. Everything in it is a link or a form.

use maud::{Markup, html};

use super::words::{decision_words, status_words};
use super::{Shell, decision_mark, status_mark};
use crate::policy::{Decision, VerificationStatus};
use crate::report::html::{Words, words};
use crate::report::one_line;
use crate::review::filter::{Filter, Order, PAGE_ROWS, Row};

/// Codes that a row shows.
const CODES_SHOWN: usize = 3;

const STATUSES: [VerificationStatus; 6] = [
    VerificationStatus::InReview,
    VerificationStatus::Retake,
    VerificationStatus::Rejected,
    VerificationStatus::Verified,
    VerificationStatus::Incomplete,
    VerificationStatus::Processing,
];

/// What the list shows.
pub(in crate::review) struct Listed {
    pub(in crate::review) rows: Vec<Row>,
    pub(in crate::review) total: usize,
    pub(in crate::review) codes: Vec<(String, usize)>,
    /// Measured, of how many; and how many never were.
    pub(in crate::review) progress: (usize, usize, usize),
    pub(in crate::review) filter: Filter,
}

/// The page.
pub(in crate::review) fn list(shell: &Shell<'_>, listed: &Listed) -> String {
    let Listed { rows: shown, total, codes, progress, filter } = listed;
    let main = html! {
        (filters(filter, codes))
        (measuring(shell, *progress))
        div id="rows" { (rows(shown, *total, filter)) }
        p class="soft small keys" {
            (words(
                "按键：j/k 移动，Enter 打开，/ 搜索，x 选中对比，n/p 翻页",
                "Keys: j/k to move, Enter to open, / to search, x to choose for comparison, n/p for pages",
            ))
        }
    };
    shell.page(words("审核台", "Review desk"), main)
}

fn measuring(shell: &Shell<'_>, (measured, of, unmeasured): (usize, usize, usize)) -> Markup {
    html! {
        @if of > 0 {
            p id="progress" role="status" data-of=(of) {
                (Words::of(format!("正在测量：{measured}/{of}"), format!("Measuring: {measured} of {of}")))
            }
        } @else if unmeasured > 0 {
            form method="post" action=(shell.form("/measure", "")) class="measure" {
                span { (Words::of(
                    format!("{unmeasured} 个案例尚未在本机测量，无法预览策略变化。"),
                    format!("{unmeasured} cases were not measured here yet, so that no policy can be tried on them."),
                )) }
                button { (words("全部测量", "Measure all")) }
            }
        }
    }
}

fn option(value: &str, chosen: Option<&str>, shown: &Words) -> Markup {
    // An option holds text alone: both languages stand in it until the script has chosen one.
    html! {
        option value=(value) selected[chosen == Some(value)] data-zh-cn=(shown.zh_cn) data-en=(shown.en) {
            (shown.zh_cn) " · " (shown.en)
        }
    }
}

fn filters(filter: &Filter, codes: &[(String, usize)]) -> Markup {
    let any = words("全部", "All");
    let number = |value: Option<f64>| value.map(|value| value.to_string());
    html! {
        form method="get" action="/" class="filters" role="search" id="filters" {
            label class="wide" {
                span { (words("搜索案例号", "Search for a case")) }
                input type="search" name="q" value=(filter.search) maxlength="200" autocomplete="off";
            }
            label {
                span { (words("判定", "Decision")) }
                select name="decision" {
                    (option("", None, &any))
                    @for decision in [Some(Decision::Review), Some(Decision::Fail), Some(Decision::Pass), None] {
                        (option(decision.map_or("none", Decision::id), filter.decision.as_deref(), &decision_words(decision)))
                    }
                }
            }
            label {
                span { (words("状态", "Status")) }
                select name="status" {
                    (option("", None, &any))
                    @for status in STATUSES { (option(status.id(), filter.status.as_deref(), &status_words(status))) }
                }
            }
            label {
                span { (words("代码", "Code")) }
                select name="code" {
                    (option("", None, &any))
                    @for (code, cases) in codes {
                        option value=(code) selected[filter.code.as_deref() == Some(code)] { (code) " (" (cases) ")" }
                    }
                }
            }
            label { span { (words("从", "From")) } input type="date" name="from" value=[filter.from.as_deref()]; }
            label { span { (words("到", "To")) } input type="date" name="to" value=[filter.to.as_deref()]; }
            label class="narrow" {
                span { (words("距离 ≥", "Distance ≥")) }
                input type="number" name="distance_min" step="0.01" min="0" max="2" value=[number(filter.distance_min)];
            }
            label class="narrow" {
                span { (words("距离 ≤", "Distance ≤")) }
                input type="number" name="distance_max" step="0.01" min="0" max="2" value=[number(filter.distance_max)];
            }
            label {
                span { (words("排序", "Order")) }
                select name="order" {
                    @for order in Order::ALL { (option(order.id(), Some(filter.order.id()), &order_words(order))) }
                }
            }
            div class="go" {
                button class="main" { (words("筛选", "Filter")) }
                a class="button" href="/" { (words("清除", "Clear")) }
            }
        }
    }
}

fn order_words(order: Order) -> Words {
    match order {
        Order::Number => words("到达顺序", "As they came"),
        Order::Decision => words("待审核在前", "For review first"),
        Order::Distance => words("距离从大到小", "Largest distance first"),
        Order::Day => words("日期从新到旧", "Latest day first"),
    }
}

/// The table of a page of rows.
pub(in crate::review) fn rows(rows: &[Row], total: usize, filter: &Filter) -> Markup {
    let pages = total.div_ceil(PAGE_ROWS).max(1);
    let first = filter.page.saturating_sub(1).saturating_mul(PAGE_ROWS);
    let query = filter.query(1);
    let and = if query.is_empty() { String::new() } else { format!("?{query}") };
    html! {
        form method="get" action="/compare" {
            div class="bar" {
                p role="status" id="count" data-total=(total) {
                    @if rows.is_empty() {
                        (Words::of(format!("{total} 个案例"), format!("{total} cases")))
                    } @else {
                        @let last = first + rows.len();
                        (Words::of(
                            format!("共 {total} 个案例，第 {}–{last} 个", first + 1),
                            format!("{}–{last} of {total} cases", first + 1),
                        ))
                    }
                }
                a class="button" href=(format!("/policy{and}")) { (words("在这些案例上试策略", "Try a policy on these")) }
                button id="compare" { (words("对比所选两例", "Compare two chosen")) }
                (pager(filter, pages))
            }
            div class="scroll" {
                table class="cases" {
                    thead {
                        tr {
                            th scope="col" { span class="unseen" { (words("选中", "Choose")) } }
                            th scope="col" { (words("案例", "Case")) }
                            th scope="col" { (words("判定", "Decision")) }
                            th scope="col" { (words("状态", "Status")) }
                            th scope="col" { (words("代码", "Codes")) }
                            th scope="col" { (words("日期", "Day")) }
                            th scope="col" class="right" { (words("人脸距离", "Face distance")) }
                        }
                    }
                    tbody { @for row in rows { (table_row(row, &and)) } }
                }
            }
            @if rows.is_empty() {
                p class="soft empty" { (words("没有符合条件的案例。", "No case is like that.")) }
            }
        }
    }
}

fn table_row(row: &Row, query: &str) -> Markup {
    let more = row.codes.len().saturating_sub(CODES_SHOWN);
    html! {
        tr data-number=(row.number) {
            td { input type="checkbox" name="case" value=(row.number) aria-label=(one_line(&row.case_id)); }
            th scope="row" { a href=(format!("/case/{}{query}", row.number)) { (one_line(&row.case_id)) } }
            td { (decision_mark(row.decision)) }
            td { (status_mark(row.status)) }
            td class="codes" {
                @for code in row.codes.iter().take(CODES_SHOWN) { code { (one_line(code)) } " " }
                @if more > 0 { span class="soft" { "+" (more) } }
            }
            td class="number" { (row.day.as_deref().unwrap_or("")) }
            td class="right" { @if let Some(distance) = row.distance { (format!("{distance:.3}")) } }
        }
    }
}

fn pager(filter: &Filter, pages: usize) -> Markup {
    let page = filter.page.min(pages);
    let address = |page: usize| {
        let query = filter.query(page);
        if query.is_empty() { "/".to_owned() } else { format!("/?{query}") }
    };
    html! {
        nav class="pager" aria-label="pages" {
            @if page > 1 { a class="button" rel="prev" href=(address(page - 1)) { "←" span class="unseen" { (words("上一页", "previous page")) } } }
            span class="soft" { (page) " / " (pages) }
            @if page < pages { a class="button" rel="next" href=(address(page + 1)) { "→" span class="unseen" { (words("下一页", "next page")) } } }
        }
    }
}
