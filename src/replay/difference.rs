//! What goes into a verdict, compared part by part, in the order in which a difference explains
//! those behind it.

use std::collections::BTreeSet;
use std::fmt;

use super::Recorded;
use super::document::{BundleDocument, PhotoDocument};
use crate::case::Case;
use crate::evidence::Provenance;

/// The first thing that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What it is.
    pub part: Part,
    /// As it was recorded; `None` where there was none.
    pub recorded: Option<String>,
    /// As it is here; `None` where there is none.
    pub here: Option<String>,
}

/// What may differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The version of the program.
    Version,
    /// The inference runtime.
    Runtime,
    /// A model, by name.
    Model(String),
    /// The policy.
    Policy,
    /// What the case says of itself: `case_id`, `decided_on`, ...
    Case(&'static str),
    /// A photo's bytes, by its role.
    Photo(String),
    /// What was measured or decided, by its place.
    Result(String),
}

impl Part {
    /// The name used in documents.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::Runtime => "runtime",
            Self::Model(_) => "model",
            Self::Policy => "policy",
            Self::Case(_) => "case",
            Self::Photo(_) => "photo",
            Self::Result(_) => "result",
        }
    }

    /// Which one of its kind; empty where there is only one.
    pub fn name(&self) -> &str {
        match self {
            Self::Version | Self::Runtime | Self::Policy => "",
            Self::Case(name) => name,
            Self::Model(name) | Self::Photo(name) | Self::Result(name) => name,
        }
    }
}

/// `other model face.mesh: recorded 12ab, here 34cd`.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match &self.part {
            Part::Version => "other version".to_owned(),
            Part::Runtime => "other runtime".to_owned(),
            Part::Policy => "other policy".to_owned(),
            Part::Model(name) => format!("other model {name}"),
            Part::Case(name) => format!("other case, its {name}"),
            Part::Photo(role) => format!("other photo bytes, {role}"),
            Part::Result(place) => format!("other result, {place}"),
        };
        let told = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
        write!(f, "{what}: recorded {}, here {}", told(&self.recorded), told(&self.here))
    }
}

/// The first difference between what made a recorded verdict and what would make it here. The
/// photos can be compared where a bundle names them; without, they show in the result alone.
pub fn inputs_difference(
    recorded: &Recorded,
    here: &Provenance,
    policy_sha256: &str,
    case: Option<&Case>,
) -> Option<Difference> {
    let made_by = &recorded.verdict.provenance;
    differs(Part::Version, &made_by.version, &here.version)
        .or_else(|| differs(Part::Runtime, &made_by.runtime, &here.runtime))
        .or_else(|| {
            let names: BTreeSet<&String> = made_by.models.keys().chain(here.models.keys()).collect();
            names.into_iter().find_map(|name| {
                let (then, now) = (made_by.models.get(name), here.models.get(name));
                unequal(Part::Model(name.clone()), then.cloned(), now.cloned())
            })
        })
        .or_else(|| differs(Part::Policy, &made_by.policy, policy_sha256))
        .or_else(|| case_difference(recorded, case?))
}

fn case_difference(recorded: &Recorded, case: &Case) -> Option<Difference> {
    let verdict = &recorded.verdict;
    let case_id = differs(Part::Case("case_id"), &verdict.case_id, &case.case_id);
    let day = case.decided_on.map(|day| day.to_string());
    case_id
        .or_else(|| unequal(Part::Case("decided_on"), verdict.decided_on.clone(), day))
        .or_else(|| photos_difference(recorded.photos.as_ref()?, &BundleDocument::from(case).photos))
}

fn photos_difference(then: &[PhotoDocument], now: &[PhotoDocument]) -> Option<Difference> {
    let roles = then.iter().map(|photo| &photo.sample);
    let added = now.iter().map(|photo| &photo.sample).filter(|role| then.iter().all(|p| p.sample != **role));
    roles.chain(added).find_map(|role| {
        let sha256 = |photos: &[PhotoDocument]| {
            photos.iter().find(|photo| photo.sample == *role).map(|photo| photo.sha256.clone())
        };
        unequal(Part::Photo(role.clone()), sha256(then), sha256(now))
    })
}

fn differs(part: Part, recorded: &str, here: &str) -> Option<Difference> {
    unequal(part, Some(recorded.to_owned()), Some(here.to_owned()))
}

fn unequal(part: Part, recorded: Option<String>, here: Option<String>) -> Option<Difference> {
    (recorded != here).then_some(Difference { part, recorded, here })
}
