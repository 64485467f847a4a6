//! A bundle: everything that a replay of one verdict needs, in one file. `container` is the zip
//! around it.
//!
//! Holds no name, number or picture unless the case was asked for. What is read is checked against
//! itself: the verdict must be what the policy in it makes of the assessment in it.

use super::Recorded;
use super::container::{Member, packed, unpacked};
use super::difference::Difference;
use super::document::{BUNDLE_SCHEMA, BundleDocument, PhotoDocument};
use super::result::result_difference;
use crate::case::{Case, CaseDocument, SELFIES_MAX, Sample, SampleRole, without_values};
use crate::evidence::{Assessment, StoredAssessment, Timings};
use crate::policy::{Policy, PolicyError, Verdict};
use crate::report::{Timing, verdict_json};

/// A bundle larger than this is refused: as many photos as a case may hold, of as many bytes as
/// `imaging::Limits` lets through, and room for the rest.
pub const BUNDLE_BYTES_MAX: u64 = (SELFIES_MAX as u64 + 2) * (32 << 20) + (16 << 20);

const MANIFEST: &str = "bundle.json";
const VERDICT: &str = "verdict.json";
const ASSESSMENT: &str = "assessment.json";
const POLICY: &str = "policy.toml";
const CASE: &str = "case/case.json";
const CASE_FOLDER: &str = "case/";

/// Whether a bundle holds the case itself, which is personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BundlePhotos {
    /// The photos' digests alone.
    LeftOut,
    /// The photos and what the user typed.
    Held,
}

/// Why a file is no bundle to replay.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// It does not have the form.
    #[error("not a bundle: {0}")]
    Form(String),
    /// Its policy cannot be used.
    #[error("not a bundle: its policy is refused: {0}")]
    Policy(#[from] PolicyError),
    /// Its parts do not belong together: somebody changed one of them.
    #[error("the bundle contradicts itself: {0}")]
    Contradiction(String),
    /// It could not be put together.
    #[error("the bundle cannot be written: {0}")]
    Unwritten(String),
}

/// A bundle as the bytes of its file.
#[derive(Debug, Clone, Copy)]
pub struct Bundle;

impl Bundle {
    /// The bundle of a verdict: equal verdicts on equal cases give equal bytes.
    ///
    /// # Errors
    /// The zip cannot be put together.
    pub fn of(
        case: &Case,
        verdict: &Verdict,
        policy: &Policy,
        photos: BundlePhotos,
    ) -> Result<Vec<u8>, BundleError> {
        let member = |name: &str, text: String| Member { name: name.to_owned(), bytes: text.into_bytes() };
        let mut files = vec![
            member(MANIFEST, pretty(&BundleDocument::from(case))),
            member(VERDICT, verdict_json(verdict, Timing::Untimed) + "\n"),
            member(ASSESSMENT, pretty(&StoredAssessment::from(&verdict.assessment))),
            member(POLICY, policy.effective_toml()),
        ];
        match photos {
            BundlePhotos::LeftOut => {}
            BundlePhotos::Held => {
                files.push(member(CASE, pretty(&CaseDocument::of(case))));
                files.extend(case.samples.iter().map(|sample| Member {
                    name: format!("{CASE_FOLDER}{}", sample.role),
                    bytes: sample.bytes.clone(),
                }));
            }
        }
        packed(&files).map_err(BundleError::Unwritten)
    }

    /// Whether a file's first bytes are those of a bundle and not of a verdict.
    pub fn is_one(bytes: &[u8]) -> bool {
        bytes.starts_with(b"PK")
    }

    /// Reads a bundle, and makes sure that its parts belong together.
    ///
    /// # Errors
    /// The bytes are no bundle, or one of its parts was changed.
    pub fn read(bytes: &[u8]) -> Result<Recorded, BundleError> {
        let mut files = unpacked(bytes).map_err(BundleError::Form)?.into_iter();
        let mut text = |name: &str| {
            let file = files.next().filter(|file| file.name == name);
            let file = file.ok_or_else(|| BundleError::Form(format!("no {name} in its place")))?;
            String::from_utf8(file.bytes).map_err(|_| BundleError::Form(format!("{name} is not text")))
        };
        let manifest: BundleDocument = parsed(MANIFEST, &text(MANIFEST)?)?;
        if manifest.schema != BUNDLE_SCHEMA {
            return Err(BundleError::Form(format!("its schema is not `{BUNDLE_SCHEMA}`")));
        }
        let verdict = Recorded::from_verdict(&text(VERDICT)?);
        let verdict = verdict.map_err(|detail| BundleError::Form(format!("{VERDICT}: {detail}")))?;
        let stored: StoredAssessment = parsed(ASSESSMENT, &text(ASSESSMENT)?)?;
        let assessment = Assessment::try_from(stored)
            .map_err(|error| BundleError::Form(format!("{ASSESSMENT}: {error}")))?;
        let policy = Policy::parse(&text(POLICY)?)?;
        let case = match files.next() {
            None => None,
            Some(document) if document.name == CASE => Some(case_of(&manifest, &document.bytes, files)?),
            Some(_) => return Err(BundleError::Form("a file that does not belong in it".to_owned())),
        };
        let recorded = Recorded {
            assessment: Some(assessment),
            policy: Some(policy),
            photos: Some(manifest.photos.clone()),
            case,
            ..verdict
        };
        belongs_together(&manifest, &recorded)?;
        Ok(recorded)
    }

