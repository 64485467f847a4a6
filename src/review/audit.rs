//! The audit log of a desk: what a reviewer did, one JSON line for each act, form `realname.audit/1`.
//!
//! Lines are only ever appended, each on the disk before what it tells of takes effect, and each
//! names the sha256 of the line before it: a line that was changed, left out or put in between breaks
//! the chain, and the log is refused. That the newest lines are all there it cannot tell.
//!
//! A note may hold whatever the reviewer wrote, so the log is to be kept like the photos.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The form that this version writes and reads.
pub const AUDIT_SCHEMA: &str = "realname.audit/1";

/// A line longer than this is none of ours: a note is far shorter.
const LINE_BYTES_MAX: u64 = 64 << 10;

/// Stands for the line before the first.
const NO_LINE: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Why a log cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// It could not be read or written.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Another desk writes to it.
    #[error("{path}: another `realname review` is writing to it", path = path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// It was changed, or is no audit log.
    #[error("{path}, line {line}: {detail}; keep the file as evidence and name another place with --state",
            path = path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong.
        detail: &'static str,
    },
}

/// What a reviewer did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Accepted a case.
    Approve,
    /// Refused a case.
    Reject,
    /// Asked for other photos.
    Retake,
    /// Looked at a case's photos, masked.
    Look,
    /// Looked at names, numbers and photos as they are.
    Unmask,
    /// Had a case measured again.
    Rerun,
    /// Made a case of photos.
    NewCase,
    /// Stored a policy.
    SavePolicy,
    /// What the line before tells of was refused and did not take effect.
    Refused,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditLine {
    /// Always `realname.audit/1`.
    pub schema: String,
    /// Counted from 1.
    pub number: u64,
    /// When, UTC, RFC 3339.
    pub at: String,
    /// Who, by the name that the desk was started with.
    pub who: String,
    /// What they did.
    pub act: Act,
    /// To which case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case_id: Option<String>,
    /// Why, in their words; or the particulars of the act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Sha256 of the line before, without its line end; zeros for the first.
    pub previous: String,
}

/// A log open for appending, held by one process.
#[derive(Debug)]
pub struct AuditLog {
    path: PathBuf,
    file: File,
    lines: Vec<AuditLine>,
    last_sha256: String,
    len: u64,
}

