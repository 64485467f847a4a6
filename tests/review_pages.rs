//! The desk in a real browser, with the real models on bundled cases: everything that a reviewer does,
//! in both languages, without a word on the console or a request to anybody else.

mod browser;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use browser::{Browser, Scheme};
use serde_json::{Value, json};

/// Cases of the bundle that the desk is tried on.
const CASES: [&str; 5] = ["genuine", "impostor", "selfie-turned", "front-glare", "name-mismatch"];

/// Would say so if it ran.
const SCRIPT: &str = "<img src=x onerror=\"document.title='RAN'\"><script>document.title='RAN'</script>";

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cases")
}

fn copy_case(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a new folder");
    for entry in fs::read_dir(from).expect("a case") {
        let path = entry.expect("an entry").path();
        fs::copy(&path, to.join(path.file_name().expect("a name"))).expect("space");
    }
}

/// A case whose id, name and photo try to run script: in the file's name, and where EXIF would be.
fn hostile_case(folder: &Path) {
    copy_case(&fixtures().join("selfie-none"), folder);
    let photo = "x\"><script>document.title='RAN'<.jpg";
    let jpeg = fs::read(folder.join("front.jpg")).expect("a photo");
    let text = format!("Exif\0\0{SCRIPT}");
    let length = u16::try_from(text.len() + 2).expect("short").to_be_bytes();
    let marked = [&jpeg[..2], &[0xFF, 0xE1], &length, text.as_bytes(), &jpeg[2..]].concat();
    fs::write(folder.join(photo), marked).expect("space");
    let document = json!({
        "schema": "realname.case/1", "case_id": format!("hostile-{SCRIPT}"), "front": photo,
        "claims": {"name": SCRIPT, "id_number": SCRIPT}, "decided_on": "2026-11-20",
    });
    fs::write(folder.join("case.json"), document.to_string()).expect("space");
}

/// The program, serving a desk.
struct Desk {
    process: Child,
    url: String,
}

