//! Face embeddings that an operator brings: a description in TOML, kept beside the model's file in
//! the store with its sha256, and joined to the manifest of the program.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::manifest::added_artifact;
use super::{Artifact, InferenceError, Manifest, Sha256, Store};

/// A description larger than this is none.
const BYTES_MAX: u64 = 1 << 20;

impl Store {
    /// Adds the model in `file`, described by the TOML in `spec`, and returns the manifest's entry.
    ///
    /// # Errors
    /// When either cannot be read, the description does not fit together, the name is one of the
    /// program's own, or the store cannot be written.
    pub fn add_embedding(&self, file: &Path, spec: &Path) -> Result<Artifact, InferenceError> {
        let bytes = fs::read(file).map_err(InferenceError::io("read", file))?;
        let text = fs::read_to_string(spec).map_err(InferenceError::io("read", spec))?;
        let record = format!("sha256 = \"{}\"\nsize_bytes = {}\n{text}", Sha256::of(&bytes), bytes.len());
        let artifact = added_artifact(&record).map_err(|reason| wrong(spec, reason))?;
        if Manifest::built_in().names().contains(&artifact.name.as_str()) {
            return Err(wrong(
                spec,
                format!("`{}` is a model of the program; choose another name", artifact.name),
            ));
        }
        let _lock = self.lock(|| ())?;
        let folder = self.added();
        fs::create_dir_all(&folder).map_err(InferenceError::io("create", &folder))?;
        let part = folder.join(format!("{}.part", artifact.name));
        fs::write(&part, &bytes).map_err(InferenceError::io("write", &part))?;
        self.install(&artifact, &part)?;
        let path = self.record_of(&artifact.name);
        fs::write(&path, record).map_err(InferenceError::io("write", &path))?;
        Ok(artifact)
    }

    /// Forgets the description of an added model; of another there is none.
    ///
    /// # Errors
    /// When it is there and cannot be removed.
    pub fn forget_embedding(&self, name: &str) -> Result<(), InferenceError> {
        let path = self.record_of(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(InferenceError::io("remove", &path)(error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn added(&self) -> PathBuf {
        self.home().join("added")
    }

    fn record_of(&self, name: &str) -> PathBuf {
        self.added().join(format!("{name}.toml"))
    }
}

impl Manifest {
    /// This manifest and the models that were added to `store`.
    ///
    /// # Errors
    /// When a description there cannot be read, or is none.
    pub fn with_added(&self, store: &Store) -> Result<Self, InferenceError> {
        let mut manifest = self.clone();
        manifest.join(added(store)?);
        Ok(manifest)
    }
}

fn added(store: &Store) -> Result<BTreeMap<String, Artifact>, InferenceError> {
    let folder = store.added();
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(InferenceError::io("read", &folder)(error)),
    };
    let mut added = BTreeMap::new();
    for entry in entries {
        let path = entry.map_err(InferenceError::io("read", &folder))?.path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        if fs::metadata(&path).is_ok_and(|about| about.len() > BYTES_MAX) {
            return Err(wrong(&path, "it is too large for a description".to_owned()));
        }
        let text = fs::read_to_string(&path).map_err(InferenceError::io("read", &path))?;
        let artifact = added_artifact(&text).map_err(|reason| wrong(&path, reason))?;
        added.insert(artifact.name.clone(), artifact);
    }
    Ok(added)
}

fn wrong(path: &Path, reason: String) -> InferenceError {
    InferenceError::Added { path: path.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::{ArtifactKind, State};

    const SPEC: &str = r#"
schema = "realname.embedding/1"
name = "my-embedding"
licence = "mine"
upstream = "me"
metric = "cosine"
template = [[38.3, 51.7], [73.5, 51.5], [56.0, 71.7], [41.5, 92.4], [70.7, 92.2]]
[input]
name = "image"
layout = "NCHW"
shape = ["N", 3, 112, 112]
channels = "BGR"
range = [0.0, 255.0]
mean = 0.0
deviation = 1.0
[output]
name = "embedding"
shape = ["N", 256]
meaning = "a vector"
"#;

    fn added_with(spec: &str) -> (tempfile::TempDir, Result<Artifact, InferenceError>) {
        let folder = tempfile::tempdir().unwrap();
        let (file, path) = (folder.path().join("m.onnx"), folder.path().join("spec.toml"));
        fs::write(&file, b"weights").unwrap();
        fs::write(&path, spec).unwrap();
        let added = Store::at(folder.path().join("home")).add_embedding(&file, &path);
        (folder, added)
    }

    #[test]
    fn an_added_model_is_in_the_manifest_until_it_is_forgotten() {
        let (folder, added) = added_with(SPEC);
        let added = added.unwrap();
        let store = Store::at(folder.path().join("home"));
        let manifest = Manifest::built_in().with_added(&store).unwrap();
        assert_eq!(manifest.artifact("my-embedding").unwrap(), &added);
        assert_eq!(store.state(&added).unwrap(), State::Installed);
        assert_eq!(store.read(&added).unwrap().as_ref(), b"weights");
        let ArtifactKind::Model(spec) = &added.kind else { panic!("a model") };
        assert_eq!(spec.template.map(|template| template[2]), Some([56.0, 71.7]));
        store.forget_embedding("my-embedding").unwrap();
        store.forget_embedding("my-embedding").unwrap();
        assert!(Manifest::built_in().with_added(&store).unwrap().artifact("my-embedding").is_err());
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        for (from, to, says) in [
            ("embedding/1", "embedding/2", "this program reads"),
            ("my-embedding", "../me", "plain file name"),
            ("\"my-embedding\"", "\"face-mesh\"", "a model of the program"),
            ("cosine", "euclid", "unknown variant `euclid`"),
            ("112, 112", "112, 96", "square"),
            ("\"BGR\"", "\"grey\"", "RGB or BGR"),
            (", [70.7, 92.2]", "", "template"),
            ("mean = 0.0", "mean = nan", "mean is a number"),
            ("[input]", "colour = 1\n[input]", "unknown field `colour`"),
        ] {
            assert!(SPEC.contains(from), "{from}");
            let error = added_with(&SPEC.replacen(from, to, 1)).1.expect_err(to).to_string();
            assert!(error.contains(says), "{to}: {error}");
        }
    }
}
