//! What can go wrong with models and the runtime, by whose fault it is.

use std::io;
use std::path::{Path, PathBuf};

use super::Sha256;

/// Why a model could not be fetched, opened or run. Each message says what, which file, and what
/// to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InferenceError {
    // -- the caller's fault
    /// A name that the manifest does not have.
    #[error("there is no {kind} named `{name}`; there are: {known}")]
    UnknownName {
        /// "model" or "set".
        kind: &'static str,
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The manifest text is not valid.
    #[error("models/manifest.toml: {0}")]
    Manifest(String),
    /// The description of an added model is none.
    #[error("{path}: {reason}", path = path.display())]
    Added {
        /// The description.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A tensor does not have the shape the model takes.
    #[error("model `{model}` takes {expected}, but was given {found:?}")]
    InputShape {
        /// The model.
        model: String,
        /// The shape the model takes.
        expected: String,
        /// The shape that was given.
        found: Vec<usize>,
    },

    // -- what is on this machine
    /// A model or the library is not in the store.
    #[error("`{name}` is not installed ({path} is missing): run `realname models fetch`")]
    NotInstalled {
        /// The artefact.
        name: String,
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A file in the store is not what the manifest names.
    #[error(
        "`{name}`: {path} is damaged, its sha256 is {found} and should be {expected}: \
         run `realname models fetch` to replace it"
    )]
    Damaged {
        /// The artefact.
        name: String,
        /// The damaged file.
        path: PathBuf,
        /// The digest in the manifest.
        expected: Sha256,
        /// The digest of the file.
        found: Sha256,
    },
    /// A model that is compiled in is not what the manifest names.
    #[error("`{name}`: its built-in sha256 is {found} and should be {expected}: build the program again")]
    BuiltIn {
        /// The model.
        name: String,
        /// The digest in the manifest.
        expected: Sha256,
        /// The digest of the bytes.
        found: Sha256,
    },
    /// No cache directory could be found.
    #[error("no cache directory: set REALNAME_HOME to a folder for the models")]
    NoHome,
    /// The manifest has no library for this operating system and processor.
    #[error(
        "there is no `{name}` for {platform}: install ONNX Runtime 1.17 or newer and set \
         ORT_DYLIB_PATH to its shared library"
    )]
    Platform {
        /// The artefact.
        name: String,
        /// The operating system and processor.
        platform: String,
    },
    /// The ONNX Runtime library could not be loaded.
    #[error("{path} cannot be used as the ONNX Runtime library: {reason}; {advice}")]
    Runtime {
        /// The library.
        path: PathBuf,
        /// What the loader says.
        reason: String,
        /// What to do.
        advice: &'static str,
    },
    /// ONNX Runtime refused a model or a run.
    #[error("model `{model}`: {reason}")]
    Session {
        /// The model.
        model: String,
        /// What ONNX Runtime says.
        reason: String,
    },
    /// A file could not be read or written.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was tried: "read", "write", ...
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },

    // -- fetching
    /// Something is missing and fetching was forbidden.
    #[error(
        "not installed, and --offline forbids fetching: {}; run `realname models fetch` once \
         with a network, or `realname models fetch --from DIR` with the files in DIR",
        missing.join(", ")
    )]
    Offline {
        /// The artefacts that are missing.
        missing: Vec<String>,
    },
    /// A program that fetching needs is not there.
    #[error("{program} is needed to {purpose}, but {problem}: install {install}")]
    Prerequisite {
        /// The program looked for.
        program: &'static str,
        /// What it is needed for.
        purpose: String,
        /// What is wrong: not found, too old, ...
        problem: String,
        /// What to install.
        install: &'static str,
    },
    /// No source gave the file.
    #[error(
        "cannot get {file} for `{name}`:\n  {}\nCheck the network and run `realname models fetch` \
         again; what was downloaded is kept. Or use `realname models fetch --from DIR`.",
        attempts.join("\n  ")
    )]
    Unobtainable {
        /// The artefact.
        name: String,
        /// The file it is made of.
        file: String,
        /// One line for each source tried.
        attempts: Vec<String>,
    },
    /// A folder given with `--from` lacks what is needed.
    #[error("{folder} has none of the files that `{name}` can be installed from (by sha256): {wanted}")]
    NotInFolder {
        /// The artefact.
        name: String,
        /// The folder.
        folder: PathBuf,
        /// File names and digests that would do.
        wanted: String,
    },
    /// A conversion script failed or gave something else than expected.
    #[error("cannot convert `{name}`: {reason}")]
    Conversion {
        /// The model.
        name: String,
        /// What went wrong.
        reason: String,
    },
}

impl InferenceError {
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}
