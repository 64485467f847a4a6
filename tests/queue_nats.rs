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
use realname::queue::{Counts, Queue, QueueError, QueueOptions, QueuePlace, Submitted};
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
