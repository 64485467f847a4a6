//! `realname models`: fetches, lists, checks and removes models and the runtime library.

use std::cell::RefCell;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::bail;
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::globals::{Format, Globals};
use crate::inference::{
    self, Access, Artifact, ArtifactKind, Check, Dimension, Event, Manifest, Models, Progress, Removed,
    State, Store, names,
};
use crate::report::{one_line, visible};

/// Fetch, list, check or remove the models and the ONNX Runtime library.
#[derive(Debug, Args)]
pub(super) struct ModelsArgs {
    #[command(subcommand)]
    command: ModelsCommand,
}

#[derive(Debug, Subcommand)]
enum ModelsCommand {
    /// Download and install what is missing; replace what is damaged
    Fetch {
        /// Which set of the manifest
        #[arg(long, default_value = names::DEFAULT_SET)]
        set: String,
        /// Take the files from this folder (and below) instead of the network
        #[arg(long, value_name = "DIR")]
        from: Option<PathBuf>,
    },
    /// Add a face embedding of your own, to be used with --embedding NAME
    Add {
        /// The model, an ONNX file
        file: PathBuf,
        /// Its description: name, licence, input, output, template, calibration
        #[arg(long, value_name = "TOML")]
        spec: PathBuf,
    },
    /// Show every model of the manifest, where it is and whether it is installed
    List,
    /// Compare every installed file with its sha256 and load it
    Verify,
    /// Remove installed models; without names all of them, and downloads that were kept
    Remove {
        /// Names as `list` shows them
        #[arg(value_name = "NAME")]
        names: Vec<String>,
    },
}

