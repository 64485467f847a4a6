//! The manifest of models: `models/manifest.toml` read, checked and typed. A value of these types
//! is valid: names resolve, file names stay in their folder, every file has a source.
//!
//! Reads no file and fetches nothing.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::{BuiltIn, InferenceError, Sha256};
use crate::score::Calibration;

mod raw;

pub(super) use raw::added_artifact;

/// The operating system and processor this program runs on, as the manifest spells it.
fn this_platform() -> String {
    format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH)
}

/// Every artefact the program knows and the sets they are fetched in.
#[derive(Debug, Clone)]
pub struct Manifest {
    sets: BTreeMap<String, Vec<String>>,
    downloads: BTreeMap<String, Download>,
    /// By name.
    models: BTreeMap<String, Artifact>,
    /// By name, then by platform.
    runtimes: BTreeMap<String, BTreeMap<String, Artifact>>,
}

/// A model or a shared library: a file that is installed in the store, or a part of the program.
#[derive(Debug, Clone, PartialEq)]
pub struct Artifact {
    /// The name it is asked for by.
    pub name: String,
    /// What it is.
    pub kind: ArtifactKind,
    /// Its file name.
    pub file: String,
    /// Its size.
    pub size_bytes: u64,
    /// Its digest; what does not match is never used.
    pub sha256: Sha256,
    /// Under which licence it comes.
    pub licence: String,
    /// Whose work it is.
    pub upstream: String,
    /// How it comes to this machine.
    pub supply: Supply,
}

/// How an artefact comes to this machine.
#[derive(Debug, Clone, PartialEq)]
pub enum Supply {
    /// It is fetched and installed in the store.
    Fetched {
        /// What it is made of; without a conversion the one file is the artefact.
        files: Vec<SourceFile>,
        /// How it is made of `files`.
        convert: Option<Conversion>,
    },
    /// It is compiled into the program.
    BuiltIn(BuiltIn),
}

/// What an artefact is.
#[derive(Debug, Clone, PartialEq)]
pub enum ArtifactKind {
    /// A shared library.
    Runtime {
        /// Its version.
        version: String,
    },
    /// An ONNX model.
    Model(ModelSpec),
}

/// How a model is fed and what it gives.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelSpec {
    /// What it is for.
    pub purpose: String,
    /// Its one input.
    pub input: InputSpec,
    /// Its outputs, in the order in which a run returns them.
    pub outputs: Vec<OutputSpec>,
    /// Of a face embedding with a template of its own: eyes, nose tip and mouth corners, image-left
    /// first, in pixels of its input.
    pub template: Option<[[f32; 2]; 5]>,
    /// Of a face embedding: what its distances stand for.
    pub calibration: Option<Box<Calibration>>,
}

/// The input of a model, a float32 tensor: `(pixel - mean) / deviation` of pixels 0..255.
#[derive(Debug, Clone, PartialEq)]
pub struct InputSpec {
    /// The name in the ONNX graph.
    pub name: String,
    /// The order of its dimensions.
    pub layout: Layout,
    /// Its dimensions.
    pub shape: Vec<Dimension>,
    /// The order of its channels.
    pub channels: ChannelOrder,
    /// The least and the greatest value that a pixel becomes.
    pub range: [f32; 2],
    /// What is taken from a pixel.
    pub mean: f32,
    /// What the rest is divided by.
    pub deviation: f32,
}

/// An output of a model, a float32 tensor.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputSpec {
    /// The name in the ONNX graph.
    pub name: String,
    /// Its dimensions.
    pub shape: Vec<Dimension>,
    /// What its numbers mean.
    pub meaning: String,
}

/// One side of a tensor.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(untagged)]
pub enum Dimension {
    /// A side that is always this long.
    Fixed(usize),
    /// A side that may have any length; `N` is the batch.
    Free(String),
}

/// The order of a tensor's dimensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
pub enum Layout {
    /// Batch, channel, row, column.
    #[serde(rename = "NCHW")]
    Nchw,
}

