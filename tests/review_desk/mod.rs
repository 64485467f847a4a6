//! A desk on fakes: cases with random-looking names, assessments in which every measure is given,
//! and checks that run no model.

#![allow(dead_code, reason = "each test file uses the parts that it needs")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use realname::Policy;
use realname::case::{Case, Method, SampleKind, SampleRole};
use realname::engine::Inspection;
use realname::evidence::{
    Assessment, Comparison, Embedding, Intake, Measure, Measured, PhotoAssessment, Probe, Provenance, Timings,
};
use realname::inference::Manifest;
use realname::policy::{Accepts, CHECKS, Verdict};
use realname::review::{Checks, Desk, DeskSettings, Source, serve};
use realname::score::CosineDistance;

/// The day of every fake case.
pub(crate) const DAY: &str = "2026-11-20";

/// An assessment whose every measure lies well on the good side of its shipped gate, but for the
/// turn of the head and the distance between the faces.
pub(crate) fn assessment(case_id: &str, yaw_deg: f64, distance: f64) -> Assessment {
    let roles = [SampleRole::Front, SampleRole::Back, SampleRole::Selfie(1)];
    let photos = roles.map(|role| PhotoAssessment {
        role,
        intake: Intake::Decoded { format: "jpeg".to_owned(), width_px: 1600, height_px: 1200, scale: 1.0 },
        readings: Measure::of(role.kind())
            .map(|m| (m, Measured::number(good(role.kind(), m, yaw_deg))))
            .collect(),
    });
    let model = realname::inference::names::FACE_EMBEDDING;
    let calibration =
        Manifest::built_in().model(model).expect("in the manifest").calibration.as_deref().cloned();
    let distance = Measured::Value(CosineDistance::new(distance).expect("in range"));
    Assessment {
        case_id: case_id.to_owned(),
        method: Method::IdCard,
        decided_on: DAY.parse().ok(),
        photos: photos.to_vec(),
        comparison: Comparison {
            probes: vec![Probe { role: SampleRole::Selfie(1), distance }],
            cosines: vec![vec![1.0]],
        },
        frame_pairs: Vec::new(),
        challenge: Vec::new(),
        provenance: Provenance {
            version: "0".to_owned(),
            runtime: "fake".to_owned(),
            embedding: Some(Embedding { model: model.to_owned(), calibration }),
            ..Provenance::default()
        },
    }
}

fn good(kind: SampleKind, measure: Measure, yaw_deg: f64) -> f64 {
    if measure == Measure::Yaw {
        return yaw_deg;
    }
    let check = CHECKS.iter().find(|check| check.kind == kind && check.measure == measure);
    match (measure, check.map(|check| check.accepts)) {
        (Measure::Liveness, _) => 0.97,
        (Measure::NumberValid, _) => 1.0,
        // At least what any shipped gate asks for; shares and scores stay within 1.
        (Measure::ShortSide, _) => 1200.0,
        (Measure::InterEyeDistance | Measure::CardBackground, _) => 150.0,
        (Measure::Age, _) => 40.0,
        (Measure::SinceValidFrom | Measure::UntilValidTo, _) => 2000.0,
        (Measure::CardResolution | Measure::CardChroma, _) => 14.0,
        (_, Some(Accepts::AtLeast)) => 0.95,
        (_, Some(Accepts::AtMost | Accepts::Within) | None) => 0.0,
    }
}

fn judged(assessment: Assessment) -> Verdict {
    let policy = Policy::shipped();
    Verdict {
        judgement: policy.decide(&assessment),
        assessment,
        policy_sha256: policy.sha256(),
        timings: Timings::default(),
    }
}

/// Measures a case by its name: `yaw-22` has a head turned by 22 degrees, `far-0.9` a distance of 0.9,
/// `broken` cannot be checked.
pub(crate) fn check(case: &Case) -> Result<Verdict, String> {
    let number = |prefix: &str| {
        let (_, rest) = case.case_id.split_once(prefix)?;
        rest.split('_').next()?.parse::<f64>().ok()
    };
    if case.case_id.contains("broken") {
        return Err("the fake is broken".to_owned());
    }
    Ok(judged(assessment(&case.case_id, number("yaw-").unwrap_or(3.0), number("far-").unwrap_or(0.2))))
}

pub(crate) fn checks() -> Checks {
    Checks {
        check: Box::new(check),
        look: Box::new(|sample| {
            let assessment = PhotoAssessment {
                role: sample.role,
                intake: Intake::Decoded { format: "jpeg".to_owned(), width_px: 8, height_px: 8, scale: 1.0 },
                readings: Default::default(),
            };
            Ok(Inspection { assessment, seen: None, timings: Timings::default() })
        }),
    }
}

/// A case as a folder, with one photo whose bytes are no picture.
pub(crate) fn make_case(folder: &Path, case_id: &str, name: &str, id_number: &str) {
    let case = folder.join(case_id.replace(|c: char| !c.is_ascii_alphanumeric() && !"-._".contains(c), "_"));
    fs::create_dir(&case).expect("a new folder");
    let document = serde_json::json!({
        "schema": "realname.case/1", "case_id": case_id, "front": "front.jpg", "decided_on": DAY,
        "claims": {"name": name, "id_number": id_number},
    });
    fs::write(case.join("case.json"), document.to_string()).expect("space");
    fs::write(case.join("front.jpg"), "no picture").expect("space");
}

pub(crate) fn settings(folder: &Path, checks: Checks) -> DeskSettings {
    DeskSettings {
        source: Source::Folder(folder.to_owned()),
        state: folder.join(".review"),
        verdicts: Vec::new(),
        assessments: Vec::new(),
        policy: Policy::shipped(),
        reviewer: "li.lei".to_owned(),
        photo_bytes_max: 32 << 20,
        checks,
    }
}

/// A desk that is served while this lives.
pub(crate) struct Running {
    pub(crate) url: String,
    pub(crate) origin: String,
    pub(crate) state: PathBuf,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    pub(crate) fn start(settings: DeskSettings) -> Self {
        let state = settings.state.clone();
        let desk = Arc::new(Desk::open(settings).expect("a desk"));
        let stop = Arc::new(AtomicBool::new(false));
        let (send, receive) = mpsc::channel();
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            serve(desk, 0, &stopped, |served| send.send(served.clone()).expect("somebody waits"))
                .expect("served");
        });
        let served = receive.recv().expect("it is served");
        let origin = format!("http://{}", served.address);
        Self { url: served.url, origin, state, stop, thread: Some(thread) }
    }

    /// The audit log's lines.
    pub(crate) fn audit(&self) -> Vec<serde_json::Value> {
        let text = fs::read_to_string(self.state.join("audit.jsonl")).expect("a log");
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}
