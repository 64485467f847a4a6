//! A server of S3's interface on loopback, ended with the test: moto from PyPI (`moto_server`, or what
//! `MOTO_SERVER` names). Where it is not installed a test says that it was skipped; `.ci/run` installs
//! it and sets `REALNAME_TEST_SERVERS=required`, which turns a skip into a failure.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The server.
pub(crate) struct Moto {
    child: Child,
    pub(crate) port: u16,
}

impl Drop for Moto {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Moto {
    /// `None` where there is no moto and none is required.
    pub(crate) fn start() -> Option<Self> {
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
        let moto = Self { child, port };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(60), "{program} did not start");
            thread::sleep(Duration::from_millis(50));
        }
        Some(moto)
    }

    /// Makes a bucket by hand: an unsigned PUT will do for moto.
    pub(crate) fn make_bucket(&self, name: &str) {
        let made =
            ureq::put(format!("http://127.0.0.1:{}/{name}", self.port)).send_empty().expect("a bucket");
        assert_eq!(made.status(), 200);
    }
}

/// Sets what a store reads as it is opened, for a server on this port.
pub(crate) fn set_environment(port: u16) {
    let endpoint = format!("http://127.0.0.1:{port}");
    let environment = [
        ("AWS_ENDPOINT", endpoint.as_str()),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ALLOW_HTTP", "true"),
    ];
    for (name, value) in environment {
        #[expect(unsafe_code, reason = "the only test of its process sets what its store reads")]
        // SAFETY: no thread that runs now reads or writes the environment.
        unsafe {
            std::env::set_var(name, value);
        }
    }
}
