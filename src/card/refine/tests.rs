//! Cards drawn on desks, their corners shifted, then set to the pixel.

use super::*;
use crate::card::layout::{CORNER_MM, HEIGHT_MM, WIDTH_MM};
use crate::geometry::Homography;
use crate::imaging::Rgb;

/// What the card of a scene is drawn like, grey values 0 to 255.
struct Scene {
    card: [f32; 3],
    desk: fn(Point) -> [f32; 3],
    /// A printed frame this far inside, mm.
    frame_mm: Option<f32>,
    /// A finger of this colour over the upper side, from and to, mm.
    finger: Option<(f32, f32)>,
}

const PLAIN: Scene =
    Scene { card: [205.0, 210.0, 220.0], desk: |_| [120.0, 95.0, 70.0], frame_mm: None, finger: None };

fn truth() -> Quad {
    let corners = [(90.0, 70.0), (700.0, 95.0), (680.0, 485.0), (70.0, 450.0)];
    Quad { corners: corners.map(|(x, y)| Point::new(x, y)) }
}

/// Millimetres from the card's rounded outline; negative inside.
fn outside_mm(p: Point) -> f32 {
    let dx = (p.x - WIDTH_MM / 2.0).abs() - (WIDTH_MM / 2.0 - CORNER_MM);
    let dy = (p.y - HEIGHT_MM / 2.0).abs() - (HEIGHT_MM / 2.0 - CORNER_MM);
    dx.max(0.0).hypot(dy.max(0.0)) + dx.max(dy).min(0.0) - CORNER_MM
}

impl Scene {
    fn color(&self, p: Point, mm: Point) -> [f32; 3] {
        let outside = outside_mm(mm);
        let is_finger = self.finger.is_some_and(|(from, to)| (from..to).contains(&mm.x) && mm.y < 12.0);
        if is_finger {
            return [190.0, 140.0, 120.0];
        }
        if outside > 0.0 {
            return (self.desk)(p);
        }
        match self.frame_mm {
            Some(inside) if (outside + inside).abs() < 0.2 => [60.0, 60.0, 90.0],
            Some(_) | None => self.card,
        }
    }

    /// The scene at 800 x 560, four samples to the pixel, with a little noise.
    fn photo(&self) -> Pyramid {
        let to_mm = Homography::between(&truth(), &Quad::whole(WIDTH_MM, HEIGHT_MM)).expect("plain");
        let mut state = 5_u32;
        let mut bytes = Vec::new();
        for (x, y) in (0..560).flat_map(|y| (0..800).map(move |x| (x as f32, y as f32))) {
            let mut sum = [0.0; 3];
            for (dx, dy) in [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)] {
                let p = Point::new(x + dx, y + dy);
                let color = self.color(p, to_mm.apply(p));
                (0..3).for_each(|k| sum[k] += color[k] / 4.0);
            }
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            bytes.extend(sum.map(|v| (v + (state >> 29) as f32) as u8));
        }
        Pyramid::new(Rgb::new(800, 560, bytes).expect("800 x 560"))
    }

    /// The worst corner, shares of the card's width, from corners that were off by 1.2 %.
    fn worst_corner(&self) -> (f32, Refined) {
        let mut turn = 0.7_f32;
        let shifted = truth().map(|p| {
            turn += 1.9;
            Point::new(p.x + 7.3 * turn.cos(), p.y + 7.3 * turn.sin())
        });
        let refined = refined(&self.photo(), &shifted);
        let truth = truth();
        let off = refined.quad.corners.iter().zip(&truth.corners).map(|(a, b)| a.distance(*b));
        (off.fold(0.0, f32::max) / 610.0, refined)
    }
}

#[test]
fn corners_are_set_to_a_tenth_of_a_percent() {
    let wood = |p: Point| {
        let grain = 25.0 * (p.y * 0.21 + (p.x * 0.011).sin() * 3.0).sin();
        [150.0 + grain, 110.0 + grain, 75.0 + grain]
    };
    // A white table, the card a shade darker, a soft shadow below it.
    let table = |p: Point| {
        let shadow = 60.0 * (1.0 - ((p.y - 470.0) / 25.0).abs()).max(0.0);
        [236.0 - shadow, 234.0 - shadow, 230.0 - shadow]
    };
    for (name, scene) in [
        ("plain", PLAIN),
        ("wood", Scene { desk: wood, ..PLAIN }),
        ("white table", Scene { desk: table, ..PLAIN }),
        ("dark desk", Scene { desk: |_| [25.0, 25.0, 28.0], ..PLAIN }),
        ("equal luma", Scene { card: [150.0, 150.0, 150.0], desk: |_| [190.0, 140.0, 110.0], ..PLAIN }),
        ("printed frame", Scene { frame_mm: Some(2.6), ..PLAIN }),
        ("finger", Scene { finger: Some((20.0, 45.0)), ..PLAIN }),
    ] {
        let (worst, refined) = scene.worst_corner();
        assert!(worst < 0.001, "{name}: {worst} {refined:?}");
        assert!(refined.support() > 0.8, "{name}: {refined:?}");
    }
}

#[test]
fn a_covered_part_lowers_the_support_of_its_side_alone() {
    let (_, refined) = Scene { finger: Some((20.0, 45.0)), ..PLAIN }.worst_corner();
    let [upper, right, lower, left] = refined.sides.map(|side| side.support);
    assert!(upper < 0.8 && [right, lower, left].iter().all(|it| *it > 0.9), "{refined:?}");
}

#[test]
fn where_there_is_no_edge_the_quad_stays() {
    let flat = Pyramid::new(Rgb::filled(800, 560, [128; 3]));
    let refined = refined(&flat, &truth());
    assert_eq!((refined.quad, refined.support()), (truth(), 0.0));
    let broken = truth().map(|p| Point::new(f32::NAN, p.y));
    assert_eq!(super::refined(&flat, &broken).support(), 0.0);
}

#[test]
fn a_card_beyond_the_border_keeps_the_lines_that_are_seen() {
    let photo = PLAIN.photo();
    // The same photo cut so that the card's left side is outside.
    let cut = Pyramid::new(crate::imaging::warp(
        &photo,
        &crate::geometry::Similarity { tx: 120.0, ..crate::geometry::Similarity::IDENTITY },
        680,
        560,
    ));
    let shifted = truth().map(|p| Point::new(p.x - 120.0 + 5.0, p.y - 4.0));
    let refined = refined(&cut, &shifted);
    let [upper, right, lower, left] = refined.sides.map(|side| side.support);
    assert!(left == 0.0 && [upper, right, lower].iter().all(|it| *it > 0.7), "{refined:?}");
    for corner in [1, 2] {
        let expected = truth().corners[corner];
        assert!(refined.quad.corners[corner].distance(Point::new(expected.x - 120.0, expected.y)) < 0.8);
    }
}
