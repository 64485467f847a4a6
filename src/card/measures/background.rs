//! The card without its print: how light and of which colour its background is, block by block.
//!
//! The background of a resident ID card is a pale tint that changes smoothly from side to side;
//! print covers less than half of any block outside the portrait and the emblem. So the lighter
//! part of a block is background, whatever is printed on it.

use super::surface::{BENT, EVEN, Surface, median};
use super::view::{QUARTER, zones};
use crate::card::CardSide;
use crate::card::layout::{HEIGHT_MM, PX_PER_MM, WIDTH_MM, Zone};
use crate::geometry::Rect;
use crate::imaging::Rgb;

/// Side of a block, pixels of the quarter picture: 32 pixels of the rectified card, 2.7 mm.
pub(super) const BLOCK: usize = 8;

/// Share of a block's pixels that are darker than its light end.
const LIGHT_END: f32 = 0.9;

/// Blocks nearer to the card's border than this may show its rim, its rounding or the desk, mm.
const RIM_MM: f32 = 1.5;

/// One block of background.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Block {
    /// Its middle, pixels of the quarter picture.
    pub(super) x: f32,
    /// Its middle, pixels of the quarter picture.
    pub(super) y: f32,
    /// Luma, 0 to 255, below which nine tenths of it lie.
    pub(super) light: f32,
    /// Mean of the pixels from the block's median luma up: red, green, blue, 0 to 255.
    pub(super) color: [f32; 3],
}

/// The background of a card.
pub(super) struct Background {
    /// Its blocks outside portrait, emblem and rim, in reading order; never empty.
    pub(super) blocks: Vec<Block>,
    /// Red over green, in powers of e, over the quarter picture.
    red: Surface<BENT>,
    /// Blue over green, in powers of e, over the quarter picture.
    blue: Surface<BENT>,
    /// The blocks' `light` over the quarter picture, without what a lamp or a shadow does to a
    /// part of it.
    lit: Surface<EVEN>,
    /// Median of the blocks' `light`.
    pub(super) light: f32,
}

impl Background {
    /// The background of a card from its picture at a quarter of the scale.
    pub(super) fn of(quarter: &Rgb, side: Option<CardSide>) -> Self {
        let mut blocks = Vec::new();
        let (width, height) = (quarter.width() as usize, quarter.height() as usize);
        for y in (0..height).step_by(BLOCK) {
            for x in (0..width).step_by(BLOCK) {
                let area = Rect { x: x as f32, y: y as f32, width: BLOCK as f32, height: BLOCK as f32 };
                if is_background(&area, side) {
                    blocks.push(block(quarter, x, y));
                }
            }
        }
        let hue = |over_green: usize| {
            let points = blocks.iter().map(|b| (b.x, b.y, log_ratio(b.color, over_green)));
            Surface::fit(&points.collect::<Vec<_>>())
        };
        let lit = Surface::fit(&blocks.iter().map(|b| (b.x, b.y, b.light)).collect::<Vec<_>>());
        let light = median(blocks.iter().map(|b| b.light).collect());
        Self { red: hue(0), blue: hue(2), lit, light, blocks }
    }

    /// Luma of the background at (`x`, `y`) of the quarter picture where nothing changes it but an
    /// even slope of the light.
    pub(super) fn light_at(&self, x: f32, y: f32) -> f32 {
        self.lit.at(x, y)
    }

    /// How far `color` at (`x`, `y`) of the quarter picture is from the background's there: red
    /// over green and blue over green, in powers of e. Light and shade do not count.
    pub(super) fn hue_from(&self, color: [f32; 3], x: f32, y: f32) -> [f32; 2] {
        [log_ratio(color, 0) - self.red.at(x, y), log_ratio(color, 2) - self.blue.at(x, y)]
    }

    /// Red and blue gains that make the background at (`x`, `y`) of the quarter picture neutral.
    pub(super) fn gains(&self, x: f32, y: f32) -> [f32; 2] {
        [(-self.red.at(x, y)).exp(), (-self.blue.at(x, y)).exp()]
    }
}

/// A box of the quarter picture that shows neither portrait, emblem nor the card's rim.
fn is_background(area: &Rect, side: Option<CardSide>) -> bool {
    let px_per_mm = PX_PER_MM / QUARTER as f32;
    let (left, top) = (area.x / px_per_mm, area.y / px_per_mm);
    let (right, bottom) = (left + area.width / px_per_mm, top + area.height / px_per_mm);
    let clear_of_rim =
        left >= RIM_MM && top >= RIM_MM && right <= WIDTH_MM - RIM_MM && bottom <= HEIGHT_MM - RIM_MM;
    let mm = Rect { x: left, y: top, width: right - left, height: bottom - top };
    let picture = |zone: &&Zone| matches!(zone, Zone::Portrait | Zone::Emblem);
    clear_of_rim && zones(side).iter().filter(picture).all(|zone| zone.mm().iou(&mm) == 0.0)
}

fn block(quarter: &Rgb, x: usize, y: usize) -> Block {
    let mut pixels: Vec<([u8; 3], u16)> = (y..(y + BLOCK).min(quarter.height() as usize))
        .flat_map(|row| &quarter.row(row as u32)[x..(x + BLOCK).min(quarter.width() as usize)])
        .map(|p| (*p, luma_of(*p)))
        .collect();
    let count = pixels.len();
    pixels.sort_unstable_by_key(|(_, luma)| *luma);
    let lighter = &pixels[count / 2..];
    let mean = |c: usize| lighter.iter().map(|(p, _)| f32::from(p[c])).sum::<f32>() / lighter.len() as f32;
    Block {
        x: x as f32 + BLOCK as f32 / 2.0,
        y: y as f32 + BLOCK as f32 / 2.0,
        light: f32::from(pixels[((count as f32 * LIGHT_END) as usize).min(count - 1)].1),
        color: std::array::from_fn(mean),
    }
}

/// BT.601 luma, 0 to 255.
pub(super) fn luma_of([r, g, b]: [u8; 3]) -> u16 {
    (77 * u16::from(r) + 150 * u16::from(g) + 29 * u16::from(b)) >> 8
}

/// A channel over green in powers of e; a level is added to both, so that black has no hue.
fn log_ratio(color: [f32; 3], channel: usize) -> f32 {
    const BLACK: f32 = 4.0;
    ((color[channel] + BLACK) / (color[1] + BLACK)).ln()
}
