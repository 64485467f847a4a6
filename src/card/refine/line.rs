//! The line of a card's edge in a profile: first the best of many lines by common consent of the
//! normals, then the sub-pixel fit.

use super::profile::{NORMALS, Profile};

/// A change of this many grey values is counted half: noise counts little, and one strong edge of
/// print not more than many honest ones.
const CHANGE_HALF: f32 = 9.0;

/// The normals vote in this many groups; within a group an edge must change the colour in the same
/// way, from group to group the background may change.
const GROUPS: usize = 4;

/// An edge as depths at positions along the side: `a + b t + c t^2`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Edge {
    pub(super) a: f32,
    pub(super) b: f32,
    pub(super) c: f32,
}

impl Edge {
    pub(super) fn depth(&self, position: f32) -> f32 {
        self.a + (self.b + self.c * position) * position
    }
}

/// A change of colour at half weight where it is [`CHANGE_HALF`], its length below 1.
fn saturated(change: [f32; 3]) -> [f32; 3] {
    let length = change.iter().map(|v| v * v).sum::<f32>().sqrt();
    change.map(|v| v / (length + CHANGE_HALF))
}

/// The straight line on which the normals agree best, and how well, 0 to 1. `prior_px` is how far
/// the line is expected to lie off, one standard deviation. `None` where too few normals lie
/// within the picture.
pub(super) fn consensus(profile: &Profile, prior_px: f32) -> Option<(Edge, f32)> {
    let votes: Vec<Option<Vec<[f32; 3]>>> = profile
        .changes
        .iter()
        .map(|changes| changes.as_ref().map(|it| it.iter().map(|change| saturated(*change)).collect()))
        .collect();
    let seen = votes.iter().flatten().count();
    if seen < NORMALS_MIN {
        return None;
    }
    let last = profile.steps - 1;
    let mut best: Option<(f32, f32, Edge)> = None;
    for from in 0..=last {
        for to in 0..=last {
            let edge = {
                let (a, b) = (profile.depth(from as f32), profile.depth(to as f32));
                Edge { a, b: b - a, c: 0.0 }
            };
            let agreed = agreement(profile, &votes, from as f32, to as f32) / seen as f32;
            let off = [edge.depth(0.0), edge.depth(1.0)].map(|depth| (depth / prior_px).powi(2));
            let score = agreed - PRIOR_WEIGHT * (off[0] + off[1]);
            if best.is_none_or(|(known, ..)| score > known) {
                best = Some((score, agreed, edge));
            }
        }
    }
    best.map(|(_, agreed, edge)| (edge, agreed))
}

/// Fewest normals within the picture that a line is looked for with.
const NORMALS_MIN: usize = 12;

/// What a line one standard deviation off at one end gives up in agreement.
const PRIOR_WEIGHT: f32 = 0.008;

/// Sum over groups of the length of the summed votes on a line from step `from` to step `to`.
fn agreement(profile: &Profile, votes: &[Option<Vec<[f32; 3]>>], from: f32, to: f32) -> f32 {
    votes
        .chunks(NORMALS / GROUPS)
        .enumerate()
        .map(|(group, votes)| {
            let mut sum = [0.0_f32; 3];
            for (n, vote) in votes.iter().enumerate() {
                let Some(vote) = vote else { continue };
                let position = profile.position(group * (NORMALS / GROUPS) + n);
                let step = (from + (to - from) * position + 0.5) as usize;
                let vote = vote[step.min(vote.len() - 1)];
                (0..3).for_each(|k| sum[k] += vote[k]);
            }
            sum.iter().map(|v| v * v).sum::<f32>().sqrt()
        })
        .sum()
}

/// A fitted edge and how well it is founded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fit {
    pub(super) edge: Edge,
    /// Share of all normals, those outside the picture included, that have the edge there, 0 to 1.
    pub(super) support: f32,
    /// Root mean square of their distance from the line, pixels.
    pub(super) residual_px: f32,
}

/// Fits the edge near the line `about` to the sub-pixel. `within_px` is how far from it a normal
/// may have the edge.
pub(super) fn fitted(profile: &Profile, about: Edge, within_px: f32) -> Option<Fit> {
    let found = crossings(profile, about, within_px);
    if found.len() < NORMALS_MIN {
        return None;
    }
    let straight = robust(&found, about, false)?;
    let bent = robust(&found, straight.0, true).filter(|(edge, residual, inliers)| {
        // A lens bends an edge a little and all along; anything else is a wrong turn.
        edge.c.abs() / 4.0 <= BOW_MAX * profile.length
            && *inliers * 10 >= found.len() * 8
            && *residual < BOW_GAIN * straight.1
    });
    let (edge, residual_px, inliers) = bent.unwrap_or(straight);
    (inliers >= NORMALS_MIN).then(|| Fit { edge, support: inliers as f32 / NORMALS as f32, residual_px })
}

/// Deepest bow of an edge that a lens makes, share of the side's length.
const BOW_MAX: f32 = 0.006;

/// A bow must bring the residual down this far.
const BOW_GAIN: f32 = 0.8;

/// An edge crossed by a normal.
struct Crossing {
    position: f32,
    depth: f32,
    weight: f32,
}

