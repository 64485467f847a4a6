//! A card photographed from a screen: its pixel grid, or the moire it makes with the camera's.
//!
//! A grid that fills the picture is one narrow peak in the spectrum, the same in every part of the
//! card; print and cloth spread over many frequencies. Luma and the difference of red and blue are
//! looked at, in squares of the photo as it was decoded: warping would blur the grid.
//!
//! What it catches are screens whose grid the photo resolves or turns into moire. It does not catch
//! a screen photographed out of focus, from far away or with many more pixels than the photo, and
//! it sees nothing of frames and reflections.

use crate::card::layout::{HEIGHT_MM, WIDTH_MM};
use crate::geometry::{Homography, Point, Quad};
use crate::imaging::{Rgb, Spectrum};

/// Side of a square, pixels of the photo.
const SIDE: usize = 128;

/// Middles of the squares on the card, shares of its width and height, on either side of the card
/// mostly blank.
const PLACES: [[f32; 2]; 5] = [[0.18, 0.22], [0.5, 0.5], [0.82, 0.78], [0.2, 0.75], [0.8, 0.3]];

/// Shortest side of a card in whose squares little else can be seen, pixels of the photo.
const SHORT_SIDE_MIN: f32 = 1.5 * SIDE as f32;

/// Fewest squares inside photo and card from which anything can be told.
const SQUARES_MIN: usize = 3;

/// Lowest frequency at which a peak counts, waves to the pixel: slower ones are print, light and
/// lines of text.
const FREQUENCY_MIN: f32 = 0.07;

/// JPEG's blocks make peaks at the multiples of this many waves to a square.
const JPEG_STEP: usize = SIDE / 8;

/// Half side of the neighbourhood that a peak is compared with, in frequencies.
const AROUND: isize = 5;

/// Half side of the peak itself, which is left out of its neighbourhood: the window widens a wave
/// to this.
const PEAK: isize = 2;

/// How far the sharpest periodic pattern stands out of the frequencies around it, in decibels: the
/// middle of several squares, of the better of luma and colour. `None` for a card too small to hold
/// the squares. `card` is in the frame of `photo`.
pub fn screen_db(photo: &Rgb, card: &Quad) -> Option<f64> {
    if card.side_lengths().into_iter().fold(f32::INFINITY, f32::min) < SHORT_SIDE_MIN {
        return None;
    }
    let to_photo = Homography::between(&Quad::whole(WIDTH_MM, HEIGHT_MM), card)?;
    let mut spectrum = Spectrum::new(SIDE);
    let mut found: Vec<f32> = Vec::with_capacity(PLACES.len());
    for [x, y] in PLACES {
        let middle = to_photo.apply(Point::new(x * WIDTH_MM, y * HEIGHT_MM));
        let Some((luma, color)) = square(photo, middle) else { continue };
        let powers = spectrum.powers(&luma, &color);
        found.push(powers.iter().map(|power| peak_db(power)).fold(f32::NEG_INFINITY, f32::max));
    }
    if found.len() < SQUARES_MIN {
        return None;
    }
    Some(super::background::median(found).into())
}

/// Green, which has most of the luma, and the difference of red and blue about a point; `None`
/// where the square does not lie in the photo.
fn square(photo: &Rgb, middle: Point) -> Option<(Vec<f32>, Vec<f32>)> {
    let half = SIDE as f32 / 2.0;
    let (x, y) = (middle.x - half, middle.y - half);
    let inside = x >= 0.0
        && y >= 0.0
        && x + SIDE as f32 <= photo.width() as f32
        && y + SIDE as f32 <= photo.height() as f32;
    if !inside {
        return None;
    }
    let (x, y) = (x as usize, y as u32);
    let pixels = (y..y + SIDE as u32).flat_map(|row| &photo.row(row)[x..x + SIDE]);
    Some(pixels.map(|p| (f32::from(p[1]), f32::from(p[0]) - f32::from(p[2]))).unzip())
}

/// The highest peak over the median of its neighbourhood, decibels.
fn peak_db(power: &[f32]) -> f32 {
    let n = SIDE as isize;
    let at = |u: isize, v: isize| power[(v.rem_euclid(n) * n + u.rem_euclid(n)) as usize];
    let lowest = (FREQUENCY_MIN * SIDE as f32) as isize;
    let mut highest = 0.0f32;
    // The other half plane is the same.
    for v in 0..n / 2 {
        for u in -n / 2..n / 2 {
            let counts = u * u + v * v >= lowest * lowest && !of_jpeg(u, v);
            let here = at(u, v);
            let is_top = || {
                [(1, 0), (0, 1), (1, 1), (1, -1)]
                    .iter()
                    .all(|(du, dv)| here >= at(u + du, v + dv) && here > at(u - du, v - dv))
            };
            if !counts || !is_top() {
                continue;
            }
            let floor = neighbourhood(&at, u, v);
            highest = highest.max(here / floor.max(1e-3));
        }
    }
    10.0 * highest.max(1.0).log10()
}

/// Whether a frequency lies on or beside one that JPEG's blocks make.
fn of_jpeg(u: isize, v: isize) -> bool {
    let beside = |w: isize| {
        let off = w.unsigned_abs() % JPEG_STEP;
        off <= 1 || off >= JPEG_STEP - 1
    };
    beside(u) && beside(v)
}

/// Mean power about a frequency, without what belongs to its own peak.
fn neighbourhood(at: &impl Fn(isize, isize) -> f32, u: isize, v: isize) -> f32 {
    let (mut sum, mut count) = (0.0, 0);
    for dv in -AROUND..=AROUND {
        for du in -AROUND..=AROUND {
            if du.abs() > PEAK || dv.abs() > PEAK {
                sum += at(u + du, v + dv);
                count += 1;
            }
        }
    }
    sum / count as f32
}

#[cfg(test)]
mod tests {
    use super::super::testing::{drawn_card, each_pixel};
    use super::*;
    use crate::card::CardSide;

    #[test]
    fn a_grid_over_the_card_stands_out_and_print_does_not() {
        let card = drawn_card(CardSide::Portrait);
        let whole = Quad::whole(card.width() as f32, card.height() as f32);
        let clean = screen_db(&card, &whole).expect("room for the squares");
        assert!(clean < 18.0, "{clean}");
        let mut shown = card.clone();
        each_pixel(&mut shown, |x, y, p| {
            let wave = |phase: f32| 3.0 * (1.31 * x + 0.22 * y + phase).sin();
            [p[0] + wave(0.0), p[1] + wave(2.1), p[2] + wave(4.2)]
        });
        let grid = screen_db(&shown, &whole).expect("room for the squares");
        assert!(grid > clean + 10.0, "{grid} {clean}");
        assert_eq!(screen_db(&card, &whole.scaled(0.1)), None);
    }
}
