//! PNG, WebP and BMP to RGB, averaged down to the same scales as JPEG while they are converted.

use std::io::{Cursor, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::codecs::{bmp::BmpDecoder, png::PngDecoder, webp::WebPDecoder};
use image::{ColorType, ImageDecoder, ImageError, ImageResult};

use super::buffer::Rgb;
use super::fault::{Exceeded, PhotoFault};
use super::format::Format;
use super::header::Header;
use super::limits::Limits;
use super::scale::Scale;

/// Decodes all of a PNG, WebP or BMP, as stored, `ceil(side * scale)` px on each side.
pub(super) fn decode(
    bytes: &[u8],
    header: &Header,
    scale: Scale,
    limits: &Limits,
) -> Result<Rgb, PhotoFault> {
    // The decoders are safe code, but large; a defect in one must not take the worker down.
    let decoded = catch_unwind(AssertUnwindSafe(|| stored_pixels(bytes, header, limits)))
        .map_err(|_| PhotoFault::corrupt("the decoder gave up"))?;
    let stored = decoded.map_err(|error| fault(error, header, limits))?;
    if (stored.width, stored.height) != (header.width, header.height) {
        return Err(PhotoFault::corrupt("a picture of another size than its header says"));
    }
    reduced(&stored, scale.factor() as usize)
        .ok_or_else(|| PhotoFault::corrupt("a picture of another size than its header says"))
}

/// Pixels as the decoder leaves them.
struct Stored {
    width: u32,
    height: u32,
    color: ColorType,
    bytes: Vec<u8>,
}

fn stored_pixels(bytes: &[u8], header: &Header, limits: &Limits) -> ImageResult<Stored> {
    let mut bounds = image::Limits::no_limits();
    bounds.max_image_width = Some(limits.side_max_px);
    bounds.max_image_height = Some(limits.side_max_px);
    bounds.max_alloc = Some(limits.decoded_bytes_max);
    let reader = Cursor::new(bytes);
    match header.format {
        Format::Png => read(PngDecoder::with_limits(reader, bounds.clone())?, bounds),
        Format::WebP => read(WebPDecoder::new(reader)?, bounds),
        Format::Bmp => read(BmpDecoder::new(reader)?, bounds),
        Format::Jpeg => Err(ImageError::IoError(ErrorKind::InvalidInput.into())),
    }
}

fn read(mut decoder: impl ImageDecoder, mut bounds: image::Limits) -> ImageResult<Stored> {
    let (width, height) = decoder.dimensions();
    bounds.check_dimensions(width, height)?;
    bounds.reserve(decoder.total_bytes())?;
    decoder.set_limits(bounds)?;
    let color = decoder.color_type();
    // Reserved against the limit above, so it fits in memory and in usize.
    let mut bytes = vec![0; decoder.total_bytes() as usize];
    decoder.read_image(&mut bytes)?;
    Ok(Stored { width, height, color, bytes })
}

fn fault(error: ImageError, header: &Header, limits: &Limits) -> PhotoFault {
    match error {
        ImageError::IoError(e) if e.kind() == ErrorKind::UnexpectedEof => PhotoFault::Truncated,
        ImageError::Limits(_) => PhotoFault::TooLarge {
            width: header.width,
            height: header.height,
            exceeded: Exceeded::DecodedBytes(limits.decoded_bytes_max),
        },
        ImageError::Unsupported(_) => PhotoFault::FormatUnsupported {
            format: match header.format {
                Format::Jpeg => "this kind of JPEG",
                Format::Png => "this kind of PNG",
                Format::WebP => "this kind of WebP",
                Format::Bmp => "this kind of BMP",
            },
        },
        other => PhotoFault::corrupt(other.to_string()),
    }
}

/// RGB, each pixel the average of `factor` x `factor` stored ones (fewer at the far borders).
fn reduced(stored: &Stored, factor: usize) -> Option<Rgb> {
    let (width, height) = (stored.width as usize, stored.height as usize);
    let row_bytes = width * usize::from(stored.color.bytes_per_pixel());
    let out_width = width.div_ceil(factor);
    let mut pixels = Vec::with_capacity(out_width * height.div_ceil(factor) * 3);
    let mut row = vec![[0; 3]; width];
    if factor == 1 {
        for source in stored.bytes.chunks_exact(row_bytes) {
            convert_row(source, stored.color, &mut row)?;
            pixels.extend_from_slice(row.as_flattened());
        }
        return Rgb::new(stored.width, stored.height, pixels);
    }
    let mut sums = vec![[0_u32; 3]; out_width];
    for rows in stored.bytes.chunks(row_bytes * factor) {
        sums.fill([0; 3]);
        for source in rows.chunks_exact(row_bytes) {
            convert_row(source, stored.color, &mut row)?;
            for (sum, cell) in sums.iter_mut().zip(row.chunks(factor)) {
                for pixel in cell {
                    (0..3).for_each(|c| sum[c] += u32::from(pixel[c]));
                }
            }
        }
        let rows_in_cell = rows.len() / row_bytes;
        for (sum, cell) in sums.iter().zip(row.chunks(factor)) {
            let count = (cell.len() * rows_in_cell) as u32;
            pixels.extend(sum.map(|channel| ((channel + count / 2) / count) as u8));
        }
    }
    Rgb::new(out_width as u32, height.div_ceil(factor) as u32, pixels)
}

/// One row to RGB8. Transparency is laid over white, as viewers and printers show it. `None` for
/// colour types these decoders do not produce.
fn convert_row(source: &[u8], color: ColorType, target: &mut [[u8; 3]]) -> Option<()> {
    fn each<const N: usize>(source: &[u8], target: &mut [[u8; 3]], f: impl Fn(&[u8; N]) -> [u8; 3]) {
        target.iter_mut().zip(source.as_chunks::<N>().0).for_each(|(t, s)| *t = f(s));
    }
    match color {
        ColorType::L8 => each(source, target, |&[l]| [l; 3]),
        ColorType::La8 => each(source, target, |&[l, a]| over_white([l; 3], a)),
        ColorType::Rgb8 => each(source, target, |&rgb| rgb),
        ColorType::Rgba8 => each(source, target, |&[r, g, b, a]| over_white([r, g, b], a)),
        ColorType::L16 => each(source, target, |&[l0, l1]| [eight_bits(l0, l1); 3]),
        ColorType::La16 => {
            each(source, target, |&[l0, l1, a0, a1]| over_white([eight_bits(l0, l1); 3], eight_bits(a0, a1)))
        }
        ColorType::Rgb16 => each(source, target, |&[r0, r1, g0, g1, b0, b1]| {
            [eight_bits(r0, r1), eight_bits(g0, g1), eight_bits(b0, b1)]
        }),
        ColorType::Rgba16 => each(source, target, |&[r0, r1, g0, g1, b0, b1, a0, a1]| {
            let rgb = [eight_bits(r0, r1), eight_bits(g0, g1), eight_bits(b0, b1)];
            over_white(rgb, eight_bits(a0, a1))
        }),
        _ => return None,
    }
    Some(())
}

/// A native-endian 16-bit sample to 8 bits, rounded.
fn eight_bits(first: u8, second: u8) -> u8 {
    ((u32::from(u16::from_ne_bytes([first, second])) + 128) / 257) as u8
}

fn over_white(rgb: [u8; 3], alpha: u8) -> [u8; 3] {
    let alpha = u32::from(alpha);
    rgb.map(|c| ((u32::from(c) * alpha + 255 * (255 - alpha) + 127) / 255) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_borders_are_averaged_over_what_is_there() {
        let bytes: Vec<u8> = vec![0, 20, 100, 40, 60, 200, 10, 30, 50];
        let stored = Stored { width: 3, height: 3, color: ColorType::L8, bytes };
        let half = reduced(&stored, 2).expect("two by two");
        assert_eq!(half.pixels(), [[30; 3], [150; 3], [20; 3], [50; 3]]);
    }

    #[test]
    fn transparency_is_laid_over_white() {
        assert_eq!(over_white([0, 100, 255], 0), [255; 3]);
        assert_eq!(over_white([0, 100, 255], 255), [0, 100, 255]);
        assert_eq!(over_white([0, 0, 0], 51), [204; 3]);
    }
}
