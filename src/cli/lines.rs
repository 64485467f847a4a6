//! Lines of a file or of standard input, each bounded, one after the other.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;

use anyhow::Context as _;

/// A line longer than this is refused.
const LINE_BYTES_MAX: usize = 1 << 16;

/// Calls `each` with the number, counted from 1, and the bytes of every line that is not empty; `-` is
/// standard input. An error names the file and the line.
pub(super) fn for_each_line(
    path: &Path,
    mut each: impl FnMut(usize, &[u8]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let name = name_of(path);
    let mut reader: Box<dyn BufRead> = if is_stdin(path) {
        Box::new(io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(path).with_context(|| name.clone())?))
    };
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let mut bounded = (&mut reader).take(LINE_BYTES_MAX as u64 + 1);
        let read = bounded.read_until(b'\n', &mut line).with_context(|| name.clone())?;
        if read == 0 {
            break;
        }
        anyhow::ensure!(read <= LINE_BYTES_MAX, "{name}: line {number}: longer than {LINE_BYTES_MAX} bytes");
        if !line.trim_ascii().is_empty() {
            each(number, &line).with_context(|| format!("{name}: line {number}"))?;
        }
    }
    Ok(())
}

/// Whether the path stands for standard input.
pub(super) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// What to call it in a message.
pub(super) fn name_of(path: &Path) -> String {
    if is_stdin(path) { "standard input".to_owned() } else { path.display().to_string() }
}
