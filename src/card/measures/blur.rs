//! Blur of the print, field by field: how far its edges smear, and whether into one direction.
//!
//! A step of height d blurred by a Gaussian of deviation s has the steepest slope
//! d / (s sqrt(2 pi)); so in a tile with print s = (max - min) / (steepest sqrt(2 pi)). Slopes are
//! taken across four directions each by itself: lack of focus lowers all of them, motion only
//! those across its path. Chinese characters and digits have strokes of every direction in nearly
//! every tile, so the steepest of each is print, not the absence of print.

use super::map::CardMap;
use super::view::{CardView, zones};
use crate::card::CardSide;
use crate::card::layout::{PX_PER_MM, Zone};
use crate::geometry::Rect;
use crate::imaging::Luma;

/// Side of a tile, pixels of the rectified card: 2.7 mm, about a character.
const TILE: usize = 32;

/// Standard deviation of luma from which a tile holds print.
const DEVIATION_MIN: f32 = 12.0;

/// Fewest tiles with print from which a field's blur can be told.
const TILES_MIN: usize = 4;

/// Variance, in square pixels, that smoothing by 1 2 1 (1/2) and the difference over two pixels
/// (1/3) add to that of an edge.
const OWN_VARIANCE: f32 = 1.0 / 2.0 + 1.0 / 3.0;

/// Spread along the worst direction over that across the sharpest up to which a blur is even: which
/// strokes stand in a tile is chance. 1.46 at most in 30 defocused photos, 1.77 at least in 30 shaken.
const EVEN_BLUR: f32 = 1.5;

/// Blur of one field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FieldBlur {
    /// Spread (standard deviation) across the sharpest direction: lack of focus, or of pixels.
    /// Pixels of the rectified card, 300 dpi.
    pub focus_px: f64,
    /// What motion adds along its path: the square root of what the squared spread along the worst
    /// direction has more than that of an even blur could. Pixels of the rectified card.
    pub motion_px: f64,
}

/// Blur of the worst field, the two numbers each by itself; over the whole card where its side is
/// not known. `None` where no field has print enough to tell.
pub fn worst_field_blur(view: &CardView) -> Option<FieldBlur> {
    let smooth = smoothed(&view.luma);
    let fields = text_areas(view.side).into_iter().filter_map(|area| blur_in(&smooth, &area));
    fields.reduce(|a, b| FieldBlur {
        focus_px: a.focus_px.max(b.focus_px),
        motion_px: a.motion_px.max(b.motion_px),
    })
}

/// How far edges smear across their sharpest direction, tile by tile wherever there is print, in pixels
/// of the rectified card.
pub fn blur_map(view: &CardView) -> CardMap {
    let smooth = smoothed(&view.luma);
    let (columns, rows) = (smooth.width() as usize / TILE, smooth.height() as usize / TILE);
    let spread = |i: usize| {
        let tile = Tile::at(&smooth, i % columns * TILE, i / columns * TILE)?;
        Some((tile.least * tile.least - OWN_VARIANCE).max(0.0).sqrt())
    };
    CardMap { cell_px: TILE as u32, columns, cells: (0..columns * rows).map(spread).collect() }
}

/// The boxes with the print that is read, pixels of the rectified card.
fn text_areas(side: Option<CardSide>) -> Vec<Rect> {
    const RIM_PX: f32 = 2.0 * PX_PER_MM;
    let (width, height) = (crate::card::layout::WIDTH_PX as f32, crate::card::layout::HEIGHT_PX as f32);
    let inner = Rect { x: RIM_PX, y: RIM_PX, width: width - 2.0 * RIM_PX, height: height - 2.0 * RIM_PX };
    let is_text = |zone: &&Zone| !matches!(zone, Zone::Portrait | Zone::Emblem);
    match side {
        Some(_) => zones(side).iter().filter(is_text).map(|zone| zone.px()).collect(),
        None => vec![inner],
    }
}

