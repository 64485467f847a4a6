//! Where photos are: `s3://BUCKET[/PREFIX]`, or a folder.

use std::fmt;
use std::path::PathBuf;

/// A place for photos.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PhotoPlace {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A bucket of storage that speaks S3.
    S3 {
        /// The bucket.
        bucket: String,
        /// What every key begins with; may be empty.
        prefix: String,
    },
}

/// The text names no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no place for photos: a folder, or s3://BUCKET/PREFIX")]
pub struct PlaceError(String);

impl PhotoPlace {
    /// Reads a place.
    ///
    /// # Errors
    /// It is empty, names no bucket, or begins with another scheme.
    pub fn parse(text: &str) -> Result<Self, PlaceError> {
        let refused = || PlaceError(text.to_owned());
        if let Some(rest) = text.strip_prefix("s3://") {
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            // The shortest name that S3 allows; shorter ones are slips of the pen.
            const BUCKET_CHARS_MIN: usize = 3;
            if bucket.len() < BUCKET_CHARS_MIN {
                return Err(refused());
            }
            return Ok(Self::S3 { bucket: bucket.to_owned(), prefix: prefix.trim_matches('/').to_owned() });
        }
        if text.is_empty() || text.contains("://") {
            return Err(refused());
        }
        Ok(Self::Folder(PathBuf::from(text)))
    }
}

impl fmt::Display for PhotoPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => write!(f, "{}", path.display()),
            Self::S3 { bucket, prefix } if prefix.is_empty() => write!(f, "s3://{bucket}"),
            Self::S3 { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_apart_and_slips_refused() {
        for (text, shown) in [
            ("photos", Some("photos")),
            ("/var/lib/photos", Some("/var/lib/photos")),
            ("s3://bucket", Some("s3://bucket")),
            ("s3://bucket/a/b/", Some("s3://bucket/a/b")),
            ("s3://", None),
            ("s3://ab/x", None),
            ("gs://bucket", None),
            ("", None),
        ] {
            assert_eq!(PhotoPlace::parse(text).ok().map(|p| p.to_string()).as_deref(), shown, "{text}");
        }
    }
}
