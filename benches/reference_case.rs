//! What a case costs, side by side with the floor nobody can go below.
//!
//! The reference case is two 4000 x 3000 card photos (JPEG q90, 4:2:0) and three 1080p selfies,
//! photographed by the fixture generator from seed 1. The floor, measured in the same run and in
//! turns with the pipeline, is the entropy decoding of the five files (a luma decode at 1/8
//! scale) plus one bare run of each network for each thing it looks at: locator, side and digit
//! reader (three lines) for each card photo, text recognition of a name of three characters and of
//! the sex, near detector, mesh and embedding for the portrait and each selfie, the cover network for
//! each selfie, and for each selfie both networks of presentation attack detection where they are
//! installed. It holds no resizing, no measure, no colour and no second look.
//!
//! `cargo bench --bench reference_case` prints the table; `-- --soak 1000` checks that memory
//! stays flat; `-- --test` runs everything once. CPU times are those of the process, so that a
//! busy machine does not count.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use ndarray::Array4;
use realname::case::{Case, Sample, SampleKind, read_case};
use realname::evidence::Timings;
use realname::face::LIVENESS_MODELS;
use realname::inference::{Manifest, Models, Network, Store, names};
use realname::{Engine, Settings};

type Anyhow<T> = Result<T, Box<dyn std::error::Error>>;

const SEED: u64 = 1;
const ROUNDS: usize = 15;
/// The argument with which this program makes the files and does nothing else.
const MAKE: &str = "--make-reference-case";

fn main() -> Anyhow<()> {
    let arguments: Vec<String> = env::args().collect();
    if let [_, make, folder] = &arguments[..]
        && make == MAKE
    {
        return make_reference_case(Path::new(folder));
    }
    let once = arguments.iter().any(|a| a == "--test");
    let soak =
        arguments.iter().position(|a| a == "--soak").and_then(|at| arguments.get(at + 1)?.parse().ok());
    let rounds = if once { 1 } else { ROUNDS };

    let case = reference_case()?;
    describe(&case);
    let one = engine(NonZeroUsize::MIN)?;
    let store = Store::from_environment()?;
    let mut bare = BareModels::open(&store)?;
    let verdict = one.check(&case)?;
    println!("verdict of the reference case: {:?}", verdict.judgement.decision);
    println!("peak memory, one worker: {}", peak_memory());

    per_case_against_the_floor(&one, &case, &mut bare, rounds)?;
    bare.tell()?;
    selfie_frame(&one, &case, if once { 1 } else { 10 * ROUNDS })?;
    all_cores(&case, if once { 2 } else { 60 })?;
    println!("peak memory, all workers: {}", peak_memory());
    start_to_first_verdict(&case, if once { 1 } else { 5 })?;
    if let Some(cases) = soak {
        memory_over(&case, cases)?;
    }
    Ok(())
}

/// The files of the reference case. They are made by this program started anew, so that the
/// memory that drawing them takes is not counted.
fn reference_case() -> Anyhow<Case> {
    let folder = tempfile::tempdir()?;
    let made = Command::new(env::current_exe()?).arg(MAKE).arg(folder.path()).status()?;
    if !made.success() {
        return Err("the reference case could not be made".into());
    }
    Ok(Case { case_id: "reference".to_owned(), ..read_case(folder.path(), u64::MAX)? })
}

fn make_reference_case(folder: &Path) -> Anyhow<()> {
    let made = realname_fixtures::reference_case(SEED)?;
    fs::write(folder.join("front.jpg"), made.front)?;
    fs::write(folder.join("back.jpg"), made.back)?;
    for (n, bytes) in made.selfies.into_iter().enumerate() {
        fs::write(folder.join(format!("selfie-{}.jpg", n + 1)), bytes)?;
    }
    Ok(())
}

fn engine(threads: NonZeroUsize) -> Anyhow<Engine> {
    Ok(Engine::new(Settings { threads, ..Settings::default() })?)
}

fn describe(case: &Case) {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ").map(|(_, m)| m));
    let nasm = Command::new("nasm").arg("-v").output().is_ok();
    println!("machine: {}, {} cores", model.unwrap_or("unknown CPU"), cores());
    println!("nasm found: {nasm} (JPEG decoding is slower in a build made without it)");
    let sizes: Vec<String> =
        case.samples.iter().map(|s| format!("{} {:.2} MB", s.role, s.bytes.len() as f64 / 1e6)).collect();
    println!("reference case, seed {SEED}: {}", sizes.join(", "));
}

fn cores() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// One network of each kind, run without anything around it.
struct BareModels(Vec<BareModel>);

struct BareModel {
    name: &'static str,
    runs_per_case: usize,
    network: Box<dyn Network>,
    inputs: Vec<Array4<f32>>,
}

