//! Text in both languages. Both stand in the page, each marked with its language; the style sheet
//! shows the one that the page is read in, so that switching needs no reload and works offline.

use std::borrow::Cow;

use maud::{Markup, Render, html};

use crate::policy::Language;

/// The language as HTML names it.
pub fn language_tag(language: Language) -> &'static str {
    match language {
        Language::Chinese => "zh-CN",
        Language::English => "en",
    }
}

/// A text in simplified Chinese and in English.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// In simplified Chinese.
    pub zh_cn: Cow<'static, str>,
    /// In English.
    pub en: Cow<'static, str>,
}

/// Words known when the program is compiled.
pub const fn words(zh_cn: &'static str, en: &'static str) -> Words {
    Words { zh_cn: Cow::Borrowed(zh_cn), en: Cow::Borrowed(en) }
}

impl Words {
    /// Words made at run time.
    pub fn of(zh_cn: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh_cn: Cow::Owned(zh_cn.into()), en: Cow::Owned(en.into()) }
    }

    /// In one language.
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::Chinese => &self.zh_cn,
            Language::English => &self.en,
        }
    }
}

/// Two spans, of which the style sheet hides one; one where both say the same.
impl Render for Words {
    fn render(&self) -> Markup {
        html! {
            @if self.zh_cn == self.en {
                (self.en)
            } @else {
                span lang="zh-CN" { (self.zh_cn) } span lang="en" { (self.en) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_are_marked_and_escaped() {
        let shown = Words::of("<b>", "a & b").render().into_string();
        assert_eq!(shown, "<span lang=\"zh-CN\">&lt;b&gt;</span><span lang=\"en\">a &amp; b</span>");
        assert_eq!(words("ISO", "ISO").render().into_string(), "ISO");
    }
}
