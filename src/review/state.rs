//! What a desk keeps between two starts, in a folder of its own: the audit log, what was measured,
//! saved policies, new cases. And the files beside it that it reads: verdicts of a batch.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::table::CASES_MAX;
use crate::evidence::{Assessment, StoredAssessment};
use crate::replay::Recorded;
use crate::report::VerdictDocument;

/// A line longer than this is neither a verdict nor an assessment.
const LINE_BYTES_MAX: u64 = 4 << 20;

/// Assessments that the file may hold for each case: it is only ever appended to.
const TIMES_MEASURED_MAX: usize = 20;

/// Where a desk keeps things.
#[derive(Debug, Clone)]
pub(super) struct State {
    folder: PathBuf,
}

/// An assessment and the attempt that it is of.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MeasuredLine {
    attempt: u32,
    assessment: StoredAssessment,
}

impl State {
    /// Makes the folder where there is none; nobody else may look into it.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
        for below in ["new", "policies"] {
            builder.create(folder.join(below))?;
        }
        Ok(Self { folder: folder.to_owned() })
    }

    pub(super) fn audit(&self) -> PathBuf {
        self.folder.join("audit.jsonl")
    }

    pub(super) fn new_cases(&self) -> PathBuf {
        self.folder.join("new")
    }

    pub(super) fn policy(&self, name: &str) -> PathBuf {
        self.folder.join("policies").join(format!("{name}.toml"))
    }

    fn measured(&self) -> PathBuf {
        self.folder.join("assessments.jsonl")
    }

    /// Keeps what was measured.
    pub(super) fn keep(&self, attempt: u32, assessment: &Assessment) -> io::Result<()> {
        let line = MeasuredLine { attempt, assessment: assessment.into() };
        let mut json = serde_json::to_string(&line).map_err(io::Error::other)?;
        json.push('\n');
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(self.measured())?.write_all(json.as_bytes())
    }

    /// Everything that was measured, oldest first. A last line that was cut off is passed over, and
    /// so is what another version wrote in a form of its own: it can be measured again.
    pub(super) fn kept(&self, mut tell: impl FnMut(u32, Assessment)) -> io::Result<()> {
        let path = self.measured();
        if !path.exists() {
            return Ok(());
        }
        for_each_line(&path, CASES_MAX * TIMES_MEASURED_MAX, |line| {
            let Ok(MeasuredLine { attempt, assessment }) = serde_json::from_slice(line) else {
                return Ok(());
            };
            if let Ok(assessment) = Assessment::try_from(assessment) {
                tell(attempt, assessment);
            }
            Ok(())
        })
    }
}

/// The verdicts in a file of `realname batch`.
pub(super) fn verdicts(path: &Path, mut tell: impl FnMut(VerdictDocument)) -> io::Result<()> {
    for_each_line(path, CASES_MAX, |line| {
        let text = std::str::from_utf8(line).map_err(|_| "not text".to_owned())?;
        tell(Recorded::from_verdict(text)?.verdict);
        Ok(())
    })
}

/// The assessments in a file of `realname batch --assessments`.
pub(super) fn assessments(path: &Path, mut tell: impl FnMut(Assessment)) -> io::Result<()> {
    for_each_line(path, CASES_MAX, |line| {
        let stored: StoredAssessment = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        tell(Assessment::try_from(stored).map_err(|error| error.to_string())?);
        Ok(())
    })
}

/// Whole lines of a plain file, within bounds; errors name the file and the line.
fn for_each_line(
    path: &Path,
    lines_max: usize,
    mut take: impl FnMut(&[u8]) -> Result<(), String>,
) -> io::Result<()> {
    let failed = |line: usize, detail: &str| {
        io::Error::new(io::ErrorKind::InvalidData, format!("{}, line {line}: {detail}", path.display()))
    };
    if !fs::metadata(path)?.is_file() {
        return Err(failed(0, "not a plain file"));
    }
    let mut reader = BufReader::new(File::open(path)?);
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        reader.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut bytes)?;
        let Some(text) = bytes.strip_suffix(b"\n") else {
            let too_long = bytes.len() as u64 == LINE_BYTES_MAX;
            return if too_long { Err(failed(line, "too long")) } else { Ok(()) };
        };
        if line > lines_max {
            return Err(failed(line, &format!("more than {lines_max} lines")));
        }
        take(text).map_err(|detail| failed(line, &detail))?;
    }
    Ok(())
}
