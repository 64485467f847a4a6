//! Models and the runtime that runs them: what they are, where they come from, and sessions to
//! run them with. Knows nothing of cards and faces, and is the only module that names `ort`.
//!
//! Small models of this project's own are committed and compiled in (`built_in`); all others are
//! fetched. Either way the manifest has them, and their sha256 is checked before they run.
//!
//! ```no_run
//! use realname::inference::{self, Access, Check, Manifest, Models, Store, names};
//!
//! # fn main() -> Result<(), inference::InferenceError> {
//! let manifest = Manifest::built_in();
//! let store = Store::from_environment()?;
//! inference::ensure(&store, manifest, "default", Access::Online, Check::Presence, &inference::Silent)?;
//!
//! let models = Models::open(&store, manifest, &[names::FACE_MESH])?;
//! let mut mesh = models.session(names::FACE_MESH)?; // one for each thread
//! let image = ndarray::Array4::<f32>::zeros((1, 3, 192, 192));
//! let outputs = mesh.run(image.view().into_dyn())?; // landmarks, face_flag
//! assert_eq!(outputs[0].shape(), [1, 1404]);
//! # Ok(())
//! # }
//! ```

mod added;
mod built_in;
mod digest;
mod error;
mod fetch;
mod manifest;
mod models;
mod network;
mod runtime;
mod session;
mod store;

pub use built_in::BuiltIn;
pub use digest::Sha256;
pub use error::InferenceError;
pub use fetch::{Access, Check, Event, Installed, Progress, Silent, ensure, ensure_from};
pub use manifest::{
    Artifact, ArtifactKind, ChannelOrder, Conversion, Dimension, Download, DownloadSource, InputSpec, Layout,
    Manifest, ModelSpec, Needs, OutputSpec, Source, SourceFile, Supply,
};
pub use models::{Models, Provenance};
pub use network::{FakeNetwork, Network};
pub use session::Session;
pub use store::{Removed, State, Store};

/// Names of the artefacts in `models/manifest.toml` that the program runs.
pub mod names {
    /// The ONNX Runtime library.
    pub const ONNX_RUNTIME: &str = "onnxruntime";
    /// BlazeFace short range: `image` 128x128 to `boxes` (N, 896, 16) and `scores` (N, 896, 1).
    pub const FACE_DETECTOR_NEAR: &str = "face-detector-near";
    /// BlazeFace full range: `image` 192x192 to `boxes` (N, 2304, 16), `scores` (N, 2304, 1).
    pub const FACE_DETECTOR_FAR: &str = "face-detector-far";
    /// Face Mesh: `image` 192x192 to `landmarks` (N, 1404) and `face_flag` (N, 1).
    pub const FACE_MESH: &str = "face-mesh";
    /// MobileFaceNet, repaired: `image` 112x112 to `embedding` (N, 192) of length 1.
    pub const FACE_EMBEDDING: &str = "face-embedding-mobilefacenet";
    /// Built in: an aligned face of 80x80 to whether and how it is covered.
    pub const FACE_COVER: &str = "face-cover";
    /// MiniFASNet V2: `image` 80x80 to `probabilities` (N, 3), of which the second is "live".
    pub const FACE_PAD_V2: &str = "face-pad-minifasnet-v2";
    /// MiniFASNet V1SE: the same for a wider crop.
    pub const FACE_PAD_V1SE: &str = "face-pad-minifasnet-v1se";
    /// MobileFaceNet as published; only for the test that compares the conversion.
    pub const FACE_EMBEDDING_FAITHFUL: &str = "face-embedding-mobilefacenet-faithful";
    /// Built in: a photo of 256x256 to the corners and the visible part of every ID-1 card in it.
    pub const CARD_LOCATOR: &str = "card-locator";
    /// Built in: a rectified card of 128x80 to its side and way up, `logits` (1, 7).
    pub const CARD_SIDE: &str = "card-side";
    /// Built in: a line of digits of 320x32 to `logits` (1, 80, 16) for CTC.
    pub const CARD_DIGITS: &str = "card-digits";
    /// PP-OCRv6 small, recognition: `x` 48 x width to `fetch_name_0` (N, width / 8, 18710).
    pub const TEXT_RECOGNITION: &str = "text-recognition";
    /// The set of artefacts that every command needs.
    pub const DEFAULT_SET: &str = "default";
    /// The set that presentation attack detection needs.
    pub const LIVENESS_SET: &str = "liveness";
}
