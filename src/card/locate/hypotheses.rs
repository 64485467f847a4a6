//! Quads that the peaks of the corner maps may be the corners of, the missing corners completed.

use super::cover::{Cover, cover};
use super::maps::Maps;
use super::peaks::Peak;
use super::shape::{ASPECT, plausibility};
use crate::geometry::{Point, Quad};

/// A quad that may be a card, in the network's frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hypothesis {
    /// Corners in card order, up to a half turn.
    pub(super) quad: Quad,
    /// Probability of each corner's peak; 0 for a corner that was completed.
    pub(super) corners: [f32; 4],
    /// What the mask says.
    pub(super) cover: Cover,
    /// How plausible the shape is, 0 to 1.
    pub(super) shape: f32,
}

impl Hypothesis {
    /// For comparing hypotheses of one picture: about 0 to 1. The mask says whether a card is
    /// there, the corners where exactly, the shape whether they belong together.
    pub(super) fn score(&self) -> f32 {
        0.45 * self.certainty() + 0.35 * self.cover.agreement() + 0.2 * self.shape
    }

    /// Mean probability of the four corners.
    pub(super) fn certainty(&self) -> f32 {
        self.corners.iter().sum::<f32>() / 4.0
    }

    /// The score before the mask is asked.
    fn outlook(&self) -> f32 {
        0.45 * self.certainty() + 0.2 * self.shape
    }

    /// The most that completing its corners can make of the score.
    fn score_max(&self) -> f32 {
        0.45 * self.certainty() + 0.35 + 0.2
    }

    fn found_corners(&self) -> usize {
        self.corners.iter().filter(|p| **p > 0.0).count()
    }
}

/// Hypotheses that are held against the mask, the costly part.
const KEPT: usize = 24;

/// Hypotheses whose missing corners are moved to where mask and shape agree: each costs as much as
/// holding a hundred against the mask.
const COMPLETIONS_MAX: usize = 4;

/// Quads that overlap more than this are one.
const SAME_QUAD_IOU: f32 = 0.85;

/// Shortest side of a card, pixels of the network's frame: a card an eighth of the photo wide.
const SIDE_MIN_PX: f32 = 12.0;

/// A quad from two corners alone has nothing but the mask to speak for it.
const AGREEMENT_OF_TWO_MIN: f32 = 0.6;

/// The hypotheses from the corners at which a long side begins and those at which a short one
/// does, best first; only such as lie apart from the cards that are known already.
pub(super) fn hypotheses(maps: &Maps, long: &[Peak], short: &[Peak], known: &[Quad]) -> Vec<Hypothesis> {
    let mut open = Vec::new();
    for (i, a) in long.iter().enumerate() {
        for b in short {
            open.extend(from_adjacent(maps, a, b));
        }
        for c in &long[i + 1..] {
            open.extend(from_diagonal(maps, a, c, short, false));
        }
    }
    for (i, b) in short.iter().enumerate() {
        for d in &short[i + 1..] {
            open.extend(from_diagonal(maps, b, d, long, true));
        }
    }
    open.retain(|it| known.iter().all(|card| are_apart(card, &it.quad)));
    open.sort_by(|a, b| b.outlook().total_cmp(&a.outlook()));
    open.truncate(KEPT);
    for it in &mut open {
        it.cover = cover(maps, &it.quad);
    }
    open.sort_by(|a, b| b.score().total_cmp(&a.score()));
    let mut judged: Vec<Hypothesis> = Vec::with_capacity(open.len());
    let mut completions = 0;
    for it in open {
        // A quad that lies over a better one is the same card: it is not worth completing.
        // Nor is one that no completion can make better than a card in the same place.
        let is_new = judged.iter().all(|better| {
            let is_beaten = better.score() >= it.score_max() && !are_apart(&better.quad, &it.quad);
            !is_beaten && better.quad.iou(&it.quad) < SAME_QUAD_IOU
        });
        if it.found_corners() < 4 && is_new && completions < COMPLETIONS_MAX {
            completions += 1;
            judged.push(completed(maps, it));
        } else if it.found_corners() == 4 {
            judged.push(it);
        }
    }
    judged.retain(|it| it.found_corners() > 2 || it.cover.agreement() >= AGREEMENT_OF_TWO_MIN);
    judged.sort_by(|a, b| b.score().total_cmp(&a.score()));
    judged
}

/// Whether two quads can be two cards.
pub(super) fn are_apart(a: &Quad, b: &Quad) -> bool {
    a.shared_area(b) < SAME_CARD_SHARE * a.area().min(b.area())
}

/// Quads that share more than this of the smaller one are the same card.
const SAME_CARD_SHARE: f32 = 0.3;

