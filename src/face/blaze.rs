//! Decodes the raw output of the BlazeFace detectors: anchors, boxes, six keypoints, and the
//! merging of overlapping boxes.
//!
//! Everything is in the frame of the detector's square input. Knows no picture and runs no model.

use ndarray::ArrayViewD;

use crate::geometry::{Point, Rect};

/// Confidence from which a box counts as a face: the operating point the models were published
/// with (MediaPipe `face_detection_short_range`, `min_score_thresh`).
const SCORE_MIN: f32 = 0.5;

/// Boxes that overlap by more than this are views of one face and are averaged (MediaPipe,
/// `min_suppression_threshold`).
const SAME_FACE_IOU: f32 = 0.3;

/// Raw scores are clipped to this before the sigmoid (MediaPipe, `score_clipping_thresh` 100; the
/// raw values reach -31000 and beyond 80 the sigmoid is flat in `f32`).
const LOGIT_MAX: f32 = 80.0;

/// Values per anchor: centre x and y, width, height, then six keypoints.
const VALUES_PER_ANCHOR: usize = 16;

/// Faces that one picture may yield; further ones, weakest first, are dropped.
const FACES_MAX: usize = 32;

/// A detected face.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detection {
    /// The face from brows to chin.
    pub face: Rect,
    /// Image-left eye, image-right eye, nose tip, mouth, image-left ear, image-right ear.
    pub keypoints: [Point; 6],
    /// Confidence, 0 to 1.
    pub score: f32,
}

/// The grids of anchors of one detector, as (cells along a side, anchors per cell).
#[derive(Debug, Clone, Copy)]
pub(super) struct Anchors {
    /// Side of the square input in pixels.
    pub input_side: u32,
    grids: &'static [(u32, u32)],
}

impl Anchors {
    /// The near (short range) detector: 896 anchors at 128 pixels.
    pub(super) const NEAR: Self = Self { input_side: 128, grids: &[(16, 2), (8, 6)] };
    /// The far (full range) detector: 2304 anchors at 192 pixels.
    pub(super) const FAR: Self = Self { input_side: 192, grids: &[(48, 1)] };

    /// Centres of the anchors in the order of the output, in input pixels.
    fn centers(self) -> impl Iterator<Item = Point> {
        self.grids.iter().flat_map(move |&(cells, per_cell)| {
            let pitch = self.input_side as f32 / cells as f32;
            (0..cells * cells).flat_map(move |cell| {
                let center = Point::new((cell % cells) as f32 + 0.5, (cell / cells) as f32 + 0.5);
                (0..per_cell).map(move |_| center.scaled(pitch))
            })
        })
    }
}

/// The faces in the detector's output, best first. `boxes` is 1 x anchors x 16, `scores` is
/// 1 x anchors x 1, in input pixels and raw logits. A box with a value that is not finite is
/// no face.
pub(super) fn detections(
    boxes: &ArrayViewD<'_, f32>,
    scores: &ArrayViewD<'_, f32>,
    anchors: Anchors,
) -> Vec<Detection> {
    let logit_min = (SCORE_MIN / (1.0 - SCORE_MIN)).ln();
    // As a model gives them, both lie in this order already: nothing is copied.
    let (boxes, scores) = (boxes.as_standard_layout(), scores.as_standard_layout());
    let [boxes, scores] = [&boxes, &scores].map(|it| it.as_slice().expect("in standard layout"));
    let rows = boxes.chunks_exact(VALUES_PER_ANCHOR);
    let candidates = rows.zip(scores).zip(anchors.centers()).filter(|((_, logit), _)| **logit >= logit_min);
    let candidates: Vec<Detection> =
        candidates.filter_map(|((row, &logit), center)| decoded(row, logit, center)).collect();
    merged(candidates)
}

fn decoded(row: &[f32], logit: f32, anchor: Point) -> Option<Detection> {
    let at = |i: usize| Point::new(row[i] + anchor.x, row[i + 1] + anchor.y);
    let (center, width, height) = (at(0), row[2], row[3]);
    let usable = row.iter().all(|v| v.is_finite()) && width > 0.0 && height > 0.0;
    usable.then(|| Detection {
        face: Rect { x: center.x - width / 2.0, y: center.y - height / 2.0, width, height },
        keypoints: [4, 6, 8, 10, 12, 14].map(at),
        score: 1.0 / (1.0 + (-logit.clamp(-LOGIT_MAX, LOGIT_MAX)).exp()),
    })
}

