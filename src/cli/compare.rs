//! `realname compare`: whether two photos show the same person.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;

use super::globals::{Format, Globals};
use super::inspect::photo;
use super::{compare_pairs, exit, stdout};
use crate::case::Sample;
use crate::engine::{Engine, EngineError, FaceOf};
use crate::evidence::{Measured, Reason};
use crate::face::FaceEmbedding;
use crate::score::CosineDistance;

/// Arguments of `realname compare`.
#[derive(Debug, Args)]
pub(super) struct CompareArgs {
    /// One photo
    #[arg(required_unless_present = "pairs", requires = "b")]
    a: Option<PathBuf>,
    /// The other photo
    b: Option<PathBuf>,
    /// Compare every pair in a table of tab-separated values instead: columns `a` and `b`, paths
    /// relative to the table
    #[arg(long, value_name = "TSV", conflicts_with = "a")]
    pairs: Option<PathBuf>,
    /// Write the table with the columns `distance` and `status` here
    #[arg(short, long, value_name = "TSV", conflicts_with = "a")]
    output: Option<PathBuf>,
}

/// Runs `realname compare`.
pub(super) fn run(args: CompareArgs, globals: &Globals) -> anyhow::Result<ExitCode> {
    match (args.a, args.b, args.pairs) {
        (Some(a), Some(b), _) => two(&a, &b, globals),
        (_, _, Some(pairs)) => compare_pairs::run(&pairs, args.output.as_deref(), globals),
        (_, _, None) => anyhow::bail!("two photos are needed, or --pairs"),
    }
}

fn two(a: &Path, b: &Path, globals: &Globals) -> anyhow::Result<ExitCode> {
    let settings = globals.settings()?;
    let samples = [photo(a, settings.limits.bytes_max)?, photo(b, settings.limits.bytes_max)?];
    let engine = globals.engine(settings)?;
    let limits = engine.match_limits().context(
        "the face embedding is not calibrated for the policy's fmr and review_fmr: `realname calibrate` \
         makes a calibration of scored pairs",
    )?;
    let threshold = limits.distance;
    let [face_a, face_b] = samples.map(|sample| face(&engine, sample));
    let (face_a, face_b) = (face_a?, face_b?);
    let distance = match (&face_a, &face_b) {
        (Ok(a), Ok(b)) => a.distance(b).map(CosineDistance::get),
        _ => None,
    };
    // Fail closed: what could not be compared is not the same.
    let same = distance.is_some_and(|distance| distance <= threshold);
    let status = [("a", &face_a), ("b", &face_b)]
        .map(|(name, face)| face.as_ref().err().map(|why| format!("{name}:{why}")));
    let status: Vec<String> = status.into_iter().flatten().collect();
    let status = match (distance, status.is_empty()) {
        (Some(_), _) => "ok".to_owned(),
        (None, true) => Reason::NotFinite.id().to_owned(),
        (None, false) => status.join(","),
    };
    match globals.format() {
        Format::Json => {
            // As many digits as in a table of pairs.
            let distance = distance.map(|distance| (distance * 1e6).round() / 1e6);
            let line = json!({"distance": distance, "threshold": threshold, "fmr": limits.fmr, "same": same, "status": status});
            stdout::write_line(&line.to_string())?;
        }
        Format::Text => stdout::write_line(&match distance {
            Some(distance) => {
                let word = if same { "the same person" } else { "different people" };
                format!(
                    "distance {distance:.4}, limit {threshold:.4} (false-match rate {:e}): {word}",
                    limits.fmr
                )
            }
            None => format!("not compared ({status})"),
        })?,
    }
    Ok(if same { ExitCode::SUCCESS } else { ExitCode::from(exit::FAIL) })
}

/// The face in a photo, or in one word why there is none.
pub(super) fn face(
    engine: &Engine,
    sample: Sample,
) -> Result<Result<FaceEmbedding, &'static str>, EngineError> {
    Ok(match engine.face(sample.bytes)? {
        FaceOf::Found(Measured::Value(face)) => Ok(face),
        FaceOf::Found(Measured::FailureToAssess(reason)) => Err(reason.id()),
        FaceOf::Refused { fault, .. } => Err(fault),
    })
}
