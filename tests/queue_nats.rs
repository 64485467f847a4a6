//! The queue on NATS JetStream: the suite of every queue on one node and on three, and what is only
//! to be feared of servers.

mod nats_server;
mod queue_suite;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use nats_server::Servers;
use queue_suite::{options, submission, suite, verdict};
use realname::policy::VerificationStatus;
use realname::queue::{
    Bucket, Counts, Keep, Page, PurgeRule, Queue, QueueError, QueueOptions, QueuePlace, Submitted, Undecided,
};
use realname::status::RequiredSteps;

const ONE: NonZeroUsize = NonZeroUsize::MIN;

fn open(place: &str, options: &QueueOptions) -> Result<Arc<dyn Queue>, QueueError> {
    QueuePlace::parse(place).expect("a queue").open(options.clone())
}

fn claimed(queue: &dyn Queue) -> realname::queue::Claimed {
    let began = Instant::now();
    loop {
        if let Some(claimed) = queue.claim("w", ONE).expect("a queue").pop() {
            return claimed;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "nothing to claim");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn one_node_does_what_every_queue_does() {
    let Some(servers) = Servers::start(1) else { return };
    suite(&|name, options| open(&servers.queue(name), options).expect("a queue"));
}

#[test]
fn three_nodes_do_what_every_queue_does() {
    let Some(servers) = Servers::start(3) else { return };
    suite(&|name, options| open(&servers.queue(name), options).expect("a queue"));
}

#[test]
fn servers_that_are_away_are_an_error_at_once_and_a_wait_later() {
    let Some(mut servers) = Servers::start(1) else { return };
    let place = servers.queue("away");
    let queue = open(&place, &options()).expect("a queue");
    let steps = RequiredSteps::pipeline();
    queue.submit(&submission("a", "a"), &steps).expect("a queue");
    let held = claimed(&*queue);
    servers.kill(0);
    let began = Instant::now();
    let away = queue.submit(&submission("b", "b"), &steps).expect_err("away");
    assert!(away.may_pass(), "{away}");
    assert!((10..40).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    let unreachable = open(&place, &options()).err().expect("away");
    assert!(unreachable.may_pass() && unreachable.to_string().contains("no connection"), "{unreachable}");
    servers.restart(0);
    assert_eq!(queue.submit(&submission("b", "b"), &steps).expect("back"), Submitted::Queued { attempt: 1 });
    // The lease is long over, and nobody took the case: its verdict still counts, or it has gone on.
    match queue.record(&held.lease, &verdict("a", VerificationStatus::Verified)) {
        Ok(()) => {}
        Err(error) => assert!(matches!(error, QueueError::LeaseLost { .. }), "{error}"),
    }
    let next = claimed(&*queue);
    assert_eq!(next.lease.case_id, "b");
    queue.record(&next.lease, &verdict("b", VerificationStatus::Verified)).expect("held");
    assert_eq!(queue.counts().expect("a queue"), Counts { verified: 2, ..Counts::default() });
}

#[test]
fn what_is_there_with_other_settings_is_refused() {
    let Some(servers) = Servers::start(1) else { return };
    let place = servers.queue("mine");
    let queue = open(&place, &options()).expect("a queue");
    queue.submit(&submission("a", "a"), &RequiredSteps::pipeline()).expect("a queue");
    claimed(&*queue);
    let other = QueueOptions { lease: Duration::from_secs(77), ..options() };
    let other = open(&place, &other).expect("a queue").claim("w", ONE).expect_err("another lease");
    assert!(other.to_string().contains("--lease 1.5"), "{other}");
    let other = open(&place.replace("replicas=1", "replicas=3"), &options()).err().expect("other copies");
    assert!(other.to_string().contains("replicas"), "{other}");
}

/// Takes every message out of a stream, as a node that loses what it kept would.
fn emptied(place: &str, stream: &str) {
    let server = place.split('/').nth(2).expect("a host").to_owned();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    runtime.block_on(async {
        let client = async_nats::connect(server).await.expect("a server");
        let stream = async_nats::jetstream::new(client).get_stream(stream).await.expect("a stream");
        assert!(stream.cached_info().state.messages > 0, "nothing to lose");
        stream.purge().await.expect("emptied");
    });
}

#[test]
fn cases_that_no_message_speaks_of_are_found_and_announced_again() {
    let Some(servers) = Servers::start(1) else { return };
    let place = servers.queue("lost");
    let queue = open(&place, &options()).expect("a queue");
    for case_id in ["a", "b", "c"] {
        queue.submit(&submission(case_id, case_id), &RequiredSteps::pipeline()).expect("a queue");
    }
    // One is in hand and its worker is lost; then all messages are.
    claimed(&*queue);
    emptied(&place, "realname_lost_work");
    let (mut found, began) = (Vec::new(), Instant::now());
    while found.len() < 3 {
        for claimed in queue.claim("w", ONE).expect("a queue") {
            let good = verdict(&claimed.lease.case_id, VerificationStatus::Verified);
            queue.record(&claimed.lease, &good).expect("held");
            found.push(claimed.lease.case_id);
        }
        assert!(began.elapsed() < Duration::from_secs(60), "found {found:?} alone");
        thread::sleep(Duration::from_millis(50));
    }
    found.sort();
    assert_eq!(found, ["a", "b", "c"]);
    assert_eq!(queue.counts().expect("a queue"), Counts { verified: 3, ..Counts::default() });
}

/// The counts as all entries give them.
fn recounted(queue: &dyn Queue) -> Vec<(&'static str, u64)> {
    let max = NonZeroUsize::new(10_000).expect("not zero");
    let entries = queue.entries(Page { bucket: None, after: None, max }).expect("a queue");
    let of = |bucket: Bucket| entries.iter().filter(|entry| entry.bucket() == bucket).count() as u64;
    Bucket::ALL.map(|bucket| (bucket.id(), of(bucket))).to_vec()
}

#[test]
fn counts_are_kept_and_follow_every_change() {
    const CASES: usize = 1500;
    let Some(servers) = Servers::start(1) else { return };
    let place = servers.queue("counted");
    let long = QueueOptions { lease: Duration::from_secs(60), ..options() };
    let queue = open(&place, &long).expect("a queue");
    let agrees = |what: &str| {
        // Another process has what is kept, and nothing of its own.
        let other = open(&place, &long).expect("a queue");
        let began = Instant::now();
        let counts = other.counts().expect("a queue").named().to_vec();
        println!("{what}: counted in {:?}", began.elapsed());
        assert_eq!(counts, recounted(&*queue), "{what}");
        counts
    };
    agrees("empty");
    thread::scope(|scope| {
        for part in 0..4 {
            let queue = &queue;
            scope.spawn(move || {
                for n in (part..CASES).step_by(4) {
                    let case_id = format!("c-{n:04}");
                    queue.submit(&submission(&case_id, "x"), &RequiredSteps::pipeline()).expect("a queue");
                }
            });
        }
    });
    agrees("submitted");
    let statuses = [VerificationStatus::Verified, VerificationStatus::Retake, VerificationStatus::InReview];
    let mut done = 0;
    while done < 700 {
        for claimed in queue.claim("w", NonZeroUsize::new(50).expect("not zero")).expect("a queue") {
            let status = statuses[done % 3];
            queue.record(&claimed.lease, &verdict(&claimed.lease.case_id, status)).expect("held");
            done += 1;
        }
    }
    let counts = agrees("recorded");
    // Right after something is stored a server of 2.9 says that nothing more is to come while it is.
    for n in 0..20 {
        for part in 0..5 {
            let submission = submission(&format!("late-{n}-{part}"), "x");
            queue.submit(&submission, &RequiredSteps::pipeline()).expect("a queue");
        }
        agrees("more");
    }
    assert!(counts.contains(&("queued", (CASES - done) as u64)), "{counts:?}");
    // Revisions are erased, before and behind what is kept.
    let rule = PurgeRule { older_than: Duration::ZERO, keep: Keep::Codes, undecided: Undecided::Go };
    let some = NonZeroUsize::new(20).expect("not zero");
    for case_id in queue.begin_purge(&rule, None, some).expect("a queue") {
        queue.end_purge(&case_id, Keep::Codes).expect("a queue");
    }
    agrees("purged");
    queue.submit(&submission("later", "x"), &RequiredSteps::pipeline()).expect("a queue");
    agrees("later");
}
