//! Runs the conversion scripts of `models/convert`: those that need packages in a throwaway virtual
//! environment whose packages are pinned by hash, the others with the Python that is there. The
//! scripts are compiled into the program.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{child, python};
use crate::inference::{Artifact, Conversion, InferenceError, Needs, Sha256};

const REQUIREMENTS: &str = include_str!("../../../models/convert/requirements.txt");
const SCRIPTS: [(&str, &str); 4] = [
    ("onnx_graph.py", include_str!("../../../models/convert/onnx_graph.py")),
    ("tflite_to_onnx.py", include_str!("../../../models/convert/tflite_to_onnx.py")),
    ("tfjs_to_onnx.py", include_str!("../../../models/convert/tfjs_to_onnx.py")),
    ("minifasnet_to_onnx.py", include_str!("../../../models/convert/minifasnet_to_onnx.py")),
];

/// A Python that can run the scripts which need so much.
pub(super) struct Converter {
    folder: PathBuf,
    python: PathBuf,
}

impl Converter {
    /// Lays out the scripts in `staging`, with the environment that `needs` asks for; with
    /// `wheels`, from the wheels in these folders alone.
    pub(super) fn new(
        name: &str,
        staging: &Path,
        needs: Needs,
        wheels: Option<&BTreeSet<PathBuf>>,
    ) -> Result<Self, InferenceError> {
        let folder = staging.join("convert");
        fs::create_dir_all(&folder).map_err(InferenceError::io("create", &folder))?;
        for (file, text) in SCRIPTS.into_iter().chain([("requirements.txt", REQUIREMENTS)]) {
            let path = folder.join(file);
            fs::write(&path, text).map_err(InferenceError::io("write", &path))?;
        }
        let python = match needs {
            Needs::StandardLibrary => PathBuf::from(python::with_modules("pickle", "convert models")?),
            Needs::Packages => Self::environment(name, &folder, wheels)?,
        };
        Ok(Self { folder, python })
    }

    /// The Python of a new virtual environment in `folder`.
    fn environment(
        name: &str,
        folder: &Path,
        wheels: Option<&BTreeSet<PathBuf>>,
    ) -> Result<PathBuf, InferenceError> {
        let python = python::with_modules("venv, ensurepip", "convert models")?;
        let failed = |reason| InferenceError::Conversion { name: name.to_owned(), reason };
        let venv = folder.join("venv");
        child::run(Command::new(python).args(["-m", "venv"]).arg(&venv), folder, None).map_err(failed)?;
        let python = if cfg!(windows) {
            venv.join("Scripts").join("python.exe")
        } else {
            venv.join("bin").join("python")
        };
        let mut install = Command::new(&python);
        install
            .args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"])
            .args(["--require-hashes", "--only-binary=:all:", "--no-deps", "--no-compile"])
            .args(["--retries", "2", "--timeout", "15"])
            .args(["-r", "requirements.txt"])
            .env("TMPDIR", folder)
            .current_dir(folder);
        if let Some(wheels) = wheels {
            install.arg("--no-index");
            for folder in wheels {
                install.arg("--find-links").arg(folder);
            }
        }
        child::run(&mut install, folder, None).map_err(|reason| {
            let advice = match wheels {
                None => "check the network",
                Some(_) => {
                    "put the wheels that models/convert/requirements.txt names into the folder, \
                     or finished models from the `models` folder of another machine's cache"
                }
            };
            failed(format!("its Python packages cannot be installed: {reason}; {advice}"))
        })?;
        Ok(python)
    }

    /// Converts `files` (name, path) to `output` and checks its digest.
    pub(super) fn run(
        &self,
        artifact: &Artifact,
        conversion: &Conversion,
        files: &[(&str, PathBuf)],
        output: &Path,
    ) -> Result<(), InferenceError> {
        let failed = |reason| InferenceError::Conversion { name: artifact.name.clone(), reason };
        let mut command = Command::new(&self.python);
        command.arg(self.folder.join(&conversion.script));
        for argument in &conversion.arguments {
            let file = files.iter().find(|(name, _)| *argument == format!("{{{name}}}"));
            match file {
                Some((_, path)) => command.arg(path),
                None if argument == "{output}" => command.arg(output),
                None => command.arg(argument),
            };
        }
        command.env_remove("PYTHONPATH").env_remove("PYTHONHOME").current_dir(&self.folder);
        child::run(&mut command, &self.folder, None).map_err(failed)?;
        let found = Sha256::of_file(output).map_err(InferenceError::io("read", output))?;
        if found != artifact.sha256 {
            return Err(failed(format!(
                "the result has sha256 {found} and should have {}; please report this with your \
                 Python version and platform",
                artifact.sha256
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::Manifest;

    #[test]
    fn every_script_of_the_manifest_is_compiled_in() {
        let manifest = Manifest::built_in();
        for name in manifest.names() {
            let Ok(artifact) = manifest.artifact(name) else {
                continue;
            };
            let Some(conversion) = artifact.convert() else {
                continue;
            };
            assert!(SCRIPTS.iter().any(|(file, _)| *file == conversion.script), "{name}");
        }
    }

    #[test]
    fn every_requirement_is_pinned_by_hash() {
        let pins = REQUIREMENTS.lines().filter(|line| line.contains("=="));
        assert_eq!(pins.clone().count(), 4);
        for pin in pins {
            let after = REQUIREMENTS.split(pin).nth(1).unwrap();
            assert!(after.trim_start().starts_with("--hash=sha256:"), "{pin}");
        }
    }
}
