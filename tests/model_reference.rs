//! Every converted model gives what the original gives in its own runtime: ai-edge-litert for the
//! MediaPipe models, PyTorch for MiniFASNet, TensorFlow.js for MobileFaceNet as published and as repaired.
//!
//! Fetches the models if they are missing. The vectors and the scripts that made them are in
//! `models/reference`; the pictures are drawn here again, byte for byte.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use ndarray::{Array4, ArrayD, Axis};
use realname::inference::{
    self, Access, Check, InferenceError, Manifest, Models, Sha256, Silent, State, Store, names,
};
use serde::Deserialize;

/// What `models/reference/NAME.json` holds.
#[derive(Deserialize)]
struct Reference {
    made_with: String,
    side_px: usize,
    mean: f32,
    deviation: f32,
    /// Of an output of anchors every so many-th anchor is kept.
    stride: usize,
    cases: BTreeMap<String, Case>,
}

#[derive(Deserialize)]
struct Case {
    input_sha256: String,
    #[serde(flatten)]
    outputs: BTreeMap<String, Vec<f32>>,
}

/// The store of this user with every model that is compared here.
fn store() -> &'static Store {
    static STORE: LazyLock<Store> = LazyLock::new(|| {
        let store = Store::from_environment().expect("a cache directory");
        for set in [names::DEFAULT_SET, "reference"] {
            let manifest = Manifest::built_in();
            inference::ensure(&store, manifest, set, Access::Online, Check::Contents, &Silent)
                .unwrap_or_else(|error| panic!("{error}"));
        }
        store
    });
    &STORE
}

fn open(names: &[&str]) -> Models {
    Models::open(store(), Manifest::built_in(), names).unwrap_or_else(|error| panic!("{error}"))
}

/// `tolerance` is the largest difference allowed in any number of any output.
fn compare(name: &str, reference: &str, tolerance: f32) {
    compare_opened(&open(&[name]), name, reference, tolerance);
}

fn compare_opened(models: &Models, name: &str, reference: &str, tolerance: f32) {
    let reference: Reference = serde_json::from_str(reference).unwrap();
    assert!(!reference.made_with.is_empty());
    let spec = models.spec(name).unwrap();
    assert_eq!((spec.input.mean, spec.input.deviation), (reference.mean, reference.deviation));
    let mut session = models.session(name).unwrap();
    assert_eq!(reference.cases.len(), 3);
    for (pattern, case) in &reference.cases {
        let pixels = picture(pattern, reference.side_px);
        assert_eq!(Sha256::of(&pixels).to_string(), case.input_sha256, "{name} {pattern}");
        let input = tensor(&pixels, reference.side_px, reference.mean, reference.deviation);
        let outputs = session.run(input.view().into_dyn()).unwrap();
        assert_eq!(outputs.len(), case.outputs.len());
        for (spec, output) in spec.outputs.iter().zip(&outputs) {
            let expected = &case.outputs[&spec.name];
            let found = sampled(output, reference.stride);
            assert_eq!(found.len(), expected.len(), "{name} {pattern} {}", spec.name);
            let differences = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
            let worst = differences.fold(0.0, f32::max);
            println!("{name} {pattern} {}: {worst:.2e}, at most {tolerance:.0e}", spec.name);
            assert!(worst <= tolerance, "{name} {pattern} {}: {worst} apart", spec.name);
        }
    }
}

/// The numbers of a batch of one: of every so many-th anchor, or all.
fn sampled(output: &ArrayD<f32>, stride: usize) -> Vec<f32> {
    let output = output.index_axis(Axis(0), 0);
    if output.ndim() == 1 {
        return output.iter().copied().collect();
    }
    output.axis_iter(Axis(0)).step_by(stride).flat_map(|row| row.to_owned()).collect()
}

fn tensor(pixels: &[u8], side: usize, mean: f32, deviation: f32) -> Array4<f32> {
    let value = |(_, c, y, x)| (f32::from(pixels[(y * side + x) * 3 + c]) - mean) / deviation;
    Array4::from_shape_fn((1, 3, side, side), value)
}

// The pictures of models/reference/patterns.py.

fn picture(pattern: &str, side: usize) -> Vec<u8> {
    let pixel: fn(usize, usize, usize, usize) -> u8 = match pattern {
        "noise" => noise,
        "waves" => waves,
        "portrait" => portrait,
        unknown => panic!("no pattern `{unknown}`"),
    };
    let at = |index: usize| (index / 3 % side, index / 3 / side, index % 3);
    (0..side * side * 3).map(at).map(|(x, y, c)| pixel(x, y, c, side)).collect()
}

