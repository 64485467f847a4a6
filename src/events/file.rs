//! Events appended to a file, one JSON object a line.
//!
//! What was told is on the disk before it counts as told. A line that was cut short by a full disk
//! or a killed process is taken back, and written again.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::{Event, NotTold, Sink};

/// Bytes read at once where the last whole line is looked for.
const BLOCK_BYTES: u64 = 64 << 10;

/// A file of events, held by this process alone.
#[derive(Debug)]
pub struct FileSink {
    name: String,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    file: File,
    /// Bytes of whole lines.
    len: u64,
}

impl FileSink {
    /// Opens the file, which is made where there is none, and takes a torn last line away.
    ///
    /// # Errors
    /// It cannot be opened or written, or another process appends to it.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::other("another process appends to it"));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let len = whole_lines(&mut file)?;
        file.set_len(len)?;
        file.seek(SeekFrom::Start(len))?;
        Ok(Self { name: path.display().to_string(), state: Mutex::new(State { file, len }) })
    }

    fn failed(&self, error: &io::Error) -> NotTold {
        NotTold(format!("{}: {error}", self.name))
    }
}

/// Bytes up to the end of the last line that has one.
fn whole_lines(file: &mut File) -> io::Result<u64> {
    let mut end = file.metadata()?.len();
    while end > 0 {
        let begin = end.saturating_sub(BLOCK_BYTES);
        let mut block = vec![0; (end - begin) as usize];
        file.seek(SeekFrom::Start(begin))?;
        file.read_exact(&mut block)?;
        if let Some(last) = block.iter().rposition(|byte| *byte == b'\n') {
            return Ok(begin + last as u64 + 1);
        }
        end = begin;
    }
    Ok(0)
}

impl Sink for FileSink {
    fn tell(&self, event: &Event) -> Result<(), NotTold> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let line = format!("{}\n", event.body);
        if let Err(error) = state.file.write_all(line.as_bytes()) {
            let len = state.len;
            // Half a line must not stay before the next one.
            let undone = state.file.set_len(len).and_then(|()| state.file.seek(SeekFrom::Start(len)));
            return Err(self.failed(&undone.err().unwrap_or(error)));
        }
        state.len += line.len() as u64;
        Ok(())
    }

    fn settle(&self) -> Result<(), NotTold> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.file.sync_data().map_err(|error| self.failed(&error))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::event::EventSource;
    use super::*;
    use crate::queue::{Change, ChangeKind};
    use crate::report::StatusDocument;

    fn event(sequence: u64) -> Event {
        let change = Change {
            number: sequence,
            sequence,
            at_ms: 0,
            case_id: "c-1".to_owned(),
            attempt: 1,
            kind: ChangeKind::Submitted,
            status: StatusDocument::Processing,
            decision: None,
            codes: Vec::new(),
            step: None,
            result: None,
            review: None,
        };
        Event::new(change, &EventSource::of_queue("q"))
    }

    #[test]
    fn a_torn_line_is_taken_back_and_what_stood_there_stays() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("events.jsonl");
        let sink = FileSink::open(&path).expect("a new file");
        sink.tell(&event(1)).expect("space");
        assert!(FileSink::open(&path).is_err(), "held");
        drop(sink);
        let mut text = fs::read_to_string(&path).expect("a file");
        text.push_str(&"x".repeat(3 * BLOCK_BYTES as usize));
        fs::write(&path, &text).expect("space");
        let sink = FileSink::open(&path).expect("a file");
        sink.tell(&event(2)).expect("space");
        sink.settle().expect("a disk");
        let lines: Vec<String> =
            fs::read_to_string(&path).expect("a file").lines().map(str::to_owned).collect();
        assert_eq!(lines, [event(1).body, event(2).body]);
    }
}
