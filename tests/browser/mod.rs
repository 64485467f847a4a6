//! A headless Chromium that a test drives step by step, ended with the test.
//!
//! The programs are `chromium` and `chromedriver` (Debian's packages `chromium` and
//! `chromium-driver`), or what `CHROMIUM` and `CHROMEDRIVER` name. Where they are not installed a
//! test says that it was skipped; `.ci/run` installs them and sets `REALNAME_TEST_BROWSER=required`,
//! which turns a skip into a failure. What went wrong in a step is a panic that names the step.

#![allow(dead_code, reason = "each test file uses the steps that it needs")]

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::common::print::PrintParameters;
use thirtyfour::prelude::*;
use thirtyfour::{ChromeCapabilities, LoggingPrefsLogLevel};
use tokio::runtime::Runtime;

/// The longest that a page may take to do what it was told, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A browser with one window.
pub(crate) struct Browser {
    runtime: Runtime,
    driver: Option<WebDriver>,
    server: Child,
    _profile: TempDir,
}

/// How a page is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// As on white paper.
    Light,
    /// As at night.
    Dark,
}

/// The program that an environment variable names, or the usual one.
fn program(variable: &str, usual: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| usual.to_owned())
}

/// Whether a program answers; says that the test was skipped where it does not, and fails where it
/// must not be skipped.
fn is_installed(program: &str) -> bool {
    let answer = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if let Err(error) = &answer {
        let required = std::env::var("REALNAME_TEST_BROWSER").is_ok_and(|value| value == "required");
        assert!(!required, "{program}: {error}");
        eprintln!("SKIPPED: no page was tested, for want of {program}: {error}");
    }
    answer.is_ok()
}

/// The file of axe-core: `AXE_CORE`, or where `.ci/run` puts it. `None` where it is not installed
/// and not required.
fn axe_core() -> Option<String> {
    let usual = "target/axe-core/node_modules/axe-core/axe.min.js";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(program("AXE_CORE", usual));
    let source = fs::read_to_string(&path);
    if let Err(error) = &source {
        let required = std::env::var("REALNAME_TEST_BROWSER").is_ok_and(|value| value == "required");
        assert!(!required, "{}: {error}", path.display());
        eprintln!("SKIPPED: accessibility was not tested, for want of {}: {error}", path.display());
    }
    source.ok()
}