/// A network, how often it runs on a case, and the shapes of its inputs.
type BareRuns = (&'static str, usize, &'static [[usize; 4]]);

const BARE: [BareRuns; 8] = [
    (names::CARD_LOCATOR, 2, &[[1, 3, 256, 256]]),
    (names::CARD_SIDE, 2, &[[1, 3, 80, 128]]),
    (names::CARD_DIGITS, 3, &[[1, 1, 32, 320]]),
    (names::TEXT_RECOGNITION, 1, &[[1, 3, 48, 136], [1, 3, 48, 48]]),
    (names::FACE_DETECTOR_NEAR, 4, &[[1, 3, 128, 128]]),
    (names::FACE_MESH, 4, &[[1, 3, 192, 192]]),
    (names::FACE_EMBEDDING, 4, &[[1, 3, 112, 112]]),
    (names::FACE_COVER, 3, &[[1, 3, 80, 80]]),
];

/// Those of presentation attack detection, which are optional.
const BARE_LIVENESS: [BareRuns; 2] =
    [(LIVENESS_MODELS[0], 3, &[[1, 3, 80, 80]]), (LIVENESS_MODELS[1], 3, &[[1, 3, 80, 80]])];

impl BareModels {
    fn open(store: &Store) -> Anyhow<Self> {
        let artifacts = BARE_LIVENESS.map(|(name, ..)| Manifest::built_in().artifact(name));
        let liveness = artifacts.into_iter().all(|artifact| artifact.is_ok_and(|it| store.is_there(it)));
        println!("presentation attack detection: {}", if liveness { "installed" } else { "not installed" });
        let wanted = || BARE.iter().chain(BARE_LIVENESS.iter().filter(|_| liveness));
        let names: Vec<&str> = wanted().map(|(name, ..)| *name).collect();
        let models = Models::open(store, Manifest::built_in(), &names)?;
        let opened = wanted().map(|&(name, runs_per_case, shapes)| {
            let network: Box<dyn Network> = Box::new(models.session(name)?);
            let pattern =
                |(_, c, y, x): (usize, usize, usize, usize)| ((c + y * x) % 255) as f32 / 127.5 - 1.0;
            let inputs = shapes.iter().map(|shape| Array4::from_shape_fn(*shape, pattern)).collect();
            Ok(BareModel { name, runs_per_case, network, inputs })
        });
        Ok(Self(opened.collect::<Anyhow<_>>()?))
    }

    /// What one run of each costs.
    fn tell(&mut self) -> Anyhow<()> {
        const RUNS: u32 = 40;
        println!("bare runs, CPU ms each:");
        for BareModel { name, network, inputs, .. } in &mut self.0 {
            let spent = cpu_ms(|| {
                (0..RUNS)
                    .try_for_each(|_| network.run(inputs[0].view().into_dyn()).map(drop))
                    .map_err(Into::into)
            })?;
            println!("  {name:<34}{:6.2}", spent / f64::from(RUNS));
        }
        Ok(())
    }

    fn run(&mut self) -> Anyhow<()> {
        for BareModel { runs_per_case, network, inputs, .. } in &mut self.0 {
            for input in (0..*runs_per_case).flat_map(|_| inputs.iter()) {
                black_box(network.run(input.view().into_dyn())?);
            }
        }
        Ok(())
    }
}

/// Luma at one eighth of the size: the coefficients are all decoded, one value per block is made.
fn entropy_decoding(case: &Case) -> Anyhow<()> {
    for sample in &case.samples {
        let mut decoder = mozjpeg::Decompress::new_mem(&sample.bytes)?;
        decoder.scale(1);
        let mut started = decoder.grayscale()?;
        black_box(started.read_scanlines::<u8>()?);
    }
    Ok(())
}

