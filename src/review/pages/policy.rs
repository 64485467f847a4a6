//! The policy under edit: a slider for each number, what it would change, and a way to keep it.

use maud::{Markup, html};

use super::Shell;
use crate::policy::Policy;
use crate::report::html::{Words, measure_words, words};
use crate::review::edits::Slider;
use crate::review::filter::Filter;

/// The tables of a policy and what they are about.
const TABLES: [(&str, Words); 7] = [
    ("front", words("人像面", "Portrait side")),
    ("back", words("国徽面", "Emblem side")),
    ("selfie", words("自拍", "Selfie frames")),
    ("frames", words("各帧之间", "Frames beside each other")),
    ("challenge", words("动作", "Challenge")),
    ("comparison", words("人脸比对", "Faces compared")),
    ("liveness", words("活体", "Liveness")),
];

/// The page, over `total` listed cases.
pub(in crate::review) fn policy(
    shell: &Shell<'_>,
    policy: &Policy,
    sliders: &[Slider],
    total: usize,
    filter: &Filter,
    case: Option<usize>,
) -> String {
    let query = filter.query(1);
    let main = html! {
        div data-sliders data-filter=(query) data-case=[case] class="policy" {
            section class="summary" aria-labelledby="h-change" {
                h2 id="h-change" { (words("会改变什么", "What would change")) }
                p class="preview" role="status" aria-live="polite" {
                    (Words::of(
                        format!("移动滑块，立即在 {total} 个案例上重新判定，不运行模型。"),
                        format!("Move a slider: {total} cases are decided again at once, without a model."),
                    ))
                }
                noscript { p { (words("滑块需要脚本。", "Sliders need scripts.")) } }
                ul class="flipped" {}
                form method="post" action=(shell.form("/policy/save", "")) class="actions" id="save" {
                    input type="hidden" name="edits" value="[]";
                    label { span { (words("名称", "Name")) } " " input name="name" required pattern="[A-Za-z0-9_\\-]{1,60}" maxlength="60" autocomplete="off"; }
                    button { (words("保存为 TOML", "Save as TOML")) }
                    button type="button" data-reset { (words("全部复位", "Reset all")) }
                }
                p class="soft small" { (words("当前策略", "Policy in force")) " " code { (policy.sha256()) } }
            }
            @for (table, title) in TABLES {
                @let of_it: Vec<&Slider> = sliders.iter().filter(|slider| slider.key.split('.').next() == Some(table)).collect();
                @if !of_it.is_empty() {
                    section aria-labelledby=(format!("h-{table}")) {
                        h2 id=(format!("h-{table}")) { (title) }
                        (slider_rows(&of_it))
                    }
                }
            }
        }
    };
    shell.page(words("策略", "Policy"), main)
}

/// A line for each slider.
pub(super) fn slider_rows(sliders: &[&Slider]) -> Markup {
    html! { div class="sliders" { @for slider in sliders { (slider_row(slider)) } } }
}

fn slider_row(slider: &Slider) -> Markup {
    let id = format!("s-{}-{}", slider.key.replace('.', "-"), slider.bound);
    // A rate is moved by its logarithm, for its use spans decades.
    let place = |value: f64| if slider.is_rate { value.log10() } else { value };
    let unit = slider.check.map_or("", |check| check.measure.unit());
    html! {
        div class="slider" {
            label for=(id) {
                @match slider.check {
                    Some(check) => { (measure_words(check.measure)) " " },
                    None => {},
                }
                code { (slider.key) @if !slider.bound.is_empty() { " · " (slider.bound) } }
            }
            input type="range" id=(id) min=(place(slider.min)) max=(place(slider.max)) step="any"
                value=(place(slider.value)) data-key=(slider.key) data-bound=(slider.bound)
                data-value=(slider.value) data-log[slider.is_rate];
            output for=(id) { (slider.value) }
            span class="soft small unit" { (unit) }
        }
    }
}