/// Where each normal crosses the edge: the strongest change in the way that its neighbours about
/// the line agree on.
fn crossings(profile: &Profile, about: Edge, within_px: f32) -> Vec<Crossing> {
    let mut found = Vec::with_capacity(NORMALS);
    let step_of = |depth: f32| (depth + profile.reach) / profile.step;
    let span = |normal: usize| {
        let middle = step_of(about.depth(profile.position(normal)));
        let half = within_px / profile.step;
        let last = profile.steps as f32 - 1.0;
        ((middle - half).clamp(0.0, last) as usize, (middle + half).ceil().clamp(0.0, last) as usize)
    };
    for group in 0..GROUPS {
        let normals = group * (NORMALS / GROUPS)..(group + 1) * (NORMALS / GROUPS);
        // The way the colour changes on the line itself, by all of the group.
        let mut way = [0.0_f32; 3];
        for normal in normals.clone() {
            let Some(changes) = &profile.changes[normal] else { continue };
            let step = step_of(about.depth(profile.position(normal))).round() as usize;
            for near in step.saturating_sub(1)..=(step + 1).min(profile.steps - 1) {
                let vote = saturated(changes[near]);
                (0..3).for_each(|k| way[k] += vote[k]);
            }
        }
        let length = way.iter().map(|v| v * v).sum::<f32>().sqrt();
        if length < 1e-3 {
            continue;
        }
        for normal in normals {
            let Some(changes) = &profile.changes[normal] else { continue };
            let strength = |step: usize| {
                let change = changes[step];
                (0..3).map(|k| change[k] * way[k]).sum::<f32>() / length
            };
            let (first, last) = span(normal);
            let Some(peak) = (first..=last).max_by(|a, b| strength(*a).total_cmp(&strength(*b))) else {
                continue;
            };
            let here = strength(peak);
            if here < CHANGE_MIN || peak == 0 || peak + 1 == profile.steps {
                continue;
            }
            let (before, after) = (strength(peak - 1), strength(peak + 1));
            let curvature = before - 2.0 * here + after;
            let shift = if curvature < 0.0 { (before - after) / (2.0 * curvature) } else { 0.0 };
            found.push(Crossing {
                position: profile.position(normal),
                depth: profile.depth(peak as f32 + shift.clamp(-1.0, 1.0)),
                weight: here / (here + CHANGE_HALF),
            });
        }
    }
    found
}

/// Weaker changes than this are noise, grey values.
const CHANGE_MIN: f32 = 4.0;

/// Crossings nearer to the line than this are on it, pixels.
const ON_LINE_PX: f32 = 1.2;

/// Weighted least squares, the weights of far crossings lowered round by round (Tukey's biweight);
/// the residual and number of the crossings that lie on the edge.
fn robust(found: &[Crossing], about: Edge, bent: bool) -> Option<(Edge, f32, usize)> {
    let mut edge = about;
    for round in 0..8 {
        let reach = (8.0 / (1 << round) as f32).max(2.0) * ON_LINE_PX;
        let weight = |it: &Crossing| {
            let off = (it.depth - edge.depth(it.position)) / reach;
            it.weight * (1.0 - off * off).max(0.0).powi(2)
        };
        edge = least_squares(found.iter().map(|it| (it.position, it.depth, weight(it))), bent)?;
    }
    let off = |it: &Crossing| it.depth - edge.depth(it.position);
    let on: Vec<f32> = found.iter().map(off).filter(|off| off.abs() <= ON_LINE_PX).collect();
    let residual = (on.iter().map(|off| off * off).sum::<f32>() / on.len().max(1) as f32).sqrt();
    Some((edge, residual, on.len()))
}

/// The straight or bent edge of least weighted squares.
fn least_squares(points: impl Iterator<Item = (f32, f32, f32)>, bent: bool) -> Option<Edge> {
    // Normal equations of powers of the position, solved by Cramer's rule.
    let (mut s, mut d) = ([0.0_f64; 5], [0.0_f64; 3]);
    for (position, depth, weight) in points {
        let (t, depth, weight) = (f64::from(position), f64::from(depth), f64::from(weight));
        let powers = [1.0, t, t * t, t * t * t, t * t * t * t];
        (0..5).for_each(|k| s[k] += weight * powers[k]);
        (0..3).for_each(|k| d[k] += weight * depth * powers[k]);
    }
    let edge = if bent {
        let of = |a: [f64; 3], b: [f64; 3], c: [f64; 3]| {
            a[0] * (b[1] * c[2] - b[2] * c[1]) - b[0] * (a[1] * c[2] - a[2] * c[1])
                + c[0] * (a[1] * b[2] - a[2] * b[1])
        };
        let [x, y, z] = [0, 1, 2].map(|k| [s[k], s[k + 1], s[k + 2]]);
        let all = of(x, y, z);
        [of(d, y, z) / all, of(x, d, z) / all, of(x, y, d) / all]
    } else {
        let all = s[0] * s[2] - s[1] * s[1];
        [(d[0] * s[2] - d[1] * s[1]) / all, (s[0] * d[1] - s[1] * d[0]) / all, 0.0]
    };
    let [a, b, c] = edge.map(|v| v as f32);
    edge.iter().all(|v| v.is_finite()).then_some(Edge { a, b, c })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn least_squares_finds_lines_and_bows() {
        let at = |edge: Edge| (0..20).map(move |i| (i as f32 / 20.0, edge.depth(i as f32 / 20.0), 1.0));
        let line = Edge { a: 1.0, b: -2.5, c: 0.0 };
        let bow = Edge { a: -1.0, b: 4.0, c: -3.0 };
        for (edge, bent) in [(line, false), (line, true), (bow, true)] {
            let found = least_squares(at(edge), bent).expect("enough points");
            for t in [0.0, 0.5, 1.0] {
                assert!((found.depth(t) - edge.depth(t)).abs() < 1e-4, "{edge:?} {found:?}");
            }
        }
        assert_eq!(least_squares(std::iter::empty(), false), None);
    }
}
