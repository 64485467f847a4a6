//! `realname eval faces`: compares every pair of a table and tells the error rates. What was scored
//! is kept in a file, so that a run that was stopped goes on; no embedding is.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;

use super::compare::face;
use super::globals::{Format, Globals};
use super::inspect::photo;
use super::progress::Progress;
use super::{exit, stdout, stop};
use crate::engine::{Engine, EngineError};
use crate::eval::{ScoreTable, faces_page, faces_summary, faces_text};
use crate::face::FaceEmbedding;
use crate::score::CosineDistance;
use crate::worker::{for_each_in_order, write_whole};

/// What separates the frames of one probe in its cell.
const BETWEEN_FRAMES: char = ';';

/// Arguments of `realname eval faces`.
#[derive(Debug, Args)]
pub(super) struct FacesArgs {
    /// Table of tab-separated values with the columns reference, probe (several frames separated by
    /// `;`), genuine (1 or 0) and, where wanted, group; paths are relative to the table
    pairs: PathBuf,
    /// Keep the scores here; a run that was stopped goes on from this file
    #[arg(long, value_name = "TSV")]
    scores: PathBuf,
    /// Write the figures and plots as an HTML page
    #[arg(long, value_name = "HTML")]
    html: Option<PathBuf>,
}

/// A row of the table: its line, and its photos, the reference first.
struct Row {
    line: String,
    photos: Vec<String>,
}

/// A photo's face, or in one word why there is none.
type Face = Result<FaceEmbedding, &'static str>;

