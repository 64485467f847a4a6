//! The engine: models, policy and threads behind one call.
//!
//! `Engine` is what a program that uses this library holds: one for the whole process, shared by
//! all threads.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread;
use std::time::SystemTime;

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::assess::{AssessError, ModelPool, PhotoModels, Question, Seen, assess, look_at};
use crate::card::fields::{FieldReaders, FieldsWanted, TextReader};
use crate::card::{self, CardModels};
use crate::case::{Case, Claims, Date, Sample, SampleRole};
use crate::evidence::{
    Assessment, Embedding, Intake, Measured, PhotoAssessment, Provenance, Reason, Timings,
};
use crate::face::{self, EmbeddingFormat, FaceEmbedding, FaceModels, MiniFasNet};
use crate::imaging::Limits;
use crate::inference::{InferenceError, Manifest, Models, Store, names};
use crate::policy::{MatchLimits, Policy, Verdict};

/// What an [`Engine`] is made from. The defaults are those of the program.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What turns measures into a decision; the shipped policy by default.
    pub policy: Policy,
    /// Where models live; `None` is the user's cache directory, or `REALNAME_HOME`.
    pub home: Option<PathBuf>,
    /// The face embedding by its name in the manifest or as it was added; the default one where
    /// none is named.
    pub embedding: Option<String>,
    /// What a photo may cost; larger ones are refused with a finding.
    pub limits: Limits,
    /// Threads that work on photos; the machine's cores by default.
    pub threads: NonZeroUsize,
    /// The day on which cases are judged that name none; by default the day in China on which
    /// these settings were made.
    pub decided_on: Option<Date>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            policy: Policy::shipped(),
            home: None,
            embedding: None,
            limits: Limits::default(),
            threads: thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            decided_on: Date::in_china(SystemTime::now()),
        }
    }
}

/// The machine's fault: the case is untouched and may be tried again.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A model or the runtime is missing, altered or refused.
    #[error(transparent)]
    Inference(#[from] InferenceError),
    /// A model could not be run on a photo.
    #[error(transparent)]
    Assess(#[from] AssessError),
    /// The threads could not be started.
    #[error("cannot start {threads} threads: {source}")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// What the system said.
        source: rayon::ThreadPoolBuildError,
    },
}

/// One photo, looked at on its own.
pub struct Inspection {
    /// What was measured.
    pub assessment: PhotoAssessment,
    /// What the measures saw; `None` for a photo without pixels.
    pub seen: Option<Seen>,
    /// Time spent by stage.
    pub timings: Timings,
}

/// Checks cases. `Send` and `Sync`: make one and share it.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use realname::{Engine, Settings, case::read_case};
///
/// let engine = Engine::new(Settings::default())?;
/// let case = read_case("fixtures/cases/genuine".as_ref(), engine.limits().bytes_max)?;
/// let verdict = engine.check(&case)?;
/// for finding in &verdict.judgement.findings {
///     println!("{finding:?}");
/// }
/// # Ok(()) }
/// ```
pub struct Engine {
    policy: Policy,
    limits: Limits,
    models: ModelPool,
    provenance: Provenance,
    threads: ThreadPool,
    decided_on: Option<Date>,
}

impl Engine {
    /// Opens the installed models and starts the threads.
    ///
    /// The first call of a process sets the environment variable `ORT_DISABLE_TELEMETRY` to 1, so
    /// that ONNX Runtime sends nothing: make the first engine before other threads run C code that
    /// reads the environment.
    ///
    /// # Errors
    /// A model or the runtime library is missing (`realname models fetch` installs them), its
    /// sha256 differs, or the runtime refuses it.
    pub fn new(settings: Settings) -> Result<Self, EngineError> {
        let store = match settings.home {
            Some(home) => Store::at(home),
            None => Store::from_environment()?,
        };
        let manifest = &Manifest::built_in().with_added(&store)?;
        let embedding = settings.embedding.unwrap_or_else(|| names::FACE_EMBEDDING.to_owned());
        let spec = manifest.model(&embedding)?;
        let (calibration, embedding_format) =
            (spec.calibration.as_deref().cloned(), EmbeddingFormat::of(spec));
        let [near, far, mesh, _, cover] = face::MODELS;
        let mut wanted = [&[near, far, mesh, embedding.as_str(), cover], &card::MODELS[..]].concat();
        let assesses_liveness = are_present(&store, manifest, &face::LIVENESS_MODELS)?;
        if assesses_liveness {
            wanted.extend(face::LIVENESS_MODELS);
        }
        let models = Models::open(&store, manifest, &wanted)?;
        let opened = models.provenance();
        let provenance = Provenance {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            models: opened.models.into_iter().map(|(name, sha256)| (name, sha256.to_string())).collect(),
            runtime: opened.runtime,
            embedding: Some(Embedding { model: embedding.clone(), calibration }),
        };
        let load = move || {
            let [near, far, mesh, embedding, cover] =
                [near, far, mesh, embedding.as_str(), cover].map(|name| models.session(name));
            let face = FaceModels {
                near: Box::new(near?),
                far: Box::new(far?),
                mesh: Box::new(mesh?),
                embedding: Box::new(embedding?),
                cover: Box::new(cover?),
                embedding_format,
                liveness: if assesses_liveness { Some(Box::new(mini_fas_net(&models)?)) } else { None },
            };
            let digits = Box::new(models.session(names::CARD_DIGITS)?);
            let card = CardModels {
                locator: Box::new(models.session(names::CARD_LOCATOR)?),
                side: Box::new(models.session(names::CARD_SIDE)?),
                readers: FieldReaders { digits, text: TextReader::open(&models)? },
            };
            Ok(PhotoModels { face, card })
        };
        let pool = ModelPool::new(load);
        pool.with(|_| Ok(()))?; // The first set now: a broken model stops the program, not a case.
        let engine = Self::with_models(pool, provenance, settings.policy, settings.limits, settings.threads)?;
        Ok(Self { decided_on: settings.decided_on, ..engine })
    }

