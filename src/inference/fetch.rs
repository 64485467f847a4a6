//! Gets what is missing: from the sources of the manifest or from a folder, through download,
//! unpacking and conversion into the store. Prints nothing; a [`Progress`] is told.
//!
//! Every file is checked by sha256 at each step, so that a half download is never used. What was
//! downloaded stays in the store until all of it is installed, and a second process waits for the
//! first and then finds the work done.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::store::remove_folder;
use super::{
    Artifact, DownloadSource, InferenceError, Manifest, Needs, Sha256, SourceFile, State, Store, runtime,
};

mod archive;
mod child;
mod convert;
mod folder;
mod github;
mod npm;
mod pip;
mod python;

/// Whether missing artefacts may be downloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Missing artefacts are fetched.
    Online,
    /// Missing artefacts are an error.
    Offline,
}

/// How what is already installed is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// A file of the right size is enough; it is read and checked when it is opened.
    Presence,
    /// Every file is read, and fetched again if its digest is wrong.
    Contents,
}

/// An artefact that is in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The artefact.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
    /// Its digest.
    pub sha256: Sha256,
}

/// Is told how fetching goes.
pub trait Progress {
    /// Takes one event; called often while bytes arrive.
    fn report(&self, event: Event<'_>);
}

/// One thing that happened while fetching.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// This many bytes of a file have arrived.
    Downloading {
        /// The file.
        file: &'a str,
        /// The source, in words.
        from: &'a str,
        /// Bytes so far.
        done_bytes: u64,
        /// Bytes in all.
        total_bytes: u64,
    },
    /// A source did not give the file; the next is tried.
    SourceFailed {
        /// The file.
        file: &'a str,
        /// The source, in words.
        from: &'a str,
        /// Why.
        reason: &'a str,
    },
    /// Another process is fetching or removing; this one waits for it.
    Waiting,
    /// A step other than a download begins.
    Step {
        /// The artefact.
        name: &'a str,
        /// What is done.
        step: &'a str,
    },
    /// The artefact is now in the store.
    Installed {
        /// The artefact.
        name: &'a str,
        /// Its file.
        path: &'a Path,
    },
}

/// A progress that nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn report(&self, _event: Event<'_>) {}
}

/// Makes sure that a set is installed, from the sources of the manifest.
///
/// The runtime library is left out where `ORT_DYLIB_PATH` names another.
///
/// # Errors
/// When something is missing and may not be fetched, a prerequisite is missing, or no source gave
/// a file. What could be installed is installed all the same.
pub fn ensure(
    store: &Store,
    manifest: &Manifest,
    set: &str,
    access: Access,
    check: Check,
    progress: &dyn Progress,
) -> Result<Vec<Installed>, InferenceError> {
    let artifacts = artifacts(manifest, set)?;
    let missing = missing(store, &artifacts, check)?;
    if !missing.is_empty() {
        if access == Access::Offline {
            let missing = missing.iter().map(|artifact| artifact.name.clone()).collect();
            return Err(InferenceError::Offline { missing });
        }
        fetch(store, manifest, &artifacts, check, Origin::Sources, progress)?;
    }
    Ok(installed(store, &artifacts))
}

/// Makes sure that a set is installed, from the files in a folder and below, without a network.
///
/// A file there serves by its sha256, whatever its name: a finished model or library, a source
/// file, or a wheel or tarball of the manifest. Finished files need nothing else.
///
/// # Errors
/// When the folder cannot be read or lacks something.
pub fn ensure_from(
    store: &Store,
    manifest: &Manifest,
    set: &str,
    folder: &Path,
    progress: &dyn Progress,
) -> Result<Vec<Installed>, InferenceError> {
    let artifacts = artifacts(manifest, set)?;
    let origin = Origin::Folder(folder::Index::of(folder)?);
    fetch(store, manifest, &artifacts, Check::Contents, origin, progress)?;
    Ok(installed(store, &artifacts))
}

/// What there is to install for a set.
fn artifacts<'m>(manifest: &'m Manifest, set: &str) -> Result<Vec<&'m Artifact>, InferenceError> {
    let other_runtime = runtime::path_from_environment().is_some();
    let names = manifest.set_names(set)?;
    let needed = names.into_iter().filter(|name| !(other_runtime && manifest.is_runtime(name)));
    let artifacts = needed.map(|name| manifest.artifact(name));
    artifacts.filter(|it| !it.as_ref().is_ok_and(|artifact| artifact.is_built_in())).collect()
}

fn installed(store: &Store, artifacts: &[&Artifact]) -> Vec<Installed> {
    let installed = |artifact: &&Artifact| Installed {
        name: artifact.name.clone(),
        path: store.path_of(artifact),
        sha256: artifact.sha256,
    };
    artifacts.iter().map(installed).collect()
}

