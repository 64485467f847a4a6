//! What was measured: evidence without judgement.
//!
//! An [`Assessment`] holds everything that a decision may depend on, and no threshold, so that it
//! can be decided again under another policy without a model run. It holds scores between faces
//! but no embedding, and no pixel. `stored` is its form on disk.

mod frames;
mod intake;
mod measure;
mod stored;

use std::collections::BTreeMap;
use std::fmt;

use crate::case::{ChallengeAction, Date, Method, SampleRole};
use crate::score::{Calibration, CosineDistance, Finite};

pub use frames::FramePair;
pub use measure::Measure;
pub use stored::{ASSESSMENT_SCHEMA, StoredAssessment, StoredError};

/// A value, or the reason for which there is none. There is no third state and no default.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Measured<T> {
    /// What was measured.
    Value(T),
    /// Why nothing was.
    FailureToAssess(Reason),
}

impl<T> Measured<T> {
    /// The value, where there is one.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::FailureToAssess(_) => None,
        }
    }

    /// The same for a value made from this one.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Measured<U> {
        match self {
            Self::Value(value) => Measured::Value(f(value)),
            Self::FailureToAssess(reason) => Measured::FailureToAssess(reason),
        }
    }
}

impl Measured<Finite> {
    /// A number as a measured value; NaN and the infinities are a failure to assess.
    pub fn number(value: impl Into<f64>) -> Self {
        Finite::new(value.into()).map_or(Self::FailureToAssess(Reason::NotFinite), Self::Value)
    }
}

/// Why a measure has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The photo's bytes gave no pixels.
    NoPixels,
    /// No card was found in the photo.
    NoCard,
    /// The card is none whose print is known, or shows another side.
    OtherPrint,
    /// The field could not be read.
    NotRead,
    /// The case claims nothing to compare with.
    NotClaimed,
    /// The case does not say on which day to judge.
    NoDate,
    /// No face was found in the photo.
    NoFace,
    /// The card's photo has no face to compare with.
    NoReference,
    /// The picture holds too little of what the measure looks at (edges, skin, ...).
    TooLittleToMeasure,
    /// The model that takes it is not installed.
    NoModel,
    /// Nobody knows what the model's distances stand for, or not at the rate asked for.
    NotCalibrated,
    /// The arithmetic gave NaN or an infinity.
    NotFinite,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 12] = [
        Self::NoPixels,
        Self::NoCard,
        Self::OtherPrint,
        Self::NotRead,
        Self::NotClaimed,
        Self::NoDate,
        Self::NoFace,
        Self::NoReference,
        Self::TooLittleToMeasure,
        Self::NoModel,
        Self::NotCalibrated,
        Self::NotFinite,
    ];

    /// The name used in stored forms.
    pub fn id(self) -> &'static str {
        match self {
            Self::NoPixels => "no_pixels",
            Self::NoCard => "no_card",
            Self::OtherPrint => "other_print",
            Self::NotRead => "not_read",
            Self::NotClaimed => "not_claimed",
            Self::NoDate => "no_date",
            Self::NoFace => "no_face",
            Self::NoReference => "no_reference",
            Self::TooLittleToMeasure => "too_little_to_measure",
            Self::NoModel => "no_model",
            Self::NotCalibrated => "not_calibrated",
            Self::NotFinite => "not_finite",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// The measures of one photo, in the order of [`Measure`]. A measure that does not apply to the
/// photo's kind has no entry; one that applies and could not be taken has its reason.
pub type Readings = BTreeMap<Measure, Measured<Finite>>;

/// How the bytes of a photo became pixels.
#[derive(Debug, Clone, PartialEq)]
pub enum Intake {
    /// They did.
    Decoded {
        /// `jpeg`, `png`, `webp` or `bmp`.
        format: String,
        /// Width of the upright photo in its own pixels.
        width_px: u32,
        /// Height of the upright photo in its own pixels.
        height_px: u32,
        /// Pixels that were decoded for each of the photo's own, at most 1.
        scale: f32,
    },
    /// They did not, for a reason that lies with the sender.
    Refused {
        /// Which kind of reason.
        fault: IntakeFault,
        /// The particulars, in English: the format's name, the sizes, the decoder's word.
        detail: String,
    },
}

/// Why bytes gave no pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IntakeFault {
    /// Empty, or nothing that is known as a picture.
    NotAnImage,
    /// A picture in a format that is not read (HEIC, GIF, ...).
    FormatUnsupported,
    /// More bytes than the limit.
    TooManyBytes,
    /// More pixels than the limit.
    TooLarge,
    /// The file ends before the picture does.
    Truncated,
    /// The file contradicts itself.
    Corrupt,
}

