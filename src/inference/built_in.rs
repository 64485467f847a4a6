//! The models that are committed in this repository and compiled into the program.

use super::Sha256;

/// The bytes of a model that is part of the program.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BuiltIn(&'static [u8]);

impl BuiltIn {
    /// The model with this path below `models/`, if it is compiled in.
    pub(super) fn at(path: &str) -> Option<Self> {
        MODELS.iter().find(|(known, _)| *known == path).map(|(_, bytes)| Self(bytes))
    }

    /// The bytes of the ONNX file.
    #[must_use]
    pub fn bytes(self) -> &'static [u8] {
        self.0
    }

    pub(super) fn sha256(self) -> Sha256 {
        Sha256::of(self.0)
    }
}

impl std::fmt::Debug for BuiltIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BuiltIn({} bytes)", self.0.len())
    }
}

macro_rules! models {
    ($($path:literal),+ $(,)?) => {
        [$(($path, include_bytes!(concat!("../../models/", $path)))),+]
    };
}

/// Every model that is compiled in, by its path below `models/`.
const MODELS: [(&str, &[u8]); 4] = models![
    "card_locator/card-locator.onnx",
    "card_side/card-side.onnx",
    "card_reader/card-digits.onnx",
    "face_cover/face-cover.onnx",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::{Artifact, Manifest, Supply};

    #[test]
    fn the_manifest_has_every_committed_model_with_its_sha256() {
        let manifest = Manifest::built_in();
        let artifacts: Vec<&Artifact> =
            manifest.names().into_iter().filter_map(|name| manifest.artifact(name).ok()).collect();
        for (path, bytes) in MODELS {
            let named = |artifact: &&&Artifact| artifact.supply == Supply::BuiltIn(BuiltIn(bytes));
            let artifact =
                artifacts.iter().find(named).unwrap_or_else(|| panic!("{path} is not in the manifest"));
            assert_eq!(
                Sha256::of(bytes),
                artifact.sha256,
                "models/{path}: put the first digest into models/manifest.toml"
            );
            assert!(path.ends_with(&artifact.file) && artifact.size_bytes == bytes.len() as u64, "{path}");
        }
    }

    #[test]
    fn committed_models_stay_small() {
        for (path, bytes_max) in [
            ("card_locator/card-locator.onnx", 2_000_000),
            ("card_side/card-side.onnx", 1_000_000),
            ("card_reader/card-digits.onnx", 1_000_000),
            ("face_cover/face-cover.onnx", 1_000_000),
        ] {
            let model = BuiltIn::at(path).expect(path);
            assert!(model.bytes().len() <= bytes_max, "{path}: {} bytes", model.bytes().len());
        }
        assert_eq!(BuiltIn::at("card_locator/no-such.onnx"), None);
    }
}
