//! Both sides of a case checked in a process of its own: `work` starts this very program again, as
//! the hidden command `assess-apart`.

use std::io;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::Context as _;
use rlimit::Resource;

use super::globals::Globals;
use crate::case::Case;
use crate::engine::Engine;
use crate::monitor::log;
use crate::policy::Verdict;
use crate::worker::apart::{ApartBounds, ApartError, answer, assessed_apart};

/// Has a case checked by a process of its own and decides it by the engine of this one.
pub(super) fn checked(case: &Case, globals: &Globals, engine: &Engine) -> Result<Verdict, ApartError> {
    let fault = |reason: String| ApartError::Fault { reason };
    let mut command = Command::new(own_program().map_err(|error| fault(format!("this program: {error}")))?);
    command.args(globals.for_another());
    command.arg("assess-apart");
    #[cfg(unix)]
    {
        // Ctrl-C at a terminal is for the worker, which then finishes or hands back.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
    }
    let (assessment, timings) = assessed_apart(command, case, ApartBounds::default())?;
    if assessment.provenance != *engine.provenance() {
        return Err(fault("the models were changed since this worker started; start it again".to_owned()));
    }
    Ok(Verdict { timings, ..engine.decide(assessment) })
}

/// The file that runs, also where another has been put in its place since.
fn own_program() -> io::Result<PathBuf> {
    let running = PathBuf::from("/proc/self/exe");
    if running.exists() { Ok(running) } else { std::env::current_exe() }
}

/// Runs `realname assess-apart`: a case on standard input, its assessment on standard output.
pub(super) fn run(globals: &Globals) -> anyhow::Result<ExitCode> {
    log::keep_panics_to_their_place(|place| eprintln!("panicked at {place}"));
    let settings = globals.settings()?;
    let photo_bytes_max = settings.limits.bytes_max;
    let bounds = ApartBounds::default();
    limited(Resource::DATA, bounds.memory_bytes).context("the bound on memory")?;
    limited(Resource::CPU, bounds.cpu.as_secs()).context("the bound on CPU time")?;
    // A memory image would hold the photos.
    limited(Resource::CORE, 0).context("no memory image")?;
    // Where memory runs out, this process goes and not the worker. Elsewhere than on Linux there is no
    // such thing to say.
    std::fs::write("/proc/self/oom_score_adj", "1000").ok();
    let engine = Engine::new(settings)?;
    answer(io::stdin(), io::stdout().lock(), photo_bytes_max, |case| {
        engine.measure(case).map_err(|error| error.to_string())
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Sets a bound of this process, never above the one it has.
fn limited(resource: Resource, bound: u64) -> io::Result<()> {
    if !resource.is_supported() {
        return Ok(());
    }
    let (soft, hard) = resource.get()?;
    resource.set(bound.min(soft), hard)
}
