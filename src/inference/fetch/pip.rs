//! Downloads a wheel with the pip client as the user has set it up (index, proxy, certificates).

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Progress, Watch, child, python};

/// Which wheel.
pub(super) struct Wheel<'a> {
    pub(super) package: &'a str,
    pub(super) version: &'a str,
    pub(super) python_version: &'a str,
    pub(super) platform: &'a str,
}

/// The wheel, in a folder of its own in `staging`, or why there is none.
pub(super) fn download(
    wheel: &Wheel<'_>,
    staging: &Path,
    watch: &Watch<'_>,
    progress: &dyn Progress,
) -> Result<PathBuf, String> {
    let python = python::with_modules("pip", "download a pip package").map_err(|error| error.to_string())?;
    let folder = staging.join(format!("pip-{}", watch.file));
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let mut command = Command::new(python);
    command
        .args(["-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"])
        .args(["--no-deps", "--no-cache-dir", "--only-binary=:all:"])
        .args(["--retries", "1", "--timeout", "15"])
        .args(["--implementation", "cp", "--python-version", wheel.python_version])
        .args(["--platform", wheel.platform])
        .arg("--dest")
        .arg(&folder)
        .arg(format!("{}=={}", wheel.package, wheel.version))
        // pip writes what arrives to a temporary folder: here it can be watched.
        .env("TMPDIR", &folder)
        .current_dir(&folder);
    child::run(&mut command, &folder, Some((watch, progress)))?;
    let file = folder.join(watch.file);
    if !file.is_file() {
        return Err(format!("pip did not give {}", watch.file));
    }
    Ok(file)
}
