//! Every broken, odd and hostile file of the malformed set yields pixels or a clean fault, quickly
//! and within bounded memory; the sound ones decode and the damaged ones are reported. Runs where
//! `shared/data/malformed` lies beside the repository, or where `REALNAME_SHARED` names the shared
//! folder.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use realname::imaging::{self, DecodeOptions, PhotoFault};

/// Says so past the test runner, which keeps what a passing test prints.
fn skipped() {
    let _ = writeln!(io::stderr(), "skipped: no shared/data/malformed beside the repository");
}

/// What a file's source says of it.
#[derive(Debug, PartialEq)]
enum Label {
    /// Decodes.
    Sound,
    /// Pixels are missing, contradictory or of no decodable kind: reported.
    Damaged,
    /// Fuzzed or out of the ordinary: either way, cleanly.
    Any,
}

/// Files that are exceptions to their folder's rule, each with the reason.
const EXCEPTIONS: [(&str, Label); 13] = [
    // Names of the source: a cut progressive file, and one whose scans begin without the DC.
    ("jpegdec_ref/partial_progressive.jpg", Label::Damaged),
    ("jpegdec_ref/progressive-missing-dc.jpg", Label::Damaged),
    // A webcam frame with 69 bytes too many in the middle of its data.
    ("jpegdec_ref/mjpeg.jpg", Label::Damaged),
    // Lossless JPEG.
    ("jpegdec_ref/MR4.jpg", Label::Damaged),
    // Bad data after the bad EXIF block; every decoder shows two thirds of it in grey.
    ("pillow/hopper_bad_exif.jpg", Label::Damaged),
    ("pillow/broken.png", Label::Damaged),
    ("pillow/broken_data_stream.png", Label::Damaged),
    ("ljt_testimages/monkey12.jpg", Label::Damaged),
    ("ljt_testimages/testimgari.jpg", Label::Damaged),
    ("pngsuite/xcrn0g04.png", Label::Damaged),
    ("jpegdec_crash/multiple-0xff-before-eoi.jpg", Label::Sound),
    ("jpegdec_crash/empty.jpg", Label::Damaged),
    ("zune/cymk.jpg", Label::Sound),
];

fn label(name: &str) -> Label {
    if let Some((_, label)) = EXCEPTIONS.into_iter().find(|(exception, _)| *exception == name) {
        return label;
    }
    let (folder, file) = name.split_once('/').unwrap_or(("", name));
    let undecodable_format = [".gif", ".tif", ".tiff"].iter().any(|ending| file.ends_with(ending));
    match folder {
        _ if undecodable_format => Label::Damaged,
        "exif_orientation" | "exif_samples" | "ljt_testimages" => Label::Sound,
        "jpegdec_ref" if file.contains("lossless") && file.ends_with(".jpg") => Label::Damaged,
        "jpegdec_ref" => Label::Sound,
        // PngSuite marks its broken files by an x; the other set does likewise.
        "pngsuite" if file.starts_with('x') => Label::Damaged,
        "png_bugfixes" if file.starts_with("x_") => Label::Damaged,
        "pngsuite" if file.ends_with(".png") => Label::Sound,
        "imagers" if file.starts_with("Bad_") => Label::Damaged,
        "imagers" if file.starts_with("Info_") || file.starts_with("Core_") => Label::Sound,
        "pillow" if file.ends_with(".bmp") => Label::Any,
        "pillow" => Label::Sound,
        _ => Label::Any,
    }
}

/// The folder of malformed files, if there is one here.
fn malformed() -> Option<PathBuf> {
    let shared = std::env::var_os("REALNAME_SHARED").map(PathBuf::from);
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("shared"));
    shared.into_iter().chain(above).map(|shared| shared.join("data/malformed")).find(|folder| folder.is_dir())
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

/// The most memory this process has held, in KiB; `None` where the system does not tell.
fn peak_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()
}

#[test]
fn every_malformed_file_is_pixels_or_a_fault_within_time_and_memory() {
    let Some(folder) = malformed() else {
        skipped();
        return;
    };
    let files = files_below(&folder);
    assert!(files.len() > 100, "the set is there but nearly empty");
    let mut slowest = (Duration::ZERO, String::new());
    let mut surprises = Vec::new();
    let mut decoded = 0;
    for path in &files {
        let bytes = fs::read(path).expect("a readable file");
        let name = path.strip_prefix(&folder).expect("below the folder").to_string_lossy().into_owned();
        for long_side_min_px in [0, 1600, u32::MAX] {
            let started = Instant::now();
            let options = DecodeOptions { long_side_min_px, ..Default::default() };
            let outcome = imaging::decode(&bytes, &options);
            let taken = started.elapsed();
            assert!(taken < Duration::from_secs(2), "{name} took {taken:?}");
            slowest = slowest.max((taken, name.clone()));
            decoded += usize::from(outcome.is_ok());
            let fits = match label(&name) {
                Label::Sound => outcome.is_ok(),
                Label::Damaged => outcome.is_err(),
                Label::Any => true,
            };
            if !fits {
                surprises.push((name.clone(), long_side_min_px, outcome.map(|photo| photo.full_size())));
            }
        }
    }
    assert!(surprises.is_empty(), "{surprises:#?}");
    eprintln!("{} files, {decoded} decodes, slowest {slowest:?}, peak {:?} KiB", files.len(), peak_kib());
    assert!(peak_kib().is_none_or(|peak| peak < 1 << 20), "more than 1 GiB");
}

#[test]
fn turned_twins_of_one_photo_come_out_alike() {
    let Some(folder) = malformed() else {
        skipped();
        return;
    };
    for kind in ["Landscape", "Portrait"] {
        let decoded = |n: usize| -> Result<_, PhotoFault> {
            let bytes =
                fs::read(folder.join(format!("exif_orientation/{kind}_{n}.jpg"))).expect("a readable file");
            let options = DecodeOptions { long_side_min_px: 450, ..Default::default() };
            Ok(imaging::luma(imaging::decode(&bytes, &options)?.rgb()))
        };
        let upright = decoded(1).expect("a sound photo");
        for n in 2..=8 {
            let twin = decoded(n).expect("a sound photo");
            assert_eq!((twin.width(), twin.height()), (upright.width(), upright.height()), "{kind} {n}");
            let differ = twin.bytes().iter().zip(upright.bytes()).map(|(a, b)| u64::from(a.abs_diff(*b)));
            let mean = differ.sum::<u64>() as f64 / upright.bytes().len() as f64;
            // The number of the orientation is written into each picture.
            assert!(mean < 12.0, "{kind} {n}: {mean}");
        }
    }
}
