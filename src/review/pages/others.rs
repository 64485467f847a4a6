//! The smaller pages: a new case, the audit log, a policy that was saved.

use maud::{Markup, html};

use super::Shell;
use super::words::act_words;
use crate::report::html::{Words, words};
use crate::report::one_line;
use crate::review::audit::AuditLine;

/// The page on which photos become a case.
pub(in crate::review) fn new_case(shell: &Shell<'_>) -> String {
    let photo = |name: &str, title: Words, many: bool| -> Markup {
        html! {
            div class="drop" data-drop {
                label for=(format!("p-{name}")) { (title) }
                input type="file" id=(format!("p-{name}")) name=(name) accept="image/jpeg,image/png,image/webp,image/bmp" multiple[many];
                p class="soft small chosen" { (words("拖放到此处，或选择文件", "Drop here, or choose files")) }
            }
        }
    };
    let main = html! {
        section {
            form method="post" action=(shell.form("/new", "")) enctype="multipart/form-data" id="new" {
                div class="drops" {
                    (photo("front", words("身份证人像面", "Card, portrait side"), false))
                    (photo("back", words("身份证国徽面", "Card, emblem side"), false))
                    (photo("selfies", words("自拍（按拍摄顺序）", "Selfie frames, in order"), true))
                }
                div class="fields" {
                    label { span { (words("案例号（可空）", "Case id, may be empty")) } input name="case_id" maxlength="100" autocomplete="off"; }
                    label { span { (words("填写的姓名（可空）", "Name as typed, may be empty")) } input name="name" maxlength="200" autocomplete="off"; }
                    label { span { (words("填写的号码（可空）", "Number as typed, may be empty")) } input name="id_number" maxlength="200" autocomplete="off"; }
                    label { span { (words("判定日期（空为今天）", "Judged as of, today where empty")) } input type="date" name="decided_on"; }
                }
                button class="main" { (words("建立并检查", "Make and check")) }
            }
            p class="soft small" { (words(
                "照片保存在本机审核台的文件夹中，不会发送到别处。",
                "The photos are kept in this desk's folder on this machine and sent nowhere.",
            )) }
        }
    };
    shell.page(words("新案例", "New case"), main)
}

/// The newest lines of the audit log.
pub(in crate::review) fn audit(shell: &Shell<'_>, lines: &[AuditLine]) -> String {
    let main = html! {
        section {
            div class="scroll" { table {
                thead { tr {
                    th scope="col" class="right" { "#" }
                    th scope="col" { (words("时间（UTC）", "When, UTC")) }
                    th scope="col" { (words("谁", "Who")) }
                    th scope="col" { (words("做了什么", "What")) }
                    th scope="col" { (words("案例", "Case")) }
                    th scope="col" { (words("备注", "Note")) }
                } }
                tbody { @for line in lines {
                    tr {
                        td class="right" { (line.number) }
                        td class="number" { (one_line(&line.at)) }
                        td { (one_line(&line.who)) }
                        td { (act_words(line.act)) }
                        td { (one_line(line.case_id.as_deref().unwrap_or(""))) }
                        td class="note" { (line.note.as_deref().unwrap_or("")) }
                    }
                } }
            } }
            @if lines.is_empty() { p class="soft" { (words("还没有记录。", "Nothing yet.")) } }
        }
    };
    shell.page(words("审核记录", "Audit log"), main)
}

/// Where a policy was saved.
pub(in crate::review) fn saved(shell: &Shell<'_>, path: &str) -> String {
    let main = html! {
        section {
            p role="status" { (words("策略已保存：", "The policy was saved: ")) code { (one_line(path)) } }
            p class="soft" { (words(
                "用 --policy 指定此文件即可使用。",
                "Commands use it where `--policy` names the file.",
            )) }
            p { a href="/policy" { (words("返回策略", "Back to the policy")) } }
        }
    };
    shell.page(words("策略已保存", "Policy saved"), main)
}
