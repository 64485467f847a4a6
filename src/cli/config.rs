//! Settings from a file and the environment: one precedence for all of them.
//!
//! A flag on the command line wins over the environment, that over the file, that over the default.
//! A key of the file is the flag's name and means what the flag means. What is unknown is refused.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command};
use serde_json::{Map, Value, json};

use super::globals::{Format, Globals};
use super::stdout;
use super::work::WorkArgs;
use crate::report::one_line;
use crate::status::{RequiredSteps, StepsError};
use crate::worker::read_plain;

/// A larger file is none of settings.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Names the file.
const FILE_VARIABLE: &str = "REALNAME_CONFIG";

/// Where the file is looked for when none is named; the first that is there is read.
const SYSTEM_FILE: &str = "/etc/realname/config.toml";
const USER_FILE: &str = "realname/config.toml";

/// The form of `realname config --format json`.
const SCHEMA: &str = "realname.config/1";

/// A flag that can stand in the file and in the environment.
struct Setting {
    /// The flag without its dashes.
    key: &'static str,
    /// The variable.
    variable: &'static str,
    /// The commands whose flag is meant; none for all that have one.
    commands: &'static [&'static str],
}

const fn setting(key: &'static str, variable: &'static str) -> Setting {
    Setting { key, variable, commands: &[] }
}

const SETTINGS: [Setting; 19] = [
    setting("queue", "REALNAME_QUEUE"),
    setting("photos", "REALNAME_PHOTOS"),
    setting("steps", "REALNAME_STEPS"),
    setting("policy", "REALNAME_POLICY"),
    setting("home", "REALNAME_HOME"),
    setting("embedding", "REALNAME_EMBEDDING"),
    setting("offline", "REALNAME_OFFLINE"),
    setting("threads", "REALNAME_THREADS"),
    setting("format", "REALNAME_FORMAT"),
    setting("log-format", "REALNAME_LOG_FORMAT"),
    setting("log-level", "REALNAME_LOG_LEVEL"),
    setting("metrics", "REALNAME_METRICS"),
    setting("concurrency", "REALNAME_CONCURRENCY"),
    setting("lease", "REALNAME_LEASE"),
    setting("stop-within", "REALNAME_STOP_WITHIN"),
    of_work("name", "REALNAME_NAME"),
    of_work("webhook", "REALNAME_WEBHOOK"),
    of_work("webhook-secret-file", "REALNAME_WEBHOOK_SECRET_FILE"),
    of_work("events", "REALNAME_EVENTS"),
];

const fn of_work(key: &'static str, variable: &'static str) -> Setting {
    Setting { key, variable, commands: &["work", "config"] }
}

/// What S3 storage reads of the environment, and nowhere else; shown masked.
const OF_S3: [&str; 6] = [
    "AWS_ENDPOINT",
    "AWS_REGION",
    "AWS_ALLOW_HTTP",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
];

/// The settings of a file, each as it would be typed on the command line.
#[derive(Debug, Default, PartialEq)]
pub(super) struct ConfigFile {
    path: Option<PathBuf>,
    values: BTreeMap<&'static str, String>,
}

impl ConfigFile {
    /// Reads the file that `args` or the environment name, or the one at a default place.
    ///
    /// # Errors
    /// It cannot be read, holds an unknown key, or a value that `command` does not take.
    pub(super) fn read(args: &[OsString], command: &Command) -> anyhow::Result<Self> {
        let named = named_file(args).or_else(|| variable(FILE_VARIABLE).map(PathBuf::from));
        match named.or_else(|| default_places().into_iter().find(|path| path.exists())) {
            None => Ok(Self::default()),
            Some(path) => {
                let name = || path.display().to_string();
                let bytes = read_plain(&path, FILE_BYTES_MAX).with_context(name)?;
                let text = String::from_utf8(bytes).with_context(|| format!("{}: not text", name()))?;
                let values = values(&text, command).with_context(name)?;
                Ok(Self { path: Some(path), values })
            }
        }
    }

    /// `command` with the environment and the file behind its flags.
    pub(super) fn behind(&self, command: Command) -> Command {
        self.behind_those_of(command, None)
    }

    fn behind_those_of(&self, mut command: Command, top: Option<&str>) -> Command {
        for setting in &SETTINGS {
            let meant = setting.commands.is_empty() || top.is_some_and(|top| setting.commands.contains(&top));
            let Some(arg) = flag(&command, setting.key).filter(|_| meant) else { continue };
            let (id, has_variable) = (arg.get_id().as_str().to_owned(), arg.get_env().is_some());
            command = command.mut_arg(id, |mut arg| {
                if variable(setting.variable).is_none() && env::var_os(setting.variable).is_some() {
                    arg = arg.env(None::<&'static str>); // Set to nothing is not set.
                } else if !has_variable {
                    arg = arg.env(setting.variable).hide_env(true);
                }
                match self.values.get(setting.key) {
                    // Read once in the life of a process, which is how long clap wants to keep it.
                    Some(value) => arg.default_value(&*value.clone().leak()),
                    None => arg,
                }
            });
        }
        let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
        for name in names {
            command =
                command.mut_subcommand(&name, |sub| self.behind_those_of(sub, Some(top.unwrap_or(&name))));
        }
        command
    }
}

fn flag<'a>(command: &'a Command, key: &str) -> Option<&'a Arg> {
    command.get_arguments().find(|arg| arg.get_long() == Some(key))
}

