//! Where models live on this machine: one folder for all clones of the program. Says what is
//! installed, checks it, removes it, and installs a finished file in one step. Fetches nothing.
//!
//! ```text
//! <home>/models/<name>-<first 16 digits of the sha256>.<extension>
//! <home>/downloads/   files on their way, kept until what is made of them is installed
//! <home>/sources/     the small files that models were converted from
//! <home>/staging/     work in progress, emptied before and after
//! <home>/lock         held while fetching or removing
//! ```

use std::borrow::Cow;
use std::env;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::{Artifact, InferenceError, Sha256, Supply};

/// The folder that holds models, the runtime library and downloads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    home: PathBuf,
}

/// How an artefact stands in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is part of the program, with the digest of the manifest.
    BuiltIn,
    /// There is no file.
    Missing,
    /// The file has the digest of the manifest.
    Installed,
    /// There is a file, or a part of the program, with another digest.
    Damaged(Sha256),
}

impl Store {
    /// A store in this folder, which need not exist yet.
    #[must_use]
    pub fn at(home: impl Into<PathBuf>) -> Self {
        Self { home: home.into() }
    }

    /// The store of this user: `REALNAME_HOME`, or `realname` in the user's cache directory.
    ///
    /// # Errors
    /// When the environment names neither.
    pub fn from_environment() -> Result<Self, InferenceError> {
        home_from(|key| env::var_os(key).filter(|value| !value.is_empty()).map(PathBuf::from))
            .map(Self::at)
            .ok_or(InferenceError::NoHome)
    }

    /// The folder itself.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Where an artefact is or would be, if it is none that is built in.
    #[must_use]
    pub fn path_of(&self, artifact: &Artifact) -> PathBuf {
        let extension = Path::new(&artifact.file)
            .extension()
            .and_then(|extension| extension.to_str())
            .filter(|extension| ["onnx", "dylib", "dll"].contains(extension))
            .unwrap_or("so"); // libonnxruntime.so.1.31.1
        self.home.join("models").join(format!("{}-{}.{extension}", artifact.name, artifact.sha256.short()))
    }

    /// Whether a file of the right size is there; its contents are not read.
    #[must_use]
    pub fn is_present(&self, artifact: &Artifact) -> bool {
        fs::metadata(self.path_of(artifact))
            .is_ok_and(|found| found.is_file() && found.len() == artifact.size_bytes)
    }

    /// Whether there is a file, whatever is in it.
    #[must_use]
    pub fn is_there(&self, artifact: &Artifact) -> bool {
        artifact.is_built_in() || self.path_of(artifact).is_file()
    }

    /// How an artefact stands, by reading all of it.
    ///
    /// # Errors
    /// When the file is there but cannot be read.
    pub fn state(&self, artifact: &Artifact) -> Result<State, InferenceError> {
        if let Supply::BuiltIn(model) = artifact.supply {
            let found = model.sha256();
            return Ok(if found == artifact.sha256 { State::BuiltIn } else { State::Damaged(found) });
        }
        let path = self.path_of(artifact);
        match Sha256::of_file(&path) {
            Ok(found) if found == artifact.sha256 => Ok(State::Installed),
            Ok(found) => Ok(State::Damaged(found)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(State::Missing),
            Err(error) => Err(InferenceError::io("read", &path)(error)),
        }
    }

    /// The bytes of an installed or built-in artefact, checked.
    ///
    /// # Errors
    /// When it is missing, damaged or cannot be read.
    pub fn read(&self, artifact: &Artifact) -> Result<Cow<'static, [u8]>, InferenceError> {
        if let Supply::BuiltIn(model) = artifact.supply {
            let found = model.sha256();
            if found != artifact.sha256 {
                let (name, expected) = (artifact.name.clone(), artifact.sha256);
                return Err(InferenceError::BuiltIn { name, expected, found });
            }
            return Ok(Cow::Borrowed(model.bytes()));
        }
        let path = self.path_of(artifact);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(InferenceError::NotInstalled { name: artifact.name.clone(), path });
            }
            Err(error) => return Err(InferenceError::io("read", &path)(error)),
        };
        let found = Sha256::of(&bytes);
        if found != artifact.sha256 {
            return Err(self.damaged(artifact, found));
        }
        Ok(Cow::Owned(bytes))
    }

    /// Removes an artefact; says whether there was one.
    ///
    /// # Errors
    /// When the file is there but cannot be removed.
    pub fn remove(&self, artifact: &Artifact) -> Result<Removed, InferenceError> {
        if artifact.is_built_in() {
            return Ok(Removed::BuiltIn);
        }
        let _lock = self.lock(|| ())?;
        let path = self.path_of(artifact);
        match fs::remove_file(&path) {
            Ok(()) => Ok(Removed::File(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Removed::Nothing),
            Err(error) => Err(InferenceError::io("remove", &path)(error)),
        }
    }

    /// Removes every download and source file that was kept.
    ///
    /// # Errors
    /// When a folder is there but cannot be removed.
    pub fn remove_downloads(&self) -> Result<(), InferenceError> {
        let _lock = self.lock(|| ())?;
        [self.downloads(), self.sources()].iter().try_for_each(|folder| remove_folder(folder))
    }

    pub(super) fn downloads(&self) -> PathBuf {
        self.home.join("downloads")
    }

    pub(super) fn sources(&self) -> PathBuf {
        self.home.join("sources")
    }

    pub(super) fn damaged(&self, artifact: &Artifact, found: Sha256) -> InferenceError {
        InferenceError::Damaged {
            name: artifact.name.clone(),
            path: self.path_of(artifact),
            expected: artifact.sha256,
            found,
        }
    }

    /// Puts a finished file in its place in one step, once its digest is right.
    ///
    /// `file` is in the store's own folder, so that the step is a rename.
    pub(super) fn install(&self, artifact: &Artifact, file: &Path) -> Result<(), InferenceError> {
        let found = Sha256::of_file(file).map_err(InferenceError::io("read", file))?;
        if found != artifact.sha256 {
            return Err(InferenceError::Damaged {
                name: artifact.name.clone(),
                path: file.to_owned(),
                expected: artifact.sha256,
                found,
            });
        }
        let target = self.path_of(artifact);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder).map_err(InferenceError::io("create", folder))?;
        }
        // A power cut must not leave the new name on unwritten bytes.
        File::open(file).and_then(|file| file.sync_all()).map_err(InferenceError::io("write", file))?;
        fs::rename(file, &target).map_err(InferenceError::io("write", &target))
    }

    /// Waits for other processes that fetch or remove, after saying so; released when dropped.
    pub(super) fn lock(&self, on_wait: impl FnOnce()) -> Result<File, InferenceError> {
        fs::create_dir_all(&self.home).map_err(InferenceError::io("create", &self.home))?;
        let path = self.home.join("lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(InferenceError::io("open", &path))?;
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            on_wait();
        }
        file.lock().map_err(InferenceError::io("lock", &path))?;
        Ok(file)
    }
}

