//! Telling others: at least once and in order for each case, whoever fails, is slow or is killed.

mod nats_server;
mod plain_verdict;
mod webhook_receiver;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use nats_server::Servers;
use plain_verdict::plain_verdict;
use realname::case::{Claims, Method};
use realname::events::{
    EventDocument, EventSource, RelayError, RelayProgress, RelayReport, RelaySettings, Retries, Secrets,
    Sink, StreamSink, WebhookSink, WebhookUrl, relay,
};
use realname::policy::{Decision, VerificationStatus};
use realname::queue::{AttemptVerdict, Queue, QueueOptions, QueuePlace, SinkName, Submission};
use realname::status::RequiredSteps;
use webhook_receiver::{Answer, Receiver, TAKEN};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Changes of each case: it is submitted, and gets its verdict.
const CHANGES: u64 = 2;

fn secrets() -> Secrets {
    Secrets::parse(SECRET).expect("a secret")
}

fn open(place: &str) -> Arc<dyn Queue> {
    QueuePlace::parse(place).expect("a queue").open(QueueOptions::default()).expect("a queue")
}

/// Cases from submission to verdict.
fn decide(queue: &dyn Queue, names: &[&str]) {
    for case_id in names {
        let submission = Submission {
            case_id: (*case_id).to_owned(),
            method: Method::IdCard,
            claims: Claims { name: Some("张三".to_owned()), id_number: None },
            photos: Vec::new(),
            challenge: Vec::new(),
            decided_on: None,
            submitted_on: None,
        };
        queue.submit(&submission, &RequiredSteps::pipeline()).expect("a queue");
    }
    let mut left = names.len();
    while left > 0 {
        for claimed in queue.claim("w", NonZeroUsize::new(10).expect("not zero")).expect("a queue") {
            let (decision, status) = (Decision::Pass, VerificationStatus::Verified);
            let verdict = plain_verdict(&claimed.lease.case_id, decision, status, Vec::new());
            queue.record(&claimed.lease, &AttemptVerdict::from(&verdict)).expect("held");
            left -= 1;
        }
    }
}

/// Relays until all is told, or the end is set from outside.
fn relayed(
    queue: &dyn Queue,
    sink: &dyn Sink,
    holder: &str,
    stop: &AtomicBool,
) -> Result<RelayReport, RelayError> {
    let waits: Vec<Duration> = (0..30).map(|n| Duration::from_millis(100 << u64::min(n, 4))).collect();
    let settings = RelaySettings {
        name: &SinkName::parse("test").expect("a name"),
        source: &EventSource::of_queue("test"),
        holder,
        at_once: NonZeroUsize::new(4).expect("not zero"),
        retries: &Retries(waits),
        takeover: Duration::from_secs(2),
        stop,
        finish: &AtomicBool::new(true),
    };
    relay(queue, sink, &settings, |what| {
        if let RelayProgress::NotTold { why, .. } = what {
            assert!(!why.to_string().contains("token"), "{why}");
        }
    })
}

