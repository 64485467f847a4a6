//! How far a long command is, on standard error: a bar on a terminal, a line now and then elsewhere.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use crate::report::visible;

const LINE_EVERY: Duration = Duration::from_secs(5);

/// Counts things that are done.
pub(super) struct Progress {
    what: &'static str,
    total: usize,
    done: usize,
    began: Instant,
    last_line: Instant,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Nothing of `total` is done yet; `what` they are, in the plural.
    pub(super) fn new(what: &'static str, total: usize) -> Self {
        let now = Instant::now();
        let bar = (io::stderr().is_terminal() && total > 0).then(|| bar(what, total));
        Self { what, total, done: 0, began: now, last_line: now, bar }
    }

    /// One more is done.
    pub(super) fn step(&mut self) {
        self.done += 1;
        if let Some(bar) = &self.bar {
            bar.inc(1);
        } else if self.last_line.elapsed() >= LINE_EVERY && self.done < self.total {
            self.last_line = Instant::now();
            let per_s = self.per_s();
            let left_s = (self.total - self.done) as f64 / per_s;
            let (done, total, what) = (self.done, self.total, self.what);
            self.say(&format!("{done}/{total} {what}, {per_s:.1} {what}/s, about {left_s:.0} s left"));
        }
    }

    /// Writes a line on standard error, or several that are ours.
    pub(super) fn say(&self, line: &str) {
        // Nobody can be told that standard error is closed.
        self.aside(|| writeln!(io::stderr(), "{}", visible(line)).ok());
    }

    /// Does something that writes to the terminal, with the bar out of the way.
    pub(super) fn aside<R>(&self, f: impl FnOnce() -> R) -> R {
        match &self.bar {
            Some(bar) => bar.suspend(f),
            None => f(),
        }
    }

    /// How many were done in a second.
    pub(super) fn per_s(&self) -> f64 {
        self.done as f64 / self.began.elapsed().as_secs_f64().max(1e-9)
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(what: &'static str, total: usize) -> ProgressBar {
    let template = "{bar:30} {pos}/{len} {speed}, {eta} left";
    let speed = move |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        write!(out, "{what}, {:.1} {what}/s", state.per_sec()).ok();
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(total as u64).with_style(style.with_key("speed", speed));
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}
