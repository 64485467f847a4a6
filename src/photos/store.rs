//! The store itself: a synchronous face on the `object_store` crate.
//!
//! A small runtime of its own does the waiting. Calls block, so they belong on a thread that may
//! wait: never on the engine's pool.

use std::fs;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, ObjectStoreExt as _, PutPayload, RetryConfig};
use sha2::{Digest, Sha256};
use tokio::runtime::{Builder, Runtime};

use super::error::PhotoError;
use super::id::PhotoId;
use super::place::PhotoPlace;

/// Threads that wait for the storage; they do no work of their own.
const IO_THREADS: usize = 2;

/// How long one request may take, and how long all tries of it.
const REQUEST_MAX: Duration = Duration::from_secs(30);
const CONNECT_MAX: Duration = Duration::from_secs(5);
const CALL_MAX: Duration = Duration::from_secs(60);
const TRIES_MAX: usize = 5;

/// Photos in one place. Shared by all threads.
pub struct PhotoStore {
    place: PhotoPlace,
    prefix: Path,
    objects: Box<dyn ObjectStore>,
    runtime: Runtime,
}

impl PhotoStore {
    /// Opens a place. A folder is made where there is none; a bucket must exist. Endpoint, region
    /// and credentials of S3 come from the usual environment: `AWS_ENDPOINT`, `AWS_REGION`,
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_ALLOW_HTTP`.
    ///
    /// # Errors
    /// The folder cannot be made, or the environment is not enough.
    pub fn open(place: &PhotoPlace) -> Result<Self, PhotoError> {
        let refused = |detail: String| PhotoError::Refused { place: place.to_string(), detail };
        let runtime = Builder::new_multi_thread()
            .worker_threads(IO_THREADS)
            .thread_name("photos")
            .enable_all()
            .build()
            .map_err(|error| refused(format!("no threads: {error}")))?;
        let (objects, prefix): (Box<dyn ObjectStore>, Path) = match place {
            PhotoPlace::Folder(path) => {
                fs::create_dir_all(path).map_err(|error| refused(error.to_string()))?;
                let folder = LocalFileSystem::new_with_prefix(path)
                    .map_err(|error| refused(error.to_string()))?
                    .with_fsync(true)
                    .with_automatic_cleanup(true);
                (Box::new(folder), Path::default())
            }
            PhotoPlace::S3 { bucket, prefix } => {
                // Whoever set a provider before has the same right to; either will do.
                rustls::crypto::ring::default_provider().install_default().ok();
                let client = ClientOptions::new().with_timeout(REQUEST_MAX).with_connect_timeout(CONNECT_MAX);
                let allow_http = std::env::var("AWS_ALLOW_HTTP").is_ok_and(|value| value == "true");
                let retry = RetryConfig {
                    max_retries: TRIES_MAX,
                    retry_timeout: CALL_MAX,
                    backoff: BackoffConfig::default(),
                };
                let s3 = AmazonS3Builder::from_env()
                    .with_client_options(client.with_allow_http(allow_http))
                    .with_bucket_name(bucket)
                    .with_retry(retry)
                    .build()
                    .map_err(|error| refused(error.to_string()))?;
                (Box::new(s3), Path::from(prefix.as_str()))
            }
        };
        Ok(Self { place: place.clone(), prefix, objects, runtime })
    }

    /// Where photos are.
    pub fn place(&self) -> &PhotoPlace {
        &self.place
    }

    /// Stores a photo of a case. One that is there already is left as it is.
    ///
    /// # Errors
    /// The storage did not take it; nothing half-written is left under its name.
    pub fn put(&self, case_id: &str, bytes: Vec<u8>) -> Result<PhotoId, PhotoError> {
        let id = PhotoId::of(&bytes);
        let path = self.path(case_id, &id);
        let failed = |error| self.failure(&id, error);
        self.runtime.block_on(async {
            match self.objects.head(&path).await {
                Ok(there) if there.size == bytes.len() as u64 => return Ok(()),
                Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(failed(error)),
            }
            self.objects.put(&path, PutPayload::from(bytes)).await.map(|_| ()).map_err(failed)
        })?;
        Ok(id)
    }

    /// Reads a photo of at most `bytes_max` bytes and makes sure that it is the one.
    ///
    /// # Errors
    /// It is gone, larger, altered, or the storage does not answer.
    pub fn get(&self, case_id: &str, id: &PhotoId, bytes_max: u64) -> Result<Vec<u8>, PhotoError> {
        let path = self.path(case_id, id);
        let failed = |error| self.failure(id, error);
        let altered = || PhotoError::Altered { place: self.place.to_string(), photo: short(id) };
        let bytes = self.runtime.block_on(async {
            let found = self.objects.get(&path).await.map_err(failed)?;
            if found.meta.size > bytes_max {
                return Err(altered());
            }
            Ok(found.bytes().await.map_err(failed)?.to_vec())
        })?;
        if PhotoId::of(&bytes) != *id {
            return Err(altered());
        }
        Ok(bytes)
    }

    /// Removes every photo of a case; says how many there were.
    ///
    /// # Errors
    /// The storage did not do it; the same call goes on where it stopped.
    pub fn purge(&self, case_id: &str) -> Result<usize, PhotoError> {
        let folder = self.folder(case_id);
        let failed = |error| self.failure(&PhotoId::of(b""), error);
        self.runtime.block_on(async {
            let photos: Vec<_> = self.objects.list(Some(&folder)).try_collect().await.map_err(failed)?;
            for photo in &photos {
                match self.objects.delete(&photo.location).await {
                    Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                    Err(error) => return Err(failed(error)),
                }
            }
            Ok(photos.len())
        })
    }

    /// A case's folder: its name may hold anything, so its sha256 stands for it.
    fn folder(&self, case_id: &str) -> Path {
        let digest = PhotoId::from_digest(&Sha256::digest(case_id.as_bytes()));
        let (first, rest) = digest.as_str().split_at(2);
        self.prefix.clone().join(first).join(rest)
    }

    fn path(&self, case_id: &str, id: &PhotoId) -> Path {
        self.folder(case_id).join(id.as_str())
    }

    fn failure(&self, id: &PhotoId, error: object_store::Error) -> PhotoError {
        use object_store::Error as Object;

        let place = self.place.to_string();
        match error {
            Object::NotFound { .. } => PhotoError::Missing { place, photo: short(id) },
            Object::PermissionDenied { .. } | Object::Unauthenticated { .. } => PhotoError::Refused {
                place,
                detail: "permission denied; the credentials or the folder's mode do not allow it".to_owned(),
            },
            error => PhotoError::Unavailable { place, detail: error.to_string() },
        }
    }
}

fn short(id: &PhotoId) -> String {
    id.as_str()[..12].to_owned()
}
