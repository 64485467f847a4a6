//! The whole engine on made-up networks: what becomes of a case when a model misbehaves. Runs in
//! milliseconds and needs no model.

use std::num::NonZeroUsize;

use ndarray::{Array, ArrayD, ArrayViewD, IxDyn};
use realname::assess::{AssessError, ModelPool, PhotoModels};
use realname::card::CardModels;
use realname::card::fields::{Dictionary, FieldReaders, TextReader};
use realname::case::{Case, Claims, Method, Sample, SampleKind, SampleRole};
use realname::evidence::{Embedding, Measured, Provenance};
use realname::face::{Detection, EmbeddingFormat, FaceError, FaceModels, PresentationAttackDetector};
use realname::imaging::{Limits, Rgb, encode_png};
use realname::inference::{FakeNetwork, Manifest, names};
use realname::policy::{Check, Decision, Verdict};
use realname::score::Finite;
use realname::{Engine, EngineError, Policy};

fn tensor(shape: &[usize], values: Vec<f32>) -> ArrayD<f32> {
    Array::from_shape_vec(IxDyn(shape), values).expect("as many values as the shape has")
}

/// A detector that sees one face in the middle, whatever the picture.
fn detector(anchors: usize, side: f32) -> impl FnMut(ArrayViewD<'_, f32>) -> Vec<ArrayD<f32>> + Send {
    move |_| {
        let mut boxes = vec![0.0; anchors * 16];
        let mut scores = vec![-100.0; anchors];
        // The first anchor lies near the corner: offsets lead to the middle.
        let (middle, unit) = (side / 2.0, side / 8.0);
        boxes[..16].copy_from_slice(&[
            middle,
            middle,
            3.0 * unit,
            3.0 * unit,
            middle - unit,
            middle - unit,
            middle + unit,
            middle - unit,
            middle,
            middle,
            middle,
            middle + unit,
            middle,
            middle,
            middle,
            middle,
        ]);
        scores[0] = 5.0;
        vec![tensor(&[1, anchors, 16], boxes), tensor(&[1, anchors, 1], scores)]
    }
}

/// An upright face with open eyes: the points that the measures read, the others in the middle.
fn mesh() -> impl FnMut(ArrayViewD<'_, f32>) -> Vec<ArrayD<f32>> + Send {
    let mut points = vec![[96.0, 100.0, 0.0]; 468];
    let put = [
        (33, [60.0, 80.0]),
        (133, [80.0, 80.0]),
        (263, [132.0, 80.0]),
        (362, [112.0, 80.0]),
        (160, [66.0, 76.0]),
        (144, [66.0, 84.0]),
        (159, [70.0, 76.0]),
        (145, [70.0, 84.0]),
        (158, [74.0, 76.0]),
        (153, [74.0, 84.0]),
        (385, [118.0, 76.0]),
        (380, [118.0, 84.0]),
        (386, [122.0, 76.0]),
        (374, [122.0, 84.0]),
        (387, [126.0, 76.0]),
        (373, [126.0, 84.0]),
        (4, [96.0, 104.0]),
        (61, [80.0, 125.0]),
        (291, [112.0, 125.0]),
        (152, [96.0, 155.0]),
        (10, [96.0, 35.0]),
        (50, [66.0, 105.0]),
        (280, [126.0, 105.0]),
        (127, [48.0, 70.0]),
        (356, [144.0, 70.0]),
        (234, [48.0, 95.0]),
        (454, [144.0, 95.0]),
        (58, [56.0, 125.0]),
        (288, [136.0, 125.0]),
        (70, [55.0, 65.0]),
        (300, [137.0, 65.0]),
    ];
    for (index, [x, y]) in put {
        points[index] = [x, y, 0.0];
    }
    // The points by which the pose is told have depth.
    let head = [
        (2, [96.0, 116.0, -24.0]),
        (4, [96.0, 104.0, -38.0]),
        (5, [96.0, 97.0, -35.0]),
        (6, [96.0, 80.0, -21.0]),
        (8, [96.0, 69.0, -17.0]),
        (9, [96.0, 62.0, -18.0]),
        (10, [96.0, 34.0, -11.0]),
        (21, [42.0, 62.0, 24.0]),
        (33, [59.0, 80.0, 1.0]),
        (50, [56.0, 107.0, -6.0]),
        (54, [47.0, 51.0, 15.0]),
        (67, [67.0, 37.0, -5.0]),
        (93, [40.0, 111.0, 45.0]),
        (98, [83.0, 115.0, -17.0]),
        (117, [53.0, 94.0, 0.0]),
        (127, [39.0, 86.0, 42.0]),
        (129, [79.0, 109.0, -14.0]),
        (133, [81.0, 80.0, -4.0]),
        (151, [96.0, 47.0, -15.0]),
        (168, [96.0, 75.0, -17.0]),
        (195, [96.0, 91.0, -30.0]),
        (197, [96.0, 86.0, -26.0]),
        (234, [39.0, 98.0, 45.0]),
        (251, [150.0, 62.0, 24.0]),
        (263, [133.0, 80.0, 1.0]),
        (280, [136.0, 107.0, -6.0]),
        (284, [145.0, 51.0, 15.0]),
        (297, [125.0, 37.0, -5.0]),
        (323, [152.0, 111.0, 45.0]),
        (327, [109.0, 115.0, -17.0]),
        (346, [139.0, 94.0, 0.0]),
        (356, [153.0, 86.0, 42.0]),
        (358, [113.0, 109.0, -14.0]),
        (362, [111.0, 80.0, -4.0]),
        (454, [153.0, 98.0, 45.0]),
    ];
    for (index, point) in head {
        points[index] = point;
    }
    let points: Vec<f32> = points.into_iter().flatten().collect();
    move |_| vec![tensor(&[1, 1404], points.clone()), tensor(&[1, 1], vec![9.0])]
}

