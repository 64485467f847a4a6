//! A receiver of webhooks on loopback that does as the test says: takes, fails, is slow, dies.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use realname::events::{EventDocument, Secrets};

/// What the receiver answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A status, after a while.
    Status(u16, Duration),
    /// The connection is closed without a word.
    Nothing,
}

/// Taken at once.
pub(crate) const TAKEN: Answer = Answer::Status(204, Duration::ZERO);

/// Says what to answer to an event, which came for the n-th time.
pub(crate) type Rule = dyn Fn(&EventDocument, usize) -> Answer + Send + Sync;

pub(crate) struct Receiver {
    pub(crate) port: u16,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    /// Every event that was taken, in the order in which they were.
    pub(crate) taken: Arc<Mutex<Vec<EventDocument>>>,
}

impl Receiver {
    /// Listens on that port, or on any.
    pub(crate) fn start(
        port: u16,
        secrets: &Secrets,
        taken: Arc<Mutex<Vec<EventDocument>>>,
        rule: Arc<Rule>,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let ends = Arc::new(AtomicBool::new(false));
        let (thread_ends, thread_taken, secrets) = (ends.clone(), taken.clone(), secrets.clone());
        let seen: Arc<Mutex<HashMap<String, usize>>> = Arc::default();
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if thread_ends.load(Ordering::SeqCst) {
                    return;
                }
                let (secrets, rule, taken, seen) =
                    (secrets.clone(), rule.clone(), thread_taken.clone(), seen.clone());
                thread::spawn(move || {
                    if let Ok(stream) = stream {
                        serve(stream, &secrets, &*rule, &taken, &seen);
                    }
                });
            }
        });
        Self { port, ends, thread: Some(thread), taken }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook?token=secret", self.port)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        TcpStream::connect(("127.0.0.1", self.port)).ok();
        self.thread.take().map(JoinHandle::join);
    }
}

/// One request. Whoever ends half-way is no event.
fn serve(
    stream: TcpStream,
    secrets: &Secrets,
    rule: &Rule,
    taken: &Mutex<Vec<EventDocument>>,
    seen: &Mutex<HashMap<String, usize>>,
) {
    let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
    let mut headers: HashMap<String, String> = HashMap::new();
    let mut line = String::new();
    if reader.read_line(&mut line).unwrap_or(0) == 0 {
        return;
    }
    assert!(line.starts_with("POST /hook?token=secret HTTP/1.1"), "{line}");
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let mut body = vec![0; headers["content-length"].parse().expect("a number")];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    let body = String::from_utf8(body).expect("text");
    let event: EventDocument = serde_json::from_str(&body).expect("an event");
    let timestamp_s: u64 = headers["webhook-timestamp"].parse().expect("a number");
    let now_s = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs();
    assert!(now_s.abs_diff(timestamp_s) < 60);
    assert_eq!(headers["webhook-id"], event.id);
    assert_eq!(headers["webhook-signature"], secrets.signature(&event.id, timestamp_s, &body));
    assert_eq!(headers["content-type"], "application/cloudevents+json; charset=utf-8");
    let times = {
        let mut seen = seen.lock().expect("no panic");
        let times = seen.entry(event.id.clone()).or_default();
        *times += 1;
        *times
    };
    let Answer::Status(status, wait) = rule(&event, times) else { return };
    thread::sleep(wait);
    if (200..300).contains(&status) {
        taken.lock().expect("no panic").push(event);
    }
    let answer = format!("HTTP/1.1 {status} as told\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let mut stream = stream;
    stream.write_all(answer.as_bytes()).ok();
}
