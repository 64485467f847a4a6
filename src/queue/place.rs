//! Where a queue is: `sqlite:FILE`.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::{Queue, QueueError, QueueOptions, SqliteQueue};

/// A place for a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueuePlace {
    /// A file of this machine.
    Sqlite(PathBuf),
}

/// The text names no queue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no queue: sqlite:FILE")]
pub struct QueuePlaceError(String);

impl QueuePlace {
    /// Reads a place.
    ///
    /// # Errors
    /// It is of no known kind, or names nothing.
    pub fn parse(text: &str) -> Result<Self, QueuePlaceError> {
        match text.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(PathBuf::from(path))),
            _ => Err(QueuePlaceError(text.to_owned())),
        }
    }

    /// Opens the queue.
    ///
    /// # Errors
    /// What keeps it cannot be opened, or holds something else.
    pub fn open(&self, options: QueueOptions) -> Result<Arc<dyn Queue>, QueueError> {
        match self {
            Self::Sqlite(path) => Ok(Arc::new(SqliteQueue::open(path, options)?)),
        }
    }
}

impl fmt::Display for QueuePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
        }
    }
}
