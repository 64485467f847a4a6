//! The RIFF chunks of a WebP (RFC 9649), read without decoding.

use super::fault::PhotoFault;
use super::orientation::Orientation;

/// Bytes held per pixel while decoding: planes or ARGB, alpha, and the output.
pub(super) const BYTES_PER_PIXEL_MAX: u64 = 10;

/// What the chunks around the pixels say.
pub(super) struct WebPHeader {
    /// Canvas width and height in pixels.
    pub(super) size: (u32, u32),
    /// From the EXIF chunk.
    pub(super) orientation: Orientation,
}

/// Reads the size and the orientation. The pictures inside must be of the size announced, because
/// the decoder allocates by theirs.
pub(super) fn read(bytes: &[u8]) -> Result<WebPHeader, PhotoFault> {
    let riff_size = bytes.get(4..8).and_then(le32).ok_or(PhotoFault::Truncated)?;
    let riff = bytes.get(12..8 + riff_size as usize).ok_or(PhotoFault::Truncated)?;
    let mut chunks = Chunks { rest: riff };
    let (kind, data) = chunks.next()?.ok_or(PhotoFault::Truncated)?;
    match kind {
        b"VP8 " | b"VP8L" => {
            Ok(WebPHeader { size: picture_size(kind, data)?, orientation: Orientation::Upright })
        }
        b"VP8X" => extended(data, chunks),
        _ => Err(PhotoFault::corrupt("a WebP that does not begin with its picture")),
    }
}

fn extended(vp8x: &[u8], mut chunks: Chunks<'_>) -> Result<WebPHeader, PhotoFault> {
    let size = vp8x.get(4..10).and_then(size_24).ok_or(PhotoFault::Truncated)?;
    let mut orientation = Orientation::Upright;
    while let Some((kind, data)) = chunks.next()? {
        match kind {
            b"EXIF" => orientation = Orientation::from_exif(data),
            b"VP8 " | b"VP8L" if picture_size(kind, data)? != size => {
                return Err(PhotoFault::corrupt("a picture that differs from its canvas"));
            }
            b"ANMF" => check_animation_frame(size, data)?,
            _ => {}
        }
    }
    Ok(WebPHeader { size, orientation })
}

fn check_animation_frame(canvas: (u32, u32), data: &[u8]) -> Result<(), PhotoFault> {
    let size = data.get(6..12).and_then(size_24).ok_or(PhotoFault::Truncated)?;
    let mut chunks = Chunks { rest: data.get(16..).unwrap_or(&[]) };
    while let Some((kind, data)) = chunks.next()? {
        let picture = matches!(kind, b"VP8 " | b"VP8L");
        if picture && picture_size(kind, data)? != size {
            return Err(PhotoFault::corrupt("a picture that differs from its frame"));
        }
    }
    if size.0 > canvas.0 || size.1 > canvas.1 {
        return Err(PhotoFault::corrupt("a frame larger than its canvas"));
    }
    Ok(())
}

/// The size in a lossy ("VP8 ") or lossless ("VP8L") bitstream's own header.
fn picture_size(kind: &[u8; 4], data: &[u8]) -> Result<(u32, u32), PhotoFault> {
    if kind == b"VP8 " {
        let &[_, _, _, 0x9D, 0x01, 0x2A, w0, w1, h0, h1, ..] = data else {
            return Err(PhotoFault::corrupt("a WebP picture without its start code"));
        };
        let side = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3FFF);
        Ok((side(w0, w1), side(h0, h1)))
    } else {
        let &[0x2F, b0, b1, b2, b3, ..] = data else {
            return Err(PhotoFault::corrupt("a WebP picture without its signature"));
        };
        let bits = u32::from_le_bytes([b0, b1, b2, b3]);
        Ok(((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1))
    }
}

fn le32(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

/// Two 24-bit numbers, each one less than a side.
fn size_24(bytes: &[u8]) -> Option<(u32, u32)> {
    let &[w0, w1, w2, h0, h1, h2] = bytes else {
        return None;
    };
    Some((u32::from_le_bytes([w0, w1, w2, 0]) + 1, u32::from_le_bytes([h0, h1, h2, 0]) + 1))
}

/// A chunk's name and data.
type Chunk<'a> = (&'a [u8; 4], &'a [u8]);

struct Chunks<'a> {
    rest: &'a [u8],
}

impl<'a> Chunks<'a> {
    /// The next chunk; `None` at the end.
    fn next(&mut self) -> Result<Option<Chunk<'a>>, PhotoFault> {
        // A lone byte at the end is padding.
        if self.rest.len() < 2 {
            return Ok(None);
        }
        let (kind, rest) = self.rest.split_first_chunk::<4>().ok_or(PhotoFault::Truncated)?;
        let (length, rest) = rest.split_first_chunk::<4>().ok_or(PhotoFault::Truncated)?;
        let length = u32::from_le_bytes(*length) as usize;
        let (data, rest) = rest.split_at_checked(length).ok_or(PhotoFault::Truncated)?;
        self.rest = rest.get(length % 2..).unwrap_or(&[]);
        Ok(Some((kind, data)))
    }
}
