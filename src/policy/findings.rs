//! Tests of the rules: what is found on assessments spoiled in one way or several.

use super::testing::{Spoiled as _, distance_of, good_case};
use super::*;
use crate::case::SampleRole::{Back, Front, Selfie};
use crate::evidence::{Assessment, IntakeFault, Measured, Reason};

/// A decision in a few lines: the verdict, then a line for each finding.
fn told(judgement: &Judgement) -> String {
    let mut lines = vec![format!("{} {}", judgement.decision.id(), judgement.status.id())];
    for finding in &judgement.findings {
        let sample = finding.sample.map_or("case".to_owned(), |role| role.to_string());
        let measure = finding.measure.map_or("-", Measure::id);
        let seen = match &finding.observed {
            None => "-".to_owned(),
            Some(Observed::Value(value)) => value.to_string(),
            Some(Observed::Reason(reason)) => reason.to_string(),
            Some(Observed::Detail(detail)) => format!("{detail:?}"),
        };
        let asked = finding.required.map_or("-".to_owned(), |required| required.to_string());
        let (outcome, effect) = (finding.outcome.id(), finding.effect.id());
        lines.push(format!("{effect} {sample} {} {outcome} | {measure}: {seen}, {asked}", finding.code));
    }
    let comparison = &judgement.comparison;
    if let Some(distance) = comparison.distance {
        let frames: Vec<String> = comparison.frames.iter().map(ToString::to_string).collect();
        lines.push(format!("distance {:.4} of {}", distance.get(), frames.join(" ")));
    }
    lines.join("\n")
}

fn policy(body: &str) -> Policy {
    Policy::parse(&format!("schema = \"{POLICY_SCHEMA}\"\n{body}")).expect("a valid policy")
}

/// With a number that could not be read.
fn unread(mut case: Assessment) -> Assessment {
    for measure in [Measure::NumberBirthMismatch, Measure::NumberClaimDifferences, Measure::Age] {
        case = case.unmeasured(Front, measure, Reason::NotRead);
    }
    case.with(Front, Measure::NumberConfidence, 0.1).with(Front, Measure::NumberValid, 0.0)
}

/// Without claims.
fn claimless(case: Assessment) -> Assessment {
    let measures = [Measure::NumberClaimDifferences, Measure::NameClaimDifferences, Measure::NameConfidence];
    measures.into_iter().fold(case, |case, measure| case.unmeasured(Front, measure, Reason::NotClaimed))
}

