//! Why bytes gave no pixels, told as the sender's fault.

use super::limits::Limits;

/// What is wrong with a photo that could not be decoded. Every one of these is the sender's to
/// mend; running out of memory or a defect of this program is none of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PhotoFault {
    /// No bytes at all.
    #[error("the file is empty")]
    Empty,
    /// The content is none of the image formats known by their first bytes.
    #[error("the file is not an image")]
    NotAnImage,
    /// A known format, or a variant of one, that is not decoded here.
    #[error("{format} is not supported; send JPEG, PNG, WebP or BMP")]
    FormatUnsupported {
        /// The format's usual name: "HEIC", "PDF", "12-bit JPEG".
        format: &'static str,
    },
    /// The file is larger than the limit.
    #[error("the file has more than the {bytes_max} bytes allowed")]
    TooManyBytes {
        /// Bytes sent.
        bytes: u64,
        /// Bytes allowed.
        bytes_max: u64,
    },
    /// The picture is larger than a limit, by what its header says.
    #[error("{width} x {height} px is too large: {exceeded}")]
    TooLarge {
        /// Width as stored.
        width: u32,
        /// Height as stored.
        height: u32,
        /// The limit that was exceeded.
        exceeded: Exceeded,
    },
    /// The JPEG is split into more passes than any encoder writes.
    #[error("the JPEG has more than {scans_max} scans, the most for its size")]
    TooManyScans {
        /// Scans allowed for a picture of this size.
        scans_max: u32,
    },
    /// The file ends before the picture does: usually an upload that was cut off.
    #[error("the file ends before the picture does")]
    Truncated,
    /// The data contradicts itself.
    #[error("the image data is damaged: {detail}")]
    Corrupt {
        /// What the decoder noticed, in its words; holds no pixel and no personal data.
        detail: String,
    },
}

/// Which limit on a picture's size was exceeded, and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Exceeded {
    /// [`Limits::side_max_px`].
    #[error("a side may have {0} px")]
    Side(u32),
    /// [`Limits::pixels_max`].
    #[error("{0} px are allowed in all")]
    Pixels(u64),
    /// [`Limits::decoded_bytes_max`].
    #[error("decoding may take {0} bytes")]
    DecodedBytes(u64),
}

impl PhotoFault {
    /// A [`PhotoFault::Corrupt`] with this detail.
    pub(super) fn corrupt(detail: impl Into<String>) -> Self {
        Self::Corrupt { detail: detail.into() }
    }
}

/// Checks stored dimensions against the limits on sides and pixels; zero is corrupt.
pub(super) fn check_dimensions(width: u32, height: u32, limits: &Limits) -> Result<(), PhotoFault> {
    if width == 0 || height == 0 {
        return Err(PhotoFault::corrupt("a side of 0 px"));
    }
    let too_large = |exceeded| Err(PhotoFault::TooLarge { width, height, exceeded });
    if width.max(height) > limits.side_max_px {
        return too_large(Exceeded::Side(limits.side_max_px));
    }
    if u64::from(width) * u64::from(height) > limits.pixels_max {
        return too_large(Exceeded::Pixels(limits.pixels_max));
    }
    Ok(())
}

/// Checks the bytes that decoding a picture of these dimensions will hold at once.
pub(super) fn check_decoded_bytes(
    width: u32,
    height: u32,
    bytes: u64,
    limits: &Limits,
) -> Result<(), PhotoFault> {
    if bytes > limits.decoded_bytes_max {
        let exceeded = Exceeded::DecodedBytes(limits.decoded_bytes_max);
        return Err(PhotoFault::TooLarge { width, height, exceeded });
    }
    Ok(())
}
