//! How long an attempt waits after the machine failed it.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::options::QueueOptions;

/// The share of a wait that is left to chance, so that cases that failed together do not come back
/// together.
const JITTER: f64 = 0.5;

/// The wait after `faults` faults, doubled each time up to the bound, less up to a half of it. The
/// chance is drawn from the case's name and the count: the same for whoever asks.
pub(super) fn wait(options: &QueueOptions, case_id: &str, attempt: u32, faults: u32) -> Duration {
    let doublings = faults.saturating_sub(1).min(31);
    let whole = options.backoff_first.saturating_mul(1 << doublings).min(options.backoff_max);
    let digest = Sha256::digest(format!("{case_id}\0{attempt}\0{faults}").as_bytes());
    let drawn = f64::from(u16::from_be_bytes([digest[0], digest[1]])) / f64::from(u16::MAX);
    whole.mul_f64(1.0 - JITTER * drawn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_bound_and_are_spread() {
        let options = QueueOptions::default();
        for (faults, whole_s) in [(1, 2.0), (2, 4.0), (3, 8.0), (20, 300.0), (u32::MAX, 300.0)] {
            let waits: Vec<f64> =
                (0..200).map(|n| wait(&options, &format!("c-{n}"), 1, faults).as_secs_f64()).collect();
            assert!(waits.iter().all(|s| (whole_s / 2.0..=whole_s).contains(s)), "{faults}: {waits:?}");
            let spread =
                waits.iter().fold(0.0, |a: f64, b| a.max(*b)) - waits.iter().fold(1e9, |a: f64, b| a.min(*b));
            assert!(spread > 0.4 * whole_s, "{spread}");
        }
    }
}
