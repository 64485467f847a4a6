//! What SQLite answers with, and what that means to whoever asked.

use std::path::Path;

use rusqlite::ErrorCode;

use super::{CALL_WAIT_MAX, Sharing};
use crate::queue::QueueError;

/// What ends a transaction: the store, or a refusal that is the call's answer.
pub(super) enum Failure {
    Store(rusqlite::Error),
    Refused(QueueError),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error)
    }
}

impl From<QueueError> for Failure {
    fn from(error: QueueError) -> Self {
        Self::Refused(error)
    }
}

pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

pub(super) fn shown(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}

/// What a caller is told. Where nobody else has the file, there is nobody to wait for.
pub(super) fn failure(path: &Path, sharing: Sharing, error: &rusqlite::Error) -> QueueError {
    let queue = shown(path);
    let for_now = |detail: String| match sharing {
        Sharing::Shared => QueueError::Unavailable { queue: queue.clone(), detail },
        Sharing::Alone => QueueError::Broken { queue: queue.clone(), detail },
    };
    let advice = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            return for_now(format!("others have held its lock for {} s", CALL_WAIT_MAX.as_secs()));
        }
        Some(ErrorCode::DiskFull) => return for_now("the disk is full".to_owned()),
        Some(ErrorCode::SystemIoFailure) => return for_now(format!("{error}")),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => "the file and its folder must be writable",
        Some(ErrorCode::CannotOpen) => "the folder must exist and be writable",
        Some(ErrorCode::DatabaseCorrupt) if sharing == Sharing::Alone => {
            "the file is damaged; remove it: no result is in it"
        }
        Some(ErrorCode::DatabaseCorrupt) => {
            "the file is damaged; put it back from a copy, or save what `sqlite3 FILE .dump` can read"
        }
        Some(ErrorCode::NotADatabase) => "not an SQLite file; name another file",
        _ => "not what was expected of it",
    };
    QueueError::Broken { queue, detail: format!("{error}: {advice}") }
}
