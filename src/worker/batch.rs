//! A folder of cases, checked one beside the other, with a verdict for each in the order of the
//! folders' names.
//!
//! Prints nothing, and reads no pixel: what checks a case is handed in. One bad case never stops
//! the run, and leaves no verdict, so that the next run tries it again.

use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::assessment_file::AssessmentFile;
use super::brief::{Brief, Tally};
use super::expected::Agreement;
use super::folders::{CaseEntry, CaseFolders, FoldersError, case_folders};
use super::ordered::for_each_in_order;
use super::verdict_file::{VerdictFile, VerdictFileError};
use crate::case::{Case, read_case};
use crate::evidence::Timings;
use crate::policy::Verdict;
use crate::report::{ProvenanceDocument, Timing, verdict_json};

/// Why a batch ended before its cases did.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// The folder is not a batch.
    #[error(transparent)]
    Folders(#[from] FoldersError),
    /// The verdicts cannot be kept.
    #[error(transparent)]
    Verdicts(#[from] VerdictFileError),
    /// The caller could not tell what happened (a closed pipe, a full disk), or no thread started.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// How a batch is run.
#[derive(Debug, Clone, Copy)]
pub struct Settings<'a> {
    /// Cases in flight at once; the bound on memory.
    pub in_flight: NonZeroUsize,
    /// Bytes read of one photo, and one more.
    pub photo_bytes_max: u64,
    /// Whether the verdicts say how long they took.
    pub timing: Timing,
    /// Set from outside to begin no further case.
    pub stop: &'a AtomicBool,
}

/// What became of a case, told in the order of the batch.
#[derive(Debug, Clone, Copy)]
pub enum Told<'a> {
    /// It has a verdict, already in the verdict file where there is one.
    Verdict {
        /// The verdict as one line of JSON.
        line: &'a str,
        /// The same in short.
        brief: &'a Brief,
    },
    /// It has none, for a reason that lies with the machine.
    Error {
        /// The case.
        case: &'a CaseEntry,
        /// What went wrong.
        message: &'a str,
    },
}

/// How a run went. Verdicts kept from an earlier run count in `tally` and `agreement`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// Cases in the folder.
    pub cases: usize,
    /// Verdicts that stood in the file already.
    pub kept: usize,
    /// Cases tried by this run.
    pub tried: usize,
    /// Cases tried that got no verdict.
    pub errors: usize,
    /// Cases not begun, because the run was stopped.
    pub left: usize,
    /// Decisions and codes of all verdicts.
    pub tally: Tally,
    /// How they agree with the `expected.json` of their cases.
    pub agreement: Agreement,
    /// Milliseconds by stage, summed over the verdicts of this run.
    pub timings: Timings,
}

/// A folder of cases on its way to verdicts.
#[derive(Debug)]
pub struct Batch {
    cases: Vec<CaseEntry>,
    skipped: usize,
    kept: Vec<(usize, Brief)>,
    file: Option<VerdictFile>,
    assessments: Option<AssessmentFile>,
}

impl Batch {
    /// Lists the cases in `folder`; reads no photo.
    ///
    /// # Errors
    /// The folder cannot be listed or holds no case.
    pub fn open(folder: &Path) -> Result<Self, FoldersError> {
        let CaseFolders { cases, skipped } = case_folders(folder)?;
        Ok(Self { cases, skipped, kept: Vec::new(), file: None, assessments: None })
    }

    /// Keeps the verdicts in `path`, and skips the cases whose verdicts stand there already.
    ///
    /// # Errors
    /// The file cannot be used, or holds something other than verdicts of these cases with the
    /// same `provenance`.
    pub fn keep_in(self, path: &Path, provenance: &ProvenanceDocument) -> Result<Self, VerdictFileError> {
        let (file, kept) = VerdictFile::open(path, &self.cases, provenance)?;
        Ok(Self { file: Some(file), kept, ..self })
    }

