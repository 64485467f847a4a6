//! Ctrl-C: the first asks for a tidy end, the second ends at once.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use super::exit;

static STOP: AtomicBool = AtomicBool::new(false);

/// Watches for Ctrl-C and SIGTERM; the flag is set by the first, which is answered on standard error.
pub(super) fn on_ctrl_c() -> anyhow::Result<&'static AtomicBool> {
    on_ctrl_c_told_by(|| {
        let message = "\nstopping: what is in hand is finished; Ctrl-C again to end at once";
        writeln!(io::stderr(), "{message}").ok();
    })
}

/// The same, with another answer.
pub(super) fn on_ctrl_c_told_by(tell: impl Fn() + Send + 'static) -> anyhow::Result<&'static AtomicBool> {
    ctrlc::set_handler(move || {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(exit::STOPPED.into());
        }
        tell();
    })?;
    Ok(&STOP)
}