impl AuditLog {
    /// Opens or creates a log and checks its chain. A last line that a crash cut off told of nothing
    /// that took effect, and is removed.
    ///
    /// # Errors
    /// It cannot be read, another desk holds it, or the chain is broken.
    pub fn open(path: &Path) -> Result<Self, AuditError> {
        let failed = |source| AuditError::Io { path: path.to_owned(), source };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(AuditError::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let mut log =
            Self { path: path.to_owned(), file, lines: Vec::new(), last_sha256: NO_LINE.to_owned(), len: 0 };
        log.read()?;
        log.file.set_len(log.len).map_err(failed)?;
        log.file.seek(SeekFrom::Start(log.len)).map_err(failed)?;
        Ok(log)
    }

    fn read(&mut self) -> Result<(), AuditError> {
        let mut reader = BufReader::new(&self.file);
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            let read = reader.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut bytes);
            read.map_err(|source| AuditError::Io { path: self.path.clone(), source })?;
            let line = self.lines.len() + 1;
            let broken = |detail| AuditError::Broken { path: self.path.clone(), line, detail };
            let Some(text) = bytes.strip_suffix(b"\n") else {
                let torn = bytes.is_empty() || bytes.starts_with(b"{\"schema\":\"realname.audit/");
                let cut_off = torn || b"{\"schema\":\"realname.audit/".starts_with(&bytes);
                let whole = (bytes.len() as u64) < LINE_BYTES_MAX;
                return if cut_off && whole { Ok(()) } else { Err(broken("not a line of an audit log")) };
            };
            let parsed: AuditLine =
                serde_json::from_slice(text).map_err(|_| broken("not a line of an audit log"))?;
            if parsed.schema != AUDIT_SCHEMA {
                return Err(broken("a line of another form"));
            }
            if parsed.previous != self.last_sha256 || parsed.number != line as u64 {
                return Err(broken("the chain is broken: a line before it was changed or is missing"));
            }
            self.last_sha256 = sha256(text);
            self.len += bytes.len() as u64;
            self.lines.push(parsed);
        }
    }

    /// Appends a line; it is on the disk when this returns.
    ///
    /// # Errors
    /// It could not be written; what it would have told of must not take effect.
    pub fn append(
        &mut self,
        who: &str,
        at: String,
        act: Act,
        case_id: Option<&str>,
        note: Option<&str>,
    ) -> Result<&AuditLine, AuditError> {
        let line = AuditLine {
            schema: AUDIT_SCHEMA.to_owned(),
            number: self.lines.len() as u64 + 1,
            at,
            who: who.to_owned(),
            act,
            case_id: case_id.map(str::to_owned),
            note: note.map(str::to_owned),
            previous: self.last_sha256.clone(),
        };
        let json = serde_json::to_string(&line).expect("plain data with string keys always serialises");
        let written =
            self.file.write_all(format!("{json}\n").as_bytes()).and_then(|()| self.file.sync_data());
        if let Err(source) = written {
            // Should this fail too, the next start cuts the torn line off.
            self.file.set_len(self.len).ok();
            self.file.seek(SeekFrom::Start(self.len)).ok();
            return Err(AuditError::Io { path: self.path.clone(), source });
        }
        self.len += json.len() as u64 + 1;
        self.last_sha256 = sha256(json.as_bytes());
        self.lines.push(line);
        Ok(self.lines.last().expect("just pushed"))
    }

    /// Every line, oldest first.
    pub fn lines(&self) -> &[AuditLine] {
        &self.lines
    }

    /// The lines about one case, oldest first.
    pub fn of_case(&self, case_id: &str) -> impl Iterator<Item = &AuditLine> {
        self.lines.iter().filter(move |line| line.case_id.as_deref() == Some(case_id))
    }
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn three_lines(path: &Path) {
        let mut log = AuditLog::open(path).expect("a new file");
        for (act, note) in
            [(Act::Unmask, None), (Act::Approve, Some("号码可辨")), (Act::Reject, Some("a\nb"))]
        {
            log.append("li.lei", "2026-11-20T10:00:00Z".to_owned(), act, Some("c-1"), note).expect("space");
        }
    }

    #[test]
    fn what_was_appended_is_read_again_and_gone_on_with() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("audit.jsonl");
        three_lines(&path);
        assert!(matches!(AuditLog::open(&path).map(|log| log.lines().len()), Ok(3)));
        // A crash in the middle of the fourth line.
        let before = fs::read(&path).expect("a file");
        fs::write(&path, [&before[..], b"{\"schema\":\"realname.audit/1\",\"num"].concat()).expect("space");
        let mut log = AuditLog::open(&path).expect("gone on with");
        assert_eq!(log.lines().len(), 3);
        let number = log.append("x", String::new(), Act::Rerun, None, None).expect("space").number;
        assert_eq!((number, log.of_case("c-1").count()), (4, 3));
    }

    #[test]
    fn a_line_changed_left_out_or_moved_is_noticed() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("audit.jsonl");
        three_lines(&path);
        let text = fs::read_to_string(&path).expect("a file");
        let lines: Vec<&str> = text.lines().collect();
        for changed in [
            text.replace("approve", "reject"),
            format!("{}\n{}\n", lines[0], lines[2]),
            format!("{}\n{}\n", lines[1], lines[2]),
            format!("{}\n{}\n{}\n", lines[1], lines[0], lines[2]),
            format!("notes\n{text}"),
        ] {
            fs::write(&path, &changed).expect("space");
            assert!(matches!(AuditLog::open(&path), Err(AuditError::Broken { .. })), "{changed}");
            assert_eq!(fs::read_to_string(&path).expect("a file"), changed, "kept as evidence");
        }
    }

    #[test]
    fn two_desks_do_not_share_a_log() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("audit.jsonl");
        let _held = AuditLog::open(&path).expect("a new file");
        assert!(matches!(AuditLog::open(&path), Err(AuditError::InUse { .. })));
    }
}
