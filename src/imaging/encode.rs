//! Writing a picture as PNG.

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};

use super::buffer::Rgb;

/// The picture as a PNG file, compressed for speed rather than size.
pub fn encode_png(picture: &Rgb) -> Vec<u8> {
    let mut file = Vec::new();
    PngEncoder::new_with_quality(&mut file, CompressionType::Fast, FilterType::Adaptive)
        .write_image(picture.bytes(), picture.width(), picture.height(), ExtendedColorType::Rgb8)
        .expect("writing to memory cannot fail, and a picture has as many bytes as its size says");
    file
}