/// The median blur of an area's tiles with print.
fn blur_in(smooth: &Luma, area: &Rect) -> Option<FieldBlur> {
    let (x0, y0) = (area.x.max(1.0) as usize, area.y.max(1.0) as usize);
    let (columns, rows) = ((area.width / TILE as f32) as usize, (area.height / TILE as f32) as usize);
    let tiles =
        (0..rows).flat_map(|row| (0..columns).map(move |column| (x0 + column * TILE, y0 + row * TILE)));
    let tiles: Vec<Tile> = tiles.filter_map(|(x, y)| Tile::at(smooth, x, y)).collect();
    if tiles.len() < TILES_MIN {
        return None;
    }
    let middle = |of: fn(&Tile) -> f32| super::surface::median(tiles.iter().map(of).collect());
    let (sharpest, worst) = (middle(|tile| tile.least), middle(|tile| tile.most));
    let variance = |spread: f32| (spread * spread - OWN_VARIANCE).max(0.0);
    let motion = (variance(worst) - EVEN_BLUR * EVEN_BLUR * variance(sharpest)).max(0.0);
    Some(FieldBlur { focus_px: variance(sharpest).sqrt().into(), motion_px: motion.sqrt().into() })
}

/// Spreads of the steepest edges of one tile with print.
struct Tile {
    /// Across the direction with the steepest edge.
    least: f32,
    /// Across the direction with the flattest.
    most: f32,
}

impl Tile {
    /// The tile whose upper left pixel is (`x`, `y`); `None` without print in it or where it does
    /// not lie inside.
    fn at(smooth: &Luma, x: usize, y: usize) -> Option<Self> {
        let fits = x + TILE < smooth.width() as usize && y + TILE < smooth.height() as usize;
        if x == 0 || y == 0 || !fits {
            return None;
        }
        let (mut low, mut high) = ([u8::MAX; TILE], [0u8; TILE]);
        let (mut sum, mut squares) = ([0u32; TILE], [0u32; TILE]);
        // Across x, across y, across the two diagonals.
        let mut steepest = [[0i16; TILE]; 4];
        for row in y..y + TILE {
            let above = &smooth.row(row as u32 - 1)[x..x + TILE];
            let here = &smooth.row(row as u32)[x - 1..=x + TILE];
            let below = &smooth.row(row as u32 + 1)[x..x + TILE];
            for i in 0..TILE {
                let value = here[i + 1];
                low[i] = low[i].min(value);
                high[i] = high[i].max(value);
                sum[i] += u32::from(value);
                squares[i] += u32::from(value) * u32::from(value);
                let dx = i16::from(here[i + 2]) - i16::from(here[i]);
                let dy = i16::from(below[i]) - i16::from(above[i]);
                steepest[0][i] = steepest[0][i].max(dx.abs());
                steepest[1][i] = steepest[1][i].max(dy.abs());
                steepest[2][i] = steepest[2][i].max((dx + dy).abs());
                steepest[3][i] = steepest[3][i].max((dx - dy).abs());
            }
        }
        let count = (TILE * TILE) as f32;
        let mean = sum.iter().sum::<u32>() as f32 / count;
        let variance = squares.iter().sum::<u32>() as f32 / count - mean * mean;
        if variance < DEVIATION_MIN * DEVIATION_MIN {
            return None;
        }
        let height = f32::from(high.into_iter().max()? - low.into_iter().min()?);
        let across = [2.0, 2.0, 2.0 * std::f32::consts::SQRT_2, 2.0 * std::f32::consts::SQRT_2];
        let step_slope = (2.0 * std::f32::consts::PI).sqrt();
        let spreads = [0, 1, 2, 3].map(|direction| {
            let slope = f32::from(steepest[direction].into_iter().max().unwrap_or(0)) / across[direction];
            height / (slope.max(0.5) * step_slope)
        });
        let (least, most) =
            spreads.into_iter().fold((f32::INFINITY, 0.0f32), |(least, most), s| (least.min(s), most.max(s)));
        Some(Self { least, most })
    }
}

