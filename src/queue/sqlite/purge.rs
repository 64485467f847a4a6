//! What is personal taken out of the file, down to the bytes.
//!
//! `secure_delete` overwrites what is deleted; a page that was rearranged may still hold a copy, and
//! the journal holds pages as they were. So a purge ends with the file written anew and the journal
//! emptied.

use std::num::NonZeroUsize;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::params;

use super::failure::Failure;
use super::{CALL_WAIT_MAX, SqliteQueue};
use crate::queue::QueueError;
use crate::queue::clock::Now;
use crate::queue::purge::{Keep, PurgeRule};

impl SqliteQueue {
    pub(super) fn purge_begun(
        &self,
        rule: &PurgeRule,
        after: Option<&str>,
        max: NonZeroUsize,
    ) -> Result<Vec<String>, QueueError> {
        let now = self.clock.now();
        let due = self.due_for_purge(rule, after.unwrap_or(""), max, now)?;
        self.transaction(|tx| {
            let mut begun = Vec::new();
            for case_id in &due {
                // It may have changed since it was looked at, and then it is not old.
                let step = self.read(tx, case_id)?.and_then(|entry| entry.purge_begun(rule, now));
                if let Some(step) = step {
                    self.store(tx, &step)?;
                    begun.push(step.entry.case_id);
                }
            }
            Ok(begun)
        })
    }

    /// Cases for which the rule is due, found while others write.
    fn due_for_purge(
        &self,
        rule: &PurgeRule,
        after: &str,
        max: NonZeroUsize,
        now: Now,
    ) -> Result<Vec<String>, QueueError> {
        // Nothing is to be done about those that are queued or in hand. A purge that was begun goes on,
        // whatever the rule; where the text says so within a name, the entry itself says not.
        const SQL: &str = "SELECT entry FROM cases
             WHERE case_id > ?1 AND due_ms IS NULL
               AND (updated_ms <= ?2 OR instr(entry, '\"purging\":true') > 0)
             ORDER BY case_id";
        let age_ms = i64::try_from(rule.older_than.as_millis()).unwrap_or(i64::MAX);
        let changed_until = (now.wall_ms as i64).saturating_sub(age_ms);
        let found = self.retried(|connection| {
            let mut due: Vec<String> = Vec::new();
            let mut statement = connection.prepare_cached(SQL)?;
            let mut rows = statement.query(params![after, changed_until])?;
            while let Some(row) = rows.next()? {
                let entry = match self.parsed(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?) {
                    Ok(entry) => entry,
                    Err(Failure::Store(error)) => return Err(error),
                    Err(Failure::Refused(error)) => return Ok(Err(error)),
                };
                due.extend(entry.purge_begun(rule, now).map(|step| step.entry.case_id));
                if due.len() == max.get() {
                    break;
                }
            }
            Ok(Ok(due))
        });
        found?
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
