//! Damage inside a file is reported, padding and trailing data are not, and no bytes whatever
//! make the decoder panic.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use proptest::prelude::*;
use realname::geometry::{Point, Similarity};
use realname::imaging::{self, DecodeOptions, PhotoFault, Pyramid, Rgb};

fn noise(mut state: u64) -> impl FnMut() -> u8 {
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    }
}

/// A picture with smooth parts and fine detail.
fn scene(width: u32, height: u32) -> Rgb {
    let mut next = noise(1);
    let mut bytes = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let wave = ((x * y) as f32 / 900.0).sin() * 60.0 + 120.0;
            let grain = f32::from(next() % 24);
            bytes.extend([wave + grain, wave, 200.0 - wave + grain].map(|c| c as u8));
        }
    }
    Rgb::new(width, height, bytes).expect("3 bytes a pixel")
}

fn jpeg(picture: &Rgb, progressive: bool, restart_interval: Option<u16>) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 90);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.set_progressive(progressive);
    if let Some(interval) = restart_interval {
        encoder.set_restart_interval(interval);
    }
    let (width, height) = (picture.width() as u16, picture.height() as u16);
    encoder.encode(picture.bytes(), width, height, ColorType::Rgb).expect("valid input");
    file
}

fn decode(bytes: &[u8]) -> Result<(), PhotoFault> {
    imaging::decode(bytes, &DecodeOptions { long_side_min_px: 100, ..Default::default() }).map(drop)
}

/// How many of 100 damaged copies are reported; `damage` gets a position and a source of noise.
fn reported(file: &[u8], damage: impl Fn(&mut [u8], &mut dyn FnMut() -> u8)) -> usize {
    let mut next = noise(7);
    let data = file.len() / 5;
    (0..100)
        .filter(|i| {
            let mut copy = file.to_vec();
            let at = data + (file.len() * 3 / 5) * i / 100;
            damage(&mut copy[at..], &mut next);
            decode(&copy).is_err()
        })
        .count()
}

#[test]
fn damage_in_the_middle_is_reported_almost_always() {
    let picture = scene(640, 480);
    // JPEG carries no checksum: damage that happens to decode to as many blocks as were there
    // before cannot be told from a picture. On camera photos a lost page or packet always shows.
    for (name, file, least) in [
        ("baseline", jpeg(&picture, false, None), 80),
        ("restarts", jpeg(&picture, false, Some(8)), 90),
        ("progressive", jpeg(&picture, true, None), 90),
        ("png", imaging::encode_png(&picture), 100),
    ] {
        assert_eq!(decode(&file), Ok(()), "{name}");
        let overwritten = reported(&file, |rest, next| rest[..64].iter_mut().for_each(|b| *b = next()));
        let zeroed = reported(&file, |rest, _| rest[..4096].fill(0));
        let flipped = reported(&file, |rest, next| rest[0] ^= 1 << (next() % 8));
        println!("{name}: overwritten {overwritten} %, zeroed {zeroed} %, one bit flipped {flipped} %");
        assert!(overwritten >= least, "{name}: overwritten {overwritten}");
        assert!(zeroed >= least, "{name}: zeroed {zeroed}");
    }
}

#[test]
fn a_missing_piece_is_reported() {
    let file = jpeg(&scene(640, 480), false, None);
    for at in (1..19).map(|part| file.len() * part / 20 + 700) {
        let without = [&file[..at], &file[(at + 1500).min(file.len())..]].concat();
        assert!(decode(&without).is_err(), "1,500 bytes missing at {at}");
    }
}

#[test]
fn padding_and_trailing_data_are_harmless() {
    let file = jpeg(&scene(160, 120), false, None);
    let (data, end) = file.split_at(file.len() - 2);
    for padding in [&[0x00; 1][..], &[0x5A, 0x3C, 0x11], &[0x00; 4096], &[0x20; 700], &[0xFF; 9]] {
        assert_eq!(decode(&[data, padding, end].concat()), Ok(()), "{} bytes", padding.len());
    }
    let left_over: Vec<u8> = (0..200).map(|i| i * 7 % 251).map(|b: u32| b as u8).collect();
    assert!(matches!(decode(&[data, &left_over, end].concat()), Err(PhotoFault::Corrupt { .. })));
    // A second picture (MPF) or a film (motion photo) behind the first.
    assert_eq!(decode(&[&file[..], &file, b"ftypmp42"].concat()), Ok(()));
    // Between the header's segments.
    assert_eq!(decode(&[&file[..2], &[0; 5], &file[2..]].concat()).err(), Some(PhotoFault::NotAnImage));
    assert_eq!(decode(&[&file[..20], b"junk", &file[20..]].concat()), Ok(()));
}

