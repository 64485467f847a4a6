//! The file a batch keeps its measures in, one JSON line for each case, form `realname.assessment/1`:
//! what the reviewer's desk decides again under other policies.
//!
//! Lines are only ever appended. A case that is checked again has a second line, and the later counts.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::evidence::{Assessment, StoredAssessment};

/// Bytes looked through for the end of the last whole line: more than any line has.
const TAIL_BYTES_MAX: u64 = 4 << 20;

/// An assessment file open for appending.
#[derive(Debug)]
pub struct AssessmentFile {
    path: PathBuf,
    file: File,
    len: u64,
}

impl AssessmentFile {
    /// Opens or creates the file. A last line that a crash cut off is removed.
    ///
    /// # Errors
    /// It cannot be read or written, or ends in something longer than a line can be.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let end = file.seek(SeekFrom::End(0))?;
        let start = end.saturating_sub(TAIL_BYTES_MAX);
        file.seek(SeekFrom::Start(start))?;
        let mut tail = Vec::new();
        (&file).take(TAIL_BYTES_MAX).read_to_end(&mut tail)?;
        let len = match tail.iter().rposition(|byte| *byte == b'\n') {
            Some(last) => start + last as u64 + 1,
            None if start == 0 => 0,
            None => return Err(io::Error::new(io::ErrorKind::InvalidData, "not a file of assessments")),
        };
        let torn = &tail[(len - start) as usize..];
        if !torn.is_empty() && !torn.starts_with(b"{") {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "not a file of assessments"));
        }
        file.set_len(len)?;
        file.seek(SeekFrom::Start(len))?;
        Ok(Self { path: path.to_owned(), file, len })
    }

    /// The line of an assessment, without its line end.
    pub fn line(assessment: &Assessment) -> String {
        let stored = StoredAssessment::from(assessment);
        serde_json::to_string(&stored).expect("plain data with string keys always serialises")
    }

    /// Appends a line. It is in the operating system's hands when this returns.
    ///
    /// # Errors
    /// It could not be written; the part that was is taken back.
    pub fn append(&mut self, line: &str) -> io::Result<()> {
        if let Err(error) = self.file.write_all(format!("{line}\n").as_bytes()) {
            self.file.set_len(self.len).ok();
            self.file.seek(SeekFrom::Start(self.len)).ok();
            return Err(io::Error::new(error.kind(), format!("{}: {error}", self.path.display())));
        }
        self.len += line.len() as u64 + 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_torn_line_is_cut_off_and_another_file_left_as_it_was() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("assessments.jsonl");
        fs::write(&path, "{\"a\":1}\n{\"b\"").expect("a new file");
        AssessmentFile::open(&path).expect("gone on with").append("{\"c\":3}").expect("space");
        assert_eq!(fs::read_to_string(&path).expect("a file"), "{\"a\":1}\n{\"c\":3}\n");
        fs::write(&path, "notes of mine").expect("space");
        assert!(AssessmentFile::open(&path).is_err());
        assert_eq!(fs::read_to_string(&path).expect("a file"), "notes of mine");
    }
}
