//! The page around every report and every view of the review app: head, header, language and
//! colour switches, and what the page may load.
//!
//! Style and script are files of their own. A report that is one file holds them within itself,
//! allowed by their hashes in its Content-Security-Policy and nothing else allowed; the app serves
//! them and sends a policy of its own. So no page may use style attributes or event attributes.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use super::words::{Words, language_tag, words};
use crate::policy::Language;

/// The style sheet of every page.
pub const STYLE: &str = include_str!("report.css");

/// The script of every page: language and colours, covers, overlays.
pub const SCRIPT: &str = include_str!("report.js");

/// Where style and script come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assets<'a> {
    /// They stand in the page, which loads nothing at all.
    Inlined,
    /// They are served beside it: addresses of style sheets and scripts.
    Linked {
        /// Style sheets, [`STYLE`] first.
        styles: &'a [&'a str],
        /// Scripts, [`SCRIPT`] first.
        scripts: &'a [&'a str],
    },
}

/// What stands in the shell.
pub struct Page<'a> {
    /// The title, in the window and in lists.
    pub title: Words,
    /// The language in which it is shown where the reader's program does not say.
    pub language: Language,
    /// What stands in the header beside the title: navigation of the app, the day of a report.
    pub aside: Markup,
    /// The page's own content, sections with headings of level 2; the title is that of level 1.
    pub main: Markup,
    /// Where style and script come from.
    pub assets: Assets<'a>,
}

/// The Content-Security-Policy of a page that holds its style and script within itself: nothing is
/// loaded, sent or framed, pictures are in the page.
pub fn inlined_policy() -> &'static str {
    static POLICY: LazyLock<String> = LazyLock::new(|| {
        let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
        format!(
            "default-src 'none'; img-src data:; style-src 'sha256-{}'; script-src 'sha256-{}'; \
             base-uri 'none'; form-action 'none'",
            hash(STYLE),
            hash(SCRIPT)
        )
    });
    &POLICY
}

impl Page<'_> {
    /// The page as HTML.
    pub fn html(&self) -> String {
        let language = language_tag(self.language);
        let title = self.title.in_language(self.language);
        let page = html! {
            (DOCTYPE)
            html lang=(language) data-language=(language) {
                head {
                    meta charset="utf-8";
                    @if self.assets == Assets::Inlined {
                        meta http-equiv="Content-Security-Policy" content=(inlined_policy());
                    }
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="referrer" content="no-referrer";
                    meta name="generator" content=(concat!("realname ", env!("CARGO_PKG_VERSION")));
                    title data-zh-cn=(self.title.zh_cn) data-en=(self.title.en) { (title) }
                    // Browsers ask the server for an icon otherwise.
                    link rel="icon" href="data:,";
                    (assets(&self.assets))
                }
                body {
                    a class="skip" href="#main" { (words("跳到内容", "Skip to content")) }
                    header class="top" {
                        h1 { (self.title) }
                        div class="aside" { (self.aside) }
                        (switches())
                    }
                    main id="main" tabindex="-1" { (self.main) }
                }
            }
        };
        page.into_string()
    }
}

fn assets(assets: &Assets<'_>) -> Markup {
    match assets {
        Assets::Inlined => html! {
            style { (PreEscaped(STYLE)) }
            script { (PreEscaped(SCRIPT)) }
        },
        Assets::Linked { styles, scripts } => html! {
            @for style in *styles { link rel="stylesheet" href=(style); }
            @for script in *scripts { script src=(script) {} }
        },
    }
}

/// Buttons for language and colours; without the script they are not shown.
fn switches() -> Markup {
    html! {
        div class="switches" {
            div role="group" aria-labelledby="switch-language" {
                span id="switch-language" class="unseen" { (words("语言", "Language")) }
                button type="button" data-set-language="zh-CN" lang="zh-CN" class="kept" { "中文" }
                button type="button" data-set-language="en" lang="en" class="kept" { "English" }
            }
            button type="button" data-set-theme { (words("深色 / 浅色", "Dark / light")) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(assets: Assets<'_>) -> String {
        let (title, main) = (words("标题", "</title><script>alert(1)</script>"), html! { p { "x" } });
        Page { title, language: Language::English, aside: html! {}, main, assets }.html()
    }

    #[test]
    fn what_stands_in_the_page_has_the_hashes_that_its_policy_allows() {
        let page = page(Assets::Inlined);
        for (tag, text) in [("style", STYLE), ("script", SCRIPT)] {
            assert!(page.contains(&format!("<{tag}>{text}</{tag}>")), "{tag}");
            assert!(!text.contains(&format!("</{tag}")), "{tag} would end early");
        }
        assert!(page.contains("default-src 'none'") && inlined_policy().matches("sha256-").count() == 2);
        assert!(page.contains("&lt;/title&gt;&lt;script&gt;alert(1)"));
    }

    #[test]
    fn a_served_page_names_its_files_and_leaves_the_policy_to_the_server() {
        let page = page(Assets::Linked { styles: &["/a.css"], scripts: &["/a.js", "/b.js"] });
        assert!(page.contains("<link rel=\"stylesheet\" href=\"/a.css\">"));
        assert!(page.contains("<script src=\"/b.js\"></script>"));
        assert!(!page.contains("Content-Security-Policy") && !page.contains("<style>"));
    }
}