/// A locator that sees one card in the middle, lying, four fifths as wide as the picture.
fn locator() -> impl FnMut(ArrayViewD<'_, f32>) -> Vec<ArrayD<f32>> + Send {
    const SIDE: usize = 80;
    let (left, right, top, bottom) = (16, 63, 25, 54);
    let mut corners = vec![-9.0; 2 * SIDE * SIDE];
    let mut mask = vec![-9.0; SIDE * SIDE];
    for (channel, x, y) in [(0, left, top), (1, right, top), (0, right, bottom), (1, left, bottom)] {
        corners[(channel * SIDE + y) * SIDE + x] = 6.0;
    }
    for y in top..=bottom {
        mask[y * SIDE + left..=y * SIDE + right].fill(9.0);
    }
    move |_| {
        vec![
            tensor(&[1, 2, SIDE, SIDE], corners.clone()),
            tensor(&[1, 2, SIDE, SIDE], vec![0.0; 2 * SIDE * SIDE]),
            tensor(&[1, 1, SIDE, SIDE], mask.clone()),
        ]
    }
}

/// Networks that take the card for a portrait side on which nothing can be read.
fn card_models() -> CardModels {
    let side = |_: ArrayViewD<'_, f32>| vec![tensor(&[1, 7], vec![9.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])];
    let digits = |_: ArrayViewD<'_, f32>| vec![tensor(&[1, 80, 16], vec![0.0; 80 * 16])];
    let text = |_: ArrayViewD<'_, f32>| vec![tensor(&[1, 1, 3], vec![1.0, 0.0, 0.0])];
    let text = TextReader::new(Box::new(FakeNetwork(text)), Dictionary::parse("a"));
    CardModels {
        locator: Box::new(FakeNetwork(locator())),
        side: Box::new(FakeNetwork(side)),
        readers: FieldReaders { digits: Box::new(FakeNetwork(digits)), text },
    }
}

/// The shipped policy with every gate of the card off but that on the portrait, for the made-up card
/// is none, and with that on frames that are alike.
fn policy() -> Policy {
    let mut text = "schema = \"realname.policy/1\"\n".to_owned();
    let mut selfie = "[selfie]\n".to_owned();
    for kind in [SampleKind::Front, SampleKind::Back] {
        text += &format!("[{}]\n", kind.id());
        for check in Check::of(kind).filter(|check| !check.measure.id().starts_with("face")) {
            text += &format!("{} = \"off\"\n", check.measure);
        }
    }
    // Every frame is the same made-up picture, which shows no eyes and no skin.
    for measure in ["eye_openness", "face_sharpness", "natural_colour_lab", "light_colour_ev"] {
        selfie += &format!("{measure} = \"off\"\n");
    }
    text += &selfie;
    text += "[frames]\npicture_difference = \"off\"\n";
    Policy::parse(&text).expect("a policy")
}

/// Of a made-up model with the calibration of the shipped one.
fn provenance() -> Provenance {
    let calibration = Manifest::built_in()
        .model(names::FACE_EMBEDDING)
        .expect("it is there")
        .calibration
        .as_deref()
        .cloned();
    let embedding = Some(Embedding { model: "made-up".to_owned(), calibration });
    Provenance { embedding, ..Provenance::default() }
}

/// A detector that is as sure of every face.
struct Always(f64);

impl PresentationAttackDetector for Always {
    fn liveness(&mut self, _: &Rgb, _: &Detection) -> Result<Measured<Finite>, FaceError> {
        Ok(Measured::number(self.0))
    }
}

/// An engine whose embedding network gives `embedding`, whatever the face.
fn engine(embedding: fn() -> Vec<ArrayD<f32>>) -> Engine {
    engine_with(embedding, true)
}

