//! Writes a file so that there is either all of it or what was there before.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// More links than this from one to the next are a circle; Linux stops at as many.
const LINKS_MAX: usize = 40;

/// More half-written files than this beside one are not what runs that ended early left.
const PARTIALS_MAX: usize = 1000;

/// Has `write` fill a new file beside `path`, which then takes its place and has the mode of the
/// file that was there. A link is followed and stays, a device or pipe is written to as it is.
///
/// # Errors
/// What `write` returned, or the file could not be made, written or renamed; `path` is then
/// untouched.
pub fn write_whole(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let before = fs::metadata(path).ok();
    if before.as_ref().is_some_and(|about| !about.is_file()) {
        let mut out = BufWriter::new(OpenOptions::new().write(true).open(path)?);
        write(&mut out)?;
        return out.flush();
    }
    let path = resolved(path)?;
    let (file, beside) = new_beside(&path, before.as_ref())?;
    let filled = || {
        let mut out = BufWriter::new(file);
        write(&mut out)?;
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&beside, &path)
    };
    let written = filled();
    if written.is_err() {
        fs::remove_file(&beside).ok();
    }
    written
}

/// The file that a link stands for, be it there or not; any other path as it is.
fn resolved(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..LINKS_MAX {
        match fs::read_link(&path) {
            Ok(target) => path = path.parent().unwrap_or(Path::new("")).join(target),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many links"))
}

/// A new file in the folder of `path`, under a name that nobody has, with the mode and, where that
/// is allowed, the owner of the file `before`.
fn new_beside(path: &Path, before: Option<&Metadata>) -> io::Result<(File, PathBuf)> {
    let name =
        path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "not a file name"))?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if before.is_some() {
        // Not open to others before it has the mode that says so.
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    let process = std::process::id();
    for n in 0..PARTIALS_MAX {
        let mut partial = name.to_owned();
        partial.push(format!(".{process}-{n}.partial"));
        let beside = path.with_file_name(partial);
        match options.open(&beside) {
            Ok(file) => {
                if let Some(before) = before
                    && let Err(error) = made_like(&file, before)
                {
                    fs::remove_file(&beside).ok();
                    return Err(error);
                }
                return Ok((file, beside));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "too many `.partial` files beside it; remove them"))
}

fn made_like(file: &File, before: &Metadata) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;

        let now = file.metadata()?;
        if (now.uid(), now.gid()) != (before.uid(), before.gid()) {
            // Only the superuser may give files away; for all others the mode is what counts.
            std::os::unix::fs::fchown(file, Some(before.uid()), Some(before.gid())).ok();
        }
    }
    file.set_permissions(before.permissions())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_half_way_leaves_what_was_there() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("out.txt");
        write_whole(&path, |out| out.write_all(b"before")).expect("space");
        let failed = write_whole(&path, |out| {
            out.write_all(b"half")?;
            Err(io::Error::other("no more"))
        });
        assert!(failed.is_err());
        assert_eq!(fs::read_to_string(&path).expect("a file"), "before");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_was_there_keeps_its_mode_and_its_links() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};

        let folder = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("elsewhere")).expect("a new folder");
        let target = at("elsewhere/target.txt");
        fs::write(&target, "before").expect("a new file");
        fs::set_permissions(&target, fs::Permissions::from_mode(0o600)).expect("our own file");
        symlink("elsewhere/target.txt", at("first")).expect("a new link");
        symlink("first", at("second")).expect("a new link");
        symlink("elsewhere/new.txt", at("third")).expect("a new link");
        for (link, target) in [("second", "elsewhere/target.txt"), ("third", "elsewhere/new.txt")] {
            write_whole(&at(link), |out| out.write_all(b"after")).expect("space");
            assert_eq!(fs::read_to_string(at(target)).expect("a file"), "after");
            assert!(at(link).is_symlink());
        }
        let mode = fs::metadata(&target).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{mode:o}");
    }

    #[test]
    fn what_is_called_partial_is_somebody_elses() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("out.txt");
        let other = folder.path().join("out.txt.partial");
        fs::write(&other, "notes").expect("a new file");
        write_whole(&path, |out| out.write_all(b"after")).expect("space");
        assert_eq!(fs::read_to_string(&other).expect("still there"), "notes");
    }
}
