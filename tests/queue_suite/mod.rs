//! What every queue has to do, whatever it is kept in. Each backend's test file runs [`suite`].

mod at_once;
#[path = "../plain_verdict/mod.rs"]
mod plain_verdict;
mod retention;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use plain_verdict::plain_verdict;
use realname::case::{ChallengeAction, Claims, Method, SampleRole};
use realname::photos::PhotoId;
use realname::policy::{Code, Decision, Effect, Finding, Outcome, VerificationStatus};
use realname::queue::{
    AttemptVerdict, Bucket, ChangeKind, Claimed, Company, Counts, DEATHS_MAX, Heartbeat, Page, PhotoRef,
    Queue, QueueError, QueueOptions, QueueState, Release, Released, Review, StepReport, Submission,
    Submitted,
};
use realname::status::{ReasonCode, RecordMethod, RequiredSteps, ReviewDecision, Step, StepResult};

/// Opens a queue: the same name is the same queue.
pub(crate) type Open<'a> = &'a dyn Fn(&str, &QueueOptions) -> Arc<dyn Queue>;

/// A test of the suite.
type Test = fn(Open<'_>);

/// Short enough to wait for.
pub(crate) fn options() -> QueueOptions {
    QueueOptions {
        lease: Duration::from_millis(1500),
        faults_max: 3,
        backoff_first: Duration::from_millis(200),
        backoff_max: Duration::from_secs(1),
    }
}

/// Longer than a lease and whatever a store adds to it.
const PAST_LEASE: Duration = Duration::from_secs(6);

pub(crate) fn submission(case_id: &str, content: &str) -> Submission {
    Submission {
        case_id: case_id.to_owned(),
        method: Method::IdCard,
        claims: Claims { name: Some("张三".to_owned()), id_number: None },
        photos: vec![PhotoRef { role: SampleRole::Front, id: PhotoId::of(content.as_bytes()) }],
        challenge: vec![ChallengeAction::Blink],
        decided_on: None,
        submitted_on: None,
    }
}

/// A verdict of that status.
pub(crate) fn verdict(case_id: &str, status: VerificationStatus) -> AttemptVerdict {
    let (decision, finding) = match status {
        VerificationStatus::Verified => (Decision::Pass, None),
        VerificationStatus::InReview => (Decision::Review, Some(("match.uncertain", Effect::Review))),
        VerificationStatus::Rejected => (Decision::Fail, Some(("claim.name_mismatch", Effect::Fail))),
        _ => (Decision::Fail, Some(("card.blur", Effect::Fail))),
    };
    let finding = finding.map(|(code, effect)| Finding {
        code: Code::parse(code).expect("a code"),
        sample: None,
        measure: None,
        outcome: Outcome::NotMet,
        effect,
        observed: None,
        required: None,
    });
    AttemptVerdict::from(&plain_verdict(case_id, decision, status, finding.into_iter().collect()))
}

fn many(n: usize) -> NonZeroUsize {
    NonZeroUsize::new(n).expect("not zero")
}

fn submit(queue: &dyn Queue, case_id: &str) {
    let done = queue.submit(&submission(case_id, case_id), &RequiredSteps::pipeline());
    assert_eq!(done.expect("a queue"), Submitted::Queued { attempt: 1 });
}

/// Claims until something comes, for as long as a store may take.
fn claim_soon(queue: &dyn Queue, worker: &str, max: usize) -> Vec<Claimed> {
    let began = Instant::now();
    loop {
        let claims = queue.claim(worker, many(max)).expect("a queue");
        if !claims.is_empty() {
            return claims;
        }
        assert!(began.elapsed() < 3 * PAST_LEASE, "nothing can be claimed");
        thread::sleep(Duration::from_millis(20));
    }
}

fn claim_one(queue: &dyn Queue, worker: &str) -> Claimed {
    claim_soon(queue, worker, 1).remove(0)
}

fn nothing_to_claim(queue: &dyn Queue) {
    assert!(queue.claim("nobody", many(1)).expect("a queue").is_empty());
}

fn counts(queue: &dyn Queue) -> Counts {
    queue.counts().expect("a queue")
}

/// The counts come to this; on several nodes those asked may lag a moment behind.
fn settles(queue: &dyn Queue, expected: Counts) {
    let began = Instant::now();
    while counts(queue) != expected && began.elapsed() < Duration::from_secs(3) {
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(counts(queue), expected);
}

fn is_lost<T: std::fmt::Debug>(result: Result<T, QueueError>) -> bool {
    matches!(result, Err(QueueError::LeaseLost { .. }))
}

/// Runs every test on queues of their own.
pub(crate) fn suite(open: Open<'_>) {
    let tests: [(&str, Test); 16] = [
        ("idempotent", submitting_twice_is_submitting_once),
        ("retake", a_retake_is_a_new_attempt_with_the_history_kept),
        ("once", each_case_goes_to_one_worker_and_gets_one_verdict),
        ("expired", an_expired_lease_passes_the_case_on_and_fences_the_old_worker),
        ("heartbeat", a_heartbeat_keeps_a_case_and_says_when_it_is_lost),
        ("poison", a_case_that_kills_its_workers_is_set_aside_and_its_neighbours_are_not),
        ("faults", the_machines_faults_are_retried_ever_later_and_then_set_aside),
        ("back", what_is_handed_back_can_be_claimed_at_once),
        ("hopeless", what_is_hopeless_is_set_aside_at_once),
        ("steps", steps_of_others_complete_a_case),
        ("at-once", at_once::two_who_change_a_case_at_once_both_count),
        ("review", a_person_decides_a_case_in_review_once),
        ("listed", cases_are_listed_page_by_page),
        ("rule", retention::a_rule_is_kept_and_one_worker_has_a_turn),
        ("undecided", retention::undecided_cases_are_purged_where_the_rule_says_so_alone),
        ("reopened", a_queue_that_is_opened_again_is_as_it_was),
    ];
    for (name, test) in tests {
        println!("{name}");
        test(&|suffix, options| open(&format!("{name}{suffix}"), options));
    }
}

fn submitting_twice_is_submitting_once(open: Open<'_>) {
    let queue = open("", &options());
    let steps = RequiredSteps::pipeline();
    submit(&*queue, "a");
    let again = queue.submit(&submission("a", "a"), &steps).expect("the same");
    assert_eq!(again, Submitted::AlreadyThere { attempt: 1 });
    let other_day = Submission { submitted_on: "2026-11-20".parse().ok(), ..submission("a", "a") };
    let again = queue.submit(&other_day, &steps).expect("the same");
    assert_eq!(again, Submitted::AlreadyThere { attempt: 1 });
    let refused = queue.submit(&submission("a", "other"), &steps);
    assert!(matches!(refused, Err(QueueError::OtherContent { .. })), "{refused:?}");
    settles(&*queue, Counts { queued: 1, ..Counts::default() });

    let claimed = claim_one(&*queue, "w");
    assert_eq!(claimed.submission, submission("a", "a"));
    let again = queue.submit(&submission("a", "a"), &steps).expect("the same");
    assert_eq!(again, Submitted::AlreadyThere { attempt: 1 });
    queue.record(&claimed.lease, &verdict("a", VerificationStatus::Verified)).expect("held");
    let again = queue.submit(&submission("a", "a"), &steps).expect("the same");
    assert_eq!(again, Submitted::AlreadyThere { attempt: 1 });
    let refused = queue.submit(&submission("a", "other"), &steps);
    assert!(matches!(refused, Err(QueueError::OtherContent { .. })), "{refused:?}");
    nothing_to_claim(&*queue);
}

fn a_retake_is_a_new_attempt_with_the_history_kept(open: Open<'_>) {
    let queue = open("", &options());
    submit(&*queue, "a");
    let first = claim_one(&*queue, "w");
    queue.record(&first.lease, &verdict("a", VerificationStatus::Retake)).expect("held");
    settles(&*queue, Counts { retake: 1, ..Counts::default() });
    let steps = RequiredSteps::pipeline();
    let again = queue.submit(&submission("a", "a"), &steps).expect("the same");
    assert_eq!(again, Submitted::AlreadyThere { attempt: 1 }, "the same photos are no retake");
    let second = queue.submit(&submission("a", "better"), &steps).expect("asked for");
    assert_eq!(second, Submitted::Queued { attempt: 2 });
    settles(&*queue, Counts { queued: 1, ..Counts::default() });
    let claimed = claim_one(&*queue, "w");
    assert_eq!((claimed.lease.attempt, claimed.submission), (2, submission("a", "better")));
    queue.record(&claimed.lease, &verdict("a", VerificationStatus::Verified)).expect("held");

    let entry = queue.entry("a").expect("a queue").expect("a case");
    assert_eq!(entry.record.status(), VerificationStatus::Verified);
    let codes: Vec<_> =
        entry.attempts.iter().map(|a| a.verdict.as_ref().expect("one").codes.clone()).collect();
    assert_eq!(codes, [vec!["card.blur".to_owned()], vec![]]);
    let told: Vec<_> = changes(&*queue).into_iter().map(|(_, kind, attempt)| (kind, attempt)).collect();
    let expected = [
        (ChangeKind::Submitted, 1),
        (ChangeKind::Verdict, 1),
        (ChangeKind::Submitted, 2),
        (ChangeKind::Verdict, 2),
    ];
    assert_eq!(told, expected);
}

/// Every change, page by page, as case, kind and attempt.
fn changes(queue: &dyn Queue) -> Vec<(String, ChangeKind, u32)> {
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let page = queue.changes(after, many(3)).expect("a queue");
        let Some(last) = page.last() else { return all };
        assert!(page[0].number > after && page.is_sorted_by_key(|change| change.number));
        after = last.number;
        all.extend(page.into_iter().map(|change| (change.case_id, change.kind, change.attempt)));
    }
}

fn each_case_goes_to_one_worker_and_gets_one_verdict(open: Open<'_>) {
    const CASES: usize = 60;
    let queue = open("", &QueueOptions { lease: Duration::from_secs(30), ..options() });
    for n in 0..CASES {
        submit(&*queue, &format!("c-{n:03}"));
    }
    let done: Vec<String> = thread::scope(|scope| {
        let work = |worker: usize| {
            let (queue, mut done) = (&queue, Vec::new());
            let mut idle = 0;
            while idle < 10 {
                let claims = queue.claim(&format!("w-{worker}"), many(3)).expect("a queue");
                if claims.is_empty() {
                    idle += 1;
                    thread::sleep(Duration::from_millis(20));
                }
                for claimed in claims {
                    let case_id = claimed.lease.case_id.clone();
                    assert_eq!(claimed.company, Company::Others);
                    let good = verdict(&case_id, VerificationStatus::Verified);
                    queue.record(&claimed.lease, &good).expect("held");
                    assert!(is_lost(queue.record(&claimed.lease, &good)), "a second verdict");
                    assert!(is_lost(queue.release(&claimed.lease, &Release::HandedBack)));
                    done.push(case_id);
                }
            }
            done
        };
        let threads: Vec<_> = (0..4).map(|n| scope.spawn(move || work(n))).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    });
    let mut sorted = done.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!((done.len(), sorted.len()), (CASES, CASES));
    settles(&*queue, Counts { verified: CASES as u64, ..Counts::default() });
    let verdicts = changes(&*queue).into_iter().filter(|(_, kind, _)| *kind == ChangeKind::Verdict).count();
    assert_eq!(verdicts, CASES);
}

fn an_expired_lease_passes_the_case_on_and_fences_the_old_worker(open: Open<'_>) {
    let queue = open("", &options());
    submit(&*queue, "a");
    let old = claim_one(&*queue, "old");
    nothing_to_claim(&*queue);
    let new = claim_one(&*queue, "new");
    assert!(new.lease.token > old.lease.token, "{new:?}");
    assert_eq!(new.company, Company::Alone, "a worker was lost with it");
    let (good, bad) =
        (verdict("a", VerificationStatus::Verified), verdict("a", VerificationStatus::Rejected));
    assert!(is_lost(queue.record(&old.lease, &bad)));
    assert!(is_lost(queue.release(&old.lease, &Release::HandedBack)));
    assert_eq!(
        queue.extend(&[old.lease.clone(), new.lease.clone()]).expect("a queue"),
        [Heartbeat::Lost, Heartbeat::Held]
    );
    queue.record(&new.lease, &good).expect("held");
    assert!(is_lost(queue.record(&old.lease, &bad)));
    settles(&*queue, Counts { verified: 1, ..Counts::default() });
}

fn a_heartbeat_keeps_a_case_and_says_when_it_is_lost(open: Open<'_>) {
    let queue = open("", &options());
    submit(&*queue, "a");
    let claimed = claim_one(&*queue, "w");
    let began = Instant::now();
    while began.elapsed() < 3 * options().lease {
        assert_eq!(queue.extend(std::slice::from_ref(&claimed.lease)).expect("a queue"), [Heartbeat::Held]);
        nothing_to_claim(&*queue);
        thread::sleep(options().lease / 4);
    }
    queue.record(&claimed.lease, &verdict("a", VerificationStatus::Verified)).expect("held");
    assert_eq!(queue.extend(&[claimed.lease]).expect("a queue"), [Heartbeat::Lost]);
}

fn a_case_that_kills_its_workers_is_set_aside_and_its_neighbours_are_not(open: Open<'_>) {
    let queue = open("", &options());
    let cases = ["a", "b", "poison"];
    for case_id in cases {
        submit(&*queue, case_id);
    }
    // The worker that dies with three cases in hand does not say which of them it was.
    let mut held = 0;
    while held < cases.len() {
        held += claim_soon(&*queue, "first", 3).len();
    }
    let (mut losses, mut deaths, mut verified) = (0, 0, 0);
    while counts(&*queue).dead == 0 {
        let claims = claim_soon(&*queue, "next", 3);
        assert_eq!((claims.len(), claims[0].company), (1, Company::Alone), "{claims:?}");
        let Claimed { lease, .. } = &claims[0];
        if lease.case_id != "poison" {
            queue.record(lease, &verdict(&lease.case_id, VerificationStatus::Verified)).expect("held");
            verified += 1;
        } else if losses < DEATHS_MAX {
            // Whoever has it is killed, perhaps by somebody else: that alone sets nothing aside.
            losses += 1;
        } else {
            deaths += 1;
            assert!(deaths <= DEATHS_MAX, "tried for ever");
            let release = Release::Death { reason: "signal 11".to_owned() };
            queue.release(lease, &release).expect("held");
            settles_dead_or_queued(&*queue, deaths);
        }
    }
    assert_eq!((losses, deaths), (DEATHS_MAX, DEATHS_MAX));
    assert_eq!(verified, 2);
    settles(&*queue, Counts { verified: 2, dead: 1, ..Counts::default() });
    let dead = queue.dead(None, many(10)).expect("a queue");
    assert_eq!((dead.len(), dead[0].case_id.as_str(), dead[0].attempt), (1, "poison", 1));
    assert_eq!(dead[0].reason, "2 processes died of it, at last: signal 11");
    assert!(changes(&*queue).contains(&("poison".to_owned(), ChangeKind::Dead, 1)));
    nothing_to_claim(&*queue);

    queue.requeue("poison").expect("set aside");
    assert!(matches!(queue.requeue("poison"), Err(QueueError::NotDead { .. })));
    assert!(matches!(queue.requeue("nobody"), Err(QueueError::Unknown { .. })));
    let again = claim_one(&*queue, "careful");
    assert_eq!(again.company, Company::Alone, "it stays a suspect");
    queue.record(&again.lease, &verdict("poison", VerificationStatus::Verified)).expect("held");
    settles(&*queue, Counts { verified: 3, ..Counts::default() });
}

/// The poison is set aside by its last death and waits after those before.
fn settles_dead_or_queued(queue: &dyn Queue, deaths: u32) {
    let began = Instant::now();
    while (counts(queue).dead > 0) != (deaths == DEATHS_MAX) {
        assert!(began.elapsed() < PAST_LEASE, "{deaths} deaths: {:?}", counts(queue));
        thread::sleep(Duration::from_millis(20));
    }
}

fn the_machines_faults_are_retried_ever_later_and_then_set_aside(open: Open<'_>) {
    let queue = open("", &options());
    submit(&*queue, "a");
    let fault = |n: u32| Release::Fault { reason: format!("disk on fire {n}") };
    let mut released = Instant::now();
    for n in 1..=3 {
        let claimed = claim_one(&*queue, "w");
        if n > 1 {
            // At least half of 200 ms, doubled each time.
            let least = Duration::from_millis(100 << (n - 2));
            assert!(released.elapsed() >= least - Duration::from_millis(20), "{n}: {:?}", released.elapsed());
        }
        assert_eq!(claimed.company, Company::Others);
        let became = queue.release(&claimed.lease, &fault(n)).expect("held");
        assert_eq!(became, if n < 3 { Released::Queued } else { Released::SetAside });
        released = Instant::now();
        if n < 3 {
            nothing_to_claim(&*queue);
            settles(&*queue, Counts { queued: 1, ..Counts::default() });
        }
    }
    settles(&*queue, Counts { dead: 1, ..Counts::default() });
    let dead = queue.dead(None, many(10)).expect("a queue");
    assert_eq!(dead[0].reason, "failed 3 times, at last: disk on fire 3");
    assert!(queue.dead(Some("a"), many(10)).expect("a queue").is_empty());
    let entry = queue.entry("a").expect("a queue").expect("a case");
    assert_eq!(entry.attempts[0].fault_reasons.len(), 3);
    assert_eq!(entry.record.status(), VerificationStatus::Processing, "the user did nothing wrong");
    queue.requeue("a").expect("set aside");
    let claimed = claim_one(&*queue, "w");
    queue.record(&claimed.lease, &verdict("a", VerificationStatus::InReview)).expect("held");
    settles(&*queue, Counts { in_review: 1, ..Counts::default() });
}

fn what_is_handed_back_can_be_claimed_at_once(open: Open<'_>) {
    let queue = open("", &options());
    submit(&*queue, "a");
    for _ in 0..10 {
        let claimed = claim_one(&*queue, "w");
        assert_eq!(claimed.company, Company::Others, "nothing is held against it");
        queue.release(&claimed.lease, &Release::HandedBack).expect("held");
        settles(&*queue, Counts { queued: 1, ..Counts::default() });
    }
    let entry = queue.entry("a").expect("a queue").expect("a case");
    assert!(matches!(entry.state, QueueState::Queued { .. }));
    assert_eq!((entry.attempts[0].faults, entry.attempts[0].losses), (0, 0));
}

fn what_is_hopeless_is_set_aside_at_once(open: Open<'_>) {
    let queue = open("", &options());
    submit(&*queue, "a");
    let claimed = claim_one(&*queue, "w");
    let release = Release::Hopeless { reason: "the photo is gone".to_owned() };
    queue.release(&claimed.lease, &release).expect("held");
    assert_eq!(queue.dead(None, many(1)).expect("a queue")[0].reason, "the photo is gone");
    nothing_to_claim(&*queue);
}

fn steps_of_others_complete_a_case(open: Open<'_>) {
    let queue = open("", &options());
    let report = |case_id: &str, step, result| StepReport {
        case_id: case_id.to_owned(),
        step,
        result,
        reason: ReasonCode::parse("as.told"),
        opens: None,
    };
    let unknown = queue.report_step(&report("a", Step::Phone, StepResult::Passed));
    assert!(matches!(unknown, Err(QueueError::Unknown { .. })), "{unknown:?}");
    let opening = StepReport {
        opens: Some((RecordMethod::IdCard, RequiredSteps::wallet())),
        ..report("a", Step::Phone, StepResult::Passed)
    };
    queue.report_step(&opening).expect("a new record");
    settles(&*queue, Counts { incomplete: 1, ..Counts::default() });
    // The record keeps the steps with which it was opened.
    submit(&*queue, "a");
    let claimed = claim_one(&*queue, "w");
    queue.report_step(&report("a", Step::Phone, StepResult::Failed)).expect("while it is in hand");
    queue.record(&claimed.lease, &verdict("a", VerificationStatus::Verified)).expect("still held");
    settles(&*queue, Counts { rejected: 1, ..Counts::default() });
    queue.report_step(&report("a", Step::Phone, StepResult::Passed)).expect("mended");
    settles(&*queue, Counts { incomplete: 1, ..Counts::default() });
    let own = queue.report_step(&report("a", Step::Face, StepResult::Failed));
    assert!(matches!(own, Err(QueueError::Illegal { .. })), "{own:?}");
    queue.report_step(&report("a", Step::PaymentPassword, StepResult::Passed)).expect("the last step");
    settles(&*queue, Counts { verified: 1, ..Counts::default() });
    queue.report_step(&report("a", Step::PaymentPassword, StepResult::Passed)).expect("told again");
    let after = queue.report_step(&report("a", Step::Phone, StepResult::Failed));
    assert!(matches!(after, Err(QueueError::Illegal { .. })), "verified is final: {after:?}");
    let steps = changes(&*queue).into_iter().filter(|(_, kind, _)| *kind == ChangeKind::Step).count();
    assert_eq!(steps, 4);
}

fn a_person_decides_a_case_in_review_once(open: Open<'_>) {
    let queue = open("", &options());
    let decided = [
        ("a", ReviewDecision::Approve, VerificationStatus::Verified, StepResult::Passed),
        ("b", ReviewDecision::Reject, VerificationStatus::Rejected, StepResult::Failed),
        ("c", ReviewDecision::Retake, VerificationStatus::Retake, StepResult::Failed),
    ];
    for (case_id, decision, status, face) in decided {
        submit(&*queue, case_id);
        let review = |attempt, reviewer: &str| {
            let review = Review::new(case_id, attempt, decision, reviewer).expect("a name");
            let review = review.with_reason(ReasonCode::parse("review.seen"));
            review.with_note("looks like 张三").expect("a short note")
        };
        let early = queue.review(&review(1, "li.lei"));
        assert!(matches!(early, Err(QueueError::Illegal { .. })), "{early:?}");
        let claimed = claim_one(&*queue, "w");
        queue.record(&claimed.lease, &verdict(case_id, VerificationStatus::InReview)).expect("held");
        let other = queue.review(&review(2, "li.lei"));
        assert!(matches!(other, Err(QueueError::OtherAttempt { current: 1, .. })), "{other:?}");
        queue.review(&review(1, "li.lei")).expect("in review");
        queue.review(&review(1, "li.lei")).expect("the same again");
        let second = queue.review(&review(1, "han.mei"));
        assert!(matches!(second, Err(QueueError::Illegal { .. })), "{second:?}");

        let entry = queue.entry(case_id).expect("a queue").expect("a case");
        assert_eq!(entry.record.status(), status);
        let state = &entry.record.steps()[&Step::Face];
        assert_eq!((state.result, state.codes.as_slice()), (face, ["review.seen".to_owned()].as_slice()));
        let note = entry.attempts[0].review.as_ref().expect("a review");
        assert_eq!((note.decision, note.reviewer.as_str()), (decision, "li.lei"));
        assert_eq!(note.note.as_deref(), Some("looks like 张三"));
        assert!(!format!("{entry:?}").contains("张三"), "{entry:?}");
        let sequences: Vec<u64> = entry.changes.iter().map(|change| change.sequence).collect();
        assert_eq!(sequences, [1, 2, 3]);
        let last = queue.changes(0, many(100)).expect("a queue").pop().expect("a change");
        assert_eq!((last.kind, last.review, last.sequence), (ChangeKind::Review, Some(decision), 3));
        assert_eq!(last.codes, ["review.seen"]);
    }
    let unknown = Review::new("nobody", 1, ReviewDecision::Approve, "li.lei").expect("a name");
    assert!(matches!(queue.review(&unknown), Err(QueueError::Unknown { .. })));
    let steps = RequiredSteps::pipeline();
    let again = queue.submit(&submission("c", "better"), &steps).expect("asked for");
    assert_eq!(again, Submitted::Queued { attempt: 2 });
    settles(&*queue, Counts { queued: 1, rejected: 1, verified: 1, ..Counts::default() });
}

fn cases_are_listed_page_by_page(open: Open<'_>) {
    let queue = open("", &QueueOptions { lease: Duration::from_secs(30), ..options() });
    for n in (0..10).rev() {
        submit(&*queue, &format!("c-{n}"));
    }
    let mut reviewed = Vec::new();
    for _ in 0..4 {
        let claimed = claim_one(&*queue, "w");
        let case_id = claimed.lease.case_id.clone();
        queue.record(&claimed.lease, &verdict(&case_id, VerificationStatus::InReview)).expect("held");
        reviewed.push(case_id);
    }
    settles(&*queue, Counts { queued: 6, in_review: 4, ..Counts::default() });
    reviewed.sort();
    let all = |bucket| {
        let (mut ids, mut after): (Vec<String>, Option<String>) = (Vec::new(), None);
        loop {
            let page = Page { bucket, after: after.as_deref(), max: many(3) };
            let entries = queue.entries(page).expect("a queue");
            let Some(last) = entries.last() else { return ids };
            assert!(entries.len() <= 3);
            after = Some(last.case_id.clone());
            ids.extend(entries.into_iter().map(|entry| entry.case_id));
        }
    };
    assert_eq!(all(None), (0..10).map(|n| format!("c-{n}")).collect::<Vec<_>>());
    assert_eq!(all(Some(Bucket::InReview)), reviewed);
    assert_eq!(all(Some(Bucket::Queued)).len(), 6);
    assert!(all(Some(Bucket::Dead)).is_empty());
}

fn a_queue_that_is_opened_again_is_as_it_was(open: Open<'_>) {
    let (claimed, told) = {
        let queue = open("", &options());
        submit(&*queue, "a");
        submit(&*queue, "b");
        let claimed = claim_one(&*queue, "w");
        (claimed, changes(&*queue))
    };
    let queue = open("", &options());
    assert_eq!(changes(&*queue), told);
    settles(&*queue, Counts { queued: 1, processing: 1, ..Counts::default() });
    queue.record(&claimed.lease, &verdict("a", VerificationStatus::Verified)).expect("held");
    let other = claim_one(&*queue, "w");
    assert_ne!(other.lease.case_id, claimed.lease.case_id);
    settles(&*queue, Counts { processing: 1, verified: 1, ..Counts::default() });
}
