//! Reads files that somebody else put there: plain files only, and no more of them than a bound.
//!
//! A pipe would be waited for, a device has no end, and neither can be read twice.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// Opens a plain file for reading.
///
/// # Errors
/// It cannot be opened, or is a pipe, a device or a folder.
pub(super) fn open_plain(path: &Path) -> io::Result<File> {
    // Before it is opened, because to open a pipe is to wait for who writes to it.
    if !fs::metadata(path)?.is_file() {
        let what = "not a plain file; a pipe or device has to be saved to a file first";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
    }
    File::open(path)
}

/// The bytes of a plain file that has at most `bytes_max` of them.
///
/// # Errors
/// As those of opening it; it cannot be read, or is larger.
pub fn read_plain(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // What a file says of its size need not be so (`/proc`), what is read of it is.
    open_plain(path)?.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("more than {bytes_max} bytes")));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_its_bound_and_no_further() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("file");
        fs::write(&path, "1234").expect("a new file");
        assert_eq!(read_plain(&path, 4).expect("as large as may be"), b"1234");
        let refused = read_plain(&path, 3).expect_err("one byte too many").to_string();
        assert_eq!(refused, "more than 3 bytes");
        assert!(read_plain(folder.path(), 4).expect_err("a folder").to_string().contains("plain file"));
    }
}