/// Relays again and again until nothing is left, as a program that is started anew would.
fn relayed_to_the_end(queue: &dyn Queue, sink: &dyn Sink) -> RelayReport {
    let began = Instant::now();
    loop {
        let report = relayed(queue, sink, "me", &AtomicBool::new(false)).expect("a queue");
        if report.left == 0 {
            return report;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{report:?}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// Every case's events came, each case's in order, where later copies of one are left out.
fn assert_all_in_order(taken: &[EventDocument], names: &[&str]) {
    let mut by_case: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for event in taken {
        assert_eq!(event.subject, event.data.case_id);
        let sequences = by_case.entry(&event.subject).or_default();
        if !sequences.contains(&event.sequence.as_str()) {
            sequences.push(&event.sequence);
        }
    }
    for name in names {
        assert_eq!(by_case[name], ["0000000001", "0000000002"], "{name}");
    }
    assert_eq!(by_case.len(), names.len());
    assert!(!serde_json::to_string(taken).expect("JSON").contains("张三"));
}

const NAMES: [&str; 12] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];

fn webhook(receiver: &Receiver) -> WebhookSink {
    WebhookSink::new(WebhookUrl::parse(&receiver.url()).expect("this machine"), secrets())
}

fn a_receiver_that_fails_is_slow_and_dies_gets_every_event_in_order(place: &str) {
    let queue = open(place);
    decide(&*queue, &NAMES);
    let taken: Arc<Mutex<Vec<EventDocument>>> = Arc::default();
    // One case fails, one is answered late, one is not answered, one sent elsewhere; then the receiver
    // dies.
    let rule = |event: &EventDocument, times: usize| match event.subject.as_str() {
        "b" => Answer::Status(503, Duration::ZERO),
        "c" => Answer::Status(200, Duration::from_millis(700)),
        "d" if times == 1 => Answer::Nothing,
        "e" if times == 1 => Answer::Status(302, Duration::ZERO),
        _ => TAKEN,
    };
    let receiver = Receiver::start(0, &secrets(), taken.clone(), Arc::new(rule));
    let (port, sink) = (receiver.port, webhook(&receiver));
    let first = relayed(&*queue, &sink, "me", &AtomicBool::new(false)).expect("a queue");
    assert!(first.failures >= 3 && first.left > 0, "{first:?}");
    // Those that are not held up went on past those that are.
    let so_far = taken.lock().expect("no panic").iter().filter(|e| e.subject == "l").count();
    assert_eq!(so_far as u64, CHANGES);
    drop(receiver);
    let dead = relayed(&*queue, &sink, "me", &AtomicBool::new(false)).expect("a queue");
    assert!(dead.told == 0 && dead.left > 0, "{dead:?}");
    decide(&*queue, &["m", "n"]);
    let well = |_: &EventDocument, _: usize| TAKEN;
    let receiver = Receiver::start(port, &secrets(), taken.clone(), Arc::new(well));
    relayed_to_the_end(&*queue, &sink);
    let names = [&NAMES[..], &["m", "n"]].concat();
    assert_all_in_order(&receiver.taken.lock().expect("no panic"), &names);
    let again = relayed(&*queue, &sink, "other", &AtomicBool::new(false)).expect("a queue");
    assert_eq!(again, RelayReport::default(), "nothing is told twice where nobody was killed");
}

#[test]
fn webhooks_of_a_queue_in_a_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let place = format!("sqlite:{}", folder.path().join("q.db").display());
    a_receiver_that_fails_is_slow_and_dies_gets_every_event_in_order(&place);
}

#[test]
fn webhooks_of_a_queue_on_nats() {
    let Some(servers) = Servers::start(1) else { return };
    a_receiver_that_fails_is_slow_and_dies_gets_every_event_in_order(&servers.queue("hooks"));
}

/// What a process of its own does; called by the tests below, and empty where it is run as a test.
#[test]
fn a_process() {
    let Ok(place) = std::env::var("EVENTS_TEST_QUEUE") else { return };
    let queue = open(&place);
    match std::env::var("EVENTS_TEST_URL") {
        // Records, and is killed before anybody was told.
        Err(_) => {
            decide(&*queue, &NAMES);
            println!("recorded");
            thread::sleep(Duration::from_secs(60));
        }
        Ok(url) if url == "stream" => {
            relayed(&*queue, &StreamSink::new(&*queue), "child", &AtomicBool::new(false)).expect("a queue");
        }
        Ok(url) => {
            let sink = WebhookSink::new(WebhookUrl::parse(&url).expect("this machine"), secrets());
            relayed(&*queue, &sink, "child", &AtomicBool::new(false)).expect("a queue");
        }
    }
}

fn process(place: &str, url: Option<&str>) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this test"));
    command.args(["--exact", "a_process", "--nocapture"]).env("EVENTS_TEST_QUEUE", place);
    if let Some(url) = url {
        command.env("EVENTS_TEST_URL", url);
    }
    command.stdout(Stdio::piped());
    command
}

/// Records in a process that is killed as soon as it has.
fn record_and_die(place: &str) {
    use std::io::{BufRead as _, BufReader};

    let mut child = process(place, None).spawn().expect("this test starts");
    let output = BufReader::new(child.stdout.take().expect("piped"));
    let recorded = output.lines().map_while(Result::ok).any(|line| line.contains("recorded"));
    child.kill().expect("SIGKILL");
    child.wait().expect("our own child");
    assert!(recorded, "the child said nothing");
}