#[test]
fn a_header_that_promises_more_than_the_data_holds_is_refused_quickly() {
    for (progressive, side) in [(false, 10_900_u16), (true, 8_000), (true, 16_000), (false, 65_000)] {
        let mut file = jpeg(&scene(160, 120), progressive, None);
        let frame = file.windows(2).position(|m| m == [0xFF, if progressive { 0xC2 } else { 0xC0 }]);
        let size = frame.expect("a frame header") + 5;
        file[size..size + 2].copy_from_slice(&side.to_be_bytes());
        file[size + 2..size + 4].copy_from_slice(&side.to_be_bytes());
        let started = std::time::Instant::now();
        assert!(decode(&file).is_err());
        assert!(started.elapsed() < std::time::Duration::from_secs(1), "{side} {progressive}");
    }
}

#[test]
fn a_fault_on_one_photo_leaves_the_next_one_alone() {
    let file = jpeg(&scene(160, 120), false, None);
    let left_over = [&file[..file.len() - 2], b"something left over here", &file[file.len() - 2..]].concat();
    for _ in 0..3 {
        assert!(decode(&file[..file.len() / 2]).is_err());
        assert!(decode(&left_over).is_err());
        assert_eq!(decode(&file), Ok(()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..Default::default() })]

    #[test]
    fn random_bytes_never_panic(head in 0..6_usize, bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let heads: [&[u8]; 6] = [b"", b"\xFF\xD8\xFF", b"\x89PNG\r\n\x1a\n\0\0\0\x0DIHDR", b"RIFF\xFF\0\0\0WEBPVP8X", b"RIFF\xFF\0\0\0WEBPVP8L", b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0"];
        let _ = decode(&[heads[head], &bytes].concat());
    }

    #[test]
    fn mutated_photos_never_panic(
        kind in 0..6_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in any::<prop::sample::Index>(),
    ) {
        let picture = scene(48, 40);
        let mut file = match kind {
            0 => jpeg(&picture, false, None),
            1 => jpeg(&picture, true, None),
            2 => jpeg(&picture, false, Some(2)),
            3 => imaging::encode_png(&picture),
            other => {
                let buffer = image::RgbImage::from_raw(48, 40, picture.bytes().to_vec()).expect("a picture");
                let format = if other == 4 { image::ImageFormat::WebP } else { image::ImageFormat::Bmp };
                let mut file = std::io::Cursor::new(Vec::new());
                buffer.write_to(&mut file, format).expect("writing to memory");
                file.into_inner()
            }
        };
        for (at, value) in changes {
            let at = at.index(file.len());
            file[at] = value;
        }
        let _ = decode(&file);
        let cut = cut.index(file.len());
        let _ = decode(&file[..cut]);
    }

    #[test]
    fn warp_then_unwarp_is_near_identity(angle in -3.2_f32..3.2, scale in 0.6_f32..1.3, dx in -5.0_f32..5.0) {
        let smooth = |x: u32, y: u32| [x * 2, y * 3, x + y * 2].map(|v| v as u8);
        let bytes = (0..80).flat_map(|y| (0..80).flat_map(move |x| smooth(x, y))).collect();
        let picture = Rgb::new(80, 80, bytes).expect("a picture");
        // A crop large enough to hold all of the picture, and the way back.
        let out = Similarity::square_crop(240.0, Point::new(40.0 + dx, 40.0), scale, angle);
        let crop = imaging::warp(&Pyramid::new(picture.clone()), &out, 240, 240);
        let back = out.inverse().expect("the scale is not zero");
        let again = imaging::warp(&Pyramid::new(crop), &back, 80, 80);
        for (x, y) in (4..76).flat_map(|y| (4..76).map(move |x| (x, y))) {
            let (a, b) = (picture.pixel(x, y).expect("inside"), again.pixel(x, y).expect("inside"));
            for c in 0..3 {
                prop_assert!(a[c].abs_diff(b[c]) <= 4, "{x} {y}: {a:?} {b:?}");
            }
        }
    }
}
