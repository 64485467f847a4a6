//! Labelled sets of selfies: a folder with photos and `labels.jsonl`.

use std::path::Path;

use serde::Deserialize;

use super::labels::{SetError, labels_in};

/// What is true of one selfie: a line of `labels.jsonl`. Other keys are let through.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct FaceLabel {
    /// The photo, below the folder of the labels.
    pub file: String,
    /// The group to report apart: skin tone, device, ...; empty for none.
    #[serde(default)]
    pub group: String,
    /// What is wrong with the photo; empty for a good one.
    #[serde(default)]
    pub defects: Vec<String>,
    /// How far the head is turned to the picture's right, degrees, where that is known.
    #[serde(default)]
    pub yaw_deg: Option<f64>,
    /// How far the head is nodded upwards, degrees, where that is known.
    #[serde(default)]
    pub pitch_deg: Option<f64>,
}

/// Reads the labels of the set in `folder`.
///
/// # Errors
/// When `labels.jsonl` cannot be read, a line is no label or names a file elsewhere, or there is
/// no line.
pub fn read_face_labels(folder: &Path) -> Result<Vec<FaceLabel>, SetError> {
    labels_in(folder, |label: &FaceLabel| &label.file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_and_lead_nowhere_else() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let read = |text: &str| {
            std::fs::write(folder.path().join("labels.jsonl"), text).expect("it can be written");
            read_face_labels(folder.path())
        };
        let labels =
            read("{\"file\":\"neutral/a.jpg\",\"person\":\"7\"}\n\n{\"file\":\"b\",\"defects\":[\"mask\"]}");
        let labels = labels.expect("good labels");
        assert_eq!((labels.len(), labels[1].defects.len()), (2, 1));
        for outside in ["../a.jpg", "/etc/passwd", "", "a/../../b"] {
            let refused = read(&format!("{{\"file\":\"{outside}\"}}"));
            assert!(matches!(refused, Err(SetError::Outside { line: 1, .. })), "{outside}");
        }
        assert!(matches!(read("\n"), Err(SetError::Empty { .. })));
        assert!(matches!(read("{}"), Err(SetError::Label { .. })));
    }
}
