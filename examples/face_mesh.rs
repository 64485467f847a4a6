//! Prints the mesh of the face in each photo, for synthesising defects of faces whose place is known.
//!
//! ```text
//! cargo run --release --example face_mesh -- PHOTO... > mesh.tsv
//! ```
//!
//! A line: the photo as given, then x, y and z of the 468 points, in pixels of the upright photo
//! (z in the same scale, away from the camera). A photo without a face is named on standard error.
//! A mesh is biometric data: keep the file where the photos are.

use std::error::Error;
use std::io::Write as _;

use realname::card::fields::FieldsWanted;
use realname::case::{Sample, SampleRole};
use realname::{Engine, Settings};

fn main() -> Result<(), Box<dyn Error>> {
    let engine = Engine::new(Settings::default())?;
    let mut out = std::io::stdout().lock();
    for path in std::env::args().skip(1) {
        let sample = Sample { role: SampleRole::Selfie(1), bytes: std::fs::read(&path)? };
        let seen = engine.inspect(&sample, FieldsWanted::Decision)?.seen;
        let Some((face, scale)) = seen.and_then(|seen| Some((seen.face?, seen.photo.scale()))) else {
            eprintln!("{path}: no face");
            continue;
        };
        write!(out, "{path}")?;
        for p in face.landmarks.points() {
            write!(out, "\t{:.2}\t{:.2}\t{:.2}", p.x / scale, p.y / scale, p.z / scale)?;
        }
        writeln!(out)?;
    }
    Ok(())
}