/// Quads with `p` and `q` at opposite ends. `turned` says that they are upper right and lower left
/// rather than upper left and lower right.
fn from_diagonal(maps: &Maps, p: &Peak, q: &Peak, others: &[Peak], turned: bool) -> Vec<Hypothesis> {
    let mut found = Vec::new();
    let mut add = |right: Option<&Peak>, left: Option<&Peak>| {
        let opposite = |it: &Peak| Point::new(p.at.x + q.at.x - it.at.x, p.at.y + q.at.y - it.at.y);
        let (right_at, left_at) = match (right, left) {
            (Some(right), Some(left)) => (right.at, left.at),
            (Some(right), None) => (right.at, opposite(right)),
            (None, Some(left)) => (opposite(left), left.at),
            (None, None) => rectangle_on_diagonal(p.at, q.at, turned),
        };
        let chance = |it: Option<&Peak>| it.map_or(0.0, |it| it.probability);
        let mut corners = [p.at, right_at, q.at, left_at];
        let mut chances = [p.probability, chance(right), q.probability, chance(left)];
        if turned {
            corners.rotate_right(1);
            chances.rotate_right(1);
        }
        found.extend(hypothesis(maps, Quad { corners }, chances));
    };
    // Clockwise from p, the right-hand ones come before q.
    let side = |it: &Peak| {
        let (dx, dy) = (q.at.x - p.at.x, q.at.y - p.at.y);
        dx * (it.at.y - p.at.y) - dy * (it.at.x - p.at.x)
    };
    for right in others.iter().filter(|it| side(it) < 0.0) {
        // Whole quads have come of their other diagonal already.
        for left in others.iter().filter(|it| side(it) > 0.0 && !turned) {
            add(Some(right), Some(left));
        }
        add(Some(right), None);
    }
    for left in others.iter().filter(|it| side(it) > 0.0) {
        add(None, Some(left));
    }
    add(None, None);
    found
}

/// The other two corners of an upright card with the diagonal from `p` to `q`: the next clockwise
/// and the one after q.
fn rectangle_on_diagonal(p: Point, q: Point, turned: bool) -> (Point, Point) {
    // The side that begins at p leaves the diagonal by this angle, against the clock.
    let angle = if turned { ASPECT.atan() } else { (1.0 / ASPECT).atan() };
    let (sin, cos) = angle.sin_cos();
    let (dx, dy) = (q.x - p.x, q.y - p.y);
    let side = Point::new((dx * cos + dy * sin) * cos, (dy * cos - dx * sin) * cos);
    (Point::new(p.x + side.x, p.y + side.y), Point::new(q.x - side.x, q.y - side.y))
}

/// The two cards with the side `a` (where a long side begins) to `b`, or from `b` to `a`.
fn from_adjacent(maps: &Maps, a: &Peak, b: &Peak) -> Vec<Hypothesis> {
    let (dx, dy) = (b.at.x - a.at.x, b.at.y - a.at.y);
    // Inward, seen along the way: a quarter turn clockwise.
    let long = {
        let (nx, ny) = (-dy / ASPECT, dx / ASPECT);
        let lower = |p: Point| Point::new(p.x + nx, p.y + ny);
        (Quad { corners: [a.at, b.at, lower(b.at), lower(a.at)] }, [a.probability, b.probability, 0.0, 0.0])
    };
    let short = {
        // From b to a: the right side of the card, so that the rest lies to the left of it.
        let (nx, ny) = (dy * ASPECT, -dx * ASPECT);
        let leftward = |p: Point| Point::new(p.x + nx, p.y + ny);
        let corners = [leftward(b.at), b.at, a.at, leftward(a.at)];
        (Quad { corners }, [0.0, b.probability, a.probability, 0.0])
    };
    [long, short].into_iter().filter_map(|(quad, chances)| hypothesis(maps, quad, chances)).collect()
}

fn hypothesis(maps: &Maps, quad: Quad, corners: [f32; 4]) -> Option<Hypothesis> {
    if !quad.is_convex() || quad.side_lengths().iter().any(|side| *side < SIDE_MIN_PX) {
        return None;
    }
    Some(Hypothesis { quad, corners, cover: Cover { inside: 0.0, around: 0.0 }, shape: shape(maps, &quad) })
}

/// How plausible a quad of the network's frame is as a card, judged by what the photo shows of it.
pub(super) fn shape(maps: &Maps, quad: &Quad) -> f32 {
    let (center, long_side) = maps.camera;
    plausibility(&maps.in_photo_frame(quad), center, long_side)
}

/// Steps by which completed corners are tried elsewhere, shares of the upper side.
const STEPS: [f32; 3] = [0.08, 0.04, 0.02];

/// Moves the corners that no peak stands for to where mask and shape agree best.
fn completed(maps: &Maps, mut it: Hypothesis) -> Hypothesis {
    let missing: Vec<usize> = (0..4).filter(|&corner| it.corners[corner] == 0.0).collect();
    for step in STEPS {
        let step_px = step * it.quad.side_lengths()[0];
        for _ in 0..3 {
            let before = it.score();
            for &corner in &missing {
                it = best_nudge(maps, &it, corner, step_px);
            }
            if it.score() <= before {
                break;
            }
        }
    }
    it
}

/// The best of a hypothesis and its eight neighbours with one corner moved by `step_px`.
pub(super) fn best_nudge(maps: &Maps, it: &Hypothesis, corner: usize, step_px: f32) -> Hypothesis {
    let mut best = *it;
    for (dx, dy) in
        [(-1.0, 0.0), (1.0, 0.0), (0.0, -1.0), (0.0, 1.0), (-0.7, -0.7), (0.7, -0.7), (-0.7, 0.7), (0.7, 0.7)]
    {
        let mut quad = it.quad;
        quad.corners[corner].x += dx * step_px;
        quad.corners[corner].y += dy * step_px;
        let Some(mut moved) = hypothesis(maps, quad, it.corners) else { continue };
        moved.cover = cover(maps, &quad);
        if moved.score() > best.score() {
            best = moved;
        }
    }
    best
}