fn missing<'m>(
    store: &Store,
    artifacts: &[&'m Artifact],
    check: Check,
) -> Result<Vec<&'m Artifact>, InferenceError> {
    let mut missing = Vec::new();
    for artifact in artifacts {
        let there = match check {
            Check::Presence => store.is_present(artifact),
            Check::Contents => store.state(artifact)? == State::Installed,
        };
        if !there {
            missing.push(*artifact);
        }
    }
    Ok(missing)
}

/// Installs what is missing; the first error is returned once all has been tried.
fn fetch(
    store: &Store,
    manifest: &Manifest,
    artifacts: &[&Artifact],
    check: Check,
    origin: Origin,
    progress: &dyn Progress,
) -> Result<(), InferenceError> {
    let _lock = store.lock(|| progress.report(Event::Waiting))?;
    let missing = missing(store, artifacts, check)?; // another process may have been here
    let mut job = Job::new(store, manifest, origin, progress)?;
    let mut first_error = None;
    for artifact in missing {
        match job.install(artifact) {
            Ok(path) => progress.report(Event::Installed { name: &artifact.name, path: &path }),
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    remove_folder(&job.staging)?;
    match first_error {
        Some(error) => Err(error),
        None => {
            remove_downloads(store, manifest, artifacts);
            Ok(())
        }
    }
}

enum Origin {
    Sources,
    Folder(folder::Index),
}

/// One run of fetching, under the lock of the store.
struct Job<'a> {
    store: &'a Store,
    manifest: &'a Manifest,
    origin: Origin,
    progress: &'a dyn Progress,
    /// Files in the making; on the same file system as the store, emptied before and after.
    staging: PathBuf,
    /// Downloads that failed in this run, by the file they are kept as; not tried twice.
    failed: BTreeMap<String, String>,
    github: github::Client,
    converters: BTreeMap<Needs, convert::Converter>,
}

impl<'a> Job<'a> {
    fn new(
        store: &'a Store,
        manifest: &'a Manifest,
        origin: Origin,
        progress: &'a dyn Progress,
    ) -> Result<Self, InferenceError> {
        let staging = store.home().join("staging");
        remove_folder(&staging)?; // what a killed process left behind
        for folder in [&staging, &store.downloads(), &store.sources()] {
            fs::create_dir_all(folder).map_err(InferenceError::io("create", folder))?;
        }
        Ok(Self {
            store,
            manifest,
            origin,
            progress,
            staging,
            failed: BTreeMap::new(),
            github: github::Client::default(),
            converters: BTreeMap::new(),
        })
    }

    fn install(&mut self, artifact: &Artifact) -> Result<PathBuf, InferenceError> {
        let finished = match self.in_folder(artifact.sha256) {
            Some(found) => self.copied(&found, &artifact.file)?,
            None => self.made(artifact)?,
        };
        self.store.install(artifact, &finished)?;
        Ok(self.store.path_of(artifact))
    }

    /// The artefact made of its files.
    fn made(&mut self, artifact: &Artifact) -> Result<PathBuf, InferenceError> {
        let mut files = Vec::new();
        for file in artifact.files() {
            files.push((file.file.as_str(), self.source_file(artifact, file)?));
        }
        let Some(conversion) = artifact.convert() else {
            let (_, path) = &files[0]; // reading the manifest checked that there is one
            return self.copied(path, &artifact.file);
        };
        if !self.converters.contains_key(&conversion.needs) {
            if conversion.needs == Needs::Packages {
                self.step(artifact, "preparing Python packages for the conversion");
            }
            let wheels = match &self.origin {
                Origin::Sources => None,
                Origin::Folder(index) => Some(index.wheel_folders()),
            };
            let made = convert::Converter::new(&artifact.name, &self.staging, conversion.needs, wheels)?;
            self.converters.insert(conversion.needs, made);
        }
        self.step(artifact, "converting");
        let output = self.staging.join(&artifact.file);
        self.converters[&conversion.needs].run(artifact, conversion, &files, &output)?;
        Ok(output)
    }

    /// A checked file that an artefact is made of.
    fn source_file(&mut self, artifact: &Artifact, file: &SourceFile) -> Result<PathBuf, InferenceError> {
        // What models are converted from is small and is kept: another conversion of the same
        // files, by this version of the program or the next, then needs no download.
        let folder = match artifact.convert() {
            Some(_) => self.store.sources(),
            None => self.staging.clone(),
        };
        let path = folder.join(format!("{}-{}", file.sha256.short(), file.file));
        if Sha256::of_file(&path).is_ok_and(|found| found == file.sha256) {
            return Ok(path);
        }
        if let Some(found) = self.in_folder(file.sha256) {
            return Ok(found);
        }
        let mut attempts = Vec::new();
        for source in &file.sources {
            let download = self.manifest.download(source);
            let from = download.source.describe();
            let archive = match self.download(&source.download) {
                Ok(archive) => archive,
                Err(reason) => {
                    attempts.push(format!("{from}: {reason}"));
                    continue;
                }
            };
            let taken = match &source.member {
                None => archive::copy(&archive, file, &path),
                Some(member) => {
                    self.step(artifact, &format!("unpacking {}", file.file));
                    archive::unpack(&archive, member, file, &path)
                }
            };
            match taken {
                Ok(()) => return Ok(path),
                Err(reason) => attempts.push(format!("{from}: {reason}")),
            }
        }
        if let Origin::Folder(index) = &self.origin {
            let downloads = file.sources.iter().map(|source| {
                let download = self.manifest.download(source);
                format!("{} ({})", download.file, download.sha256)
            });
            let finished = format!("{} ({})", artifact.file, artifact.sha256);
            return Err(InferenceError::NotInFolder {
                name: artifact.name.clone(),
                folder: index.folder().to_owned(),
                wanted: std::iter::once(finished).chain(downloads).collect::<Vec<_>>().join(", "),
            });
        }
        Err(InferenceError::Unobtainable { name: artifact.name.clone(), file: file.file.clone(), attempts })
    }

    /// A checked download, or why there is none.
    fn download(&mut self, key: &str) -> Result<PathBuf, String> {
        let source = super::Source { download: key.to_owned(), member: None };
        let download = self.manifest.download(&source);
        if let Origin::Folder(index) = &self.origin {
            return index.find(download.sha256).ok_or_else(|| "not in the folder".to_owned());
        }
        let path = self.store.downloads().join(&download.file);
        let is_good = |path: &Path| Sha256::of_file(path).is_ok_and(|it| it == download.sha256);
        if is_good(&path) {
            return Ok(path);
        }
        if let Some(reason) = self.failed.get(&download.file) {
            return Err(reason.clone());
        }
        let from = download.source.describe();
        let watch = Watch { file: &download.file, from: &from, total_bytes: download.size_bytes };
        let fetched = self.attempt(&download.source, &path, &watch).and_then(|file| {
            if !is_good(&file) {
                let _ = fs::remove_file(&file); // whatever it is, it is not to be resumed
                return Err("what arrived does not have the right sha256".to_owned());
            }
            fs::rename(&file, &path).map_err(|error| error.to_string())
        });
        if let Err(reason) = fetched {
            self.progress.report(Event::SourceFailed { file: &download.file, from: &from, reason: &reason });
            self.failed.insert(download.file.clone(), reason.clone());
            return Err(reason);
        }
        Ok(path)
    }

    /// Runs the client of a source; the file it gave is not checked yet.
    fn attempt(
        &mut self,
        source: &DownloadSource,
        path: &Path,
        watch: &Watch<'_>,
    ) -> Result<PathBuf, String> {
        if !(matches!(source, DownloadSource::Github { .. }) && self.github.is_unreachable()) {
            self.progress.report(watch.event(0));
        }
        match source {
            DownloadSource::Pip { package, version, python_version, platform } => {
                let wheel = pip::Wheel { package, version, python_version, platform };
                pip::download(&wheel, &self.staging, watch, self.progress)
            }
            DownloadSource::Npm { package, version } => {
                npm::download(package, version, &self.staging, watch, self.progress)
            }
            DownloadSource::Github { repository, commit, path: member } => {
                let file = github::File { repository, commit, path: member };
                let mut part = path.as_os_str().to_owned();
                part.push(".part");
                self.github.download(&file, Path::new(&part), watch, self.progress)
            }
        }
    }

    fn in_folder(&self, sha256: Sha256) -> Option<PathBuf> {
        match &self.origin {
            Origin::Sources => None,
            Origin::Folder(index) => index.find(sha256),
        }
    }

    /// A copy in the staging folder, which installing may move away.
    fn copied(&self, from: &Path, name: &str) -> Result<PathBuf, InferenceError> {
        let copy = self.staging.join(name);
        fs::copy(from, &copy).map_err(InferenceError::io("copy", from))?;
        Ok(copy)
    }

    fn step(&self, artifact: &Artifact, step: &str) {
        self.progress.report(Event::Step { name: &artifact.name, step });
    }
}

/// Removes what was downloaded for artefacts that are installed now.
fn remove_downloads(store: &Store, manifest: &Manifest, artifacts: &[&Artifact]) {
    let sources = artifacts.iter().flat_map(|it| it.files()).flat_map(|file| &file.sources);
    for source in sources {
        // What stays behind costs room and no more: the next fetch or `remove` takes it away.
        let _ = fs::remove_file(store.downloads().join(&manifest.download(source).file));
    }
}

/// The file that a client is downloading, for progress.
struct Watch<'a> {
    file: &'a str,
    from: &'a str,
    total_bytes: u64,
}

impl Watch<'_> {
    fn event(&self, done_bytes: u64) -> Event<'_> {
        Event::Downloading {
            file: self.file,
            from: self.from,
            done_bytes: done_bytes.min(self.total_bytes),
            total_bytes: self.total_bytes,
        }
    }
}

#[cfg(test)]
mod tests;
