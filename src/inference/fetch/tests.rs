//! Fetching, without a network: a server on this machine and folders of files.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use super::*;
use crate::inference::names;

/// A web server for a few files that understands `Range`; it ends with the process.
pub(super) struct Server {
    base: String,
    ranges: Arc<Mutex<Vec<Option<String>>>>,
}

impl Server {
    pub(super) fn of(files: Vec<(&'static str, Vec<u8>)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let ranges = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&ranges);
        thread::spawn(move || {
            for stream in listener.incoming() {
                answer(stream.unwrap(), &files, &seen);
            }
        });
        Self { base, ranges }
    }

    pub(super) fn base(&self) -> String {
        self.base.clone()
    }

    /// The `Range` of every request so far.
    pub(super) fn ranges(&self) -> Vec<Option<String>> {
        self.ranges.lock().unwrap().clone()
    }
}

fn answer(mut stream: TcpStream, files: &[(&'static str, Vec<u8>)], ranges: &Mutex<Vec<Option<String>>>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
    let path = lines.next().unwrap().split(' ').nth(1).unwrap().to_owned();
    let headers: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let range = headers.iter().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("range").then(|| value.to_owned())
    });
    ranges.lock().unwrap().push(range.clone());
    let Some((_, bytes)) = files.iter().find(|(name, _)| *name == path) else {
        let _ = write!(stream, "HTTP/1.1 404 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        return;
    };
    let start =
        range.map_or(0, |range| range.trim_start_matches("bytes=").trim_end_matches('-').parse().unwrap());
    let status = if start > 0 { "206 Partial Content" } else { "200 OK" };
    let length = bytes.len() - start;
    let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    let _ = stream.write_all(&bytes[start..]);
}

const COMMIT: &str = "0123456789012345678901234567890123456789";
const MODEL: &[u8] = b"stands for a model";

/// A manifest of one model, `thing`, whose file is had bare or within an archive of these bytes.
fn manifest(archive: Option<(&str, &[u8])>) -> Manifest {
    let model = Sha256::of(MODEL);
    let size_bytes = MODEL.len();
    let (file, download_bytes, member) = match archive {
        None => ("thing.bin", MODEL, String::new()),
        Some((file, bytes)) => (file, bytes, ", member = \"in/thing.bin\"".to_owned()),
    };
    let (download, download_size) = (Sha256::of(download_bytes), download_bytes.len());
    Manifest::parse(&format!(
        r#"
        schema = "realname.models/1"
        [sets]
        default = ["thing"]
        [downloads.d]
        kind = "github"
        repository = "o/r"
        commit = "{COMMIT}"
        path = "f"
        file = "{file}"
        size_bytes = {download_size}
        sha256 = "{download}"
        [runtime]
        [models.thing]
        purpose = "test"
        licence = "none"
        upstream = "none"
        file = "thing.onnx"
        size_bytes = {size_bytes}
        sha256 = "{model}"
        [[models.thing.files]]
        file = "thing.bin"
        size_bytes = {size_bytes}
        sha256 = "{model}"
        sources = [{{ download = "d"{member} }}]
        [models.thing.input]
        name = "image"
        layout = "NCHW"
        shape = ["N", 3, 8, 8]
        channels = "RGB"
        range = [0.0, 1.0]
        mean = 0.0
        deviation = 255.0
        [[models.thing.outputs]]
        name = "out"
        shape = ["N", 1]
        meaning = "none"
        "#
    ))
    .unwrap()
}

struct Home {
    folder: tempfile::TempDir,
    store: Store,
}

fn home() -> Home {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::at(folder.path().join("home"));
    Home { folder, store }
}

impl Home {
    /// A folder with one file in a folder of its own.
    fn folder_with(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let folder = self.folder.path().join("from");
        fs::create_dir_all(folder.join("deep")).unwrap();
        fs::write(folder.join("deep").join(name), bytes).unwrap();
        folder
    }

    fn thing_state(&self, manifest: &Manifest) -> State {
        self.store.state(manifest.artifact("thing").unwrap()).unwrap()
    }
}

/// Fetches `thing` from a server that gives `served`.
fn fetch_served(
    home: &Home,
    manifest: &Manifest,
    served: &[u8],
) -> (Result<PathBuf, InferenceError>, Server) {
    let path = format!("/o/r/{COMMIT}/f");
    let server = Server::of(vec![(path.leak(), served.to_vec())]);
    let mut job = Job::new(&home.store, manifest, Origin::Sources, &Silent).unwrap();
    job.github = github::Client::at(server.base());
    (job.install(manifest.artifact("thing").unwrap()), server)
}

#[test]
fn a_served_file_is_installed() {
    let (home, manifest) = (home(), manifest(None));
    fetch_served(&home, &manifest, MODEL).0.unwrap();
    assert_eq!(home.thing_state(&manifest), State::Installed);
}

#[test]
fn wrong_bytes_are_refused_and_not_resumed() {
    let (home, manifest) = (home(), manifest(None));
    let mut wrong = MODEL.to_vec();
    wrong[0] ^= 1;
    let error = fetch_served(&home, &manifest, &wrong).0.unwrap_err().to_string();
    assert!(error.contains("does not have the right sha256"), "{error}");
    assert!(error.contains("`thing`") && error.contains("--from DIR"), "{error}");
    assert_eq!(home.thing_state(&manifest), State::Missing);

    let (installed, server) = fetch_served(&home, &manifest, MODEL);
    installed.unwrap();
    assert_eq!(server.ranges(), [None], "the wrong bytes must not be gone on with");
}

#[test]
fn half_a_download_is_never_used_and_is_gone_on_with() {
    let (home, manifest) = (home(), manifest(None));
    let (half, rest) = MODEL.split_at(7);
    let error = fetch_served(&home, &manifest, half).0.unwrap_err().to_string();
    assert!(error.contains("only 7 of 18 bytes"), "{error}");
    assert_eq!(home.thing_state(&manifest), State::Missing);
    assert_eq!(fs::read(home.store.downloads().join("thing.bin.part")).unwrap(), half);

    let (installed, server) = fetch_served(&home, &manifest, MODEL);
    installed.unwrap();
    assert_eq!(server.ranges(), [Some(format!("bytes={}-", MODEL.len() - rest.len()))]);
}

#[test]
fn a_finished_download_is_kept_and_not_fetched_again() {
    let (home, manifest) = (home(), manifest(None));
    fs::create_dir_all(home.store.downloads()).unwrap();
    fs::write(home.store.downloads().join("thing.bin"), MODEL).unwrap();
    let (installed, server) = fetch_served(&home, &manifest, b"");
    installed.unwrap();
    assert!(server.ranges().is_empty());
}

#[test]
fn a_half_file_under_a_finished_name_is_never_used() {
    let (home, manifest) = (home(), manifest(None));
    let artifact = manifest.artifact("thing").unwrap();
    let path = home.store.path_of(artifact);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, &MODEL[..5]).unwrap();
    let offline = |check| {
        let manifest = &manifest;
        ensure(&home.store, manifest, "default", Access::Offline, check, &Silent).unwrap_err()
    };
    assert!(matches!(offline(Check::Presence), InferenceError::Offline { .. }));
    assert!(matches!(home.store.read(artifact), Err(InferenceError::Damaged { .. })));
    fetch_served(&home, &manifest, MODEL).0.unwrap();
    assert_eq!(home.store.read(artifact).unwrap().as_ref(), MODEL);
}

#[test]
fn offline_says_what_is_missing_and_what_to_do() {
    let (home, manifest) = (home(), Manifest::built_in());
    let set = names::DEFAULT_SET;
    let error = ensure(&home.store, manifest, set, Access::Offline, Check::Presence, &Silent);
    let error = error.unwrap_err().to_string();
    for part in ["face-mesh", "realname models fetch", "--from DIR"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert!(!home.store.home().exists(), "a refusal leaves nothing behind");
}

#[test]
fn an_unknown_set_names_those_there_are() {
    let error = artifacts(Manifest::built_in(), "defualt").unwrap_err().to_string();
    assert!(error.contains("`defualt`") && error.contains("default, liveness, optional"), "{error}");
}

#[test]
fn a_folder_serves_by_digest_and_twice_changes_nothing() {
    let (home, manifest) = (home(), manifest(None));
    let from = home.folder_with("any name", MODEL);
    for _ in 0..2 {
        let installed = ensure_from(&home.store, &manifest, "default", &from, &Silent).unwrap();
        assert_eq!(installed.len(), 1);
        assert_eq!(home.thing_state(&manifest), State::Installed);
    }
    let again = ensure(&home.store, &manifest, "default", Access::Offline, Check::Contents, &Silent);
    assert_eq!(again.unwrap()[0].sha256, Sha256::of(MODEL));
    assert!(!home.store.home().join("staging").exists());
    assert!(from.join("deep").join("any name").exists(), "the folder is only read");
}

#[test]
fn a_folder_without_the_file_says_what_would_do() {
    let (home, manifest) = (home(), manifest(None));
    let from = home.folder_with("thing.onnx", b"another model");
    let error = ensure_from(&home.store, &manifest, "default", &from, &Silent).unwrap_err();
    assert!(matches!(error, InferenceError::NotInFolder { .. }), "{error}");
    assert!(error.to_string().contains(&Sha256::of(MODEL).to_string()), "{error}");
    assert_eq!(home.thing_state(&manifest), State::Missing);
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let (home, manifest) = (home(), manifest(None));
    let error = ensure_from(&home.store, &manifest, "default", Path::new("/no/such"), &Silent);
    assert!(error.unwrap_err().to_string().contains("/no/such"));
}

fn wheel_with(bytes: &[u8]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("in/thing.bin", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(bytes).unwrap();
    zip.finish().unwrap().into_inner()
}

fn tarball_with(bytes: &[u8]) -> Vec<u8> {
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), Default::default()));
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    tar.append_data(&mut header, "in/thing.bin", bytes).unwrap();
    tar.into_inner().unwrap().finish().unwrap()
}

