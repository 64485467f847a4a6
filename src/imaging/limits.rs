//! How much of a photo the decoder is willing to take on. Nothing here knows what a good photo is.

/// Bounds on a photo, all checked before anything is allocated for its pixels.
///
/// With the defaults no photo takes more than about 0.5 GB of memory, whatever its format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file. Default 32 MiB: the largest phone photos stay below 25 MB.
    pub bytes_max: u64,
    /// Width and height each. Default 16,384 px.
    pub side_max_px: u32,
    /// Width times height. Default 120 million: the 108 MP of phone cameras, as baseline JPEG.
    pub pixels_max: u64,
    /// Bytes the decoder holds at once: decoded pixels, and for a JPEG of several scans the
    /// coefficients of the whole picture. Default 384 MiB.
    pub decoded_bytes_max: u64,
    /// Scans of a JPEG. Each one is a pass over the whole picture; encoders write about 10.
    /// Default 64.
    pub scans_max: u32,
    /// Scans of a JPEG times its pixels, which bounds the time a hostile progressive JPEG takes
    /// to about 2 s. Default 1,000 million: 20 scans of a 48 MP picture.
    pub scan_pixels_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes_max: 32 << 20,
            side_max_px: 16_384,
            pixels_max: 120_000_000,
            decoded_bytes_max: 384 << 20,
            scans_max: 64,
            scan_pixels_max: 1_000_000_000,
        }
    }
}
