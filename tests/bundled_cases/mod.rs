//! The bundled cases, for tests that hand copies of them to the program.

use std::fs;
use std::path::{Path, PathBuf};

/// The folder of a bundled case.
pub(crate) fn bundled(case: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cases").join(case)
}

/// Copies bundled cases into a new folder.
pub(crate) fn copy_bundled(cases: &[&str], folder: &Path) {
    for case in cases {
        let (from, to) = (bundled(case), folder.join(case));
        fs::create_dir_all(&to).expect("a new folder");
        for entry in fs::read_dir(from).expect("a bundled case") {
            let path = entry.expect("an entry").path();
            fs::copy(&path, to.join(path.file_name().expect("a file"))).expect("space");
        }
    }
}
