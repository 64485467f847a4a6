//! The locator network's maps: what it is shown, what it gives, and where that lies in the photo.
//!
//! Two frames meet here. The network's frame is its input of 256 x 256 pixels; the grid of its
//! outputs reaches 32 pixels beyond it on every side, so that corners just outside have a cell.

use ndarray::{ArrayD, Axis};

use crate::card::{CardError, CardModels};
use crate::geometry::{Homography, Point, Quad};
use crate::imaging::{
    ChannelOrder, Layout, Normalisation, Pyramid, QuarterTurn, TensorFormat, letterbox,
    warp_projective_to_tensor, warp_to_tensor,
};

/// Side of the network's input, pixels.
pub(super) const INPUT_PX: u32 = 256;
/// Cells along a side of the grid.
pub(super) const CELLS: usize = 80;
/// Side of a cell, pixels of the network's frame.
pub(super) const CELL_PX: f32 = 4.0;
/// How far the grid reaches beyond the input, pixels of the network's frame.
pub(super) const MARGIN_PX: f32 = 32.0;

/// The network was trained on red, green, blue from 0 to 1.
const INPUT: TensorFormat = TensorFormat {
    layout: Layout::Nchw,
    order: ChannelOrder::Rgb,
    normalisation: Normalisation::ZERO_TO_ONE,
};

/// What the network gave for one view of a photo.
pub(super) struct Maps {
    /// Logits of corners at which, clockwise, a long side begins, and of those where a short one
    /// does.
    pub(super) corners: [Vec<f32>; 2],
    /// From the centre of a cell to the corner, cells: right and down.
    pub(super) offsets: [Vec<f32>; 2],
    /// Probability that a cell shows a card.
    pub(super) mask: Vec<f32>,
    /// Whether a cell lies within the photo.
    pub(super) in_photo: Vec<bool>,
    /// The network's frame to the photo's.
    pub(super) to_photo: Homography,
    /// Centre and longer side of the photo, in its frame: what a pinhole camera's picture is judged by.
    pub(super) camera: (Point, f32),
}

impl Maps {
    /// The whole photo.
    pub(super) fn of_photo(photo: &Pyramid, models: &mut CardModels) -> Result<Self, CardError> {
        let (width, height) = (photo.base().width(), photo.base().height());
        let view = letterbox(INPUT_PX, width, height, QuarterTurn::None);
        let input = warp_to_tensor(photo, &view, INPUT_PX, INPUT_PX, &INPUT);
        let output = models.locator.run(input.view().into_dyn())?;
        let to_photo = Homography {
            h: [view.a, -view.b, view.tx, view.b, view.a, view.ty, 0.0, 0.0, 1.0].map(f64::from),
        };
        Self::new(&output, to_photo, (width, height))
    }

    /// The photo seen so that `card` (photo frame) lies upright in the middle with a margin of
    /// `margin` card widths on its left and right. `None` where the card has no such view.
    pub(super) fn of_card(
        photo: &Pyramid,
        card: &Quad,
        margin: f32,
        models: &mut CardModels,
    ) -> Result<Option<Self>, CardError> {
        let side = INPUT_PX as f32;
        let width = side / (1.0 + 2.0 * margin);
        let height = width / super::shape::ASPECT;
        let (x, y) = ((side - width) / 2.0, (side - height) / 2.0);
        let upright = Quad::whole(width, height).map(|p| Point::new(p.x + x, p.y + y));
        let Some(to_photo) = Homography::between(&upright, card) else { return Ok(None) };
        let input = warp_projective_to_tensor(photo, &to_photo, INPUT_PX, INPUT_PX, &INPUT);
        let output = models.locator.run(input.view().into_dyn())?;
        let size = (photo.base().width(), photo.base().height());
        Self::new(&output, to_photo, size).map(Some)
    }

    fn new(output: &[ArrayD<f32>], to_photo: Homography, photo_size: (u32, u32)) -> Result<Self, CardError> {
        const WRONG: CardError =
            CardError::Output { model: "card locator", expected: "corners, offsets and a mask of 80 x 80" };
        let [corners, offsets, mask] = output else { return Err(WRONG) };
        if [corners, offsets].iter().any(|it| it.shape() != [1, 2, CELLS, CELLS])
            || mask.shape() != [1, 1, CELLS, CELLS]
        {
            return Err(WRONG);
        }
        let plane = |map: &ArrayD<f32>, channel: usize| -> Vec<f32> {
            map.index_axis(Axis(0), 0).index_axis(Axis(0), channel).iter().copied().collect()
        };
        let (width, height) = (f64::from(photo_size.0), f64::from(photo_size.1));
        let seen = |index: usize| {
            let center = cell_center(index);
            let (x, y) = to_photo.apply_f64(f64::from(center.x), f64::from(center.y));
            let in_input = [center.x, center.y].iter().all(|v| (0.0..INPUT_PX as f32).contains(v));
            in_input && (0.0..width).contains(&x) && (0.0..height).contains(&y)
        };
        Ok(Self {
            corners: [0, 1].map(|channel| plane(corners, channel)),
            offsets: [0, 1].map(|channel| plane(offsets, channel)),
            mask: plane(mask, 0).into_iter().map(probability).collect(),
            in_photo: (0..CELLS * CELLS).map(seen).collect(),
            to_photo,
            camera: (Point::new((width / 2.0) as f32, (height / 2.0) as f32), width.max(height) as f32),
        })
    }

    /// A quad of the network's frame in the photo's frame.
    pub(super) fn in_photo_frame(&self, quad: &Quad) -> Quad {
        quad.map(|p| self.to_photo.apply(p))
    }
}

/// The centre of a cell in the network's frame.
pub(super) fn cell_center(index: usize) -> Point {
    let (column, row) = ((index % CELLS) as f32, (index / CELLS) as f32);
    Point::new((column + 0.5) * CELL_PX - MARGIN_PX, (row + 0.5) * CELL_PX - MARGIN_PX)
}

/// The probability that a logit stands for; 0 for what is not a number.
pub(super) fn probability(logit: f32) -> f32 {
    let p = 1.0 / (1.0 + (-logit).exp());
    if p.is_nan() { 0.0 } else { p }
}
