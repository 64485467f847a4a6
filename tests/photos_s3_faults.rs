//! Storage over S3 that answers 500 and 503, says nothing, or cuts its answers off: between the program
//! and a server of S3's interface stands one that does this.

mod fake_check;
mod s3_server;

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use realname::photos::{PhotoError, PhotoPlace, PhotoStore};
use realname::queue::{Counts, QueueOptions, QueuePlace};
use realname::status::RequiredSteps;
use realname::worker::service::{Progress, ServiceSettings, serve};
use realname::worker::submit::{SubmitSettings, submit_case};
use s3_server::{Moto, set_environment};

const MAX: u64 = 1 << 20;

/// What becomes of a connection.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Mood {
    /// It goes through.
    Pass,
    /// It is answered with this status.
    Status(u16),
    /// Nothing is said.
    Stall,
    /// The answer ends after so many bytes.
    Cut(u64),
}

/// Stands in between.
struct Between {
    port: u16,
    mood: Arc<Mutex<Mood>>,
    open: Arc<Mutex<Vec<TcpStream>>>,
    requests: Arc<AtomicUsize>,
}

impl Between {
    fn start(upstream: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let mood = Arc::new(Mutex::new(Mood::Pass));
        let open = Arc::new(Mutex::new(Vec::new()));
        let requests = Arc::new(AtomicUsize::new(0));
        let (its_mood, its_open, its_requests) =
            (Arc::clone(&mood), Arc::clone(&open), Arc::clone(&requests));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                its_requests.fetch_add(1, Ordering::Relaxed);
                let mood = *its_mood.lock().expect("no panic");
                its_open.lock().expect("no panic").push(stream.try_clone().expect("a socket"));
                thread::spawn(move || serve_one(stream, upstream, mood));
            }
        });
        Self { port, mood, open, requests }
    }

    /// From now on; connections that are open are closed.
    fn set(&self, mood: Mood) {
        *self.mood.lock().expect("no panic") = mood;
        for stream in self.open.lock().expect("no panic").drain(..) {
            stream.shutdown(Shutdown::Both).ok();
        }
    }
}

