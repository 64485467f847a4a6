//! The cases of a batch: every sub-folder of a folder that holds one.
//!
//! Reads names and case files, no photo.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::case::{CaseError, CaseFolder};

/// A sub-folder that holds a case, or something that was meant to be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseEntry {
    /// Its place in the order of the batch, counted from 0.
    pub place: usize,
    /// Where it lies.
    pub folder: PathBuf,
    /// The case's name; `None` where its `case.json` cannot be read, which is an error of that
    /// case alone and is reported when its turn comes.
    pub case_id: Option<String>,
}

impl CaseEntry {
    /// What to call the case in a message: its name, or that of its folder.
    pub fn name(&self) -> String {
        self.case_id.clone().unwrap_or_else(|| {
            self.folder.file_name().unwrap_or(self.folder.as_os_str()).to_string_lossy().into_owned()
        })
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
    /// Two folders hold a case of the same name.
    #[error("case id `{case_id}` is in both {first} and {second}; a batch needs one id for each case",
            first = first.display(), second = second.display())]
    DuplicateId {
        /// The name.
        case_id: String,
        /// One folder.
        first: PathBuf,
        /// The other folder.
        second: PathBuf,
    },
}

/// The cases under `folder`, in the order of their folders' names. Sub-folders without a
/// `case.json` and without photos are passed over.
///
/// # Errors
/// The folder cannot be listed, holds no case, or holds two of the same id.
pub fn case_folders(folder: &Path) -> Result<Vec<CaseEntry>, FoldersError> {
    let failed = |source| FoldersError::Io { path: folder.to_owned(), source };
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.path().is_dir() {
            names.push(entry.file_name());
        }
    }
    names.sort();
    let mut seen: BTreeMap<String, PathBuf> = BTreeMap::new();
    let mut cases = Vec::new();
    for name in names {
        let folder = folder.join(name);
        let case_id = match CaseFolder::open(&folder) {
            Ok(case) => Some(case.case_id),
            Err(CaseError::NoCase { .. }) => continue,
            Err(CaseError::Io { .. } | CaseError::Form { .. } | CaseError::Ambiguous { .. }) => None,
        };
        if let Some(case_id) = &case_id
            && let Some(first) = seen.insert(case_id.clone(), folder.clone())
        {
            return Err(FoldersError::DuplicateId { case_id: case_id.clone(), first, second: folder });
        }
        cases.push(CaseEntry { place: cases.len(), folder, case_id });
    }
    if cases.is_empty() {
        return Err(FoldersError::Empty { path: folder.to_owned() });
    }
    Ok(cases)
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
        let cases = case_folders(folder.path()).expect("three cases");
        assert_eq!(cases.iter().map(CaseEntry::name).collect::<Vec<_>>(), ["first-by-id", "b", "d"]);
        assert_eq!(cases[2].case_id, None);
    }

    #[test]
    fn the_same_id_twice_names_both_folders() {
        let folder = batch_of(&[
            ("one/case.json", r#"{"schema":"realname.case/1","case_id":"two"}"#),
            ("two/back.png", ""),
        ]);
        let refused = case_folders(folder.path()).expect_err("the id stands twice").to_string();
        assert!(
            refused.contains("`two`") && refused.contains("/one") && refused.contains("/two"),
            "{refused}"
        );
    }

    #[test]
    fn a_folder_without_cases_is_an_error() {
        let folder = batch_of(&[("front.jpg", "")]);
        assert!(matches!(case_folders(folder.path()), Err(FoldersError::Empty { .. })));
        let absent = folder.path().join("absent");
        assert!(matches!(case_folders(&absent), Err(FoldersError::Io { .. })));
    }
}
