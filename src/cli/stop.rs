//! Ctrl-C: the first asks for a tidy end, the second ends at once.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use super::exit;

static STOP: AtomicBool = AtomicBool::new(false);

/// Watches for Ctrl-C and SIGTERM; the flag is set by the first.
pub(super) fn on_ctrl_c() -> anyhow::Result<&'static AtomicBool> {
    ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(exit::STOPPED.into());
        }
        let message = "\nstopping: what is in hand is finished; Ctrl-C again to end at once";
        writeln!(io::stderr(), "{message}").ok();
    })?;
    Ok(&STOP)
}
