//! One model ready to run on one thread.

use ndarray::{ArrayD, ArrayViewD};
use ort::session::builder::GraphOptimizationLevel;
use ort::value::{Outlet, TensorRef};

use super::runtime::Runtime;
use super::{InferenceError, ModelSpec};

/// A model loaded into ONNX Runtime, for one thread at a time.
///
/// A run uses the calling thread alone: to use more cores, give each thread a session of its own.
pub struct Session {
    name: String,
    spec: ModelSpec,
    session: ort::session::Session,
}

impl Session {
    /// Loads a model from its checked bytes.
    pub(super) fn new(
        runtime: &Runtime,
        name: &str,
        spec: &ModelSpec,
        bytes: &[u8],
    ) -> Result<Self, InferenceError> {
        let failed = |reason: String| InferenceError::Session { model: name.to_owned(), reason };
        let session = single_threaded(runtime, bytes).map_err(|error| failed(error.to_string()))?;
        let has = |outlets: &[Outlet], name: &str| outlets.iter().any(|outlet| outlet.name() == name);
        let input_fits = session.inputs().len() == 1 && has(session.inputs(), &spec.input.name);
        if !input_fits || !spec.outputs.iter().all(|it| has(session.outputs(), &it.name)) {
            return Err(failed("its inputs and outputs are not those of the manifest".to_owned()));
        }
        Ok(Self { name: name.to_owned(), spec: spec.clone(), session })
    }

    /// How the model is fed and what it gives.
    #[must_use]
    pub fn spec(&self) -> &ModelSpec {
        &self.spec
    }

    /// What the model says of itself under `key`.
    ///
    /// # Errors
    /// When it says nothing there.
    pub fn metadata(&self, key: &str) -> Result<String, InferenceError> {
        let failed = |reason: String| InferenceError::Session { model: self.name.clone(), reason };
        let metadata = self.session.metadata().map_err(|error| failed(error.to_string()))?;
        metadata.custom(key).ok_or_else(|| failed(format!("it has no metadata `{key}`")))
    }

    /// Runs the model on a float32 tensor of the shape, layout and range of [`Session::spec`].
    ///
    /// The tensor is handed over as it lies in memory when it is contiguous in row-major order,
    /// else it is copied first. The outputs come in the order of the manifest.
    ///
    /// # Errors
    /// When the shape does not fit, or ONNX Runtime fails.
    pub fn run(&mut self, input: ArrayViewD<'_, f32>) -> Result<Vec<ArrayD<f32>>, InferenceError> {
        if !self.spec.input.accepts(input.shape()) {
            return Err(InferenceError::InputShape {
                model: self.name.clone(),
                expected: self.spec.input.shape_text(),
                found: input.shape().to_vec(),
            });
        }
        let input = input.as_standard_layout();
        self.run_contiguous(input.view())
            .map_err(|error| InferenceError::Session { model: self.name.clone(), reason: error.to_string() })
    }

    fn run_contiguous(&mut self, input: ArrayViewD<'_, f32>) -> ort::Result<Vec<ArrayD<f32>>> {
        let tensor = TensorRef::from_array_view(input)?;
        let inputs = ort::inputs![self.spec.input.name.as_str() => tensor];
        let outputs = self.session.run(inputs)?;
        let owned = |output: &super::OutputSpec| {
            let value = outputs
                .get(&output.name)
                .ok_or_else(|| ort::Error::new(format!("no output `{}`", output.name)))?;
            Ok(value.try_extract_array::<f32>()?.into_owned())
        };
        self.spec.outputs.iter().map(owned).collect()
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("model", &self.name).finish_non_exhaustive()
    }
}

/// One thread and no spinning: the program's own threads are the parallelism, and single-threaded
/// sums come out the same whatever the machine's load.
fn single_threaded(runtime: &Runtime, bytes: &[u8]) -> ort::Result<ort::session::Session> {
    ort::session::Session::builder(&runtime.environment)?
        .with_intra_threads(1)?
        .with_inter_threads(1)?
        .with_intra_op_spinning(false)?
        .with_inter_op_spinning(false)?
        .with_optimization_level(GraphOptimizationLevel::All)?
        .commit_from_memory(bytes)
}