impl IntakeFault {
    /// Every fault.
    pub const ALL: [Self; 6] = [
        Self::NotAnImage,
        Self::FormatUnsupported,
        Self::TooManyBytes,
        Self::TooLarge,
        Self::Truncated,
        Self::Corrupt,
    ];

    /// The name used in stored forms.
    pub fn id(self) -> &'static str {
        match self {
            Self::NotAnImage => "not_an_image",
            Self::FormatUnsupported => "format_unsupported",
            Self::TooManyBytes => "too_many_bytes",
            Self::TooLarge => "too_large",
            Self::Truncated => "truncated",
            Self::Corrupt => "corrupt",
        }
    }
}

/// One photo and what was measured on it.
#[derive(Debug, Clone, PartialEq)]
pub struct PhotoAssessment {
    /// Which photo of the case.
    pub role: SampleRole,
    /// Whether there are pixels at all.
    pub intake: Intake,
    /// The measures that apply to this kind of photo.
    pub readings: Readings,
}

/// Scores between the faces of a case. Two frames' `cosines` and their distances to the reference
/// are all that a mean over any choice of frames needs, so that the choice is left to the policy.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Comparison {
    /// Every selfie in the order of the case, with its distance to the reference.
    pub probes: Vec<Probe>,
    /// Cosine similarity between the embeddings of probes i and j, at `[i][j]`; 0 where either
    /// frame has no face. Symmetric, 1 on the diagonal of frames with a face.
    pub cosines: Vec<Vec<f64>>,
}

/// One selfie frame as a probe.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Probe {
    /// The frame.
    pub role: SampleRole,
    /// Its distance to the face on the card.
    pub distance: Measured<CosineDistance>,
}

impl Comparison {
    /// Distance between the reference and the normalised mean of the chosen probes' embeddings
    /// (indices into `probes`), computed from scores alone:
    /// `cos = sum(cos_i) / sqrt(sum_ij(cos_ij))`.
    ///
    /// `None` when nothing is chosen, a chosen probe has no distance, or the mean has no direction.
    pub fn mean_distance(&self, chosen: &[usize]) -> Option<CosineDistance> {
        let mut to_reference = 0.0;
        let mut norm_squared = 0.0;
        for &i in chosen {
            to_reference += 1.0 - self.probes.get(i)?.distance.value()?.get();
            for &j in chosen {
                norm_squared += self.cosines.get(i)?.get(j)?;
            }
        }
        let norm = norm_squared.sqrt();
        (norm.is_finite() && norm > 0.0).then(|| CosineDistance::new(1.0 - to_reference / norm)).flatten()
    }
}

/// Every stage of a case: whoever reads timings from elsewhere knows these alone.
pub const STAGES: [&str; 12] = [
    "capture", "card", "decode", "detect", "embed", "liveness", "locate", "measure", "read", "rectify",
    "refine", "side",
];

/// Milliseconds spent in each stage of a case, summed over its photos. Never part of an
/// [`Assessment`]: two runs measure the same and take different times.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Timings(pub BTreeMap<&'static str, f64>);

impl Timings {
    /// Adds `elapsed` to a stage.
    pub fn add(&mut self, stage: &'static str, elapsed: std::time::Duration) {
        debug_assert!(STAGES.contains(&stage), "{stage} is not among the stages");
        *self.0.entry(stage).or_default() += elapsed.as_secs_f64() * 1e3;
    }

    /// Timings that another process took; `None` where a stage is unknown or a time is none.
    pub fn from_named(named: &BTreeMap<String, f64>) -> Option<Self> {
        let known = named.iter().map(|(name, &ms)| {
            let stage = STAGES.into_iter().find(|stage| stage == name)?;
            (ms.is_finite() && ms >= 0.0).then_some((stage, ms))
        });
        known.collect::<Option<_>>().map(Self)
    }

