//! Downloads a package tarball with the npm client as the user has set it up.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Progress, Watch, child};
use crate::inference::InferenceError;

/// npm counts the whole body in this; standstill is noticed much earlier by watching the bytes.
const BODY_LIMIT_MS: u64 = 1_800_000;

/// The tarball, in a folder of its own in `staging`, or why there is none.
pub(super) fn download(
    package: &str,
    version: &str,
    staging: &Path,
    watch: &Watch<'_>,
    progress: &dyn Progress,
) -> Result<PathBuf, String> {
    let npm = client().map_err(|error| error.to_string())?;
    let folder = staging.join(format!("npm-{}", watch.file));
    let packed = folder.join("packed");
    fs::create_dir_all(&packed).map_err(|error| error.to_string())?;
    let mut command = Command::new(npm);
    command
        .arg("pack")
        .arg(format!("{package}@{version}"))
        .args(["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"])
        .args(["--loglevel", "error", "--fetch-retries", "1"])
        .arg("--fetch-timeout")
        .arg(BODY_LIMIT_MS.to_string())
        .arg("--pack-destination")
        .arg(&packed)
        // A cache of its own, so that the bytes can be watched and do not stay behind.
        .arg("--cache")
        .arg(folder.join("cache"))
        .current_dir(&folder);
    child::run(&mut command, &folder, Some((watch, progress)))?;
    let entries = fs::read_dir(&packed).map_err(|error| error.to_string())?;
    let mut tarballs = entries.flatten().map(|entry| entry.path());
    tarballs.next().ok_or_else(|| format!("npm did not give {}", watch.file))
}

fn client() -> Result<&'static str, InferenceError> {
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let mut command = Command::new(npm);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if command.status().is_ok_and(|status| status.success()) {
        return Ok(npm);
    }
    Err(InferenceError::Prerequisite {
        program: "npm",
        purpose: "download an npm package".to_owned(),
        problem: "it was not found".to_owned(),
        install: "Node.js with npm",
    })
}
