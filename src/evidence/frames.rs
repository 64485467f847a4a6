//! What two selfie frames have in common, beside the face that `Comparison` compares.

use super::Measured;
use crate::case::SampleRole;
use crate::score::Finite;

/// Two frames of a case beside each other, the earlier first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FramePair {
    /// The earlier frame.
    pub first: SampleRole,
    /// The later one.
    pub second: SampleRole,
    /// How far the pictures differ as wholes, brightness and contrast undone: 0 for the same file,
    /// about 1.4 for pictures that have nothing to do with each other.
    pub picture_difference: Measured<Finite>,
    /// How far the face's points have moved against each other, place, size and tilt undone, root
    /// mean square in inter-eye distances. A still stays rigid in the picture plane; a live head
    /// turns and its face moves.
    pub face_motion_ied: Measured<Finite>,
}