impl Browser {
    /// `None` where there is no browser and none is required.
    pub(crate) fn start() -> Option<Self> {
        let (chromium, chromedriver) =
            (program("CHROMIUM", "chromium"), program("CHROMEDRIVER", "chromedriver"));
        if !(is_installed(&chromium) && is_installed(&chromedriver)) {
            return None;
        }
        let port = {
            let held = TcpListener::bind("127.0.0.1:0").expect("a port");
            held.local_addr().expect("bound").port()
        };
        let server = Command::new(&chromedriver)
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        // The driver's client wants one although it speaks plain HTTP; another test may have been first.
        rustls::crypto::ring::default_provider().install_default().ok();
        let profile = tempfile::tempdir().expect("a temporary folder");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let mut browser = Self { runtime, driver: None, server, _profile: profile };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(began.elapsed() < PATIENCE, "chromedriver does not listen");
            thread::sleep(Duration::from_millis(20));
        }
        let capabilities = capabilities(&chromium, browser._profile.path());
        let session = WebDriver::new(format!("http://127.0.0.1:{port}"), capabilities);
        browser.driver = Some(browser.runtime.block_on(session).expect("a browser starts"));
        browser.size(1280, 900);
        browser.open("about:blank");
        browser.console_faults();
        browser.requests();
        Some(browser)
    }

    fn driver(&self) -> &WebDriver {
        self.driver.as_ref().expect("started")
    }

    fn devtools(&self, method: &str, params: Value) -> Value {
        let answer = self.runtime.block_on(self.driver().cdp().send_raw(method, params));
        answer.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Goes to a page and waits until it is loaded.
    pub(crate) fn open(&self, url: &str) {
        self.runtime.block_on(self.driver().goto(url)).unwrap_or_else(|error| panic!("{url}: {error}"));
    }

    /// Opens a file as from a mail attachment.
    pub(crate) fn open_file(&self, path: &Path) {
        let path = path.canonicalize().expect("a file to open");
        self.open(&format!("file://{}", path.display()));
    }

    /// The window's inner size in CSS pixels.
    pub(crate) fn size(&self, width_px: u32, height_px: u32) {
        let metrics =
            json!({"width": width_px, "height": height_px, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", metrics);
    }

    /// What the page is told that its reader prefers.
    pub(crate) fn scheme(&self, scheme: Scheme) {
        let value = match scheme {
            Scheme::Light => "light",
            Scheme::Dark => "dark",
        };
        let features = json!([{"name": "prefers-color-scheme", "value": value}]);
        self.devtools("Emulation.setEmulatedMedia", json!({"features": features}));
    }

    fn element(&self, css: &str) -> WebElement {
        let began = Instant::now();
        loop {
            match self.runtime.block_on(self.driver().find(By::Css(css))) {
                Ok(element) => return element,
                Err(error) => assert!(began.elapsed() < PATIENCE, "{css}: {error}"),
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// How many elements there are.
    pub(crate) fn count(&self, css: &str) -> usize {
        self.runtime.block_on(self.driver().find_all(By::Css(css))).expect("a selector").len()
    }

    /// Clicks where a person would: the element has to be in sight and uncovered.
    pub(crate) fn click(&self, css: &str) {
        let element = self.element(css);
        self.runtime.block_on(element.scroll_into_view()).unwrap_or_else(|error| panic!("{css}: {error}"));
        self.runtime.block_on(element.click()).unwrap_or_else(|error| panic!("{css}: {error}"));
    }

    /// Types into an element, or hands a file's path to an input for files.
    pub(crate) fn type_into(&self, css: &str, text: &str) {
        let element = self.element(css);
        self.runtime.block_on(element.send_keys(text)).unwrap_or_else(|error| panic!("{css}: {error}"));
    }

    /// Presses keys wherever the focus is.
    pub(crate) fn press(&self, keys: &str) {
        let pressed = async { self.driver().active_element().await?.send_keys(keys).await };
        self.runtime.block_on(pressed).expect("keys are pressed");
    }

    /// The text as it is shown: hidden parts are left out.
    pub(crate) fn text(&self, css: &str) -> String {
        self.runtime.block_on(self.element(css).text()).unwrap_or_else(|error| panic!("{css}: {error}"))
    }

    /// The value of an attribute.
    pub(crate) fn attribute(&self, css: &str, name: &str) -> Option<String> {
        self.runtime.block_on(self.element(css).attr(name)).unwrap_or_else(|error| panic!("{css}: {error}"))
    }

    /// Whether an element is there and in sight.
    pub(crate) fn shows(&self, css: &str) -> bool {
        let shown = async {
            for element in self.driver().find_all(By::Css(css)).await? {
                if element.is_displayed().await? {
                    return Ok::<bool, WebDriverError>(true);
                }
            }
            Ok(false)
        };
        self.runtime.block_on(shown).unwrap_or_else(|error| panic!("{css}: {error}"))
    }

    /// What the body of a JavaScript function returns.
    pub(crate) fn run(&self, script: &str) -> Value {
        let value = self.runtime.block_on(self.driver().execute(script, Vec::new()));
        value.unwrap_or_else(|error| panic!("{script:.200}: {error}")).json().clone()
    }

    /// Waits until the body of a JavaScript function returns `true`.
    pub(crate) fn wait_until(&self, script: &str) {
        let began = Instant::now();
        while self.run(script) != Value::Bool(true) {
            assert!(began.elapsed() < PATIENCE, "waited in vain: {script}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// The whole page as `target/screenshots/NAME.png`.
    pub(crate) fn screenshot(&self, name: &str) {
        let size = &self.devtools("Page.getLayoutMetrics", json!({}))["cssContentSize"];
        let clip = json!({"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1});
        let taken = self.devtools(
            "Page.captureScreenshot",
            json!({"format": "png", "captureBeyondViewport": true, "clip": clip}),
        );
        let png = base64_bytes(taken["data"].as_str().expect("a picture"));
        fs::write(self.artefact(&format!("{name}.png")), png).expect("a screenshot is written");
    }

    /// What the window shows as `target/screenshots/NAME.png`.
    pub(crate) fn window_screenshot(&self, name: &str) {
        let png = self.runtime.block_on(self.driver().screenshot_as_png()).expect("a picture");
        fs::write(self.artefact(&format!("{name}.png")), png).expect("a screenshot is written");
    }

    /// The page as it is printed on A4, as `target/screenshots/NAME.pdf`.
    pub(crate) fn print(&self, name: &str) -> PathBuf {
        let pdf = self.runtime.block_on(self.driver().print_page(PrintParameters::default()));
        let path = self.artefact(&format!("{name}.pdf"));
        fs::write(&path, pdf.expect("a printed page")).expect("a print is written");
        path
    }

    fn artefact(&self, name: &str) -> PathBuf {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screenshots");
        fs::create_dir_all(&folder).expect("a folder for screenshots");
        folder.join(name)
    }

    fn log(&self, kind: &str) -> Vec<thirtyfour::BrowserLogEntry> {
        self.runtime.block_on(self.driver().get_log(kind)).unwrap_or_else(|error| panic!("{kind}: {error}"))
    }

    /// What the console was told since the last call: errors and warnings, refusals by the
    /// Content-Security-Policy among them.
    pub(crate) fn console_faults(&self) -> Vec<String> {
        let faults = self.log("browser").into_iter();
        faults
            .filter(|entry| entry.level == "SEVERE" || entry.level == "WARNING")
            .map(|e| e.message)
            .collect()
    }

    /// Every address that was asked for since the last call, in order; data in the page left out.
    pub(crate) fn requests(&self) -> Vec<String> {
        let events = self.log("performance").into_iter();
        let events = events.filter_map(|entry| serde_json::from_str::<Value>(&entry.message).ok());
        let sent = events.filter(|event| event["message"]["method"] == "Network.requestWillBeSent");
        let urls = sent.filter_map(|e| Some(e["message"]["params"]["request"]["url"].as_str()?.to_owned()));
        // Nor the browser's own pages, of which it shows one as it starts.
        urls.filter(|url| !["data:", "blob:", "about:", "chrome:"].iter().any(|own| url.starts_with(own)))
            .collect()
    }

    /// No console error or warning, and no request but to addresses that begin with `own`
    /// (`file://` for a report, `http://127.0.0.1:PORT/` for an app) since the last call.
    pub(crate) fn assert_clean(&self, own: &str) {
        let strangers: Vec<String> =
            self.requests().into_iter().filter(|url| !url.starts_with(own)).collect();
        assert!(strangers.is_empty(), "asked for {strangers:?}");
        let faults = self.console_faults();
        assert!(faults.is_empty(), "console: {faults:#?}");
    }

    /// What axe-core calls serious or critical in the page as it is shown, a line for each; none
    /// where axe-core is neither installed nor required.
    pub(crate) fn accessibility_faults(&self) -> Vec<String> {
        let Some(axe) = axe_core() else { return Vec::new() };
        self.run(&axe);
        let script = "const done = arguments[arguments.length - 1];\
            axe.run().then(found => done(found.violations.flatMap(v => v.nodes.map(n => \
                [v.impact, `${v.impact} ${v.id} ${n.target.join(' ')}: ${n.failureSummary}`]))));";
        let run = self.runtime.block_on(self.driver().execute_async(script, Vec::new()));
        let found = run.expect("axe-core runs").json().clone();
        let found = found.as_array().expect("a list").iter();
        let grave = found.filter(|fault| fault[0] == "serious" || fault[0] == "critical");
        grave.map(|fault| fault[1].as_str().unwrap_or_default().to_owned()).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(driver) = self.driver.take() {
            self.runtime.block_on(driver.quit()).ok();
        }
        self.server.kill().ok();
        self.server.wait().ok();
    }
}

fn capabilities(chromium: &str, profile: &Path) -> ChromeCapabilities {
    let mut chrome = DesiredCapabilities::chrome();
    let binary = Command::new("which").arg(chromium).output().ok();
    let binary = binary.and_then(|out| String::from_utf8(out.stdout).ok()).unwrap_or_default();
    chrome.set_binary(if binary.trim().is_empty() { chromium } else { binary.trim() }).expect("plain data");
    let profile = format!("--user-data-dir={}", profile.display());
    for arg in [
        "--headless=new",
        // Pages of our own alone; a container's root may not have the sandbox.
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--no-first-run",
        "--hide-scrollbars",
        &profile,
    ] {
        chrome.add_arg(arg).expect("plain data");
    }
    for log in ["browser", "performance"] {
        chrome.set_logging_prefs(log, LoggingPrefsLogLevel::All).expect("plain data");
    }
    chrome
}

fn base64_bytes(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).expect("what DevTools encoded")
}
