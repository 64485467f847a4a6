//! What is personal taken out of the file, down to the bytes.
//!
//! `secure_delete` overwrites what is deleted; a page that was rearranged may still hold a copy, and
//! the journal holds pages as they were. So a purge ends with the file written anew and the journal
//! emptied.

use std::num::NonZeroUsize;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::params;

use super::{CALL_WAIT_MAX, SqliteQueue};
use crate::queue::QueueError;
use crate::queue::entry::Step;
use crate::queue::purge::{Keep, PurgeRule};

impl SqliteQueue {
    pub(super) fn purge_begun(
        &self,
        rule: &PurgeRule,
        after: Option<&str>,
        max: NonZeroUsize,
    ) -> Result<Vec<String>, QueueError> {
        self.transaction(|tx| {
            let now = self.clock.now();
            // Nothing is to be done about those that are neither queued nor in hand.
            let sql = "SELECT entry FROM cases WHERE case_id > ? AND due_ms IS NULL ORDER BY case_id";
            let mut begun: Vec<Step> = Vec::new();
            {
                let mut statement = tx.prepare_cached(sql)?;
                let mut rows = statement.query(params![after.unwrap_or("")])?;
                while let Some(row) = rows.next()? {
                    let entry = self.parsed(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?;
                    begun.extend(entry.purge_begun(rule, now));
                    if begun.len() == max.get() {
                        break;
                    }
                }
            }
            for step in &begun {
                self.store(tx, step)?;
            }
            Ok(begun.into_iter().map(|step| step.entry.case_id).collect())
        })
    }

    pub(super) fn purge_ended(&self, case_id: &str, keep: Keep) -> Result<(), QueueError> {
        self.transaction(|tx| {
            let ended = self.read(tx, case_id)?.and_then(|entry| entry.purge_ended(self.clock.now()));
            match (ended, keep) {
                (None, _) => Ok(()),
                (Some(step), Keep::Status) => self.store(tx, &step),
                (Some(step), Keep::Codes) => {
                    tx.prepare_cached("DELETE FROM cases WHERE case_id = ?")?.execute([case_id])?;
                    self.log(tx, step.change.as_ref())
                }
            }
        })
    }

    pub(super) fn scrubbed(&self) -> Result<(), QueueError> {
        self.retried(|connection| connection.execute_batch("VACUUM"))?;
        let began = Instant::now();
        loop {
            let busy: i64 = self.retried(|connection| {
                connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
            })?;
            if busy == 0 {
                return Ok(());
            }
            if began.elapsed() >= CALL_WAIT_MAX {
                let detail = "others read it all the time, so that its journal could not be emptied";
                return Err(QueueError::Unavailable {
                    queue: super::shown(&self.path),
                    detail: detail.to_owned(),
                });
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}