fn noise(x: usize, y: usize, c: usize, side: usize) -> u8 {
    let mut h = u32::try_from((y * side + x) * 3 + c + 1).unwrap();
    h ^= h >> 16;
    h = h.wrapping_mul(0x7FEB_352D);
    h ^= h >> 15;
    h = h.wrapping_mul(0x846C_A68B);
    h ^= h >> 16;
    h.to_le_bytes()[0]
}

fn waves(x: usize, y: usize, c: usize, side: usize) -> u8 {
    let triangle = |t: usize, half: usize| (t % (2 * half)).abs_diff(half) * 255 / half;
    let (u, v) = (x * 256 / side, y * 256 / side);
    u8::try_from((triangle(u + 24 * c, 40) + triangle(v + 40 * c, 56)) / 2).unwrap()
}

fn portrait(x: usize, y: usize, c: usize, side: usize) -> u8 {
    const SHAPES: [([usize; 4], [usize; 3]); 11] = [
        ([128, 262, 110, 60], [60, 80, 130]),
        ([128, 108, 74, 88], [45, 35, 30]),
        ([128, 126, 60, 80], [214, 170, 142]),
        ([102, 112, 13, 7], [235, 235, 235]),
        ([154, 112, 13, 7], [235, 235, 235]),
        ([102, 112, 6, 6], [40, 30, 25]),
        ([154, 112, 6, 6], [40, 30, 25]),
        ([102, 96, 15, 3], [60, 45, 35]),
        ([154, 96, 15, 3], [60, 45, 35]),
        ([128, 142, 8, 12], [196, 150, 122]),
        ([128, 170, 22, 6], [165, 80, 80]),
    ];
    let (u, v) = ((2 * x + 1) * 128 / side, (2 * y + 1) * 128 / side);
    let covers = |[cu, cv, ru, rv]: [usize; 4]| {
        (u.abs_diff(cu) * rv).pow(2) + (v.abs_diff(cv) * ru).pow(2) <= (ru * rv).pow(2)
    };
    let value = match SHAPES.iter().rev().find(|(ellipse, _)| covers(*ellipse)) {
        Some((_, colour)) => colour[c].saturating_sub(u.abs_diff(128) / 3),
        None => [190, 196, 204][c] - v / 8,
    };
    u8::try_from(value).unwrap()
}

#[test]
fn near_detector_is_the_original() {
    // Raw boxes reach 155, raw scores 89.
    let reference = include_str!("../models/reference/face-detector-near.json");
    compare(names::FACE_DETECTOR_NEAR, reference, 3e-4);
}

#[test]
fn far_detector_is_the_original() {
    // Raw boxes reach 151, raw scores 132.
    let reference = include_str!("../models/reference/face-detector-far.json");
    compare(names::FACE_DETECTOR_FAR, reference, 3e-4);
}

#[test]
fn face_mesh_is_the_original() {
    // Landmarks reach 160.
    let reference = include_str!("../models/reference/face-mesh.json");
    compare(names::FACE_MESH, reference, 3e-4);
}

#[test]
fn embedding_as_published_is_the_original() {
    // Vectors of length 1; single numbers reach 0.29.
    let reference = include_str!("../models/reference/face-embedding-mobilefacenet-faithful.json");
    compare(names::FACE_EMBEDDING_FAITHFUL, reference, 3e-6);
}

#[test]
fn embedding_repaired_is_the_repaired_original() {
    let reference = include_str!("../models/reference/face-embedding-mobilefacenet.json");
    compare(names::FACE_EMBEDDING, reference, 3e-6);
}

/// The optional models of liveness: taken from the store of this user where they are, else made
/// from the checkpoints in `../shared/models`, else skipped, which is said.
#[test]
fn liveness_is_the_original() {
    let home = tempfile::tempdir().unwrap();
    let manifest = Manifest::built_in();
    let is_present = |name: &&str| store().is_present(manifest.artifact(name).unwrap());
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/models");
    let folder = match manifest.set_names(names::LIVENESS_SET).unwrap().iter().all(is_present) {
        true => store().home().join("models"),
        false => shared,
    };
    if !folder.is_dir() {
        writeln!(std::io::stderr(), "skipped: no models of liveness on this machine").unwrap();
        return;
    }
    let other = Store::at(home.path());
    inference::ensure_from(&other, manifest, names::LIVENESS_SET, &folder, &Silent).unwrap();
    let runtime = manifest.artifact(names::ONNX_RUNTIME).unwrap();
    let library = std::fs::read(store().path_of(runtime)).unwrap();
    std::fs::write(other.path_of(runtime), library).unwrap();
    for (name, reference) in [
        (names::FACE_PAD_V2, include_str!("../models/reference/face-pad-minifasnet-v2.json")),
        (names::FACE_PAD_V1SE, include_str!("../models/reference/face-pad-minifasnet-v1se.json")),
    ] {
        // Probabilities; the greatest difference seen is 1.8e-6.
        let models = Models::open(&other, manifest, &[name]).unwrap();
        compare_opened(&models, name, reference, 2e-5);
    }
}

