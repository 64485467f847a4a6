//! What lies across one side of a card: colour changes along normals to the side.

use crate::geometry::Point;
use crate::imaging::{Rgb, color_at};

/// Normals to a side.
pub(super) const NORMALS: usize = 48;

/// The middle part of a side that is looked at; beyond it the card's corners are rounded.
const MIDDLE: f32 = 0.85;

/// Samples along the side for one step of a normal.
const TAPS: usize = 4;

/// How a profile is taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    /// Depth to which it reaches on both sides of the arc, pixels.
    pub(super) reach: f32,
    /// From one step to the next, pixels.
    pub(super) step: f32,
    /// A change of colour is that between so many steps outside and as many inside.
    pub(super) baseline: usize,
    /// A change that is gone at so many steps outside and inside is a thin line's, not a card's.
    pub(super) lasting: usize,
}

/// Changes of colour along the normals of one side of a card, in the frame of the picture that was
/// sampled. Depths count inwards from the arc between the side's ends.
pub(super) struct Profile {
    start: Point,
    along: Point,
    inward: Point,
    /// Length of the side, pixels.
    pub(super) length: f32,
    /// How far inwards the arc bends in its middle, pixels.
    bow: f32,
    /// How it was taken.
    pub(super) look: Look,
    /// Steps of a normal.
    pub(super) steps: usize,
    /// For every normal, the change of colour inwards at every step; `None` where that is outside
    /// the picture.
    pub(super) changes: Vec<Vec<Option<Change>>>,
}

/// A change of colour.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    /// Red, green, blue inside less outside, grey values.
    pub(super) color: [f32; 3],
    /// The same of light: a blurred edge is steepest where it truly is in light alone, while grey
    /// values put it towards the darker side.
    pub(super) light: [f32; 3],
    /// Share of it that lasts farther in and out, 0 to 1.
    pub(super) lasts: f32,
}

impl Profile {
    /// Looks across the arc from `start` to `end` that bends inwards by `bow` pixels.
    pub(super) fn new(picture: &Rgb, (start, end): (Point, Point), bow: f32, look: Look) -> Self {
        let length = start.distance(end).max(1e-3);
        let along = Point::new((end.x - start.x) / length, (end.y - start.y) / length);
        let inward = Point::new(-along.y, along.x);
        let steps = (2.0 * look.reach / look.step).round() as usize + 1;
        let changes = Vec::with_capacity(NORMALS);
        let mut profile = Self { start, along, inward, length, bow, look, steps, changes };
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
        step * self.look.step - self.look.reach
    }

    /// The point at a depth and a position along the side.
    pub(super) fn point(&self, position: f32, depth: f32) -> Point {
        let run = position * self.length;
        let depth = depth + 4.0 * self.bow * position * (1.0 - position);
        Point::new(
            self.start.x + self.along.x * run + self.inward.x * depth,
            self.start.y + self.along.y * run + self.inward.y * depth,
        )
    }

    fn changes_across(&self, picture: &Rgb, position: f32) -> Vec<Option<Change>> {
        let Look { baseline, lasting, .. } = self.look;
        let colors: Vec<Option<[f32; 3]>> = (0..self.steps + 2 * lasting)
            .map(|step| self.color(picture, position, step as f32 - lasting as f32))
            .collect();
        let change = |step: usize| {
            let middle = step + lasting;
            let across = |reach: usize| difference(colors[middle + reach]?, colors[middle - reach]?);
            let color = across(baseline)?;
            // Where the picture ends too soon to tell, the change is given credit.
            let lasts = across(lasting).map_or(1.0, |far| dot(far, color) / dot(color, color).max(1e-6));
            let [inside, outside] = [colors[middle + baseline]?, colors[middle - baseline]?].map(light);
            let light = difference(inside, outside)?;
            Some(Change { color, light, lasts: lasts.clamp(0.0, 1.0) })
        };
        (0..self.steps).map(change).collect()
    }

    /// The mean colour over the stretch of the side that a normal stands for: noise and texture
    /// even out, the edge does not.
    fn color(&self, picture: &Rgb, position: f32, step: f32) -> Option<[f32; 3]> {
        let stretch = MIDDLE / NORMALS as f32;
        let depth = self.depth(step);
        let mut sum = [0.0; 3];
        for tap in 0..TAPS {
            let beside = position + stretch * ((tap as f32 + 0.5) / TAPS as f32 - 0.5);
            let color = color_at(picture, self.point(beside, depth))?;
            (0..3).for_each(|k| sum[k] += color[k]);
        }
        Some(sum.map(|v| v / TAPS as f32))
    }
}

/// Light of a colour of grey values, 0 to 255 each as well; the plain power law of displays.
fn light(color: [f32; 3]) -> [f32; 3] {
    color.map(|v| v * v / 255.0)
}

fn difference(a: [f32; 3], b: [f32; 3]) -> Option<[f32; 3]> {
    Some([a[0] - b[0], a[1] - b[1], a[2] - b[2]])
}

/// The scalar product of two colours.
pub(super) fn dot(a: [f32; 3], b: [f32; 3]) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}