fn cpu_ms(work: impl FnOnce() -> Anyhow<()>) -> Anyhow<f64> {
    let start = ProcessTime::now();
    work()?;
    Ok(start.elapsed().as_secs_f64() * 1e3)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn per_case_against_the_floor(one: &Engine, case: &Case, bare: &mut BareModels, rounds: usize) -> Anyhow<()> {
    entropy_decoding(case)?;
    bare.run()?;
    let (mut decode, mut models, mut pipeline, mut ratios) = (vec![], vec![], vec![], vec![]);
    let mut stages = Timings::default();
    for _ in 0..rounds {
        let floor_decode = cpu_ms(|| entropy_decoding(case))?;
        let floor_models = cpu_ms(|| bare.run())?;
        let whole = cpu_ms(|| {
            stages.merge(&one.check(case)?.timings);
            Ok(())
        })?;
        decode.push(floor_decode);
        models.push(floor_models);
        pipeline.push(whole);
        ratios.push(whole / (floor_decode + floor_models));
    }
    println!("\nCPU ms per case, one thread, {rounds} rounds in turns (medians)");
    println!("  floor: entropy decoding   {:8.1}", median(&mut decode));
    println!("  floor: bare model runs    {:8.1}", median(&mut models));
    println!("  whole case                {:8.1}", median(&mut pipeline));
    println!(
        "  ratio to the floor        {:8.2}  (smallest {:.2}, largest {:.2})",
        median(&mut ratios),
        ratios[0],
        ratios[ratios.len() - 1]
    );
    println!("  stages of the whole case (means):");
    for (stage, ms) in &stages.0 {
        println!("    {stage:<24}{:8.1}", ms / rounds as f64);
    }
    Ok(())
}

/// What a selfie frame costs, by stage: the case's selfies alone, so that no card takes part. A busy
/// machine makes the median longer than the smallest, which is what the work itself takes.
fn selfie_frame(one: &Engine, case: &Case, rounds: usize) -> Anyhow<()> {
    let is_selfie = |sample: &Sample| sample.role.kind() == SampleKind::Selfie;
    let samples: Vec<Sample> = case.samples.iter().filter(|s| is_selfie(s)).cloned().collect();
    let frames = samples.len() as f64;
    let selfies = Case { samples, ..case.clone() };
    let mut stages = BTreeMap::<&str, Vec<f64>>::new();
    for _ in 0..rounds {
        let of_one_frame = |(stage, ms): (&'static str, f64)| (stage, ms / frames);
        let times: Vec<_> = one.check(&selfies)?.timings.0.into_iter().map(of_one_frame).collect();
        let beyond_decoding = |(stage, _): &&(&str, f64)| ["capture", "detect", "measure"].contains(stage);
        let asked = times.iter().filter(beyond_decoding).map(|(_, ms)| ms).sum();
        for (stage, ms) in times.into_iter().chain([("capture + detect + measure", asked)]) {
            stages.entry(stage).or_default().push(ms);
        }
    }
    println!("\nms per selfie frame, one thread, {rounds} rounds: median, smallest");
    for (stage, ms) in &mut stages {
        println!("  {stage:<28}{:8.2}{:8.2}", median(ms), ms[0]);
    }
    Ok(())
}

fn all_cores(case: &Case, cases: usize) -> Anyhow<()> {
    let engine = engine(cores())?;
    engine.check(case)?;
    let callers = cores().get() + 1;
    let (wall, cpu) = (Instant::now(), ProcessTime::now());
    std::thread::scope(|scope| {
        let each = cases.div_ceil(callers);
        let engine = &engine;
        let workers: Vec<_> = (0..callers)
            .map(|_| scope.spawn(move || (0..each).try_for_each(|_| engine.check(case).map(drop))))
            .collect();
        workers.into_iter().try_for_each(|w| w.join().expect("a caller does not panic"))
    })?;
    let done = cases.div_ceil(callers) * callers;
    println!(
        "\nall {} cores: {:.2} cases/s, {:.1} CPU ms per case ({done} cases)",
        cores(),
        done as f64 / wall.elapsed().as_secs_f64(),
        cpu.elapsed().as_secs_f64() * 1e3 / done as f64
    );
    Ok(())
}

/// The time a person waits: the program started anew, models loaded and verified, one verdict.
fn start_to_first_verdict(case: &Case, rounds: usize) -> Anyhow<()> {
    let folder = tempfile::tempdir()?;
    for sample in &case.samples {
        fs::write(folder.path().join(format!("{}.jpg", sample.role)), &sample.bytes)?;
    }
    let mut times = vec![];
    for _ in 0..=rounds {
        let start = Instant::now();
        let output = Command::new(env!("CARGO_BIN_EXE_realname")).arg("check").arg(folder.path()).output()?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
        if output.status.code().is_none_or(|code| code == 2) {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
    }
    times.remove(0); // The first run brings the files into the page cache.
    println!("start to first verdict: {:.0} ms (median of {rounds})", median(&mut times));
    Ok(())
}

fn memory_over(case: &Case, cases: usize) -> Anyhow<()> {
    let engine = engine(cores())?;
    println!("\nresident memory over {cases} cases");
    let mut last = Instant::now() - Duration::from_secs(60);
    for n in 1..=cases {
        engine.check(case)?;
        if n == cases || n == 10 || n % 100 == 0 && last.elapsed() > Duration::from_millis(1) {
            println!("  after {n:>6}: {}", resident_memory());
            last = Instant::now();
        }
    }
    Ok(())
}

fn peak_memory() -> String {
    status_line("VmHWM:")
}

fn resident_memory() -> String {
    status_line("VmRSS:")
}

fn status_line(key: &str) -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib =
        status.lines().find_map(|l| l.strip_prefix(key)?.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    kib.map_or_else(|| "not told by this system".to_owned(), |kib| format!("{:.0} MB", kib * 1024.0 / 1e6))
}