#[test]
fn findings_are_as_recorded() {
    let good = || good_case(3, 0.2);
    let one = || good_case(1, 0.2);
    let impostor = || good_case(3, 0.8);
    let rows: Vec<(&str, Assessment)> = vec![
        ("genuine", good()),
        ("impostor", impostor()),
        ("nothing was sent", one().without(Front).without(Back).without(Selfie(1))),
        ("another birth date is printed", good().with(Front, Measure::NumberBirthMismatch, 0.999)),
        ("another birth date may be printed", good().with(Front, Measure::NumberBirthMismatch, 0.9)),
        ("the back is missing", good().without(Back)),
        ("the front is blurred", good().with(Front, Measure::FieldBlur, 4.0)),
        ("the front is blurred and of another person", impostor().with(Front, Measure::FieldBlur, 4.0)),
        (
            "the back is blurred and the front of another person",
            impostor().with(Back, Measure::FieldBlur, 4.0),
        ),
        ("the front is truncated", good().refused(Front, IntakeFault::Truncated, "ends early")),
        (
            "the front is HEIC and the back empty",
            good().refused(Front, IntakeFault::FormatUnsupported, "HEIC").refused(
                Back,
                IntakeFault::NotAnImage,
                "empty",
            ),
        ),
        ("the front has no portrait", good().faceless(Front)),
        (
            "the front has a doubtful and small portrait",
            good().with(Front, Measure::FaceScore, 0.3).with(Front, Measure::InterEyeDistance, 9.0),
        ),
        ("the only selfie has no face", one().faceless(Selfie(1))),
        (
            "the only selfie has no face and is small",
            one().faceless(Selfie(1)).with(Selfie(1), Measure::ShortSide, 200.0),
        ),
        ("the only selfie has two faces", one().with(Selfie(1), Measure::SecondFace, 0.9)),
        (
            "the only selfie is turned and nodding",
            one().with(Selfie(1), Measure::Yaw, -40.0).with(Selfie(1), Measure::Pitch, 30.0),
        ),
        (
            "the only selfie is dark, of another person",
            good_case(1, 0.8).with(Selfie(1), Measure::FaceUnderExposed, 0.95),
        ),
        ("one selfie of three is turned", good().with(Selfie(1), Measure::Yaw, 40.0)),
        (
            "one selfie of three is turned, all of another person",
            impostor().with(Selfie(1), Measure::Yaw, 40.0),
        ),
        ("one selfie of three is truncated", good().refused(Selfie(2), IntakeFault::Truncated, "ends early")),
        (
            "every selfie is bad in its own way",
            good().with(Selfie(1), Measure::EyesOpen, 0.01).faceless(Selfie(2)).refused(
                Selfie(3),
                IntakeFault::Corrupt,
                "bad marker",
            ),
        ),
        (
            "a measure of the only selfie is not a number",
            one().with(Selfie(1), Measure::FaceSharpness, f64::NAN),
        ),
        ("a measure of the front was not taken", good().lacking(Front, Measure::FieldBlur)),
        (
            "a dark back has too little to measure blur",
            good().with(Back, Measure::CardBackground, 40.0).unmeasured(
                Back,
                Measure::FieldBlur,
                Reason::TooLittleToMeasure,
            ),
        ),
        (
            "a plain back has too little to measure blur",
            good().unmeasured(Back, Measure::FieldBlur, Reason::TooLittleToMeasure),
        ),
        (
            "no distance although only the front's blur is bad",
            one().with(Front, Measure::FieldBlur, 4.0).at_distance(Selfie(1), f64::NAN),
        ),
        ("the front shows no card", good().cardless(Front)),
        ("the back shows no card, the front one of another person", impostor().cardless(Back)),
        ("the front is the other side", good().without(Back).other_side(Front)),
        ("the sides are swapped", good().other_side(Front).other_side(Back)),
        ("both photos show the front", good().other_side(Back)),
        ("both photos show the back", good().other_side(Front)),
        ("the front is no identity card", good().other_side(Front).with(Front, Measure::IdCardScore, 0.02)),
        (
            "the front is dark and hardly an identity card",
            good().with(Front, Measure::IdCardScore, 0.4).with(Front, Measure::CardBackground, 30.0),
        ),
        ("the number cannot be read", unread(good())),
        (
            "the number cannot be read under glare",
            unread(good()).with(Front, Measure::FieldGlare, 0.4).with(Front, Measure::CardGlare, 0.05),
        ),
        ("the number is wrong", good().with(Front, Measure::NumberValid, 0.0)),
        (
            "the number's birth date could not be compared",
            good().unmeasured(Front, Measure::NumberBirthMismatch, Reason::NotRead),
        ),
        (
            "number and name are not those claimed",
            good().with(Front, Measure::NumberClaimDifferences, 9.0).with(
                Front,
                Measure::NameClaimDifferences,
                3.0,
            ),
        ),
        ("the name is nearly that claimed", good().with(Front, Measure::NameClaimDifferences, 1.0)),
        (
            "the number is not that claimed on a blurred front",
            good().with(Front, Measure::NumberClaimDifferences, 9.0).with(Front, Measure::FieldBlur, 2.5),
        ),
        ("nothing is claimed", claimless(good())),
        ("the card has expired", good().with(Back, Measure::UntilValidTo, -1.0)),
        ("there is no day to judge on", good().unmeasured(Back, Measure::UntilValidTo, Reason::NoDate)),
        (
            "the front is a grey copy of a child's card",
            good().with(Front, Measure::CardChroma, 1.0).with(Front, Measure::Age, 12.0),
        ),
        (
            "the front is a grey copy under a lamp",
            good().with(Front, Measure::CardChroma, 1.0).with(Front, Measure::CardGlare, 0.2),
        ),
        ("no distance although everything is good", one().at_distance(Selfie(1), f64::NAN)),
    ];
    let shipped = Policy::shipped();
    let recorded: Vec<String> =
        rows.iter().map(|(name, case)| format!("# {name}\n{}\n", told(&shipped.decide(case)))).collect();
    insta::assert_snapshot!("findings", recorded.join("\n"));
}

