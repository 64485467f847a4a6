//! Runs a client (pip, npm, Python) to its end: nothing on the terminal, its last words kept for
//! the error, the bytes it writes watched, and killed when nothing moves any more.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{Progress, Watch};

const POLL_EVERY: Duration = Duration::from_millis(100);
/// The clients give up by themselves on a server that does not answer; this is for all else.
const STALL_LIMIT: Duration = Duration::from_secs(90);
const LAST_WORDS_LINES: usize = 4;

/// Runs `command` to its end; `folder` is where it writes, watched for progress and standstill.
pub(super) fn run(
    command: &mut Command,
    folder: &Path,
    watch: Option<(&Watch<'_>, &dyn Progress)>,
) -> Result<(), String> {
    let words_path = folder.join("stderr.txt");
    let words = File::create(&words_path).map_err(|error| error.to_string())?;
    let program = command.get_program().to_string_lossy().into_owned();
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(words)
        .spawn()
        .map_err(|error| format!("{program} does not start: {error}"))?;
    let mut child = KilledOnDrop(child);
    let (mut bytes, mut moved) = (0, Instant::now());
    loop {
        if let Some(status) = child.0.try_wait().map_err(|error| error.to_string())? {
            if status.success() {
                return Ok(());
            }
            return Err(format!("{program} failed ({status}): {}", last_words(&words_path)));
        }
        let now = folder_bytes(folder);
        if now != bytes {
            (bytes, moved) = (now, Instant::now());
            if let Some((watch, progress)) = watch {
                progress.report(watch.event(bytes));
            }
        }
        if moved.elapsed() > STALL_LIMIT {
            let limit_s = STALL_LIMIT.as_secs();
            return Err(format!("{program} wrote nothing for {limit_s} s and was stopped"));
        }
        std::thread::sleep(POLL_EVERY);
    }
}

/// A child that does not outlive an early return.
struct KilledOnDrop(Child);

impl Drop for KilledOnDrop {
    fn drop(&mut self) {
        // Both fail only when it has ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn last_words(path: &Path) -> String {
    let text = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(LAST_WORDS_LINES)..].join(" / ")
}

/// The bytes of all files in a folder; what vanishes meanwhile counts as nothing.
fn folder_bytes(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    let bytes = |entry: fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => folder_bytes(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    };
    entries.flatten().map(bytes).sum()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_carries_the_last_words() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo one >&2; echo two >&2; exit 3"]);
        let error = run(&mut command, folder.path(), None).unwrap_err();
        assert!(error.contains("one / two") && error.contains('3'), "{error}");
    }

    #[test]
    fn a_missing_program_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let error = run(&mut Command::new("no-such-program"), folder.path(), None).unwrap_err();
        assert!(error.contains("no-such-program does not start"), "{error}");
    }
}
