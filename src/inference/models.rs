//! The models that a part of the program needs, opened together: the runtime is loaded, every
//! model's digest is checked, and each thread can ask for sessions of its own.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::runtime::{self, Runtime};
use super::{Artifact, ArtifactKind, InferenceError, Manifest, ModelSpec, Session, Sha256, Store, names};

/// Checked models and the runtime that runs them. Shared between threads by reference.
#[derive(Debug)]
pub struct Models {
    runtime: Runtime,
    runtime_version: String,
    models: BTreeMap<String, Model>,
}

struct Model {
    spec: ModelSpec,
    sha256: Sha256,
    bytes: Cow<'static, [u8]>,
}

/// What a result was computed with, so that it can be computed again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// The version of the runtime library and the start of its digest.
    pub runtime: String,
    /// The digest of every model, by name.
    pub models: BTreeMap<String, Sha256>,
}

impl Models {
    /// Loads the runtime and reads the named models, all checked by sha256.
    ///
    /// The library of `ORT_DYLIB_PATH` is used where that is set.
    ///
    /// # Errors
    /// When a model or the library is missing, damaged, or not what it should be.
    pub fn open(store: &Store, manifest: &Manifest, names: &[&str]) -> Result<Self, InferenceError> {
        let mut models = BTreeMap::new();
        for name in names {
            let spec = manifest.model(name)?.clone();
            let artifact = manifest.artifact(name)?;
            let bytes = store.read(artifact)?;
            let sha256 = artifact.sha256;
            models.insert((*name).to_owned(), Model { spec, sha256, bytes });
        }
        let runtime = open_runtime(store, manifest)?;
        let runtime_version = match manifest.runtime_version(runtime.sha256) {
            Some(version) => version.to_owned(),
            None => version_of_build(&runtime.build),
        };
        Ok(Self { runtime, runtime_version, models })
    }

    /// A new session for one thread; takes some ten milliseconds.
    ///
    /// # Errors
    /// When the model was not opened, or ONNX Runtime refuses it.
    pub fn session(&self, name: &str) -> Result<Session, InferenceError> {
        let model = self.model(name)?;
        Session::new(&self.runtime, name, &model.spec, &model.bytes)
    }

    /// How a model is fed and what it gives.
    ///
    /// # Errors
    /// When the model was not opened.
    pub fn spec(&self, name: &str) -> Result<&ModelSpec, InferenceError> {
        self.model(name).map(|model| &model.spec)
    }

    /// The digest of a model.
    ///
    /// # Errors
    /// When the model was not opened.
    pub fn sha256(&self, name: &str) -> Result<Sha256, InferenceError> {
        self.model(name).map(|model| model.sha256)
    }

    /// The version of the runtime library: "1.31.1", or what an unknown library says of itself.
    #[must_use]
    pub fn runtime_version(&self) -> &str {
        &self.runtime_version
    }

    /// What results of these models are computed with.
    #[must_use]
    pub fn provenance(&self) -> Provenance {
        let digest = |(name, model): (&String, &Model)| (name.clone(), model.sha256);
        Provenance {
            runtime: format!("onnxruntime {} {}", self.runtime_version, self.runtime.sha256.short()),
            models: self.models.iter().map(digest).collect(),
        }
    }

    fn model(&self, name: &str) -> Result<&Model, InferenceError> {
        self.models.get(name).ok_or_else(|| InferenceError::UnknownName {
            kind: "opened model",
            name: name.to_owned(),
            known: self.models.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
        })
    }
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model").field("sha256", &self.sha256).finish_non_exhaustive()
    }
}

fn open_runtime(store: &Store, manifest: &Manifest) -> Result<Runtime, InferenceError> {
    if let Some(path) = runtime::path_from_environment() {
        return Runtime::load(&path);
    }
    let artifact: &Artifact = manifest.artifact(names::ONNX_RUNTIME)?;
    debug_assert!(matches!(artifact.kind, ArtifactKind::Runtime { .. }));
    let path = store.path_of(artifact);
    match store.state(artifact)? {
        super::State::Installed | super::State::BuiltIn => Runtime::load(&path),
        super::State::Missing => Err(InferenceError::NotInstalled { name: artifact.name.clone(), path }),
        super::State::Damaged(found) => Err(store.damaged(artifact, found)),
    }
}

/// The version within "ORT Build Info: git-branch=rel-1.31.1, git-commit-id=..., ...".
fn version_of_build(build: &str) -> String {
    let part = |key: &str| build.split(key).nth(1)?.split(',').next().map(str::trim);
    match (part("git-branch="), part("git-commit-id=")) {
        (Some(branch), _) if branch.starts_with("rel-") => branch["rel-".len()..].to_owned(),
        (_, Some(commit)) => format!("commit {commit}"),
        (_, None) => "of unknown version".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_library_tells_its_version() {
        for (build, version) in [
            ("ORT Build Info: git-branch=rel-1.19.0, git-commit-id=26250ae, build", "1.19.0"),
            ("ORT Build Info: git-branch=main, git-commit-id=26250ae, build", "commit 26250ae"),
            ("nothing known", "of unknown version"),
        ] {
            assert_eq!(version_of_build(build), version);
        }
    }
}
