//! The flags that every command takes, and the settings and engine they stand for.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::models::FetchProgress;
use super::policy::policy_from;
use crate::case::Date;
use crate::engine::{Engine, Settings};
use crate::inference::{self, Access, Check, InferenceError, Manifest, Store, names};
use crate::policy::Policy;

/// More threads than any machine this was tried on has cores; each costs memory.
const THREADS_MAX: usize = 1024;

/// Threads of a process that checks one case: each holds its own models, and the bound on that process'
/// memory must not depend on the machine's cores.
const THREADS_APART: usize = 2;

/// Flags of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(super) struct Globals {
    /// Text for people or JSON for programs, one object a line [default: text; inspect: json]
    #[arg(long, global = true, value_enum, hide_possible_values = true, value_name = "text|json")]
    pub(super) format: Option<Format>,
    /// Decide by this policy; keys it leaves out keep their shipped values
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) policy: Option<PathBuf>,
    /// Never use the network; missing models are an error
    #[arg(long, global = true)]
    pub(super) offline: bool,
    /// Use this many threads [default: the machine's cores]
    #[arg(long, global = true, value_name = "N", value_parser = threads)]
    pub(super) threads: Option<NonZeroUsize>,
    /// Compare faces with this embedding: a name as `models list` shows it [default: MobileFaceNet]
    #[arg(long, global = true, value_name = "NAME")]
    pub(super) embedding: Option<String>,
    /// Keep the models here [default: $REALNAME_HOME, else the user's cache folder]
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) home: Option<PathBuf>,
    /// Read settings from this file; flags and the environment win over it [default:
    /// $REALNAME_CONFIG, else realname/config.toml in the user's folder of settings or in /etc]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Whom the output is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// People.
    Text,
    /// Programs.
    Json,
}

/// The day as of which cases are judged.
#[derive(Debug, Args)]
pub(super) struct DecidedOn {
    /// Judge validity and age as of this day where the case itself names none, 2026-11-20
    /// [default: today in China]
    #[arg(long, value_name = "DATE")]
    decided_on: Option<Date>,
}

impl DecidedOn {
    /// `settings` with the day that was asked for.
    pub(super) fn within(&self, settings: Settings) -> Settings {
        Settings { decided_on: self.decided_on.or(settings.decided_on), ..settings }
    }
}

fn threads(text: &str) -> Result<NonZeroUsize, String> {
    let threads = text.parse().ok().filter(|n: &NonZeroUsize| n.get() <= THREADS_MAX);
    threads.ok_or_else(|| format!("a number from 1 to {THREADS_MAX} is needed"))
}

impl Globals {
    /// The format asked for; text where none was.
    pub(super) fn format(&self) -> Format {
        self.format.unwrap_or(Format::Text)
    }

    /// The flags by which another process of this program measures as this one does.
    pub(super) fn for_another(&self) -> Vec<OsString> {
        let mut flags = vec!["--offline".into()];
        let mut flag = |name: &str, value: Option<OsString>| {
            flags.extend(value.into_iter().flat_map(|value| [name.into(), value]));
        };
        flag("--threads", Some(THREADS_APART.to_string().into()));
        flag("--embedding", self.embedding.as_ref().map(Into::into));
        flag("--home", self.home.as_ref().map(Into::into));
        flags
    }

    /// The policy asked for, or the shipped one.
    pub(super) fn policy(&self) -> anyhow::Result<Policy> {
        self.policy.as_deref().map_or_else(|| Ok(Policy::shipped()), policy_from)
    }

    /// What the engine is to be run with.
    pub(super) fn settings(&self) -> anyhow::Result<Settings> {
        let shipped = Settings::default();
        Ok(Settings {
            policy: self.policy()?,
            home: self.home.clone(),
            embedding: self.embedding.clone(),
            threads: self.threads.unwrap_or(shipped.threads),
            ..shipped
        })
    }

    /// The engine, after the models it needs were fetched.
    pub(super) fn engine(&self, settings: Settings) -> anyhow::Result<Engine> {
        let progress = FetchProgress::default();
        let (store, manifest) = (self.store()?, Manifest::built_in());
        let ensured = inference::ensure(
            &store,
            manifest,
            names::DEFAULT_SET,
            self.access(),
            Check::Presence,
            &progress,
        );
        progress.clear();
        ensured?;
        Ok(Engine::new(settings)?)
    }

    /// Where models live.
    pub(super) fn store(&self) -> Result<Store, InferenceError> {
        self.home.as_ref().map_or_else(Store::from_environment, |home| Ok(Store::at(home)))
    }

    /// Whether what is missing may be fetched.
    pub(super) fn access(&self) -> Access {
        if self.offline { Access::Offline } else { Access::Online }
    }
}
