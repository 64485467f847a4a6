//! From what decoding says to what an assessment keeps of it.

use super::{Intake, IntakeFault};
use crate::imaging::{Format, Photo, PhotoFault};

impl From<&Photo> for Intake {
    fn from(photo: &Photo) -> Self {
        Self::Decoded {
            format: format_id(photo.format()).to_owned(),
            width_px: photo.full_width(),
            height_px: photo.full_height(),
            scale: photo.scale(),
        }
    }
}

impl From<PhotoFault> for Intake {
    fn from(fault: PhotoFault) -> Self {
        let kind = match &fault {
            PhotoFault::Empty | PhotoFault::NotAnImage => IntakeFault::NotAnImage,
            PhotoFault::FormatUnsupported { .. } => IntakeFault::FormatUnsupported,
            PhotoFault::TooManyBytes { .. } => IntakeFault::TooManyBytes,
            PhotoFault::TooLarge { .. } | PhotoFault::TooManyScans { .. } => IntakeFault::TooLarge,
            PhotoFault::Truncated => IntakeFault::Truncated,
            PhotoFault::Corrupt { .. } => IntakeFault::Corrupt,
        };
        let detail = match fault {
            // The format's name alone: it goes into the user's message.
            PhotoFault::FormatUnsupported { format } => format.to_owned(),
            other => other.to_string(),
        };
        Self::Refused { fault: kind, detail }
    }
}

/// The format's name in stored forms.
fn format_id(format: Format) -> &'static str {
    match format {
        Format::Jpeg => "jpeg",
        Format::Png => "png",
        Format::WebP => "webp",
        Format::Bmp => "bmp",
    }
}
