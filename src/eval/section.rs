//! A section of a table for people.

use std::fmt::Write as _;

/// Writes a title and its rows of a name and a value; nothing where there is no row.
pub(super) fn section(out: &mut String, title: &str, rows: Vec<(String, String)>) {
    if rows.is_empty() {
        return;
    }
    writeln!(out, "\n{title}").expect("writing to a String");
    for (name, value) in rows {
        writeln!(out, "  {name:<28} {value}").expect("writing to a String");
    }
}
