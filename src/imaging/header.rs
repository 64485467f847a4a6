//! What a photo's header says: format, size, orientation. Allocates nothing.

use super::fault::{PhotoFault, check_decoded_bytes, check_dimensions};
use super::format::{Format, sniff};
use super::limits::Limits;
use super::orientation::Orientation;
use super::{bmp_header, jpeg_header, png_header, webp_header};

/// A photo as its header describes it, within the limits it was checked against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The format, by content.
    pub format: Format,
    /// Width in pixels as stored, before the orientation is applied.
    pub width: u32,
    /// Height in pixels as stored, before the orientation is applied.
    pub height: u32,
    /// What turns the stored pixels upright.
    pub orientation: Orientation,
}

/// Reads and checks the header of a photo.
///
/// Passing does not mean that the pixels decode: only [`decode`](super::decode) finds damage in
/// them.
///
/// # Errors
/// A [`PhotoFault`] when the bytes are no photo, exceed a limit, or end before the pixels begin.
pub fn header(bytes: &[u8], limits: &Limits) -> Result<Header, PhotoFault> {
    let size = bytes.len() as u64;
    if size > limits.bytes_max {
        return Err(PhotoFault::TooManyBytes { bytes: size, bytes_max: limits.bytes_max });
    }
    let format = sniff(bytes)?;
    let ((width, height), orientation) = match format {
        Format::Jpeg => {
            let jpeg = jpeg_header::read(bytes, limits)?;
            ((jpeg.width, jpeg.height), jpeg.orientation)
        }
        Format::Png => {
            let png = png_header::read(bytes)?;
            check(png.size, png.bytes_per_pixel_max, limits)?;
            (png.size, png.orientation)
        }
        Format::WebP => {
            let webp = webp_header::read(bytes)?;
            check(webp.size, webp_header::BYTES_PER_PIXEL_MAX, limits)?;
            (webp.size, webp.orientation)
        }
        Format::Bmp => {
            let size = bmp_header::read(bytes)?;
            check(size, bmp_header::BYTES_PER_PIXEL_MAX, limits)?;
            (size, Orientation::Upright)
        }
    };
    Ok(Header { format, width, height, orientation })
}

fn check((width, height): (u32, u32), bytes_per_pixel: u64, l: &Limits) -> Result<(), PhotoFault> {
    check_dimensions(width, height, l)?;
    let bytes = u64::from(width) * u64::from(height) * bytes_per_pixel;
    check_decoded_bytes(width, height, bytes, l)
}
