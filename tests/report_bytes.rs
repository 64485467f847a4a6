//! What of a person is in the bytes of a report: told from the file, not from what a browser shows.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use realname::card::fields::FieldsWanted;
use realname::case::{Case, Sample, SampleRole, read_case};
use realname::evidence::{Measure, Measured};
use realname::policy::Language;
use realname::report::html::{Privacy, case_report};
use realname::worker::case_view;
use realname::{Engine, Settings};

/// What the bundled case says on the card and in its claims.
const SECRETS: [&str; 6] = [
    "张样本",
    "999999198002290019",
    "1980-02-29",
    "样本省样本市样本区样本路1号",
    "样本市公安局样本分局",
    "2040-03-01",
];

fn bundled(name: &str, engine: &Engine) -> Case {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cases").join(name);
    read_case(&path, engine.limits().bytes_max).expect("a bundled case")
}

fn report(engine: &Engine, case: &Case, privacy: Privacy) -> String {
    let verdict = engine.check(case).expect("the machine works");
    let inspect = |sample: &_| engine.inspect(sample, FieldsWanted::All);
    let view = case_view(case, &verdict, engine.policy(), privacy, inspect).expect("the machine works");
    case_report(&view, Language::English)
}

/// Every picture that stands in a page, in its order.
fn pictures(html: &str) -> Vec<Vec<u8>> {
    let encoded = html.split("data:image/jpeg;base64,").skip(1);
    let files = encoded.map(|rest| STANDARD.decode(rest.split('"').next().unwrap_or_default()));
    files.collect::<Result<_, _>>().expect("base64")
}

#[test]
fn a_report_holds_of_a_person_what_was_asked_for_and_no_more() {
    let engine = Engine::new(Settings::default()).expect("installed models");
    let case = bundled("genuine", &engine);
    let held = |html: &str| SECRETS.iter().filter(|secret| html.contains(*secret)).count();

    let unmasked = report(&engine, &case, Privacy::Unmasked);
    assert!(held(&unmasked) >= 4, "the secrets are those of this case");

    let masked = report(&engine, &case, Privacy::Masked);
    assert_eq!(held(&masked), 0);
    assert!(masked.contains("张**") && masked.contains("999999**********19"));
    for (role, at) in [(SampleRole::Front, 0), (SampleRole::Back, 1)] {
        let fields = |html: &str| {
            let sample = Sample { role, bytes: pictures(html).swap_remove(at) };
            let inspection = engine.inspect(&sample, FieldsWanted::All).expect("the machine works");
            let measure = if at == 0 { Measure::NumberConfidence } else { Measure::ValidityConfidence };
            let confidence = inspection.assessment.readings.get(&measure).copied();
            confidence.and_then(Measured::value).map_or(0.0, |value| value.get())
        };
        assert!(fields(&unmasked) > 0.9, "{role}: our own reader reads what is shown");
        assert!(fields(&masked) < 0.1, "{role}: and not what was painted over");
    }

    let redacted = report(&engine, &case, Privacy::Redacted);
    assert_eq!((held(&redacted), pictures(&redacted).len()), (0, 0));
    assert!(!redacted.contains("张**") && !redacted.contains("999999"));
    let age = redacted.split("title=\"age_years\"").nth(1).expect("the measure is named");
    assert!(age.split("</tr>").next().is_some_and(|row| row.contains("left out") && !row.contains(">46")));
}

#[test]
fn pictures_in_a_report_hold_no_metadata() {
    let engine = Engine::new(Settings::default()).expect("installed models");
    let mut case = bundled("genuine-rotated-exif", &engine);
    let holds_exif = |bytes: &[u8]| bytes.windows(6).any(|w| w == b"Exif\0\0");
    assert!(case.samples.iter().any(|sample| holds_exif(&sample.bytes)), "there is some to begin with");
    for sample in &mut case.samples {
        if sample.bytes.starts_with(&[0xff, 0xd8]) {
            let comment = [&[0xff, 0xfe, 0, 14][..], b"where I live"].concat();
            sample.bytes.splice(2..2, comment);
        }
    }
    let html = report(&engine, &case, Privacy::Unmasked);
    let pictures = pictures(&html);
    assert!(pictures.len() >= case.samples.len());
    for picture in pictures {
        assert!(!holds_exif(&picture));
        assert!(!picture.windows(12).any(|w| w == b"where I live"));
    }
}

#[test]
fn a_photo_of_which_nobody_knows_where_its_print_is_becomes_a_mosaic() {
    let engine = Engine::new(Settings::default()).expect("installed models");
    for name in ["two-cards", "not-a-card"] {
        let case = bundled(name, &engine);
        let html = report(&engine, &case, Privacy::Masked);
        assert!(html.contains("the photo is a mosaic"), "{name}");
        let front = Sample { role: SampleRole::Front, bytes: pictures(&html).swap_remove(0) };
        let seen = engine.inspect(&front, FieldsWanted::All).expect("the machine works").seen;
        let read = seen.and_then(|seen| seen.card).map(|card| card.fields.read().len()).unwrap_or_default();
        assert_eq!(read, 0, "{name}");
    }
}