    /// Runs `work` and adds what it took to `stage`.
    pub fn timed<T>(&mut self, stage: &'static str, work: impl FnOnce() -> T) -> T {
        let start = std::time::Instant::now();
        let result = work();
        self.add(stage, start.elapsed());
        result
    }

    /// Adds every stage of `other`.
    pub fn merge(&mut self, other: &Self) {
        for (stage, ms) in &other.0 {
            *self.0.entry(stage).or_default() += ms;
        }
    }
}

/// What made an assessment: enough to make it again.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Provenance {
    /// Version of this program.
    pub version: String,
    /// Name and sha256 (lower-case hex) of every model that had a part in it.
    pub models: BTreeMap<String, String>,
    /// Name and version of the inference runtime.
    pub runtime: String,
    /// The model whose scores the comparison holds.
    pub embedding: Option<Embedding>,
}

/// The one model that made every embedding of an assessment.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding {
    /// Its name.
    pub model: String,
    /// What its distances stand for, where that was measured.
    pub calibration: Option<Calibration>,
}

/// Everything that was measured on a case.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// The case.
    pub case_id: String,
    /// How the user proves who they are.
    pub method: Method,
    /// The day on which to judge.
    pub decided_on: Option<Date>,
    /// The photos that were sent, in the order of their roles.
    pub photos: Vec<PhotoAssessment>,
    /// The scores between the faces.
    pub comparison: Comparison,
    /// Every two selfie frames that have pixels, beside each other.
    pub frame_pairs: Vec<FramePair>,
    /// What the user was asked to do in the frames, in this order. Whether they did follows from
    /// the readings of the frames and the policy.
    pub challenge: Vec<ChallengeAction>,
    /// What measured it.
    pub provenance: Provenance,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timings_of_another_process_are_of_known_stages_and_times() {
        let mut timings = Timings::default();
        for stage in STAGES {
            timings.add(stage, std::time::Duration::from_millis(3));
        }
        let named: BTreeMap<String, f64> =
            timings.0.iter().map(|(stage, ms)| ((*stage).to_owned(), *ms)).collect();
        assert_eq!(Timings::from_named(&named), Some(timings));
        for (stage, ms) in [("dream", 1.0), ("decode", -1.0), ("decode", f64::NAN), ("decode", f64::INFINITY)]
        {
            assert_eq!(Timings::from_named(&[(stage.to_owned(), ms)].into()), None, "{stage} {ms}");
        }
    }

    #[test]
    fn the_mean_distance_equals_that_of_the_averaged_vectors() {
        let unit = |v: [f64; 3]| {
            let n = v.iter().map(|x| x * x).sum::<f64>().sqrt();
            v.map(|x| x / n)
        };
        let dot = |a: [f64; 3], b: [f64; 3]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
        let reference = unit([1.0, 0.2, 0.0]);
        let frames = [unit([1.0, 0.0, 0.3]), unit([0.8, 0.5, -0.1]), unit([0.1, 1.0, 0.4])];
        let probes = frames.iter().enumerate().map(|(i, f)| Probe {
            role: SampleRole::Selfie(i as u8 + 1),
            distance: Measured::Value(CosineDistance::new(1.0 - dot(*f, reference)).expect("in range")),
        });
        let cosines = frames.iter().map(|a| frames.iter().map(|b| dot(*a, *b)).collect()).collect();
        let comparison = Comparison { probes: probes.collect(), cosines };
        let mean = unit([0, 1, 2].map(|k| frames[0][k] + frames[2][k]));
        let expected = 1.0 - dot(mean, reference);
        let got = comparison.mean_distance(&[0, 2]).expect("two frames with faces").get();
        assert!((got - expected).abs() < 1e-12);
        assert_eq!(comparison.mean_distance(&[]), None);
    }

    #[test]
    fn nan_is_a_failure_to_assess() {
        assert_eq!(Measured::number(f64::NAN), Measured::FailureToAssess(Reason::NotFinite));
    }
}