fn engine_with(embedding: fn() -> Vec<ArrayD<f32>>, sees_liveness: bool) -> Engine {
    let pool = ModelPool::new(move || {
        let face = FaceModels {
            near: Box::new(FakeNetwork(detector(896, 128.0))),
            far: Box::new(FakeNetwork(detector(2304, 192.0))),
            mesh: Box::new(FakeNetwork(mesh())),
            embedding: Box::new(FakeNetwork(move |_: ArrayViewD<'_, f32>| embedding())),
            cover: Box::new(FakeNetwork(|_: ArrayViewD<'_, f32>| {
                vec![tensor(&[1, 5], vec![9.0, 0.0, 0.0, 0.0, 0.0])]
            })),
            embedding_format: EmbeddingFormat::DEFAULT,
            liveness: sees_liveness.then(|| Box::new(Always(0.9)) as Box<dyn PresentationAttackDetector>),
        };
        Ok(PhotoModels { face, card: card_models() })
    });
    let threads = NonZeroUsize::new(2).expect("two");
    Engine::with_models(pool, provenance(), policy(), Limits::default(), threads).expect("two threads")
}

/// A sharp, well-lit picture with detail of every size, so that every gate on pixels is met.
fn picture() -> Vec<u8> {
    let (width, height) = (1200, 1200);
    let mut picture = Rgb::filled(width, height, [0; 3]);
    let mut state = 1u32;
    for (i, pixel) in picture.pixels_mut().iter_mut().enumerate() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (x, y) = (i as u32 % width, i as u32 / width);
        let fields = if (x / 13 + y / 17) % 2 == 0 { 70 } else { 200 };
        *pixel = [(fields + (state >> 28)) as u8; 3];
    }
    encode_png(&picture)
}

fn case() -> Case {
    let roles = [SampleRole::Front, SampleRole::Back, SampleRole::Selfie(1), SampleRole::Selfie(2)];
    Case {
        case_id: "fake".to_owned(),
        method: Method::IdCard,
        claims: Claims::default(),
        samples: roles.into_iter().map(|role| Sample { role, bytes: picture() }).collect(),
        challenge: Vec::new(),
        decided_on: None,
    }
}

fn codes(verdict: &Verdict) -> Vec<(String, &'static str)> {
    let findings = verdict.judgement.findings.iter();
    findings.map(|f| (f.sample.map_or_else(String::new, |s| s.to_string()), f.code.id())).collect()
}

fn unit() -> Vec<ArrayD<f32>> {
    vec![tensor(&[1, 192], (0..192).map(|i| (i as f32).sin()).collect())]
}

#[test]
fn a_case_of_made_up_equal_faces_passes() {
    let verdict = engine(unit).check(&case()).expect("nothing fails");
    assert_eq!(codes(&verdict), []);
    assert_eq!(verdict.judgement.decision, Decision::Pass);
}

#[test]
fn without_the_models_of_liveness_a_person_looks() {
    let verdict = engine_with(unit, false).check(&case()).expect("nothing fails");
    assert_eq!(codes(&verdict), [(String::new(), "liveness.not_assessed")]);
    assert_eq!(verdict.judgement.decision, Decision::Review);
}

#[test]
fn an_embedding_that_is_no_direction_never_passes() {
    let broken: [fn() -> Vec<ArrayD<f32>>; 3] = [
        || vec![tensor(&[1, 192], vec![f32::NAN; 192])],
        || vec![tensor(&[1, 192], vec![0.0; 192])],
        || vec![tensor(&[1, 192], vec![f32::INFINITY; 192])],
    ];
    for embedding in broken {
        let verdict = engine(embedding).check(&case()).expect("a finding, not an error");
        assert_eq!(verdict.judgement.decision, Decision::Fail);
        assert_eq!(codes(&verdict), [(String::new(), "match.not_assessed")]);
    }
}

#[test]
fn a_model_of_another_shape_is_the_machines_fault() {
    let refused = engine(Vec::new).check(&case());
    assert!(matches!(refused, Err(EngineError::Assess(AssessError::Face(_)))), "{refused:?}");
}

#[test]
fn a_photo_without_pixels_does_not_keep_the_others_from_being_judged() {
    let mut spoilt = case();
    spoilt.samples[0].bytes.truncate(2000);
    spoilt.samples.remove(1);
    let verdict = engine(unit).check(&spoilt).expect("findings, not an error");
    let expected = [("front", "photo.truncated"), ("back", "photo.missing")];
    assert_eq!(codes(&verdict), expected.map(|(sample, code)| (sample.to_owned(), code)));
    assert_eq!(verdict.judgement.decision, Decision::Fail);
}

#[test]
fn an_engine_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    let engine = engine(unit);
    shared(&engine);
    let first = engine.check(&case()).expect("nothing fails").assessment;
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(engine.check(&case()).expect("nothing fails").assessment, first));
        }
    });
}
