//! Tests of what holds for every decision, over random assessments and policies.

use proptest::prelude::*;

use super::liveness::{LivenessRules, NotAssessed};
use super::testing::{distance_of, embedding, good_photo};
use super::*;
use crate::case::{Method, SampleRole};
use crate::evidence::{
    Assessment, Comparison, Intake, IntakeFault, Measured, PhotoAssessment, Probe, Provenance, Reason,
};

/// A reading near the shipped gates: mostly a value on either side, sometimes none.
fn reading(measure: Measure) -> BoxedStrategy<Option<Measured<crate::score::Finite>>> {
    let span = match measure {
        Measure::ShortSide => 400.0..2000.0,
        Measure::EdgeSpread => 0.5..3.0,
        Measure::InterEyeDistance => 30.0..200.0,
        Measure::Yaw | Measure::Pitch | Measure::Roll => -32.0..32.0,
        Measure::NearEyeToBorder | Measure::LeftRightLight => 0.0..3.0,
        Measure::EyesOpen => 0.02..0.1,
        Measure::FrameQuality | Measure::NaturalColour | Measure::BackgroundGradient => 0.0..100.0,
        Measure::DynamicRange => 0.0..8.0,
        Measure::FaceSharpness | Measure::FaceWeakestDetail | Measure::EyeOpenness => -2.0..1.0,
        Measure::LightEnd => 40.0..250.0,
        Measure::CardMargin => -0.1..0.2,
        Measure::CardResolution => 4.0..20.0,
        Measure::CardTilt => 0.0..60.0,
        Measure::FieldBlur | Measure::FieldMotion => 0.4..4.0,
        Measure::CardBackground => 40.0..250.0,
        Measure::CardChroma | Measure::Screen | Measure::ScreenRipple => 0.0..40.0,
        Measure::Age => 10.0..60.0,
        Measure::SinceValidFrom | Measure::UntilValidTo => -500.0..5000.0,
        Measure::NumberClaimDifferences | Measure::NameClaimDifferences => 0.0..4.0,
        Measure::OverExposed
        | Measure::CardScore
        | Measure::SecondCard
        | Measure::IdCardScore
        | Measure::ExpectedSide
        | Measure::CardOutside
        | Measure::CardCovered
        | Measure::CardAspect
        | Measure::CardOverExposed
        | Measure::CardGlare
        | Measure::FieldGlare
        | Measure::PortraitGlare
        | Measure::UnevenLight
        | Measure::NumberConfidence
        | Measure::NumberValid
        | Measure::NumberRepaired
        | Measure::NumberBirthMismatch
        | Measure::NumberSexMismatch
        | Measure::NameConfidence
        | Measure::ValidityConfidence
        | Measure::FaceScore
        | Measure::SecondFace
        | Measure::MouthGap
        | Measure::MouthVoid
        | Measure::LightColour
        | Measure::FaceOutside
        | Measure::FaceCovered
        | Measure::IlluminationUniformity
        | Measure::LuminanceMean
        | Measure::LuminanceVariance
        | Measure::HeadSize
        | Measure::FaceUnderExposed
        | Measure::FaceOverExposed
        | Measure::Liveness => 0.0..1.0,
    };
    let good = super::testing::good_value(measure);
    prop_oneof![
        400 => Just(Some(Measured::number(good))),
        8 => span.prop_map(|value| Some(Measured::number(value))),
        1 => proptest::sample::select(&Reason::ALL[..]).prop_map(|r| Some(Measured::FailureToAssess(r))),
        1 => Just(None),
    ]
    .boxed()
}

fn photo(role: SampleRole) -> impl Strategy<Value = Option<PhotoAssessment>> {
    let measures: Vec<Measure> = Measure::of(role.kind()).collect();
    let readings: Vec<_> = measures.iter().map(|m| reading(*m)).collect();
    let decoded = readings.prop_map(move |readings| {
        let taken = measures.iter().copied().zip(readings).filter_map(|(m, r)| Some((m, r?)));
        PhotoAssessment { readings: taken.collect(), ..good_photo(role) }
    });
    let refused = proptest::sample::select(&IntakeFault::ALL[..]).prop_map(move |fault| PhotoAssessment {
        intake: Intake::Refused { fault, detail: "detail".to_owned() },
        readings: Default::default(),
        role,
    });
    prop_oneof![30 => decoded.prop_map(Some), 1 => refused.prop_map(Some), 1 => Just(None)]
}

