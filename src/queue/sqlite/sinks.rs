//! How far each sink has been told, in the file.

use rusqlite::{OptionalExtension as _, params};

use super::SqliteQueue;
use crate::queue::QueueError;
use crate::queue::sink::{SinkName, SinkState};

impl SqliteQueue {
    pub(super) fn read_sink(&self, name: &SinkName) -> Result<(SinkState, u64), QueueError> {
        self.transaction(|tx| {
            let sql = "SELECT revision, state FROM sinks WHERE name = ?";
            let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?));
            match tx.prepare_cached(sql)?.query_row([name.as_str()], read).optional()? {
                None => Ok((SinkState::default(), 0)),
                Some((revision, json)) => {
                    let state = serde_json::from_str(&json)
                        .map_err(|_| self.broken("a sink is not of the form this version reads"))?;
                    Ok((state, revision as u64))
                }
            }
        })
    }

    pub(super) fn write_sink(
        &self,
        name: &SinkName,
        state: &SinkState,
        revision: u64,
    ) -> Result<Option<u64>, QueueError> {
        let json = serde_json::to_string(state).expect("plain data always serialises");
        self.transaction(|tx| {
            let sql = if revision == 0 {
                "INSERT OR IGNORE INTO sinks (name, revision, state) VALUES (?1, ?2 + 1, ?3)"
            } else {
                "UPDATE sinks SET revision = ?2 + 1, state = ?3 WHERE name = ?1 AND revision = ?2"
            };
            let stored = tx.prepare_cached(sql)?.execute(params![name.as_str(), revision as i64, json])?;
            Ok((stored == 1).then_some(revision + 1))
        })
    }
}
