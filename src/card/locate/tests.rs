//! The locator's decoding on maps drawn as the network should give them.

use ndarray::{Array4, ArrayD, ArrayViewD};

use super::maps::{CELL_PX, CELLS, INPUT_PX, MARGIN_PX};
use super::*;

use crate::card::fields::FieldReaders;
use crate::geometry::Point;
use crate::imaging::Rgb;
use crate::inference::FakeNetwork;

/// A photo of the network's own size, so that all frames are one.
fn photo() -> Pyramid {
    Pyramid::new(Rgb::filled(INPUT_PX, INPUT_PX, [90; 3]))
}

/// The maps of a picture with these cards; `shown` says which corners have a peak.
fn maps_of(cards: &[Quad], shown: [bool; 4]) -> Vec<ArrayD<f32>> {
    let mut corners = Array4::from_elem((1, 2, CELLS, CELLS), -6.0);
    let mut offsets = Array4::zeros((1, 2, CELLS, CELLS));
    let mut mask = Array4::from_elem((1, 1, CELLS, CELLS), -6.0);
    let cell = |v: f32| (v + MARGIN_PX) / CELL_PX;
    for card in cards {
        for (i, p) in card.corners.iter().enumerate().filter(|(i, _)| shown[*i]) {
            let (u, v) = (cell(p.x), cell(p.y));
            for (column, row) in (-1..=1).flat_map(|y| (-1..=1).map(move |x| (x, y))) {
                let (x, y) = ((u as i32 + column) as usize, (v as i32 + row) as usize);
                let center = if column == 0 && row == 0 { 3.0 } else { -1.0 };
                corners[[0, i % 2, y, x]] = center;
                offsets[[0, 0, y, x]] = u - (x as f32 + 0.5);
                offsets[[0, 1, y, x]] = v - (y as f32 + 0.5);
            }
        }
        for (x, y) in (0..CELLS).flat_map(|y| (0..CELLS).map(move |x| (x, y))) {
            let p = maps::cell_center(y * CELLS + x);
            let inside =
                card.sides().iter().all(|(a, b)| (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x) > 0.0);
            let in_photo = [p.x, p.y].iter().all(|v| (0.0..INPUT_PX as f32).contains(v));
            if inside && in_photo {
                mask[[0, 0, y, x]] = 6.0;
            }
        }
    }
    vec![corners.into_dyn(), offsets.into_dyn(), mask.into_dyn()]
}

