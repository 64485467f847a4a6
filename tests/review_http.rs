//! The desk behind HTTP, on fakes: who is let in, what is masked, what is recorded, and that ten
//! thousand cases are no burden.

mod review_desk;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use review_desk::{Running, assessment, checks, make_case, settings};
use serde_json::{Value, json};

/// A name and a number that stand nowhere but in the claims.
const NAME: &str = "欧阳样本";
const NUMBER: &str = "999999199001011234";

struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

/// A request as a browser on this machine sends it, unless `headers` say otherwise.
fn asked(desk: &Running, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let host = desk.origin.strip_prefix("http://").expect("an origin");
    let mut stream = TcpStream::connect(host).expect("a desk");
    let mut head =
        format!("{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    if !headers.iter().any(|(name, _)| *name == "Host") {
        write!(head, "Host: {host}\r\n").expect("writing to a String");
    }
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").expect("writing to a String");
    }
    stream.write_all(format!("{head}\r\n").as_bytes()).expect("sent");
    stream.write_all(body).expect("sent");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("an answer");
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a status");
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    Answer { status, headers, body: body.to_owned() }
}

/// A browser that was let in.
struct Visitor<'a> {
    desk: &'a Running,
    cookie: String,
    form: String,
}

impl<'a> Visitor<'a> {
    fn new(desk: &'a Running) -> Self {
        let path = desk.url.strip_prefix(&desk.origin).expect("its own address");
        let welcome = asked(desk, "GET", path, &[], b"");
        assert_eq!((welcome.status, welcome.headers["location"].as_str()), (303, "/"));
        let cookie = welcome.headers["set-cookie"].clone();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
        let cookie = cookie.split(';').next().expect("a pair").to_owned();
        let mut visitor = Self { desk, cookie, form: String::new() };
        let (_, rest) = visitor
            .get("/")
            .body
            .split_once("data-form=\"")
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .expect("a form's secret");
        visitor.form = rest.split('"').next().expect("a value").to_owned();
        visitor
    }

    fn get(&self, path: &str) -> Answer {
        asked(self.desk, "GET", path, &[("Cookie", &self.cookie)], b"")
    }

    fn post(&self, path: &str, body: &str) -> Answer {
        let kind =
            if body.starts_with('{') { "application/json" } else { "application/x-www-form-urlencoded" };
        let headers = [
            ("Cookie", self.cookie.as_str()),
            ("Origin", &self.desk.origin),
            ("Sec-Fetch-Site", "same-origin"),
            ("Content-Type", kind),
        ];
        let and = if path.contains('?') { '&' } else { '?' };
        asked(self.desk, "POST", &format!("{path}{and}form={}", self.form), &headers, body.as_bytes())
    }
}

fn desk(cases: &[&str]) -> (tempfile::TempDir, Running) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    cases.iter().for_each(|case_id| make_case(folder.path(), case_id, NAME, NUMBER));
    let desk = Running::start(settings(folder.path(), checks()));
    (folder, desk)
}

#[test]
fn nobody_comes_in_without_the_token_the_right_name_and_a_page_of_the_desk() {
    let (_folder, desk) = desk(&["yaw-3_a"]);
    let visitor = Visitor::new(&desk);
    let own = ("Cookie", visitor.cookie.as_str());
    let port = desk.origin.rsplit(':').next().expect("a port");
    let evil = format!("evil.example:{port}");
    let get = |path: &str, headers: &[(&str, &str)]| asked(&desk, "GET", path, headers, b"").status;
    assert_eq!(get("/", &[]), 401);
    assert_eq!(get("/assets/report.css", &[]), 401);
    assert_eq!(get("/?token=0", &[own]), 401);
    assert_eq!(get("/", &[("Cookie", "realname-1=0")]), 401);
    assert_eq!(get("/", &[own]), 200);
    assert_eq!(get("/", &[own, ("Host", &evil)]), 421);
    assert_eq!(get("/", &[own, ("Host", "127.0.0.1")]), 421);
    assert_eq!(get("/", &[own, ("Host", &format!("localhost:{port}"))]), 200);

    let path = format!("/case/0/rerun?form={}", visitor.form);
    let post = |path: &str, headers: &[(&str, &str)]| asked(&desk, "POST", path, headers, b"").status;
    let origin = ("Origin", desk.origin.as_str());
    assert_eq!(post(&path, &[origin]), 401);
    assert_eq!(post("/case/0/rerun", &[own, origin]), 403);
    assert_eq!(post("/case/0/rerun?form=0", &[own, origin]), 403);
    assert_eq!(post(&path, &[own, ("Origin", "https://evil.example")]), 403);
    assert_eq!(post(&path, &[own, ("Origin", "null")]), 403);
    assert_eq!(post(&path, &[own, origin, ("Sec-Fetch-Site", "cross-site")]), 403);
    assert_eq!(post(&path, &[own, ("Origin", "null"), ("Sec-Fetch-Site", "same-site")]), 403);
    assert!(desk.audit().is_empty(), "nothing was done");
    assert_eq!(post(&path, &[own, ("Origin", "null"), ("Sec-Fetch-Site", "same-origin")]), 303);
    assert_eq!(desk.audit().len(), 1);

    for path in ["/", "/case/0", "/policy", "/audit", "/new", "/assets/review.js", "/no/such", "/case/99"] {
        let answer = visitor.get(path);
        let policy = &answer.headers["content-security-policy"];
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}");
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(answer.headers["referrer-policy"], "no-referrer", "{path}");
        for forbidden in [" style=\"", " onclick", "javascript:", "http://", "https://"] {
            let found = answer.body.contains(forbidden) && !path.starts_with("/assets");
            assert!(!found, "{path}: {forbidden}");
        }
    }
}