/// The flag of that name, whichever command has it.
fn any_flag<'a>(command: &'a Command, key: &str) -> Option<&'a Arg> {
    flag(command, key).or_else(|| command.get_subcommands().find_map(|sub| any_flag(sub, key)))
}

/// A variable that is set to something.
fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// What `--config` names, before anything else is read.
fn named_file(args: &[OsString]) -> Option<PathBuf> {
    let mut args = args.iter().take_while(|arg| *arg != "--");
    while let Some(arg) = args.next() {
        if arg == "--config" {
            return args.next().map(PathBuf::from);
        }
        let inline = arg.to_str().and_then(|arg| arg.strip_prefix("--config="));
        if let Some(path) = inline {
            return Some(PathBuf::from(path));
        }
    }
    None
}

fn default_places() -> Vec<PathBuf> {
    let of_user = variable("XDG_CONFIG_HOME").map(PathBuf::from);
    let of_user = of_user.or_else(|| Some(Path::new(&variable("HOME")?).join(".config")));
    of_user.map(|folder| folder.join(USER_FILE)).into_iter().chain([PathBuf::from(SYSTEM_FILE)]).collect()
}

fn values(text: &str, command: &Command) -> anyhow::Result<BTreeMap<&'static str, String>> {
    let table: toml::Table = text.parse().context("not TOML")?;
    let mut values = BTreeMap::new();
    for (key, value) in table {
        let Some(setting) = SETTINGS.iter().find(|setting| setting.key == key) else {
            let known: Vec<&str> = SETTINGS.iter().map(|setting| setting.key).collect();
            let known = known.join(", ");
            anyhow::bail!("unknown key `{key}`: take it out or mend it; the keys are {known}");
        };
        let arg = any_flag(command, setting.key);
        let arg = arg.ok_or_else(|| anyhow::anyhow!("key `{key}`: no command takes it"))?;
        let value = match (value, arg.get_action()) {
            (toml::Value::Boolean(value), ArgAction::SetTrue) => value.to_string(),
            (_, ArgAction::SetTrue) => anyhow::bail!("key `{key}`: true or false is needed"),
            (toml::Value::String(value), _) if !value.is_empty() => value,
            (toml::Value::Integer(value), _) => value.to_string(),
            (toml::Value::Float(value), _) => value.to_string(),
            _ => anyhow::bail!("key `{key}`: a text or a number is needed"),
        };
        if !matches!(arg.get_action(), ArgAction::SetTrue) {
            taken(arg, &value).with_context(|| format!("key `{key}`"))?;
        }
        values.insert(setting.key, value);
    }
    Ok(values)
}

/// Whether the flag takes the value.
fn taken(arg: &Arg, value: &str) -> anyhow::Result<()> {
    let alone = arg.clone().global(false).required(false).env(None::<&'static str>);
    let long = arg.get_long().unwrap_or_default();
    let refused = Command::new("config")
        .no_binary_name(true)
        .disable_help_flag(true)
        .arg(alone)
        .try_get_matches_from([format!("--{long}={value}")]);
    match refused {
        Ok(_) => Ok(()),
        Err(error) => {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            anyhow::bail!("{}", first.trim_start_matches("error: "))
        }
    }
}

/// Arguments of `realname config`: those of a worker and of `submit`, so that it can be asked what a
/// command line would come to.
#[derive(Debug, Args)]
pub(super) struct ConfigArgs {
    #[command(flatten)]
    work: WorkArgs,
    /// The steps that new cases have to pass: pipeline, wallet, or names with commas
    #[arg(
        long,
        value_name = "STEPS",
        default_value = "pipeline",
        value_parser = |text: &str| -> Result<RequiredSteps, StepsError> { RequiredSteps::parse(text) }
    )]
    steps: RequiredSteps,
}

/// A setting in effect.
struct Effective {
    key: &'static str,
    value: Option<String>,
    source: &'static str,
    from: Option<String>,
}