/// What is found where the first look gives these maps and any other look nothing.
fn found(maps: Vec<ArrayD<f32>>) -> Option<Located> {
    let mut looks = 0;
    let locator = FakeNetwork(move |_: ArrayViewD<'_, f32>| {
        looks += 1;
        if looks == 1 { maps.clone() } else { maps_of(&[], [true; 4]) }
    });
    let silent = || Box::new(FakeNetwork(|_: ArrayViewD<'_, f32>| Vec::new()));
    let mut models =
        CardModels { locator: Box::new(locator), side: silent(), readers: FieldReaders::silent() };
    located(&photo(), &mut models).expect("the maps are of the right shape")
}

fn card(corners: [(f32, f32); 4]) -> Quad {
    Quad { corners: corners.map(|(x, y)| Point::new(x, y)) }
}

fn lying() -> Quad {
    card([(40.0, 70.0), (210.0, 80.0), (206.0, 186.0), (36.0, 178.0)])
}

fn farthest_corner_px(a: &Quad, b: &Quad) -> f32 {
    a.corners.iter().zip(&b.corners).map(|(p, q)| p.distance(*q)).fold(0.0, f32::max)
}

#[test]
fn a_card_is_found_at_its_corners_whichever_way_up() {
    let upright = lying();
    let [a, b, c, d] = upright.corners;
    let standing = upright.map(|p| Point::new(256.0 - p.y, p.x));
    for (shown, expected) in [(upright, upright), (Quad { corners: [c, d, a, b] }, upright)] {
        let located = found(maps_of(&[shown], [true; 4])).expect("a card");
        assert!(farthest_corner_px(&located.quad, &expected) < 0.1, "{located:?}");
        assert!(located.evidence.corners > 0.9 && located.evidence.mask > 0.9, "{located:?}");
        assert!(located.visible.covered_share < 0.05 && located.visible.outside_share < 0.01);
        assert!(located.others.is_empty());
    }
    let located = found(maps_of(&[standing], [true; 4])).expect("a card");
    let half_turned = farthest_corner_px(&located.quad, &standing.half_turned());
    assert!(farthest_corner_px(&located.quad, &standing).min(half_turned) < 0.1);
}

#[test]
fn missing_corners_are_completed_with_the_masks_help() {
    for missing in 0..4 {
        let mut shown = [true; 4];
        shown[missing] = false;
        let located = found(maps_of(&[lying()], shown)).expect("a card");
        assert!(located.quad.iou(&lying()) > 0.96, "without corner {missing}: {located:?}");
        assert_eq!(located.evidence.weakest_corner, 0.0);
    }
    for (shown, iou_min) in [
        ([true, true, false, false], 0.9),
        ([false, true, true, false], 0.9),
        ([true, false, true, false], 0.9),
    ] {
        let located = found(maps_of(&[lying()], shown)).expect("a card");
        assert!(located.quad.iou(&lying()) > iou_min, "with {shown:?}: {located:?}");
    }
}

#[test]
fn a_card_is_found_from_its_mask_alone() {
    let located = found(maps_of(&[lying()], [false; 4])).expect("a card");
    assert!(located.quad.iou(&lying()) > 0.9, "{located:?}");
    assert_eq!(located.evidence.corners, 0.0);
}

#[test]
fn two_cards_are_two() {
    let small = lying().scaled(0.5);
    let other = small.map(|p| Point::new(p.x + 110.0, p.y + 120.0));
    let located = found(maps_of(&[small, other], [true; 4])).expect("cards");
    assert_eq!(located.others.len(), 1);
    let both = [located.quad, located.others[0]];
    for expected in [small, other] {
        assert!(both.iter().any(|quad| quad.iou(&expected) > 0.98), "{both:?}");
    }
}

#[test]
fn a_card_beyond_the_border_has_its_corners_there() {
    let cut = lying().map(|p| Point::new(p.x - 56.0, p.y));
    let located = found(maps_of(&[cut], [true; 4])).expect("a card");
    assert!(farthest_corner_px(&located.quad, &cut) < 0.1, "{located:?}");
    assert!((0.05..0.15).contains(&located.visible.outside_share), "{located:?}");
    assert!(located.visible.covered_share < 0.05, "what is outside is not covered");
}

#[test]
fn no_card_is_none_and_wrong_maps_are_an_error() {
    assert_eq!(found(maps_of(&[], [true; 4])), None);
    let silent = || Box::new(FakeNetwork(|_: ArrayViewD<'_, f32>| Vec::new()));
    let mut models = CardModels { locator: silent(), side: silent(), readers: FieldReaders::silent() };
    let error = located(&photo(), &mut models).expect_err("no maps");
    assert!(error.to_string().contains("card locator"), "{error}");
}

#[test]
fn another_card_counts_by_what_is_seen_of_it_though_no_corner_is() {
    let first = card([(20.0, 30.0), (150.0, 30.0), (150.0, 112.0), (20.0, 112.0)]);
    // A half of it lies outside the photo.
    let other = first.map(|p| Point::new(p.x + 171.0, p.y + 120.0));
    let mut maps = maps_of(&[first], [true; 4]);
    let alone = found(maps.clone()).expect("a card");
    assert!(alone.others_area < 0.02, "{alone:?}");
    maps[2] = maps_of(&[first, other], [false; 4]).remove(2);
    let beside = found(maps).expect("a card");
    assert!(beside.others.is_empty(), "{beside:?}");
    assert!((beside.others_area - 0.5).abs() < 0.05, "{beside:?}");
}
