//! Networks for every thread: a session runs one input at a time, so each thread has its own.

use std::sync::{Mutex, PoisonError};

use super::AssessError;
use crate::card::CardModels;
use crate::face::FaceModels;

/// The networks that one thread needs to look at photos.
pub struct PhotoModels {
    /// For faces.
    pub face: FaceModels,
    /// For cards.
    pub card: CardModels,
}

/// Makes the networks of one thread.
type Loader = dyn Fn() -> Result<PhotoModels, AssessError> + Send + Sync;

/// Sets of networks that are not in use. There are never more sets than threads that ever asked
/// at the same time: a set is made when none is free and kept for the next caller.
pub struct ModelPool {
    load: Box<Loader>,
    free: Mutex<Vec<PhotoModels>>,
}

impl ModelPool {
    /// A pool that makes its sets with `load`.
    pub fn new(load: impl Fn() -> Result<PhotoModels, AssessError> + Send + Sync + 'static) -> Self {
        Self { load: Box::new(load), free: Mutex::new(Vec::new()) }
    }

    /// Runs `work` with a set of networks. A set whose run failed is not used again.
    ///
    /// # Errors
    /// A set could not be made, or `work` failed.
    pub fn with<T>(
        &self,
        work: impl FnOnce(&mut PhotoModels) -> Result<T, AssessError>,
    ) -> Result<T, AssessError> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut models = match free {
            Some(models) => models,
            None => (self.load)()?,
        };
        let result = work(&mut models)?;
        self.free.lock().unwrap_or_else(PoisonError::into_inner).push(models);
        Ok(result)
    }
}
