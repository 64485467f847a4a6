//! `realname compare --pairs`: the distance between the faces of every pair in a table.

use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use cpu_time::ProcessTime;

use super::compare::face;
use super::globals::Globals;
use super::inspect::photo;
use super::progress::Progress;
use super::stdout::VisibleLines;
use super::{exit, stop};
use crate::case::CaseError;
use crate::engine::Engine;
use crate::face::FaceEmbedding;
use crate::report::one_line;
use crate::score::CosineDistance;
use crate::worker::pairs::{Face, NoFace, PairList};
use crate::worker::write_whole;

/// Compares every pair of the table at `pairs`, each photo being looked at once.
pub(super) fn run(pairs: &Path, output: Option<&Path>, globals: &Globals) -> anyhow::Result<ExitCode> {
    let settings = globals.settings()?;
    let list = PairList::open(pairs)?;
    let bytes_max = settings.limits.bytes_max;
    let workers = settings.threads.saturating_add(1);
    let engine = globals.engine(settings)?;
    let stop = stop::on_ctrl_c()?;
    let mut progress = Progress::new("photos", list.photos().len());
    let (mut faceless, mut errors) = (0, 0);
    let cpu = ProcessTime::try_now();
    let tell = |path: &Path, face: &Face<FaceEmbedding>| {
        if let Err(NoFace { error, .. }) = face {
            faceless += 1;
            if let Some(error) = error {
                errors += 1;
                // The error names the file already where it could not be read.
                let path = path.display().to_string();
                let place = if error.contains(&path) { String::new() } else { format!("{path}: ") };
                progress.say(&one_line(&format!("error: {place}{error}")));
            }
        }
        progress.step();
        Ok(())
    };
    let faces = list.faces(workers, stop, |path| face_at(&engine, path, bytes_max), tell);
    progress.finish();
    let Some(faces) = faces? else {
        progress.say("stopped: nothing was written");
        return Ok(ExitCode::from(exit::STOPPED));
    };
    let photos = faces.len();
    let (per_s, cpu) = (progress.per_s(), cpu.and_then(|cpu| cpu.try_elapsed()));
    let distance = |a: &FaceEmbedding, b: &FaceEmbedding| a.distance(b).map(CosineDistance::get);
    let written = match output {
        Some(path) => {
            let mut written = None;
            let done = write_whole(path, |out| {
                written = Some(list.write(&faces, distance, out)?);
                Ok(())
            });
            done.with_context(|| path.display().to_string())?;
            written.context("the table was written without an outcome")?
        }
        None => {
            let mut out = VisibleLines::new(BufWriter::new(io::stdout().lock()));
            let written = list.write(&faces, distance, &mut out);
            let written = written.and_then(|written| out.flush().map(|()| written));
            written.context("standard output")?
        }
    };
    let cpu_ms = cpu.map_or(f64::NAN, |cpu| cpu.as_secs_f64() * 1e3 / photos.max(1) as f64);
    progress.say(&format!(
        "{} pairs, {} compared; {photos} photos, {faceless} without a face, {errors} errors; \
         {per_s:.2} photos/s, {cpu_ms:.0} ms CPU per photo",
        written.pairs, written.compared
    ));
    Ok(if errors > 0 { ExitCode::from(exit::NOT_DONE) } else { ExitCode::SUCCESS })
}

fn face_at(engine: &Engine, path: &Path, bytes_max: u64) -> Face<FaceEmbedding> {
    let sample = photo(path, bytes_max).map_err(|error| {
        let absent =
            matches!(&error, CaseError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound);
        let status = if absent { "not_found" } else { "unreadable" };
        NoFace { status: status.to_owned(), error: Some(error.to_string()) }
    })?;
    match face(engine, sample) {
        Ok(face) => face.map_err(|status| NoFace { status: status.to_owned(), error: None }),
        Err(error) => Err(NoFace { status: "error".to_owned(), error: Some(error.to_string()) }),
    }
}
