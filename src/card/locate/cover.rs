//! How well a quad agrees with the mask of the visible parts of cards.

use super::maps::{CELL_PX, CELLS, MARGIN_PX, Maps, cell_center};
use crate::geometry::{Point, Quad};

/// What the mask shows of a quad.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cover {
    /// Mean probability of card within the quad and the photo, 0 to 1.
    pub(super) inside: f32,
    /// Mean probability of card in a narrow ring about the quad, 0 to 1.
    pub(super) around: f32,
}

impl Cover {
    /// 1 where the mask is the quad, 0 where they have nothing to do with each other.
    pub(super) fn agreement(&self) -> f32 {
        (self.inside - self.around).max(0.0)
    }
}

/// Cells whose centre is this near to an edge are neither inside nor outside, pixels of the
/// network's frame.
const EDGE_PX: f32 = 0.5 * CELL_PX;

/// Width of the ring in which there should be no card, pixels of the network's frame.
const RING_PX: f32 = 3.0 * CELL_PX;

/// Area above which every other cell is looked at, pixels of the network's frame: 500 cells.
const STRIDE_AREA_PX: f32 = 500.0 * CELL_PX * CELL_PX;

/// Compares the mask with a convex clockwise quad of the network's frame.
pub(super) fn cover(maps: &Maps, quad: &Quad) -> Cover {
    let depth = depth_in(quad);
    let cells = |low: f32, high: f32| {
        let cell = |at: f32| ((at + MARGIN_PX) / CELL_PX).clamp(0.0, CELLS as f32) as usize;
        cell(low - RING_PX)..(cell(high + RING_PX) + 1).min(CELLS)
    };
    let range = |of: fn(&crate::geometry::Point) -> f32| {
        let values = quad.corners.iter().map(of);
        values.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
    };
    let ((left, right), (top, bottom)) = (range(|p| p.x), range(|p| p.y));
    // Every other cell of a large card will do.
    let stride = if quad.area() > STRIDE_AREA_PX { 2 } else { 1 };
    let (mut inside, mut inside_cells, mut around, mut around_cells) = (0.0, 0.0, 0.0, 0.0);
    for row in cells(top, bottom) {
        for column in cells(left, right).skip(row % stride).step_by(stride) {
            let index = row * CELLS + column;
            if !maps.in_photo[index] {
                continue;
            }
            let depth = depth(cell_center(index));
            if depth > EDGE_PX {
                inside += maps.mask[index];
                inside_cells += 1.0;
            } else if depth < -EDGE_PX && depth > -RING_PX {
                around += maps.mask[index];
                around_cells += 1.0;
            }
        }
    }
    let mean = |sum: f32, cells: f32| if cells > 0.0 { sum / cells } else { 0.0 };
    Cover { inside: mean(inside, inside_cells), around: mean(around, around_cells) }
}

/// How far beyond a quad the mask may reach without being another card's, pixels of the network's
/// frame, and in shares of the quad's longest side.
const BEYOND_PX: f32 = 2.0 * CELL_PX;
const BEYOND_SHARE: f32 = 0.06;

/// Probability from which a cell beyond a quad shows a card.
const CARD_MIN: f32 = 0.3;

/// Area of what the mask takes for cards beyond `quad`, over the quad's area: parts of other cards,
/// too little of which is seen to tell their corners.
pub(super) fn beyond(maps: &Maps, quad: &Quad) -> f32 {
    let longest = quad.side_lengths().into_iter().fold(0.0_f32, f32::max);
    let reach = BEYOND_PX.max(BEYOND_SHARE * longest);
    let depth = depth_in(quad);
    let is_beyond =
        |&i: &usize| maps.in_photo[i] && maps.mask[i] >= CARD_MIN && depth(cell_center(i)) < -reach;
    let cells = (0..CELLS * CELLS).filter(is_beyond).count();
    cells as f32 * CELL_PX * CELL_PX / quad.area().max(1.0)
}

/// How far inside a convex clockwise quad a point lies, pixels; negative outside.
fn depth_in(quad: &Quad) -> impl Fn(Point) -> f32 {
    // Inward normals of the four sides: a x + b y + c is the distance inside.
    let lines = quad.sides().map(|(p, q)| {
        let (dx, dy) = (q.x - p.x, q.y - p.y);
        let length = dx.hypot(dy).max(1e-6);
        let (a, b) = (-dy / length, dx / length);
        [a, b, -(a * p.x + b * p.y)]
    });
    move |p| lines.iter().map(|[a, b, c]| a * p.x + b * p.y + c).fold(f32::INFINITY, f32::min)
}
