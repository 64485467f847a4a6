//! JPEG to RGB at a reduced scale, with libjpeg (mozjpeg). Damage is reported, never painted over.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use mozjpeg::{ColorSpace, DctMethod, Decompress};

use super::buffer::Rgb;
use super::fault::{PhotoFault, check_decoded_bytes};
use super::jpeg_header;
use super::jpeg_messages::{Stop, error_manager, take_extraneous_bytes};
use super::limits::Limits;
use super::scale::Scale;

/// Bytes left over after the last block of a scan that count as an encoder's padding whatever
/// they are: cameras that align their buffers leave one to three.
const PADDING_BYTES_MAX: u64 = 3;

/// Decodes all of a JPEG; the picture is as stored, `ceil(side * scale)` px on each side.
///
/// Uses the accurate integer DCT and smooth chroma upsampling.
pub(super) fn decode(bytes: &[u8], scale: Scale, limits: &Limits) -> Result<Rgb, PhotoFault> {
    let header = jpeg_header::read(bytes, limits)?;
    let (width, height) = (scale.of(header.width), scale.of(header.height));
    // Output as CMYK and RGB, and a second copy while it is turned upright.
    let output_bytes = u64::from(width) * u64::from(height) * 7;
    check_decoded_bytes(header.width, header.height, header.coefficient_bytes + output_bytes, limits)?;
    let decoded = catch_unwind(AssertUnwindSafe(|| scanlines(bytes, scale)));
    let (pixels, extraneous) = match decoded {
        Ok(decoded) => decoded.map_err(|error| io_fault(&error))?,
        Err(payload) => {
            return Err(payload
                .downcast::<Stop>()
                .map_or_else(|_| PhotoFault::corrupt("the JPEG decoder gave up"), |stop| stop.fault()));
        }
    };
    if extraneous > PADDING_BYTES_MAX {
        // Padding of any length is one byte repeated. Anything else is data that the blocks
        // should have used up: the decoder lost its place somewhere before.
        let padding = jpeg_header::equal_bytes_before_end(bytes).unwrap_or(0) as u64;
        if padding + PADDING_BYTES_MAX < extraneous {
            return Err(PhotoFault::corrupt("data left over at the end of a scan"));
        }
    }
    Rgb::new(width, height, pixels)
        .ok_or_else(|| PhotoFault::corrupt("a picture of another size than its header says"))
}

/// The RGB bytes, and how many bytes the decoder passed over after the headers.
fn scanlines(bytes: &[u8], scale: Scale) -> io::Result<(Vec<u8>, u64)> {
    let mut decompress = Decompress::with_err(error_manager()).from_mem(bytes)?;
    // What stands between the header segments has no effect on the pixels.
    take_extraneous_bytes();
    decompress.scale(scale.eighths());
    decompress.dct_method(DctMethod::IntegerSlow);
    decompress.do_fancy_upsampling(true);
    let inks = matches!(decompress.color_space(), ColorSpace::JCS_CMYK | ColorSpace::JCS_YCCK);
    let color_space = if inks { ColorSpace::JCS_CMYK } else { ColorSpace::JCS_RGB };
    let mut started = decompress.to_colorspace(color_space)?;
    let mut pixels: Vec<u8> = started.read_scanlines()?;
    // Reads on to the end-of-image marker, so that a missing end is noticed.
    started.finish()?;
    if inks {
        pixels = rgb_from_inks(&pixels);
    }
    Ok((pixels, take_extraneous_bytes()))
}

/// CMYK as Adobe stores it, inverted (255 = no ink), to RGB without colour management. Every
/// program that writes CMYK JPEGs follows Adobe, with or without its marker.
fn rgb_from_inks(inks: &[u8]) -> Vec<u8> {
    let (inks, _) = inks.as_chunks::<4>();
    let mut rgb = Vec::with_capacity(inks.len() * 3);
    for &[c, m, y, k] in inks {
        let shade = |ink: u8| ((u32::from(ink) * u32::from(k) + 127) / 255) as u8;
        rgb.extend([shade(c), shade(m), shade(y)]);
    }
    rgb
}

fn io_fault(error: &io::Error) -> PhotoFault {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => PhotoFault::Truncated,
        _ => PhotoFault::corrupt(error.to_string()),
    }
}
