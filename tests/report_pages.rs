//! Reports in a real browser: nothing is asked of any host, nothing is said on the console, nothing
//! that others wrote is run, and axe-core finds no serious fault in either language or scheme.

mod browser;
mod plain_verdict;

use std::path::{Path, PathBuf};

use browser::{Browser, Scheme};
use maud::html;
use plain_verdict::plain_verdict;
use realname::assess::Seen;
use realname::case::{Claims, SampleRole, read_case};
use realname::evidence::{Intake, PhotoAssessment, Readings};
use realname::imaging::{DecodeOptions, Rgb, decode, encode_jpeg};
use realname::policy::{Decision, Language, VerificationStatus};
use realname::report::html::{
    Assets, BatchSummary, CaseView, Page, Privacy, batch_report, case_report, words,
};
use realname::report::{Timing, VerdictDocument};
use realname::{Engine, Settings};

fn written(folder: &Path, name: &str, html: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, html).expect("a page is written");
    path
}

#[test]
fn the_shell_switches_language_and_colours_and_asks_nobody() {
    let Some(browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let main = html! { section { h2 { (words("一节", "A section")) } p { (words("中文", "English")) } } };
    let (title, aside) = (words("报告", "Report"), html! {});
    let page = Page { title, language: Language::Chinese, aside, main, assets: Assets::Inlined };
    let path = written(folder.path(), "page.html", &page.html());
    browser.scheme(Scheme::Light);
    browser.open_file(&path);
    browser.click("[data-set-language='zh-CN']");
    assert_eq!(
        (browser.text("main p"), browser.run("return document.title")),
        ("中文".into(), "报告".into())
    );
    browser.click("[data-set-language='en']");
    assert_eq!(browser.text("main p"), "English");
    assert_eq!(browser.run("return document.documentElement.lang"), "en");
    let ground = "return getComputedStyle(document.body).backgroundColor";
    let light = browser.run(ground);
    browser.scheme(Scheme::Dark);
    let dark = browser.run(ground);
    browser.click("[data-set-theme]");
    assert_eq!((light != dark, browser.run(ground)), (true, light));
    browser.run("fetch('https://example.org/').catch(() => 0); return 1");
    assert!(browser.console_faults().iter().any(|fault| fault.contains("example.org")), "the log is kept");
    browser.open_file(&path);
    browser.requests();
    browser.open_file(&path);
    assert_eq!(browser.accessibility_faults(), Vec::<String>::new());
    browser.assert_clean("file://");
}

/// In both languages and both schemes: no grave fault for people who read by keyboard or ear, and a
/// screenshot for those who see.
fn looked_at(browser: &Browser, path: &Path, name: &str) {
    for (scheme, dark) in [(Scheme::Light, "light"), (Scheme::Dark, "dark")] {
        browser.scheme(scheme);
        for language in ["zh-CN", "en"] {
            browser.open_file(path);
            browser.click(&format!("[data-set-language='{language}']"));
            assert_eq!(browser.accessibility_faults(), Vec::<String>::new(), "{name} {dark} {language}");
            browser.screenshot(&format!("{name}-{dark}-{language}"));
        }
    }
    browser.assert_clean("file://");
}

#[test]
fn a_case_report_is_read_switched_and_uncovered() {
    let Some(browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cases/front-glare");
    let engine = Engine::new(Settings::default()).expect("installed models");
    let case = read_case(&root, engine.limits().bytes_max).expect("a bundled case");
    let verdict = engine.check(&case).expect("the machine works");
    let view = |privacy| {
        realname::worker::case_view(&case, &verdict, engine.policy(), privacy, |sample| {
            engine.inspect(sample, realname::card::fields::FieldsWanted::All)
        })
        .expect("the machine works")
    };
    let page = case_report(&view(Privacy::Unmasked), Language::Chinese);
    let path = written(folder.path(), "case.html", &page);
    looked_at(&browser, &path, "case-report");

    browser.scheme(Scheme::Light);
    browser.open_file(&path);
    browser.click("[data-set-language='en']");
    assert_eq!(browser.text("#h-decision"), "Fail");
    let cover = ".photos .picture .cover";
    assert!(browser.shows(cover), "covered at first");
    assert!(!browser.shows(".secret .full") && browser.text(".fields .secret").starts_with("张**"));
    browser.click(".photos .picture [data-uncover]");
    let drawn = format!("return getComputedStyle(document.querySelector('{cover}')).display");
    assert_eq!(browser.run(&drawn), "none", "uncovered");
    let layer = ".photos .picture [data-layer='glare']";
    assert!(!browser.shows(layer));
    browser.click(".photos .picture [data-overlay='glare']");
    assert!(browser.shows(layer), "the overlay is drawn");
    assert_eq!(browser.attribute("[data-overlay='glare']", "aria-pressed").as_deref(), Some("true"));
    browser.click("[data-uncover-all]");
    assert!(browser.shows(".secret .full"));
    browser.screenshot("case-report-uncovered");
    browser.print("case-report");
    browser.size(390, 800);
    let overflows = "return document.documentElement.scrollWidth > innerWidth";
    assert_eq!(browser.run(overflows), false, "fits a phone");
    browser.screenshot("case-report-phone");
    browser.assert_clean("file://");

    let masked =
        written(folder.path(), "masked.html", &case_report(&view(Privacy::Masked), Language::English));
    browser.size(1280, 900);
    browser.open_file(&masked);
    browser.screenshot("case-report-masked");
    browser.assert_clean("file://");
}

#[test]
fn a_batch_page_shows_decisions_and_every_measure() {
    let Some(browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let engine = Engine::new(Settings::default()).expect("installed models");
    let mut batch = BatchSummary::default();
    for (i, name) in ["genuine-2", "front-glare", "selfie-dark", "expired", "impostor"].iter().enumerate() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cases").join(name);
        let case = read_case(&path, engine.limits().bytes_max).expect("a bundled case");
        let verdict = engine.check(&case).expect("the machine works");
        batch.add(&VerdictDocument::new(&verdict, Timing::Timed), Some(1_700_000_000_000 + 700 * i as u64));
        batch.add_measures(&verdict.assessment, engine.policy());
    }
    let path =
        written(folder.path(), "batch.html", &batch_report(&batch, "verdicts.jsonl", Language::English));
    looked_at(&browser, &path, "batch-report");
    assert!(browser.text("#h-decisions").len() > 3 && browser.text(".codes").contains("card.glare"));
    browser.size(390, 800);
    assert_eq!(
        browser.run("return document.documentElement.scrollWidth > innerWidth"),
        false,
        "fits a phone"
    );
    browser.print("batch-report");
}

/// Whatever others can write into a page, as something that would show if it ran.
const SCRIPT: &str =
    "\"'><script>document.title='ran'</script><img src=x onerror=\"document.title='ran'\">${1}";

#[test]
fn script_in_a_claim_a_name_or_a_detail_does_not_run() {
    let Some(browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut verdict = plain_verdict(SCRIPT, Decision::Pass, VerificationStatus::Verified, Vec::new());
    verdict.assessment.photos.push(PhotoAssessment {
        role: SampleRole::Selfie(9),
        intake: Intake::Refused {
            fault: realname::evidence::IntakeFault::Corrupt,
            detail: SCRIPT.to_owned(),
        },
        readings: Readings::new(),
    });
    verdict.judgement = realname::Policy::shipped().decide(&verdict.assessment);
    verdict.assessment.provenance.runtime = SCRIPT.to_owned();
    verdict.assessment.provenance.models.insert(SCRIPT.to_owned(), SCRIPT.to_owned());
    let policy = realname::Policy::shipped();
    let mut view = CaseView::of_verdict(&verdict, &policy, Privacy::Unmasked);
    // A photo whose EXIF and comment hold script: nothing of its file but pixels enters.
    let mut jpeg = encode_jpeg(&Rgb::filled(640, 480, [120; 3]), 90);
    let comment = [&[0xff, 0xfe][..], &(SCRIPT.len() as u16 + 2).to_be_bytes(), SCRIPT.as_bytes()].concat();
    jpeg.splice(2..2, comment);
    let photo =
        decode(&jpeg, &DecodeOptions { long_side_min_px: 640, ..Default::default() }).expect("a JPEG");
    let seen = Seen { photo, faces: Vec::new(), face: None, card: None };
    let claims = Claims { name: Some(SCRIPT.to_owned()), id_number: Some(SCRIPT.to_owned()) };
    view.see(&verdict.assessment.photos[0], &seen, &claims);
    let mut batch = BatchSummary::default();
    batch.add(&view.verdict, None);
    let pages = [
        written(folder.path(), "case.html", &case_report(&view, Language::English)),
        written(folder.path(), "batch.html", &batch_report(&batch, SCRIPT, Language::English)),
    ];
    for page in pages {
        browser.open_file(&page);
        assert_eq!(browser.count("main img[src='x'], header img"), 0);
        assert_ne!(browser.run("return document.title"), "ran");
        assert!(browser.text("h1").contains("document.title"), "it is shown as text");
        browser.assert_clean("file://");
    }
}
