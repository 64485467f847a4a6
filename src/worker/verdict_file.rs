//! The file a batch writes its verdicts to, one JSON line for each, and goes on with after a stop.
//!
//! Lines are only ever appended, whole, and put in order at the very end; what stands in the file
//! is never lost, and a file that is something else is refused untouched.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::brief::Brief;
use super::folders::{CaseEntry, why_absent};
use super::whole_file::write_whole;
use crate::report::{ProvenanceDocument, VERDICT_SCHEMA, VerdictDocument};

/// A line longer than this is not a verdict.
const LINE_BYTES_MAX: u64 = 4 << 20;

/// How every line begins: tells a torn verdict from another file's last line.
const LINE_PREFIX: &[u8] = br#"{"schema":"realname.verdict/"#;

/// Why a file cannot be gone on with.
#[derive(Debug, thiserror::Error)]
pub enum VerdictFileError {
    /// It could not be read or written. What was written before is whole.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Another run holds it.
    #[error("{path}: another run is writing to it", path = path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// It does not hold verdicts of this batch.
    #[error("{path}, line {line}: {detail}; write to another file, or remove this one to begin again",
            path = path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        detail: String,
    },
}

/// A verdict file open for appending, held by this run alone.
#[derive(Debug)]
pub struct VerdictFile {
    path: PathBuf,
    file: File,
    /// A device or pipe: nothing to go on with, nothing to put in order.
    is_plain: bool,
    len: u64,
    lines: Vec<Line>,
}

/// Where a line lies, and its case's place in the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    place: usize,
    start: u64,
    len: u64,
}