/// Every pixel the mean of its neighbourhood with weights 1 2 1 along both axes; the borders are
/// kept. It takes most of the sensor's noise off the steepest slopes.
fn smoothed(luma: &Luma) -> Luma {
    let (width, height) = (luma.width() as usize, luma.height() as usize);
    let mut out = luma.bytes().to_vec();
    let mut column_sums = vec![0u16; width];
    for y in 1..height - 1 {
        let (above, here, below) = (luma.row(y as u32 - 1), luma.row(y as u32), luma.row(y as u32 + 1));
        for (((sum, a), b), c) in column_sums.iter_mut().zip(above).zip(here).zip(below) {
            *sum = u16::from(*a) + 2 * u16::from(*b) + u16::from(*c);
        }
        let target = &mut out[y * width + 1..(y + 1) * width - 1];
        for ((value, sums), &right) in target.iter_mut().zip(column_sums.windows(2)).zip(&column_sums[2..]) {
            *value = ((sums[0] + 2 * sums[1] + right + 8) >> 4) as u8;
        }
    }
    Luma::new(luma.width(), luma.height(), out).expect("as many pixels as before")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{blurred, drawn_card, each_pixel, view};
    use super::*;

    #[test]
    fn the_map_shows_blur_where_the_print_is() {
        let median = |sigma: f32| {
            let card = blurred(&drawn_card(CardSide::Portrait), sigma, sigma);
            let map = blur_map(&view(&card, CardSide::Portrait));
            assert!(map.values().all(|([x, y], _)| x + TILE as u32 <= 1012 && y + TILE as u32 <= 638));
            super::super::surface::median(map.values().map(|(_, spread)| spread).collect())
        };
        let (sharp, soft) = (median(0.0), median(2.0));
        assert!(sharp < 1.0 && soft > 1.5, "{sharp} {soft}");
    }

    fn of(across: f32, down: f32) -> FieldBlur {
        let card = blurred(&drawn_card(CardSide::Portrait), across, down);
        worst_field_blur(&view(&card, CardSide::Portrait)).expect("plenty of print")
    }

    #[test]
    fn focus_is_the_blur_of_all_directions_and_motion_that_of_one() {
        let sharp = of(0.0, 0.0);
        assert!(sharp.focus_px < 0.6 && sharp.motion_px < 0.8, "{sharp:?}");
        for sigma in [1.0, 2.0, 3.0] {
            let blurred = of(sigma, sigma);
            assert!((blurred.focus_px - f64::from(sigma)).abs() < 0.4, "{sigma}: {blurred:?}");
        }
        for (across, down) in [(3.0, 0.0), (0.0, 3.0)] {
            let moved = of(across, down);
            assert!(moved.motion_px > 2.0 && moved.focus_px < 1.0, "{moved:?}");
        }
    }

    #[test]
    fn one_blurred_field_is_the_worst() {
        let (sharp, soft) = (drawn_card(CardSide::Emblem), blurred(&drawn_card(CardSide::Emblem), 3.0, 3.0));
        let mut card = sharp.clone();
        let (validity, width) = (Zone::Validity.px(), sharp.width());
        each_pixel(&mut card, |x, y, old| {
            let blurred = soft.pixels()[(y as u32 * width + x as u32) as usize];
            if y >= validity.y { blurred.map(f32::from) } else { old }
        });
        let found = worst_field_blur(&view(&card, CardSide::Emblem)).expect("plenty of print");
        assert!(found.focus_px > 1.9, "{found:?}");
    }

    #[test]
    fn a_blank_card_has_no_blur() {
        let mut card = drawn_card(CardSide::Emblem);
        each_pixel(&mut card, |_, _, _| [210.0; 3]);
        assert_eq!(worst_field_blur(&view(&card, CardSide::Emblem)), None);
        assert_eq!(worst_field_blur(&CardView::new(&card, None)), None);
    }
}
