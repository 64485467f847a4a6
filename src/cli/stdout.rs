//! Writing to standard output, which may be closed or full at any time.

use std::io::{self, Write};

use anyhow::Context as _;

const CONTEXT: &str = "standard output";

/// Writes the text and makes sure that it is out.
pub(super) fn write(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context(CONTEXT)
}

/// Writes the text and a line end.
pub(super) fn write_line(text: &str) -> anyhow::Result<()> {
    write(&format!("{text}\n"))
}

/// Writes a line of many; the caller's error says where it was to go.
pub(super) fn put_line(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush())
}

/// Whether the error is that nobody reads any more (`realname ... | head`).
pub(super) fn was_closed(error: &anyhow::Error) -> bool {
    let io_errors = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    { io_errors }.any(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
