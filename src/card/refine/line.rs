//! The line of a card's edge in a profile: first the best of many lines by common consent of the
//! normals, then the sub-pixel fit.

use super::profile::{Change, NORMALS, Profile, dot};

/// A change of this many grey values is counted half: noise counts little, and one strong edge of
/// print not more than many honest ones.
const CHANGE_HALF: f32 = 15.0;

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

/// What a normal has to say for an edge at a step: the way in which the colour changes, at half
/// weight where the change is [`CHANGE_HALF`], below 1. A thin line's flanks count half.
fn vote(change: &Option<Change>) -> [f32; 3] {
    let Some(Change { color, lasts, .. }) = change else { return [0.0; 3] };
    let weight = (0.5 + 0.5 * lasts) / (dot(*color, *color).sqrt() + CHANGE_HALF);
    color.map(|v| v * weight)
}

/// A straight line that may be a card's edge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    pub(super) edge: Edge,
    /// How well the normals agree on it, 0 to 1.
    pub(super) agreement: f32,
    /// Agreement less what the line gives up for lying off where it was expected.
    pub(super) score: f32,
}

/// The lines on which the normals agree best, best first, at most `count`, none next to a better
/// one. `prior_px` is how far the line is expected to lie off, one standard deviation.
pub(super) fn candidates(profile: &Profile, prior_px: f32, count: usize) -> Vec<Candidate> {
    let votes: Vec<Vec<[f32; 3]>> =
        profile.changes.iter().map(|changes| changes.iter().map(vote).collect()).collect();
    let line = |(from, to): (usize, usize)| {
        let (a, b) = (profile.depth(from as f32), profile.depth(to as f32));
        let edge = Edge { a, b: b - a, c: 0.0 };
        let agreement = agreement(profile, &votes, from as f32, to as f32);
        let off = [a, b].map(|depth| (depth / prior_px).powi(2).min(PRIOR_MAX)).iter().sum::<f32>();
        Candidate { edge, agreement, score: agreement - PRIOR_WEIGHT * off - INNER_COST * (a + b) / prior_px }
    };
    let steps = 0..profile.steps;
    let mut lines: Vec<Candidate> =
        steps.clone().flat_map(|from| steps.clone().map(move |to| (from, to))).map(line).collect();
    lines.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Candidate> = Vec::new();
    let apart = APART_STEPS * profile.look.step;
    for it in lines {
        let is_near = |known: &Candidate| {
            let off = |at: f32| (known.edge.depth(at) - it.edge.depth(at)).abs();
            off(0.0).max(off(1.0)) < apart || off(0.5) < apart / 2.0
        };
        if !kept.iter().any(is_near) {
            kept.push(it);
        }
        if kept.len() == count {
            break;
        }
    }
    kept
}

/// Lines nearer to a better one than this at both ends are the same edge, steps.
const APART_STEPS: f32 = 3.0;

/// Fewest normals that make an edge.
const NORMALS_MIN: usize = 12;

/// What a line one standard deviation off at one end gives up in agreement.
const PRIOR_WEIGHT: f32 = 0.016;

/// Squared standard deviations beyond which a line gives up no more: the network may have taken a
/// printed frame for the edge.
const PRIOR_MAX: f32 = 4.0;

/// What a line gives up for lying one standard deviation farther in at one end: printed frames lie
/// inside a card's edge.
const INNER_COST: f32 = 0.03;

