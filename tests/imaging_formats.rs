//! Every format, colour kind and orientation comes out as the same upright RGB picture.

use image::{DynamicImage, ExtendedColorType, ImageEncoder, ImageFormat};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use realname::geometry::Point;
use realname::imaging::{self, DecodeOptions, Format, Limits, Orientation, PhotoFault, Rgb};

/// A smooth picture with a different tint in every corner, so that any turn shows.
fn scene(width: u32, height: u32) -> Rgb {
    let mut bytes = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
            let wave = (u * 19.0).sin() * (v * 13.0).cos() * 20.0;
            bytes.extend(
                [40.0 + 170.0 * u + wave, 40.0 + 170.0 * v - wave, 200.0 - 120.0 * u * v].map(|c| c as u8),
            );
        }
    }
    Rgb::new(width, height, bytes).expect("3 bytes a pixel")
}

struct Jpeg {
    quality: u8,
    sampling: SamplingFactor,
    progressive: bool,
    restart_interval: Option<u16>,
    orientation: Option<u16>,
}

const PLAIN: Jpeg = Jpeg {
    quality: 95,
    sampling: SamplingFactor::F_1_1,
    progressive: false,
    restart_interval: None,
    orientation: None,
};

fn exif(orientation: u16) -> Vec<u8> {
    let mut tiff = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01".to_vec();
    tiff.extend(orientation.to_be_bytes());
    tiff.extend([0; 6]);
    tiff
}

fn jpeg(settings: &Jpeg, data: &[u8], width: u32, height: u32, color: ColorType) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, settings.quality);
    encoder.set_sampling_factor(settings.sampling);
    encoder.set_progressive(settings.progressive);
    if let Some(interval) = settings.restart_interval {
        encoder.set_restart_interval(interval);
    }
    if let Some(orientation) = settings.orientation {
        encoder.add_exif_metadata(&exif(orientation)).expect("a short block");
    }
    encoder.encode(data, width as u16, height as u16, color).expect("valid input");
    file
}

fn full(bytes: &[u8]) -> Rgb {
    at_least(bytes, u32::MAX)
}

fn at_least(bytes: &[u8], long_side_min_px: u32) -> Rgb {
    let options = DecodeOptions { long_side_min_px, ..Default::default() };
    imaging::decode(bytes, &options).expect("a whole photo").into_rgb()
}

