//! The registry of codes as a table for people and as JSON for programs.

use std::fmt::Write as _;

use serde::Serialize;

use crate::policy::Code;

#[derive(Serialize)]
struct CodeDocument {
    code: &'static str,
    fault: &'static str,
    message: Message,
    elsewhere: Vec<ElsewhereDocument>,
}

#[derive(Serialize)]
struct Message {
    #[serde(rename = "zh-CN")]
    zh_cn: &'static str,
    en: &'static str,
}

#[derive(Serialize)]
struct ElsewhereDocument {
    system: &'static str,
    code: &'static str,
}

/// Every code as a JSON array, indented.
pub fn codes_json() -> String {
    let codes = Code::ALL.iter().map(|code| {
        let entry = code.entry();
        let elsewhere = entry.elsewhere.iter();
        CodeDocument {
            code: entry.id,
            fault: entry.fault.id(),
            message: Message { zh_cn: entry.zh_cn, en: entry.en },
            elsewhere: elsewhere.map(|e| ElsewhereDocument { system: e.system, code: e.code }).collect(),
        }
    });
    let codes: Vec<CodeDocument> = codes.collect();
    serde_json::to_string_pretty(&codes).expect("plain data always serialises")
}

/// Every code with its fault, what other systems call it, and its messages.
pub fn codes_text() -> String {
    let mut out = String::new();
    for code in Code::ALL {
        let entry = code.entry();
        let elsewhere: Vec<String> =
            entry.elsewhere.iter().map(|e| format!("{}: {}", e.system, e.code)).collect();
        let line = format!("{:<26} {:<10} {}", entry.id, entry.fault.id(), elsewhere.join("; "));
        writeln!(out, "{}\n    {}\n    {}", line.trim_end(), entry.zh_cn, entry.en)
            .expect("writing to a String");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_as_published() {
        insta::assert_snapshot!("codes", codes_text());
        let json: serde_json::Value = serde_json::from_str(&codes_json()).expect("what was just written");
        assert_eq!(json.as_array().map(Vec::len), Some(Code::ALL.len()));
    }
}
