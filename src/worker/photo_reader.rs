//! Reads the photos of a case from where they are kept, and waits while that place is away.
//!
//! A photo that cannot be read is held against its case only where the place is known to work: where
//! another photo was read meanwhile. Else the place is away, which is no fault of any case, and the
//! worker keeps what it has in hand until it is back.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::case_source::CaseSource;
use super::service_events::FaultKind;
use super::wait::Wait;
use crate::case::{Case, Sample};
use crate::photos::{PhotoError, PhotoStore};
use crate::queue::{Release, Submission};

/// Tries of a photo before it is held against its case, where others can be read.
const TRIES_MIN: u32 = 2;

/// How long one case waits at most; nothing else may be there to be read.
const WAIT_IN_ALL_MAX: Duration = Duration::from_secs(600);

/// What a wait is told to, and what ends it.
pub(super) trait Patience {
    /// The place cannot be used now.
    fn waits(&self, error: &PhotoError);
    /// It can be used again.
    fn resumes(&self);
    /// Whether the case is still wanted from this worker.
    fn goes_on(&self) -> bool;
}

/// One place for photos as all threads of a worker see it.
pub(super) struct PhotoReader<'a> {
    store: &'a PhotoStore,
    /// Photos read so far.
    read: AtomicU64,
}

impl<'a> PhotoReader<'a> {
    /// Photos of `store`.
    pub(super) fn new(store: &'a PhotoStore) -> Self {
        Self { store, read: AtomicU64::new(0) }
    }

    /// Every photo of a submission, or how to give the case back.
    fn samples(
        &self,
        submission: &Submission,
        photo_bytes_max: u64,
        patience: &dyn Patience,
    ) -> Result<Vec<Sample>, (FaultKind, Release)> {
        let photos = submission.photos.iter();
        let samples = photos.map(|photo| {
            let get = || self.store.get(&submission.case_id, &photo.id, photo_bytes_max + 1);
            let bytes = self.waited(get, patience).map_err(|given_up| {
                let release = match given_up {
                    GivenUp::NotWanted => Release::HandedBack,
                    GivenUp::Error(error) => {
                        let reason = format!("{} photo: {error}", photo.role);
                        let may_pass = error.may_pass();
                        if may_pass { Release::Fault { reason } } else { Release::Hopeless { reason } }
                    }
                };
                (FaultKind::Photos, release)
            })?;
            Ok(Sample { role: photo.role, bytes })
        });
        samples.collect()
    }

    fn waited<T>(
        &self,
        get: impl Fn() -> Result<T, PhotoError>,
        patience: &dyn Patience,
    ) -> Result<T, GivenUp> {
        let (began, read_before) = (Instant::now(), self.read.load(Ordering::Relaxed));
        let mut wait = Wait::new();
        for tries in 1.. {
            let error = match get() {
                Ok(done) => {
                    self.read.fetch_add(1, Ordering::Relaxed);
                    if tries > 1 {
                        patience.resumes();
                    }
                    return Ok(done);
                }
                Err(error) => error,
            };
            let others_are_read = self.read.load(Ordering::Relaxed) > read_before;
            let is_of_the_case = tries >= TRIES_MIN && others_are_read;
            if !error.may_pass() || is_of_the_case || began.elapsed() >= WAIT_IN_ALL_MAX {
                return Err(GivenUp::Error(error));
            }
            patience.waits(&error);
            let until = Instant::now() + wait.next();
            while Instant::now() < until {
                if !patience.goes_on() {
                    return Err(GivenUp::NotWanted);
                }
                thread::sleep(Duration::from_millis(20).min(until.saturating_duration_since(Instant::now())));
            }
        }
        Err(GivenUp::NotWanted) // Nobody counts so far.
    }
}

impl CaseSource for PhotoReader<'_> {
    fn case(
        &self,
        submission: &Submission,
        photo_bytes_max: u64,
        patience: &dyn Patience,
    ) -> Result<Case, (FaultKind, Release)> {
        Ok(Case {
            case_id: submission.case_id.clone(),
            method: submission.method,
            claims: submission.claims.clone(),
            samples: self.samples(submission, photo_bytes_max, patience)?,
            challenge: submission.challenge.clone(),
            decided_on: submission.judged_on(),
        })
    }
}

enum GivenUp {
    NotWanted,
    Error(PhotoError),
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::photos::PhotoPlace;

    #[derive(Default)]
    struct Told {
        waits: Cell<u32>,
        resumed: Cell<u32>,
        unwanted_after: Option<u32>,
    }

    impl Patience for Told {
        fn waits(&self, _: &PhotoError) {
            self.waits.set(self.waits.get() + 1);
        }
        fn resumes(&self) {
            self.resumed.set(self.resumed.get() + 1);
        }
        fn goes_on(&self) -> bool {
            self.unwanted_after.is_none_or(|after| self.waits.get() < after)
        }
    }

    fn away() -> PhotoError {
        PhotoError::Unavailable { place: "s3://b".to_owned(), detail: "503".to_owned() }
    }

    #[test]
    fn a_place_that_is_away_is_waited_for_and_a_bad_photo_is_not() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = PhotoStore::open(&PhotoPlace::Folder(folder.path().to_owned())).expect("a folder");
        let reader = PhotoReader::new(&store);
        let tries = Cell::new(0);
        let told = Told::default();
        let back_after_four = || {
            tries.set(tries.get() + 1);
            if tries.get() > 4 { Ok(()) } else { Err(away()) }
        };
        assert!(reader.waited(back_after_four, &told).is_ok());
        assert_eq!((told.waits.get(), told.resumed.get()), (4, 1));

        // Another photo is read between the tries: it is this one that is bad.
        let told = Told::default();
        let bad = || -> Result<(), _> {
            reader.read.fetch_add(1, Ordering::Relaxed);
            Err(away())
        };
        assert!(matches!(reader.waited(bad, &told), Err(GivenUp::Error(_))));
        assert_eq!(told.waits.get(), 1);

        let gone =
            || -> Result<(), _> { Err(PhotoError::Missing { place: String::new(), photo: String::new() }) };
        assert!(matches!(reader.waited(gone, &told), Err(GivenUp::Error(_))));
        let told = Told { unwanted_after: Some(2), ..Told::default() };
        assert!(matches!(reader.waited(|| -> Result<(), _> { Err(away()) }, &told), Err(GivenUp::NotWanted)));
    }
}