/// Any assessment, also such as no pipeline makes: a distance without a face, cosines out of range.
fn assessment() -> impl Strategy<Value = Assessment> {
    let frame = |n| (photo(SampleRole::Selfie(n)), prop_oneof![9 => 0.0..0.6, 1 => Just(f64::NAN)]);
    let frames = (frame(1), frame(2), frame(3));
    let cosine = prop_oneof![8 => 0.5..1.0, 1 => -1.0..1.0, 1 => Just(f64::NAN)];
    let photos = (photo(SampleRole::Front), photo(SampleRole::Back));
    (photos, frames, [cosine.clone(), cosine.clone(), cosine]).prop_map(|(card, frames, [ab, ac, bc])| {
        let frames = [frames.0, frames.1, frames.2];
        let probe = |(n, (_, distance)): (usize, &(_, f64))| Probe {
            role: SampleRole::Selfie(n as u8 + 1),
            distance: distance_of(*distance),
        };
        let probes = frames.iter().enumerate().map(probe).collect();
        let selfies = frames.into_iter().map(|(photo, _)| photo);
        Assessment {
            case_id: "c".to_owned(),
            method: Method::IdCard,
            decided_on: None,
            photos: [card.0, card.1].into_iter().chain(selfies).flatten().collect(),
            comparison: Comparison {
                probes,
                cosines: vec![vec![1.0, ab, ac], vec![ab, 1.0, bc], vec![ac, bc, 1.0]],
            },
            frame_pairs: Vec::new(),
            challenge: Vec::new(),
            provenance: Provenance { embedding: Some(embedding()), ..Provenance::default() },
        }
    })
}

/// A policy made from the shipped one: gates off, moved, or with a review band.
fn policy() -> impl Strategy<Value = Policy> {
    let gate = (0..10u8, 0.3..1.5, proptest::option::weighted(0.3, 0.05..0.5));
    let gates = proptest::collection::vec(gate, CHECKS.len());
    let case = (any::<bool>(), any::<bool>(), 1..=3usize, 1..=3usize);
    let comparison = (1..=3usize, 2e-5..0.05, proptest::option::of(1.1..20.0));
    let liveness =
        (proptest::option::of((0.1..0.5, 0.01..0.4)), proptest::sample::select(&NotAssessed::ALL[..]));
    let liveness = liveness.prop_map(|(gate, not_assessed)| LivenessRules {
        score: gate.map(|(fail, band)| Gate { fail, review: Some(fail + band) }),
        not_assessed,
    });
    (gates, case, comparison, liveness).prop_map(|(gates, case, (frames_max, fmr, review), liveness)| {
        let mut policy = Policy::shipped();
        let presence = |required| if required { Presence::Required } else { Presence::Optional };
        let (front, back) = (presence(case.0), presence(case.1));
        policy.case = CaseRules { front, back, selfies_min: case.2.max(case.3) };
        policy.usable_frames_min = case.3;
        // The rate for review may lie beyond the calibration.
        let review_fmr = review.map(|factor: f64| factor * fmr);
        policy.comparison = ComparisonRules { frames_max, fmr, review_fmr };
        policy.liveness = liveness;
        for (check, (kept, moved, band)) in CHECKS.iter().zip(gates) {
            let Some(gate) = policy.gates.get_mut(&(check.kind, check.measure)) else { continue };
            let fail: f64 = gate.fail * moved;
            let sign = if check.accepts == Accepts::AtLeast { 1.0 } else { -1.0 };
            // A bound of 0 leaves no room for a band by a factor.
            let review = band.filter(|_| fail != 0.0).map(|band| fail + sign * band * fail.abs());
            *gate = Gate { fail, review };
            if kept == 0 {
                policy.gates.remove(&(check.kind, check.measure));
            }
        }
        policy
    })
}

