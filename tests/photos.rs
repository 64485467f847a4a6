//! Photos in a folder.

mod photo_rows;

use std::fs;
use std::path::{Path, PathBuf};

use photo_rows::{MAX, rows};
use realname::photos::{PhotoError, PhotoPlace, PhotoStore};

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

#[test]
fn a_folder_keeps_photos() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path().join("photos/deep");
    let place = PhotoPlace::Folder(root.clone());
    let store = PhotoStore::open(&place).expect("a folder");
    rows(&store);

    let id = store.put("c", b"as sent".to_vec()).expect("space");
    let mut found = Vec::new();
    files(&root, &mut found);
    let path = found.iter().find(|path| path.ends_with(id.as_str())).expect("under its sha256");
    assert!(!path.to_string_lossy().contains("/c/"), "a case's name is no file name");
    fs::write(path, b"altered").expect("our own file");
    let altered = store.get("c", &id, MAX).expect_err("altered");
    assert!(matches!(altered, PhotoError::Altered { .. }) && !altered.may_pass(), "{altered}");
}

#[test]
fn a_place_that_cannot_be_is_refused_by_name() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("file");
    fs::write(&file, "x").expect("space");
    let refused = PhotoStore::open(&PhotoPlace::Folder(file.join("photos"))).err().expect("no folder");
    assert!(refused.to_string().contains("file/photos"), "{refused}");
}
