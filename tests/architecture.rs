//! The floors of the library, checked from its sources.
//!
//! Works on the words of the code, not on its types: comments and string contents are skipped,
//! and every path that begins with `crate::` or `realname::`, or reaches another top-level module
//! by `super::`, counts as a use. A new top-level module fails here until it has a floor.

use std::fs;
use std::path::{Path, PathBuf};

/// Each module and its floor. A module uses lower floors only; neighbours do not see each other.
const FLOORS: [(&str, usize); 24] = [
    ("geometry", 0),
    ("score", 0),
    ("case", 1),
    ("imaging", 1),
    ("evidence", 2),
    ("inference", 2),
    ("capture", 3),
    ("card", 3),
    ("face", 3),
    ("assess", 4),
    ("policy", 4),
    ("engine", 5),
    ("photos", 5),
    ("report", 5),
    ("status", 5),
    ("eval", 6),
    ("queue", 6),
    ("replay", 6),
    ("events", 7),
    ("worker", 7),
    ("review", 8),
    ("monitor", 8),
    ("cli", 9),
    ("main", 9),
];

/// Crates that only the named modules may name.
const KEPT_TO: [(&str, &[&str]); 28] = [
    ("image", &["imaging"]),
    ("imageproc", &["imaging"]),
    ("mozjpeg", &["imaging"]),
    ("mozjpeg_sys", &["imaging"]),
    ("rustfft", &["imaging"]),
    ("wide", &["imaging"]),
    ("ort", &["inference"]),
    ("ureq", &["inference", "events"]),
    ("zip", &["inference", "replay"]),
    ("tar", &["inference"]),
    ("flate2", &["inference"]),
    ("hmac", &["events"]),
    ("maud", &["report", "review"]),
    ("axum", &["review"]),
    ("getrandom", &["review"]),
    ("rusqlite", &["queue"]),
    ("async_nats", &["queue"]),
    ("object_store", &["photos"]),
    ("tokio", &["monitor", "photos", "queue", "review"]),
    ("tracing", &["monitor"]),
    ("tracing_subscriber", &["monitor"]),
    ("prometheus", &["monitor"]),
    ("hyper", &["monitor"]),
    ("hyper_util", &["monitor"]),
    ("http_body_util", &["monitor"]),
    ("rlimit", &["cli"]),
    ("anyhow", &["cli", "main"]),
    ("clap", &["cli", "main"]),
];

const LINES_MAX: usize = 500;

/// What is wrong with one source file, a line for each. `depth` is how many modules it lies deep:
/// fewer words `super` than that stay within its own module.
fn violations(module: &str, depth: usize, source: &str) -> Vec<String> {
    let Some(floor) = floor_of(module) else {
        return vec![format!("`{module}` has no floor: give it one in tests/architecture.rs")];
    };
    let mut found = Vec::new();
    let words = words(source);
    for used in modules_used(&words, depth) {
        // `main` is the program around the library: it starts `cli` and nothing else.
        let allowed = used == module
            || (module == "main" && used == "cli")
            || floor_of(&used).is_some_and(|below| below < floor);
        if !allowed {
            found.push(format!("`{module}` must not use `{used}`"));
        }
    }
    for (name, owners) in KEPT_TO {
        if !owners.contains(&module) && names_crate(&words, name) {
            found.push(format!("`{module}` must not name the crate `{name}`; that is for {owners:?}"));
        }
    }
    if source.lines().count() > LINES_MAX {
        found.push(format!("more than {LINES_MAX} lines"));
    }
    if !source.starts_with("//!") {
        found.push("no `//!` head that says what the file is".to_owned());
    }
    found.sort();
    found.dedup();
    found
}

fn floor_of(module: &str) -> Option<usize> {
    FLOORS.iter().find(|(name, _)| *name == module).map(|(_, floor)| *floor)
}

