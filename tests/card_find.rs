//! From the bytes of a photo to a card in hand, with made-up networks.

use ndarray::{Array4, ArrayD, ArrayViewD, IxDyn};
use realname::card::fields::{Dictionary, FieldReaders, TextReader};
use realname::card::{CardModels, CardSide, find};
use realname::evidence::Timings;
use realname::geometry::{Point, Quad};
use realname::imaging::{DecodeOptions, Photo, Rgb, decode, encode_png};
use realname::inference::FakeNetwork;

const CELLS: usize = 80;

/// A pale card on a brown desk, 1600 x 1200 pixels; the corner that is the print's upper left is
/// marked.
fn photo(quad: &Quad, marked: usize) -> Photo {
    let mut picture = Rgb::filled(1600, 1200, [120, 85, 60]);
    for (i, pixel) in picture.pixels_mut().iter_mut().enumerate() {
        let p = Point::new((i % 1600) as f32 + 0.5, (i / 1600) as f32 + 0.5);
        let is_inside =
            quad.sides().iter().all(|(a, b)| (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x) > 0.0);
        if is_inside {
            *pixel = if p.distance(quad.corners[marked]) < 150.0 { [40, 60, 160] } else { [215, 220, 230] };
        }
    }
    let options = DecodeOptions { long_side_min_px: 1600, ..Default::default() };
    decode(&encode_png(&picture), &options).expect("a whole picture")
}

/// The maps of a network that sees the corners of `quad` about a hundredth off.
fn maps(quad: &Quad) -> Vec<ArrayD<f32>> {
    // The photo at 256 x 192 in the middle of the input, the grid 32 pixels wider.
    let cell = |p: Point| Point::new((p.x * 0.16 + 32.0) / 4.0, (p.y * 0.16 + 32.0 + 32.0) / 4.0);
    let seen = quad.map(cell);
    let mut corners = Array4::from_elem((1, 2, CELLS, CELLS), -6.0);
    let mut mask = Array4::from_elem((1, 1, CELLS, CELLS), -6.0);
    for (i, p) in seen.corners.iter().enumerate() {
        corners[[0, i % 2, p.y as usize, p.x as usize]] = 3.0;
    }
    for (x, y) in (0..CELLS).flat_map(|y| (0..CELLS).map(move |x| (x, y))) {
        let p = Point::new(x as f32 + 0.5, y as f32 + 0.5);
        let is_inside =
            seen.sides().iter().all(|(a, b)| (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x) > 0.0);
        if is_inside {
            mask[[0, 0, y, x]] = 6.0;
        }
    }
    vec![corners.into_dyn(), Array4::zeros((1, 2, CELLS, CELLS)).into_dyn(), mask.into_dyn()]
}

/// Networks that see `quad`, and an emblem side whose marked corner is its upper left.
fn models(quad: Quad) -> CardModels {
    let side = |input: ArrayViewD<'_, f32>| {
        // Red is low where the mark is.
        let is_upright = input[[0, 0, 8, 8]] < input[[0, 0, 71, 119]];
        let logits = if is_upright { [0., 0., 7., 0., 0., 0., 0.] } else { [0., 0., 0., 7., 0., 0., 0.] };
        vec![ArrayD::from_shape_vec(IxDyn(&[1, 7]), logits.to_vec()).expect("seven")]
    };
    let silent = || Box::new(FakeNetwork(|_: ArrayViewD<'_, f32>| Vec::new()));
    CardModels {
        locator: Box::new(FakeNetwork(move |_: ArrayViewD<'_, f32>| maps(&quad))),
        side: Box::new(FakeNetwork(side)),
        readers: FieldReaders { digits: silent(), text: TextReader::new(silent(), Dictionary::parse("a")) },
    }
}

#[test]
fn a_card_is_in_hand_upright_and_to_the_pixel_whichever_way_it_lay() {
    let quad = Quad {
        corners: [(300.0, 260.0), (1330.0, 300.0), (1300.0, 960.0), (270.0, 900.0)]
            .map(|(x, y)| Point::new(x, y)),
    };
    for (marked, expected) in [(0, quad), (2, quad.half_turned())] {
        let photo = photo(&quad, marked);
        let card = find(&photo, &mut models(quad), &mut Timings::default()).expect("runs").expect("a card");
        for (found, truth) in card.quad.corners.iter().zip(&expected.corners) {
            assert!(found.distance(*truth) < 1.5, "{marked}: {:?} {expected:?}", card.quad);
        }
        assert_eq!(card.reading.side().0, CardSide::Emblem);
        assert!(!card.reading.upside_down);
        assert!(card.score > 0.9 && card.tilt_deg < 20.0 && card.others.is_empty(), "{card:?}");
        assert!((card.resolution.mean_px_per_mm - 12.1).abs() < 0.3, "{:?}", card.resolution);
        let [red, _, blue] = card.rectified.image.pixel(60, 60).expect("inside");
        assert!(blue > red + 80, "the mark is in the upper left corner: {red} {blue}");
    }
}

#[test]
fn no_card_is_none() {
    let nowhere = Quad { corners: [Point::new(-900.0, -900.0); 4] };
    let quad = Quad::whole(800.0, 500.0);
    let mut models = models(quad);
    models.locator = Box::new(FakeNetwork(move |_: ArrayViewD<'_, f32>| {
        let empty = |channels| Array4::from_elem((1, channels, CELLS, CELLS), -6.0).into_dyn();
        vec![empty(2), empty(2), empty(1)]
    }));
    assert!(find(&photo(&nowhere, 0), &mut models, &mut Timings::default()).expect("runs").is_none());
}