/// The machine's fault on one photo.
#[derive(Debug, thiserror::Error)]
enum LookError {
    #[error("{0}")]
    Read(#[from] crate::case::CaseError),
    #[error("{0}")]
    Engine(#[from] EngineError),
}

pub(super) fn run(args: &FacesArgs, globals: &Globals) -> anyhow::Result<ExitCode> {
    let settings = globals.settings()?;
    let (bytes_max, workers) = (settings.limits.bytes_max, settings.threads);
    let engine = globals.engine(settings)?;
    let model = named_model(&engine)?;
    let header = format!("{}\tdistance\tstatus\tmodel", rows(&args.pairs)?.0);
    let (out, done) = opened(&args.scores, &header, &args.pairs, &model)?;
    let mut out = BufWriter::new(out);

    let folder = args.pairs.parent().unwrap_or(Path::new("")).to_owned();
    let (mut photos, mut index) = (Vec::new(), HashMap::new());
    for row in rows(&args.pairs)?.1.skip(done) {
        for name in row?.photos {
            index.entry(name.clone()).or_insert_with(|| {
                photos.push(folder.join(&name));
                photos.len() - 1
            });
        }
    }
    let stop = stop::on_ctrl_c()?;
    let mut progress = Progress::new("photos", photos.len());
    let mut faces: Vec<Face> = Vec::with_capacity(photos.len());
    let mut rows = rows(&args.pairs)?.1.skip(done).peekable();
    let look = |path: &PathBuf| -> Result<Face, LookError> { Ok(face(&engine, photo(path, bytes_max)?)?) };
    let looked = for_each_in_order(&photos, workers, stop, look, |path, result| -> anyhow::Result<()> {
        let found = result.map_err(anyhow::Error::new).and_then(|found| Ok(found?));
        faces.push(found.with_context(|| path.display().to_string())?);
        progress.step();
        let ready = |row: &Row| row.photos.iter().all(|name| index[name] < faces.len());
        while let Some(row) = rows.next_if(|row| row.as_ref().map_or(true, ready)) {
            let row = row?;
            let of_row: Vec<&Face> = row.photos.iter().map(|name| &faces[index[name]]).collect();
            writeln!(out, "{}\t{}\t{model}", row.line, scored(&of_row))?;
        }
        Ok(())
    });
    let flushed = out.flush();
    progress.finish();
    let looked = looked?;
    flushed.with_context(|| args.scores.display().to_string())?;
    if looked < photos.len() {
        progress.say("stopped: the same command goes on from the scores that were kept");
        return Ok(ExitCode::from(exit::STOPPED));
    }
    tell(args, globals, &engine)
}

fn tell(args: &FacesArgs, globals: &Globals, engine: &Engine) -> anyhow::Result<ExitCode> {
    let name = args.scores.display().to_string();
    let table = ScoreTable::read(BufReader::new(File::open(&args.scores)?)).with_context(|| name.clone())?;
    let summary = faces_summary(&table, engine.match_limits().map(|limits| limits.distance));
    for (compared, of) in [(summary.all.genuine, "one person"), (summary.all.impostor, "two people")] {
        if compared == 0 {
            bail!(
                "no pair of {of} was compared, so there are no error rates; {} of {} samples gave no face: \
                 {name} says why, and keeps the other scores",
                summary.failure_to_acquire,
                summary.samples
            );
        }
    }
    if let Some(path) = &args.html {
        let page = faces_page(&args.pairs.display().to_string(), &table, &summary);
        let written = write_whole(path, |out| out.write_all(page.as_bytes()));
        written.with_context(|| path.display().to_string())?;
    }
    match globals.format() {
        Format::Json => stdout::write_line(&serde_json::to_string(&summary)?)?,
        Format::Text => stdout::write(&faces_text(&summary))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The comparing model's name and the begin of its sha256: what is written beside each score.
pub(super) fn named_model(engine: &Engine) -> anyhow::Result<String> {
    let provenance = engine.provenance();
    let embedding = provenance.embedding.as_ref().context("the engine has no face embedding")?;
    let sha256 = provenance.models.get(&embedding.model).map_or("", |sha256| &sha256[..16]);
    Ok(format!("{}@{sha256}", embedding.model))
}

/// `DISTANCE<tab>STATUS` of a reference and the frames of a probe. Frames without a face are left
/// out of the template; a probe without any has failed.
fn scored(faces: &[&Face]) -> String {
    let (reference, frames) = faces.split_first().expect("a row has a reference");
    let template = FaceEmbedding::mean(frames.iter().filter_map(|face| face.as_ref().ok()));
    let failed = |role: &str, face: &Face| face.as_ref().err().map(|why| format!("{role}:{why}"));
    match (reference, template) {
        (Ok(reference), Some(template)) => match reference.distance(&template).map(CosineDistance::get) {
            Some(distance) => format!("{distance:.6}\tok"),
            None => "\tnot_finite".to_owned(),
        },
        (reference, template) => {
            let probe =
                if template.is_none() { frames.first().and_then(|face| failed("probe", face)) } else { None };
            let status: Vec<String> = failed("reference", reference).into_iter().chain(probe).collect();
            format!("\t{}", status.join(","))
        }
    }
}

/// The header and the rows of the table of pairs.
fn rows(path: &Path) -> anyhow::Result<(String, impl Iterator<Item = anyhow::Result<Row>>)> {
    let name = path.display().to_string();
    let mut lines = BufReader::new(File::open(path).with_context(|| name.clone())?).lines();
    let header = lines.next().transpose().with_context(|| name.clone())?.unwrap_or_default();
    let header = header.trim_start_matches('\u{feff}').trim_end_matches('\r').to_owned();
    let columns: Vec<&str> = header.split('\t').collect();
    let column = |known: &str| {
        columns.iter().position(|c| *c == known).with_context(|| format!("{name}: no column `{known}`"))
    };
    let (reference, probe, _) = (column("reference")?, column("probe")?, column("genuine")?);
    if let Some(taken) = ["distance", "status", "model"].into_iter().find(|name| columns.contains(name)) {
        bail!("{name}: the column `{taken}` is this command's own");
    }
    let count = columns.len();
    let rows = (2..).zip(lines).filter_map(move |(number, line)| {
        let line = match line {
            Ok(line) => line.trim_end_matches('\r').to_owned(),
            Err(error) => return Some(Err(anyhow::Error::new(error).context(name.clone()))),
        };
        if line.is_empty() {
            return None;
        }
        let cells: Vec<&str> = line.split('\t').collect();
        if cells.len() != count {
            return Some(Err(anyhow::anyhow!("{name}, line {number}: {} columns, not {count}", cells.len())));
        }
        let photos = std::iter::once(cells[reference]).chain(cells[probe].split(BETWEEN_FRAMES));
        let photos = photos.map(str::to_owned).collect();
        Some(Ok(Row { line, photos }))
    });
    Ok((header, rows))
}

/// The file of scores, open at its end, and how many rows of the table it holds already. A line cut
/// short is taken off; a file of other pairs or another model is refused.
fn opened(path: &Path, header: &str, pairs: &Path, model: &str) -> anyhow::Result<(File, usize)> {
    let name = path.display().to_string();
    let file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path);
    let mut file = file.with_context(|| name.clone())?;
    let mut kept = BufReader::new(&file);
    let (mut line, mut end, mut done) = (String::new(), 0, 0);
    let mut rows = rows(pairs)?.1;
    loop {
        line.clear();
        let read = kept.read_line(&mut line).with_context(|| name.clone())?;
        if read == 0 || !line.ends_with('\n') {
            break;
        }
        let text = line.trim_end_matches('\n');
        if end == 0 {
            if text != header {
                bail!("{name} is no file of scores of {}: write to another file", pairs.display());
            }
        } else {
            let row = rows.next().transpose()?;
            let ours = row.is_some_and(|row| {
                text.strip_prefix(&row.line).is_some_and(|rest| rest.starts_with('\t'))
                    && text.rsplit('\t').next() == Some(model)
            });
            if !ours {
                bail!(
                    "{name}, row {}: other pairs or another model than {model}: write to another file",
                    done + 1
                );
            }
            done += 1;
        }
        end += read as u64;
    }
    file.set_len(end).with_context(|| name.clone())?;
    file.seek(SeekFrom::End(0)).with_context(|| name.clone())?;
    if end == 0 {
        writeln!(file, "{header}").with_context(|| name.clone())?;
    }
    Ok((file, done))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_run_goes_on_and_other_scores_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let (pairs, scores) = (folder.path().join("p.tsv"), folder.path().join("s.tsv"));
        std::fs::write(&pairs, "reference\tprobe\tgenuine\na\tb;c\t1\na\td\t0\n").expect("a file");
        let header = "reference\tprobe\tgenuine\tdistance\tstatus\tmodel";
        assert_eq!(opened(&scores, header, &pairs, "m@1").expect("new").1, 0);
        let kept = format!("{header}\na\tb;c\t1\t0.1\tok\tm@1\n");
        std::fs::write(&scores, format!("{kept}a\td\t0\t0.")).expect("a file");
        assert_eq!(opened(&scores, header, &pairs, "m@1").expect("cut short").1, 1);
        assert_eq!(std::fs::read_to_string(&scores).expect("text"), kept);
        for (header, model) in [(header, "m@2"), ("reference\tdistance", "m@1")] {
            assert!(opened(&scores, header, &pairs, model).is_err(), "{model}");
        }
        let photos: Vec<Vec<String>> =
            rows(&pairs).expect("a table").1.map(|r| r.expect("a row").photos).collect();
        assert_eq!(photos, [vec!["a", "b", "c"], vec!["a", "d"]]);
    }

    #[test]
    fn a_probe_is_the_mean_of_its_frames_that_have_a_face() {
        let face = |x: f32, y: f32| -> Face { Ok(FaceEmbedding::new(&[x, y]).expect("not zero")) };
        let (a, b, none) = (face(1.0, 1.0), face(1.0, -1.0), Err("no_face"));
        let along = face(1.0, 0.0);
        assert_eq!(scored(&[&along, &a, &b]), "0.000000\tok");
        assert!(scored(&[&along, &a, &none]).starts_with("0.29289"));
        assert_eq!(scored(&[&along, &none]), "\tprobe:no_face");
        assert_eq!(scored(&[&none, &none]), "\treference:no_face,probe:no_face");
    }
}
