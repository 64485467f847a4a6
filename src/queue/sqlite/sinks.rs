//! Small states in the file, each under its name and replaced only as it was read: how far each sink
//! has been told, and the queue's rule of retention.

use rusqlite::{OptionalExtension as _, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::SqliteQueue;
use crate::queue::QueueError;
use crate::queue::retention::Retention;
use crate::queue::sink::{SinkName, SinkState};

/// Where the rule is kept: no sink can have this name.
const RETENTION: &str = "retention.rule";

impl SqliteQueue {
    pub(super) fn read_sink(&self, name: &SinkName) -> Result<(SinkState, u64), QueueError> {
        self.read_state(name.as_str(), "a sink is not of the form this version reads")
    }

    pub(super) fn write_sink(
        &self,
        name: &SinkName,
        state: &SinkState,
        revision: u64,
    ) -> Result<Option<u64>, QueueError> {
        self.write_state(name.as_str(), state, revision)
    }

    pub(super) fn read_retention(&self) -> Result<(Retention, u64), QueueError> {
        self.read_state(RETENTION, "the rule of retention is not of the form this version reads")
    }

    pub(super) fn write_retention(
        &self,
        retention: &Retention,
        revision: u64,
    ) -> Result<Option<u64>, QueueError> {
        self.write_state(RETENTION, retention, revision)
    }

    /// A state and its revision; the first one, of revision 0, where there is none.
    fn read_state<T: DeserializeOwned + Default>(
        &self,
        name: &str,
        of_another_form: &str,
    ) -> Result<(T, u64), QueueError> {
        self.transaction(|tx| {
            let sql = "SELECT revision, state FROM sinks WHERE name = ?";
            let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?));
            match tx.prepare_cached(sql)?.query_row([name], read).optional()? {
                None => Ok((T::default(), 0)),
                Some((revision, json)) => {
                    let state = serde_json::from_str(&json).map_err(|_| self.broken(of_another_form))?;
                    Ok((state, revision as u64))
                }
            }
        })
    }

    fn write_state<T: Serialize>(
        &self,
        name: &str,
        state: &T,
        revision: u64,
    ) -> Result<Option<u64>, QueueError> {
        let json = serde_json::to_string(state).expect("plain data always serialises");
        self.transaction(|tx| {
            let sql = if revision == 0 {
                "INSERT OR IGNORE INTO sinks (name, revision, state) VALUES (?1, ?2 + 1, ?3)"
            } else {
                "UPDATE sinks SET revision = ?2 + 1, state = ?3 WHERE name = ?1 AND revision = ?2"
            };
            let stored = tx.prepare_cached(sql)?.execute(params![name, revision as i64, json])?;
            Ok((stored == 1).then_some(revision + 1))
        })
    }
}