/// What a removal did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removed {
    /// This file is gone.
    File(PathBuf),
    /// There was none.
    Nothing,
    /// It is part of the program and stays.
    BuiltIn,
}

/// Removes a folder and what is in it; that it is not there is fine.
pub(super) fn remove_folder(folder: &Path) -> Result<(), InferenceError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(InferenceError::io("remove", folder)(error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

fn home_from(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    if let Some(home) = variable("REALNAME_HOME") {
        return Some(std::path::absolute(&home).unwrap_or(home));
    }
    let cache = if cfg!(target_os = "windows") {
        variable("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        variable("HOME").map(|home| home.join("Library").join("Caches"))
    } else {
        // The XDG specification says that a relative path is to be ignored.
        variable("XDG_CACHE_HOME")
            .filter(|cache| cache.is_absolute())
            .or_else(|| variable("HOME").map(|home| home.join(".cache")))
    };
    cache.map(|cache| cache.join("realname"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::{Manifest, names};

    fn mesh() -> Artifact {
        Artifact {
            sha256: Sha256::of(b"a mesh"),
            size_bytes: 6,
            ..Manifest::built_in().artifact(names::FACE_MESH).unwrap().clone()
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn home_follows_the_environment() {
        for (variables, expected) in [
            (vec![("REALNAME_HOME", "/r"), ("HOME", "/h")], Some("/r")),
            (vec![("XDG_CACHE_HOME", "/x"), ("HOME", "/h")], Some("/x/realname")),
            (vec![("XDG_CACHE_HOME", "x"), ("HOME", "/h")], Some("/h/.cache/realname")),
            (vec![("HOME", "/h")], Some("/h/.cache/realname")),
            (vec![], None),
        ] {
            let variable =
                |key: &str| variables.iter().find(|(name, _)| *name == key).map(|(_, value)| value.into());
            assert_eq!(home_from(variable), expected.map(PathBuf::from), "{variables:?}");
        }
    }

    #[test]
    fn installs_reads_and_removes() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path());
        assert_eq!(store.state(&mesh()).unwrap(), State::Missing);
        assert!(matches!(store.read(&mesh()), Err(InferenceError::NotInstalled { .. })));

        let file = folder.path().join("new");
        fs::write(&file, b"a mesh").unwrap();
        store.install(&mesh(), &file).unwrap();
        assert!(!file.exists());
        assert!(store.is_present(&mesh()));
        assert_eq!(store.state(&mesh()).unwrap(), State::Installed);
        assert_eq!(store.read(&mesh()).unwrap().as_ref(), b"a mesh");

        assert_eq!(store.remove(&mesh()).unwrap(), Removed::File(store.path_of(&mesh())));
        assert_eq!(store.remove(&mesh()).unwrap(), Removed::Nothing);
    }

    #[test]
    fn a_wrong_digest_is_never_installed_or_read() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path());
        let file = folder.path().join("new");
        fs::write(&file, b"a mess").unwrap();
        assert!(matches!(store.install(&mesh(), &file), Err(InferenceError::Damaged { .. })));
        assert_eq!(store.state(&mesh()).unwrap(), State::Missing);

        fs::create_dir_all(store.path_of(&mesh()).parent().unwrap()).unwrap();
        fs::write(store.path_of(&mesh()), b"a mess").unwrap();
        assert!(store.is_present(&mesh()), "same size, so only the digest can tell");
        assert_eq!(store.state(&mesh()).unwrap(), State::Damaged(Sha256::of(b"a mess")));
        assert!(matches!(store.read(&mesh()), Err(InferenceError::Damaged { .. })));
    }

    #[test]
    fn the_library_keeps_an_extension_that_loaders_know() {
        let artifact = Artifact { file: "libonnxruntime.so.1.31.1".into(), ..mesh() };
        assert_eq!(Store::at("/s").path_of(&artifact).extension().unwrap(), "so");
        let artifact = Artifact { file: "libonnxruntime.1.31.1.dylib".into(), ..mesh() };
        assert_eq!(Store::at("/s").path_of(&artifact).extension().unwrap(), "dylib");
    }
}
