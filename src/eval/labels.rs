//! Labelled sets of card photos: a folder with photos and `labels.jsonl`.

use std::path::{Component, Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use crate::case::without_values;
use crate::geometry::{Point, Quad};

/// What is true of one photo: a line of `labels.jsonl`. Other keys are let through.
#[derive(Debug, Clone, Deserialize)]
pub struct CardLabel {
    /// The photo, below the folder of the labels.
    pub file: String,
    /// What the photo shows.
    pub side: LabelledSide,
    /// The card's corners in the card's own order, in the upright photo's own pixels; `None` when
    /// there is no card, or nobody marked it.
    #[serde(default)]
    pub quad: Option<[[f32; 2]; 4]>,
    /// The corners of further cards in the photo.
    #[serde(default)]
    pub others: Vec<[[f32; 2]; 4]>,
    /// What is wrong with the photo; empty for a good one.
    #[serde(default)]
    pub defects: Vec<String>,
    /// What is printed on the card, as far as the label says; null where that is nothing.
    #[serde(default, deserialize_with = "or_nothing")]
    pub fields: LabelledFields,
    /// Whether the card can fairly be asked to be found: over 45 % of the frame's longer side, at
    /// most 10 % outside it, at most one corner hidden, not blown out.
    #[serde(default = "yes")]
    pub fair: bool,
}

/// What a labelled photo shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelledSide {
    /// A resident ID card's portrait side.
    Portrait,
    /// A resident ID card's emblem side.
    Emblem,
    /// Another identity document.
    Foreign,
    /// A card that is no identity document.
    Other,
    /// No card.
    None,
}

/// The printed values that readings are compared with.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct LabelledFields {
    /// The name.
    pub name: Option<String>,
    /// The citizen identity number.
    pub number: Option<String>,
    /// First day of validity, `YYYY.MM.DD`.
    pub valid_from: Option<String>,
    /// Last day of validity, `YYYY.MM.DD` or 长期.
    pub valid_until: Option<String>,
}

fn quad(corners: [[f32; 2]; 4]) -> Quad {
    Quad { corners: corners.map(|[x, y]| Point::new(x, y)) }
}

fn yes() -> bool {
    true
}

fn or_nothing<'de, D: Deserializer<'de>>(fields: D) -> Result<LabelledFields, D::Error> {
    Ok(Option::deserialize(fields)?.unwrap_or_default())
}

impl CardLabel {
    /// The card's corners in the upright photo's own pixels.
    pub fn quad(&self) -> Option<Quad> {
        self.quad.map(quad)
    }

    /// The labelled card that a found one is: of several the one it agrees with best.
    pub fn card_at(&self, found: &Quad) -> Option<Quad> {
        let cards = self.quad.iter().chain(&self.others).copied().map(quad);
        cards.max_by(|a, b| found.iou(a).total_cmp(&found.iou(b)))
    }
}

/// A labelled set cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SetError {
    /// A file cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line is no label.
    #[error("{path}, line {line}: {what}")]
    Label {
        /// The file.
        path: String,
        /// Its line, from 1.
        line: usize,
        /// What is wrong with it, without what it says: that may be a name or a number.
        what: String,
    },
    /// A label leads out of the set's folder.
    #[error("{path}, line {line}: `{file}` is not the name of a file beside the labels")]
    Outside {
        /// The file with the labels.
        path: String,
        /// Its line, from 1.
        line: usize,
        /// What the label says.
        file: String,
    },
    /// There is nothing to measure.
    #[error("{path} has no labels")]
    Empty {
        /// The file.
        path: String,
    },
}

/// Reads the labels of the set of card photos in `folder`.
///
/// # Errors
/// When `labels.jsonl` cannot be read, a line is no label or names a file elsewhere, or there is
/// no line.
pub fn read_labels(folder: &Path) -> Result<Vec<CardLabel>, SetError> {
    labels_in(folder, |label: &CardLabel| &label.file)
}

/// The lines of a set's `labels.jsonl`, each of which names a file below the set's folder.
pub(super) fn labels_in<T: DeserializeOwned>(
    folder: &Path,
    file_of: impl Fn(&T) -> &str,
) -> Result<Vec<T>, SetError> {
    let file = folder.join("labels.jsonl");
    let path = file.display().to_string();
    let text =
        std::fs::read_to_string(&file).map_err(|source| SetError::Read { path: path.clone(), source })?;
    let mut labels = Vec::new();
    for (index, text) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let line = index + 1;
        let label: T = serde_json::from_str(text).map_err(|source| SetError::Label {
            path: path.clone(),
            line,
            what: without_values(&source),
        })?;
        let file = file_of(&label);
        let is_below = Path::new(file).components().all(|part| matches!(part, Component::Normal(_)));
        if !is_below || file.is_empty() {
            return Err(SetError::Outside { path, line, file: file.to_owned() });
        }
        labels.push(label);
    }
    if labels.is_empty() { Err(SetError::Empty { path }) } else { Ok(labels) }
}

/// Where a label's photo lies.
pub fn photo_path(folder: &Path, label: &CardLabel) -> PathBuf {
    folder.join(&label.file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set_with(text: &str) -> Result<Vec<CardLabel>, SetError> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("labels.jsonl"), text).expect("it can be written");
        read_labels(folder.path())
    }

    #[test]
    fn labels_are_read_and_other_keys_let_through() {
        let text = r#"{"file":"a.jpg","side":"portrait","quad":[[0,0],[10,0],[10,6],[0,6]],"defects":["glare"],"weather":"fine"}

{"file":"b.jpg","side":"none","fair":false}"#;
        let labels = set_with(text).expect("good labels");
        assert_eq!(labels.len(), 2);
        assert_eq!(labels[0].quad().map(|q| q.area()), Some(60.0));
        assert!(labels[0].fair && !labels[1].fair && labels[1].quad().is_none());
    }

    #[test]
    fn of_several_cards_the_one_that_was_found_counts() {
        let text = r#"{"file":"a","side":"portrait","quad":[[0,0],[10,0],[10,6],[0,6]],
            "others":[[[20,0],[30,0],[30,6],[20,6]]],"fields":null}"#;
        let label = &set_with(&text.replace('\n', "")).expect("a good label")[0];
        for x in [1.0, 19.0] {
            let found = Quad::whole(10.0, 6.0).map(|p| Point::new(p.x + x, p.y));
            let card = label.card_at(&found).expect("two cards");
            assert!((card.corners[0].x - x).abs() < 1.5, "{x}");
        }
    }

    #[test]
    fn bad_sets_are_refused_with_their_line() {
        let outside = set_with(r#"{"file":"../a.jpg","side":"none"}"#);
        assert!(matches!(outside, Err(SetError::Outside { line: 1, .. })), "{outside:?}");
        let broken = set_with("{\"file\":\"a.jpg\",\"side\":\"none\"}\n{");
        assert!(matches!(broken, Err(SetError::Label { line: 2, .. })), "{broken:?}");
        assert!(matches!(set_with("\n"), Err(SetError::Empty { .. })));
    }
}
