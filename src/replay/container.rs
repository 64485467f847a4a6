//! The zip of a bundle: files stored one after the other, with nothing in it that depends on who
//! wrote it or when.
//!
//! What is read back must be, byte for byte, what this module writes for the same files. That alone
//! refuses everything else that a zip can be: bombs, overlapping entries, two files of one name,
//! links, paths, comments, data before, behind or between.

use std::io::{Cursor, Read as _, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

/// More files than a bundle can have.
const FILES_MAX: usize = 32;

/// A file of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

/// The files as a zip: equal files give equal bytes.
pub(super) fn packed(files: &[Member]) -> Result<Vec<u8>, String> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for file in files {
        writer.start_file(file.name.as_str(), options).map_err(|error| error.to_string())?;
        writer.write_all(&file.bytes).map_err(|error| error.to_string())?;
    }
    Ok(writer.finish().map_err(|error| error.to_string())?.into_inner())
}

/// The files of a zip, in its order.
pub(super) fn unpacked(bytes: &[u8]) -> Result<Vec<Member>, String> {
    let refused =
        || "not a zip as `check --bundle` writes it; one that was packed again is another".to_owned();
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| refused())?;
    if archive.len() > FILES_MAX {
        return Err(refused());
    }
    let mut left = bytes.len() as u64;
    let mut files = Vec::with_capacity(archive.len());
    for index in 0..archive.len() {
        let file = archive.by_index(index).map_err(|_| refused())?;
        if file.compression() != CompressionMethod::Stored || file.size() > left {
            return Err(refused());
        }
        left -= file.size();
        let (name, size) = (file.name().map_err(|_| refused())?.into_owned(), file.size());
        let mut content = Vec::new();
        file.take(size).read_to_end(&mut content).map_err(|_| refused())?;
        files.push(Member { name, bytes: content });
    }
    drop(archive);
    if packed(&files)? == bytes { Ok(files) } else { Err(refused()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Vec<Member> {
        let file = |name: &str, bytes: &[u8]| Member { name: name.to_owned(), bytes: bytes.to_vec() };
        vec![file("a.json", b"{}"), file("b/c", &[7; 1000])]
    }

    fn zip_of(rows: &[(&str, &[u8], SimpleFileOptions)]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes, options) in rows {
            writer.start_file(*name, *options).expect("a new entry");
            writer.write_all(bytes).expect("memory");
        }
        writer.finish().expect("memory").into_inner()
    }

    #[test]
    fn equal_files_give_equal_bytes_and_read_back() {
        let bytes = packed(&files()).expect("memory");
        assert_eq!(packed(&files()).expect("memory"), bytes);
        assert_eq!(unpacked(&bytes).expect("what was just written"), files());
    }

    #[test]
    fn every_other_zip_is_refused() {
        let whole = packed(&files()).expect("memory");
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        let deflated = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        let mut two_of_a_name = packed(&[
            Member { name: "a.json".to_owned(), bytes: b"1".to_vec() },
            Member { name: "b.json".to_owned(), bytes: b"2".to_vec() },
        ])
        .expect("memory");
        let renamed = two_of_a_name.windows(6).rposition(|w| w == b"b.json").expect("in the directory");
        two_of_a_name[renamed] = b'a';
        let linked = {
            let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
            writer.add_symlink("a.json", "/etc/passwd", stored).expect("an entry");
            writer.finish().expect("memory").into_inner()
        };
        let rows: [(&str, Vec<u8>); 10] = [
            ("nothing", Vec::new()),
            ("no zip", b"PK\x03\x04 and no more".to_vec()),
            ("a bomb", zip_of(&[("a.json", &vec![0; 1 << 20], deflated)])),
            (
                "another time",
                zip_of(&[(
                    "a.json",
                    b"{}",
                    stored.last_modified_time(
                        DateTime::from_date_and_time(2024, 1, 1, 0, 0, 0).expect("a day"),
                    ),
                )]),
            ),
            ("data before", [b"#!/bin/sh\n".as_slice(), &whole].concat()),
            ("data behind", [&whole, b"more".as_slice()].concat()),
            ("cut off", whole[..whole.len() - 1].to_vec()),
            ("two of a name", two_of_a_name),
            ("a link", linked),
            (
                "many",
                packed(
                    &(0..40).map(|n| Member { name: n.to_string(), bytes: Vec::new() }).collect::<Vec<_>>(),
                )
                .expect("memory"),
            ),
        ];
        for (what, bytes) in rows {
            assert!(unpacked(&bytes).is_err(), "{what}");
        }
        // A bit anywhere but in a file's content and its check sum, or in either alone.
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x10;
            let same = unpacked(&damaged).is_ok_and(|read| read == files());
            assert!(!same, "byte {at}");
        }
    }
}
