//! Nothing leaves the machine, and nothing is left on it: ONNX Runtime ships with a telemetry client
//! that would write below the home folder and call out.

use std::fs;
use std::path::Path;
use std::process::Command;

use realname::inference::{self, Access, Check, Manifest, Silent, Store, names};

#[test]
fn a_run_leaves_nothing_in_the_home_folder() {
    let store = Store::from_environment().expect("a cache directory");
    let manifest = Manifest::built_in();
    inference::ensure(&store, manifest, names::DEFAULT_SET, Access::Online, Check::Presence, &Silent)
        .expect("the models can be fetched");
    let home = tempfile::tempdir().expect("a temporary folder");
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cases/genuine");
    let run = Command::new(env!("CARGO_BIN_EXE_realname"))
        .args(["--offline", "check"])
        .arg(case)
        .env("HOME", home.path())
        .env("REALNAME_HOME", store.home())
        .env_remove("XDG_CACHE_HOME")
        .env_remove("ORT_DISABLE_TELEMETRY")
        .output()
        .expect("the program runs");
    // 0 where the optional models of liveness are installed, 3 (for a person to review) elsewhere.
    assert!(matches!(run.status.code(), Some(0 | 3)), "{}", String::from_utf8_lossy(&run.stderr));
    let left: Vec<_> = fs::read_dir(home.path()).expect("readable").collect();
    assert!(left.is_empty(), "{left:?}");
}
