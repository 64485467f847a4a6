//! Models and the runtime that runs them: what they are, where they come from, and sessions to
//! run them with. Knows nothing of cards and faces, and is the only module that names `ort`.
//!
//! ```no_run
//! use realname::inference::{self, Check, Manifest, Models, Network, Store, names};
//!
//! # fn main() -> Result<(), inference::InferenceError> {
//! let manifest = Manifest::built_in();
//! let store = Store::from_environment()?;
//! inference::ensure(&store, manifest, "default", Network::Fetch, Check::Presence, &inference::Silent)?;
//!
//! let models = Models::open(&store, manifest, &[names::FACE_MESH])?;
//! let mut mesh = models.session(names::FACE_MESH)?; // one for each thread
//! let image = ndarray::Array4::<f32>::zeros((1, 3, 192, 192));
//! let outputs = mesh.run(image.view().into_dyn())?; // landmarks, face_flag
//! assert_eq!(outputs[0].shape(), [1, 1404]);
//! # Ok(())
//! # }
//! ```

mod digest;
mod error;
mod fetch;
mod manifest;
mod models;
mod runtime;
mod session;
mod store;

pub use digest::Sha256;
pub use error::InferenceError;
pub use fetch::{Check, Event, Installed, Network, Progress, Silent, ensure, ensure_from};
pub use manifest::{
    Artifact, ArtifactKind, ChannelOrder, Conversion, Dimension, Download, DownloadSource, InputSpec, Layout,
    Manifest, ModelSpec, OutputSpec, Source, SourceFile,
};
pub use models::{Models, Provenance};
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
    /// MobileFaceNet as published; only for the test that compares the conversion.
    pub const FACE_EMBEDDING_FAITHFUL: &str = "face-embedding-mobilefacenet-faithful";
    /// PP-OCRv6 small, recognition: `x` 48 x width to `fetch_name_0` (N, width / 8, 18710).
    pub const TEXT_RECOGNITION: &str = "text-recognition";
    /// The set of artefacts that every command needs.
    pub const DEFAULT_SET: &str = "default";
}
