//! Text that others wrote (names, ids, details), made safe to show: nothing in it moves a cursor,
//! turns the text around, hides or begins a line of its own.
//!
//! Escapes are those of JSON, so that a JSON document stays the same document.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text with all escaped that a terminal would obey or not show, but for line ends and tabs.
pub fn visible(text: &str) -> Cow<'_, str> {
    escaped(text, |c| is_hidden(c) && c != '\n' && c != '\t')
}

/// As [`visible`], and line ends and tabs escaped, too: for what stands within a line.
pub fn one_line(text: &str) -> Cow<'_, str> {
    escaped(text, is_hidden)
}

fn escaped(text: &str, is_escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            c if !is_escaped(c) => out.push(c),
            '\n' => out += r"\n",
            '\r' => out += r"\r",
            '\t' => out += r"\t",
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}").expect("writing to a String");
                }
            }
        }
    }
    Cow::Owned(out)
}

/// Control characters, line and paragraph separators, and what Unicode calls bidirectional
/// controls, format characters and default ignorable code points.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
            | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_written_out_and_the_rest_left() {
        for (text, expected) in [
            ("张三 é \\ 🙂", "张三 é \\ 🙂"),
            ("a\nb\tc\rd", r"a\nb\tc\rd"),
            ("\u{0}\u{1b}[31m\u{7f}\u{85}\u{9b}", r"\u0000\u001b[31m\u007f\u0085\u009b"),
            (
                "\u{61c}\u{200b}\u{200f}\u{2028}\u{202e}\u{2066}\u{feff}",
                r"\u061c\u200b\u200f\u2028\u202e\u2066\ufeff",
            ),
            ("\u{e0041}", r"\udb40\udc41"),
        ] {
            assert_eq!(one_line(text), expected);
        }
        assert_eq!(visible("a\n\tb\r\n"), "a\n\tb\\r\n");
    }

    #[test]
    fn a_json_document_stays_the_same_document() {
        let text: String = ('\0'..='\u{ffff}').chain(['\u{e0041}', '\u{1d173}']).collect();
        let json = serde_json::to_string_pretty(&[&text]).expect("plain data");
        let shown: Vec<String> = serde_json::from_str(&visible(&json)).expect("still JSON");
        assert_eq!(shown, [text]);
    }
}
