//! Writing to standard output, which may be closed or full at any time, and may be a terminal that
//! obeys what it is sent: see [`visible`].

use std::io::{self, Write};

use anyhow::Context as _;

use crate::report::visible;

const CONTEXT: &str = "standard output";

/// Writes the text and makes sure that it is out.
pub(super) fn write(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(visible(text).as_bytes()).and_then(|()| out.flush()).context(CONTEXT)
}

/// Writes the text and a line end.
pub(super) fn write_line(text: &str) -> anyhow::Result<()> {
    write(&format!("{text}\n"))
}

/// Writes a line of many; the error says where it was to go.
pub(super) fn put_line(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", visible(line)).and_then(|()| out.flush()).map_err(|error| named(&error))
}

/// The error with what could not be written to; its kind stays, which says whether to tell at all.
fn named(error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{CONTEXT}: {error}"))
}

/// Makes what passes through to `out` visible, line by line. A last line without an end is lost.
pub(super) struct VisibleLines<W> {
    out: W,
    line: Vec<u8>,
}

impl<W: Write> VisibleLines<W> {
    /// Writes to `out`.
    pub(super) fn new(out: W) -> Self {
        Self { out, line: Vec::new() }
    }
}

impl<W: Write> Write for VisibleLines<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                self.out.write_all(visible(&String::from_utf8_lossy(&line)).as_bytes())?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Whether the error is that nobody reads any more (`realname ... | head`).
pub(super) fn was_closed(error: &anyhow::Error) -> bool {
    let io_errors = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    { io_errors }.any(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_keeps_its_tabs_and_line_ends_and_nothing_else_that_is_not_seen() {
        let mut out = Vec::new();
        let mut lines = VisibleLines::new(&mut out);
        for part in ["a\tb\nx\u{1b}[2J\r", "\u{202e}.jpg\t", "2.jpg\n"] {
            lines.write_all(part.as_bytes()).expect("a vector");
        }
        assert_eq!(String::from_utf8(out).expect("text"), "a\tb\nx\\u001b[2J\\r\\u202e.jpg\t2.jpg\n");
    }

    #[test]
    fn an_error_says_where_it_was_to_go_and_a_reader_that_left_is_still_known() {
        let full = named(&io::Error::from(io::ErrorKind::StorageFull));
        assert!(full.to_string().starts_with("standard output: "), "{full}");
        assert!(!was_closed(&full.into()));
        assert!(was_closed(&named(&io::Error::from(io::ErrorKind::BrokenPipe)).into()));
    }
}
