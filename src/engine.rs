//! A stand-in for the engine until the real one is merged: finds nothing in any photo.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use crate::case::{Case, Sample};
use crate::evidence::{
    Assessment, Comparison, Intake, IntakeFault, Measured, PhotoAssessment, Provenance, Reason, Timings,
};
use crate::imaging::{Limits, Rgb};
use crate::policy::{Policy, Verdict};
use crate::score::CosineDistance;

/// How the engine works.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What it decides by.
    pub policy: Policy,
    /// Where the models lie; `None` is the default.
    pub home: Option<PathBuf>,
    /// What it takes in.
    pub limits: Limits,
    /// How many threads it uses.
    pub threads: NonZeroUsize,
}

impl Default for Settings {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self { policy: Policy::shipped(), home: None, limits: Limits::default(), threads }
    }
}

/// Why the engine could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {}

/// The engine.
#[derive(Debug)]
pub struct Engine(Settings);

/// A face.
#[derive(Debug)]
pub struct FaceEmbedding;

impl FaceEmbedding {
    /// Distance to another.
    pub fn distance(&self, _other: &Self) -> CosineDistance {
        CosineDistance::new(0.0).expect("in range")
    }
}

/// One photo.
#[derive(Debug)]
pub struct Inspection {
    /// Measures.
    pub assessment: PhotoAssessment,
    /// Times.
    pub timings: Timings,
}

impl Inspection {
    /// The photo with what was found drawn in; `None` without pixels.
    pub fn drawn(&self) -> Option<Rgb> {
        None
    }
}

fn assessed(sample: &Sample) -> PhotoAssessment {
    let intake = Intake::Refused { fault: IntakeFault::NotAnImage, detail: "stub".to_owned() };
    PhotoAssessment { role: sample.role, intake, readings: [].into() }
}

#[expect(missing_docs, clippy::missing_errors_doc, reason = "a stand-in")]
impl Engine {
    pub fn new(settings: Settings) -> Result<Self, EngineError> {
        Ok(Self(settings))
    }

    pub fn check(&self, case: &Case) -> Result<Verdict, EngineError> {
        let assessment = Assessment {
            case_id: case.case_id.clone(),
            method: case.method,
            decided_on: case.decided_on,
            photos: case.samples.iter().map(assessed).collect(),
            comparison: Comparison::default(),
            provenance: self.provenance(),
        };
        let judgement = self.0.policy.decide(&assessment);
        let policy_sha256 = self.0.policy.sha256();
        Ok(Verdict { assessment, judgement, policy_sha256, timings: Timings::default() })
    }

    pub fn inspect(&self, sample: &Sample) -> Result<Inspection, EngineError> {
        Ok(Inspection { assessment: assessed(sample), timings: Timings::default() })
    }

    pub fn face(&self, _bytes: &[u8]) -> Result<Measured<FaceEmbedding>, EngineError> {
        Ok(Measured::FailureToAssess(Reason::NoPixels))
    }

    pub fn provenance(&self) -> Provenance {
        Provenance { version: env!("CARGO_PKG_VERSION").to_owned(), ..Provenance::default() }
    }
}