/// The order of a tensor's channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
pub enum ChannelOrder {
    /// Red, green, blue.
    #[serde(rename = "RGB")]
    Rgb,
    /// Blue, green, red.
    #[serde(rename = "BGR")]
    Bgr,
    /// One channel of luma.
    #[serde(rename = "grey")]
    Grey,
}

/// A file that an artefact is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceFile {
    /// Its file name.
    pub file: String,
    /// Its size.
    pub size_bytes: u64,
    /// Its digest; it decides, whichever source the file came from.
    pub sha256: Sha256,
    /// Where it can be had, tried in this order.
    pub sources: Vec<Source>,
}

/// A download, or a file within one.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The key of the download in the manifest.
    pub download: String,
    /// The path within the archive; without it the download is the file.
    pub member: Option<String>,
}

/// One file that can be downloaded.
#[derive(Debug, Clone, PartialEq)]
pub struct Download {
    /// Where it is had.
    pub source: DownloadSource,
    /// The name it is kept under.
    pub file: String,
    /// Its size.
    pub size_bytes: u64,
    /// Its digest.
    pub sha256: Sha256,
}

/// Where a download is had.
#[derive(Debug, Clone, PartialEq)]
pub enum DownloadSource {
    /// A wheel, through the ordinary pip client.
    Pip {
        /// The package.
        package: String,
        /// Its exact version.
        version: String,
        /// The Python the wheel is for, as pip spells it: "311".
        python_version: String,
        /// The platform tag of the wheel.
        platform: String,
    },
    /// A tarball, through the ordinary npm client.
    Npm {
        /// The package with its scope.
        package: String,
        /// Its exact version.
        version: String,
    },
    /// A file of a public repository at a pinned commit.
    Github {
        /// "owner/name".
        repository: String,
        /// The full commit hash.
        commit: String,
        /// The path within the repository.
        path: String,
    },
}

/// A script that makes an artefact of its files.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conversion {
    /// The name of a script of `models/convert`.
    pub script: String,
    /// Its arguments; `{output}` and `{file name}` stand for paths.
    pub arguments: Vec<String>,
    /// What Python needs to run it.
    #[serde(default)]
    pub needs: Needs,
}

/// What a conversion script imports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Needs {
    /// The pinned packages of `models/convert/requirements.txt`.
    #[default]
    Packages,
    /// Nothing that does not come with Python: it also runs without a network.
    StandardLibrary,
}

impl Manifest {
    /// The manifest compiled into the program.
    #[must_use]
    pub fn built_in() -> &'static Self {
        static BUILT_IN: LazyLock<Manifest> = LazyLock::new(|| {
            Manifest::parse(include_str!("../../models/manifest.toml"))
                .expect("the shipped manifest is valid: a test parses it")
        });
        &BUILT_IN
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// [`InferenceError::Manifest`] says which key is unknown, missing or wrong.
    pub fn parse(text: &str) -> Result<Self, InferenceError> {
        raw::manifest(text).map_err(InferenceError::Manifest)
    }

    /// Takes these models in, too.
    pub(super) fn join(&mut self, added: BTreeMap<String, Artifact>) {
        self.models.extend(added);
    }

    /// The artefact of this name, for this platform.
    ///
    /// # Errors
    /// When there is none of this name, or none for this platform.
    pub fn artifact(&self, name: &str) -> Result<&Artifact, InferenceError> {
        if let Some(platforms) = self.runtimes.get(name) {
            let platform = this_platform();
            return platforms
                .get(&platform)
                .ok_or_else(|| InferenceError::Platform { name: name.to_owned(), platform });
        }
        self.models.get(name).ok_or_else(|| InferenceError::UnknownName {
            kind: "model",
            name: name.to_owned(),
            known: self.names().join(", "),
        })
    }

    /// How the model of this name is fed and what it gives.
    ///
    /// # Errors
    /// When there is no model of this name.
    pub fn model(&self, name: &str) -> Result<&ModelSpec, InferenceError> {
        let models = || self.models.keys().cloned().collect::<Vec<_>>().join(", ");
        match self.models.get(name).map(|artifact| &artifact.kind) {
            Some(ArtifactKind::Model(spec)) => Ok(spec),
            Some(ArtifactKind::Runtime { .. }) | None => {
                Err(InferenceError::UnknownName { kind: "model", name: name.to_owned(), known: models() })
            }
        }
    }