    /// What the policy of a bundle makes of its assessment, compared with its verdict; no photo is
    /// looked at.
    pub fn decision_difference(recorded: &Recorded) -> Option<Difference> {
        let (assessment, policy) = (recorded.assessment.as_ref()?, recorded.policy.as_ref()?);
        result_difference(recorded, &decided(assessment, policy))
    }
}

fn decided(assessment: &Assessment, policy: &Policy) -> Verdict {
    Verdict {
        judgement: policy.decide(assessment),
        assessment: assessment.clone(),
        policy_sha256: policy.sha256(),
        timings: Timings::default(),
    }
}

/// Refuses parts of different bundles put into one.
fn belongs_together(manifest: &BundleDocument, recorded: &Recorded) -> Result<(), BundleError> {
    let (Some(assessment), Some(policy)) = (&recorded.assessment, &recorded.policy) else { return Ok(()) };
    let verdict = &recorded.verdict;
    let against = |what: &str| Err(BundleError::Contradiction(what.to_owned()));
    if manifest.case_id != verdict.case_id || assessment.case_id != verdict.case_id {
        return against("its parts are of different cases");
    }
    if policy.sha256() != verdict.provenance.policy {
        return against("its policy is not the one that its verdict names");
    }
    let made_by = &assessment.provenance;
    if (&made_by.version, &made_by.runtime, &made_by.models)
        != (&verdict.provenance.version, &verdict.provenance.runtime, &verdict.provenance.models)
    {
        return against("its verdict and its assessment were made by different models");
    }
    let held = recorded.case.as_ref().map(|case| BundleDocument::from(case).photos);
    if held.is_some_and(|photos| photos != manifest.photos) {
        return against("its photos are not those that it names");
    }
    Ok(())
}

/// The case that a bundle holds: as its folder would be read from disk.
fn case_of(
    manifest: &BundleDocument,
    document: &[u8],
    files: impl Iterator<Item = Member>,
) -> Result<Case, BundleError> {
    let refused = |detail: String| BundleError::Form(format!("{CASE}: {detail}"));
    let document: CaseDocument =
        serde_json::from_slice(document).map_err(|error| refused(without_values(&error)))?;
    let sample = |(file, photo): (Member, &PhotoDocument)| {
        let name = file.name.strip_prefix(CASE_FOLDER).filter(|name| *name == photo.sample);
        let role = name.and_then(SampleRole::parse);
        let role = role.ok_or_else(|| refused("a photo that the bundle does not name".to_owned()))?;
        Ok(Sample { role, bytes: file.bytes })
    };
    let files: Vec<Member> = files.collect();
    if files.len() != manifest.photos.len() || document.case_id.as_deref() != Some(&manifest.case_id) {
        return Err(refused("not the case that the bundle names".to_owned()));
    }
    let samples: Vec<Sample> =
        files.into_iter().zip(&manifest.photos).map(sample).collect::<Result<_, BundleError>>()?;
    if !samples.is_sorted_by(|a, b| a.role < b.role) {
        return Err(refused("its photos are not in the order of their roles".to_owned()));
    }
    let day = document.decided_on.as_deref().map(str::parse).transpose();
    Ok(Case {
        case_id: manifest.case_id.clone(),
        method: document.method.into(),
        claims: document.claims.into(),
        samples,
        challenge: document.challenge.into_iter().map(Into::into).collect(),
        decided_on: day.map_err(|error: crate::case::DateError| refused(error.to_string()))?,
    })
}

fn parsed<T: serde::de::DeserializeOwned>(name: &str, text: &str) -> Result<T, BundleError> {
    serde_json::from_str(text)
        .map_err(|error| BundleError::Form(format!("{name}: {}", without_values(&error))))
}

fn pretty(document: &impl serde::Serialize) -> String {
    let text = serde_json::to_string_pretty(document);
    text.expect("plain data with string keys always serialises") + "\n"
}