#[test]
fn what_was_not_assessed_is_not_met() {
    let shipped = Policy::shipped();
    for check in CHECKS {
        let roles = [Front, Back, Selfie(1)].into_iter().filter(|role| role.kind() == check.kind);
        for role in roles {
            let gated = shipped.gates.contains_key(&(check.kind, check.measure));
            let expected = if gated { Decision::Fail } else { Decision::Pass };
            let lacking = good_case(1, 0.2).lacking(role, check.measure);
            assert_eq!(shipped.decide(&lacking).decision, expected, "{role} {}", check.measure);
            // What is not there at all is told apart below: it fails whatever is gated.
            let there = |r: &Reason| !matches!(r, Reason::NoFace | Reason::NoCard);
            for reason in Reason::ALL.into_iter().filter(there) {
                if is_passed_over(check.measure, reason) {
                    continue;
                }
                let spoiled = good_case(1, 0.2).unmeasured(role, check.measure, reason);
                let judgement = shipped.decide(&spoiled);
                assert_eq!(judgement.decision, expected, "{role} {} {reason}", check.measure);
                if gated {
                    assert_eq!(judgement.findings[0].code, Code::CheckNotAssessed);
                    assert_eq!(judgement.findings[0].outcome, Outcome::NotAssessed);
                    assert_eq!(judgement.status, VerificationStatus::Retake);
                }
            }
        }
    }
    // What only goes to review explains nothing: the case still fails.
    let banded = policy("[back]\ncard_background_luma = { fail_below = 90, review_below = 120 }");
    let dim = good_case(1, 0.2).with(Back, Measure::CardBackground, 100.0);
    assert_eq!(banded.decide(&dim).decision, Decision::Review);
    let dim = dim.unmeasured(Back, Measure::FieldBlur, Reason::TooLittleToMeasure);
    assert_eq!(banded.decide(&dim).decision, Decision::Fail);

    let all_off: String = SampleKind::ALL
        .into_iter()
        .map(|kind| {
            let keys = Check::of(kind).map(|check| format!("{} = 'off'\n", check.measure));
            format!("[{}]\n{}", kind.id(), keys.collect::<String>())
        })
        .collect();
    let lenient = policy(&all_off);
    assert_eq!(lenient.decide(&good_case(1, 0.2)).decision, Decision::Pass);
    for faceless in [Front, Selfie(1)] {
        assert_eq!(lenient.decide(&good_case(1, 0.2).faceless(faceless)).decision, Decision::Fail);
    }
    for cardless in [Front, Back] {
        assert_eq!(lenient.decide(&good_case(1, 0.2).cardless(cardless)).decision, Decision::Fail);
    }
    let optional = policy("[case]\nfront = 'optional'\nback = 'optional'");
    assert_eq!(optional.decide(&good_case(1, 0.2).without(Back)).decision, Decision::Pass);
    let no_front = optional.decide(&good_case(1, 0.2).without(Front));
    assert_eq!(no_front.findings[0].code, Code::MatchNotAssessed);
    assert_eq!(no_front.decision, Decision::Fail);
}

/// The two that rule 4 lets pass.
fn is_passed_over(measure: Measure, reason: Reason) -> bool {
    use Measure::{NameClaimDifferences, NameConfidence, NumberBirthMismatch, NumberClaimDifferences};
    let of_a_claim = matches!(measure, NumberClaimDifferences | NameClaimDifferences | NameConfidence);
    (reason == Reason::NotClaimed && of_a_claim)
        || (reason == Reason::NotRead && measure == NumberBirthMismatch)
}

