//! The cases of a batch: every sub-folder of a folder that holds one.
//!
//! Reads names and case files, no photo.

use std::collections::BTreeMap;
use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};

use crate::case::{CaseError, CaseFolder};

/// A folder of cases, listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseFolders {
    /// The cases, in the order of their folders' names.
    pub cases: Vec<CaseEntry>,
    /// How many sub-folders were looked into and hold no case.
    pub skipped: usize,
}

/// A sub-folder that holds a case, or something that was meant to be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseEntry {
    /// Its place in the order of the batch, counted from 0.
    pub place: usize,
    /// Where it lies.
    pub folder: PathBuf,
    /// The case's name; `None` where it cannot be known.
    pub case_id: Option<String>,
    /// Why it cannot be checked: an error of that case alone, reported when its turn comes.
    pub fault: Option<String>,
}

impl CaseEntry {
    /// What to call the case in a message: its name, or that of its folder where it has none of
    /// its own.
    pub fn name(&self) -> String {
        match (&self.case_id, &self.fault) {
            (Some(case_id), None) => case_id.clone(),
            (_, Some(_)) | (None, _) => self.folder_name(),
        }
    }

    /// What the case is known by where it can be checked; no other such case of the batch has it.
    pub(super) fn id(&self) -> Option<&str> {
        self.case_id.as_deref().filter(|_| self.fault.is_none())
    }

    fn folder_name(&self) -> String {
        self.folder.file_name().unwrap_or(self.folder.as_os_str()).to_string_lossy().into_owned()
    }
}

/// Why a folder is not a batch.
#[derive(Debug, thiserror::Error)]
pub enum FoldersError {
    /// The folder could not be listed.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// None of its sub-folders holds a case.
    #[error("{path}: no case in any sub-folder; `realname check` takes a single case", path = path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
}

/// The cases under `folder`. Sub-folders without a `case.json` and without photos are passed over;
/// one that cannot be looked into is an entry with a fault, and so are all cases of one id.
///
/// # Errors
/// The folder cannot be listed or holds no case.
pub fn case_folders(folder: &Path) -> Result<CaseFolders, FoldersError> {
    let failed = |source| FoldersError::Io { path: folder.to_owned(), source };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if is_or_may_be_folder(&entry) {
            paths.push(entry.path());
        }
    }
    paths.sort();
    let mut found = CaseFolders { cases: Vec::new(), skipped: 0 };
    for folder in paths {
        let (case_id, fault) = match CaseFolder::open(&folder) {
            Ok(case) => (Some(case.case_id), None),
            Err(CaseError::NoCase { .. }) => match unseen(&folder) {
                Some(fault) => (None, Some(fault)),
                None => {
                    found.skipped += 1;
                    continue;
                }
            },
            Err(error @ (CaseError::Io { .. } | CaseError::Form { .. } | CaseError::Ambiguous { .. })) => {
                (None, Some(error.to_string()))
            }
        };
        found.cases.push(CaseEntry { place: found.cases.len(), folder, case_id, fault });
    }
    if found.cases.is_empty() {
        return Err(FoldersError::Empty { path: folder.to_owned() });
    }
    refuse_shared_ids(&mut found.cases);
    Ok(found)
}

/// Whether it is a folder, or a link to something that cannot be asked what it is.
fn is_or_may_be_folder(entry: &DirEntry) -> bool {
    match entry.file_type() {
        Ok(kind) if kind.is_dir() => true,
        Ok(kind) if kind.is_file() => false,
        Ok(_) | Err(_) => match fs::metadata(entry.path()) {
            Ok(about) => about.is_dir(),
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        },
    }
}

/// Why a folder that seems to hold no case may hold one: what is in it cannot be looked at.
fn unseen(folder: &Path) -> Option<String> {
    let document = folder.join("case.json");
    match fs::symlink_metadata(&document) {
        Ok(_) => Some(format!("{}: a link that leads nowhere", document.display())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => Some(format!("{}: {error}", folder.display())),
    }
}

/// Cases of one id cannot be told apart by their verdicts, so none of them is checked.
fn refuse_shared_ids(cases: &mut [CaseEntry]) {
    let mut of_id: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for case in &*cases {
        if let Some(case_id) = &case.case_id {
            of_id.entry(case_id.clone()).or_default().push(case.place);
        }
    }
    for (case_id, places) in of_id.into_iter().filter(|(_, places)| places.len() > 1) {
        let faults = places.iter().map(|own| {
            let others = places.iter().filter(|place| *place != own);
            // As `Debug` shows it: two names that are no text must not look the same.
            let others = listed(others.map(|place| format!("{:?}", cases[*place].folder)));
            format!("case id `{case_id}` is also in {others}; a batch needs one id for each case")
        });
        let faults: Vec<String> = faults.collect();
        for (place, fault) in places.iter().zip(faults) {
            cases[*place].fault = Some(fault);
        }
    }
}

/// Why no case of that id can be checked, and what to do about it.
pub(super) fn why_absent(case_id: &str, cases: &[CaseEntry]) -> String {
    let faulty = || cases.iter().filter_map(|case| case.fault.as_ref().map(|fault| (case, fault)));
    let is_it = |case: &CaseEntry| {
        case.case_id.as_deref().map_or_else(|| case.folder_name() == case_id, |id| id == case_id)
    };
    if let Some((case, fault)) = faulty().find(|(case, _)| is_it(case)) {
        return format!(
            "case `{case_id}` in {:?} has a verdict and cannot be read: {fault}; mend it",
            case.folder
        );
    }
    let mut why = format!("case `{case_id}` has a verdict and no folder any more; put it back");
    let unknown = listed(
        faulty().filter(|(case, _)| case.case_id.is_none()).map(|(case, _)| format!("{:?}", case.folder)),
    );
    if !unknown.is_empty() {
        why += &format!(", or mend what it may be in and cannot be read ({unknown})");
    }
    why
}

/// The first few, and how many more there are.
fn listed(mut names: impl Iterator<Item = String>) -> String {
    const NAMES_MAX: usize = 3;
    let mut text = names.by_ref().take(NAMES_MAX).collect::<Vec<_>>().join(", ");
    let more = names.count();
    if more > 0 {
        text += &format!(" and {more} more");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch_of(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a file in a folder")).expect("a new folder");
            fs::write(path, text).expect("a new file");
        }
        folder
    }

    #[test]
    fn sub_folders_are_sorted_and_those_without_a_case_passed_over() {
        let id = r#"{"schema":"realname.case/1","case_id":"first-by-id"}"#;
        let folder = batch_of(&[
            ("b/front.jpg", ""),
            ("a/case.json", id),
            ("c/notes.txt", ""),
            ("d/case.json", "{"),
            ("front.jpg", ""),
        ]);
        let CaseFolders { cases, skipped } = case_folders(folder.path()).expect("three cases");
        assert_eq!(cases.iter().map(CaseEntry::name).collect::<Vec<_>>(), ["first-by-id", "b", "d"]);
        assert_eq!((cases[2].case_id.as_deref(), skipped), (None, 1));
    }

    #[test]
    fn a_folder_without_cases_is_an_error() {
        let folder = batch_of(&[("front.jpg", "")]);
        assert!(matches!(case_folders(folder.path()), Err(FoldersError::Empty { .. })));
        let absent = folder.path().join("absent");
        assert!(matches!(case_folders(&absent), Err(FoldersError::Io { .. })));
    }
}