/// Runs `realname models`.
///
/// # Errors
/// When something cannot be fetched, read or removed, or is damaged.
pub(super) fn run(args: ModelsArgs, globals: &Globals) -> anyhow::Result<ExitCode> {
    let store = globals.store()?;
    let manifest = &Manifest::built_in().with_added(&store)?;
    match args.command {
        ModelsCommand::Fetch { set, from } => {
            fetch(&store, manifest, &set, from, globals.access())?;
        }
        ModelsCommand::Add { file, spec } => add(&store, &file, &spec)?,
        ModelsCommand::List => list(&store, manifest, globals.format())?,
        ModelsCommand::Verify => verify(&store, manifest)?,
        ModelsCommand::Remove { names } => remove(&store, manifest, &names)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn fetch(
    store: &Store,
    manifest: &Manifest,
    set: &str,
    from: Option<PathBuf>,
    access: Access,
) -> anyhow::Result<()> {
    let progress = FetchProgress::default();
    let installed = match from {
        Some(folder) => inference::ensure_from(store, manifest, set, &folder, &progress),
        None => inference::ensure(store, manifest, set, access, Check::Contents, &progress),
    };
    progress.clear();
    let mut out = std::io::stdout().lock();
    for artifact in installed? {
        let path = artifact.path.display().to_string();
        writeln!(out, "{}  {}  {}", artifact.sha256.short(), artifact.name, one_line(&path))?;
    }
    Ok(())
}

/// Adds a model, once it was seen to give what its description says.
fn add(store: &Store, file: &Path, spec: &Path) -> anyhow::Result<()> {
    let artifact = store.add_embedding(file, spec)?;
    let name = artifact.name.as_str();
    let tried = tried(store, name);
    if let Err(error) = tried {
        store.forget_embedding(name)?;
        store.remove(&artifact)?;
        return Err(error.context(format!("{} was not added", file.display())));
    }
    let calibrated = match &artifact.kind {
        ArtifactKind::Model(spec) => spec.calibration.is_some(),
        ArtifactKind::Runtime { .. } => false,
    };
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}  {name}", artifact.sha256.short())?;
    if !calibrated {
        let line = "it has no calibration: `compare --pairs` and `eval faces` work, verdicts need one \
                    (`realname calibrate`)";
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// Runs an added model once on nothing.
fn tried(store: &Store, name: &str) -> anyhow::Result<()> {
    let manifest = Manifest::built_in().with_added(store)?;
    let spec = manifest.model(name)?;
    let length = |dimension: &Dimension| match dimension {
        Dimension::Fixed(length) => *length,
        Dimension::Free(_) => 1,
    };
    let shape = |dimensions: &[Dimension]| dimensions.iter().map(length).collect::<Vec<_>>();
    let input = ndarray::ArrayD::<f32>::from_elem(shape(&spec.input.shape), 0.25);
    let output = Models::open(store, &manifest, &[name])?.session(name)?.run(input.view())?;
    let (found, said) = (output[0].shape().to_vec(), shape(&spec.outputs[0].shape));
    if found != said {
        bail!("its output has the shape {found:?}, the description says {said:?}");
    }
    Ok(())
}

fn list(store: &Store, manifest: &Manifest, format: Format) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for name in manifest.names() {
        // A platform without a library of its own is still able to list the models.
        let Ok(artifact) = manifest.artifact(name) else {
            continue;
        };
        rows.push((artifact, store.state(artifact)?));
    }
    let mut out = std::io::stdout().lock();
    match format {
        Format::Json => {
            for (artifact, state) in &rows {
                writeln!(out, "{}", as_json(store, manifest, artifact, *state))?;
            }
        }
        Format::Text => {
            let width = rows.iter().map(|(artifact, _)| artifact.name.len()).max().unwrap_or(0);
            for (artifact, state) in &rows {
                let sets = manifest.sets_of(&artifact.name).join(", ");
                let size_mb = artifact.size_bytes as f64 / 1e6;
                let (name, state) = (&artifact.name, state_word(*state));
                writeln!(out, "{name:width$}  {state:9}  {size_mb:5.1} MB  {sets}")?;
            }
            writeln!(out, "in {}", one_line(&store.home().display().to_string()))?;
        }
    }
    Ok(())
}

fn as_json(store: &Store, manifest: &Manifest, artifact: &Artifact, state: State) -> serde_json::Value {
    let (kind, version) = match &artifact.kind {
        ArtifactKind::Runtime { version } => ("runtime", Some(version)),
        ArtifactKind::Model(_) => ("model", None),
    };
    json!({
        "name": artifact.name,
        "kind": kind,
        "version": version,
        "state": state_word(state),
        "path": (!artifact.is_built_in()).then(|| store.path_of(artifact)),
        "size_bytes": artifact.size_bytes,
        "sha256": artifact.sha256.to_string(),
        "sets": manifest.sets_of(&artifact.name),
        "licence": artifact.licence,
        "upstream": artifact.upstream,
    })
}

fn state_word(state: State) -> &'static str {
    match state {
        State::BuiltIn => "built in",
        State::Missing => "missing",
        State::Installed => "installed",
        State::Damaged(_) => "damaged",
    }
}

fn verify(store: &Store, manifest: &Manifest) -> anyhow::Result<()> {
    let default: Vec<&str> = manifest.set_names(names::DEFAULT_SET)?;
    let mut wrong = Vec::new();
    let mut models = Vec::new();
    let mut out = std::io::stdout().lock();
    for name in manifest.names() {
        let Ok(artifact) = manifest.artifact(name) else {
            continue;
        };
        let state = store.state(artifact)?;
        if state == State::Missing && !default.contains(&name) {
            continue;
        }
        writeln!(out, "{:9}  {name}", state_word(state))?;
        match (state, &artifact.kind) {
            (State::Installed | State::BuiltIn, ArtifactKind::Model(_)) => models.push(name),
            (State::Installed | State::BuiltIn, ArtifactKind::Runtime { .. }) => {}
            (State::Missing | State::Damaged(_), _) => wrong.push(name),
        }
    }
    if !wrong.is_empty() {
        bail!("missing or damaged: {}; run `realname models fetch`", wrong.join(", "));
    }
    // What has the right digest must also load: the library may be another (ORT_DYLIB_PATH).
    let opened = Models::open(store, manifest, &models)?;
    for name in models {
        opened.session(name)?;
    }
    writeln!(out, "loaded with {}", opened.provenance().runtime)?;
    Ok(())
}

fn remove(store: &Store, manifest: &Manifest, names: &[String]) -> anyhow::Result<()> {
    let all = names.is_empty();
    let names = if all { manifest.names() } else { names.iter().map(String::as_str).collect() };
    // Every name is looked up before anything is removed.
    let artifacts = names.iter().map(|name| manifest.artifact(name));
    let artifacts = if all {
        artifacts.filter_map(Result::ok).collect()
    } else {
        artifacts.collect::<Result<Vec<_>, _>>()?
    };
    let mut out = std::io::stdout().lock();
    for artifact in artifacts {
        store.forget_embedding(&artifact.name)?;
        match store.remove(artifact)? {
            Removed::File(path) => {
                writeln!(out, "removed {}", one_line(&path.display().to_string()))?;
            }
            Removed::Nothing if !all => writeln!(out, "{} is not installed", artifact.name)?,
            Removed::BuiltIn if !all => writeln!(out, "{} is part of the program", artifact.name)?,
            Removed::Nothing | Removed::BuiltIn => {}
        }
    }
    if all {
        store.remove_downloads()?;
    }
    Ok(())
}

/// Shows how fetching goes on standard error: a bar on a terminal, now and then a line elsewhere.
#[derive(Default)]
pub(super) struct FetchProgress {
    shown: RefCell<Shown>,
}

#[derive(Default)]
struct Shown {
    bar: Option<(String, ProgressBar)>,
    line_at: Option<Instant>,
    file: String,
}

impl FetchProgress {
    const LINE_EVERY: Duration = Duration::from_secs(5);

    /// Takes the bar off the terminal.
    pub(super) fn clear(&self) {
        if let Some((_, bar)) = self.shown.borrow_mut().bar.take() {
            bar.finish_and_clear();
        }
    }

    fn line(&self, text: &str) {
        self.clear();
        writeln!(std::io::stderr(), "{}", visible(text)).ok();
    }

    fn downloading(&self, file: &str, from: &str, done_bytes: u64, total_bytes: u64) {
        let mut shown = self.shown.borrow_mut();
        if std::io::stderr().is_terminal() {
            if shown.bar.as_ref().is_none_or(|(shown, _)| shown != file) {
                let style = ProgressStyle::with_template(
                    "{msg}\n  [{bar:40}] {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left",
                );
                let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
                let bar = ProgressBar::new(total_bytes).with_style(style);
                bar.set_message(format!("downloading {file} ({from})"));
                shown.bar = Some((file.to_owned(), bar));
            }
            if let Some((_, bar)) = &shown.bar {
                bar.set_position(done_bytes);
            }
            return;
        }
        let is_new = shown.file != file;
        if is_new || shown.line_at.is_none_or(|at| at.elapsed() > Self::LINE_EVERY) {
            let (done_mb, total_mb) = (done_bytes as f64 / 1e6, total_bytes as f64 / 1e6);
            let line = format!("downloading {file} ({from}): {done_mb:.1} of {total_mb:.1} MB");
            writeln!(std::io::stderr(), "{line}").ok();
            shown.line_at = Some(Instant::now());
            file.clone_into(&mut shown.file);
        }
    }
}

impl Progress for FetchProgress {
    fn report(&self, event: Event<'_>) {
        match event {
            Event::Downloading { file, from, done_bytes, total_bytes } => {
                self.downloading(file, from, done_bytes, total_bytes);
            }
            Event::SourceFailed { file, from, reason } => {
                self.line(&format!("{from}: no {file}: {reason}"));
            }
            Event::Waiting => self.line("another process is fetching models; waiting for it"),
            Event::Step { name, step } => self.line(&format!("{name}: {step}")),
            Event::Installed { name, path } => {
                self.line(&one_line(&format!("{name}: installed as {}", path.display())));
            }
        }
    }
}