/// Names and punctuation of the code, without comments and with every literal as `""`.
fn words(source: &str) -> Vec<String> {
    let text: Vec<char> = source.chars().collect();
    let at = |i: usize| text.get(i).copied().unwrap_or('\0');
    let mut words = Vec::new();
    let mut i = 0;
    while i < text.len() {
        let begin = i;
        match at(i) {
            '/' if at(i + 1) == '/' => i = position(&text, i, &['\n']),
            '/' if at(i + 1) == '*' => i = position(&text, i + 2, &['*', '/']) + 2,
            '"' => i = end_of_string(&text, i),
            'r' if at(i + 1) == '"' => i = position(&text, i + 2, &['"']) + 1,
            'r' if at(i + 1) == '#' && at(i + 2) == '"' => i = position(&text, i + 3, &['"', '#']) + 2,
            '\'' if at(i + 1) == '\\' => i = position(&text, i + 3, &['\'']) + 1,
            '\'' if at(i + 2) == '\'' => i += 3,
            c if c.is_alphanumeric() || c == '_' => {
                while at(i).is_alphanumeric() || at(i) == '_' {
                    i += 1;
                }
                words.push(text[begin..i].iter().collect());
            }
            ':' if at(i + 1) == ':' => {
                i += 2;
                words.push("::".to_owned());
            }
            c => {
                i += 1;
                if !c.is_whitespace() {
                    words.push(c.to_string());
                }
            }
        }
    }
    words
}

fn position(text: &[char], from: usize, what: &[char]) -> usize {
    let tail = text.get(from..).unwrap_or_default();
    tail.windows(what.len()).position(|w| w == what).map_or(text.len(), |n| from + n)
}

fn end_of_string(text: &[char], quote: usize) -> usize {
    let mut i = quote + 1;
    while i < text.len() && text[i] != '"' {
        i += if text[i] == '\\' { 2 } else { 1 };
    }
    i + 1
}

/// Every module that a path out of the library's root names, `use crate::{a, b::c}` included.
fn modules_used(words: &[String], depth: usize) -> Vec<String> {
    let mut used = Vec::new();
    for (i, word) in words.iter().enumerate() {
        let at_start = i == 0 || !is(words, i - 1, "::");
        let begins = word == "super" || (at_start && matches!(word.as_str(), "crate" | "realname"));
        if !begins || !is(words, i + 1, "::") {
            continue;
        }
        if word == "super" {
            let steps = (0..=i / 2).take_while(|back| is(words, i - 2 * back, "super")).count();
            if steps < depth {
                continue;
            }
            // Only the name of a top-level module can be one that `super` leads to.
            used.extend(words.get(i + 2).filter(|name| floor_of(name).is_some()).cloned());
        } else if is(words, i + 2, "{") {
            used.extend(heads_of_group(words, i + 3));
        } else {
            used.extend(words.get(i + 2).cloned());
        }
    }
    // Names re-exported at the root and macros are no modules of ours; an unknown one is caught by
    // its own file.
    used.retain(|name| name.chars().next().is_some_and(char::is_lowercase));
    used
}

fn heads_of_group(words: &[String], from: usize) -> Vec<String> {
    let (mut heads, mut depth, mut at_head) = (Vec::new(), 1, true);
    for word in &words[from..] {
        match word.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            "," if depth == 1 => at_head = true,
            name => {
                if at_head && depth == 1 {
                    heads.push(name.to_owned());
                }
                at_head = false;
            }
        }
        if depth == 0 {
            break;
        }
    }
    heads
}

/// Whether a path begins with the crate's name.
fn names_crate(words: &[String], name: &str) -> bool {
    words.iter().enumerate().any(|(i, word)| {
        let heads_a_path = is(words, i + 1, "::") && !(i > 0 && is(words, i - 1, "::"));
        let from_the_root =
            i > 1 && is(words, i - 1, "::") && matches!(words[i - 2].as_str(), "use" | "{" | ",");
        let used_whole =
            i > 0 && is(words, i - 1, "use") && (is(words, i + 1, ";") || is(words, i + 1, "as"));
        word == name && (heads_a_path || from_the_root || used_whole) && !is_own_module(words, name)
    })
}

