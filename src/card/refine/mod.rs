//! Sets the corners of a card to the pixel: a line is fitted to each of its four edges, coarse on a
//! reduced picture, then fine on the picture itself; the corners are where the lines cross.
//!
//! A side that shows no clear edge keeps the line it came with. The card's corners are rounded: the
//! corners here are those of its straight sides.

mod line;
mod profile;

use super::locate::shape::card_misfit;
use crate::geometry::{Point, Quad};
use crate::imaging::Pyramid;
use line::{Edge, candidates, fitted};
use profile::{Look, Profile};

/// A card whose corners have been set to the pixel. All in the frame of the pyramid's base.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Refined {
    /// The corners.
    pub quad: Quad,
    /// How each side was found: upper, right, lower, left.
    pub sides: [Side; 4],
}

/// How one side of a card was found.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Side {
    /// Share of the side along which its edge is seen where the line runs, 0 to 1; 0 for a side
    /// that kept its line.
    pub support: f32,
    /// Root mean square distance of the edge from the line, pixels.
    pub residual_px: f32,
}

impl Refined {
    /// Mean support of the four sides, 0 to 1.
    pub fn support(&self) -> f32 {
        self.sides.iter().map(|side| side.support).sum::<f32>() / 4.0
    }
}

/// The first look reaches this far to both sides of an edge, card widths.
const COARSE_REACH: f32 = 0.035;

/// The corners that come in are off by about this much, card widths: one standard deviation.
const PRIOR: f32 = 0.007;

/// Steps from the line to the reach in the first look.
const COARSE_STEPS: f32 = 12.0;

/// Normals must agree this well for the first look to move a line.
const AGREEMENT_MIN: f32 = 0.16;

/// A side must show its edge along this share of it for its line to be replaced.
const SUPPORT_MIN: f32 = 0.35;

/// A corner may move this far, card widths.
const MOVE_MAX: f32 = 0.06;

/// Sets the corners of `quad`, which may be off by some hundredths of the card's width.
pub fn refined(photo: &Pyramid, quad: &Quad) -> Refined {
    let kept = Refined { quad: *quad, sides: [Side::default(); 4] };
    let width_px = quad.side_lengths().iter().fold(0.0_f32, |a, b| a.max(*b));
    if !quad.is_convex() || !(width_px >= 24.0) {
        return kept;
    }
    let mut outline = coarse(photo, quad, width_px);
    for look in FINE_LOOKS {
        outline = fine(photo, &outline, width_px, look);
    }
    let fine = Refined { quad: outline.quad, sides: outline.sides };
    let moves = fine.quad.corners.iter().zip(&quad.corners).map(|(a, b)| a.distance(*b));
    let is_sound = fine.quad.is_convex() && moves.fold(0.0, f32::max) <= MOVE_MAX * width_px;
    if is_sound { fine } else { kept }
}

/// The four lines on which the edges' normals agree best and that together look like a card, on a
/// picture in which the reach is a dozen pixels.
fn coarse(photo: &Pyramid, quad: &Quad, width_px: f32) -> Outline {
    let reach_px = COARSE_REACH * width_px;
    let level = photo.level_for(reach_px / COARSE_STEPS);
    let scale = 1.0 / (1_u32 << level) as f32;
    let (picture, quad) = (photo.level(level), quad.scaled(scale));
    let reach = reach_px * scale;
    let look = Look { reach, step: reach / COARSE_STEPS, baseline: 1, lasting: 3 };
    let lines = quad.sides().map(|side| {
        let profile = Profile::new(picture, side, 0.0, look);
        let mut found = candidates(&profile, PRIOR * width_px * scale, CANDIDATES);
        found.retain(|it| it.agreement >= AGREEMENT_MIN);
        let mut lines: Vec<(Line, f32)> =
            found.iter().map(|it| (Line::of(&profile, 0.0, it.edge), it.score)).collect();
        if lines.is_empty() {
            lines.push((Line::of(&profile, 0.0, UNMOVED), 0.0));
        }
        lines
    });
    let size = [picture.width() as f32, picture.height() as f32];
    let quad = most_like_a_card(&lines, size).unwrap_or(quad).scaled(1.0 / scale);
    Outline { quad, bows: [0.0; 4], sides: [Side::default(); 4] }
}

/// Lines of a side that are tried with those of the other sides: the card's edge, a printed frame,
/// a shadow.
const CANDIDATES: usize = 4;

