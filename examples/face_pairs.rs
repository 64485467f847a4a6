//! Measures how well `realname compare` tells people apart, on folders of named faces.
//!
//! ```text
//! cargo run --release --example face_pairs -- make PHOTOS > pairs.tsv            all pairs
//! cargo run --release --example face_pairs -- make CARDS SELFIES > pairs.tsv     each with each
//! cargo run --release -- compare --pairs pairs.tsv -o scores.tsv
//! cargo run --release --example face_pairs -- score scores.tsv
//! ```
//!
//! The subject of a photo is its file name up to the last underscore (`001_03.jpg` is 001). The
//! score is the false non-match rate (FNMR) at the threshold where the false match rate (FMR) is
//! at most 1e-2 and 1e-3, with a 95 % interval from resampling subjects (the exact binomial one
//! where there is no error at all), and the share of photos
//! without a face (failure to acquire).

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

type Anyhow<T> = Result<T, Box<dyn Error>>;

/// Resamples of the subjects for an interval.
const RESAMPLES: usize = 2_000;

fn main() -> Anyhow<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["make", all] => make(&photos(all)?, None),
        ["make", cards, selfies] => make(&photos(cards)?, Some(&photos(selfies)?)),
        ["score", scores] => score(&fs::read_to_string(scores)?),
        _ => Err("usage: face_pairs make FOLDER [FOLDER] | face_pairs score SCORES.tsv".into()),
    }
}

fn photos(folder: &str) -> Anyhow<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = fs::canonicalize(entry?.path())?;
        let is_photo = path
            .extension()
            .is_some_and(|e| ["jpg", "jpeg", "png"].iter().any(|k| e.eq_ignore_ascii_case(k)));
        if is_photo {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn subject(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    stem.rsplit_once('_').map_or(stem.to_string(), |(subject, _)| subject.to_owned())
}

fn make(first: &[PathBuf], second: Option<&[PathBuf]>) -> Anyhow<()> {
    println!("a\tb\tsubject_a\tsubject_b");
    for (i, a) in first.iter().enumerate() {
        for b in second.unwrap_or(&first[i + 1..]) {
            println!("{}\t{}\t{}\t{}", a.display(), b.display(), subject(a), subject(b));
        }
    }
    Ok(())
}

struct Pair {
    subjects: (String, String),
    distance: f64,
}

fn score(tsv: &str) -> Anyhow<()> {
    let mut lines = tsv.lines();
    let header: Vec<&str> = lines.next().ok_or("empty file")?.split('\t').collect();
    let column = |name: &str| header.iter().position(|h| *h == name).ok_or(format!("no column `{name}`"));
    let (a, b, distance, status) = (column("a")?, column("b")?, column("distance")?, column("status")?);
    let mut photos: BTreeMap<String, bool> = BTreeMap::new();
    let mut pairs = Vec::new();
    for line in lines {
        let cells: Vec<&str> = line.split('\t').collect();
        for (photo, side) in [(cells[a], "a:"), (cells[b], "b:")] {
            let failed = cells[status].contains(side);
            *photos.entry(photo.to_owned()).or_default() |= failed;
        }
        if cells[status] == "ok" {
            let subjects = (subject(Path::new(cells[a])), subject(Path::new(cells[b])));
            pairs.push(Pair { subjects, distance: cells[distance].parse()? });
        }
    }
    let failed = photos.values().filter(|failed| **failed).count();
    println!(
        "failure to acquire: {failed} of {} photos ({:.2} %)",
        photos.len(),
        100.0 * failed as f64 / photos.len() as f64
    );
    let genuine = pairs.iter().filter(|p| p.subjects.0 == p.subjects.1).count();
    let subjects: BTreeSet<&String> = pairs.iter().flat_map(|p| [&p.subjects.0, &p.subjects.1]).collect();
    println!(
        "{} subjects, {genuine} genuine pairs, {} impostor pairs",
        subjects.len(),
        pairs.len() - genuine
    );
    let subjects: Vec<&String> = subjects.into_iter().collect();
    for fmr in [1e-2, 1e-3] {
        report_at(fmr, &pairs, &subjects);
    }
    at_threshold(0.40, &pairs);
    Ok(())
}

fn report_at(fmr: f64, pairs: &[Pair], subjects: &[&String]) {
    let everyone: BTreeMap<&str, f64> = subjects.iter().map(|s| (s.as_str(), 1.0)).collect();
    let (fnmr, threshold) = fnmr_at(fmr, pairs, &everyone);
    let mut random = 0x9E37_79B9_7F4A_7C15u64;
    let mut next = |bound: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % bound as u64) as usize
    };
    let mut resampled: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let mut weights: BTreeMap<&str, f64> = BTreeMap::new();
            for _ in subjects {
                *weights.entry(subjects[next(subjects.len())]).or_default() += 1.0;
            }
            fnmr_at(fmr, pairs, &weights).0
        })
        .collect();
    resampled.sort_by(f64::total_cmp);
    let at = |q: f64| resampled[((RESAMPLES - 1) as f64 * q) as usize];
    // Resampling subjects without an error never shows one: the exact binomial bound for that many
    // subjects stands in for it.
    let none_missed_bound = 1.0 - 0.025f64.powf(1.0 / subjects.len() as f64);
    let upper = if fnmr > 0.0 { at(0.975) } else { none_missed_bound };
    println!(
        "FNMR at FMR {fmr:e}: {:.2} % (95 % interval {:.2} .. {:.2} %), threshold {threshold:.4}",
        100.0 * fnmr,
        100.0 * at(0.025),
        100.0 * upper
    );
}

/// Weighted FNMR at the largest threshold whose weighted FMR is at most `fmr`; a pair matches
/// when its distance is at most the threshold.
fn fnmr_at(fmr: f64, pairs: &[Pair], weights: &BTreeMap<&str, f64>) -> (f64, f64) {
    let weight = |p: &Pair| {
        let of = |s: &str| weights.get(s).copied().unwrap_or(0.0);
        let (a, b) = (of(&p.subjects.0), of(&p.subjects.1));
        if p.subjects.0 == p.subjects.1 { a } else { a * b }
    };
    let mut impostors: Vec<(f64, f64)> =
        pairs.iter().filter(|p| p.subjects.0 != p.subjects.1).map(|p| (p.distance, weight(p))).collect();
    impostors.sort_by(|a, b| a.0.total_cmp(&b.0));
    let allowed = fmr * impostors.iter().map(|(_, w)| w).sum::<f64>();
    let mut matched = 0.0;
    let first_refused = impostors.iter().find(|(_, w)| {
        matched += w;
        matched > allowed
    });
    let threshold = first_refused.map_or(2.0, |(distance, _)| distance.next_down());
    let genuine = || pairs.iter().filter(|p| p.subjects.0 == p.subjects.1);
    let all: f64 = genuine().map(weight).sum();
    let missed = genuine().filter(|p| p.distance > threshold).fold(0.0, |sum, p| sum + weight(p));
    (if all > 0.0 { missed / all } else { 0.0 }, threshold)
}

fn at_threshold(threshold: f64, pairs: &[Pair]) {
    let rate = |genuine: bool| {
        let of_kind: Vec<&Pair> =
            pairs.iter().filter(|p| (p.subjects.0 == p.subjects.1) == genuine).collect();
        let wrong = of_kind.iter().filter(|p| (p.distance <= threshold) != genuine).count();
        format!("{wrong} of {}", of_kind.len())
    };
    println!(
        "at a distance of {threshold:.2}: false matches {}, false non-matches {}",
        rate(false),
        rate(true)
    );
}