#[test]
fn archives_are_unpacked_and_their_members_checked() {
    let bomb = vec![0; 1 << 20];
    for (archive, right) in [
        (("thing.whl", wheel_with(MODEL)), true),
        (("thing.tgz", tarball_with(MODEL)), true),
        (("thing.whl", wheel_with(b"another model here")), false),
        (("thing.tgz", tarball_with(&bomb)), false),
        (("thing.whl", tarball_with(MODEL)), false),
        (("thing.tgz", b"not an archive".to_vec()), false),
    ] {
        let (home, manifest) = (home(), manifest(Some((archive.0, &archive.1))));
        let from = home.folder_with(archive.0, &archive.1);
        let installed = ensure_from(&home.store, &manifest, "default", &from, &Silent);
        assert_eq!(installed.is_ok(), right, "{} {installed:?}", archive.0);
        let state = if right { State::Installed } else { State::Missing };
        assert_eq!(home.thing_state(&manifest), state, "{}", archive.0);
    }
}

#[test]
fn many_at_once_install_it_once() {
    let (home, manifest) = (home(), manifest(None));
    let from = home.folder_with("m", MODEL);
    let counted = Counted::default();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| ensure_from(&home.store, &manifest, "default", &from, &counted).unwrap());
        }
    });
    assert_eq!(*counted.0.lock().unwrap(), 1);
    assert_eq!(home.thing_state(&manifest), State::Installed);
}

#[derive(Default)]
struct Counted(Mutex<usize>);

impl Progress for Counted {
    fn report(&self, event: Event<'_>) {
        if matches!(event, Event::Installed { .. }) {
            *self.0.lock().unwrap() += 1;
        }
    }
}
