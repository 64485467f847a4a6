//! The flags that start a log.

use clap::{Args, ValueEnum};

use crate::monitor::log::{self, LogFormat, LogLevel};

/// Whether and how to log.
#[derive(Debug, Args)]
pub(super) struct LogArgs {
    /// Log on standard error in this form; never holds personal data
    /// [default: text, where a level is given]
    #[arg(
        long,
        value_enum,
        hide_possible_values = true,
        value_name = "text|json",
        env = "REALNAME_LOG_FORMAT",
        hide_env_values = true
    )]
    log_format: Option<LogForm>,
    /// Log from this level on: error, warn, info, debug or trace [default: info, where a form is given]
    #[arg(
        long,
        value_enum,
        hide_possible_values = true,
        value_name = "LEVEL",
        env = "REALNAME_LOG_LEVEL",
        hide_env_values = true
    )]
    log_level: Option<Level>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogForm {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// Whether there is a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Logging {
    /// There is.
    On,
    /// There is none.
    Off,
}

impl LogArgs {
    /// Starts the log that was asked for.
    pub(super) fn start(&self) -> anyhow::Result<Logging> {
        if self.log_format.is_none() && self.log_level.is_none() {
            return Ok(Logging::Off);
        }
        let format = match self.log_format {
            Some(LogForm::Json) => LogFormat::Json,
            Some(LogForm::Text) | None => LogFormat::Text,
        };
        let level = match self.log_level {
            Some(Level::Error) => LogLevel::Error,
            Some(Level::Warn) => LogLevel::Warn,
            Some(Level::Info) | None => LogLevel::Info,
            Some(Level::Debug) => LogLevel::Debug,
            Some(Level::Trace) => LogLevel::Trace,
        };
        log::start(format, level)?;
        Ok(Logging::On)
    }
}
