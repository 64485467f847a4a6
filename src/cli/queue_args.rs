//! The flags by which commands name a queue and its photos.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use crate::photos::{PhotoPlace, PhotoStore};
use crate::queue::{Queue, QueueOptions, QueuePlace};

/// The shortest and longest term of a lease: below, a busy disk looks like a lost worker; above, a
/// lost worker's cases wait too long.
const LEASE_S: std::ops::RangeInclusive<f64> = 0.5..=3600.0;

/// Which queue.
#[derive(Debug, Args)]
pub(super) struct QueueArgs {
    /// The queue: sqlite:FILE, or nats://HOST:PORT,HOST:PORT/QUEUE?replicas=3
    #[arg(
        long,
        global = true,
        value_name = "QUEUE",
        env = "REALNAME_QUEUE",
        hide_env_values = true,
        value_parser = QueuePlace::parse
    )]
    queue: Option<QueuePlace>,
}

impl QueueArgs {
    /// The queue that was named.
    pub(super) fn place(&self) -> anyhow::Result<&QueuePlace> {
        self.queue.as_ref().ok_or_else(|| anyhow::anyhow!("no queue: give --queue, or set REALNAME_QUEUE"))
    }

    /// Opens it.
    pub(super) fn open(&self, options: QueueOptions) -> anyhow::Result<Arc<dyn Queue>> {
        Ok(self.place()?.open(options)?)
    }
}

/// Which photos.
#[derive(Debug, Args)]
pub(super) struct PhotoArgs {
    /// Where photos are: a folder, or s3://BUCKET/PREFIX [default: beside a queue in a
    /// file]
    #[arg(
        long,
        value_name = "PLACE",
        env = "REALNAME_PHOTOS",
        hide_env_values = true,
        value_parser = PhotoPlace::parse
    )]
    photos: Option<PhotoPlace>,
}

impl PhotoArgs {
    /// Opens the place.
    pub(super) fn open(&self, queue: &QueuePlace) -> anyhow::Result<PhotoStore> {
        let place = match (&self.photos, queue) {
            (Some(place), _) => place.clone(),
            (None, QueuePlace::Sqlite(path)) => {
                let mut name = path.clone().into_os_string();
                name.push(".photos");
                PhotoPlace::Folder(PathBuf::from(name))
            }
            (None, QueuePlace::Nats(_)) => {
                anyhow::bail!(
                    "a queue on NATS needs a place for photos: give --photos, or set REALNAME_PHOTOS"
                )
            }
        };
        Ok(PhotoStore::open(&place)?)
    }
}

/// Reads a term of a lease in seconds.
pub(super) fn lease(text: &str) -> Result<Duration, String> {
    let seconds: Option<f64> = text.parse().ok().filter(|s| LEASE_S.contains(s));
    let range = format!("seconds from {} to {} are needed", LEASE_S.start(), LEASE_S.end());
    seconds.map(Duration::from_secs_f64).ok_or(range)
}

/// Reads a wait in seconds.
pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    const WAIT_S_MAX: f64 = 86_400.0;
    let seconds: Option<f64> = text.parse().ok().filter(|s| (0.0..=WAIT_S_MAX).contains(s));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| format!("seconds from 0 to {WAIT_S_MAX} are needed"))
}
