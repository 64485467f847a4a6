//! Two who change the same case at the same moment: each change counts, or is refused aloud.

use std::collections::BTreeMap;
use std::sync::Barrier;
use std::thread;

use realname::queue::{Counts, Queue, QueueError, StepReport, Submitted};
use realname::status::{RequiredSteps, Step, StepResult};

use super::{Open, many, options, settles, submission};

/// More than chance needs to bring two writes together.
const CASES: usize = 150;

fn case_id(n: usize) -> String {
    format!("c-{n:03}")
}

/// Has two do something for each case at the same moment, each by a connection of its own.
fn both<T: Send>(open: Open<'_>, act: impl Fn(&dyn Queue, usize, usize) -> T + Sync) -> [Vec<T>; 2] {
    let queues = [open("", &options()), open("", &options())];
    let together = Barrier::new(2);
    thread::scope(|scope| {
        let run = |who: usize| {
            let (queue, together, act) = (&queues[who], &together, &act);
            scope.spawn(move || {
                let each = |n| {
                    together.wait();
                    act(&**queue, who, n)
                };
                (0..CASES).map(each).collect::<Vec<T>>()
            })
        };
        [run(0), run(1)].map(|thread| thread.join().expect("no panic"))
    })
}

/// The numbers of each case's changes, as they are listed.
fn sequences(queue: &dyn Queue) -> BTreeMap<String, Vec<u64>> {
    let (mut all, mut after) = (BTreeMap::<String, Vec<u64>>::new(), 0);
    loop {
        let page = queue.changes(after, many(100)).expect("a queue");
        let Some(last) = page.last() else { return all };
        after = last.number;
        for change in page {
            all.entry(change.case_id).or_default().push(change.sequence);
        }
    }
}

pub(super) fn two_who_change_a_case_at_once_both_count(open: Open<'_>) {
    // Two submit it with different photos: one of them is told.
    let [ours, theirs] = both(open, |queue, who, n| {
        queue.submit(&submission(&case_id(n), &format!("photo of {who}")), &RequiredSteps::wallet())
    });
    for (n, pair) in ours.iter().zip(&theirs).enumerate() {
        match pair {
            (Ok(Submitted::Queued { attempt: 1 }), Err(QueueError::OtherContent { .. }))
            | (Err(QueueError::OtherContent { .. }), Ok(Submitted::Queued { attempt: 1 })) => {}
            pair => panic!("{}: {pair:?}", case_id(n)),
        }
    }
    // Two report different steps: both stand.
    let steps = [Step::Phone, Step::PaymentPassword];
    let reported = both(open, |queue, who, n| {
        let (step, result) = (steps[who], StepResult::Passed);
        queue.report_step(&StepReport { case_id: case_id(n), step, result, reason: None, opens: None })
    });
    assert!(reported.iter().flatten().all(Result::is_ok), "{reported:?}");
    let queue = open("", &options());
    for n in 0..CASES {
        let entry = queue.entry(&case_id(n)).expect("a queue").expect("a case");
        for step in steps {
            let state = &entry.record.steps()[&step];
            assert_eq!(state.result, StepResult::Passed, "{} {step:?}", entry.case_id);
        }
    }
    settles(&*queue, Counts { queued: CASES as u64, ..Counts::default() });
    let told = sequences(&*queue);
    assert_eq!(told.len(), CASES);
    assert!(told.values().all(|numbers| numbers == &[1, 2, 3]), "{told:?}");
}
