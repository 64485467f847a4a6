//! Replay with the real models: every bundled case's verdict is made again from its bundle, and each
//! planted difference is named. Fetches the models if they are missing.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use realname::case::{Case, Sample, read_case};
use realname::evidence::Provenance;
use realname::inference::{self, Access, Check, Manifest, Silent, Store, names};
use realname::policy::{Policy, Verdict};
use realname::replay::{
    Bundle, BundlePhotos, Difference, Part, Recorded, inputs_difference, result_difference,
};
use realname::report::{Timing, verdict_json};
use realname::{Engine, Settings};

static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let store = Store::from_environment().expect("a cache directory");
    let manifest = Manifest::built_in();
    inference::ensure(&store, manifest, names::DEFAULT_SET, Access::Online, Check::Presence, &Silent)
        .expect("the models can be fetched");
    Engine::new(Settings::default()).expect("the models can be opened")
});

fn cases_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cases")
}

/// Every bundled case and the verdict on it.
static VERDICTS: LazyLock<BTreeMap<String, (Case, Verdict)>> = LazyLock::new(|| {
    let folders = fs::read_dir(cases_folder()).expect("the bundled cases");
    let checked = folders.map(|entry| {
        let case = read_case(&entry.expect("an entry").path(), u64::MAX).expect("a case");
        let verdict = ENGINE.check(&case).expect("checked");
        (case.case_id.clone(), (case, verdict))
    });
    checked.collect()
});

fn bundle(id: &str, photos: BundlePhotos) -> Vec<u8> {
    let (case, verdict) = &VERDICTS[id];
    Bundle::of(case, verdict, ENGINE.policy(), photos).expect("memory")
}

/// What `realname replay` does.
fn replayed(recorded: &Recorded, here: &Provenance, policy: &str, case: Case) -> Option<Difference> {
    let case = recorded.as_judged(case);
    let inputs = inputs_difference(recorded, here, policy, Some(&case));
    inputs.or_else(|| result_difference(recorded, &ENGINE.check(&case).expect("checked")))
}

#[test]
fn every_verdict_is_made_again_from_its_bundle() {
    assert!(VERDICTS.len() >= 40, "{}", VERDICTS.len());
    for (id, (case, verdict)) in &*VERDICTS {
        let with_photos = bundle(id, BundlePhotos::Held);
        assert_eq!(bundle(id, BundlePhotos::Held), with_photos, "{id}");
        let recorded = Bundle::read(&with_photos).expect("what was just written");
        assert_eq!(Bundle::decision_difference(&recorded), None, "{id}");
        let held = recorded.case.clone().expect("asked for");
        assert_eq!((&held.claims, held.decided_on), (&case.claims, case.decided_on), "{id}");
        let policy = recorded.policy.as_ref().expect("in a bundle").sha256();
        assert_eq!(replayed(&recorded, ENGINE.provenance(), &policy, held), None, "{id}");

        let without = bundle(id, BundlePhotos::LeftOut);
        let recorded = Bundle::read(&without).expect("what was just written");
        assert!(recorded.case.is_none(), "{id}");
        for secret in [&case.claims.name, &case.claims.id_number].into_iter().flatten() {
            let shows = without.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!shows, "{id}");
        }
        // The photos are random to a compressor: any 64 bytes from the middle of one would show.
        for Sample { bytes, .. } in case.samples.iter().filter(|sample| sample.bytes.len() > 1000) {
            let part = &bytes[bytes.len() / 2..][..64];
            assert!(!without.windows(64).any(|window| window == part), "{id}");
        }

        // The verdict alone, as a batch writes it.
        let line = verdict_json(verdict, Timing::Timed);
        let recorded = Recorded::from_verdict(&line).expect("what was just written");
        assert_eq!(result_difference(&recorded, verdict), None, "{id}");
    }
}

