//! Why a photo was not stored or read, by whether it may pass.

/// What the store answers with instead.
#[derive(Debug, thiserror::Error)]
pub enum PhotoError {
    /// No such photo: it was purged, or another store is meant.
    #[error("{place}: the photo {photo} is not there")]
    Missing {
        /// Where photos are.
        place: String,
        /// The first digits of its sha256.
        photo: String,
    },
    /// The bytes are not those that were stored.
    #[error("{place}: the photo {photo} was altered: its sha256 differs")]
    Altered {
        /// Where photos are.
        place: String,
        /// The first digits of its sha256.
        photo: String,
    },
    /// The storage did not do it, and may do it later.
    #[error("{place}: {detail}")]
    Unavailable {
        /// Where photos are.
        place: String,
        /// What it said.
        detail: String,
    },
    /// The storage will not do it until somebody changes something.
    #[error("{place}: {detail}")]
    Refused {
        /// Where photos are.
        place: String,
        /// What it said, and what to do.
        detail: String,
    },
}

impl PhotoError {
    /// Whether trying again later can help.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Missing { .. } | Self::Altered { .. } => false,
            Self::Unavailable { .. } | Self::Refused { .. } => true,
        }
    }
}
