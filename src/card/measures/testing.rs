//! A drawn card for the tests of the measures, and ways to spoil it.

use super::CardView;
use crate::card::CardSide;
use crate::card::layout::{HEIGHT_PX, WIDTH_PX, Zone};
use crate::geometry::Rect;
use crate::imaging::Rgb;

/// A clean rectified card: a pale tint, strokes of black print in the text's zones, a portrait of
/// skin before blue or a red emblem, a little noise.
pub(super) fn drawn_card(side: CardSide) -> Rgb {
    let mut card = Rgb::filled(WIDTH_PX, HEIGHT_PX, [0; 3]);
    let mut state = 3u32;
    each_pixel(&mut card, |x, _, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (t, grain) = (x / WIDTH_PX as f32, (state >> 30) as f32);
        [205.0 + 15.0 * t + grain, 215.0 + grain, 218.0 - 14.0 * t + grain]
    });
    for zone in super::view::zones(Some(side)) {
        let area = zone.px();
        match zone {
            Zone::Portrait => fill(&mut card, &area, |x, y| {
                if (x - 0.5).hypot(y - 0.45) < 0.3 { [205.0, 150.0, 120.0] } else { [225.0, 228.0, 235.0] }
            }),
            Zone::Emblem => fill(&mut card, &area, |x, y| {
                if (x - 0.5).hypot(y - 0.5) < 0.42 { [196.0, 30.0, 38.0] } else { [212.0, 215.0, 212.0] }
            }),
            _ => print(&mut card, &area),
        }
    }
    card
}

/// Strokes of print: characters of 26 px with upright, level and slanting strokes of 4 px.
fn print(card: &mut Rgb, area: &Rect) {
    let inside =
        |x: f32, y: f32| area.x <= x && x < area.x + area.width && area.y <= y && y < area.y + area.height;
    each_pixel(card, |x, y, old| {
        let (u, v) = ((x - area.x).rem_euclid(34.0), (y - area.y).rem_euclid(46.0));
        let stroke = |w: f32| (0.0..4.0).contains(&w);
        let ink = u < 26.0
            && v < 34.0
            && (stroke(u - 4.0) || stroke(v - 8.0) || stroke(v - 24.0) || stroke((u + v) / 1.5 - 22.0));
        if inside(x, y) && ink { [30.0; 3] } else { old }
    });
}

/// Draws over a box; the colour is asked for at shares of its width and height.
pub(super) fn fill(card: &mut Rgb, area: &Rect, color: impl Fn(f32, f32) -> [f32; 3]) {
    each_pixel(card, |x, y, old| {
        let (u, v) = ((x - area.x) / area.width, (y - area.y) / area.height);
        if (0.0..1.0).contains(&u) && (0.0..1.0).contains(&v) { color(u, v) } else { old }
    });
}

/// Replaces every pixel by what becomes of its place and colour.
pub(super) fn each_pixel(card: &mut Rgb, mut change: impl FnMut(f32, f32, [f32; 3]) -> [f32; 3]) {
    let width = card.width() as usize;
    for (i, pixel) in card.pixels_mut().iter_mut().enumerate() {
        let changed = change((i % width) as f32, (i / width) as f32, pixel.map(f32::from));
        *pixel = changed.map(|v| v.round() as u8);
    }
}

/// A Gaussian blur of standard deviation `across` and `down`, pixels.
pub(super) fn blurred(card: &Rgb, across: f32, down: f32) -> Rgb {
    let mut out = card.clone();
    for (sigma, step) in [(across, 1usize), (down, card.width() as usize)] {
        if sigma <= 0.0 {
            continue;
        }
        let reach = (3.0 * sigma).ceil() as isize;
        let weights: Vec<f32> =
            (-reach..=reach).map(|i| (-(i * i) as f32 / (2.0 * sigma * sigma)).exp()).collect();
        let total: f32 = weights.iter().sum();
        let source = out.pixels().to_vec();
        let last = source.len() as isize - 1;
        for (i, pixel) in out.pixels_mut().iter_mut().enumerate() {
            let from = |k: isize| source[(i as isize + k * step as isize).clamp(0, last) as usize];
            let mut sum = [0.0; 3];
            for (weight, k) in weights.iter().zip(-reach..) {
                (0..3).for_each(|c| sum[c] += weight * f32::from(from(k)[c]));
            }
            *pixel = sum.map(|v| (v / total).round() as u8);
        }
    }
    out
}

/// The view of a card whose side is known.
pub(super) fn view(card: &Rgb, side: CardSide) -> CardView {
    CardView::new(card, Some(side))
}

/// A spoiled card of each side, with the view of it.
pub(super) fn spoiled(spoil: impl Fn(&mut Rgb)) -> Vec<CardView> {
    let sides = [CardSide::Portrait, CardSide::Emblem].into_iter();
    let spoiled = sides.map(|side| {
        let mut card = drawn_card(side);
        spoil(&mut card);
        view(&card, side)
    });
    spoiled.collect()
}