fn killed_before_and_while_telling(place: &str) {
    record_and_die(place);
    let taken: Arc<Mutex<Vec<EventDocument>>> = Arc::default();
    // The relay is killed while it waits for an answer to the ninth event, which was taken.
    let reached: Arc<AtomicBool> = Arc::default();
    let (seen, told) = (reached.clone(), taken.clone());
    let rule = move |_: &EventDocument, _: usize| {
        if told.lock().expect("no panic").len() < 8 || seen.load(Ordering::SeqCst) {
            return TAKEN;
        }
        seen.store(true, Ordering::SeqCst);
        Answer::Status(200, Duration::from_secs(1))
    };
    let receiver = Receiver::start(0, &secrets(), taken.clone(), Arc::new(rule));
    let mut child = process(place, Some(&receiver.url())).spawn().expect("this test starts");
    let began = Instant::now();
    while !reached.load(Ordering::SeqCst) {
        assert!(began.elapsed() < Duration::from_secs(30), "nothing was told");
        thread::sleep(Duration::from_millis(2));
    }
    child.kill().expect("SIGKILL");
    child.wait().expect("our own child");
    let queue = open(place);
    // The killed relay still seems to hold the sink; it is taken over once it shows no sign of life.
    relayed_to_the_end(&*queue, &webhook(&receiver));
    assert_all_in_order(&taken.lock().expect("no panic"), &NAMES);
}

#[test]
fn a_kill_between_recording_and_telling_loses_nothing_from_a_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    killed_before_and_while_telling(&format!("sqlite:{}", folder.path().join("q.db").display()));
}

#[test]
fn a_kill_between_recording_and_telling_loses_nothing_from_nats() {
    let Some(servers) = Servers::start(1) else { return };
    killed_before_and_while_telling(&servers.queue("killed"));
}

/// Every message of the queue's stream of events.
fn events_on(server: &str, queue: &str) -> Vec<EventDocument> {
    use async_nats::jetstream;

    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    runtime.block_on(async {
        let client = async_nats::connect(server).await.expect("a server");
        let stream = jetstream::new(client).get_stream(format!("realname_{queue}_events")).await;
        let stream = stream.expect("the stream of events");
        let state = &stream.cached_info().state;
        let mut events = Vec::new();
        for sequence in state.first_sequence..=state.last_sequence {
            let message = stream.get_raw_message(sequence).await.expect("nothing was removed");
            events.push(serde_json::from_slice(&message.payload).expect("an event"));
        }
        events
    })
}

#[test]
fn the_stream_on_nats_has_each_event_once_though_relays_are_killed() {
    let Some(servers) = Servers::start(1) else { return };
    let place = servers.queue("streamed");
    record_and_die(&place);
    let queue = open(&place);
    for _ in 0..3 {
        let mut child = process(&place, Some("stream")).spawn().expect("this test starts");
        thread::sleep(Duration::from_millis(60));
        child.kill().expect("SIGKILL");
        child.wait().expect("our own child");
    }
    relayed_to_the_end(&*queue, &StreamSink::new(&*queue));
    // As if nobody had kept how far the stream was told: all is there already.
    let other = SinkName::parse("test").expect("a name");
    let (state, revision) = queue.sink(&other).expect("a queue");
    let forgotten = realname::queue::SinkState { told: 0, ..state };
    queue.store_sink(&other, &forgotten, revision).expect("a queue").expect("nobody else");
    let reopened = open(&place);
    relayed_to_the_end(&*reopened, &StreamSink::new(&*reopened));
    let server = place.split('/').nth(2).expect("a host").to_owned();
    let events = events_on(&server, "streamed");
    assert_eq!(events.len() as u64, NAMES.len() as u64 * CHANGES);
    assert_all_in_order(&events, &NAMES);
}

#[test]
fn two_relays_do_not_tell_beside_each_other() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let queue = open(&format!("sqlite:{}", folder.path().join("q.db").display()));
    decide(&*queue, &["a"]);
    let taken: Arc<Mutex<Vec<EventDocument>>> = Arc::default();
    let slow = |_: &EventDocument, _: usize| Answer::Status(200, Duration::from_millis(2500));
    let receiver = Receiver::start(0, &secrets(), taken.clone(), Arc::new(slow));
    let sink = webhook(&receiver);
    thread::scope(|scope| {
        let first = scope.spawn(|| relayed(&*queue, &sink, "first", &AtomicBool::new(false)));
        thread::sleep(Duration::from_millis(600));
        let second = relayed(&*queue, &sink, "second", &AtomicBool::new(false));
        assert!(matches!(&second, Err(RelayError::Held { holder, .. }) if holder == "first"), "{second:?}");
        assert_eq!(first.join().expect("no panic").expect("a queue").told, CHANGES);
    });
    assert_eq!(taken.lock().expect("no panic").len() as u64, CHANGES);
}
