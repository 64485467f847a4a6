//! The segments of a JPEG before and between its scans (ITU-T T.81), read without decoding.

use super::fault::{PhotoFault, check_decoded_bytes, check_dimensions};
use super::limits::Limits;
use super::orientation::Orientation;

/// What the segments before the first scan say, checked against the limits.
#[derive(Debug, Clone, Copy)]
pub(super) struct JpegHeader {
    /// Stored width in pixels.
    pub(super) width: u32,
    /// Stored height in pixels.
    pub(super) height: u32,
    /// From the EXIF segment.
    pub(super) orientation: Orientation,
    /// Bytes of coefficients the decoder keeps: 0 where one scan carries all components.
    pub(super) coefficient_bytes: u64,
}

const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;
const APP1: u8 = 0xE1;

/// Reads a JPEG's header and checks size, coefficient memory and number of scans.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<JpegHeader, PhotoFault> {
    let mut segments = Segments { bytes, at: 2 };
    let mut orientation = None;
    let mut frame = None;
    loop {
        let (marker, body) = segments.next()?;
        match marker {
            APP1 if orientation.is_none() && body.starts_with(b"Exif\0\0") => {
                orientation = Some(Orientation::from_exif(body));
            }
            // All start-of-frame markers. The decoder refuses a second one; the first is enough.
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF if frame.is_none() => {
                frame = Some(Frame::read(marker, body)?);
            }
            EOI => return Err(PhotoFault::corrupt("a JPEG without an image")),
            SOS => {
                let frame = frame.ok_or_else(|| PhotoFault::corrupt("a scan before its frame"))?;
                let components = body.first().copied().unwrap_or(0);
                let orientation = orientation.unwrap_or_default();
                return checked(&frame, components, orientation, segments, limits);
            }
            _ => {}
        }
    }
}

fn checked(
    frame: &Frame,
    components_in_scan: u8,
    orientation: Orientation,
    segments: Segments<'_>,
    limits: &Limits,
) -> Result<JpegHeader, PhotoFault> {
    let (width, height) = (frame.width, frame.height);
    check_dimensions(width, height, limits)?;
    // jdinput.c: a frame is kept as coefficients when its first scan does not carry everything.
    let several_scans = frame.progressive || components_in_scan < frame.components;
    let coefficient_bytes = if several_scans { frame.coefficient_bytes() } else { 0 };
    check_decoded_bytes(width, height, coefficient_bytes, limits)?;
    if several_scans {
        let pixels = u64::from(width) * u64::from(height);
        let affordable = u32::try_from(limits.scan_pixels_max / pixels).unwrap_or(u32::MAX);
        let scans_max = affordable.max(1).min(limits.scans_max);
        if segments.has_more_scans_than(scans_max) {
            return Err(PhotoFault::TooManyScans { scans_max });
        }
    }
    Ok(JpegHeader { width, height, orientation, coefficient_bytes })
}

/// A start-of-frame segment.
struct Frame {
    width: u32,
    height: u32,
    progressive: bool,
    components: u8,
    /// Horizontal and vertical sampling factors, 1 to 4, of up to four components.
    sampling: [(u32, u32); 4],
}

impl Frame {
    fn read(marker: u8, body: &[u8]) -> Result<Self, PhotoFault> {
        let unsupported = |format| Err(PhotoFault::FormatUnsupported { format });
        match marker {
            0xC0..=0xC2 => {}
            0xC3 => return unsupported("lossless JPEG"),
            0xC5..=0xC7 => return unsupported("hierarchical JPEG"),
            _ => return unsupported("arithmetic-coded JPEG"),
        }
        let &[precision, h1, h0, w1, w0, components, ref rest @ ..] = body else {
            return Err(PhotoFault::corrupt("a frame header that is too short"));
        };
        if precision != 8 {
            return match precision {
                12 => unsupported("12-bit JPEG"),
                16 => unsupported("16-bit JPEG"),
                _ => Err(PhotoFault::corrupt("a JPEG precision that does not exist")),
            };
        }
        if !matches!(components, 1 | 3 | 4) {
            return unsupported("JPEG with other than 1, 3 or 4 components");
        }
        let mut sampling = [(1, 1); 4];
        for (slot, component) in sampling.iter_mut().zip(0..usize::from(components)) {
            let factors = *rest
                .get(component * 3 + 1)
                .ok_or_else(|| PhotoFault::corrupt("a frame header that is too short"))?;
            *slot = (u32::from(factors >> 4), u32::from(factors & 15));
            if !matches!(*slot, (1..=4, 1..=4)) {
                return Err(PhotoFault::corrupt("sampling factors outside 1 to 4"));
            }
        }
        Ok(Self {
            width: u32::from(u16::from_be_bytes([w1, w0])),
            height: u32::from(u16::from_be_bytes([h1, h0])),
            progressive: marker == 0xC2,
            components,
            sampling,
        })
    }