/// How well the normals agree on a line from step `from` to step `to`, 0 to 1: the lengths of the
/// groups' summed votes.
fn agreement(profile: &Profile, votes: &[Vec<[f32; 3]>], from: f32, to: f32) -> f32 {
    let of_group = |(group, votes): (usize, &[Vec<[f32; 3]>])| {
        let mut sum = [0.0_f32; 3];
        for (n, vote) in votes.iter().enumerate() {
            let position = profile.position(group * (NORMALS / GROUPS) + n);
            let step = (from + (to - from) * position + 0.5) as usize;
            let vote = vote[step.min(vote.len() - 1)];
            (0..3).for_each(|k| sum[k] += vote[k]);
        }
        dot(sum, sum).sqrt()
    };
    votes.chunks(NORMALS / GROUPS).enumerate().map(of_group).sum::<f32>() / NORMALS as f32
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

/// Fits the edge about the arc of the profile to the sub-pixel: straight beside the arc, or bent
/// where that is better founded.
pub(super) fn fitted(profile: &Profile) -> Option<Fit> {
    let found = crossings(profile);
    if found.len() < NORMALS_MIN {
        return None;
    }
    let straight = robust(&found, false);
    let bent = robust(&found, true).filter(|bent| {
        // A lens bends an edge a little and all along; anything else is a wrong turn.
        let is_lens = bent.edge.c.abs() / 4.0 <= BOW_MAX * profile.length && bent.spread >= SPREAD_MIN;
        is_lens
            && straight.is_none_or(|straight| {
                bent.on_edge > straight.on_edge + 2
                    || (bent.on_edge + 2 > straight.on_edge
                        && bent.residual_px < BOW_GAIN * straight.residual_px)
            })
    });
    let it = bent.or(straight).filter(|it| it.on_edge >= NORMALS_MIN)?;
    let support = it.on_edge as f32 / NORMALS as f32;
    Some(Fit { edge: it.edge, support, residual_px: it.residual_px })
}

/// Deepest bow of an edge that a lens makes, share of the side's length.
const BOW_MAX: f32 = 0.012;

/// A bow must bring the residual down this far.
const BOW_GAIN: f32 = 0.85;

/// A bow is only seen where both ends and the middle are: least share of the side between the first
/// and the last normal on the edge.
const SPREAD_MIN: f32 = 0.6;

/// An edge crossed by a normal.
struct Crossing {
    position: f32,
    depth: f32,
    weight: f32,
}

/// Where each normal crosses the edge. The normals of a group first agree on a depth and on the way
/// in which the colour changes there; then each looks for its own strongest change of that kind.
fn crossings(profile: &Profile) -> Vec<Crossing> {
    let mut found = Vec::with_capacity(NORMALS);
    let last = profile.steps - 1;
    let around = (ABOUT_GROUP_PX / profile.look.step).ceil() as usize;
    for group in 0..LOCAL_GROUPS {
        let normals = group * (NORMALS / LOCAL_GROUPS)..(group + 1) * (NORMALS / LOCAL_GROUPS);
        let ways = (0..=last).map(|step| {
            let mut way = [0.0_f32; 3];
            for changes in &profile.changes[normals.clone()] {
                let vote = vote(&changes[step]);
                (0..3).for_each(|k| way[k] += vote[k]);
            }
            let off = profile.depth(step as f32).abs() / profile.look.reach;
            let length = dot(way, way).sqrt();
            (length * (1.0 - OFF_ARC_COST * off), step, way, length)
        });
        let Some((_, agreed, way, length)) = ways.max_by(|a, b| a.0.total_cmp(&b.0)) else { continue };
        if length < 1e-3 {
            continue;
        }
        for normal in normals {
            let strength = |step: usize| {
                profile.changes[normal][step].map_or(0.0, |change| dot(change.color, way) / length)
            };
            let span = agreed.saturating_sub(around)..=(agreed + around).min(last);
            let Some(peak) = span.max_by(|a, b| strength(*a).total_cmp(&strength(*b))) else { continue };
            let here = strength(peak);
            if here < CHANGE_MIN || peak == 0 || peak == last {
                continue;
            }
            let lit = |step: usize| {
                profile.changes[normal][step].map_or(0.0, |change| dot(change.light, way) / length)
            };
            let span = peak.saturating_sub(around)..=(peak + around).min(last);
            let peak = span.max_by(|a, b| lit(*a).total_cmp(&lit(*b))).unwrap_or(peak);
            if peak == 0 || peak == last {
                continue;
            }
            let (before, middle, after) = (lit(peak - 1), lit(peak), lit(peak + 1));
            let curvature = before - 2.0 * middle + after;
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

/// Groups in which normals look for the edge together: short enough for a bent edge.
const LOCAL_GROUPS: usize = 8;

/// A normal may have the edge this far from where its group has it, pixels.
const ABOUT_GROUP_PX: f32 = 2.0;

/// What an edge at the end of the reach gives up against one on the arc.
const OFF_ARC_COST: f32 = 0.2;

/// Weaker changes than this are noise, grey values.
const CHANGE_MIN: f32 = 2.5;

/// Crossings are on the edge within this many standard deviations of it,
const ON_EDGE_DEVIATIONS: f32 = 2.5;

/// and within these bounds, pixels: noise and blur scatter them.
const ON_EDGE_PX: (f32, f32) = (1.0, 2.5);

/// An edge fitted to crossings.
#[derive(Debug, Clone, Copy)]
struct Robust {
    edge: Edge,
    on_edge: usize,
    residual_px: f32,
    /// From the first to the last crossing on the edge, share of the side.
    spread: f32,
}

/// Weighted least squares, the weights of far crossings lowered round by round (Tukey's biweight).
fn robust(found: &[Crossing], bent: bool) -> Option<Robust> {
    let mut edge = least_squares(found.iter().map(|it| (it.position, it.depth, it.weight)), bent)?;
    let mut deviation = ON_EDGE_PX.1;
    for _ in 0..ROUNDS {
        let mut off: Vec<f32> = found.iter().map(|it| (it.depth - edge.depth(it.position)).abs()).collect();
        let (_, median, _) = off.select_nth_unstable_by(found.len() / 2, f32::total_cmp);
        // From the median of absolute deviations to a standard deviation.
        deviation = (1.48 * *median).max(0.1);
        let reach = TUKEY * deviation.max(0.25);
        let weight = |it: &Crossing| {
            let off = (it.depth - edge.depth(it.position)) / reach;
            it.weight * (1.0 - off * off).max(0.0).powi(2)
        };
        edge = least_squares(found.iter().map(|it| (it.position, it.depth, weight(it))), bent)?;
    }
    let tolerance = (ON_EDGE_DEVIATIONS * deviation).clamp(ON_EDGE_PX.0, ON_EDGE_PX.1);
    let off = |it: &Crossing| it.depth - edge.depth(it.position);
    let on: Vec<&Crossing> = found.iter().filter(|it| off(it).abs() <= tolerance).collect();
    let (first, last) = (on.first()?, on.last()?);
    let residual_px = (on.iter().map(|it| off(it).powi(2)).sum::<f32>() / on.len() as f32).sqrt();
    Some(Robust { edge, on_edge: on.len(), residual_px, spread: last.position - first.position })
}

/// Rounds of reweighting.
const ROUNDS: usize = 8;

/// Tukey's constant: 95 % efficiency on normally distributed errors.
const TUKEY: f32 = 4.685;

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
