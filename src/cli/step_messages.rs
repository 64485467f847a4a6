//! `realname status report`: steps that other services tell of, message by message.

use std::path::Path;
use std::process::ExitCode;

use super::exit;
use super::lines::{for_each_line, name_of};
use super::work::say;
use crate::queue::{Queue, QueueError, StepReport};

/// Stores each of the steps in the file, in order. A message that is refused is told of with its line
/// and passed over; a queue that cannot be reached ends it, naming the first line that is not stored.
pub(super) fn report_all(queue: &dyn Queue, messages: &Path) -> anyhow::Result<ExitCode> {
    let (mut set, mut refused) = (0usize, 0usize);
    for_each_line(messages, |number, line| {
        let mut refuse = |why: &dyn std::fmt::Display| {
            refused += 1;
            say(&format!("refused: {}: line {number}: {why}", name_of(messages)));
        };
        match StepReport::parse(line) {
            Err(error) => refuse(&error),
            Ok(report) => match queue.report_step(&report) {
                Ok(()) => set += 1,
                Err(error @ (QueueError::Unknown { .. } | QueueError::Illegal { .. })) => refuse(&error),
                Err(error) => return Err(error.into()),
            },
        }
        Ok(())
    })?;
    say(&format!("{set} steps set, {refused} refused"));
    Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::from(exit::NOT_DONE) })
}