/// `mod tar;` makes `tar::` a path within the module.
fn is_own_module(words: &[String], name: &str) -> bool {
    words.windows(2).any(|w| w[0] == "mod" && w[1] == name)
}

fn is(words: &[String], i: usize, what: &str) -> bool {
    words.get(i).is_some_and(|word| word == what)
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("src can be listed") {
        let path = entry.expect("src can be listed").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_source_keeps_to_its_floor() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    files.sort();
    assert!(files.len() > 10, "the sources were not found");
    let mut found = Vec::new();
    for path in files {
        let inside = path.strip_prefix(&root).expect("found under src");
        let first = inside.components().next().expect("a file").as_os_str().to_string_lossy();
        let module = first.trim_end_matches(".rs");
        if module == "lib" {
            continue; // Names every module, by design.
        }
        let source = fs::read_to_string(&path).expect("a readable source");
        let depth = inside.components().count() - usize::from(inside.ends_with("mod.rs"));
        found.extend(violations(module, depth, &source).iter().map(|v| format!("{}: {v}", inside.display())));
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn a_planted_violation_is_found() {
    let rows = [
        ("case", "use crate::policy::Policy;", "`case` must not use `policy`"),
        ("case", "use crate::imaging;", "`case` must not use `imaging`"),
        ("face", "use crate::{score::Finite, capture::{self, Quad}};", "`face` must not use `capture`"),
        ("score", "fn f() -> crate::case::Date { d }", "`score` must not use `case`"),
        ("policy", "use ort::session::Session;", "must not name the crate `ort`"),
        ("capture", "fn f(i: ::image::RgbImage) {}\nuse image as pixels;", "must not name the crate `image`"),
        ("inference", "fn f() -> anyhow::Result<()> {}", "must not name the crate `anyhow`"),
        ("stray", "", "`stray` has no floor"),
        ("case", "use super::super::policy::Policy;", "`case` must not use `policy`"),
        ("cli", "use crate::main;", "`cli` must not use `main`"),
    ];
    for (module, code, expected) in rows {
        let found = violations(module, 1, &format!("//! Head.\n{code}\n"));
        assert!(found.len() == 1 && found[0].contains(expected), "{code}: {found:?}");
    }
    let deep = "//! Head.\nuse super::policy::x;\nuse super::super::policy::Policy;\n";
    assert_eq!(violations("case", 1, deep).len(), 1, "twice the same");
    assert_eq!(violations("case", 2, "//! Head.\nuse super::super::policy::Policy;\n").len(), 1);
    assert_eq!(violations("case", 2, "//! Head.\nuse super::policy::x;\n").len(), 0, "case::policy");
    let long = "//! Head.\n".repeat(LINES_MAX + 1);
    assert_eq!(violations("case", 1, &long).len(), 1);
    assert_eq!(violations("case", 1, "fn f() {}").len(), 1);
}

#[test]
fn what_is_allowed_or_only_talked_about_is_not_found() {
    for (module, code) in [
        ("policy", "use crate::evidence::{Measure, Measured};\nuse crate::case::Date;"),
        ("case", "// use crate::policy::Policy;\n/* crate::cli */\n/// See [`crate::engine`]."),
        (
            "case",
            r##"const A: &str = "use crate::policy"; const B: &str = r#"ort::"#; const C: char = '"';"##,
        ),
        ("policy", "fn f(image: &Image) { image.width(); evidence::image::x() }"),
        ("inference", "mod tar;\nuse ort::session::Session;\nfn f() { tar::unpack() }"),
        ("cli", "use crate::worker::batch;\nuse anyhow::Context;"),
        ("main", "fn main() { realname::cli::run() }"),
        ("case", "use super::Date;\nuse super::super::score;"),
        ("evidence", "use crate::evidence::Measure;\nfn f<'a>(x: &'a str) {}"),
    ] {
        let found = violations(module, 1, &format!("//! Head.\n{code}\n"));
        assert!(found.is_empty(), "{code}: {found:?}");
    }
}
