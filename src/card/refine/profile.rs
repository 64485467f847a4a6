//! What lies across one side of a card: colour changes along normals to the side.

use crate::geometry::Point;
use crate::imaging::{Rgb, color_at};

/// Normals to a side.
pub(super) const NORMALS: usize = 48;

/// The middle part of a side that is looked at; beyond it the card's corners are rounded.
const MIDDLE: f32 = 0.85;

/// Changes of colour along the normals of one side of a card, in the frame of the picture that was
/// sampled. Depths count inwards from the line between the side's ends.
pub(super) struct Profile {
    /// The side's beginning, its direction and its inward normal.
    pub(super) start: Point,
    pub(super) along: Point,
    pub(super) inward: Point,
    /// Length of the side, pixels.
    pub(super) length: f32,
    /// Depth from the line to the outermost step, and from one step to the next, pixels.
    pub(super) reach: f32,
    pub(super) step: f32,
    /// Steps of a normal.
    pub(super) steps: usize,
    /// The change of colour inwards at every step of every normal, grey values across two steps;
    /// `None` for normals that leave the picture.
    pub(super) changes: Vec<Option<Vec<[f32; 3]>>>,
}

impl Profile {
    /// Looks `reach` pixels to both sides of the line from `start` to `end`, in steps of `step`.
    pub(super) fn new(picture: &Rgb, (start, end): (Point, Point), reach: f32, step: f32) -> Self {
        let length = start.distance(end).max(1e-3);
        let along = Point::new((end.x - start.x) / length, (end.y - start.y) / length);
        let inward = Point::new(-along.y, along.x);
        let steps = (2.0 * reach / step).round() as usize + 1;
        let mut profile =
            Self { start, along, inward, length, reach, step, steps, changes: Vec::with_capacity(NORMALS) };
        for normal in 0..NORMALS {
            let changes = profile.changes_across(picture, profile.position(normal));
            profile.changes.push(changes);
        }
        profile
    }

    /// Where along the side a normal stands, 0 at its start to 1 at its end.
    pub(super) fn position(&self, normal: usize) -> f32 {
        (1.0 - MIDDLE) / 2.0 + MIDDLE * (normal as f32 + 0.5) / NORMALS as f32
    }

    /// The depth of a step, which may lie between two.
    pub(super) fn depth(&self, step: f32) -> f32 {
        step * self.step - self.reach
    }

    /// The point at a depth and a position along the side.
    pub(super) fn point(&self, position: f32, depth: f32) -> Point {
        let run = position * self.length;
        Point::new(
            self.start.x + self.along.x * run + self.inward.x * depth,
            self.start.y + self.along.y * run + self.inward.y * depth,
        )
    }

    fn changes_across(&self, picture: &Rgb, position: f32) -> Option<Vec<[f32; 3]>> {
        // One step more at both ends, and the mean of three neighbours along the side: noise and
        // texture even out, the edge does not.
        let color = |step: usize| {
            let depth = self.depth(step as f32 - 1.0);
            let beside =
                TAPS_PX.map(|off| color_at(picture, self.point(position + off / self.length, depth)));
            let [Some(a), Some(b), Some(c)] = beside else { return None };
            Some([0, 1, 2].map(|k| (a[k] + b[k] + c[k]) / 3.0))
        };
        let colors: Option<Vec<[f32; 3]>> = (0..self.steps + 2).map(color).collect();
        Some(colors?.windows(3).map(|w| [0, 1, 2].map(|k| w[2][k] - w[0][k])).collect())
    }
}

/// Where a normal is sampled, pixels along the side.
const TAPS_PX: [f32; 3] = [-1.5, 0.0, 1.5];