    /// Two bytes for each of the 64 coefficients of every block of every component.
    fn coefficient_bytes(&self) -> u64 {
        let used = &self.sampling[..usize::from(self.components)];
        let across_max = used.iter().map(|s| s.0).max().unwrap_or(1);
        let down_max = used.iter().map(|s| s.1).max().unwrap_or(1);
        let blocks = |side: u32, factor: u32, factor_max: u32| {
            u64::from((side * factor).div_ceil(factor_max * 8).next_multiple_of(factor))
        };
        used.iter()
            .map(|&(across, down)| {
                128 * blocks(self.width, across, across_max) * blocks(self.height, down, down_max)
            })
            .sum()
    }
}

/// Walks over the marker segments.
struct Segments<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Segments<'a> {
    /// The next marker and its body (without the length); the body of a bare marker is empty.
    /// Bytes that belong to no segment are passed over, as libjpeg does it.
    fn next(&mut self) -> Result<(u8, &'a [u8]), PhotoFault> {
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or(&[]);
            let skipped = rest.iter().position(|&b| b == 0xFF).ok_or(PhotoFault::Truncated)?;
            let rest = &rest[skipped..];
            let fill = rest.iter().position(|&b| b != 0xFF).ok_or(PhotoFault::Truncated)?;
            let marker = rest[fill];
            self.at += skipped + fill + 1;
            match marker {
                // Stuffing, TEM and restart markers, a repeated SOI: nothing follows them.
                0x00 | 0x01 | 0xD0..=0xD7 | SOI => {}
                EOI => return Ok((EOI, &[])),
                _ => return Ok((marker, self.body()?)),
            }
        }
    }

    fn body(&mut self) -> Result<&'a [u8], PhotoFault> {
        let rest = self.bytes.get(self.at..).unwrap_or(&[]);
        let &[high, low, ref rest @ ..] = rest else {
            return Err(PhotoFault::Truncated);
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let length = length.checked_sub(2).ok_or_else(|| PhotoFault::corrupt("a segment length below 2"))?;
        self.at += 2 + length;
        rest.get(..length).ok_or(PhotoFault::Truncated)
    }

    /// Counts scan headers from inside the first scan's data on. Entropy-coded bytes hold no
    /// marker but restarts, so looking for the next marker is enough.
    fn has_more_scans_than(mut self, scans_max: u32) -> bool {
        let mut scans = 1;
        while scans <= scans_max {
            match self.next() {
                Ok((SOS, _)) => scans += 1,
                Ok((EOI, _)) | Err(_) => return false,
                Ok(_) => {}
            }
        }
        true
    }
}

/// How many equal bytes stand right before the end-of-image marker that ends the first scan's
/// data, and `None` without such a marker. Padding looks like this; left-over data does not.
pub(super) fn equal_bytes_before_end(bytes: &[u8]) -> Option<usize> {
    let mut segments = Segments { bytes, at: 2 };
    loop {
        if segments.next().ok()?.0 == EOI {
            break;
        }
    }
    let data = bytes.get(..segments.at.checked_sub(2)?)?;
    let last = *data.last()?;
    Some(data.iter().rev().take_while(|&&b| b == last).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOF_420: &[u8] = &[8, 0, 100, 0, 200, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1];

    #[test]
    fn coefficients_are_counted_in_whole_blocks_of_every_component() {
        let frame = Frame::read(0xC2, SOF_420).expect("a valid frame");
        assert_eq!((frame.width, frame.height), (200, 100));
        // Luma 25 -> 26 by 13 -> 14 blocks, chroma 13 by 7 blocks each.
        assert_eq!(frame.coefficient_bytes(), 128 * (26 * 14 + 2 * 13 * 7));
    }

    #[test]
    fn kinds_of_jpeg_that_are_not_decoded_are_named() {
        let named = |marker, body: &[u8]| match Frame::read(marker, body) {
            Err(PhotoFault::FormatUnsupported { format }) => format,
            Err(_) | Ok(_) => "",
        };
        assert_eq!(named(0xC9, SOF_420), "arithmetic-coded JPEG");
        assert_eq!(named(0xC3, SOF_420), "lossless JPEG");
        assert_eq!(named(0xC1, &[&[12], &SOF_420[1..]].concat()), "12-bit JPEG");
        assert_eq!(named(0xC0, SOF_420), "");
    }

    #[test]
    fn scans_are_counted_over_entropy_coded_data() {
        let scan = [0xFF, 0xDA, 0, 2, 1, 0xFF, 0, 2, 0xFF, 0xD0, 3];
        let three = [&[0xFF, 0xD8][..], &scan, &scan, &scan, &[0xFF, 0xD9]].concat();
        let more = |max| Segments { bytes: &three, at: 2 + scan.len() }.has_more_scans_than(max);
        assert!(!more(3));
        assert!(more(2));
    }
}
