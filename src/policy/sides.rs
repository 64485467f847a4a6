//! The two photos of the card as a pair: which sides they show. Rule 3 of `decide`.

use super::checks::Subject;
use super::codes::Code;
use super::judgement::{Effect, Finding, Outcome};
use super::photo::PhotoJudgement;
use crate::case::SampleKind;

/// What the pair is, where at least one photo shows another side than it should: findings on each
/// become one that says what to do.
pub(super) fn name_the_pair(photos: &mut [PhotoJudgement]) -> Option<Finding> {
    let (front_wrong, back_wrong) = (is_wrong(photos, SampleKind::Front), is_wrong(photos, SampleKind::Back));
    match (front_wrong, back_wrong) {
        (true, true) => {
            for photo in photos.iter_mut() {
                photo.findings.retain(|finding| finding.code != Code::CardWrongSide);
            }
            return Some(Finding {
                code: Code::CardSidesSwapped,
                sample: None,
                measure: None,
                outcome: Outcome::NotMet,
                effect: Effect::Fail,
                observed: None,
                required: None,
            });
        }
        (true, false) if is_right(photos, SampleKind::Back) => rename(photos, Code::CardTwoBacks),
        (false, true) if is_right(photos, SampleKind::Front) => rename(photos, Code::CardTwoFronts),
        (true | false, true | false) => {}
    }
    None
}

fn is_wrong(photos: &[PhotoJudgement], kind: SampleKind) -> bool {
    let wrong = |finding: &Finding| finding.code == Code::CardWrongSide && finding.effect == Effect::Fail;
    photos.iter().any(|photo| photo.role.kind() == kind && photo.findings.iter().any(wrong))
}

fn is_right(photos: &[PhotoJudgement], kind: SampleKind) -> bool {
    photos.iter().any(|photo| photo.role.kind() == kind && !photo.absent.contains(&Subject::Side))
}

fn rename(photos: &mut [PhotoJudgement], code: Code) {
    let findings = photos.iter_mut().flat_map(|photo| &mut photo.findings);
    findings.filter(|finding| finding.code == Code::CardWrongSide).for_each(|finding| finding.code = code);
}
