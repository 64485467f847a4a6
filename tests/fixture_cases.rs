//! The bundled cases with the real models: what each is for, and that the answer depends on the
//! case alone. Fetches the models if they are missing.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use realname::case::{Case, Claims, read_case};
use realname::evidence::{Assessment, Measure, Measured, Reason, StoredAssessment};
use realname::inference::{self, Access, Check, Manifest, Silent, Store, names};
use realname::policy::{Decision, Policy, Verdict};
use realname::report::{Timing, verdict_json, verdict_schema};
use realname::worker::{Brief, Expected};
use realname::{Engine, Settings};

/// The cases that must be there: one that goes missing is noticed.
const NAMED: [&str; 40] = [
    "genuine",
    "genuine-2",
    "genuine-rotated-exif",
    "impostor",
    "front-blurred",
    "front-dark",
    "front-truncated",
    "front-not-an-image",
    "selfie-none",
    "selfie-two-faces",
    "selfie-dark",
    "selfie-blurred",
    "selfie-small-face",
    "selfie-turned",
    "back-missing",
    "front-cut-off",
    "front-glare",
    "front-covered",
    "front-upside-down",
    "front-photocopy",
    "front-screen",
    "sides-swapped",
    "two-fronts",
    "not-a-card",
    "two-cards",
    "expired",
    "not-yet-expired-long-term",
    "number-mismatch",
    "name-mismatch",
    "checksum-wrong",
    "under-age",
    "selfie-eyes-closed",
    "selfie-mask",
    "selfie-sunglasses",
    "selfie-side-light",
    "selfie-cropped",
    "frames-two-people",
    "frames-duplicated",
    "challenge-blink-passed",
    "challenge-turn-missed",
];

fn engine(threads: usize) -> Engine {
    let store = Store::from_environment().expect("a cache directory");
    let manifest = Manifest::built_in();
    inference::ensure(&store, manifest, names::DEFAULT_SET, Access::Online, Check::Presence, &Silent)
        .expect("the models can be fetched");
    let threads = NonZeroUsize::new(threads).expect("more than none");
    Engine::new(Settings { threads, ..Settings::default() }).expect("the models can be opened")
}

/// Whether these optional models are on this machine.
fn installed(names: &[&str]) -> bool {
    let store = Store::from_environment().expect("a cache directory");
    let artifacts = names.iter().map(|name| Manifest::built_in().artifact(name).expect("in the manifest"));
    artifacts.into_iter().all(|artifact| store.is_present(artifact))
}

fn folders() -> Vec<PathBuf> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cases");
    let mut folders: Vec<PathBuf> =
        fs::read_dir(cases).expect("the bundled cases").map(|e| e.expect("an entry").path()).collect();
    folders.sort();
    folders
}

fn case(folder: &Path) -> Case {
    read_case(folder, u64::MAX).unwrap_or_else(|error| panic!("{error}"))
}

/// The verdict of every bundled case, by one thread, case after case.
static VERDICTS: LazyLock<BTreeMap<String, Verdict>> = LazyLock::new(|| {
    let engine = engine(1);
    let verdict = |folder: PathBuf| {
        let case = case(&folder);
        let name = folder.file_name().expect("a folder has a name").to_string_lossy().into_owned();
        (name, engine.check(&case).unwrap_or_else(|error| panic!("{}: {error}", case.case_id)))
    };
    folders().into_iter().map(verdict).collect()
});

fn untimed(verdict: &Verdict) -> String {
    verdict_json(verdict, Timing::Untimed)
}

#[test]
fn every_case_is_decided_as_expected() {
    for name in NAMED {
        assert!(VERDICTS.contains_key(name), "{name} is missing");
    }
    for folder in folders() {
        let name = folder.file_name().expect("a folder has a name").to_string_lossy().into_owned();
        let expected = Expected::of(&folder).expect("readable").expect("every bundled case has one");
        assert_eq!(expected.unknown_codes(), Vec::<&str>::new(), "{name}");
        let differences = expected.differences(&Brief::from(&VERDICTS[&name]));
        assert_eq!(differences, Vec::<String>::new(), "{name}");
    }
}

