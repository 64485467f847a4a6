//! A wait that doubles up to a bound.

use std::time::Duration;

/// The first and the longest wait of a worker that found nothing to do, or a store that is away.
const WAIT_FIRST: Duration = Duration::from_millis(10);
const WAIT_MAX: Duration = Duration::from_secs(1);

/// How long to wait next.
pub(super) struct Wait(Duration);

impl Wait {
    pub(super) fn new() -> Self {
        Self(WAIT_FIRST)
    }

    pub(super) fn next(&mut self) -> Duration {
        let now = self.0;
        self.0 = (now * 2).min(WAIT_MAX);
        now
    }
}
