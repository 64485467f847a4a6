//! Reports in a real browser: nothing is asked of any host, nothing is said on the console, and
//! language and colours can be switched.

mod browser;

use browser::{Browser, Scheme};
use maud::html;
use realname::policy::Language;
use realname::report::html::{Assets, Page, words};

#[test]
fn the_shell_switches_language_and_colours_and_asks_nobody() {
    let Some(browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let main = html! { section { h2 { (words("一节", "A section")) } p { (words("中文", "English")) } } };
    let (title, aside) = (words("报告", "Report"), html! {});
    let page = Page { title, language: Language::Chinese, aside, main, assets: Assets::Inlined };
    let path = folder.path().join("page.html");
    std::fs::write(&path, page.html()).expect("a page is written");
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
