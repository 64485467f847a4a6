//! The tables: how they are made, and brought from an earlier form to this one.

use rusqlite::{OptionalExtension as _, Transaction};

use super::failure::Failure;
use super::{Sharing, SqliteQueue};

impl Sharing {
    /// What the file says of itself (`PRAGMA application_id`): "rnqu", or "rnqt" of one that is thrown
    /// away, so that neither is ever taken for the other.
    pub(super) fn application_id(self) -> i32 {
        match self {
            Self::Shared => 0x726e_7175,
            Self::Alone => 0x726e_7174,
        }
    }
}

/// The form of the tables that this version reads and writes.
const FORM: i32 = 2;

const TABLES: &str = "
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE cases (
  number INTEGER PRIMARY KEY,
  case_id TEXT NOT NULL UNIQUE,
  bucket TEXT NOT NULL,
  due_ms INTEGER,
  suspect INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  entry TEXT NOT NULL
);
CREATE INDEX due ON cases (bucket, due_ms, number);
CREATE INDEX listed ON cases (bucket, case_id);
CREATE TABLE sinks (name TEXT PRIMARY KEY, revision INTEGER NOT NULL, state TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE counts (bucket TEXT PRIMARY KEY, cases INTEGER NOT NULL) WITHOUT ROWID;
CREATE TRIGGER counted AFTER INSERT ON cases BEGIN
  INSERT INTO counts VALUES (new.bucket, 1) ON CONFLICT (bucket) DO UPDATE SET cases = cases + 1;
END;
CREATE TRIGGER recounted AFTER UPDATE OF bucket ON cases WHEN old.bucket <> new.bucket BEGIN
  UPDATE counts SET cases = cases - 1 WHERE bucket = old.bucket;
  INSERT INTO counts VALUES (new.bucket, 1) ON CONFLICT (bucket) DO UPDATE SET cases = cases + 1;
END;
CREATE TRIGGER uncounted AFTER DELETE ON cases BEGIN
  UPDATE counts SET cases = cases - 1 WHERE bucket = old.bucket;
END;
CREATE TABLE changes (number INTEGER PRIMARY KEY AUTOINCREMENT, change TEXT NOT NULL);
";

/// What form 1 lacks.
const FROM_1: &str = "
CREATE INDEX listed ON cases (bucket, case_id);
CREATE TABLE sinks (name TEXT PRIMARY KEY, revision INTEGER NOT NULL, state TEXT NOT NULL) WITHOUT ROWID;
CREATE TRIGGER uncounted AFTER DELETE ON cases BEGIN
  UPDATE counts SET cases = cases - 1 WHERE bucket = old.bucket;
END;
";

impl SqliteQueue {
    /// Makes the tables where there are none, and forgets the steady clock of an earlier start of
    /// the machine: whoever held a lease then is gone, and whatever waited has waited.
    pub(super) fn prepare(&self, tx: &Transaction<'_>) -> Result<(), Failure> {
        let form: i32 = tx.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        match form {
            0 => {
                tx.execute_batch(TABLES)?;
                tx.pragma_update(None, "application_id", self.sharing.application_id())?;
                tx.pragma_update(None, "user_version", FORM)?;
            }
            1 => {
                tx.execute_batch(FROM_1)?;
                tx.pragma_update(None, "user_version", FORM)?;
            }
            FORM => {}
            other => {
                let detail = format!(
                    "its form is {other} and this version reads {FORM}; use the version that made it"
                );
                return Err(self.broken(&detail).into());
            }
        }
        let boot = self.clock.boot();
        let known: Option<String> =
            tx.query_row("SELECT value FROM meta WHERE name = 'boot'", [], |row| row.get(0)).optional()?;
        if known.as_deref() != Some(boot) {
            tx.execute("UPDATE cases SET due_ms = 0 WHERE due_ms IS NOT NULL", [])?;
            tx.execute("INSERT OR REPLACE INTO meta VALUES ('boot', ?)", [boot])?;
        }
        Ok(())
    }
}
