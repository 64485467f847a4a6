//! The chunks of a PNG (ISO/IEC 15948), read without decoding.

use super::fault::PhotoFault;
use super::orientation::Orientation;

/// What the chunks around the pixels say.
pub(super) struct PngHeader {
    /// Stored width and height in pixels.
    pub(super) size: (u32, u32),
    /// The most bytes a decoded pixel can take, with transparency.
    pub(super) bytes_per_pixel_max: u64,
    /// From the eXIf chunk.
    pub(super) orientation: Orientation,
}

/// Reads IHDR, and walks all chunks so that a file that was cut off is noticed at once.
pub(super) fn read(bytes: &[u8]) -> Result<PngHeader, PhotoFault> {
    let mut chunks = Chunks { rest: bytes.get(8..).unwrap_or(&[]) };
    let (kind, ihdr) = chunks.next()?;
    let (b"IHDR", &[w3, w2, w1, w0, h3, h2, h1, h0, depth, color, _, _, _]) = (kind, ihdr) else {
        return Err(PhotoFault::corrupt("a PNG that does not begin with its header"));
    };
    let size = (u32::from_be_bytes([w3, w2, w1, w0]), u32::from_be_bytes([h3, h2, h1, h0]));
    let channels_with_alpha = match color {
        0 | 4 => 2,
        2 | 3 | 6 => 4,
        _ => return Err(PhotoFault::corrupt("a PNG colour type that does not exist")),
    };
    let bytes_per_pixel_max = channels_with_alpha * if depth == 16 { 2 } else { 1 };
    let mut orientation = Orientation::Upright;
    loop {
        match chunks.next()? {
            (b"eXIf", block) => orientation = Orientation::from_exif(block),
            (b"IEND", _) => {
                return Ok(PngHeader { size, bytes_per_pixel_max, orientation });
            }
            _ => {}
        }
    }
}

struct Chunks<'a> {
    rest: &'a [u8],
}

impl<'a> Chunks<'a> {
    /// The next chunk's type and data. Checksums are left to the decoder.
    fn next(&mut self) -> Result<(&'a [u8; 4], &'a [u8]), PhotoFault> {
        let (length, rest) = self.rest.split_first_chunk::<4>().ok_or(PhotoFault::Truncated)?;
        let (kind, rest) = rest.split_first_chunk::<4>().ok_or(PhotoFault::Truncated)?;
        let length = u32::from_be_bytes(*length) as usize;
        let (data, rest) = rest.split_at_checked(length).ok_or(PhotoFault::Truncated)?;
        self.rest = rest.get(4..).ok_or(PhotoFault::Truncated)?;
        Ok((kind, data))
    }
}