#[test]
fn a_gate_holds_at_its_bounds() {
    let policy = policy(
        "[front]\nshort_side_px = { fail_below = 600, review_below = 800 }\n\
         [selfie]\nyaw_deg = { fail_above = 25, review_above = 15 }\n\
         [comparison]\nfmr = 1e-4\nreview_fmr = 1e-3\n",
    );
    let (side, yaw) = ((Front, Measure::ShortSide), (Selfie(1), Measure::Yaw));
    for ((role, measure), value, decision) in [
        (side, 599.9, Decision::Fail),
        (side, 600.0, Decision::Review),
        (side, 799.9, Decision::Review),
        (side, 800.0, Decision::Pass),
        (yaw, -25.1, Decision::Fail),
        (yaw, -25.0, Decision::Review),
        (yaw, 15.1, Decision::Review),
        (yaw, -15.0, Decision::Pass),
    ] {
        let case = good_case(1, 0.2).with(role, measure, value);
        assert_eq!(policy.decide(&case).decision, decision, "{measure} {value}");
    }
    for (distance, decision, code) in [
        (0.401, Decision::Fail, Some(Code::MatchBelowThreshold)),
        (0.399, Decision::Review, Some(Code::MatchUncertain)),
        (0.301, Decision::Review, Some(Code::MatchUncertain)),
        (0.299, Decision::Pass, None),
    ] {
        let judgement = policy.decide(&good_case(1, distance));
        assert_eq!(judgement.decision, decision, "{distance}");
        assert_eq!(judgement.findings.first().map(|finding| finding.code), code);
    }
    // A frame in the review band serves where another has no finding, and not where none has.
    let doubtful = |frames| good_case(frames, 0.2).with(Selfie(1), Measure::Yaw, 20.0);
    assert_eq!(policy.decide(&doubtful(1)).decision, Decision::Review);
    assert_eq!(policy.decide(&doubtful(1)).status, VerificationStatus::InReview);
    assert_eq!(policy.decide(&doubtful(2)).decision, Decision::Pass);
}

#[test]
fn the_best_usable_frames_are_compared() {
    let policy = policy("[comparison]\nframes_max = 2\n");
    let qualities = |values: [f64; 4]| {
        let case = good_case(4, 0.2);
        (1..=4).zip(values).fold(case, |case, (n, q)| case.with(Selfie(n), Measure::FrameQuality, q))
    };
    for (case, frames) in [
        (qualities([10.0, 30.0, 20.0, 5.0]), [2, 3]),
        (qualities([50.0; 4]), [1, 2]),
        (qualities([f64::NAN, 0.0, f64::NAN, 1.0]), [2, 4]),
        (qualities([90.0, 80.0, 70.0, 60.0]).with(Selfie(1), Measure::Yaw, 80.0), [2, 3]),
        (qualities([90.0, 80.0, 70.0, 60.0]).at_distance(Selfie(2), f64::NAN), [1, 3]),
    ] {
        assert_eq!(policy.decide(&case).comparison.frames, frames.map(Selfie));
    }
}

#[test]
fn more_frames_can_be_asked_for() {
    let policy = policy("[case]\nselfies_min = 3\n[selfie]\nusable_frames_min = 2\n");
    assert_eq!(policy.decide(&good_case(3, 0.2)).decision, Decision::Pass);
    let two = policy.decide(&good_case(2, 0.2));
    assert_eq!(two.findings.len(), 1);
    assert_eq!((two.findings[0].code, two.findings[0].sample), (Code::PhotoMissing, Some(Selfie(3))));
    let second_missing = policy.decide(&good_case(3, 0.2).without(Selfie(2)));
    assert_eq!(second_missing.findings[0].sample, Some(Selfie(2)));
    let one_turned = good_case(3, 0.2).with(Selfie(2), Measure::Yaw, 80.0);
    assert_eq!(policy.decide(&one_turned).decision, Decision::Pass);
    let two_turned =
        policy.decide(&one_turned.with(Selfie(3), Measure::Yaw, 80.0).at_distance(Selfie(1), 0.9));
    assert_eq!(two_turned.status, VerificationStatus::Retake, "too few frames: the distance is noted");
    assert_eq!(two_turned.findings.last().map(|f| f.effect), Some(Effect::Noted));
}

#[test]
fn scores_that_make_no_number_never_pass() {
    let policy = policy("[comparison]\nfmr = 1e-2\n review_fmr = 'off'\n");
    for cosine in [f64::NAN, 0.0, -1.0, f64::NEG_INFINITY] {
        let mut case = good_case(2, 0.2);
        case.comparison.cosines = vec![vec![cosine; 2]; 2];
        assert_eq!(policy.decide(&case).decision, Decision::Fail, "{cosine}");
    }
    assert!(matches!(distance_of(f64::NAN), Measured::FailureToAssess(_)));
}
