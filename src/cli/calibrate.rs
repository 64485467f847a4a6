//! `realname calibrate`: what the distances of a model stand for, from scored pairs.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufReader, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;

use super::globals::{Format, Globals};
use super::stdout;
use crate::eval::{CalibrationFit, ScoreTable, calibration_fit};
use crate::report::one_line;

/// Arguments of `realname calibrate`.
#[derive(Debug, Args)]
pub(super) struct CalibrateArgs {
    /// Table of scored pairs: columns reference and probe (or a and b), genuine, distance, as `eval
    /// faces --scores` writes them
    #[arg(long, value_name = "TSV")]
    pairs: PathBuf,
    /// The set in words, for the calibration's own record
    #[arg(long, value_name = "TEXT", default_value = "unnamed")]
    set: String,
    /// How the compared templates were made, in words
    #[arg(long, value_name = "TEXT", default_value = "reference: one photo; probe: one photo")]
    template: String,
}

/// Runs `realname calibrate`: the calibration goes to standard output, warnings to standard error.
pub(super) fn run(args: &CalibrateArgs, globals: &Globals) -> anyhow::Result<ExitCode> {
    let name = args.pairs.display().to_string();
    let table = ScoreTable::read(BufReader::new(File::open(&args.pairs).with_context(|| name.clone())?));
    let table = table.with_context(|| name.clone())?;
    let fit = calibration_fit(&table).with_context(|| {
        format!("{name} has fewer than 30 compared pairs of two people at more than one distance")
    })?;
    for warning in &fit.warnings {
        writeln!(io::stderr(), "{}", one_line(&format!("warning: {warning}"))).ok();
    }
    match globals.format() {
        Format::Json => stdout::write_line(&as_json(args, &table, &fit).to_string())?,
        Format::Text => stdout::write(&as_toml(args, &table, &fit))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn as_json(args: &CalibrateArgs, table: &ScoreTable, fit: &CalibrationFit) -> serde_json::Value {
    json!({
        "model": table.model,
        "template": args.template,
        "set": args.set,
        "subjects": table.subjects,
        "impostor_pairs": fit.impostor_pairs,
        "extrapolated_below": fit.extrapolated_below,
        "points": fit.points,
        "warnings": fit.warnings,
    })
}

/// The table `[calibration]` of a model's description.
fn as_toml(args: &CalibrateArgs, table: &ScoreTable, fit: &CalibrationFit) -> String {
    let text = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let mut out = String::new();
    if let Some(model) = &table.model {
        writeln!(out, "# of {}", one_line(model)).expect("writing to a String");
    }
    write!(
        out,
        "[calibration]\ntemplate = {}\nset = {}\nsubjects = {}\nimpostor_pairs = {}\nextrapolated_below = {:.3e}\npoints = [\n",
        text(&args.template),
        text(&args.set),
        table.subjects,
        fit.impostor_pairs,
        fit.extrapolated_below
    )
    .expect("writing to a String");
    for point in &fit.points {
        let (distance, fmr, low, high) = (point.distance, point.fmr, point.low, point.high);
        writeln!(out, "  {{ distance = {distance:.4}, fmr = {fmr:e}, low = {low:.2e}, high = {high:.2e} }},")
            .expect("writing to a String");
    }
    out.push_str("]\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::Calibration;

    #[test]
    fn what_is_written_is_a_calibration() {
        let mut text = "a\tb\tgenuine\tdistance\tmodel\n".to_owned();
        for a in 0..40 {
            writeln!(text, "r{a}\tp{a}\t1\t0.2\tm@1").expect("a String");
            for b in (0..40).filter(|b| *b != a) {
                let distance = 0.5 + f64::from((a * 40 + b) % 977) / 2000.0;
                writeln!(text, "r{a}\tp{b}\t0\t{distance}\tm@1").expect("a String");
            }
        }
        let table = ScoreTable::read(text.as_bytes()).expect("a table");
        let fit = calibration_fit(&table).expect("1560 pairs");
        let args =
            CalibrateArgs { pairs: PathBuf::new(), set: "a \"set\"".to_owned(), template: "t".to_owned() };
        let toml: toml::Table = as_toml(&args, &table, &fit).parse().expect("TOML");
        let read: Calibration = toml["calibration"].clone().try_into().expect("a calibration");
        assert_eq!((read.set.as_str(), read.subjects, read.impostor_pairs), ("a \"set\"", 40, 1560));
        assert!(read.distance_at(1e-3).is_some_and(|d| d < read.distance_at(1e-2).unwrap_or(0.0)));
        assert_eq!(as_json(&args, &table, &fit)["model"], "m@1");
    }
}
