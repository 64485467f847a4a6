//! Servers of NATS on loopback, ended with the test. The program is `nats-server` (Debian's package of that
//! name), or what `NATS_SERVER` names. Where it is not installed a test says that it was skipped;
//! `.ci/run` installs it and sets `REALNAME_TEST_SERVERS=required`, which turns a skip into a
//! failure.

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// One server, or three that keep copies of each other.
pub(crate) struct Servers {
    nodes: Vec<Node>,
    folder: TempDir,
}

struct Node {
    args: Vec<String>,
    port: u16,
    child: Option<Child>,
}

/// Debian keeps it where not every user looks.
fn program() -> PathBuf {
    let named = std::env::var_os("NATS_SERVER").map(PathBuf::from);
    let usual = PathBuf::from("/usr/sbin/nats-server");
    named.unwrap_or_else(|| if usual.exists() { usual } else { PathBuf::from("nats-server") })
}

/// Ports that are free now; all at once, so that they differ.
fn free_ports(n: usize) -> Vec<u16> {
    let held: Vec<TcpListener> = (0..n).map(|_| TcpListener::bind("127.0.0.1:0").expect("a port")).collect();
    held.iter().map(|listener| listener.local_addr().expect("bound").port()).collect()
}

impl Servers {
    /// `None` where there is no program and none is required.
    pub(crate) fn start(nodes: usize) -> Option<Self> {
        let found = Command::new(program()).arg("--version").stdout(Stdio::null()).status();
        if let Err(error) = found {
            let required = std::env::var("REALNAME_TEST_SERVERS").is_ok_and(|value| value == "required");
            assert!(!required, "{}: {error}", program().display());
            eprintln!("SKIPPED: NATS was not tested, for want of {}: {error}", program().display());
            return None;
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (ports, routes) = (free_ports(nodes), free_ports(nodes));
        let all: Vec<String> = routes.iter().map(|port| format!("nats://127.0.0.1:{port}")).collect();
        let node = |n: usize| {
            let text = |text: &str| text.to_owned();
            let store = folder.path().join(format!("node-{n}")).display().to_string();
            let mut args = vec![text("-a"), text("127.0.0.1"), text("-p"), ports[n].to_string(), text("-js")];
            args.extend([text("-sd"), store, text("-n"), format!("node-{n}")]);
            if nodes > 1 {
                args.extend([text("--cluster_name"), text("test"), text("--cluster"), all[n].clone()]);
                args.extend([text("--routes"), all.join(",")]);
            }
            Node { args, port: ports[n], child: None }
        };
        let mut servers = Self { nodes: (0..nodes).map(node).collect(), folder };
        for n in 0..nodes {
            servers.restart(n);
        }
        Some(servers)
    }

    /// Where they keep what they keep.
    #[allow(dead_code, reason = "not every test looks there")]
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// The place of a queue on them.
    pub(crate) fn queue(&self, name: &str) -> String {
        let hosts: Vec<String> = self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect();
        format!("nats://{}/{name}?replicas={}", hosts.join(","), self.nodes.len())
    }

    /// SIGKILL, as a power cut would.
    pub(crate) fn kill(&mut self, n: usize) {
        if let Some(mut child) = self.nodes[n].child.take() {
            child.kill().expect("our own child");
            child.wait().expect("our own child");
        }
    }

    /// Starts a node on what it kept, and waits until it listens.
    pub(crate) fn restart(&mut self, n: usize) {
        let node = &mut self.nodes[n];
        let child = Command::new(program())
            .args(&node.args)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        node.child = Some(child);
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", node.port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(30), "the server does not listen");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for n in 0..self.nodes.len() {
            self.kill(n);
        }
    }
}
