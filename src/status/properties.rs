//! The state machine under random moves: what is never to happen, and that all that may happen does.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::policy::VerificationStatus;

fn outcomes() -> impl Strategy<Value = PipelineOutcome> {
    let results = [StepResult::Pending, StepResult::Passed, StepResult::Failed];
    let steps = prop::collection::vec(prop::sample::select(results.to_vec()), 3);
    let pipelines = vec![Pipeline::Retake, Pipeline::Rejected, Pipeline::InReview, Pipeline::Passed];
    (prop::sample::select(pipelines), steps).prop_map(|(pipeline, results)| {
        let state = |result| StepState { result, codes: vec!["card.blur".to_owned()] };
        let all_passed = StepState { result: StepResult::Passed, codes: Vec::new() };
        let of = |i: usize| if pipeline == Pipeline::Passed { all_passed.clone() } else { state(results[i]) };
        let steps = Step::OF_PIPELINE.into_iter().enumerate().map(|(i, step)| (step, of(i))).collect();
        PipelineOutcome { pipeline, steps }
    })
}

fn moves() -> impl Strategy<Value = Move> {
    let report = (prop::sample::select(Step::ALL.to_vec()), any::<bool>(), any::<bool>());
    prop_oneof![
        2 => Just(Move::Submit),
        2 => outcomes().prop_map(Move::Verdict),
        5 => report.prop_map(|(step, passed, told)| Move::Report {
            step,
            result: if passed { StepResult::Passed } else { StepResult::Failed },
            reason: told.then(|| ReasonCode::parse("as.told").expect("a code")),
        }),
        2 => prop::sample::select(ReviewDecision::ALL.to_vec()).prop_map(|decision| Move::Review {
            decision,
            reason: None,
        }),
    ]
}

fn records() -> impl Strategy<Value = VerificationRecord> {
    let required = vec![RequiredSteps::pipeline(), RequiredSteps::wallet()];
    (any::<bool>(), prop::sample::select(required)).prop_map(|(card, required)| {
        VerificationRecord::new(if card { RecordMethod::IdCard } else { RecordMethod::BankCard }, required)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn only_legal_moves_happen(start in records(), moves in prop::collection::vec(moves(), 0..30)) {
        let mut record = start;
        for step in &moves {
            let before = record.status();
            let Ok(next) = record.after(step) else { continue };
            let after = next.status();
            prop_assert!(before == after || LEGAL_MOVES.contains(&(before, after)), "{before:?} -> {after:?}");
            prop_assert!(before != VerificationStatus::Verified, "verified is final");
            let sent = u32::from(matches!(step, Move::Submit));
            prop_assert_eq!(next.attempt(), record.attempt() + sent);
            if after == VerificationStatus::Verified {
                let all = next.required().iter().all(|s| next.steps()[&s].result == StepResult::Passed);
                prop_assert!(all, "verified without a required step: {next:?}");
            }
            let json = serde_json::to_string(&next).expect("plain data");
            prop_assert_eq!(&serde_json::from_str::<VerificationRecord>(&json).expect("its form"), &next);
            record = next;
        }
    }
}

/// Every record that any sequence of moves leads to; there are few of them.
fn reachable() -> BTreeSet<(VerificationStatus, VerificationStatus)> {
    let mut moves = vec![Move::Submit];
    for pipeline in [Pipeline::Retake, Pipeline::Rejected, Pipeline::InReview, Pipeline::Passed] {
        let result = if pipeline == Pipeline::Passed { StepResult::Passed } else { StepResult::Pending };
        let state = StepState { result, codes: Vec::new() };
        let steps = Step::OF_PIPELINE.into_iter().map(|step| (step, state.clone())).collect();
        moves.push(Move::Verdict(PipelineOutcome { pipeline, steps }));
    }
    for step in Step::ALL {
        for result in [StepResult::Passed, StepResult::Failed] {
            moves.push(Move::Report { step, result, reason: None });
        }
    }
    moves.extend(ReviewDecision::ALL.map(|decision| Move::Review { decision, reason: None }));
    let mut seen = Vec::new();
    let mut next: Vec<VerificationRecord> = [RecordMethod::IdCard, RecordMethod::BankCard]
        .into_iter()
        .map(|method| VerificationRecord::new(method, RequiredSteps::wallet()))
        .collect();
    let mut pairs = BTreeSet::new();
    while let Some(record) = next.pop() {
        if record.attempt() > 2 || seen.contains(&record) {
            continue;
        }
        for after in moves.iter().filter_map(|step| record.after(step).ok()) {
            if after.status() != record.status() {
                pairs.insert((record.status(), after.status()));
            }
            next.push(after);
        }
        seen.push(record);
    }
    pairs
}

#[test]
fn the_table_of_moves_says_neither_too_much_nor_too_little() {
    assert_eq!(reachable(), LEGAL_MOVES.into_iter().collect());
}