impl VerdictFile {
    /// Opens or creates the file and reads the verdicts in it, with the place of each one's case
    /// in the batch, which is `cases`; `provenance` is that of the verdicts to come. A last line
    /// that was cut off by a crash is removed.
    ///
    /// # Errors
    /// The file cannot be read or written, another run holds it, or a line of it is not a verdict
    /// of this batch under the same models, policy and version.
    pub fn open(
        path: &Path,
        cases: &[CaseEntry],
        provenance: &ProvenanceDocument,
    ) -> Result<(Self, Vec<(usize, Brief)>), VerdictFileError> {
        let failed = |source| VerdictFileError::Io { path: path.to_owned(), source };
        let mut options = OpenOptions::new();
        let is_plain = fs::metadata(path).map_or(true, |about| about.is_file());
        let options = options.write(true).create(true).truncate(false).read(is_plain);
        let file = options.open(path).map_err(failed)?;
        let mut opened = Self { path: path.to_owned(), file, is_plain, len: 0, lines: Vec::new() };
        if !is_plain {
            return Ok((opened, Vec::new()));
        }
        match opened.file.try_lock() {
            // Some network file systems have no locks; the lock only guards against a mistake.
            Ok(()) | Err(TryLockError::Error(_)) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(VerdictFileError::InUse { path: path.to_owned() });
            }
        }
        let kept = opened.read_lines(cases, provenance)?;
        opened.file.set_len(opened.len).map_err(failed)?;
        opened.file.seek(SeekFrom::Start(opened.len)).map_err(failed)?;
        Ok((opened, kept))
    }

    /// Where a run keeps its queue: beside the file, be it reached by a link or not. `None` where there is
    /// nothing to go on with.
    pub fn queue_path(&self) -> Option<PathBuf> {
        let file = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        let mut name = file.into_os_string();
        name.push(".queue");
        self.is_plain.then(|| PathBuf::from(name))
    }

    fn read_lines(
        &mut self,
        cases: &[CaseEntry],
        provenance: &ProvenanceDocument,
    ) -> Result<Vec<(usize, Brief)>, VerdictFileError> {
        let failed = |source| VerdictFileError::Io { path: self.path.clone(), source };
        let end = end_without_nuls(&mut self.file).map_err(failed)?;
        let mut reader = BufReader::new((&self.file).take(end));
        let sound = cases.iter().filter(|case| case.fault.is_none());
        let places: HashMap<&str, usize> =
            sound.filter_map(|case| Some((case.case_id.as_deref()?, case.place))).collect();
        let (mut kept, mut bytes) = (Vec::new(), Vec::new());
        let mut seen = HashSet::new();
        loop {
            bytes.clear();
            reader.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut bytes).map_err(failed)?;
            if bytes.is_empty() {
                break;
            }
            let line = kept.len() + 1;
            let refused = |detail| VerdictFileError::Refused { path: self.path.clone(), line, detail };
            if !looks_like_a_verdict(&bytes) {
                return Err(refused("not a verdict".to_owned()));
            }
            let Some(text) = bytes.strip_suffix(b"\n") else {
                if bytes.len() as u64 == LINE_BYTES_MAX {
                    return Err(refused(format!("longer than {LINE_BYTES_MAX} bytes")));
                }
                break; // Torn: its case is checked again.
            };
            let verdict: VerdictDocument =
                serde_json::from_slice(text).map_err(|error| refused(error.to_string()))?;
            if verdict.schema != VERDICT_SCHEMA {
                return Err(refused(format!("schema `{}` is not `{VERDICT_SCHEMA}`", verdict.schema)));
            }
            let brief = Brief::from(&verdict);
            if let Some(difference) = provenance_difference(&verdict.provenance, provenance) {
                return Err(refused(format!("made by another {difference} than this run's")));
            }
            let Some(&place) = places.get(brief.case_id.as_str()) else {
                return Err(refused(why_absent(&brief.case_id, cases)));
            };
            if !seen.insert(place) {
                return Err(refused(format!("a second verdict for case `{}`", brief.case_id)));
            }
            let len = bytes.len() as u64;
            self.lines.push(Line { place, start: self.len, len });
            self.len += len;
            kept.push((place, brief));
        }
        Ok(kept)
    }

    /// Appends one verdict, `place` being that of its case in the batch. It is in the operating
    /// system's hands when this returns.
    ///
    /// # Errors
    /// The line could not be written, for want of space for instance; the part that was is taken
    /// back.
    pub fn append(&mut self, place: usize, line: &str) -> Result<(), VerdictFileError> {
        let whole = format!("{line}\n");
        if let Err(source) = self.file.write_all(whole.as_bytes()) {
            if self.is_plain {
                // Should this fail too, the next run cuts the torn line off.
                self.file.set_len(self.len).ok();
            }
            return Err(VerdictFileError::Io { path: self.path.clone(), source });
        }
        let len = whole.len() as u64;
        self.lines.push(Line { place, start: self.len, len });
        self.len += len;
        Ok(())
    }

    /// Brings the lines into the order of the batch, if a resumed run left them in another, and
    /// the file onto the disk.
    ///
    /// # Errors
    /// As [`append`](Self::append); the file then holds every verdict, in the order in which they
    /// were made.
    pub fn finish(mut self) -> Result<(), VerdictFileError> {
        if !self.is_plain {
            return Ok(());
        }
        let sorted = if self.lines.is_sorted() { self.file.sync_all() } else { self.rewrite_sorted() };
        sorted.map_err(|source| VerdictFileError::Io { path: self.path.clone(), source })
    }

    fn rewrite_sorted(&mut self) -> io::Result<()> {
        self.lines.sort_unstable();
        let (file, lines) = (&mut self.file, &self.lines);
        write_whole(&self.path, |out| {
            let mut bytes = Vec::new();
            for line in lines {
                bytes.resize(line.len as usize, 0);
                file.seek(SeekFrom::Start(line.start))?;
                file.read_exact(&mut bytes)?;
                out.write_all(&bytes)?;
            }
            Ok(())
        })
    }
}

/// Where the NULs at the end begin, which some file systems leave after a power cut; more of them
/// than a verdict can be long are no such thing and are left. The file is then read from its start.
fn end_without_nuls(file: &mut File) -> io::Result<u64> {
    let len = file.seek(SeekFrom::End(0))?;
    let start = len.saturating_sub(LINE_BYTES_MAX);
    file.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::new();
    (&*file).take(LINE_BYTES_MAX).read_to_end(&mut tail)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(match tail.iter().rposition(|byte| *byte != 0) {
        Some(last) => start + last as u64 + 1,
        None if start == 0 => 0,
        None => len,
    })
}

fn looks_like_a_verdict(line: &[u8]) -> bool {
    line.starts_with(LINE_PREFIX) || LINE_PREFIX.starts_with(line)
}