#[test]
fn names_numbers_and_photos_are_sent_only_after_an_act_that_is_recorded() {
    let (folder, desk) = desk(&["yaw-3_a"]);
    let visitor = Visitor::new(&desk);
    assert_eq!(visitor.post("/case/0/rerun", "").status, 303);
    let shows = |answer: &Answer| answer.body.contains(NAME) || answer.body.contains(NUMBER);
    for path in ["/", "/case/0", "/case/0?look=1", "/rows", "/audit", "/policy", "/case/0/verdict.json"] {
        let answer = visitor.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        assert!(!shows(&answer), "{path}");
    }
    assert_eq!(visitor.get("/case/0/photo/front").status, 422, "masked");
    assert_eq!(visitor.post("/case/0/unmask", "").status, 303);
    let page = visitor.get("/case/0");
    assert!(page.body.contains(NAME) && page.body.contains(NUMBER));
    assert_eq!(visitor.get("/case/0/photo/front").status, 422, "no picture: not handed to the browser");
    fs::write(folder.path().join("yaw-3_a/front.jpg"), b"\x89PNG\r\n\x1a\n").expect("space");
    let photo = visitor.get("/case/0/photo/front");
    assert_eq!((photo.status, photo.headers["content-type"].as_str()), (200, "image/png"));
    assert!(photo.headers["content-security-policy"].contains("sandbox"));
    assert_eq!(visitor.post("/case/0/mask", "").status, 303);
    assert!(!shows(&visitor.get("/case/0")));
    let acts: Vec<Value> = desk.audit().into_iter().map(|line| line["act"].clone()).collect();
    assert_eq!(acts, ["rerun", "look", "unmask"]);
    assert!(!fs::read_to_string(desk.state.join("assessments.jsonl")).expect("kept").contains(NUMBER));
}

#[test]
fn a_decision_is_recorded_with_who_and_when_and_survives_a_restart() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    ["yaw-30_a", "yaw-3_b"].iter().for_each(|id| make_case(folder.path(), id, NAME, NUMBER));
    {
        let desk = Running::start(settings(folder.path(), checks()));
        let visitor = Visitor::new(&desk);
        assert_eq!(visitor.post("/case/0/decide", "decision=approve").status, 422, "nothing to decide yet");
        assert_eq!(visitor.post("/case/0/rerun", "").status, 303);
        assert_eq!(visitor.post("/case/0/decide", "decision=perhaps").status, 422);
        let note = "decision=approve&note=%E5%8F%B7%E7%A0%81%E5%8F%AF%E8%BE%A8+%3Cscript%3E";
        assert_eq!(visitor.post("/case/0/decide", note).status, 303);
        let line = desk.audit().pop().expect("a line");
        assert_eq!(
            json!([line["act"], line["who"], line["case_id"], line["note"], line["number"]]),
            json!(["approve", "li.lei", "yaw-30_a", "号码可辨 <script>", 2])
        );
        assert!(line["at"].as_str().is_some_and(|at| at.starts_with("20") && at.ends_with('Z')));
        let page = visitor.get("/case/0");
        assert!(
            page.body.contains("data-status=\"verified\"") && page.body.contains("号码可辨 &lt;script&gt;")
        );
    }
    let desk = Running::start(settings(folder.path(), checks()));
    let visitor = Visitor::new(&desk);
    assert!(visitor.get("/?status=verified").body.contains("yaw-30_a"));
    assert!(visitor.get("/case/0").body.contains("data-sliders"), "measured before the restart");
}