/// `policy` with some things asked for more strictly, none less; which and how far is random.
fn stricter(policy: &Policy, dice: &[f64]) -> Policy {
    let mut dice = dice.iter().copied().cycle();
    let mut next = || dice.next().expect("a cycle does not end");
    let mut strict = policy.clone();
    for check in CHECKS {
        let key = (check.kind, check.measure);
        if next() < 0.5 {
            continue;
        }
        let by = next();
        match strict.gates.get_mut(&key) {
            // What was off is gated.
            None => drop(Policy::shipped().gates.get(&key).map(|gate| strict.gates.insert(key, *gate))),
            Some(gate) => {
                let towards = |bound: f64| match check.accepts {
                    Accepts::AtLeast => bound + by * bound.abs(),
                    Accepts::AtMost | Accepts::Within => bound - by * bound.abs(),
                };
                let had = gate.review.unwrap_or(gate.fail);
                *gate = Gate { fail: towards(gate.fail), review: Some(towards(towards(had))) };
            }
        }
    }
    if next() < 0.5 {
        strict.case.front = Presence::Required;
        strict.case.back = Presence::Required;
    }
    if next() < 0.3 {
        strict.case.selfies_min += 1;
        strict.usable_frames_min += 1;
    }
    if next() < 0.5 {
        let by = 1.0 - next();
        strict.comparison.fmr *= by;
        strict.comparison.review_fmr = strict.comparison.review_fmr.map(|rate| rate * by);
    }
    if next() < 0.5 {
        let had = strict.liveness.score.unwrap_or(Gate { fail: 0.3, review: None });
        let review = Some(had.review.unwrap_or(had.fail) + next());
        strict.liveness.score = Some(Gate { fail: had.fail + 0.5 * next(), review });
    }
    if next() < 0.5 {
        strict.liveness.not_assessed = NotAssessed::Fails;
    }
    strict
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_stricter_policy_never_turns_a_fail_into_a_pass(
        assessment in assessment(), policy in policy(), dice in proptest::collection::vec(0.0..1.0, 97),
    ) {
        let strict = stricter(&policy, &dice);
        let (before, after) = (policy.decide(&assessment), strict.decide(&assessment));
        let same_frames = before.comparison.frames == after.comparison.frames
            && before.usable_frames == after.usable_frames;
        if after.decision == Decision::Pass && same_frames {
            prop_assert_eq!(before.decision, Decision::Pass, "{:?}", before.findings);
        }
        if after.decision != Decision::Fail && same_frames {
            prop_assert_ne!(before.decision, Decision::Fail, "{:?}", before.findings);
        }
        // With other frames, nothing but the faces may come out better.
        if after.decision == Decision::Pass && before.decision != Decision::Pass {
            let only_faces = before.findings.iter().all(|f| f.sample.is_none() || f.effect == Effect::Noted);
            prop_assert!(only_faces, "{:?}", before.findings);
        }
    }

    #[test]
    fn decisions_follow_from_their_findings_and_never_differ(
        assessment in assessment(), policy in policy(),
    ) {
        let judgement = policy.decide(&assessment);
        prop_assert_eq!(&policy.decide(&assessment.clone()), &judgement);
        let worst = judgement.findings.iter().map(|finding| finding.effect).min();
        let expected = match worst {
            Some(Effect::Fail) => Decision::Fail,
            Some(Effect::Review) => Decision::Review,
            Some(Effect::Noted) | None => Decision::Pass,
        };
        prop_assert_eq!(judgement.decision, expected);
        prop_assert!(judgement.findings.iter().all(|finding| finding.outcome != Outcome::Met));
        if judgement.decision != Decision::Fail {
            let distance = judgement.comparison.distance.expect("compared");
            let limits = judgement.comparison.limits.expect("calibrated");
            prop_assert!(distance.get() <= limits.review_distance.unwrap_or(limits.distance));
            prop_assert!(!judgement.comparison.frames.is_empty());
        }
    }

    #[test]
    fn the_policy_in_effect_reads_as_itself(policy in policy()) {
        prop_assert_eq!(Policy::parse(&policy.effective_toml()), Ok(policy));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,80}") {
        prop_assert!(Policy::parse(&text).is_err());
        let _read_or_refused = Policy::parse(&format!("schema = '{POLICY_SCHEMA}'\n[selfie]\n{text}"));
    }
}