#[test]
fn each_planted_difference_is_the_one_that_is_named() {
    let whole = Bundle::read(&bundle("impostor", BundlePhotos::Held)).expect("what was just written");
    let case = || whole.case.clone().expect("asked for");
    let here = ENGINE.provenance();
    let policy = ENGINE.policy().sha256();
    let model = here.models.keys().nth(3).expect("several models").clone();
    type Plant<'a> = Box<dyn Fn(&mut Recorded, &mut Provenance, &mut String, &mut Case) + 'a>;
    let rows: [(Plant<'_>, Part); 10] = [
        (Box::new(|_, here, _, _| here.version = "9.9.9".to_owned()), Part::Version),
        (Box::new(|_, here, _, _| here.runtime = "onnxruntime 9".to_owned()), Part::Runtime),
        (
            Box::new(|_, here, _, _| {
                here.models.insert(model.clone(), "0".repeat(64));
            }),
            Part::Model(model.clone()),
        ),
        (
            Box::new(|_, here, _, _| {
                here.models.remove(&model);
            }),
            Part::Model(model.clone()),
        ),
        (
            Box::new(|_, _, policy, _| {
                let other = Policy::parse("schema = 'realname.policy/1'\n[comparison]\nfmr = 1e-5\n");
                *policy = other.expect("a policy").sha256();
            }),
            Part::Policy,
        ),
        (Box::new(|_, _, _, case| case.samples[1].bytes.push(0)), Part::Photo("back".to_owned())),
        (
            Box::new(|_, _, _, case| {
                case.samples.pop();
            }),
            Part::Photo("selfie-3".to_owned()),
        ),
        (Box::new(|_, _, _, case| case.decided_on = "2020-02-02".parse().ok()), Part::Case("decided_on")),
        (
            Box::new(|recorded, _, _, _| {
                let distance = recorded.verdict.comparison.distance.as_mut().expect("compared");
                *distance += 1e-4;
            }),
            Part::Result("comparison.distance".to_owned()),
        ),
        (
            Box::new(|recorded, _, _, _| {
                let photo = &mut recorded.assessment.as_mut().expect("in a bundle").photos[0];
                let blur = photo.readings.get_mut(&realname::evidence::Measure::FieldBlur);
                *blur.expect("measured") = realname::evidence::Measured::number(1.0);
            }),
            Part::Result("photos.front.readings.field_blur_px".to_owned()),
        ),
    ];
    for (plant, part) in rows {
        let (mut recorded, mut here, mut policy, mut case) =
            (whole.clone(), here.clone(), policy.clone(), case());
        assert_eq!(replayed(&recorded, &here, &policy, case.clone()), None);
        plant(&mut recorded, &mut here, &mut policy, &mut case);
        let difference = replayed(&recorded, &here, &policy, case).expect("planted");
        assert_eq!(difference.part, part);
        assert_ne!(difference.recorded, difference.here);
    }
}

#[test]
fn a_bundle_put_together_from_two_is_refused() {
    let (one, other) = ("impostor", "genuine");
    let (case, verdict) = &VERDICTS[one];
    let strict = Policy::parse("schema = 'realname.policy/1'\n[comparison]\nfmr = 1e-5\n").expect("a policy");
    let rows = [
        (Bundle::of(&VERDICTS[other].0, verdict, ENGINE.policy(), BundlePhotos::LeftOut), "different cases"),
        (Bundle::of(case, verdict, &strict, BundlePhotos::LeftOut), "its policy is not the one"),
    ];
    for (bundle, says) in rows {
        let refused = Bundle::read(&bundle.expect("memory")).expect_err(says).to_string();
        assert!(refused.contains(says), "{refused}");
    }
}

fn realname(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_realname")).args(args).output().expect("the program starts")
}

#[test]
fn the_command_proves_a_bundle_and_names_the_photo_that_was_exchanged() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = |name: &str| folder.path().join(name).to_str().expect("a plain path").to_owned();
    let genuine = cases_folder().join("genuine").to_str().expect("a plain path").to_owned();
    let checked = realname(&["check", &genuine, "--bundle", &at("out.zip")]);
    // For a person to review where the models for liveness are not installed.
    assert!(matches!(checked.status.code(), Some(0 | 3)), "{checked:?}");

    let told = |output: &Output| String::from_utf8_lossy(&output.stdout).into_owned();
    let without = realname(&["replay", &at("out.zip")]);
    assert_eq!(without.status.code(), Some(2), "no photos, no case: not proven");
    let decided = realname(&["replay", &at("out.zip"), "--decision-only", "--format", "json"]);
    assert_eq!(decided.status.code(), Some(0));
    assert!(told(&decided).contains(r#""same":true,"measured_again":false"#), "{}", told(&decided));
    let measured = realname(&["replay", &at("out.zip"), &genuine]);
    assert_eq!(measured.status.code(), Some(0));
    assert!(told(&measured).starts_with("genuine: the same verdict, measured and decided again"));

    let exchanged = folder.path().join("genuine");
    fs::create_dir(&exchanged).expect("a new folder");
    for entry in fs::read_dir(&genuine).expect("a case") {
        let path = entry.expect("an entry").path();
        fs::copy(&path, exchanged.join(path.file_name().expect("a name"))).expect("space");
    }
    fs::copy(cases_folder().join("impostor/selfie-1.jpg"), exchanged.join("selfie-1.jpg")).expect("space");
    let differs = realname(&["replay", &at("out.zip"), exchanged.to_str().expect("a plain path")]);
    assert_eq!(differs.status.code(), Some(1));
    assert!(told(&differs).contains("DIFFERS: other photo bytes, selfie-1"), "{}", told(&differs));
}
