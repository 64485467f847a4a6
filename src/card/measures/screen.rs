//! A card photographed from a screen: its pixel grid, or the moire it makes with the camera's.
//!
//! Two numbers, both from squares of the photo as it was decoded, for warping would blur the grid.
//! A grid that fills the picture is one narrow peak in the spectrum of luma or of the difference of
//! red and blue; print and cloth spread over many frequencies. And where the grid beats with the
//! camera's, curved moire widens the peaks, but red and blue ripple against each other in every
//! square alike; of print, some square is always free.
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

/// Side of JPEG's blocks, pixels of the photo as it was sent.
const JPEG_BLOCK: f32 = 8.0;

/// Waves to a square by which a peak that JPEG's blocks make may lie off their frequency.
const JPEG_REACH: f32 = 1.5;

/// Half side of the box whose mean is taken off a pixel's colour: ripples are shorter.
const RIPPLE_REACH: usize = 5;

/// Green, 0 to 255, below which a ripple is not made larger by the lack of light: the noise of dark
/// photos would be. Displays are bright.
const RIPPLE_GREEN_MIN: f32 = 80.0;

/// Half side of the neighbourhood that a peak is compared with, in frequencies.
const AROUND: isize = 5;

/// Half side of the peak itself, which is left out of its neighbourhood: the window widens a wave
/// to this.
const PEAK: isize = 2;

/// What a screen leaves in a photo.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScreenTraces {
    /// How far the sharpest periodic pattern stands out of the frequencies around it, decibels: the
    /// middle of the squares, of the better of luma and colour.
    pub pattern_db: f64,
    /// Median distance of red less blue from its mean nearby, percent of the light: the least of
    /// the squares.
    pub ripple_percent: f64,
}

/// Traces of a screen over a card. `None` for a card too small to hold the squares. `card` is in
/// the frame of `photo`, which was decoded at `scale` of its full size.
pub fn screen_traces(photo: &Rgb, card: &Quad, scale: f32) -> Option<ScreenTraces> {
    if card.side_lengths().into_iter().fold(f32::INFINITY, f32::min) < SHORT_SIDE_MIN {
        return None;
    }
    let to_photo = Homography::between(&Quad::whole(WIDTH_MM, HEIGHT_MM), card)?;
    let jpeg_step = SIDE as f32 / (JPEG_BLOCK * scale);
    let mut spectrum = Spectrum::new(SIDE);
    let mut peaks: Vec<f32> = Vec::with_capacity(PLACES.len());
    let mut ripple = f32::INFINITY;
    for [x, y] in PLACES {
        let middle = to_photo.apply(Point::new(x * WIDTH_MM, y * HEIGHT_MM));
        let Some((luma, color)) = square(photo, middle) else { continue };
        let powers = spectrum.powers(&luma, &color);
        peaks.push(powers.iter().map(|power| peak_db(power, jpeg_step)).fold(f32::NEG_INFINITY, f32::max));
        ripple = ripple.min(ripple_percent(&luma, &color));
    }
    if peaks.len() < SQUARES_MIN {
        return None;
    }
    let pattern_db = super::surface::median(peaks).into();
    Some(ScreenTraces { pattern_db, ripple_percent: ripple.into() })
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
fn peak_db(power: &[f32], jpeg_step: f32) -> f32 {
    let n = SIDE as isize;
    let at = |u: isize, v: isize| power[(v.rem_euclid(n) * n + u.rem_euclid(n)) as usize];
    let lowest = (FREQUENCY_MIN * SIDE as f32) as isize;
    let mut highest = 0.0f32;
    // The other half plane is the same.
    for v in 0..n / 2 {
        for u in -n / 2..n / 2 {
            let counts = u * u + v * v >= lowest * lowest && !of_jpeg(u, v, jpeg_step);
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

/// Whether a frequency lies on or beside one that JPEG's blocks make: they make multiples of `step`
/// waves to the square.
fn of_jpeg(u: isize, v: isize, step: f32) -> bool {
    let beside = |w: isize| {
        let multiples = w as f32 / step;
        (multiples - multiples.round()).abs() * step < JPEG_REACH
    };
    beside(u) && beside(v)
}

/// Median distance of `color` (red less blue) from its mean nearby, percent of the mean of `green`.
fn ripple_percent(green: &[f32], color: &[f32]) -> f32 {
    const BOX: usize = 2 * RIPPLE_REACH + 1;
    // Sums over the columns of the box, moved down row by row.
    let mut columns = vec![0.0f32; SIDE];
    let mut off: Vec<f32> = Vec::with_capacity(SIDE * SIDE);
    for (y, row) in color.chunks_exact(SIDE).enumerate() {
        columns.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        if y + 1 < BOX {
            continue;
        }
        let middle = &color[(y - RIPPLE_REACH) * SIDE..][RIPPLE_REACH..SIDE - RIPPLE_REACH];
        let mut sum: f32 = columns[..BOX - 1].iter().sum();
        for (x, value) in middle.iter().enumerate() {
            sum += columns[x + BOX - 1];
            off.push((value - sum / (BOX * BOX) as f32).abs());
            sum -= columns[x];
        }
        let leaving = &color[(y + 1 - BOX) * SIDE..][..SIDE];
        columns.iter_mut().zip(leaving).for_each(|(sum, value)| *sum -= value);
    }
    let light = green.iter().sum::<f32>() / green.len() as f32;
    100.0 * super::surface::median(off) / light.max(RIPPLE_GREEN_MIN)
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
        let clean = screen_traces(&card, &whole, 1.0).expect("room for the squares");
        assert!(clean.pattern_db < 18.0 && clean.ripple_percent < 1.0, "{clean:?}");
        let mut shown = card.clone();
        each_pixel(&mut shown, |x, y, p| {
            let wave = |phase: f32| 12.0 * (1.31 * x + 0.22 * y + phase).sin();
            [p[0] + wave(0.0), p[1] + wave(2.1), p[2] + wave(4.2)]
        });
        let grid = screen_traces(&shown, &whole, 1.0).expect("room for the squares");
        assert!(grid.pattern_db > clean.pattern_db + 10.0, "{grid:?} {clean:?}");
        assert!(grid.ripple_percent > 3.0, "{grid:?}");
        assert_eq!(screen_traces(&card, &whole.scaled(0.1), 1.0), None);
    }

    #[test]
    fn moire_that_bends_ripples_though_it_has_no_one_frequency() {
        let mut card = drawn_card(CardSide::Emblem);
        let whole = Quad::whole(card.width() as f32, card.height() as f32);
        each_pixel(&mut card, |x, y, p| {
            let phase = (x * x + y * y) / 500.0;
            [p[0] + 15.0 * phase.sin(), p[1], p[2] - 15.0 * phase.sin()]
        });
        let moire = screen_traces(&card, &whole, 1.0).expect("room for the squares");
        assert!(moire.ripple_percent > 3.0, "{moire:?}");
    }

    #[test]
    fn the_blocks_of_jpeg_are_known_at_every_scale() {
        assert!(of_jpeg(16, 32, 16.0) && of_jpeg(-17, 0, 16.0) && !of_jpeg(18, 0, 16.0));
        // Decoded at 6/8, a block has 6 pixels and makes 21.3 waves to a square.
        assert!(of_jpeg(21, 43, 128.0 / 6.0) && !of_jpeg(16, 32, 128.0 / 6.0));
    }
}