#[test]
fn an_edited_policy_is_tried_on_this_case_and_on_all_and_saved() {
    let (_folder, desk) = desk(&["yaw-22_a", "yaw-23_b", "yaw-3_c", "yaw-22_broken"]);
    let visitor = Visitor::new(&desk);
    assert_eq!(visitor.post("/measure", "").status, 303);
    let began = Instant::now();
    loop {
        let progress: Value = serde_json::from_str(&visitor.get("/progress").body).expect("JSON");
        if progress["of"] == 0 && progress["unmeasured"] == 1 {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{progress}");
    }
    let ask = |bound: f64, filter: Value| -> Value {
        let edits = json!([{"key": "selfie.yaw_deg", "bound": "fail_above", "value": bound}]);
        let body = json!({"edits": edits, "filter": filter, "case": 0});
        serde_json::from_str(&visitor.post("/policy/preview", &body.to_string()).body).expect("JSON")
    };
    let strict = ask(20.0, json!({}));
    assert_eq!(json!([strict["cases"], strict["flipped"], strict["unmeasured"]]), json!([3, 2, 1]));
    assert_eq!(json!([strict["this"]["before"], strict["this"]["after"]]), json!(["pass", "fail"]));
    assert_eq!(strict["moves"], json!([{"from": "pass", "to": "fail", "cases": 2}]));
    assert_eq!(ask(22.5, json!({}))["flipped"], 1);
    assert_eq!(ask(20.0, json!({"q": "_b"}))["cases"], 1);
    assert!(ask(-5.0, json!({}))["refused"].as_str().is_some_and(|why| why.contains("selfie.yaw_deg")));

    let edits =
        "%5B%7B%22key%22%3A%22selfie.yaw_deg%22%2C%22bound%22%3A%22fail_above%22%2C%22value%22%3A20%7D%5D";
    assert_eq!(visitor.post("/policy/save", &format!("name=..%2Fevil&edits={edits}")).status, 422);
    assert_eq!(visitor.post("/policy/save", &format!("name=strict&edits={edits}")).status, 200);
    let saved = fs::read_to_string(desk.state.join("policies/strict.toml")).expect("saved");
    assert!(saved.contains("yaw_deg = { fail_above = 20.0 }"), "{saved}");
    assert_eq!(realname::Policy::parse(&saved).expect("a policy").sha256(), strict["policy"]);
    let line = desk.audit().pop().expect("a line");
    assert_eq!(line["act"], "save_policy");
}

#[test]
fn photos_that_are_sent_become_a_case_and_are_checked() {
    let (_folder, desk) = desk(&["yaw-3_a"]);
    let visitor = Visitor::new(&desk);
    let part = |name: &str, file: &str, content: &str| {
        let file = if file.is_empty() { String::new() } else { format!("; filename=\"{file}\"") };
        format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{content}\r\n")
    };
    let send = |parts: &[String]| {
        let body = parts.concat() + "--x--\r\n";
        let headers = [
            ("Cookie", visitor.cookie.as_str()),
            ("Origin", &desk.origin),
            ("Content-Type", "multipart/form-data; boundary=x"),
        ];
        asked(&desk, "POST", &format!("/new?form={}", visitor.form), &headers, body.as_bytes())
    };
    let script = "<img src=x onerror=alert(1)>.jpg";
    let made = send(&[
        part("case_id", "", "yaw-40_new"),
        part("name", "", NAME),
        part("front", script, "front bytes"),
        part("back", "../../../etc/passwd", ""),
        part("selfies", "a.jpg", "one"),
        part("selfies", "b.jpg", "two"),
    ]);
    assert_eq!((made.status, made.headers["location"].as_str()), (303, "/case/1"));
    let new = desk.state.join("new/yaw-40_new");
    let case = realname::case::read_case(&new, 100).expect("a case");
    let photos: Vec<String> = case.samples.iter().map(|sample| sample.role.to_string()).collect();
    assert_eq!(photos, ["front", "selfie-1", "selfie-2"]);
    let page = visitor.get("/case/1").body;
    assert!(page.contains("face.turned") || page.contains("face.pose"), "checked: the head is turned");
    assert!(!page.contains("onerror") && !page.contains(NAME));
    assert_eq!(
        send(&[part("case_id", "", "yaw-40_new"), part("front", "a", "x")]).status,
        422,
        "there already"
    );
    assert_eq!(send(&[part("case_id", "", "../x"), part("front", "a", "x")]).status, 422);
    assert_eq!(send(&[part("name", "", NAME)]).status, 422, "no photo");
    assert_eq!(send(&[part("front", "a", "1"), part("front", "b", "2")]).status, 422, "two fronts");
}

#[test]
fn script_in_a_name_stays_text() {
    let evil = "x-<script>alert(1)<_script>\"'";
    let (_folder, desk) = desk(&[evil]);
    let visitor = Visitor::new(&desk);
    for path in ["/", "/case/0", "/compare?case=0&case=0", "/rows?q=%3Cscript"] {
        let answer = visitor.get(path);
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.body.contains("<script>alert"), "{path}");
        assert!(answer.body.contains("&lt;script&gt;alert"), "{path}");
    }
}

