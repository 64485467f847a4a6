//! What kind of file it is, by its content. Names and declared types are never asked.

use super::fault::PhotoFault;

/// The formats that are decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// JPEG: baseline, extended and progressive, 8 bits, Huffman coded.
    Jpeg,
    /// PNG; of an animated one the default image.
    Png,
    /// WebP, lossy and lossless; of an animated one the first frame.
    WebP,
    /// Windows bitmap.
    Bmp,
}

/// The format that `bytes` are in.
///
/// # Errors
/// [`PhotoFault::Empty`], [`PhotoFault::FormatUnsupported`] for formats known by name, and
/// [`PhotoFault::NotAnImage`] for everything else.
pub fn sniff(bytes: &[u8]) -> Result<Format, PhotoFault> {
    if bytes.is_empty() {
        return Err(PhotoFault::Empty);
    }
    if bytes.starts_with(&[0xFF, 0xD8, 0xFF]) {
        return Ok(Format::Jpeg);
    }
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Ok(Format::Png);
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return Ok(Format::WebP);
    }
    // "BM" alone begins ordinary words: the two reserved fields or the header size must fit too.
    if bytes.starts_with(b"BM") && bytes.get(15..18).is_some_and(|high| high == [0, 0, 0]) {
        return Ok(Format::Bmp);
    }
    Err(unsupported(bytes).map_or(PhotoFault::NotAnImage, |format| PhotoFault::FormatUnsupported { format }))
}

/// First bytes of formats that are named in the refusal but not decoded.
const KNOWN: [(&[u8], &str); 18] = [
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"%PDF", "PDF"),
    (b"\xFF\x0A", "JPEG XL"),
    (b"\0\0\0\x0CJXL \r\n\x87\n", "JPEG XL"),
    (b"\0\0\0\x0CjP  \r\n\x87\n", "JPEG 2000"),
    (b"\xFF\x4F\xFF\x51", "JPEG 2000"),
    (b"8BPS", "PSD"),
    (b"\0\0\x01\0", "ICO"),
    (b"\0\0\x02\0", "CUR"),
    (b"v/1\x01", "OpenEXR"),
    (b"qoif", "QOI"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"DDS ", "DDS"),
];

fn unsupported(bytes: &[u8]) -> Option<&'static str> {
    if let Some((_, name)) = KNOWN.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Some(name);
    }
    if bytes.get(4..8) == Some(b"ftyp") {
        return Some(iso_brand(bytes));
    }
    if let [b'P', b'1'..=b'7', b' ' | b'\n' | b'\r' | b'\t', ..] = bytes {
        return Some("PNM");
    }
    svg(bytes).then_some("SVG")
}

/// The name of an ISO base media file (ISO/IEC 14496-12) by its major and compatible brands.
fn iso_brand(bytes: &[u8]) -> &'static str {
    let brand = |at: usize| bytes.get(at..at + 4);
    let box_end = brand(0).map_or(0, |b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]) as usize);
    // Major brand at 8, minor version at 12, compatible brands from 16; 32 brands are plenty.
    let brands = || [8].into_iter().chain((16..box_end.min(16 + 4 * 32)).step_by(4));
    let any = |names: &[&[u8]]| brands().any(|at| brand(at).is_some_and(|found| names.contains(&found)));
    if any(&[b"avif", b"avis"]) {
        "AVIF"
    } else if any(&[b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"]) {
        "HEIC"
    } else if any(&[b"crx "]) {
        "CR3"
    } else {
        "video"
    }
}

fn svg(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(1024)];
    let contains = |needle: &[u8]| head.windows(needle.len()).any(|window| window == needle);
    let text = head.trim_ascii_start();
    text.starts_with(b"<") && contains(b"<svg")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_content() {
        let rows: [(&[u8], Result<Format, &str>); 14] = [
            (b"\xFF\xD8\xFF\xE0", Ok(Format::Jpeg)),
            (b"\x89PNG\r\n\x1a\n", Ok(Format::Png)),
            (b"RIFF\x10\0\0\0WEBPVP8 ", Ok(Format::WebP)),
            (b"BM\x10\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", Ok(Format::Bmp)),
            (b"BMW is a car maker, not a bitmap", Err("")),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", Err("HEIC")),
            (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", Err("AVIF")),
            (b"\0\0\0\x18ftypisom\0\0\0\0isommp42", Err("video")),
            (b"GIF89a", Err("GIF")),
            (b"II*\0", Err("TIFF")),
            (b"%PDF-1.7", Err("PDF")),
            (b"<?xml version='1.0'?><svg xmlns=''>", Err("SVG")),
            (b"P6\n3 2\n255\n", Err("PNM")),
            (b"hello", Err("")),
        ];
        for (bytes, expected) in rows {
            let expected = expected.map_err(|format| match format {
                "" => PhotoFault::NotAnImage,
                format => PhotoFault::FormatUnsupported { format },
            });
            assert_eq!(sniff(bytes), expected, "{bytes:?}");
        }
        assert_eq!(sniff(b""), Err(PhotoFault::Empty));
    }
}
