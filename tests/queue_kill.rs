//! Workers killed with SIGKILL at random: every case ends with exactly one verdict, the one that an
//! undisturbed run gives.
//!
//! The workers are this very program, called again as [`a_worker`].

mod fake_check;
mod nats_server;

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

use nats_server::Servers;
use realname::photos::{PhotoPlace, PhotoStore};
use realname::queue::{Change, ChangeKind, Counts, Queue, QueueOptions, QueuePlace};
use realname::status::RequiredSteps;
use realname::worker::service::{ServiceSettings, serve};
use realname::worker::submit::{SubmitSettings, submit_case};

const CASES: usize = 2000;
const KILLS: usize = 60;
const WORKERS: usize = 2;

/// Longer and the test takes longer; shorter and a busy machine loses leases for no reason.
const LEASE: Duration = Duration::from_secs(2);

fn options() -> QueueOptions {
    // A case that was in a killed worker's hands waits at least half of this: no kill is left then
    // that could hit it again and make it look like the cause.
    let backoff_first = Duration::from_secs(60);
    QueueOptions { lease: LEASE, backoff_first, ..QueueOptions::default() }
}

/// What works in a process of its own; called by the tests, and empty where it is run as a test.
#[test]
fn a_worker() {
    let Ok(place) = std::env::var("KILL_TEST_QUEUE") else { return };
    let photos = std::env::var("KILL_TEST_PHOTOS").expect("set with the queue");
    let queue = QueuePlace::parse(&place).expect("a queue").open(options()).expect("a queue");
    work(&*queue, Path::new(&photos), &format!("w-{}", std::process::id()));
}

fn work(queue: &dyn Queue, photos: &Path, name: &str) {
    let photos = PhotoStore::open(&PhotoPlace::Folder(photos.to_owned())).expect("a folder");
    let stop = AtomicBool::new(false);
    let settings = ServiceSettings {
        name,
        in_flight: NonZeroUsize::new(3).expect("not zero"),
        photo_bytes_max: 100,
        lease: LEASE,
        drain: true,
        stop: &stop,
        stop_within: Duration::from_secs(5),
    };
    serve(queue, &photos, settings, fake_check::check, |_| {}).expect("a queue");
}

fn start(place: &str, photos: &Path) -> Child {
    Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "a_worker", "--nocapture"])
        .env("KILL_TEST_QUEUE", place)
        .env("KILL_TEST_PHOTOS", photos)
        .stdout(Stdio::null())
        .spawn()
        .expect("this test starts")
}

fn submit_all(queue: &dyn Queue, folder: &Path, photos: &Path) {
    let store = PhotoStore::open(&PhotoPlace::Folder(photos.to_owned())).expect("a folder");
    let settings = SubmitSettings { photo_bytes_max: 100, required: RequiredSteps::pipeline(), today: None };
    for n in 0..CASES {
        let case = folder.join(format!("c-{n:04}"));
        fs::create_dir_all(&case).expect("a new folder");
        let what = ["pass", "retake", "reject", "review"][n * 7 % 4];
        fs::write(case.join("front.jpg"), format!("{what} {}", 10 + n * 13 % 20)).expect("a new file");
        submit_case(&case, &store, queue, &settings).expect("a queue");
    }
}

/// Each case's verdict, and how many were told of. A node of NATS that was killed may list a change
/// a second time under another number; a second verdict would be another change.
fn verdicts(queue: &dyn Queue) -> BTreeMap<String, (String, usize)> {
    let mut told: BTreeMap<String, Vec<Change>> = BTreeMap::new();
    let (mut after, mut copies) = (0, 0);
    loop {
        let page = queue.changes(after, NonZeroUsize::new(1000).expect("not zero")).expect("a queue");
        let Some(last) = page.last() else { break };
        after = last.number;
        for change in page.into_iter().filter(|change| change.kind == ChangeKind::Verdict) {
            let verdicts = told.entry(change.case_id.clone()).or_default();
            let change = Change { number: 0, ..change };
            if verdicts.contains(&change) { copies += 1 } else { verdicts.push(change) }
        }
    }
    println!("{copies} changes are listed twice");
    let told = told.into_iter().map(|(case_id, verdicts)| {
        assert!(verdicts.len() == 1, "{verdicts:?}");
        (case_id, verdicts.len())
    });
    let verdict = |(case_id, times): (String, usize)| {
        let entry = queue.entry(&case_id).expect("a queue").expect("a case");
        assert_eq!(entry.attempts.len(), 1);
        let note = entry.attempts[0].verdict.clone().expect("a verdict");
        (case_id, (note.document.expect("not purged"), times))
    };
    told.map(verdict).collect()
}

/// Numbers that differ from run to run; the seed is printed, so that a failure can be repeated.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// Runs and kills; `disturb` is called after each kill with its number.
fn killed_run(place: &str, mut disturb: impl FnMut(usize)) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let photos = folder.path().join("photos");
    let queue = QueuePlace::parse(place).expect("a queue").open(options()).expect("a queue");
    submit_all(&*queue, &folder.path().join("cases"), &photos);
    assert_eq!(queue.counts().expect("a queue"), Counts { queued: CASES as u64, ..Counts::default() });

    let calm = QueuePlace::Sqlite(folder.path().join("calm.db")).open(options()).expect("a queue");
    submit_all(&*calm, &folder.path().join("cases"), &photos);
    work(&*calm, &photos, "calm");
    let expected = verdicts(&*calm);
    assert_eq!(expected.len(), CASES);

    let seed = u64::from(std::process::id()) << 20 | u64::from(Instant::now().elapsed().subsec_nanos()) | 1;
    println!("seed {seed}");
    let mut dice = Dice(seed);
    let mut workers: Vec<Child> = (0..WORKERS).map(|_| start(place, &photos)).collect();
    let began = Instant::now();
    for kill in 0..KILLS {
        thread::sleep(Duration::from_millis(60 + dice.below(240)));
        let victim = dice.below(WORKERS as u64) as usize;
        assert!(workers[victim].try_wait().expect("a child").is_none(), "ended before kill {kill}");
        workers[victim].kill().expect("SIGKILL");
        workers[victim].wait().expect("a child");
        workers[victim] = start(place, &photos);
        disturb(kill);
    }
    let counts = queue.counts().expect("a queue");
    println!("{KILLS} kills in {:?}, then {counts:?}", began.elapsed());
    assert!(counts.open() > 0, "the kills came too late to matter: {counts:?}");
    for mut worker in workers {
        assert!(worker.wait().expect("a child").success());
    }
    let counts = queue.counts().expect("a queue");
    println!("done in {:?}: {counts:?}", began.elapsed());
    let got = verdicts(&*queue);
    assert!(got.values().all(|(_, times)| *times == 1), "a second verdict");
    assert_eq!((counts.open(), counts.dead), (0, 0));
    assert_eq!(got, expected);
}

#[test]
fn sixty_kills_lose_nothing_from_a_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    killed_run(&format!("sqlite:{}", folder.path().join("q.db").display()), |_| {});
}

#[test]
fn sixty_kills_lose_nothing_from_one_node_of_nats() {
    let Some(servers) = Servers::start(1) else { return };
    killed_run(&servers.queue("kills"), |_| {});
}

#[test]
fn sixty_kills_and_a_lost_node_lose_nothing_from_three_nodes_of_nats() {
    let Some(mut servers) = Servers::start(3) else { return };
    let place = servers.queue("kills");
    killed_run(&place, |kill| match kill {
        20 => servers.kill(1),
        40 => servers.restart(1),
        _ => {}
    });
}