/// The parts of the provenance that differ, by name; `None` where all are equal.
fn provenance_difference(theirs: &ProvenanceDocument, ours: &ProvenanceDocument) -> Option<String> {
    let ProvenanceDocument { version, models, policy, runtime } = ours;
    let parts = [
        ("version", theirs.version != *version),
        ("set of models", theirs.models != *models),
        ("policy", theirs.policy != *policy),
        ("runtime", theirs.runtime != *runtime),
    ];
    let differing: Vec<&str> =
        parts.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect();
    (!differing.is_empty()).then(|| differing.join(" and "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const IDS: [&str; 3] = ["a", "b", "c"];

    fn cases() -> Vec<CaseEntry> {
        let entry = |(place, id): (usize, &&str)| {
            let (folder, case_id) = (PathBuf::from(id), Some((*id).to_owned()));
            CaseEntry { place, folder, case_id, fault: None }
        };
        IDS.iter().enumerate().map(entry).collect()
    }

    fn ours() -> ProvenanceDocument {
        let text = |text: &str| text.to_owned();
        let models = [(text("face"), text("f0"))].into();
        ProvenanceDocument { version: text("1"), models, policy: text("p"), runtime: text("r") }
    }

    fn line(id: &str) -> String {
        let comparison = json!({"distance": null, "distance_fmr": null, "threshold": 0.3, "fmr": 1e-4,
                                "review_threshold": null, "model": "embedding", "frames": []});
        let verdict = json!({"schema": VERDICT_SCHEMA, "case_id": id, "decision": "pass",
                             "status": "verified", "findings": [], "comparison": comparison,
                             "liveness": {"score": null, "threshold": null, "frames": []},
                             "provenance": ours()});
        verdict.to_string()
    }

    fn open(path: &Path) -> Result<(VerdictFile, Vec<(usize, Brief)>), VerdictFileError> {
        VerdictFile::open(path, &cases(), &ours())
    }

    fn lines(ids: &[&str]) -> String {
        ids.iter().map(|id| line(id) + "\n").collect()
    }

    #[test]
    fn a_torn_line_is_cut_off_and_the_rest_put_in_order_at_the_end() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("out.jsonl");
        fs::write(&path, lines(&["a", "c"]) + &line("b")[..40]).expect("a new file");
        let (mut file, kept) = open(&path).expect("to go on");
        assert_eq!(kept.iter().map(|(place, _)| *place).collect::<Vec<_>>(), [0, 2]);
        assert_eq!(fs::read_to_string(&path).expect("a file"), lines(&["a", "c"]));
        file.append(1, &line("b")).expect("space");
        assert_eq!(fs::read_to_string(&path).expect("a file"), lines(&["a", "c", "b"]));
        file.finish().expect("space");
        assert_eq!(fs::read_to_string(&path).expect("a file"), lines(&IDS));
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn nuls_that_a_power_cut_left_at_the_end_are_cut_off() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("out.jsonl");
        for (whole, torn) in [
            (lines(&["a", "b"]), "\0".repeat(9000)),
            (lines(&["a"]), line("b")[..40].to_owned() + "\0\0\0"),
            (String::new(), "\0".repeat(100)),
        ] {
            fs::write(&path, whole.clone() + &torn).expect("a new file");
            let (_, kept) = open(&path).expect("to go on");
            assert_eq!(kept.len(), whole.lines().count());
            assert_eq!(fs::read_to_string(&path).expect("a file"), whole);
        }
        // NULs between verdicts are not the end of anything.
        let amid = lines(&["a"]) + "\0\0" + &lines(&["b"]);
        fs::write(&path, &amid).expect("a new file");
        assert!(open(&path).expect_err("damaged").to_string().contains("line 2"));
        assert_eq!(fs::read_to_string(&path).expect("a file"), amid);
    }

    #[test]
    fn another_file_is_refused_and_left_as_it_was() {
        let other = line("a").replace("\"policy\":\"p\"", "\"policy\":\"q\"");
        let rows = [
            ("hello".to_owned(), "not a verdict"),
            ("{\"schema\":\"else\"}\n".to_owned(), "not a verdict"),
            (lines(&["a"]) + "notes", "line 2: not a verdict"),
            ("{\"schema\":\"realname.verdict/1\"}\n".to_owned(), "missing field"),
            (other + "\n", "another policy"),
            (lines(&["a", "a"]), "second verdict"),
            (lines(&["z"]), "no folder any more"),
        ];
        for (text, expected) in rows {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let path = folder.path().join("out.jsonl");
            fs::write(&path, &text).expect("a new file");
            let refused = open(&path).expect_err(expected).to_string();
            assert!(refused.contains(expected), "{refused}");
            assert_eq!(fs::read_to_string(&path).expect("a file"), text);
        }
    }

    #[test]
    fn two_runs_do_not_share_a_file() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("out.jsonl");
        let held = open(&path).expect("a new file");
        assert!(matches!(open(&path), Err(VerdictFileError::InUse { .. })));
        drop(held);
        assert!(open(&path).is_ok());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error_that_names_the_file() {
        let (mut file, kept) = open(Path::new("/dev/full")).expect("a device");
        assert!(kept.is_empty());
        let error = file.append(0, &line("a")).expect_err("no space").to_string();
        assert!(error.starts_with("/dev/full"), "{error}");
    }
}