/// Weighted non-maximum suppression: each face is the mean of its overlapping boxes, weighted by
/// their scores, under the best of the scores. Best first.
pub(super) fn merged(mut candidates: Vec<Detection>) -> Vec<Detection> {
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut faces = Vec::new();
    while let Some(&best) = candidates.first() {
        if faces.len() == FACES_MAX {
            break;
        }
        let (same, others): (Vec<_>, Vec<_>) =
            candidates.into_iter().partition(|c| c.face.iou(&best.face) > SAME_FACE_IOU);
        faces.push(weighted_mean(&same, best));
        candidates = others.into_iter().filter(|c| *c != best).collect();
    }
    faces
}

fn weighted_mean(same: &[Detection], best: Detection) -> Detection {
    let weight: f32 = same.iter().map(|d| d.score).sum();
    if weight <= 0.0 {
        return best;
    }
    let mean =
        |value: &dyn Fn(&Detection) -> f32| same.iter().map(|d| value(d) * d.score).sum::<f32>() / weight;
    Detection {
        face: Rect {
            x: mean(&|d| d.face.x),
            y: mean(&|d| d.face.y),
            width: mean(&|d| d.face.width),
            height: mean(&|d| d.face.height),
        },
        keypoints: std::array::from_fn(|k| {
            Point::new(mean(&|d| d.keypoints[k].x), mean(&|d| d.keypoints[k].y))
        }),
        score: best.score,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array3;

    fn output_with(faces: &[(usize, f32, [f32; 4])], anchors: usize) -> (Array3<f32>, Array3<f32>) {
        let mut boxes = Array3::zeros((1, anchors, VALUES_PER_ANCHOR));
        let mut scores = Array3::from_elem((1, anchors, 1), -31_000.0);
        for (anchor, logit, cxcywh) in faces {
            for (i, value) in cxcywh.iter().enumerate() {
                boxes[[0, *anchor, i]] = *value;
            }
            scores[[0, *anchor, 0]] = *logit;
        }
        (boxes, scores)
    }

    #[test]
    fn anchor_counts_are_those_of_the_models() {
        assert_eq!(Anchors::NEAR.centers().count(), 896);
        assert_eq!(Anchors::FAR.centers().count(), 2304);
        let last = Anchors::NEAR.centers().last().expect("896 of them");
        assert_eq!(last, Point::new(120.0, 120.0));
    }

    #[test]
    fn overlapping_boxes_merge_and_distant_ones_stay_apart() {
        // Anchors 0 and 1 share the centre (4, 4); anchor 300 lies elsewhere.
        let (boxes, scores) = output_with(
            &[
                (0, 3.0, [30.0, 30.0, 20.0, 20.0]),
                (1, 3.0, [32.0, 30.0, 20.0, 20.0]),
                (300, 1.0, [0.0, 0.0, 9.0, 9.0]),
            ],
            896,
        );
        let found = detections(&boxes.view().into_dyn(), &scores.view().into_dyn(), Anchors::NEAR);
        assert_eq!(found.len(), 2);
        assert!((found[0].face.center().x - 35.0).abs() < 1e-4);
        assert!((found[0].score - 0.952_574).abs() < 1e-5);
    }

    #[test]
    fn what_is_not_finite_or_below_the_operating_point_is_no_face() {
        let (boxes, scores) = output_with(
            &[
                (0, 9.0, [f32::NAN, 0.0, 9.0, 9.0]),
                (2, 9.0, [0.0, 0.0, -1.0, 9.0]),
                (4, -0.1, [0.0, 0.0, 9.0, 9.0]),
            ],
            896,
        );
        let mut found = detections(&boxes.view().into_dyn(), &scores.view().into_dyn(), Anchors::NEAR);
        assert_eq!(found, vec![]);
        let (boxes, scores) = output_with(&[(0, f32::NAN, [0.0, 0.0, 9.0, 9.0])], 896);
        found = detections(&boxes.view().into_dyn(), &scores.view().into_dyn(), Anchors::NEAR);
        assert_eq!(found, vec![]);
    }
}