    /// The names of a set; `all` is every artefact of the manifest.
    ///
    /// # Errors
    /// When there is no such set.
    pub fn set_names(&self, set: &str) -> Result<Vec<&str>, InferenceError> {
        if set == "all" {
            return Ok(self.names());
        }
        let names = self.sets.get(set).ok_or_else(|| InferenceError::UnknownName {
            kind: "set",
            name: set.to_owned(),
            known: self.sets.keys().map(String::as_str).chain(["all"]).collect::<Vec<_>>().join(", "),
        })?;
        Ok(names.iter().map(String::as_str).collect())
    }

    /// Whether this name is a library's.
    #[must_use]
    pub fn is_runtime(&self, name: &str) -> bool {
        self.runtimes.contains_key(name)
    }

    /// The sets that hold an artefact.
    #[must_use]
    pub fn sets_of(&self, name: &str) -> Vec<&str> {
        let holds = |names: &Vec<String>| names.iter().any(|held| held == name);
        self.sets.iter().filter(|(_, names)| holds(names)).map(|(set, _)| set.as_str()).collect()
    }

    /// Every name, the runtime first.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.runtimes.keys().chain(self.models.keys()).map(String::as_str).collect()
    }

    /// The download that a source names.
    #[must_use]
    pub fn download(&self, source: &Source) -> &Download {
        self.downloads.get(&source.download).expect("reading checked that sources resolve")
    }

    /// The version of the library with this digest, if the manifest has it on any platform.
    #[must_use]
    pub fn runtime_version(&self, sha256: Sha256) -> Option<&str> {
        let mut libraries = self.runtimes.values().flat_map(BTreeMap::values);
        match &libraries.find(|artifact| artifact.sha256 == sha256)?.kind {
            ArtifactKind::Runtime { version } => Some(version),
            ArtifactKind::Model(_) => None,
        }
    }
}

impl Artifact {
    /// The files that are fetched for it; none for what is compiled in.
    #[must_use]
    pub fn files(&self) -> &[SourceFile] {
        match &self.supply {
            Supply::Fetched { files, .. } => files,
            Supply::BuiltIn(_) => &[],
        }
    }

    /// How it is made of its files, where it is not the one file itself.
    #[must_use]
    pub fn convert(&self) -> Option<&Conversion> {
        match &self.supply {
            Supply::Fetched { convert, .. } => convert.as_ref(),
            Supply::BuiltIn(_) => None,
        }
    }

    /// Whether it is compiled into the program.
    #[must_use]
    pub fn is_built_in(&self) -> bool {
        matches!(self.supply, Supply::BuiltIn(_))
    }
}

impl DownloadSource {
    /// The source in a few words, for progress and errors.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Pip { package, version, .. } => format!("pip package {package} {version}"),
            Self::Npm { package, version } => format!("npm package {package} {version}"),
            Self::Github { repository, commit, .. } => {
                format!("github.com/{repository} at {}", &commit[..12])
            }
        }
    }
}

impl InputSpec {
    /// Whether a tensor of these sides can be fed.
    #[must_use]
    pub fn accepts(&self, sides: &[usize]) -> bool {
        let fits = |(side, dimension): (&usize, &Dimension)| match dimension {
            Dimension::Fixed(fixed) => side == fixed,
            Dimension::Free(_) => *side > 0,
        };
        sides.len() == self.shape.len() && sides.iter().zip(&self.shape).all(fits)
    }

    /// The shape as people write it: (N, 3, 128, 128).
    #[must_use]
    pub fn shape_text(&self) -> String {
        let side = |dimension: &Dimension| match dimension {
            Dimension::Fixed(fixed) => fixed.to_string(),
            Dimension::Free(name) => name.clone(),
        };
        format!("({})", self.shape.iter().map(side).collect::<Vec<_>>().join(", "))
    }
}
