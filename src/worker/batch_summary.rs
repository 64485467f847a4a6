//! Verdicts and assessments, from files or from a queue, read into the numbers of one page.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::evidence::{Assessment, StoredAssessment};
use crate::policy::Policy;
use crate::queue::{Page, Queue, QueueError};
use crate::report::VerdictDocument;
use crate::report::html::BatchSummary;

/// A line longer than this is neither a verdict nor an assessment.
const LINE_BYTES_MAX: u64 = 4 << 20;

/// Cases read at once: a queue on servers is read through for each page.
const CASES_PER_PAGE: NonZeroUsize = NonZeroUsize::new(5000).expect("not zero");

/// Why a file or a queue cannot be summed up.
#[derive(Debug, thiserror::Error)]
pub enum SummaryError {
    /// It could not be read.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A line of it is something else.
    #[error("{path}, line {line}: {detail}", path = path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        detail: String,
    },
    /// The queue could not be read.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// A case of the queue has something else for a verdict.
    #[error("case {case_id}: {detail}")]
    Queued {
        /// The case.
        case_id: String,
        /// What is wrong with its verdict.
        detail: String,
    },
}

/// A verdict as a queue records it: the document as text, and when it was recorded.
#[derive(Deserialize)]
struct Recorded {
    document: String,
    recorded_ms: u64,
}

/// Adds every verdict of a file with one JSON object a line: verdicts as `batch -o` writes them, or
/// as a queue records them, with the time of each.
///
/// # Errors
/// The file cannot be read, or a line of it is no verdict.
pub fn add_verdicts(summary: &mut BatchSummary, path: &Path) -> Result<(), SummaryError> {
    each_line(path, |line| {
        let (verdict, recorded_ms) = match serde_json::from_str::<Recorded>(line) {
            Ok(recorded) => (serde_json::from_str(&recorded.document), Some(recorded.recorded_ms)),
            Err(_) => (serde_json::from_str::<VerdictDocument>(line), None),
        };
        let verdict = verdict.map_err(|error| format!("not a verdict: {error}"))?;
        summary.add(&verdict, recorded_ms);
        Ok(())
    })
}

/// Adds every verdict that a queue still holds, of every attempt, with the time at which it was recorded.
/// Returns how many there are of which a purge left no more than decision and codes.
///
/// # Errors
/// The queue cannot be read, or a verdict in it is of another form.
pub fn add_queue(summary: &mut BatchSummary, queue: &dyn Queue) -> Result<usize, SummaryError> {
    let (mut after, mut purged) = (None, 0);
    loop {
        let page = Page { bucket: None, after: after.as_deref(), max: CASES_PER_PAGE };
        let entries = queue.entries(page)?;
        let Some(last) = entries.last() else { return Ok(purged) };
        after = Some(last.case_id.clone());
        for entry in &entries {
            for note in entry.attempts.iter().filter_map(|attempt| attempt.verdict.as_ref()) {
                let Some(document) = &note.document else {
                    purged += 1;
                    continue;
                };
                let verdict = serde_json::from_str(document).map_err(|error| {
                    let detail = format!("not a verdict that this version reads: {error}");
                    SummaryError::Queued { case_id: entry.case_id.clone(), detail }
                })?;
                summary.add(&verdict, Some(note.recorded_ms));
            }
        }
    }
}

/// Adds the measures of every assessment of a file with one JSON object a line, or of every `.json`
/// file of a folder, as `check --assessment` writes them.
///
/// # Errors
/// A file cannot be read, or holds something else.
pub fn add_assessments(summary: &mut BatchSummary, path: &Path, policy: &Policy) -> Result<(), SummaryError> {
    let mut add = |text: &str| {
        let what =
            |error: &dyn std::fmt::Display| format!("not an assessment that this version reads: {error}");
        let stored: StoredAssessment = serde_json::from_str(text).map_err(|error| what(&error))?;
        let assessment = Assessment::try_from(stored).map_err(|error| what(&error))?;
        summary.add_measures(&assessment, policy);
        Ok(())
    };
    if !path.is_dir() {
        return each_line(path, add);
    }
    let io = |source| SummaryError::Io { path: path.to_owned(), source };
    let mut files: Vec<PathBuf> = fs::read_dir(path)
        .map_err(io)?
        .map(|entry| entry.map(|e| e.path()))
        .collect::<Result<_, _>>()
        .map_err(io)?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    for file in files {
        let text = super::read_plain(&file, LINE_BYTES_MAX).and_then(|bytes| {
            String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
        });
        let text = text.map_err(|source| SummaryError::Io { path: file.clone(), source })?;
        add(&text).map_err(|detail| SummaryError::Line { path: file, line: 1, detail })?;
    }
    Ok(())
}

/// Hands over every line but empty ones; what is wrong with one is told with its number.
fn each_line(path: &Path, mut add: impl FnMut(&str) -> Result<(), String>) -> Result<(), SummaryError> {
    let io = |source| SummaryError::Io { path: path.to_owned(), source };
    let mut file = BufReader::new(File::open(path).map_err(io)?);
    let mut text = String::new();
    for line in 1.. {
        text.clear();
        if file.by_ref().take(LINE_BYTES_MAX).read_line(&mut text).map_err(io)? == 0 {
            break;
        }
        if !text.trim().is_empty() {
            add(&text).map_err(|detail| SummaryError::Line { path: path.to_owned(), line, detail })?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Timings;
    use crate::policy::Verdict;
    use crate::policy::testing::good_case;
    use crate::report::{Timing, verdict_json};

    #[test]
    fn verdicts_records_and_assessments_are_counted_and_anything_else_is_named() {
        let policy = Policy::shipped();
        let assessment = good_case(2, 0.2);
        let stored = serde_json::to_string(&StoredAssessment::from(&assessment)).expect("plain data");
        let (judgement, policy_sha256) = (policy.decide(&assessment), policy.sha256());
        let verdict = Verdict { assessment, judgement, policy_sha256, timings: Timings::default() };
        let plain = verdict_json(&verdict, Timing::Untimed);
        let record = serde_json::json!({"decision": "pass", "document": plain, "recorded_ms": 5_000});
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).expect("a file in a temporary folder");
            path
        };
        let mut summary = BatchSummary::default();
        let verdicts = file("verdicts.jsonl", &format!("{plain}\n\n{record}\n"));
        add_verdicts(&mut summary, &verdicts).expect("verdicts");
        assert_eq!((summary.decisions.all(), &summary.recorded_s[..]), (2, &[5][..]));
        file("a.json", &stored);
        add_assessments(&mut summary, folder.path(), &policy).expect("one assessment");
        add_assessments(&mut summary, &file("b.jsonl", &format!("{stored}\n{stored}\n")), &policy)
            .expect("two");
        assert_eq!(summary.assessments, 3);
        let bad = file("bad.jsonl", &format!("{plain}\n{{}}\n"));
        let error = add_verdicts(&mut summary, &bad).expect_err("refused").to_string();
        assert!(error.contains("bad.jsonl, line 2: not a verdict"), "{error}");
        assert!(add_assessments(&mut summary, &verdicts, &policy).is_err());
    }
}
