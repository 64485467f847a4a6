//! The aligned face: a crop at a fixed face size in which skin measures are taken.
//!
//! The crop is 308 x 308 pixels with 56.5 pixels between the eyes, the canonical layout of
//! ISO/IEC 29794-5's reference implementation (616 pixels, 113 between the eyes) at half size:
//! enough for what recognition sees (35 pixels between the eyes) at a quarter of the pixels.

use std::ops::Range;

use super::landmarks::Landmarks;
use crate::geometry::{Point, Similarity};
use crate::imaging::{Luma, Pyramid, Rgb, luma, warp};

/// Side of the crop in pixels.
pub(super) const SIDE: u32 = 308;

/// Distance between the eye centres in the crop.
pub(super) const INTER_EYE_PX: f32 = 56.5;

/// Eyes, nose tip and mouth corners in the crop's frame.
const TEMPLATE: [Point; 5] = [
    Point::new(125.5, 136.0),
    Point::new(182.0, 136.0),
    Point::new(154.0, 168.0),
    Point::new(131.0, 201.0),
    Point::new(177.5, 201.0),
];

/// Fewest skin pixels from which a measure of the skin means anything: a tenth of a usual face.
const SKIN_PX_MIN: u32 = 2_000;

/// Luma of the aligned crop and which of its pixels are skin.
pub struct AlignedFace {
    /// SIDE x SIDE red, green, blue.
    pub rgb: Rgb,
    /// SIDE x SIDE luma, 0 to 255.
    pub luma: Luma,
    /// For each pixel, row by row, whether it lies within the face's outline and the photo.
    pub skin: Vec<bool>,
    /// How many of the skin's pixels have each luma.
    pub skin_histogram: [u32; 256],
    /// Columns and rows that hold all of the skin, and no more.
    pub(super) skin_columns: Range<usize>,
    pub(super) skin_rows: Range<usize>,
    /// The face's points in the crop's frame.
    pub cheeks: [Point; 2],
    /// Where the mouth is.
    pub(super) mouth: Mouth,
    inside_photo: InsidePhoto,
}

/// The mouth in the crop's frame.
pub(super) struct Mouth {
    /// Corners of the gap between the lips, image-left first.
    pub corners: [Point; 2],
    /// Middle of the upper lip's lower edge.
    pub upper_lip: Point,
    /// From the middle between the eyes to the chin.
    pub eyes_to_chin_px: f32,
}

/// Which pixels of the crop lie within the photo.
struct InsidePhoto {
    to_photo: Similarity,
    photo_size: [f32; 2],
    /// The crop's corners lie within the photo, and so does all of it.
    all: bool,
}

impl InsidePhoto {
    fn new(to_photo: Similarity, photo: &Pyramid) -> Self {
        let (width, height) = (photo.base().width() as f32, photo.base().height() as f32);
        let side = SIDE as f32;
        let corners = [(0.0, 0.0), (side, 0.0), (0.0, side), (side, side)].map(|(x, y)| Point::new(x, y));
        let mut inside = Self { to_photo, photo_size: [width, height], all: false };
        inside.all = corners.iter().all(|corner| inside.holds(*corner));
        inside
    }

    fn holds(&self, at: Point) -> bool {
        let [width, height] = self.photo_size;
        let p = self.to_photo.apply(at);
        (0.0..width).contains(&p.x) && (0.0..height).contains(&p.y)
    }
}

impl AlignedFace {
    /// Cuts the face with these `landmarks` (in the frame of `photo`) out of `photo`. `None`
    /// where the points coincide or too little of the face lies within the photo.
    pub fn cut(photo: &Pyramid, landmarks: &Landmarks) -> Option<Self> {
        let to_photo = Similarity::fit(&TEMPLATE, &landmarks.five_points())?;
        let to_crop = to_photo.inverse()?;
        let crop = warp(photo, &to_photo, SIDE, SIDE);
        let outline = landmarks.outline().map(|p| to_crop.apply(p));
        let mut skin = inside_polygon(&outline, SIDE);
        let inside_photo = InsidePhoto::new(to_photo, photo);
        if !inside_photo.all {
            for (i, pixel) in skin.iter_mut().enumerate().filter(|(_, pixel)| **pixel) {
                *pixel = inside_photo.holds(pixel_center(i));
            }
        }
        let luma = luma(&crop);
        let Skin { histogram: skin_histogram, columns: skin_columns, rows: skin_rows } =
            Skin::of(&luma, &skin);
        let cheeks = landmarks.cheeks().map(|p| to_crop.apply(p));
        let mouth = Mouth {
            corners: landmarks.inner_mouth_corners().map(|p| to_crop.apply(p)),
            upper_lip: to_crop.apply(landmarks.upper_lip()),
            eyes_to_chin_px: landmarks.eyes_to_chin() * to_crop.scale(),
        };
        let enough = skin_histogram.iter().sum::<u32>() >= SKIN_PX_MIN;
        enough.then_some(Self {
            luma,
            rgb: crop,
            skin,
            skin_histogram,
            skin_columns,
            skin_rows,
            cheeks,
            mouth,
            inside_photo,
        })
    }

