//! What the imaging floor costs: decoding a 12 MP photo at every scale, and each kernel; and each
//! measure of the card.
//!
//! `cargo bench --bench kernels`. The photo is drawn here from a fixed seed: smooth shading with
//! lines of text-like detail and sensor noise, JPEG quality 90, 4:2:0.

use std::sync::LazyLock;

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use image::imageops::{FilterType, resize};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use realname::card::{CardSide, measures};
use realname::geometry::{Homography, Point, Quad, Similarity};
use realname::imaging::{
    self, ChannelOrder, DecodeOptions, Layout, Limits, Luma, Normalisation, Pyramid, QuarterTurn, Rgb,
    TensorFormat,
};

fn main() {
    divan::main();
}

/// A drawn photo of the given size.
fn scene(width: u32, height: u32) -> Rgb {
    let mut state = 12_345_u32;
    let mut bytes = Vec::with_capacity(width as usize * height as usize * 3);
    for y in 0..height {
        for x in 0..width {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let shade = 90.0 + 60.0 * (x as f32 / 700.0).sin() * (y as f32 / 500.0).cos();
            let line = y / 24 % 3 == 0 && (x / 5 + y / 6) % 4 == 0;
            let grain = (state >> 29) as f32;
            let value = if line { shade * 0.4 } else { shade } + grain;
            bytes.extend([value + 40.0, value + 15.0, value].map(|c| c as u8));
        }
    }
    Rgb::new(width, height, bytes).expect("3 bytes a pixel")
}

fn jpeg(picture: &Rgb, progressive: bool, orientation: u8) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 90);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.set_progressive(progressive);
    let tiff = [&b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0"[..], &[orientation, 0, 0, 0, 0, 0, 0]];
    encoder.add_exif_metadata(&tiff.concat()).expect("a short block");
    let (width, height) = (picture.width() as u16, picture.height() as u16);
    encoder.encode(picture.bytes(), width, height, ColorType::Rgb).expect("valid input");
    file
}

static SCENE: LazyLock<Rgb> = LazyLock::new(|| scene(4000, 3000));
static PHOTO: LazyLock<Vec<u8>> = LazyLock::new(|| jpeg(&SCENE, false, 1));
/// A million pixels.
static MEGAPIXEL: LazyLock<Rgb> = LazyLock::new(|| scene(1250, 800));
static MEGAPIXEL_LUMA: LazyLock<Luma> = LazyLock::new(|| imaging::luma(&MEGAPIXEL));

fn decode(bencher: Bencher, file: &[u8], long_side_min_px: u32) {
    let options = DecodeOptions { long_side_min_px, ..Default::default() };
    bencher
        .counter(BytesCount::of_slice(file))
        .bench_local(|| imaging::decode(black_box(file), &options).expect("a whole photo"));
}

mod decode_12mp {
    use super::*;

    #[divan::bench(args = [4000, 2000, 1000, 500])]
    fn baseline(bencher: Bencher, long_side_px: u32) {
        decode(bencher, &PHOTO, long_side_px);
    }

    #[divan::bench]
    fn half_turned_by_90(bencher: Bencher) {
        decode(bencher, &jpeg(&SCENE, false, 6), 2000);
    }

    #[divan::bench(sample_count = 20)]
    fn half_progressive(bencher: Bencher) {
        decode(bencher, &jpeg(&SCENE, true, 1), 2000);
    }

    #[divan::bench(sample_count = 20)]
    fn half_png(bencher: Bencher) {
        decode(bencher, &imaging::encode_png(&SCENE), 2000);
    }

    #[divan::bench(sample_count = 20)]
    fn image_crate_full(bencher: Bencher) {
        bencher.bench_local(|| image::load_from_memory(black_box(&PHOTO)).expect("a photo"));
    }

    #[divan::bench]
    fn header_alone(bencher: Bencher) {
        bencher.bench_local(|| imaging::header(black_box(&PHOTO), &Limits::default()));
    }
}

#[divan::bench]
fn decode_1080p_full(bencher: Bencher) {
    decode(bencher, &jpeg(&scene(1920, 1080), false, 1), 1920);
}

mod one_megapixel {
    use super::*;

    #[divan::bench]
    fn luma(bencher: Bencher) {
        bencher.bench_local(|| imaging::luma(black_box(&MEGAPIXEL)));
    }

    #[divan::bench]
    fn halved(bencher: Bencher) {
        bencher.bench_local(|| imaging::halved(black_box(&MEGAPIXEL)));
    }

    #[divan::bench]
    fn histogram(bencher: Bencher) {
        bencher.bench_local(|| imaging::histogram(black_box(&MEGAPIXEL_LUMA)));
    }

    #[divan::bench]
    fn cell_grid(bencher: Bencher) {
        bencher.bench_local(|| imaging::cell_grid(black_box(&MEGAPIXEL_LUMA)));
    }

    #[divan::bench(sample_count = 20)]
    fn image_crate_halved(bencher: Bencher) {
        let picture = as_image(&MEGAPIXEL);
        bencher.bench_local(|| resize(black_box(&picture), 625, 400, FilterType::Triangle));
    }

