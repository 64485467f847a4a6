//! What the rest of the program runs: a network, be it a session or a fake.

use ndarray::{ArrayD, ArrayViewD};

use super::{InferenceError, Session};

/// A model that maps one tensor to its outputs, in the order of the manifest. Sessions are one
/// kind; tests bring fakes.
pub trait Network: Send {
    /// Runs the model on `input`.
    ///
    /// # Errors
    /// The runtime refused the input or failed.
    fn run(&mut self, input: ArrayViewD<'_, f32>) -> Result<Vec<ArrayD<f32>>, InferenceError>;
}

impl Network for Session {
    fn run(&mut self, input: ArrayViewD<'_, f32>) -> Result<Vec<ArrayD<f32>>, InferenceError> {
        Session::run(self, input)
    }
}

/// A network that answers from a function of its input, for tests of everything around it.
///
/// ```
/// use ndarray::{ArrayD, ArrayViewD};
/// use realname::inference::{FakeNetwork, Network};
///
/// let mut sum = FakeNetwork(|input: ArrayViewD<'_, f32>| vec![ArrayD::from_elem(vec![1], input.sum())]);
/// let output = sum.run(ArrayD::ones(vec![2, 3]).view())?;
/// assert_eq!(output[0][[0]], 6.0);
/// # Ok::<(), realname::inference::InferenceError>(())
/// ```
pub struct FakeNetwork<F>(pub F);

impl<F: FnMut(ArrayViewD<'_, f32>) -> Vec<ArrayD<f32>> + Send> Network for FakeNetwork<F> {
    fn run(&mut self, input: ArrayViewD<'_, f32>) -> Result<Vec<ArrayD<f32>>, InferenceError> {
        Ok((self.0)(input))
    }
}