    /// Keeps what is measured in a file, too.
    ///
    /// # Errors
    /// The file cannot be used, or holds something else.
    pub fn keep_assessments_in(self, path: &Path) -> io::Result<Self> {
        Ok(Self { assessments: Some(AssessmentFile::open(path)?), ..self })
    }

    /// How many cases have no verdict yet.
    pub fn to_do(&self) -> usize {
        self.cases.len() - self.kept.len()
    }

    /// How many verdicts stood in the file already.
    pub fn kept(&self) -> usize {
        self.kept.len()
    }

    /// How many sub-folders were looked into and hold no case.
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    /// Checks every case that has no verdict yet. `tell` is called in the order of the
    /// batch.
    ///
    /// # Errors
    /// A verdict could not be written, or `tell` failed. What was written before stays.
    pub fn run<E: fmt::Display>(
        mut self,
        settings: Settings<'_>,
        check: impl Fn(&Case) -> Result<Verdict, E> + Sync,
        mut tell: impl FnMut(Told<'_>) -> io::Result<()>,
    ) -> Result<Report, BatchError> {
        let mut report = Report { cases: self.cases.len(), kept: self.kept.len(), ..Report::default() };
        let mut has_verdict = vec![false; self.cases.len()];
        for (place, brief) in &self.kept {
            has_verdict[*place] = true;
            report.tally.add(brief);
            let case = &self.cases[*place];
            report.agreement.add(&case.name(), &case.folder, Some(brief));
        }
        let to_do: Vec<&CaseEntry> = self.cases.iter().filter(|case| !has_verdict[case.place]).collect();
        let keeps = self.assessments.is_some();
        let work = |case: &&CaseEntry| checked(case, settings, &check, keeps);
        let sink = |case: &&CaseEntry, result| -> Result<(), BatchError> {
            let result: Result<Checked, String> = match result {
                Ok(result) => result,
                Err(panicked) => Err(format!("{panicked}")),
            };
            match &result {
                Ok(Checked { line, brief, timings, assessment }) => {
                    // Before the verdict: a case that has one has its measures, too.
                    if let (Some(file), Some(assessment)) = (&mut self.assessments, assessment) {
                        file.append(assessment)?;
                    }
                    if let Some(file) = &mut self.file {
                        file.append(case.place, line)?;
                    }
                    report.tally.add(brief);
                    report.timings.merge(timings);
                    tell(Told::Verdict { line, brief })?;
                }
                Err(message) => {
                    report.errors += 1;
                    tell(Told::Error { case, message })?;
                }
            }
            let brief = result.as_ref().ok().map(|checked| &checked.brief);
            report.agreement.add(&case.name(), &case.folder, brief);
            Ok(())
        };
        let tried = for_each_in_order(&to_do, settings.in_flight, settings.stop, work, sink)?;
        report.tried = tried;
        report.left = to_do.len() - tried;
        if let Some(file) = self.file {
            file.finish()?;
        }
        Ok(report)
    }
}

/// What is left of a verdict once its photos are gone.
struct Checked {
    line: String,
    brief: Brief,
    timings: Timings,
    /// The stored form of what was measured, where it is kept.
    assessment: Option<String>,
}

/// Reads a case and has it checked.
fn checked<E: fmt::Display>(
    entry: &CaseEntry,
    settings: Settings<'_>,
    check: impl Fn(&Case) -> Result<Verdict, E>,
    keeps: bool,
) -> Result<Checked, String> {
    if let Some(fault) = &entry.fault {
        return Err(fault.clone());
    }
    let case = read_case(&entry.folder, settings.photo_bytes_max).map_err(|e| e.to_string())?;
    if entry.case_id.as_ref() != Some(&case.case_id) {
        return Err("its case.json was changed during the run".to_owned());
    }
    let verdict = check(&case).map_err(|e| e.to_string())?;
    let line = verdict_json(&verdict, settings.timing);
    let assessment = keeps.then(|| AssessmentFile::line(&verdict.assessment));
    Ok(Checked { line, brief: Brief::from(&verdict), timings: verdict.timings, assessment })
}