    /// An engine on networks of the caller's choice, for tests of everything around them. It judges
    /// on the day that the case names and no other.
    ///
    /// # Errors
    /// The threads cannot be started.
    pub fn with_models(
        models: ModelPool,
        provenance: Provenance,
        policy: Policy,
        limits: Limits,
        threads: NonZeroUsize,
    ) -> Result<Self, EngineError> {
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads.get())
            .thread_name(|i| format!("realname-{i}"))
            .build()
            .map_err(|source| EngineError::Threads { threads: threads.get(), source })?;
        Ok(Self { policy, limits, models, provenance, threads: pool, decided_on: None })
    }

    /// Measures a case and decides it. May be called from any number of threads; the photos of
    /// all callers share the engine's threads.
    ///
    /// # Errors
    /// The machine's fault only; whatever is wrong with the photos is in the verdict.
    pub fn check(&self, case: &Case) -> Result<Verdict, EngineError> {
        let (assessment, timings) = self.measure(case)?;
        Ok(Verdict { timings, ..self.decide(assessment) })
    }

    /// Measures a case and decides nothing, with the time spent by stage.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn measure(&self, case: &Case) -> Result<(Assessment, Timings), EngineError> {
        let day = case.decided_on.or(self.decided_on);
        let measured =
            self.threads.install(|| assess(case, day, &self.models, &self.limits, &self.provenance));
        Ok(measured?)
    }

    /// Decides what was measured before, by this engine's policy and without a model.
    pub fn decide(&self, assessment: Assessment) -> Verdict {
        let judgement = self.policy.decide(&assessment);
        let policy_sha256 = self.policy.sha256();
        Verdict { assessment, judgement, policy_sha256, timings: Timings::default() }
    }

    /// Looks at one photo, measures it and reads `fields` of its card, without deciding anything.
    ///
    /// # Errors
    /// The machine's fault only.
    pub fn inspect(&self, sample: &Sample, fields: FieldsWanted) -> Result<Inspection, EngineError> {
        let question = Question { claims: &Claims::default(), decided_on: None, fields };
        let work = self.threads.install(|| look_at(sample, &question, &self.models, &self.limits))?;
        Ok(Inspection { assessment: work.assessment, seen: work.seen, timings: work.timings })
    }

    /// The embedding of the largest face in a photo, made as for a selfie, or why there is none:
    /// the intake's refusal, or a reason.
    ///
    /// # Errors
    /// The machine's fault only.
    pub fn face(&self, bytes: Vec<u8>) -> Result<FaceOf, EngineError> {
        let sample = Sample { role: SampleRole::Selfie(1), bytes };
        let question =
            Question { claims: &Claims::default(), decided_on: None, fields: FieldsWanted::Decision };
        let work = self.threads.install(|| look_at(&sample, &question, &self.models, &self.limits))?;
        Ok(match (work.assessment.intake, work.embedding) {
            (Intake::Refused { fault, detail }, _) => FaceOf::Refused { fault: fault.id(), detail },
            (_, None) => FaceOf::Found(Measured::FailureToAssess(Reason::NoFace)),
            (_, Some(embedding)) => FaceOf::Found(Measured::Value(embedding)),
        })
    }

    /// The policy in force.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The limits of the policy as distances of the model that compares; `None` where it is not
    /// calibrated for the rates asked for.
    pub fn match_limits(&self) -> Option<MatchLimits> {
        let embedding = self.provenance.embedding.as_ref()?;
        self.policy.limits(embedding.calibration.as_ref()?)
    }

    /// What a photo may cost.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Version, models and runtime of every verdict of this engine.
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }
}

/// Whether all of these models are installed. One that is there and damaged is present: opening it
/// says so.
fn are_present(store: &Store, manifest: &Manifest, names: &[&str]) -> Result<bool, InferenceError> {
    let present = names.iter().map(|name| Ok(store.is_there(manifest.artifact(name)?)));
    present.collect::<Result<Vec<bool>, _>>().map(|all| all.into_iter().all(|there| there))
}

fn mini_fas_net(models: &Models) -> Result<MiniFasNet, InferenceError> {
    let [v2, v1se] = face::LIVENESS_MODELS.map(|name| models.session(name));
    Ok(MiniFasNet { v2: Box::new(v2?), v1se: Box::new(v1se?) })
}

/// A photo's face for comparison.
#[derive(Debug, Clone)]
pub enum FaceOf {
    /// The bytes gave no pixels.
    Refused {
        /// The intake fault's id.
        fault: &'static str,
        /// The particulars.
        detail: String,
    },
    /// The photo was read; whether it has a face is in the value.
    Found(Measured<FaceEmbedding>),
}