#[test]
fn verdicts_depend_on_the_case_alone() {
    let engine = engine(4);
    let mut shuffled = folders();
    shuffled.reverse();
    shuffled.swap(0, 7);
    // Four callers at once, each through all cases from another start.
    std::thread::scope(|scope| {
        for start in [0, 4, 9, 13] {
            let (engine, shuffled) = (&engine, &shuffled);
            scope.spawn(move || {
                for folder in shuffled.iter().cycle().skip(start).take(shuffled.len()) {
                    let case = case(folder);
                    let again = engine.check(&case).unwrap_or_else(|error| panic!("{error}"));
                    assert_eq!(untimed(&again), untimed(&VERDICTS[&case.case_id]));
                }
            });
        }
    });
}

#[test]
fn a_stored_assessment_is_decided_again_without_a_model() {
    let policy = Policy::shipped();
    for verdict in VERDICTS.values() {
        let json = serde_json::to_string(&StoredAssessment::from(&verdict.assessment)).expect("plain data");
        let stored: StoredAssessment = serde_json::from_str(&json).expect("what was just written");
        let assessment = Assessment::try_from(stored).expect("what was just written");
        assert_eq!(policy.decide(&assessment), verdict.judgement);
    }
}

#[test]
fn another_policy_decides_the_same_assessment_otherwise() {
    let genuine = &VERDICTS["genuine"].assessment;
    // No frame is large enough any more.
    let stricter = "schema = \"realname.policy/1\"\n[selfie]\nshort_side_px = { fail_below = 50000 }\n";
    let stricter = Policy::parse(stricter).expect("a policy");
    assert_ne!(stricter.sha256(), Policy::shipped().sha256());
    let judgement = stricter.decide(genuine);
    let too_small = judgement.findings.iter().filter(|f| f.code.id() == "face.resolution");
    assert_eq!((too_small.count(), judgement.decision), (3, Decision::Fail));
}

#[test]
fn verdicts_have_the_published_form_and_no_personal_data() {
    let schema = jsonschema::validator_for(&verdict_schema()).expect("a schema");
    for (folder, verdict) in folders().iter().zip(VERDICTS.values()) {
        for timing in [Timing::Timed, Timing::Untimed] {
            let json = verdict_json(verdict, timing);
            let document = serde_json::from_str(&json).expect("JSON");
            assert!(schema.is_valid(&document), "{:?}", schema.iter_errors(&document).next());
            let claims = case(folder).claims;
            for secret in [claims.name, claims.id_number].into_iter().flatten() {
                assert!(!json.contains(&secret), "{}", verdict.assessment.case_id);
            }
        }
    }
}

#[test]
fn provenance_names_every_model_and_the_policy() {
    let verdict = &VERDICTS["genuine"];
    let provenance = &verdict.assessment.provenance;
    assert_eq!(provenance.models.keys().map(String::as_str).collect::<Vec<_>>(), {
        let mut names = [&realname::face::MODELS[..], &realname::card::MODELS[..]].concat();
        if installed(&realname::face::LIVENESS_MODELS) {
            names.extend(realname::face::LIVENESS_MODELS);
        }
        names.sort_unstable();
        names
    });
    assert!(provenance.models.values().all(|sha256| sha256.len() == 64));
    assert_eq!(verdict.policy_sha256, Policy::shipped().sha256());
    assert!(provenance.runtime.starts_with("onnxruntime 1."), "{}", provenance.runtime);
}

#[test]
fn a_case_without_a_day_is_judged_on_the_engine_s() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cases/genuine");
    let case = Case { decided_on: None, ..case(&folder) };
    let verdict = engine(1).check(&case).expect("checked");
    let readings = verdict.assessment.photos.iter().flat_map(|photo| &photo.readings);
    let dated = readings.filter(|(measure, _)| matches!(measure, Measure::Age | Measure::UntilValidTo));
    let values: Vec<bool> = dated.map(|(_, reading)| reading.value().is_some()).collect();
    assert_eq!(values, [true, true]);
}

#[test]
fn a_name_that_nobody_claims_need_not_be_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cases/genuine");
    let case = Case { claims: Claims::default(), ..case(&folder) };
    let verdict = engine(1).check(&case).expect("checked");
    assert_ne!(verdict.judgement.decision, Decision::Fail);
    let front = &verdict.assessment.photos[0].readings[&Measure::NameConfidence];
    assert_eq!(*front, Measured::FailureToAssess(Reason::NotClaimed));
}
