//! Writing a picture as PNG or JPEG. Nothing but pixels goes in, so no EXIF comes out.

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};
use mozjpeg::{ColorSpace, Compress};

use super::buffer::Rgb;

/// The picture as a PNG file, compressed for speed rather than size.
pub fn encode_png(picture: &Rgb) -> Vec<u8> {
    let mut file = Vec::new();
    PngEncoder::new_with_quality(&mut file, CompressionType::Fast, FilterType::Adaptive)
        .write_image(picture.bytes(), picture.width(), picture.height(), ExtendedColorType::Rgb8)
        .expect("writing to memory cannot fail, and a picture has as many bytes as its size says");
    file
}

/// The picture as a JPEG file, for people to look at; `quality` is libjpeg's, 1 to 100.
pub fn encode_jpeg(picture: &Rgb, quality: u8) -> Vec<u8> {
    let mut compress = Compress::new(ColorSpace::JCS_RGB);
    compress.set_size(picture.width() as usize, picture.height() as usize);
    compress.set_fastest_defaults();
    compress.set_quality(f32::from(quality.clamp(1, 100)));
    let written = compress.start_compress(Vec::new()).and_then(|mut started| {
        started.write_scanlines(picture.bytes())?;
        started.finish()
    });
    written.expect("writing to memory cannot fail, and a picture has as many bytes as its size says")
}

#[cfg(test)]
mod tests {
    use super::super::{DecodeOptions, decode};
    use super::*;

    #[test]
    fn a_jpeg_shows_the_picture_and_holds_nothing_else() {
        let picture = Rgb::filled(70, 50, [200, 120, 40]);
        let file = encode_jpeg(&picture, 85);
        let back =
            decode(&file, &DecodeOptions { long_side_min_px: 70, ..Default::default() }).expect("a JPEG");
        assert_eq!((back.full_width(), back.full_height()), (70, 50));
        let [r, g, b] = back.rgb().pixel(35, 25).expect("inside");
        assert!(r.abs_diff(200) < 4 && g.abs_diff(120) < 4 && b.abs_diff(40) < 4, "{r} {g} {b}");
        // APP1 holds EXIF and XMP, APP13 what photo programs write.
        assert!(!file.windows(2).any(|w| w == [0xff, 0xe1] || w == [0xff, 0xed]));
    }
}
