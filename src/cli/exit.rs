//! The exit codes and what they say.

use std::process::ExitCode;

use crate::policy::Decision;

/// The work is done and shows what was asked not to be so.
pub(super) const FAIL: u8 = 1;

/// The program could not do its work; what clap exits with on wrong usage, too.
pub(super) const NOT_DONE: u8 = 2;

/// A person should look.
const REVIEW: u8 = 3;

/// Stopped by Ctrl-C: 128 and the number of SIGINT, as shells have it.
pub(super) const STOPPED: u8 = 130;

/// 0 pass, 1 fail, 3 review.
pub(super) fn of(decision: Decision) -> ExitCode {
    match decision {
        Decision::Pass => ExitCode::SUCCESS,
        Decision::Fail => ExitCode::from(FAIL),
        Decision::Review => ExitCode::from(REVIEW),
    }
}