/// Mean absolute difference per channel value.
fn difference(a: &Rgb, b: &Rgb) -> f64 {
    assert_eq!((a.width(), a.height()), (b.width(), b.height()));
    let sum: u64 = a.bytes().iter().zip(b.bytes()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / a.bytes().len() as f64
}

/// The picture as a camera held this way stores it: turned by the inverse.
fn stored_for(upright: &Rgb, exif: u8) -> Rgb {
    let buffer = image::RgbImage::from_raw(upright.width(), upright.height(), upright.bytes().to_vec());
    let mut stored = DynamicImage::ImageRgb8(buffer.expect("as many bytes as its size"));
    let inverse = match exif {
        6 => 8,
        8 => 6,
        own_inverse => own_inverse,
    };
    let turn = image::metadata::Orientation::from_exif(inverse).expect("1 to 8");
    stored.apply_orientation(turn);
    Rgb::new(stored.width(), stored.height(), stored.into_rgb8().into_raw()).expect("a picture")
}

#[test]
fn exif_turned_equals_upright_for_all_eight_values_and_every_scale() {
    let upright = scene(317, 203);
    for exif in 1..=8_u8 {
        let stored = stored_for(&upright, exif);
        let settings = Jpeg { orientation: Some(exif.into()), ..PLAIN };
        let file = jpeg(&settings, stored.bytes(), stored.width(), stored.height(), ColorType::Rgb);
        for (long_side_min_px, factor) in [(300, 1), (120, 2), (70, 4), (0, 8)] {
            let options = DecodeOptions { long_side_min_px, ..Default::default() };
            let photo = imaging::decode(&file, &options).expect("a whole photo");
            assert_eq!(photo.orientation(), Orientation::ALL[usize::from(exif) - 1]);
            assert_eq!(photo.full_size(), (317, 203));
            assert_eq!(photo.scale(), 1.0 / factor as f32);
            // Compare at points of the original, so that the odd border's place counts too.
            let to_full = photo.to_full();
            let rgb = photo.rgb();
            assert_eq!(rgb.width(), 317_u32.div_ceil(factor));
            for (x, y) in [(5, 5), (rgb.width() - 6, 5), (rgb.width() / 2, rgb.height() - 6)] {
                let at = to_full.apply(Point::new(x as f32 + 0.5, y as f32 + 0.5));
                let found = rgb.pixel(x, y).expect("inside");
                let expected = upright.pixel(at.x as u32, at.y as u32).expect("inside");
                for c in 0..3 {
                    assert!(found[c].abs_diff(expected[c]) < 12, "{exif} 1/{factor}: {found:?} {expected:?}");
                }
            }
        }
        assert!(difference(&full(&file), &upright) < 1.5, "orientation {exif}");
    }
}

#[test]
fn a_meaningless_orientation_is_upright() {
    let picture = scene(40, 30);
    for value in [0, 9, 600] {
        let settings = Jpeg { orientation: Some(value), ..PLAIN };
        let file = jpeg(&settings, picture.bytes(), 40, 30, ColorType::Rgb);
        let header = imaging::header(&file, &Limits::default()).expect("a header");
        assert_eq!(header.orientation, Orientation::Upright);
        assert_eq!((header.format, header.width, header.height), (Format::Jpeg, 40, 30));
    }
}

#[test]
fn every_kind_of_jpeg_gives_the_picture() {
    let picture = scene(211, 149);
    let kinds = [
        PLAIN,
        Jpeg { sampling: SamplingFactor::F_2_2, ..PLAIN },
        Jpeg { sampling: SamplingFactor::F_2_1, restart_interval: Some(4), ..PLAIN },
        Jpeg { progressive: true, ..PLAIN },
        Jpeg { progressive: true, sampling: SamplingFactor::F_2_2, restart_interval: Some(7), ..PLAIN },
    ];
    for (i, kind) in kinds.iter().enumerate() {
        let file = jpeg(kind, picture.bytes(), 211, 149, ColorType::Rgb);
        assert!(difference(&full(&file), &picture) < 2.0, "kind {i}");
    }
    let grey = imaging::luma(&picture);
    let file = jpeg(&PLAIN, grey.bytes(), 211, 149, ColorType::Luma);
    let decoded = full(&file);
    assert!(decoded.pixels().iter().zip(grey.bytes()).all(|(p, l)| p[0].abs_diff(*l) < 12 && p[0] == p[2]));
}

#[test]
fn cmyk_and_ycck_jpegs_come_out_as_rgb() {
    let picture = scene(96, 64);
    let inks: Vec<u8> =
        picture.pixels().iter().flat_map(|&[r, g, b]| [255 - r, 255 - g, 255 - b, 0]).collect();
    for color in [ColorType::Cmyk, ColorType::CmykAsYcck] {
        let file = jpeg(&PLAIN, &inks, 96, 64, color);
        assert!(difference(&full(&file), &picture) < 2.5);
        assert_eq!(at_least(&file, 40).width(), 48);
    }
    // Half black ink halves the light.
    let shaded: Vec<u8> = picture.pixels().iter().flat_map(|_| [0, 0, 255, 128]).collect();
    let [r, g, b] = full(&jpeg(&PLAIN, &shaded, 96, 64, ColorType::Cmyk)).pixels()[0];
    assert!(r.abs_diff(127) < 4 && g.abs_diff(127) < 4 && b < 4);
}

#[test]
fn a_reduced_decode_approximates_the_reduced_full_decode() {
    let picture = scene(640, 427);
    let kinds = [PLAIN, Jpeg { sampling: SamplingFactor::F_2_2, ..PLAIN }];
    for kind in &kinds {
        let file = jpeg(kind, picture.bytes(), 640, 427, ColorType::Rgb);
        let half = imaging::halved(&full(&file));
        let quarter = imaging::halved(&half);
        let eighth = imaging::halved(&quarter);
        for (min_px, reduced) in [(320, half), (160, quarter), (80, eighth)] {
            assert!(difference(&at_least(&file, min_px), &reduced) < 2.0, "{min_px}");
        }
    }
    let png = imaging::encode_png(&picture);
    assert!(difference(&at_least(&png, 320), &imaging::halved(&picture)) < 0.01);
}

fn png(data: &[u8], width: u32, height: u32, color: ExtendedColorType) -> Vec<u8> {
    let mut file = Vec::new();
    image::codecs::png::PngEncoder::new(&mut file)
        .write_image(data, width, height, color)
        .expect("valid input");
    file
}

#[test]
fn lossless_formats_give_the_picture_exactly() {
    let picture = scene(61, 47);
    let buffer = image::RgbImage::from_raw(61, 47, picture.bytes().to_vec()).expect("a picture");
    for (format, expected) in
        [(ImageFormat::Png, Format::Png), (ImageFormat::WebP, Format::WebP), (ImageFormat::Bmp, Format::Bmp)]
    {
        let mut file = std::io::Cursor::new(Vec::new());
        buffer.write_to(&mut file, format).expect("writing to memory");
        let file = file.into_inner();
        assert_eq!(imaging::header(&file, &Limits::default()).expect("a header").format, expected);
        assert_eq!(full(&file), picture, "{format:?}");
    }
    let deep: Vec<u8> = picture.bytes().iter().flat_map(|&c| (u16::from(c) * 257).to_ne_bytes()).collect();
    assert_eq!(full(&png(&deep, 61, 47, ExtendedColorType::Rgb16)), picture);
    let opaque: Vec<u8> = picture.pixels().iter().flat_map(|&[r, g, b]| [r, g, b, 255]).collect();
    assert_eq!(full(&png(&opaque, 61, 47, ExtendedColorType::Rgba8)), picture);
    let glass: Vec<u8> = picture.pixels().iter().flat_map(|&[r, g, b]| [r, g, b, 0]).collect();
    assert_eq!(full(&png(&glass, 61, 47, ExtendedColorType::Rgba8)), Rgb::filled(61, 47, [255; 3]));
    let grey = imaging::luma(&picture);
    let expected: Vec<[u8; 3]> = grey.bytes().iter().map(|&l| [l; 3]).collect();
    assert_eq!(full(&png(grey.bytes(), 61, 47, ExtendedColorType::L8)).pixels(), expected);
}

#[test]
fn limits_are_checked_against_the_header() {
    let picture = scene(200, 100);
    let file = jpeg(&PLAIN, picture.bytes(), 200, 100, ColorType::Rgb);
    let limits = Limits::default();
    let fault = |limits: Limits| imaging::header(&file, &limits).err();
    assert_eq!(fault(limits), None);
    assert!(matches!(fault(Limits { bytes_max: 100, ..limits }), Some(PhotoFault::TooManyBytes { .. })));
    assert!(matches!(
        fault(Limits { side_max_px: 199, ..limits }),
        Some(PhotoFault::TooLarge { width: 200, .. })
    ));
    assert!(matches!(fault(Limits { pixels_max: 19_999, ..limits }), Some(PhotoFault::TooLarge { .. })));
    let progressive = jpeg(&Jpeg { progressive: true, ..PLAIN }, picture.bytes(), 200, 100, ColorType::Rgb);
    let few_scans = Limits { scans_max: 2, ..limits };
    assert_eq!(imaging::header(&progressive, &few_scans), Err(PhotoFault::TooManyScans { scans_max: 2 }));
    let few_bytes = Limits { decoded_bytes_max: 50_000, ..limits };
    let png = imaging::encode_png(&picture);
    for file in [&progressive, &png] {
        assert!(matches!(imaging::header(file, &few_bytes), Err(PhotoFault::TooLarge { .. })));
    }
    // A JPEG of one scan needs its memory for the output alone.
    assert!(imaging::header(&jpeg(&PLAIN, picture.bytes(), 200, 100, ColorType::Rgb), &few_bytes).is_ok());
}

#[test]
fn every_cut_is_noticed() {
    let picture = scene(320, 240);
    let restarts = Jpeg { restart_interval: Some(5), ..PLAIN };
    let kinds = [PLAIN, restarts, Jpeg { progressive: true, ..PLAIN }];
    let mut files: Vec<Vec<u8>> =
        kinds.iter().map(|kind| jpeg(kind, picture.bytes(), 320, 240, ColorType::Rgb)).collect();
    files.push(imaging::encode_png(&picture));
    for format in [ImageFormat::WebP, ImageFormat::Bmp] {
        let buffer = image::RgbImage::from_raw(320, 240, picture.bytes().to_vec()).expect("a picture");
        let mut file = std::io::Cursor::new(Vec::new());
        buffer.write_to(&mut file, format).expect("writing to memory");
        files.push(file.into_inner());
    }
    for (i, file) in files.iter().enumerate() {
        assert!(imaging::decode(file, &DecodeOptions::default()).is_ok());
        let cuts = (1..50).map(|part| file.len() * part / 50).chain((1..=4).map(|n| file.len() - n));
        for cut in cuts.chain(20..40) {
            for long_side_min_px in [0, u32::MAX] {
                let options = DecodeOptions { long_side_min_px, ..Default::default() };
                let fault = imaging::decode(&file[..cut], &options).err();
                assert_eq!(fault, Some(PhotoFault::Truncated), "file {i} cut at {cut} of {}", file.len());
            }
        }
    }
}
