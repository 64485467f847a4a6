//! Photos that were dropped onto the page, as a case on disk.
//!
//! The names of the files that were dropped are not used: photos are stored under their roles.

use std::fs;
use std::io;
use std::path::Path;

use super::DeskError;
use crate::case::{Case, CaseDocument, Claims, Method, SELFIES_MAX, Sample, SampleRole};

/// Characters of a name or number that was typed.
const CLAIM_CHARS_MAX: usize = 200;

/// What a form brought.
#[derive(Debug, Default)]
pub(super) struct Upload {
    pub(super) case_id: String,
    pub(super) name: String,
    pub(super) id_number: String,
    pub(super) decided_on: String,
    /// By the field that they came in, `front`, `back` or `selfies`, in the order of the form.
    pub(super) photos: Vec<(String, Vec<u8>)>,
}

impl Upload {
    /// The case that it is; `unnamed` names it where the form does not.
    pub(super) fn into_case(self, unnamed: impl FnOnce() -> String) -> Result<Case, DeskError> {
        let refused = |text: &str| Err(DeskError::Refused(text.to_owned()));
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let case_id = if self.case_id.is_empty() { unnamed() } else { self.case_id };
        if case_id.len() > 100 || !case_id.chars().all(plain) || case_id.starts_with('.') {
            return refused("a case's name has up to 100 letters, digits, -, _ and .");
        }
        let day = Some(self.decided_on).filter(|day| !day.is_empty()).map(|day| day.parse()).transpose();
        let Ok(decided_on) = day else { return refused("the day must be of the form 2026-11-20") };
        let claim = |text: String| {
            let text = text.trim();
            (!text.is_empty()).then(|| text.chars().take(CLAIM_CHARS_MAX).collect::<String>())
        };
        let mut samples: Vec<Sample> = Vec::new();
        let mut frames = 0;
        // An empty part is a field that nothing was dropped on.
        for (field, bytes) in self.photos.into_iter().filter(|(_, bytes)| !bytes.is_empty()) {
            let role = match field.as_str() {
                "front" => SampleRole::Front,
                "back" => SampleRole::Back,
                _ => {
                    frames += 1;
                    SampleRole::Selfie(frames)
                }
            };
            if usize::from(frames) > SELFIES_MAX || samples.iter().any(|sample| sample.role == role) {
                return refused("one photo of each side, and at most 16 selfie frames");
            }
            samples.push(Sample { role, bytes });
        }
        if samples.is_empty() {
            return refused("no photo was sent");
        }
        samples.sort_by_key(|sample| sample.role);
        let claims = Claims { name: claim(self.name), id_number: claim(self.id_number) };
        Ok(Case { case_id, method: Method::IdCard, claims, samples, challenge: Vec::new(), decided_on })
    }
}

/// Writes a case as a folder that `realname check` reads; nobody else may look into it.
pub(super) fn write_case(folder: &Path, case: &Case) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    let file = |sample: &Sample| sample.role.to_string();
    for sample in &case.samples {
        fs::write(folder.join(file(sample)), &sample.bytes)?;
    }
    // Last, so that a folder with a case.json is whole.
    fs::write(
        folder.join("case.json"),
        serde_json::to_vec_pretty(&CaseDocument::of(case)).map_err(io::Error::other)?,
    )
}