/// The quad of one line of each side with the best sum of scores, less what its shape takes away.
fn most_like_a_card(lines: &[Vec<(Line, f32)>; 4], [width, height]: [f32; 2]) -> Option<Quad> {
    let center = Point::new(width / 2.0, height / 2.0);
    let mut best: Option<(f32, Quad)> = None;
    for choice in 0..lines.iter().map(Vec::len).product() {
        let mut rest = choice;
        let chosen = [0, 1, 2, 3].map(|side| {
            let index = rest % lines[side].len();
            rest /= lines[side].len();
            lines[side][index]
        });
        let Some(quad) = crossed(&chosen.map(|it| it.0)).filter(Quad::is_convex) else { continue };
        let misfit = card_misfit(&quad, center, width.max(height));
        let score = chosen.iter().map(|it| it.1).sum::<f32>() - SHAPE_WEIGHT * misfit.min(MISFIT_MAX);
        if best.is_none_or(|(known, _)| score > known) {
            best = Some((score, quad));
        }
    }
    best.map(|(_, quad)| quad)
}

/// What a misfit of one standard deviation takes away, in agreement of one side.
const SHAPE_WEIGHT: f32 = 0.02;

/// Misfits beyond this say that the camera is not as thought, and nothing of the lines.
const MISFIT_MAX: f32 = 16.0;

/// An edge where it was expected.
const UNMOVED: Edge = Edge { a: 0.0, b: 0.0, c: 0.0 };

/// The outline of a card in the making, in the frame of the pyramid's base.
#[derive(Debug, Clone, Copy)]
struct Outline {
    quad: Quad,
    /// How far each side bends inwards in its middle, pixels.
    bows: [f32; 4],
    sides: [Side; 4],
}

/// The outline by lines or slight arcs fitted to the edges about it.
fn fine(photo: &Pyramid, outline: &Outline, width_px: f32, (width, look): (f32, Look)) -> Outline {
    let level = photo.level_for(width_px / width);
    let scale = 1.0 / (1_u32 << level) as f32;
    let picture = photo.level(level);
    let quad = outline.quad.scaled(scale);
    let mut lines = [Line::default(); 4];
    let mut found = *outline;
    for (i, side) in quad.sides().into_iter().enumerate() {
        let bow = outline.bows[i] * scale;
        let profile = Profile::new(picture, side, bow, look);
        let fit = fitted(&profile).filter(|fit| fit.support >= SUPPORT_MIN);
        let edge = fit.map_or(UNMOVED, |fit| fit.edge);
        lines[i] = Line::of(&profile, bow, edge);
        found.bows[i] = (bow - edge.c / 4.0) / scale;
        found.sides[i] = fit.map_or(Side::default(), |fit| Side {
            support: fit.support,
            residual_px: fit.residual_px / scale,
        });
    }
    found.quad = crossed(&lines).unwrap_or(quad).scaled(1.0 / scale);
    found
}

/// Looks at the edges, and how wide the card is in the picture that they are taken from, pixels:
/// the first allows for what the coarse lines leave and for bent edges, the last is exact. Finer
/// pixels than those hold only noise.
const FINE_LOOKS: [(f32, Look); 2] = [
    (500.0, Look { reach: 6.0, step: 0.5, baseline: 2, lasting: 8 }),
    (1000.0, Look { reach: 4.0, step: 0.5, baseline: 2, lasting: 8 }),
];

/// A side as straight lines at its beginning and at its end, which differ where a lens bends it.
#[derive(Debug, Clone, Copy, Default)]
struct Line {
    beginning: (Point, Point),
    end: (Point, Point),
}

impl Line {
    /// The edge found in a profile whose arc bends inwards by `bow` pixels.
    fn of(profile: &Profile, bow: f32, edge: Edge) -> Self {
        // Tangents of the edge, drawn over the side's whole length.
        let tangent = |at: f32| {
            let slope = edge.b + 2.0 * edge.c * at + 4.0 * bow * (1.0 - 2.0 * at);
            let depth = |position: f32| edge.depth(at) + slope * (position - at);
            // The arc itself passes through both ends.
            (profile.point(0.0, depth(0.0)), profile.point(1.0, depth(1.0)))
        };
        Self { beginning: tangent(0.0), end: tangent(1.0) }
    }
}

/// The quad whose sides lie on four lines.
fn crossed(lines: &[Line; 4]) -> Option<Quad> {
    let mut corners = [Point::default(); 4];
    for (i, corner) in corners.iter_mut().enumerate() {
        *corner = crossing(lines[(i + 3) % 4].end, lines[i].beginning)?;
    }
    Some(Quad { corners })
}

/// Where two lines, given by two points each, cross.
fn crossing((a, b): (Point, Point), (c, d): (Point, Point)) -> Option<Point> {
    let (dx, dy) = (f64::from(b.x - a.x), f64::from(b.y - a.y));
    let (ex, ey) = (f64::from(d.x - c.x), f64::from(d.y - c.y));
    let across = dx * ey - dy * ex;
    let run = (f64::from(c.x - a.x) * ey - f64::from(c.y - a.y) * ex) / across;
    let (x, y) = (f64::from(a.x) + dx * run, f64::from(a.y) + dy * run);
    (across.abs() > 1e-9 && x.is_finite() && y.is_finite()).then(|| Point::new(x as f32, y as f32))
}

#[cfg(test)]
mod tests;
