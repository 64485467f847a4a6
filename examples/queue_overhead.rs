//! What a queue costs by itself: cases without photos through a worker whose check looks at nothing.
//!
//! ```sh
//! cargo run --release --example queue_overhead -- sqlite:overhead.db 100000
//! cargo run --release --example queue_overhead -- nats://127.0.0.1:4222/overhead 20000 --at-once 64
//! ```
//! Prints, for the queue named (which should be a new one): cases/s and CPU ms per case of submitting
//! and of claiming, recording and acknowledging, of this process alone; how long a claim takes at the
//! beginning and at the end; how long the counts take; resident memory before and after.

#[path = "../tests/plain_verdict/mod.rs"]
mod plain_verdict;

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use plain_verdict::plain_verdict;
use realname::case::Case;
use realname::photos::{PhotoPlace, PhotoStore};
use realname::policy::{Decision, Verdict, VerificationStatus};
use realname::queue::{Queue, QueueOptions, QueuePlace, Submission};
use realname::status::RequiredSteps;
use realname::worker::service::{ServiceSettings, serve};

/// Threads that submit.
const SUBMITTERS: usize = 8;

fn submission(n: usize) -> Submission {
    Submission::of_name(format!("overhead-{n:07}"))
}

fn no_op(case: &Case) -> Result<Verdict, String> {
    Ok(plain_verdict(&case.case_id, Decision::Pass, VerificationStatus::Verified, Vec::new()))
}

/// Resident memory in MiB, where the system says.
fn resident_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? / 1024)
}

fn claim_ms(queue: &dyn Queue) -> Result<f64, Box<dyn std::error::Error>> {
    let mut best = f64::MAX;
    for _ in 0..20 {
        let began = Instant::now();
        let claims = queue.claim("probe", NonZeroUsize::MIN)?;
        best = best.min(began.elapsed().as_secs_f64() * 1e3);
        for claimed in claims {
            queue.release(&claimed.lease, &realname::queue::Release::HandedBack)?;
        }
    }
    Ok(best)
}

fn counts_ms(queue: &dyn Queue) -> Result<f64, Box<dyn std::error::Error>> {
    let began = Instant::now();
    println!("{:?}", queue.counts()?);
    Ok(began.elapsed().as_secs_f64() * 1e3)
}

fn told(what: &str, cases: usize, began: Instant, cpu: &ProcessTime) {
    let (wall_s, cpu_ms) = (began.elapsed().as_secs_f64(), cpu.elapsed().as_secs_f64() * 1e3);
    println!("{what}: {:.0} cases/s, {:.3} ms CPU per case", cases as f64 / wall_s, cpu_ms / cases as f64);
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [place, cases, rest @ ..] = args.as_slice() else {
        return Err("usage: queue_overhead QUEUE CASES [--at-once N]".into());
    };
    let cases: usize = cases.parse()?;
    let at_once: NonZeroUsize = rest.get(1).map_or(Ok(NonZeroUsize::new(3).ok_or("0")?), |n| n.parse())?;
    let lease = Duration::from_secs(60);
    let queue = QueuePlace::parse(place)?.open(QueueOptions { lease, ..QueueOptions::default() })?;
    println!("resident: {:?} MiB", resident_mib());

    let (began, cpu, next) = (Instant::now(), ProcessTime::now(), AtomicUsize::new(0));
    let failed = Mutex::new(None);
    thread::scope(|scope| {
        for _ in 0..SUBMITTERS {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= cases {
                        return;
                    }
                    if let Err(error) = queue.submit(&submission(n), &RequiredSteps::pipeline()) {
                        *failed.lock().expect("no panic") = Some(error);
                        return;
                    }
                }
            });
        }
    });
    if let Some(error) = failed.into_inner()? {
        return Err(error.into());
    }
    told("submitted", cases, began, &cpu);
    println!("claim with {cases} queued: {:.2} ms", claim_ms(&*queue)?);
    println!("counts with {cases} queued: {:.1} ms", counts_ms(&*queue)?);
    println!("resident: {:?} MiB", resident_mib());

    let folder = std::env::temp_dir().join("realname-queue-overhead");
    let photos = PhotoStore::open(&PhotoPlace::Folder(folder))?;
    let stop = AtomicBool::new(false);
    let settings = ServiceSettings {
        name: "overhead",
        in_flight: at_once,
        photo_bytes_max: 1,
        lease,
        drain: true,
        stop: &stop,
        stop_within: Duration::from_secs(30),
    };
    let (began, cpu) = (Instant::now(), ProcessTime::now());
    let last = Mutex::new(Instant::now());
    let report =
        serve(&*queue, &photos, settings, no_op, |_| *last.lock().expect("no panic") = Instant::now())?;
    let tail = last.into_inner()?.elapsed();
    let wall_s = (began.elapsed() - tail).as_secs_f64();
    let cpu_ms = cpu.elapsed().as_secs_f64() * 1e3;
    println!("worked on: {:.0} cases/s, {:.3} ms CPU per case", cases as f64 / wall_s, cpu_ms / cases as f64);
    println!("{report:?}");
    println!("claim with none queued: {:.2} ms", claim_ms(&*queue)?);
    println!("counts: {:.1} ms", counts_ms(&*queue)?);
    println!("resident: {:?} MiB", resident_mib());
    Ok(())
}