    /// The middle between the eyes, as x and y.
    pub(super) const EYE_MIDDLE: [f32; 2] = [153.75, 136.0];

    /// Whether a pixel of the crop lies within the photo.
    pub(super) fn is_in_photo(&self, x: usize, y: usize) -> bool {
        self.inside_photo.all || self.inside_photo.holds(Point::new(x as f32 + 0.5, y as f32 + 0.5))
    }
}

#[cfg(test)]
impl AlignedFace {
    /// A crop whose pixels are made up; all but its border is skin.
    pub(super) fn made_up(color: impl Fn(usize, usize) -> [u8; 3]) -> Self {
        let side = SIDE as usize;
        let mut rgb = Rgb::filled(SIDE, SIDE, [0; 3]);
        let mut skin = vec![false; side * side];
        for (i, (pixel, is_skin)) in rgb.pixels_mut().iter_mut().zip(&mut skin).enumerate() {
            let (x, y) = (i % side, i / side);
            *pixel = color(x, y);
            *is_skin = (60..250).contains(&x) && (110..260).contains(&y);
        }
        let luma = luma(&rgb);
        let Skin { histogram: skin_histogram, columns: skin_columns, rows: skin_rows } =
            Skin::of(&luma, &skin);
        let to_photo = Similarity::new(1.0, 0.0, Point::new(0.0, 0.0));
        let inside_photo = InsidePhoto { to_photo, photo_size: [SIDE as f32; 2], all: true };
        let mouth = Mouth {
            corners: [Point::new(134.0, 201.0), Point::new(174.0, 201.0)],
            upper_lip: Point::new(154.0, 200.0),
            eyes_to_chin_px: 100.0,
        };
        let cheeks = [Point::new(110.0, 175.0), Point::new(198.0, 175.0)];
        Self { rgb, luma, skin, skin_histogram, skin_columns, skin_rows, cheeks, mouth, inside_photo }
    }
}

/// What is known of the skin from one look at all of it.
struct Skin {
    histogram: [u32; 256],
    columns: Range<usize>,
    rows: Range<usize>,
}

impl Skin {
    fn of(luma: &Luma, skin: &[bool]) -> Self {
        let side = SIDE as usize;
        let mut found = Self { histogram: [0; 256], columns: side..0, rows: side..0 };
        for (y, (greys, skin)) in luma.bytes().chunks_exact(side).zip(skin.chunks_exact(side)).enumerate() {
            // A whole row without skin is passed over at once.
            if !skin.contains(&true) {
                continue;
            }
            let last = skin.iter().rposition(|skin| *skin);
            let (Some(first), Some(last)) = (skin.iter().position(|skin| *skin), last) else { continue };
            found.columns = found.columns.start.min(first)..found.columns.end.max(last + 1);
            found.rows = found.rows.start.min(y)..y + 1;
            for (grey, _) in greys[first..=last].iter().zip(&skin[first..=last]).filter(|(_, skin)| **skin) {
                found.histogram[usize::from(*grey)] += 1;
            }
        }
        found
    }
}

fn pixel_center(index: usize) -> Point {
    let (x, y) = (index % SIDE as usize, index / SIDE as usize);
    Point::new(x as f32 + 0.5, y as f32 + 0.5)
}

/// Which pixels of a `side` x `side` picture have their centre inside the closed polygon.
fn inside_polygon(polygon: &[Point], side: u32) -> Vec<bool> {
    let side = side as usize;
    let mut inside = vec![false; side * side];
    for (y, row) in inside.chunks_exact_mut(side).enumerate() {
        let center_y = y as f32 + 0.5;
        let mut crossings: Vec<f32> = polygon
            .iter()
            .zip(polygon.iter().cycle().skip(1))
            .filter(|(a, b)| (a.y > center_y) != (b.y > center_y))
            .map(|(a, b)| a.x + (center_y - a.y) / (b.y - a.y) * (b.x - a.x))
            .collect();
        crossings.sort_by(f32::total_cmp);
        for span in crossings.chunks_exact(2) {
            let column = |x: f32| ((x - 0.5).ceil().max(0.0) as usize).min(side);
            row[column(span[0])..column(span[1]).max(column(span[0]))].fill(true);
        }
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_polygon_covers_its_area() {
        let square =
            [Point::new(2.0, 2.0), Point::new(12.0, 2.0), Point::new(12.0, 7.0), Point::new(2.0, 7.0)];
        let covered = inside_polygon(&square, 20).iter().filter(|inside| **inside).count();
        assert_eq!(covered, 50);
        let outside = square.map(|p| Point::new(p.x - 100.0, p.y));
        assert!(inside_polygon(&outside, 20).iter().all(|inside| !inside));
    }
}
