//! Bytes to upright pixels: the one decode of a photo that every reader shares.

use crate::geometry::Similarity;

use super::buffer::Rgb;
use super::fault::PhotoFault;
use super::format::Format;
use super::header::{Header, header};
use super::limits::Limits;
use super::orientation::{Orientation, upright};
use super::pyramid::Pyramid;
use super::scale::Scale;
use super::{jpeg, raster};

/// How to decode a photo.
#[derive(Debug, Clone, Copy, Default)]
pub struct DecodeOptions {
    /// Bounds that are checked first.
    pub limits: Limits,
    /// The photo is decoded at the smallest of 1/8, 1/4, 1/2 and 1/1 at which its long side still
    /// has this many pixels, and at 1/1 where it has fewer to begin with. The default of 0 means
    /// 1/8 always.
    pub long_side_min_px: u32,
}

/// A decoded photo: upright, in a frame of `scale` pixels per pixel of the original.
#[derive(Debug)]
pub struct Photo {
    pyramid: Pyramid,
    header: Header,
    scale: Scale,
}

/// Decodes a photo.
///
/// ```
/// # use realname::imaging::{self, DecodeOptions, PhotoFault, Rgb};
/// let png = imaging::encode_png(&Rgb::filled(300, 200, [90, 60, 30]));
/// let photo = imaging::decode(&png, &DecodeOptions { long_side_min_px: 150, ..Default::default() })?;
/// assert_eq!((photo.rgb().width(), photo.full_width()), (150, 300));
/// assert_eq!(imaging::decode(&png[..80], &DecodeOptions::default()).err(), Some(PhotoFault::Truncated));
/// # Ok::<(), PhotoFault>(())
/// ```
///
/// # Errors
/// The [`PhotoFault`] that keeps the bytes from being a whole photo within the limits. Damage that
/// the decoder can see is always reported: a photo in hand is complete.
pub fn decode(bytes: &[u8], options: &DecodeOptions) -> Result<Photo, PhotoFault> {
    let limits = &options.limits;
    let header = header(bytes, limits)?;
    let long_side = header.width.max(header.height);
    let scale = Scale::smallest_with(long_side, options.long_side_min_px);
    let stored = match header.format {
        Format::Jpeg => jpeg::decode(bytes, scale, limits)?,
        Format::Png | Format::WebP | Format::Bmp => raster::decode(bytes, &header, scale, limits)?,
    };
    let pyramid = Pyramid::new(upright(stored, header.orientation));
    Ok(Photo { pyramid, header, scale })
}

impl Photo {
    /// The upright pixels.
    pub fn rgb(&self) -> &Rgb {
        self.pyramid.base()
    }

    /// The upright pixels with their reductions, for warps.
    pub fn pyramid(&self) -> &Pyramid {
        &self.pyramid
    }

    /// The upright pixels, given away.
    pub fn into_rgb(self) -> Rgb {
        self.pyramid.into_base()
    }

    /// Upright width of the original in pixels.
    pub fn full_width(&self) -> u32 {
        self.full_size().0
    }

    /// Upright height of the original in pixels.
    pub fn full_height(&self) -> u32 {
        self.full_size().1
    }

    /// Upright width and height of the original in pixels.
    pub fn full_size(&self) -> (u32, u32) {
        self.header.orientation.upright_size((self.header.width, self.header.height))
    }

    /// Decoded pixels per pixel of the original: 1, 1/2, 1/4 or 1/8.
    pub fn scale(&self) -> f32 {
        self.scale.ratio()
    }

    /// Maps the frame of [`rgb`](Self::rgb) to the upright frame of the original.
    ///
    /// More than a division by the scale where a side is no multiple of 8 and the photo was
    /// turned: the pixel that covers less than the others then comes first.
    pub fn to_full(&self) -> Similarity {
        let factor = self.scale.factor();
        let gap = |side: u32| side as f32 - (self.scale.of(side) * factor) as f32;
        let (reverse_x, reverse_y) = self.header.orientation.reverses_stored_axes();
        let x = if reverse_x { gap(self.header.width) } else { 0.0 };
        let y = if reverse_y { gap(self.header.height) } else { 0.0 };
        let (tx, ty) = if self.header.orientation.swaps_sides() { (y, x) } else { (x, y) };
        Similarity { a: factor as f32, b: 0.0, tx, ty }
    }

    /// The format it was stored in.
    pub fn format(&self) -> Format {
        self.header.format
    }

    /// The orientation that has been applied.
    pub fn orientation(&self) -> Orientation {
        self.header.orientation
    }
}