/// Ten thousand cases: the first page is small, and a policy is tried on all of them in less than two
/// seconds, on a build without optimisation, too.
#[test]
fn ten_thousand_cases_are_listed_and_decided_again_at_once() {
    const CASES: usize = 10_000;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let assessments = folder.path().join("assessments.jsonl");
    let mut lines = String::new();
    for n in 0..CASES {
        let case_id = format!("case-{n:05}");
        let case = folder.path().join(&case_id);
        fs::create_dir(&case).expect("a new folder");
        fs::write(case.join("front.jpg"), "").expect("space");
        let (yaw, distance) = ((n % 40) as f64, 0.1 + (n % 97) as f64 / 100.0);
        let stored = realname::evidence::StoredAssessment::from(&assessment(&case_id, yaw, distance));
        lines += &serde_json::to_string(&stored).expect("plain data");
        lines.push('\n');
    }
    fs::write(&assessments, lines).expect("space");
    let mut settings = settings(folder.path(), checks());
    settings.assessments = vec![assessments];
    let began = Instant::now();
    let desk = Running::start(settings);
    eprintln!("opened in {:.2} s", began.elapsed().as_secs_f64());
    let visitor = Visitor::new(&desk);
    let began = Instant::now();
    let first = visitor.get("/");
    let listed = began.elapsed();
    let bytes: usize = ["/assets/report.css", "/assets/review.css", "/assets/report.js", "/assets/review.js"]
        .iter()
        .map(|path| visitor.get(path).body.len())
        .sum();
    let bytes = bytes + first.body.len();
    eprintln!("first page {bytes} bytes with styles and scripts, in {:.0} ms", listed.as_secs_f64() * 1e3);
    assert!(bytes < 200_000, "{bytes}");
    assert!(first.body.contains(&format!("data-total=\"{CASES}\"")));
    let body = json!({"edits": [{"key": "selfie.yaw_deg", "bound": "fail_above", "value": 20.0}]});
    let began = Instant::now();
    let answer: Value =
        serde_json::from_str(&visitor.post("/policy/preview", &body.to_string()).body).expect("JSON");
    let tried = began.elapsed();
    eprintln!(
        "{CASES} assessments decided again in {:.0} ms: {} would flip",
        tried.as_secs_f64() * 1e3,
        answer["flipped"]
    );
    assert_eq!(answer["cases"], CASES);
    assert!(answer["flipped"].as_u64().is_some_and(|flipped| flipped > 100), "{answer}");
    assert!(tried < Duration::from_secs(20), "even on a busy machine: {tried:?}");
    for path in ["/?page=50&order=distance", "/rows?q=case-0999&decision=fail", "/case/9999?order=decision"] {
        assert_eq!(visitor.get(path).status, 200, "{path}");
    }
}

#[path = "plain_verdict/mod.rs"]
mod plain_verdict;

