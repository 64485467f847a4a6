//! How long it takes to decide stored assessments again under another policy.
//!
//! ```sh
//! cargo run --release --example decide_again -- 10000
//! ```
//! Prints how long it takes to read as many assessments from JSON lines in memory, and to decide them
//! again: the first is done once by whoever tries policies, the second for each.

#[path = "../tests/review_desk/mod.rs"]
mod review_desk;

use std::time::Instant;

use realname::Policy;
use realname::evidence::{Assessment, StoredAssessment};
use realname::replay::{Flips, decided_again};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cases: usize = std::env::args().nth(1).map_or(Ok(10_000), |text| text.parse())?;
    let lines = (0..cases).map(|n| {
        let (yaw, distance) = ((n % 40) as f64, 0.1 + (n % 97) as f64 / 100.0);
        let stored = StoredAssessment::from(&review_desk::assessment(&format!("case-{n}"), yaw, distance));
        serde_json::to_string(&stored)
    });
    let lines = lines.collect::<Result<Vec<String>, _>>()?;
    let bytes: usize = lines.iter().map(String::len).sum();

    let began = Instant::now();
    let read = lines.iter().map(|line| {
        let stored: StoredAssessment = serde_json::from_str(line)?;
        Ok(Assessment::try_from(stored)?)
    });
    let assessments = read.collect::<Result<Vec<Assessment>, Box<dyn std::error::Error>>>()?;
    println!("{cases} assessments, {} MB of JSON, read in {:.0} ms by one thread", bytes >> 20, ms(began));

    let stricter = "schema = 'realname.policy/1'\n[selfie]\nyaw_deg = { fail_above = 20 }\n";
    let began = Instant::now();
    let before = decided_again(&assessments, &Policy::shipped());
    println!("decided by the shipped policy in {:.0} ms", ms(began));
    let began = Instant::now();
    let after = decided_again(&assessments, &Policy::parse(stricter)?);
    let flips = Flips::between(before.iter().zip(&after).map(|(b, a)| (b.decision, a.decision)));
    println!("decided by another in {:.0} ms: {} would flip", ms(began), flips.flipped);
    Ok(())
}

fn ms(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1e3
}