impl Desk {
    fn start(folder: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_realname"))
            .args(["review", folder.to_str().expect("a plain path"), "--reviewer", "li.lei"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut url = String::new();
        let out = process.stdout.take().expect("piped");
        BufReader::new(out).read_line(&mut url).expect("an address");
        Self { process, url: url.trim().to_owned() }
    }

    fn origin(&self) -> &str {
        self.url.split("?").next().expect("an address")
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn audit(folder: &Path) -> Vec<Value> {
    let text = fs::read_to_string(folder.join(".review/audit.jsonl")).expect("a log");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn open_case(browser: &Browser, case_id: &str) {
    browser.click("#to-list, nav.desk a[href='/']");
    browser.wait_until("return document.querySelectorAll('.cases tbody tr').length > 0");
    let link = format!(
        "[...document.querySelectorAll('.cases th a')].find(a => a.textContent === {})",
        Value::from(case_id)
    );
    browser.run(&format!("{link}.click(); return 1"));
    browser.wait_until(
        "return document.readyState === 'complete' && !!document.querySelector('#decide, #h-decide')",
    );
}

#[test]
fn a_reviewer_s_day() {
    let Some(browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    for case in CASES {
        copy_case(&fixtures().join(case), &folder.path().join(case));
    }
    hostile_case(&folder.path().join("hostile"));
    let desk = Desk::start(folder.path());
    browser.scheme(Scheme::Light);
    browser.requests();
    browser.open(&desk.url);
    browser.click("[data-set-language='en']");
    assert_eq!(browser.run("return location.search + document.cookie"), "", "no secret is left in sight");

    // The list: everything measured, then filtered, found and walked by keys.
    assert_eq!(browser.count(".cases tbody tr"), CASES.len() + 1);
    browser.click(".measure button");
    browser.wait_until(
        "return !document.querySelector('#progress, .measure') && document.querySelectorAll('.cases .mark').length > 5",
    );
    browser.screenshot("review-list");
    assert_eq!(browser.accessibility_faults(), Vec::<String>::new());
    browser.type_into("input[name='q']", "impos");
    browser.wait_until("return document.querySelectorAll('.cases tbody tr').length === 1");
    assert_eq!(browser.text("#count"), "1–1 of 1 cases");
    browser.click(".go a");
    let choose = "const s = document.querySelector('select[name=status]'); s.value = 'rejected'; \
                  s.dispatchEvent(new Event('input', {bubbles: true})); return 1";
    browser.run(choose);
    browser.wait_until("return document.querySelectorAll('.cases tbody tr').length < 6");
    assert!(browser.text(".cases").contains("name-mismatch"));
    assert_eq!(browser.run("return location.search"), "?status=rejected", "can be kept and sent on");
    browser.click(".go a");
    browser.press("jj");
    browser.wait_until("return document.querySelectorAll('.cases tr[data-current]').length === 1");

    // A case: photos, overlays, a slider that flips the decision.
    open_case(&browser, "selfie-turned");
    assert_eq!(browser.count(".picture"), 0, "no photo unasked");
    browser.screenshot("review-case");
    browser.click("#look");
    browser.wait_until("return document.querySelectorAll('.picture img').length >= 3");
    let on = "return document.querySelectorAll('[data-layer][data-on]').length";
    let before = browser.run(on);
    browser.click(".picture [data-overlay]");
    assert_ne!(browser.run(on), before, "an overlay was toggled");
    browser.screenshot("review-case-photos");
    assert_eq!(browser.accessibility_faults(), Vec::<String>::new());
    let slide = |key: &str, value: &str| {
        browser.run(&format!(
            "const s = document.querySelector(\"input[data-key='{key}']\"); s.value = {value}; \
             s.dispatchEvent(new Event('input', {{bubbles: true}})); return 1"
        ));
    };
    slide("selfie.yaw_deg", "s.max");
    browser.wait_until("return !!document.querySelector('.preview [data-flipped]')");
    browser.wait_until(
        "return (document.querySelector('.preview [data-after]')?.dataset.after ?? 'fail') !== 'fail'",
    );
    assert!(browser.text(".preview").contains("would flip"), "{}", browser.text(".preview"));
    browser.screenshot("review-slider");

    // Personal data, as it is: asked for, recorded.
    let claims: Value = fs::read(fixtures().join("selfie-turned/case.json"))
        .map(|json| serde_json::from_slice(&json).expect("JSON"))
        .expect("a case");
    let number = claims["claims"]["id_number"].as_str().expect("claimed").to_owned();
    assert!(!browser.run("return document.body.innerHTML").as_str().expect("text").contains(&number));
    browser.click("#unmask");
    browser.wait_until("return !document.querySelector('#unmask') && document.readyState === 'complete'");
    assert!(browser.text(".side").contains(&number), "what was typed is shown");

    // Measured again: the same.
    browser.click("#rerun");
    browser.wait_until("return document.readyState === 'complete' && [...document.querySelectorAll('.audit strong')].some(s => s.textContent.includes('Measured again'))");

    // Approved with a note: the status, and the line.
    browser.type_into("#note", "turned, but plainly the same person");
    browser.click("#decide button[value='approve']");
    browser.wait_until("return !!document.querySelector(\"[data-status='verified']\")");
    assert!(browser.text(".audit").contains("turned, but plainly the same person"));
    let line = audit(folder.path()).pop().expect("a line");
    assert_eq!(json!([line["act"], line["who"]]), json!(["approve", "li.lei"]));

    // Two cases beside each other.
    browser.click("nav.desk a[href='/']");
    browser.run("[...document.querySelectorAll(\"input[name='case']\")].slice(0, 2).forEach(b => b.click()); return 1");
    browser.click("#compare");
    browser.wait_until("return document.querySelectorAll('.compare tbody tr').length > 50");
    browser.screenshot("review-compare");

    // The policy over all of them, saved.
    browser.click("nav.desk a[href='/policy']");
    slide("comparison.fmr", "s.min");
    browser.wait_until("return !!document.querySelector('.preview [data-flipped]')");
    browser.screenshot("review-policy");
    assert_eq!(browser.accessibility_faults(), Vec::<String>::new());
    browser.type_into("#save input[name='name']", "strict");
    browser.click("#save button:not([type])");
    browser.wait_until("return document.body.textContent.includes('strict.toml')");

    // Photos dropped in: a new case.
    browser.click("nav.desk a[href='/new']");
    let photo = |name: &str| fixtures().join("genuine").join(name).display().to_string();
    browser.type_into("#p-front", &photo("front.jpg"));
    browser.type_into("#p-back", &photo("back.jpg"));
    browser.type_into("#p-selfies", &[photo("selfie-1.jpg"), photo("selfie-2.jpg")].join("\n"));
    browser.screenshot("review-new");
    assert_eq!(browser.accessibility_faults(), Vec::<String>::new());
    browser.type_into("input[name='case_id']", "dropped");
    browser.click("#new button.main");
    browser.wait_until(
        "return location.pathname.startsWith('/case/') && !!document.querySelector('#h-decision')",
    );
    assert!(browser.text("h1").contains("dropped"));

    // Chinese, at night.
    browser.click("[data-set-language='zh-CN']");
    browser.scheme(Scheme::Dark);
    assert!(browser.text("#h-decide").contains("审核"));
    browser.screenshot("review-case-zh-dark");
    browser.click("nav.desk a[href='/']");
    assert!(browser.text("nav.desk").contains("案例"));
    browser.screenshot("review-list-zh-dark");
    browser.scheme(Scheme::Light);
    browser.click("[data-set-language='en']");

    // Script in an id, a claim, a file's name and EXIF stays text.
    open_case(&browser, &format!("hostile-{SCRIPT}"));
    browser.click("#unmask");
    browser.wait_until("return !document.querySelector('#unmask') && document.readyState === 'complete'");
    assert!(browser.text(".side").contains("onerror"), "shown as text");
    assert!(!browser.run("return document.title").as_str().expect("text").starts_with("RAN"));

    let acts: Vec<String> =
        audit(folder.path()).iter().map(|line| line["act"].as_str().expect("text").to_owned()).collect();
    for act in ["rerun", "look", "unmask", "approve", "save_policy", "new_case"] {
        assert!(acts.iter().any(|seen| seen == act), "{act}: {acts:?}");
    }
    browser.assert_clean(desk.origin());
}