    #[divan::bench(sample_count = 20)]
    fn imageproc_sobel(bencher: Bencher) {
        let (width, height) = (MEGAPIXEL.width(), MEGAPIXEL.height());
        let luma = image::GrayImage::from_raw(width, height, MEGAPIXEL_LUMA.bytes().to_vec());
        let luma = luma.expect("one byte a pixel");
        bencher.bench_local(|| imageproc::gradients::sobel_gradients(black_box(&luma)));
    }
}

fn as_image(picture: &Rgb) -> image::RgbImage {
    image::RgbImage::from_raw(picture.width(), picture.height(), picture.bytes().to_vec())
        .expect("3 bytes a pixel")
}

/// A turned crop of the middle of a picture, three of whose pixels make one of the crop.
fn turned_crop(picture: &Rgb, side: u32, scale: f32) -> Similarity {
    let middle = Point::new(picture.width() as f32 / 2.0, picture.height() as f32 / 2.0);
    Similarity::square_crop(side as f32, middle, scale, 0.2)
}

mod warp {
    use super::*;

    const FORMAT: TensorFormat = TensorFormat {
        layout: Layout::Nchw,
        order: ChannelOrder::Rgb,
        normalisation: Normalisation::MINUS_ONE_TO_ONE,
    };

    /// The reductions are built before the clock starts.
    #[divan::bench(args = [112, 128, 192])]
    fn to_tensor(bencher: Bencher, side: u32) {
        let pyramid = Pyramid::new(MEGAPIXEL.clone());
        let map = turned_crop(&MEGAPIXEL, side, 3.0);
        imaging::warp(&pyramid, &map, side, side);
        bencher.bench_local(|| imaging::warp_to_tensor(black_box(&pyramid), &map, side, side, &FORMAT));
    }

    #[divan::bench(args = [112, 192])]
    fn to_rgb(bencher: Bencher, side: u32) {
        let pyramid = Pyramid::new(MEGAPIXEL.clone());
        let map = turned_crop(&MEGAPIXEL, side, 1.0);
        bencher.bench_local(|| imaging::warp(black_box(&pyramid), &map, side, side));
    }

    /// A whole card at 300 dpi, seen at a slant.
    #[divan::bench]
    fn card_to_rgb(bencher: Bencher) {
        let pyramid = Pyramid::new(scene(2000, 1500));
        let corners = [(210.0, 130.0), (1400.0, 90.0), (1500.0, 900.0), (150.0, 840.0)];
        let seen = Quad { corners: corners.map(|(x, y)| Point::new(x, y)) };
        let map = Homography::between(&Quad::whole(1012.0, 638.0), &seen).expect("a plain view");
        bencher.bench_local(|| imaging::warp_projective(black_box(&pyramid), &map, 1012, 638));
    }

    /// With the reductions it needs, on the picture that a 12 MP card photo is decoded to.
    #[divan::bench]
    fn letterbox_of_3mp_with_pyramid(bencher: Bencher) {
        let picture = scene(2000, 1500);
        let map = imaging::letterbox(192, 2000, 1500, QuarterTurn::None);
        bencher
            .with_inputs(|| Pyramid::new(picture.clone()))
            .bench_local_values(|pyramid| imaging::warp_to_tensor(&pyramid, &map, 192, 192, &FORMAT));
    }
}

/// Measures of a rectified card of 1012 x 638, on one core.
mod card {
    use super::*;

    static CARD: LazyLock<Rgb> = LazyLock::new(|| scene(1012, 638));

    fn view() -> measures::CardView {
        measures::CardView::new(&CARD, Some(CardSide::Portrait))
    }

    fn each<T>(bencher: Bencher, measure: impl Fn(&measures::CardView) -> T + Sync) {
        let view = view();
        bencher.bench_local(|| measure(black_box(&view)));
    }

    #[divan::bench]
    fn view_alone(bencher: Bencher) {
        bencher.bench_local(|| measures::CardView::new(black_box(&CARD), Some(CardSide::Portrait)));
    }

    #[divan::bench]
    fn worst_field_blur(bencher: Bencher) {
        each(bencher, measures::worst_field_blur);
    }

    #[divan::bench]
    fn glare(bencher: Bencher) {
        each(bencher, measures::glare);
    }

    #[divan::bench]
    fn covered_share(bencher: Bencher) {
        each(bencher, measures::covered_share);
    }

    #[divan::bench]
    fn chroma_percent(bencher: Bencher) {
        each(bencher, measures::chroma_percent);
    }

    #[divan::bench]
    fn light(bencher: Bencher) {
        each(bencher, |view| (measures::over_exposed_share(view), measures::uneven_light_ratio(view)));
    }

    #[divan::bench]
    fn screen_traces(bencher: Bencher) {
        let whole = Quad::whole(1250.0, 800.0);
        bencher.bench_local(|| measures::screen_traces(black_box(&MEGAPIXEL), &whole, 1.0));
    }
}
