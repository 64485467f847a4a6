//! The manifest as written: every key as it stands in the file, unknown keys refused, then checked
//! and turned into the types of the parent module.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    Artifact, ArtifactKind, ChannelOrder, Conversion, Dimension, Download, DownloadSource, InputSpec, Layout,
    Manifest, ModelSpec, OutputSpec, Source, SourceFile, Supply,
};
use crate::inference::{BuiltIn, Sha256};
use crate::score::Calibration;

const SCHEMA: &str = "realname.models/1";
const ADDED_SCHEMA: &str = "realname.embedding/1";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawManifest {
    schema: String,
    sets: BTreeMap<String, Vec<String>>,
    downloads: BTreeMap<String, RawDownload>,
    runtime: BTreeMap<String, RawRuntime>,
    models: BTreeMap<String, RawModel>,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
enum RawDownload {
    Pip {
        package: String,
        version: String,
        python_version: String,
        platform: String,
        file: String,
        size_bytes: u64,
        sha256: Sha256,
    },
    Npm {
        package: String,
        version: String,
        file: String,
        size_bytes: u64,
        sha256: Sha256,
    },
    Github {
        repository: String,
        commit: String,
        path: String,
        file: String,
        size_bytes: u64,
        sha256: Sha256,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRuntime {
    version: String,
    licence: String,
    upstream: String,
    platforms: BTreeMap<String, RawFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    file: String,
    size_bytes: u64,
    sha256: Sha256,
    sources: Vec<Source>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawModel {
    purpose: String,
    licence: String,
    upstream: String,
    sha256: Sha256,
    /// Of a built-in model: its path below `models/`.
    built_in: Option<String>,
    // Of all others.
    file: Option<String>,
    size_bytes: Option<u64>,
    convert: Option<Conversion>,
    files: Option<Vec<RawFile>>,
    input: RawInput,
    outputs: Vec<RawOutput>,
    calibration: Option<Calibration>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawInput {
    name: String,
    layout: Layout,
    shape: Vec<Dimension>,
    channels: ChannelOrder,
    range: [f32; 2],
    mean: f32,
    deviation: f32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOutput {
    name: String,
    shape: Vec<Dimension>,
    meaning: String,
}

/// The manifest in `text`, or what is wrong with it.
pub(super) fn manifest(text: &str) -> Result<Manifest, String> {
    let raw: RawManifest = toml::from_str(text).map_err(|error| error.to_string())?;
    if raw.schema != SCHEMA {
        return Err(format!("schema is `{}`, this program reads `{SCHEMA}`", raw.schema));
    }
    let mut manifest = Manifest {
        sets: raw.sets,
        downloads: BTreeMap::new(),
        models: BTreeMap::new(),
        runtimes: BTreeMap::new(),
    };
    for (key, download) in raw.downloads {
        let download = checked_download(&key, download)?;
        manifest.downloads.insert(key, download);
    }
    for (name, runtime) in raw.runtime {
        let platforms = runtime_artifacts(&name, runtime);
        for artifact in platforms.values() {
            check_artifact(artifact, &manifest.downloads)?;
        }
        manifest.runtimes.insert(name, platforms);
    }
    for (name, model) in raw.models {
        let artifact = model_artifact(&name, model)?;
        check_artifact(&artifact, &manifest.downloads)?;
        manifest.models.insert(name, artifact);
    }
    for (set, names) in &manifest.sets {
        let known = manifest.names();
        match names.iter().find(|name| !known.contains(&name.as_str())) {
            Some(name) => return Err(format!("sets.{set}: there is no `{name}`")),
            None if set == "all" => return Err("sets.all: `all` is every artefact".to_owned()),
            None => {}
        }
    }
    Ok(manifest)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAdded {
    sha256: Sha256,
    size_bytes: u64,
    schema: String,
    name: String,
    licence: String,
    upstream: String,
    metric: Metric,
    template: [[f32; 2]; 5],
    input: RawInput,
    output: RawOutput,
    calibration: Option<Calibration>,
}

/// How the vectors of an embedding compare.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Metric {
    /// By 1 - cosine.
    Cosine,
}

/// The face embedding that a description with its file's size and sha256 stands for, or what is
/// wrong with it.
pub(in crate::inference) fn added_artifact(text: &str) -> Result<Artifact, String> {
    let raw: RawAdded = toml::from_str(text).map_err(|error| error.to_string())?;
    if raw.schema != ADDED_SCHEMA {
        return Err(format!("schema is `{}`, this program reads `{ADDED_SCHEMA}`", raw.schema));
    }
    check_file_name("name", &raw.name)?;
    let square = matches!(&raw.input.shape[..],
        [_, Dimension::Fixed(3), Dimension::Fixed(rows), Dimension::Fixed(columns)] if rows == columns);
    if !square || matches!(raw.input.channels, ChannelOrder::Grey) {
        return Err("input: a face embedding takes a square of three channels, RGB or BGR".to_owned());
    }
    let Metric::Cosine = raw.metric;
    let file = format!("{}.onnx", raw.name);
    let model = RawModel {
        purpose: "turns an aligned face into a vector that is compared by cosine".to_owned(),
        licence: raw.licence,
        upstream: raw.upstream,
        sha256: raw.sha256,
        built_in: None,
        file: Some(file),
        size_bytes: Some(raw.size_bytes),
        convert: None,
        files: Some(Vec::new()), // it is in the store or it is not; nothing fetches it
        input: raw.input,
        outputs: vec![raw.output],
        calibration: raw.calibration,
    };
    let mut artifact = model_artifact(&raw.name, model)?;
    if let ArtifactKind::Model(spec) = &mut artifact.kind {
        spec.template = Some(raw.template);
    }
    Ok(artifact)
}

fn checked_download(key: &str, raw: RawDownload) -> Result<Download, String> {
    let download = match raw {
        RawDownload::Pip { package, version, python_version, platform, file, size_bytes, sha256 } => {
            Download {
                source: DownloadSource::Pip { package, version, python_version, platform },
                file,
                size_bytes,
                sha256,
            }
        }
        RawDownload::Npm { package, version, file, size_bytes, sha256 } => {
            Download { source: DownloadSource::Npm { package, version }, file, size_bytes, sha256 }
        }
        RawDownload::Github { repository, commit, path, file, size_bytes, sha256 } => {
            Download { source: DownloadSource::Github { repository, commit, path }, file, size_bytes, sha256 }
        }
    };
    check_file_name(&format!("downloads.{key}"), &download.file)?;
    if let DownloadSource::Github { commit, .. } = &download.source
        && (commit.len() != 40 || !commit.bytes().all(|byte| byte.is_ascii_hexdigit()))
    {
        return Err(format!("downloads.{key}: commit is not 40 hex digits"));
    }
    Ok(download)
}

fn runtime_artifacts(name: &str, raw: RawRuntime) -> BTreeMap<String, Artifact> {
    let artifact = |file: RawFile| Artifact {
        name: name.to_owned(),
        kind: ArtifactKind::Runtime { version: raw.version.clone() },
        file: file.file.clone(),
        size_bytes: file.size_bytes,
        sha256: file.sha256,
        licence: raw.licence.clone(),
        upstream: raw.upstream.clone(),
        supply: Supply::Fetched { files: vec![source_file(file)], convert: None },
    };
    raw.platforms.into_iter().map(|(platform, file)| (platform, artifact(file))).collect()
}

fn model_artifact(name: &str, raw: RawModel) -> Result<Artifact, String> {
    let input = raw.input;
    let at = format!("models.{name}.input");
    let batches = [Dimension::Free("N".to_owned()), Dimension::Fixed(1)];
    if !input.shape.first().is_some_and(|it| batches.contains(it)) || input.shape.len() != 4 {
        return Err(format!("{at}: shape is [\"N\" or 1, channels, rows, columns]"));
    }
    if !(input.deviation > 0.0 && input.mean.is_finite() && input.range[0] < input.range[1]) {
        return Err(format!("{at}: deviation is above 0, mean is a number, range ascends"));
    }
    if raw.outputs.is_empty() {
        return Err(format!("models.{name}: outputs is empty"));
    }
    let spec = ModelSpec {
        purpose: raw.purpose,
        input: InputSpec {
            name: input.name,
            layout: input.layout,
            shape: input.shape,
            channels: input.channels,
            range: input.range,
            mean: input.mean,
            deviation: input.deviation,
        },
        outputs: raw
            .outputs
            .into_iter()
            .map(|raw| OutputSpec { name: raw.name, shape: raw.shape, meaning: raw.meaning })
            .collect(),
        template: None,
        calibration: raw.calibration.map(Box::new),
    };
    let (file, size_bytes, supply) = match (raw.built_in, raw.file, raw.size_bytes, raw.files) {
        (Some(path), None, None, None) if raw.convert.is_none() => built_in(name, &path)?,
        (None, Some(file), Some(size_bytes), Some(files)) => {
            let files = files.into_iter().map(source_file).collect();
            (file, size_bytes, Supply::Fetched { files, convert: raw.convert })
        }
        (Some(_), ..) => return Err(format!("models.{name}: `built_in` stands alone, its bytes are known")),
        (None, ..) => {
            return Err(format!("models.{name}: file, size_bytes and files are needed, or built_in"));
        }
    };
    Ok(Artifact {
        name: name.to_owned(),
        kind: ArtifactKind::Model(spec),
        file,
        size_bytes,
        sha256: raw.sha256,
        licence: raw.licence,
        upstream: raw.upstream,
        supply,
    })
}

/// File name, size and bytes of the committed model at `path` below `models/`.
fn built_in(name: &str, path: &str) -> Result<(String, u64, Supply), String> {
    let model =
        BuiltIn::at(path).ok_or_else(|| format!("models.{name}: models/{path} is not compiled in"))?;
    let file = path.rsplit('/').next().unwrap_or(path).to_owned();
    Ok((file, model.bytes().len() as u64, Supply::BuiltIn(model)))
}

fn source_file(raw: RawFile) -> SourceFile {
    let RawFile { file, size_bytes, sha256, sources } = raw;
    SourceFile { file, size_bytes, sha256, sources }
}

fn check_artifact(artifact: &Artifact, downloads: &BTreeMap<String, Download>) -> Result<(), String> {
    let name = &artifact.name;
    check_file_name(name, name)?;
    check_file_name(name, &artifact.file)?;
    for file in artifact.files() {
        check_file_name(name, &file.file)?;
        if file.sources.is_empty() {
            return Err(format!("{name}: {} has no sources", file.file));
        }
        for source in &file.sources {
            let Some(download) = downloads.get(&source.download) else {
                return Err(format!("{name}: there is no download `{}`", source.download));
            };
            if source.member.is_none() && download.sha256 != file.sha256 {
                return Err(format!("{name}: {} and its download differ in sha256", file.file));
            }
        }
    }
    match (&artifact.supply, artifact.convert(), artifact.files()) {
        // Whether its digest is right is found out when it is opened, and by a test.
        (Supply::BuiltIn(_), ..) => Ok(()),
        (Supply::Fetched { .. }, None, [file]) if file.sha256 == artifact.sha256 => Ok(()),
        (Supply::Fetched { .. }, None, _) => {
            Err(format!("{name}: without `convert`, its one file is the artefact itself"))
        }
        (Supply::Fetched { .. }, Some(_), []) => Err(format!("{name}: files is empty")),
        (Supply::Fetched { .. }, Some(convert), files) => check_arguments(name, convert, files),
    }
}

fn check_arguments(name: &str, convert: &Conversion, files: &[SourceFile]) -> Result<(), String> {
    let wanted = files.iter().map(|file| file.file.as_str()).chain(["output"]);
    for placeholder in wanted {
        let placeholder = format!("{{{placeholder}}}");
        if convert.arguments.iter().filter(|argument| **argument == placeholder).count() != 1 {
            return Err(format!("{name}: convert.arguments has no single {placeholder}"));
        }
    }
    Ok(())
}

/// A file name that stays in its folder on every system.
fn check_file_name(at: &str, name: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if name.is_empty() || name.starts_with('.') || !name.chars().all(allowed) {
        return Err(format!("{at}: `{name}` is not a plain file name"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../../../models/manifest.toml");

    /// The shipped manifest with one piece of text replaced.
    fn error_after(from: &str, to: &str) -> String {
        assert!(SHIPPED.contains(from), "the manifest has no {from:?}");
        manifest(&SHIPPED.replacen(from, to, 1)).expect_err("must be refused")
    }

    #[test]
    fn the_shipped_manifest_is_valid() {
        let manifest = manifest(SHIPPED).unwrap();
        assert_eq!(manifest.sets["default"].len(), 6);
        for platform in ["linux-x86_64", "linux-aarch64", "macos-aarch64"] {
            assert!(manifest.runtimes["onnxruntime"].contains_key(platform), "{platform}");
        }
    }

    #[test]
    fn unknown_keys_are_refused_at_every_level() {
        for (after, key) in [
            ("schema = \"realname.models/1\"", "colour = 1"),
            ("kind = \"pip\"", "colour = 1"),
            ("kind = \"npm\"", "colour = 1"),
            ("kind = \"github\"", "colour = 1"),
            ("[runtime.onnxruntime]", "colour = 1"),
            ("[runtime.onnxruntime.platforms.linux-x86_64]", "colour = 1"),
            ("[models.face-mesh]", "colour = 1"),
            ("[models.face-mesh.convert]", "colour = 1"),
            ("[[models.face-mesh.files]]", "colour = 1"),
            ("[models.face-mesh.input]", "colour = 1"),
            ("[[models.face-mesh.outputs]]", "colour = 1"),
            ("{ download = \"mediapipe\",", "colour = 1,"),
        ] {
            let separator = if after.starts_with('{') { " " } else { "\n" };
            let error = error_after(after, &format!("{after}{separator}{key}"));
            assert!(error.contains("unknown field `colour`"), "{after}: {error}");
        }
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        for (from, to, expected) in [
            ("realname.models/1", "realname.models/2", "this program reads"),
            ("  \"face-mesh\",", "  \"face-mash\",", "there is no `face-mash`"),
            ("reference = [", "all = [", "`all` is every artefact"),
            ("{ download = \"mediapipe\"", "{ download = \"mediapie\"", "no download `mediapie`"),
            ("file = \"face-mesh.onnx\"", "file = \"../face-mesh.onnx\"", "plain file name"),
            ("\"{face_landmark.tflite}\"", "\"x\"", "no single {face_landmark.tflite}"),
            ("\"{output}\"", "\"x\"", "no single {output}"),
            ("deviation = 127.5", "deviation = 0.0", "deviation is above 0"),
            ("deviation = 127.5", "deviation = nan", "deviation is above 0"),
            ("[\"N\", 3, 128, 128]", "[2, 3, 128, 128]", "shape is"),
            ("built_in = \"card_locator/", "built_in = \"card_mislaid/", "is not compiled in"),
            ("built_in = ", "size_bytes = 1\nbuilt_in = ", "stands alone"),
            ("file = \"face-mesh.onnx\"\n", "", "are needed, or built_in"),
            ("commit = \"bc66", "commit = \"xc66", "40 hex digits"),
            ("sha256 = \"05dc", "sha256 = \"05DC", "lower-case hex"),
            ("sha256 = \"104ee2", "sha256 = \"204ee2", "differ in sha256"),
            ("layout = \"NCHW\"", "layout = \"NHWC\"", "unknown variant `NHWC`"),
        ] {
            let error = error_after(from, to);
            assert!(error.contains(expected), "{to}: {error}");
        }
    }
}
