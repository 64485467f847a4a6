//! The bounds of a queue, and its counts.

use std::num::NonZeroUsize;
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

/// Where a case counts: each in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bucket {
    /// Waits for a worker.
    Queued,
    /// In a worker's hands.
    Processing,
    /// Steps are still to be done, by the user or another service.
    Incomplete,
    /// Waits for other photos.
    Retake,
    /// Failed for good.
    Rejected,
    /// Waits for a person.
    InReview,
    /// Passed.
    Verified,
    /// Set aside: the machine could not check it.
    Dead,
}

impl Bucket {
    /// Every bucket, in the order in which they are shown.
    pub const ALL: [Self; 8] = [
        Self::Queued,
        Self::Processing,
        Self::Incomplete,
        Self::Retake,
        Self::Rejected,
        Self::InReview,
        Self::Verified,
        Self::Dead,
    ];

    /// The name used in counts.
    pub fn id(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Processing => "processing",
            Self::Incomplete => "incomplete",
            Self::Retake => "retake",
            Self::Rejected => "rejected",
            Self::InReview => "in_review",
            Self::Verified => "verified",
            Self::Dead => "dead",
        }
    }

    /// The bucket of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|bucket| bucket.id() == text)
    }
}

/// Which cases are listed: `max` of them, in the order of their ids.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// Those that count there; without it all.
    pub bucket: Option<Bucket>,
    /// Those after this id; without it from the first.
    pub after: Option<&'a str>,
    /// At most so many.
    pub max: NonZeroUsize,
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
    /// Each number with its name.
    pub fn named(&self) -> [(&'static str, u64); 8] {
        let mut counts = *self;
        Bucket::ALL.map(|bucket| (bucket.id(), *counts.slot(bucket)))
    }

    /// The number of a bucket.
    pub(super) fn slot(&mut self, bucket: Bucket) -> &mut u64 {
        match bucket {
            Bucket::Queued => &mut self.queued,
            Bucket::Processing => &mut self.processing,
            Bucket::Incomplete => &mut self.incomplete,
            Bucket::Retake => &mut self.retake,
            Bucket::Rejected => &mut self.rejected,
            Bucket::InReview => &mut self.in_review,
            Bucket::Verified => &mut self.verified,
            Bucket::Dead => &mut self.dead,
        }
    }

    /// How many have no end yet: they wait or are in hand.
    pub fn open(&self) -> u64 {
        self.queued + self.processing
    }
}
