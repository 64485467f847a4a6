//! Photos over S3. The server is moto from PyPI (`moto_server`, or what `MOTO_SERVER` names), started
//! here on a port of loopback. Where it is not installed this says that it was skipped; `.ci/run`
//! installs it and sets `REALNAME_TEST_SERVERS=required`, which turns a skip into a failure.

mod photo_rows;

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use photo_rows::{MAX, rows};
use realname::photos::{PhotoError, PhotoPlace, PhotoStore};

/// A server of S3's interface, ended with the test.
struct Moto {
    child: Child,
    port: u16,
}

impl Drop for Moto {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// `None` where there is no moto and none is required.
fn moto() -> Option<Moto> {
    let program = std::env::var("MOTO_SERVER").unwrap_or_else(|_| "moto_server".to_owned());
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound").port();
    let started = Command::new(&program)
        .args(["-H", "127.0.0.1", "-p", &port.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let child = match started {
        Ok(child) => child,
        Err(error) => {
            let required = std::env::var("REALNAME_TEST_SERVERS").is_ok_and(|value| value == "required");
            assert!(!required, "{program}: {error}");
            eprintln!("SKIPPED: S3 was not tested, for want of {program}: {error}");
            return None;
        }
    };
    let moto = Moto { child, port };
    let began = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(began.elapsed() < Duration::from_secs(60), "{program} did not start");
        std::thread::sleep(Duration::from_millis(50));
    }
    Some(moto)
}

/// Makes a bucket by hand: an unsigned PUT will do for moto.
fn make_bucket(port: u16, name: &str) {
    let made = ureq::put(format!("http://127.0.0.1:{port}/{name}")).send_empty().expect("a bucket");
    assert_eq!(made.status(), 200);
}

#[test]
fn s3_keeps_photos_and_says_what_it_cannot() {
    let Some(moto) = moto() else { return };
    make_bucket(moto.port, "photos");
    let endpoint = format!("http://127.0.0.1:{}", moto.port);
    // The only test of this file, so that nobody else reads the environment.
    let environment = [
        ("AWS_ENDPOINT", endpoint.as_str()),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ALLOW_HTTP", "true"),
    ];
    for (name, value) in environment {
        #[expect(unsafe_code, reason = "the only test of this process sets what its store reads")]
        // SAFETY: no other thread runs yet.
        unsafe {
            std::env::set_var(name, value);
        }
    }
    let open =
        |text: &str| PhotoStore::open(&PhotoPlace::parse(text).expect("a place")).expect("enough said");
    rows(&open("s3://photos/some/prefix"));
    rows(&open("s3://photos"));
    let absent = open("s3://no-such-bucket").put("c", b"x".to_vec()).expect_err("no bucket");
    assert!(absent.to_string().contains("s3://no-such-bucket"), "{absent}");

    let store = open("s3://photos");
    let id = store.put("c", b"as sent".to_vec()).expect("space");
    drop(moto);
    let began = Instant::now();
    let away = store.get("c", &id, MAX).expect_err("away");
    assert!(matches!(away, PhotoError::Unavailable { .. }) && away.may_pass(), "{away}");
    assert!(began.elapsed() < Duration::from_secs(90), "{:?}", began.elapsed());
}
