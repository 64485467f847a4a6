//! The bounds of a queue, and its counts.

use std::time::Duration;

/// Every wait and every number of tries, with the values that hold where none is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueOptions {
    /// How long a claim holds without a sign of life; 60 s by default. A case whose worker died
    /// waits as long.
    pub lease: Duration,
    /// Machine's faults after which an attempt is set aside; 5 by default.
    pub faults_max: u32,
    /// The wait after the first fault; doubled by each further one; 2 s by default.
    pub backoff_first: Duration,
    /// The longest wait after a fault; 5 minutes by default.
    pub backoff_max: Duration,
}

impl Default for QueueOptions {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(60),
            faults_max: 5,
            backoff_first: Duration::from_secs(2),
            backoff_max: Duration::from_secs(300),
        }
    }
}

/// How many cases stand where. Each case counts once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Wait for a worker, those that wait for another try included.
    pub queued: u64,
    /// In a worker's hands.
    pub processing: u64,
    /// Steps are still to be done, by the user or another service.
    pub incomplete: u64,
    /// Wait for other photos.
    pub retake: u64,
    /// Failed for good.
    pub rejected: u64,
    /// Wait for a person.
    pub in_review: u64,
    /// Passed.
    pub verified: u64,
    /// Set aside: the machine could not check them.
    pub dead: u64,
}

impl Counts {
    /// The names, in the order in which they are shown.
    pub const NAMES: [&'static str; 8] =
        ["queued", "processing", "incomplete", "retake", "rejected", "in_review", "verified", "dead"];

    /// Each number with its name.
    pub fn named(&self) -> [(&'static str, u64); 8] {
        let numbers = [
            self.queued,
            self.processing,
            self.incomplete,
            self.retake,
            self.rejected,
            self.in_review,
            self.verified,
            self.dead,
        ];
        std::array::from_fn(|i| (Self::NAMES[i], numbers[i]))
    }

    /// The number of that name.
    pub(super) fn slot(&mut self, name: &str) -> Option<&mut u64> {
        Some(match name {
            "queued" => &mut self.queued,
            "processing" => &mut self.processing,
            "incomplete" => &mut self.incomplete,
            "retake" => &mut self.retake,
            "rejected" => &mut self.rejected,
            "in_review" => &mut self.in_review,
            "verified" => &mut self.verified,
            "dead" => &mut self.dead,
            _ => return None,
        })
    }

    /// How many have no end yet: they wait or are in hand.
    pub fn open(&self) -> u64 {
        self.queued + self.processing
    }
}
