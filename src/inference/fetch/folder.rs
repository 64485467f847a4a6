//! The files of a folder given with `--from`, found by their digest.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::inference::{InferenceError, Sha256};

/// A folder of model files may be deep, but not endless.
const DEPTH_MAX: usize = 8;

/// Every file of a folder and below by its digest.
pub(super) struct Index {
    folder: PathBuf,
    files: BTreeMap<Sha256, PathBuf>,
    wheel_folders: BTreeSet<PathBuf>,
}

impl Index {
    pub(super) fn of(folder: &Path) -> Result<Self, InferenceError> {
        let folder = std::path::absolute(folder).map_err(InferenceError::io("read", folder))?;
        let mut index =
            Self { folder: folder.clone(), files: BTreeMap::new(), wheel_folders: BTreeSet::new() };
        index.add(&folder, DEPTH_MAX)?;
        Ok(index)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn find(&self, sha256: Sha256) -> Option<PathBuf> {
        self.files.get(&sha256).cloned()
    }

    /// The folders that hold wheels, for pip.
    pub(super) fn wheel_folders(&self) -> &BTreeSet<PathBuf> {
        &self.wheel_folders
    }

    fn add(&mut self, folder: &Path, depth_left: usize) -> Result<(), InferenceError> {
        let entries = fs::read_dir(folder).map_err(InferenceError::io("read", folder))?;
        for entry in entries {
            let path = entry.map_err(InferenceError::io("read", folder))?.path();
            // Links are followed to files, not to folders: a link may lead back up.
            if path.is_dir() {
                if depth_left > 0 && !path.is_symlink() {
                    self.add(&path, depth_left - 1)?;
                }
            } else if path.is_file() {
                let sha256 = Sha256::of_file(&path).map_err(InferenceError::io("read", &path))?;
                if path.extension().is_some_and(|extension| extension == "whl") {
                    self.wheel_folders.insert(folder.to_owned());
                }
                self.files.insert(sha256, path);
            }
        }
        Ok(())
    }
}