#[test]
fn a_batch_gives_what_single_runs_give() {
    for (name, side) in [(names::FACE_MESH, 192), (names::FACE_EMBEDDING, 112)] {
        let models = open(&[name]);
        let mut session = models.session(name).unwrap();
        let input = models.spec(name).unwrap().input.clone();
        let tensors = ["noise", "waves", "portrait"]
            .map(|pattern| tensor(&picture(pattern, side), side, input.mean, input.deviation));
        let views: Vec<_> = tensors.iter().map(|tensor| tensor.view()).collect();
        let batch = ndarray::concatenate(Axis(0), &views).unwrap();
        let batch = session.run(batch.view().into_dyn()).unwrap();
        for (index, tensor) in tensors.iter().enumerate() {
            let single = session.run(tensor.view().into_dyn()).unwrap();
            let of_batch = batch[0].index_axis(Axis(0), index);
            let differences = (&of_batch - &single[0].index_axis(Axis(0), 0)).mapv(f32::abs);
            let worst = differences.iter().copied().fold(0.0, f32::max);
            assert!(worst < 1e-4, "{name}: {worst}");
        }
    }
}

#[test]
fn an_input_of_any_memory_order_is_read_right() {
    let models = open(&[names::FACE_EMBEDDING]);
    let mut session = models.session(names::FACE_EMBEDDING).unwrap();
    let input = tensor(&picture("portrait", 112), 112, 127.5, 128.0);
    let expected = session.run(input.view().into_dyn()).unwrap();
    // The same tensor laid out as HWC in memory.
    let mut other = Array4::<f32>::zeros((1, 112, 112, 3)).permuted_axes([0, 3, 1, 2]);
    other.assign(&input);
    assert!(!other.is_standard_layout());
    assert_eq!(session.run(other.view().into_dyn()).unwrap(), expected);
}

#[test]
fn a_wrong_shape_is_an_error_that_says_the_right_one() {
    let models = open(&[names::FACE_MESH]);
    let mut session = models.session(names::FACE_MESH).unwrap();
    for shape in [vec![1, 3, 128, 128], vec![1, 192, 192, 3], vec![3, 192, 192], vec![0, 3, 192, 192]] {
        let error = session.run(ArrayD::zeros(shape).view()).unwrap_err();
        assert!(error.to_string().contains("takes (N, 3, 192, 192)"), "{error}");
    }
}

#[test]
fn provenance_names_the_runtime_and_every_model() {
    let models = open(&[names::FACE_MESH, names::FACE_EMBEDDING]);
    let provenance = models.provenance();
    assert_eq!(provenance.models.len(), 2);
    let artifact = Manifest::built_in().artifact(names::FACE_MESH).unwrap();
    assert_eq!(provenance.models[names::FACE_MESH], artifact.sha256);
    assert!(provenance.runtime.starts_with("onnxruntime "), "{}", provenance.runtime);
    let error = models.session(names::FACE_DETECTOR_FAR).unwrap_err();
    assert!(matches!(error, InferenceError::UnknownName { .. }), "{error}");
}

#[test]
fn finished_files_of_another_machine_install_without_a_network() {
    let home = tempfile::tempdir().unwrap();
    let (other, manifest) = (Store::at(home.path()), Manifest::built_in());
    let from = store().home().join("models");
    inference::ensure_from(&other, manifest, names::DEFAULT_SET, &from, &Silent).unwrap();
    for name in manifest.set_names(names::DEFAULT_SET).unwrap() {
        let artifact = manifest.artifact(name).unwrap();
        assert_eq!(other.state(artifact).unwrap(), State::Installed, "{name}");
    }
}

#[test]
fn a_damaged_model_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let (other, manifest) = (Store::at(home.path()), Manifest::built_in());
    let from = store().home().join("models");
    inference::ensure_from(&other, manifest, names::DEFAULT_SET, &from, &Silent).unwrap();
    let path = other.path_of(manifest.artifact(names::FACE_MESH).unwrap());
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[100_000] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let error = Models::open(&other, manifest, &[names::FACE_MESH]).unwrap_err().to_string();
    assert!(error.contains("damaged") && error.contains("realname models fetch"), "{error}");
}

#[test]
fn a_wrong_runtime_library_ends_the_program_with_2() {
    let text = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(text.path(), "not a library").unwrap();
    let libraries = ["/no/such/library.so".into(), text.path().to_owned()];
    for library in libraries {
        let output = Command::new(env!("CARGO_BIN_EXE_realname"))
            .args(["models", "verify"])
            .env("REALNAME_HOME", store().home())
            .env("ORT_DYLIB_PATH", &library)
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(errors.contains("ORT_DYLIB_PATH") && !errors.contains("panicked"), "{errors}");
    }
}
