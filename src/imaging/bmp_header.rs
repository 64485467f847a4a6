//! The size in a Windows or OS/2 bitmap's header, read without decoding.

use super::fault::PhotoFault;

/// Bytes of a decoded pixel.
pub(super) const BYTES_PER_PIXEL_MAX: u64 = 4;

/// Size of the OS/2 1.x header, whose sides are 16 bits.
const CORE_HEADER_BYTES: u32 = 12;

/// Width and height in pixels. A negative height means rows from top to bottom.
pub(super) fn read(bytes: &[u8]) -> Result<(u32, u32), PhotoFault> {
    let field = |at: usize| {
        let four = bytes.get(at..at + 4).and_then(|b| b.try_into().ok());
        four.map(i32::from_le_bytes).ok_or(PhotoFault::Truncated)
    };
    let header_bytes = field(14)?;
    if header_bytes.unsigned_abs() == CORE_HEADER_BYTES {
        let sides = field(18)?.to_le_bytes();
        let side = |low, high| u32::from(u16::from_le_bytes([low, high]));
        return Ok((side(sides[0], sides[1]), side(sides[2], sides[3])));
    }
    // Compression: 0 is none, 3 is bit fields. Run-length coding is never a photo, and its decoder
    // fills in what a damaged file leaves out.
    // The shortest OS/2 2.x header ends before this field and means none.
    if header_bytes >= 20 && !matches!(field(30)?, 0 | 3) {
        return Err(PhotoFault::FormatUnsupported { format: "compressed BMP" });
    }
    let width = u32::try_from(field(18)?).map_err(|_| PhotoFault::corrupt("a negative width"))?;
    Ok((width, field(22)?.unsigned_abs()))
}
