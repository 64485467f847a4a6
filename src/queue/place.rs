//! Where a queue is: `sqlite:FILE`, or `nats://HOST[:PORT][,HOST[:PORT]...]/QUEUE[?replicas=N]`.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use async_nats::ServerAddr;

use super::{NatsQueue, Queue, QueueError, QueueOptions, SqliteQueue};

/// The most copies that JetStream keeps.
const REPLICAS_MAX: usize = 5;

/// A place for a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueuePlace {
    /// A file of this machine.
    Sqlite(PathBuf),
    /// Servers of NATS JetStream.
    Nats(NatsPlace),
}

/// A queue on servers of NATS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NatsPlace {
    pub(super) servers: Vec<ServerAddr>,
    pub(super) queue: String,
    pub(super) replicas: usize,
}

impl NatsPlace {
    /// Reads what follows `nats://` or `tls://`.
    fn parse(scheme: &str, rest: &str) -> Option<Self> {
        let (hosts, queue) = rest.split_once('/')?;
        let (queue, replicas) = match queue.split_once('?') {
            None => (queue, 1),
            Some((queue, setting)) => (queue, setting.strip_prefix("replicas=")?.parse().ok()?),
        };
        let is_name = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        let named = (1..=64).contains(&queue.len()) && queue.bytes().all(is_name);
        let servers: Option<Vec<ServerAddr>> =
            hosts.split(',').map(|host| format!("{scheme}://{host}").parse().ok()).collect();
        let valid = named && (1..=REPLICAS_MAX).contains(&replicas) && !hosts.is_empty();
        Some(Self { servers: servers?, queue: queue.to_owned(), replicas }).filter(|_| valid)
    }
}

/// The hosts without what lets one in, and the queue.
impl fmt::Display for NatsPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts: Vec<String> =
            self.servers.iter().map(|server| format!("{}:{}", server.host(), server.port())).collect();
        write!(f, "nats://{}/{}", hosts.join(","), self.queue)
    }
}

/// The text names no queue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no queue: sqlite:FILE, or nats://HOST:PORT,HOST:PORT/QUEUE?replicas=3")]
pub struct QueuePlaceError(String);

impl QueuePlace {
    /// Reads a place.
    ///
    /// # Errors
    /// It is of no known kind, or names nothing.
    pub fn parse(text: &str) -> Result<Self, QueuePlaceError> {
        match text.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(PathBuf::from(path))),
            Some((scheme @ ("nats" | "tls"), rest)) => {
                let place = rest.strip_prefix("//").and_then(|rest| NatsPlace::parse(scheme, rest));
                place.map(Self::Nats).ok_or_else(|| QueuePlaceError(without_password(text)))
            }
            _ => Err(QueuePlaceError(without_password(text))),
        }
    }

    /// What the queue is called, without where it is.
    pub fn name(&self) -> String {
        match self {
            Self::Sqlite(path) => {
                path.file_stem().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
            }
            Self::Nats(place) => place.queue.clone(),
        }
    }

    /// Whether it has a stream of its own for events.
    pub fn has_stream(&self) -> bool {
        matches!(self, Self::Nats(_))
    }

    /// Opens the queue.
    ///
    /// # Errors
    /// What keeps it cannot be opened, or holds something else.
    pub fn open(&self, options: QueueOptions) -> Result<Arc<dyn Queue>, QueueError> {
        match self {
            Self::Sqlite(path) => Ok(Arc::new(SqliteQueue::open(path, options)?)),
            Self::Nats(place) => Ok(Arc::new(NatsQueue::open(place, options)?)),
        }
    }
}

impl fmt::Display for QueuePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Nats(place) => place.fmt(f),
        }
    }
}

/// What stands before an `@` lets one in and is shown to nobody.
fn without_password(text: &str) -> String {
    text.rsplit_once('@').map_or_else(|| text.to_owned(), |(_, rest)| format!("***@{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_apart_and_slips_refused_without_showing_a_password() {
        for (text, shown) in [
            ("sqlite:/var/q.db", Ok("sqlite:/var/q.db")),
            ("nats://127.0.0.1:4333/cases", Ok("nats://127.0.0.1:4333/cases")),
            ("nats://a,b:1/q?replicas=3", Ok("nats://a:4222,b:1/q")),
            ("nats://me:secret@a/q", Ok("nats://a:4222/q")),
            ("sqlite:", Err("`sqlite:` is no queue")),
            ("q.db", Err("`q.db` is no queue")),
            ("nats://a", Err("is no queue")),
            ("nats://a/with space", Err("is no queue")),
            ("nats://a/q?replicas=9", Err("is no queue")),
            ("nats://me:secret@a", Err("`***@a` is no queue")),
        ] {
            match (QueuePlace::parse(text), shown) {
                (Ok(place), Ok(shown)) => assert_eq!(place.to_string(), shown),
                (Err(error), Err(says)) => {
                    let told = error.to_string();
                    assert!(told.contains(says) && !told.contains("secret"), "{text}: {told}");
                }
                (got, _) => panic!("{text}: {got:?}"),
            }
        }
    }
}
