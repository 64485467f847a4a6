//! The rule of retention that a queue keeps: set, read by everybody, taken away; and one worker at a
//! time has a turn.

use std::num::NonZeroUsize;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use realname::policy::VerificationStatus;
use realname::queue::{Counts, Keep, PurgeRule, Queue, Release, Retention, SinkName, Undecided};

use super::{Open, claim_one, options, settles, submit, verdict};

const RULE: PurgeRule =
    PurgeRule { older_than: Duration::from_secs(2_592_000), keep: Keep::Status, undecided: Undecided::Stay };

const NOW_MS: u64 = 2_000_000_000_000;

/// How often several workers are after the same turn.
const ROUNDS: usize = 10;

fn set(queue: &dyn Queue, rule: Option<PurgeRule>) {
    let (before, revision) = queue.retention().expect("a queue");
    let stored = queue.store_retention(&before.with_rule(rule), revision).expect("a queue");
    assert!(stored.is_some_and(|after| after > revision), "{stored:?} after {revision}");
}

pub(super) fn a_rule_is_kept_and_one_worker_has_a_turn(open: Open<'_>) {
    let queue = open("", &options());
    assert_eq!(queue.retention().expect("a queue"), (Retention::default(), 0));
    set(&*queue, Some(RULE));
    // Whoever opens the queue finds it.
    let other = open("", &options());
    let (found, revision) = other.retention().expect("a queue");
    assert_eq!((found.rule(), found.worker(), found.is_unfinished()), (Some(RULE), None, false));
    // It is replaced as it was read only.
    let without = found.clone().with_rule(None);
    assert_eq!(other.store_retention(&without, 0).expect("a queue"), None);
    assert_eq!(other.store_retention(&without, revision + 1).expect("a queue"), None);
    assert_eq!(queue.retention().expect("a queue"), (found, revision));
    // A sink of a like name is another thing.
    let sink = SinkName::parse("retention").expect("a name");
    let (state, at) = queue.sink(&sink).expect("a queue");
    assert!(queue.store_sink(&sink, &state, at).expect("a queue").is_some());
    assert_eq!(queue.retention().expect("a queue").1, revision);

    let workers = ["a", "b", "c", "d"];
    let queues = workers.map(|_| open("", &options()));
    let mut taken = Vec::new();
    for _ in 0..ROUNDS {
        set(&*queue, Some(RULE));
        let all_read = Barrier::new(workers.len());
        taken = thread::scope(|scope| {
            let threads = workers.iter().zip(&queues).map(|(worker, queue)| {
                let all_read = &all_read;
                scope.spawn(move || {
                    let (found, revision) = queue.retention().expect("a queue");
                    let (rule, taken) = found.turn_taken(worker, NOW_MS).expect("due");
                    assert_eq!(rule, RULE);
                    all_read.wait();
                    queue.store_retention(&taken, revision).expect("a queue").map(|_| *worker)
                })
            });
            let threads: Vec<_> = threads.collect();
            threads.into_iter().filter_map(|thread| thread.join().expect("no panic")).collect()
        });
        assert_eq!(taken.len(), 1, "{taken:?}");
    }
    let (found, revision) = queue.retention().expect("a queue");
    assert_eq!((found.worker(), found.is_unfinished()), (Some(taken[0]), true));
    assert!(found.turn_taken("late", NOW_MS + 1000).is_none(), "it is somebody's turn");
    // Whoever has it finds that the rule was changed meanwhile.
    set(&*queue, None);
    assert_eq!(other.store_retention(&found.turn_ended(), revision).expect("a queue"), None);
    let (found, _) = other.retention().expect("a queue");
    assert_eq!((found.rule(), found.turn_taken("late", NOW_MS)), (None, None));
    settles(&*queue, Counts::default());
}

pub(super) fn undecided_cases_are_purged_where_the_rule_says_so_alone(open: Open<'_>) {
    let queue = open("", &options());
    for (case_id, status) in [("a", VerificationStatus::InReview), ("b", VerificationStatus::Verified)] {
        submit(&*queue, case_id);
        let claimed = claim_one(&*queue, "w");
        queue.record(&claimed.lease, &verdict(case_id, status)).expect("held");
    }
    submit(&*queue, "c");
    let claimed = claim_one(&*queue, "w");
    let hopeless = Release::Hopeless { reason: "the photo is gone".to_owned() };
    queue.release(&claimed.lease, &hopeless).expect("held");
    submit(&*queue, "d");
    settles(&*queue, Counts { in_review: 1, verified: 1, dead: 1, queued: 1, ..Counts::default() });

    let rule = |undecided| PurgeRule { older_than: Duration::ZERO, keep: Keep::Codes, undecided };
    let purged = |undecided| {
        let mut ids = Vec::new();
        while let Some(case_id) =
            queue.begin_purge(&rule(undecided), None, NonZeroUsize::MIN).expect("a queue").pop()
        {
            queue.end_purge(&case_id, Keep::Codes).expect("begun");
            ids.push(case_id);
        }
        ids
    };
    assert_eq!(purged(Undecided::Stay), ["b"]);
    let old = PurgeRule { older_than: Duration::from_secs(3600), ..rule(Undecided::Go) };
    assert!(queue.begin_purge(&old, None, NonZeroUsize::MIN).expect("a queue").is_empty());
    settles(&*queue, Counts { in_review: 1, dead: 1, queued: 1, ..Counts::default() });
    assert_eq!(purged(Undecided::Go), ["a", "c"]);
    settles(&*queue, Counts { queued: 1, ..Counts::default() });
}