/// A case of a queue whose verdict left it to a person.
#[test]
fn a_decision_on_a_queued_case_reaches_its_status_and_its_events() {
    use std::num::NonZeroUsize;

    use realname::case::{Claims, Method, SampleRole};
    use realname::photos::{PhotoPlace, PhotoStore};
    use realname::policy::{Decision, VerificationStatus};
    use realname::queue::{AttemptVerdict, PhotoRef, QueueOptions, QueuePlace, Submission};
    use realname::review::{QueueSource, Source};
    use realname::status::RequiredSteps;

    let folder = tempfile::tempdir().expect("a temporary folder");
    let place = format!("sqlite:{}", folder.path().join("queue.db").display());
    let queue = QueuePlace::parse(&place).expect("a place").open(QueueOptions::default()).expect("a queue");
    let photos = || PhotoStore::open(&PhotoPlace::Folder(folder.path().join("photos"))).expect("a store");
    for case_id in ["yaw-30_q", "yaw-3_later"] {
        let id = photos().put(case_id, b"bytes".to_vec()).expect("stored");
        let submission = Submission {
            case_id: case_id.to_owned(),
            method: Method::IdCard,
            claims: Claims { name: Some(NAME.to_owned()), id_number: None },
            photos: vec![PhotoRef { role: SampleRole::Front, id }],
            challenge: Vec::new(),
            decided_on: review_desk::DAY.parse().ok(),
            submitted_on: None,
        };
        queue.submit(&submission, &RequiredSteps::default()).expect("submitted");
    }
    let judge = |decision, status| {
        let one = NonZeroUsize::new(1).expect("not zero");
        let claimed = queue.claim("worker", one).expect("a store").pop().expect("one waits");
        let case_id = &claimed.submission.case_id;
        let verdict = plain_verdict::plain_verdict(case_id, decision, status, Vec::new());
        queue.record(&claimed.lease, &AttemptVerdict::from(&verdict)).expect("recorded");
        case_id.clone()
    };
    let first = judge(Decision::Review, VerificationStatus::InReview);
    let mut settings = settings(folder.path(), checks());
    settings.source = Source::Queue(QueueSource::new(queue.clone(), photos()));
    let desk = Running::start(settings);
    let visitor = Visitor::new(&desk);
    assert!(visitor.get("/?status=in_review").body.contains(&first));
    assert!(visitor.get("/?status=processing").body.contains("data-total=\"1\""));
    // What a worker does meanwhile is seen.
    let second = judge(Decision::Fail, VerificationStatus::Rejected);
    assert!(visitor.get("/?status=rejected").body.contains(&second));
    let number = |case_id: &str| {
        let page = visitor.get(&format!("/rows?q={case_id}")).body;
        let rest = page.split_once("data-number=\"").expect("a row").1.to_owned();
        rest.split('"').next().expect("a number").to_owned()
    };
    let (first_number, second_number) = (number(&first), number(&second));
    assert_eq!(
        visitor.post(&format!("/case/{second_number}/decide"), "decision=approve").status,
        422,
        "final"
    );
    assert_eq!(visitor.post(&format!("/case/{first_number}/rerun"), "").status, 303, "photos from the store");
    assert!(visitor.get(&format!("/case/{first_number}")).body.contains("data-sliders"));
    let before = queue.last_change().expect("a store");
    assert_eq!(
        visitor.post(&format!("/case/{first_number}/decide"), "decision=approve&note=same").status,
        303
    );
    let entry = queue.entry(&first).expect("a store").expect("known");
    assert_eq!(entry.record.status(), VerificationStatus::Verified);
    let review = entry.current().and_then(|attempt| attempt.review.clone()).expect("reviewed");
    assert_eq!((review.reviewer.as_str(), review.note.as_deref()), ("li.lei", Some("same")));
    let changes = queue.changes(before, NonZeroUsize::new(10).expect("not zero")).expect("a store");
    assert!(changes.iter().any(|change| change.case_id == first), "told of as an event");
    assert!(visitor.get("/?status=verified").body.contains(&first));
}

#[test]
fn what_a_batch_keeps_is_what_a_desk_decides_again() {
    use std::num::NonZeroUsize;
    use std::sync::atomic::AtomicBool;

    use realname::report::Timing;
    use realname::worker::batch::{Batch, Settings};

    let folder = tempfile::tempdir().expect("a temporary folder");
    ["yaw-22_a", "yaw-3_b"].iter().for_each(|case_id| make_case(folder.path(), case_id, NAME, NUMBER));
    let path = folder.path().join("assessments.jsonl");
    let batch = Batch::open(folder.path()).expect("cases").keep_assessments_in(&path).expect("a new file");
    let pace = Settings {
        in_flight: NonZeroUsize::MIN,
        photo_bytes_max: 100,
        timing: Timing::Untimed,
        stop: &AtomicBool::new(false),
    };
    let report = batch.run(pace, review_desk::check, |_| Ok(())).expect("checked");
    assert_eq!(report.tally.verdicts(), 2);
    let mut settings = settings(folder.path(), checks());
    settings.assessments = vec![path];
    let desk = Running::start(settings);
    let visitor = Visitor::new(&desk);
    let progress: Value = serde_json::from_str(&visitor.get("/progress").body).expect("JSON");
    assert_eq!(progress["unmeasured"], 0);
}