/// Runs `realname config`.
pub(super) fn run(matches: &ArgMatches, file: &ConfigFile, globals: &Globals) -> anyhow::Result<ExitCode> {
    let settings: Vec<Effective> = SETTINGS.iter().map(|setting| effective(setting, matches, file)).collect();
    let of_s3 = OF_S3.iter().filter_map(|name| {
        let value = variable(name)?.to_string_lossy().into_owned();
        let is_secret = name.contains("KEY") || name.contains("TOKEN");
        let value = if is_secret { "***".to_owned() } else { without_password(&value) };
        Some(Effective {
            key: name,
            value: Some(value),
            source: "environment",
            from: Some((*name).to_owned()),
        })
    });
    let all: Vec<Effective> = settings.into_iter().chain(of_s3).collect();
    match globals.format() {
        Format::Json => {
            let entry = |one: &Effective| {
                (one.key.to_owned(), json!({"value": one.value, "source": one.source, "from": one.from}))
            };
            let map: Map<String, Value> = all.iter().map(entry).collect();
            let file = file.path.as_ref().map(|path| path.display().to_string());
            let document = json!({"schema": SCHEMA, "file": file, "settings": map});
            stdout::write_line(&document.to_string())?;
        }
        Format::Text => {
            let mut text = String::new();
            for Effective { key, value, source, from } in &all {
                let value = value.as_deref().unwrap_or("-");
                let from = from.as_ref().map(|from| format!(" {from}")).unwrap_or_default();
                writeln!(text, "{key:<22} {:<40} {source}{}", one_line(value), one_line(&from))?;
            }
            stdout::write(&text)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn effective(setting: &Setting, matches: &ArgMatches, file: &ConfigFile) -> Effective {
    let id = setting.key.replace('-', "_");
    let value = matches.get_raw(&id).and_then(|mut values| values.next());
    let value = value.map(OsStr::to_string_lossy).map(|value| match setting.key {
        "webhook" => host_alone(&value),
        _ => without_password(&value),
    });
    let (source, from) = match matches.value_source(&id) {
        Some(ValueSource::CommandLine) => ("flag", None),
        Some(ValueSource::EnvVariable) => ("environment", Some(setting.variable.to_owned())),
        _ if file.values.contains_key(setting.key) => {
            ("file", file.path.as_ref().map(|path| path.display().to_string()))
        }
        _ => ("default", None),
    };
    Effective { key: setting.key, value, source, from }
}

/// The path of a webhook often is a secret by itself.
fn host_alone(url: &str) -> String {
    let url = without_password(url);
    match url.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.split_once('/')?.0))) {
        Some((scheme, host)) => format!("{scheme}://{host}/***"),
        None => url,
    }
}

/// What stands before an `@` of an address lets one in and is shown to nobody.
fn without_password(value: &str) -> String {
    match (value.split_once("://"), value.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://***@{rest}"),
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn a_webhook_shows_its_host_alone() {
        assert_eq!(host_alone("https://u:p@hooks.example/T0/secret"), "https://***@hooks.example/***");
        assert_eq!(host_alone("https://hooks.example"), "https://hooks.example");
    }

    #[test]
    fn what_a_file_holds_is_read_and_slips_are_refused_with_what_to_do() {
        for (text, read) in [
            ("", Ok(vec![])),
            (
                "threads = 3\noffline = true\nlease = 12.5",
                Ok(vec![("lease", "12.5"), ("offline", "true"), ("threads", "3")]),
            ),
            (
                "queue = 'sqlite:/q.db'\nlog-level = 'debug'",
                Ok(vec![("log-level", "debug"), ("queue", "sqlite:/q.db")]),
            ),
            ("thread = 3", Err("unknown key `thread`: take it out or mend it; the keys are queue, photos")),
            ("[work]\nlease = 3", Err("unknown key `work`")),
            (
                "threads = 0",
                Err("key `threads`: invalid value '0' for '--threads <N>': a number from 1 to 1024"),
            ),
            ("lease = 'long'", Err("key `lease`: invalid value 'long'")),
            ("metrics = 9464", Err("key `metrics`: invalid value '9464'")),
            ("log-level = 'loud'", Err("key `log-level`: invalid value 'loud'")),
            ("offline = 1", Err("key `offline`: true or false is needed")),
            ("threads = [1]", Err("key `threads`: a text or a number is needed")),
            ("queue = ''", Err("key `queue`: a text or a number is needed")),
            ("threads = ", Err("not TOML")),
        ] {
            match (values(text, &Cli::command()), read) {
                (Ok(got), Ok(expected)) => {
                    let got: Vec<(&str, &str)> =
                        got.iter().map(|(key, value)| (*key, value.as_str())).collect();
                    assert_eq!(got, expected, "{text}");
                }
                (Err(error), Err(says)) => {
                    let told = format!("{error:#}");
                    assert!(told.contains(says), "{text}: {told}");
                }
                (got, _) => panic!("{text}: {got:?}"),
            }
        }
    }

    #[test]
    fn every_setting_is_a_flag_that_config_shows() {
        let command = Cli::command();
        let config = command.find_subcommand("config").expect("a command");
        for setting in &SETTINGS {
            let found = flag(config, setting.key).or_else(|| flag(&command, setting.key));
            let arg = found.unwrap_or_else(|| panic!("{}", setting.key));
            assert_eq!(arg.get_id().as_str(), setting.key.replace('-', "_"));
            let variable = setting.key.replace('-', "_").to_uppercase();
            assert_eq!(setting.variable, format!("REALNAME_{variable}"));
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        for (value, shown) in [
            ("nats://me:secret@host:1/q", "nats://***@host:1/q"),
            ("nats://me:s@cret@host/q", "nats://***@host/q"),
            ("sqlite:/a@b.db", "sqlite:/a@b.db"),
            ("s3://bucket/prefix", "s3://bucket/prefix"),
        ] {
            assert_eq!(without_password(value), shown);
        }
    }
}