fn serve_one(mut stream: TcpStream, upstream: u16, mood: Mood) {
    let through = |mut stream: TcpStream, bytes: u64| {
        let Ok(server) = TcpStream::connect(("127.0.0.1", upstream)) else { return };
        let (mut from, mut to) =
            (stream.try_clone().expect("a socket"), server.try_clone().expect("a socket"));
        thread::spawn(move || {
            std::io::copy(&mut from, &mut to).ok();
            to.shutdown(Shutdown::Write).ok();
        });
        std::io::copy(&mut server.take(bytes), &mut stream).ok();
        stream.shutdown(Shutdown::Both).ok();
    };
    match mood {
        Mood::Pass => through(stream, u64::MAX),
        Mood::Cut(bytes) => through(stream, bytes),
        Mood::Status(status) => {
            let mut head = [0; 4096];
            let _heard = stream.read(&mut head);
            let answer = format!("HTTP/1.1 {status} Sorry\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).ok();
        }
        Mood::Stall => {
            // Whatever is said is heard, until it is closed.
            std::io::copy(&mut stream, &mut std::io::sink()).ok();
        }
    }
}

fn open() -> PhotoStore {
    PhotoStore::open(&PhotoPlace::parse("s3://photos/p").expect("a place")).expect("enough said")
}

#[test]
fn storage_that_fails_is_told_of_or_waited_for_and_nothing_is_lost() {
    let Some(moto) = Moto::start() else { return };
    moto.make_bucket("photos");
    let (between, silent) = (Between::start(moto.port), Between::start(moto.port));
    set_environment(silent.port);
    let over_silent = open();
    set_environment(between.port);
    let store = open();
    let photo: Vec<u8> = (0..300_000_u32).map(|n| n as u8).collect();
    let id = store.put("c", photo.clone()).expect("space");
    silent.set(Mood::Stall);

    let began = Instant::now();
    thread::scope(|scope| {
        // It has a bound, and takes it: meanwhile the rest.
        let stalled = scope.spawn(|| over_silent.get("c", &id, MAX).expect_err("nothing was said"));

        for status in [500, 503] {
            between.set(Mood::Status(status));
            let requests = between.requests.load(Ordering::Relaxed);
            let error = store.get("c", &id, MAX).expect_err("refused");
            assert!(matches!(error, PhotoError::Unavailable { .. }), "{error}");
            assert!(error.to_string().contains(&status.to_string()), "{error}");
            let tries = between.requests.load(Ordering::Relaxed) - requests;
            assert!((2..=10).contains(&tries), "{tries} tries");
            assert!(store.put("c", b"other".to_vec()).is_err());
        }
        for bytes in [0, 50, 5000, 200_000] {
            between.set(Mood::Cut(bytes));
            // Half an answer is no altered photo: that would set its case aside.
            match store.get("c", &id, MAX) {
                Ok(got) => assert!(got == photo, "another photo after {bytes} bytes"),
                Err(error) => assert!(matches!(error, PhotoError::Unavailable { .. }), "{bytes}: {error}"),
            }
        }
        between.set(Mood::Pass);
        assert!(store.get("c", &id, MAX).expect("back") == photo);

        a_worker_waits_for(&store, &between);

        let error = stalled.join().expect("no panic");
        assert!(matches!(error, PhotoError::Unavailable { .. }), "{error}");
        assert!(began.elapsed() < Duration::from_secs(100), "{:?}", began.elapsed());
    });
}

fn a_worker_waits_for(store: &PhotoStore, between: &Between) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // A fault would set a case aside at once.
    let options = QueueOptions { faults_max: 1, lease: Duration::from_secs(5), ..QueueOptions::default() };
    let queue = QueuePlace::Sqlite(folder.path().join("q.db")).open(options).expect("a queue");
    const CASES: u64 = 12;
    for n in 0..CASES {
        let case = folder.path().join(format!("c-{n:02}"));
        fs::create_dir_all(&case).expect("a new folder");
        fs::write(case.join("front.jpg"), "pass 100").expect("a new file");
        let settings =
            SubmitSettings { photo_bytes_max: MAX, required: RequiredSteps::pipeline(), today: None };
        submit_case(&case, store, &*queue, &settings).expect("a queue");
    }
    let (stop, waits, verdicts) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    let settings = ServiceSettings {
        name: "w",
        in_flight: NonZeroUsize::new(2).expect("not zero"),
        photo_bytes_max: MAX,
        lease: Duration::from_secs(5),
        drain: true,
        stop: &stop,
        stop_within: Duration::from_secs(1),
    };
    let tell = |what: Progress<'_>| match what {
        Progress::Waiting { .. } => {
            waits.fetch_add(1, Ordering::Relaxed);
        }
        Progress::Verdict { .. } => {
            verdicts.fetch_add(1, Ordering::Relaxed);
        }
        _ => {}
    };
    thread::scope(|scope| {
        let worker = scope.spawn(|| serve(&*queue, store, settings, fake_check::check, tell));
        let began = Instant::now();
        while verdicts.load(Ordering::Relaxed) < 2 {
            assert!(began.elapsed() < Duration::from_secs(30));
            thread::sleep(Duration::from_millis(5));
        }
        between.set(Mood::Status(503));
        let cpu = ProcessTime::now();
        let away = Instant::now();
        while waits.load(Ordering::Relaxed) < 2 {
            assert!(away.elapsed() < Duration::from_secs(60), "it does not wait");
            thread::sleep(Duration::from_millis(20));
        }
        let share = cpu.elapsed().as_secs_f64() / away.elapsed().as_secs_f64();
        assert!(share < 0.2, "{share:.2} of a core while the storage is away");
        between.set(Mood::Pass);
        let report = worker.join().expect("no panic").expect("a queue");
        assert_eq!((report.verdicts, report.faults), (CASES, 0));
    });
    let counts = queue.counts().expect("a queue");
    assert_eq!(counts, Counts { verified: CASES, ..Counts::default() });
}
