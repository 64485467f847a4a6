//! `realname inspect`: everything that is measured on one photo, and a picture of it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, ValueEnum};

use super::globals::{Format, Globals};
use super::stdout;
use crate::card::fields::FieldsWanted;
use crate::case::{PhotoPaths, Sample, SampleRole, read_photos};
use crate::imaging::encode_png;
use crate::report::{FieldValues, drawn, inspection_json, inspection_text, timings_text};
use crate::worker::write_whole;

/// Arguments of `realname inspect`.
#[derive(Debug, Args)]
pub(super) struct InspectArgs {
    /// The photo
    photo: PathBuf,
    /// What it is meant to show
    #[arg(long = "as", value_enum, value_name = "KIND")]
    kind: Kind,
    /// Draw what was found into the photo
    #[arg(long, value_name = "PNG")]
    draw: Option<PathBuf>,
    /// Write the card upright at 300 dpi, 1012 x 638
    #[arg(long, value_name = "PNG")]
    rectified: Option<PathBuf>,
    /// Show what the card says in full; else most of it is hidden
    #[arg(long)]
    unmasked: bool,
    /// Say how long each stage took
    #[arg(long)]
    timings: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// The card's portrait side
    Front,
    /// The card's emblem side
    Back,
    /// A selfie frame
    Selfie,
}

/// Runs `realname inspect`.
pub(super) fn run(args: InspectArgs, globals: &Globals) -> anyhow::Result<ExitCode> {
    let settings = globals.settings()?;
    let mut sample = photo(&args.photo, settings.limits.bytes_max)?;
    sample.role = match args.kind {
        Kind::Front => SampleRole::Front,
        Kind::Back => SampleRole::Back,
        Kind::Selfie => SampleRole::Selfie(1),
    };
    let inspection = globals.engine(settings)?.inspect(&sample, FieldsWanted::All)?;
    let timings = args.timings.then_some(&inspection.timings);
    let values = if args.unmasked { FieldValues::Unmasked } else { FieldValues::Masked };
    let seen = inspection.seen.as_ref();
    match globals.format.unwrap_or(Format::Json) {
        Format::Json => stdout::write_line(&inspection_json(&inspection.assessment, seen, values, timings))?,
        Format::Text => {
            let times = timings.map(timings_text).unwrap_or_default();
            stdout::write(&format!("{}{times}", inspection_text(&inspection.assessment, seen, values)))?;
        }
    }
    if let Some(path) = &args.draw {
        let seen = seen.with_context(|| format!("{}: no pixels to draw in", args.photo.display()))?;
        let written =
            write_whole(path, |out| out.write_all(&encode_png(&drawn(seen, &inspection.assessment))));
        written.with_context(|| path.display().to_string())?;
    }
    if let Some(path) = &args.rectified {
        let card = seen.and_then(|seen| seen.card.as_ref());
        let card = card.with_context(|| format!("{}: no card was found", args.photo.display()))?;
        let written = write_whole(path, |out| out.write_all(&encode_png(&card.found.rectified.image)));
        written.with_context(|| path.display().to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A photo on its own, in the role of a selfie.
pub(super) fn photo(path: &Path, bytes_max: u64) -> Result<Sample, crate::case::CaseError> {
    let alone = PhotoPaths { selfies: vec![path.to_owned()], ..PhotoPaths::default() };
    let samples = read_photos(&alone, bytes_max)?;
    Ok(samples.into_iter().next().expect("one path gives one sample"))
}
