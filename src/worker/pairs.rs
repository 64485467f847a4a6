//! A list of pairs of photos and the distance between their faces.
//!
//! Knows neither models nor pixels: what turns a photo into a face is handed in, and is called
//! once for each photo, however often the photo appears. Held in memory: the faces, not the photos.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use super::ordered::{Panicked, for_each_in_order};
use super::plain_file::open_plain;
use crate::evidence::Reason;

/// A line longer than this is not two paths and a few labels.
const LINE_BYTES_MAX: u64 = 1 << 16;

/// What some programs begin a text file with.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Why a list of pairs cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PairsError {
    /// It could not be read.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The list.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// It is not a table with the columns `a` and `b`.
    #[error("{path}, line {line}: {detail}", path = path.display())]
    Form {
        /// The list.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        detail: String,
    },
}

/// A table of tab-separated values whose header names the columns `a` and `b`: paths of photos,
/// relative to the table's folder. Other columns are carried along.
#[derive(Debug)]
pub struct PairList {
    path: PathBuf,
    header: Vec<String>,
    a: usize,
    b: usize,
    photos: Vec<PathBuf>,
    index: HashMap<String, usize>,
    pairs: usize,
}

/// A photo's face, or why there is none.
pub type Face<V> = Result<V, NoFace>;

/// Why a photo has no face to compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoFace {
    /// In one word: `no_face`, `truncated`, `not_found`, ...
    pub status: String,
    /// What went wrong, where that lies with the machine and not with the photo.
    pub error: Option<String>,
}

/// How many pairs were written, and how many of them have a distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// All pairs.
    pub pairs: usize,
    /// Pairs with a distance.
    pub compared: usize,
}

impl PairList {
    /// Reads the table for the photos in it; [`write`](Self::write) reads it a second time, so that
    /// only the photos are held in memory.
    ///
    /// # Errors
    /// It cannot be read, is a pipe or device, has a line without end, no columns `a` and `b`, has a column that is to be written, or a
    /// row with another number of columns.
    pub fn open(path: &Path) -> Result<Self, PairsError> {
        let form = |line, detail: String| PairsError::Form { path: path.to_owned(), line, detail };
        let mut lines = lines(path)?;
        let (_, header) = lines.next().transpose()?.unwrap_or_default();
        let header: Vec<String> = header.split('\t').map(str::to_owned).collect();
        let column = |name: &str| header.iter().position(|column| column == name);
        let needed =
            |name: &str| column(name).ok_or_else(|| form(1, format!("no column `{name}` in the header")));
        let (a, b) = (needed("a")?, needed("b")?);
        for name in ["distance", "status"] {
            if column(name).is_some() {
                return Err(form(1, format!("column `{name}` is what is to be written")));
            }
        }
        let mut list =
            Self { path: path.to_owned(), header, a, b, photos: Vec::new(), index: HashMap::new(), pairs: 0 };
        let folder = path.parent().unwrap_or(Path::new("."));
        for line in lines {
            let (number, line) = line?;
            let cells: Vec<&str> = line.split('\t').collect();
            if cells.len() != list.header.len() {
                let detail = format!("{} columns, the header has {}", cells.len(), list.header.len());
                return Err(form(number, detail));
            }
            for cell in [cells[a], cells[b]] {
                if !list.index.contains_key(cell) {
                    list.index.insert(cell.to_owned(), list.photos.len());
                    list.photos.push(folder.join(cell));
                }
            }
            list.pairs += 1;
        }
        Ok(list)
    }

    /// The photos, each once, in the order in which they first appear.
    pub fn photos(&self) -> &[PathBuf] {
        &self.photos
    }

    /// How many pairs there are.
    pub fn pairs(&self) -> usize {
        self.pairs
    }

    /// Every photo's face, in the order of [`photos`](Self::photos). `tell` is called after each
    /// one. `None` when `stop` was set before the last.
    ///
    /// # Errors
    /// No thread could be started, or `tell` failed.
    pub fn faces<V: Send>(
        &self,
        workers: NonZeroUsize,
        stop: &AtomicBool,
        face: impl Fn(&Path) -> Face<V> + Sync,
        mut tell: impl FnMut(&Path, &Face<V>) -> io::Result<()>,
    ) -> io::Result<Option<Vec<Face<V>>>> {
        let mut faces = Vec::with_capacity(self.photos.len());
        let work = |path: &PathBuf| face(path);
        let sink = |path: &PathBuf, result: Result<Face<V>, Panicked>| -> io::Result<()> {
            let face: Face<V> = match result {
                Ok(face) => face,
                Err(panicked) => {
                    Err(NoFace { status: "error".to_owned(), error: Some(panicked.to_string()) })
                }
            };
            tell(path, &face)?;
            faces.push(face);
            Ok(())
        };
        let done = for_each_in_order(&self.photos, workers, stop, work, sink)?;
        Ok((done == self.photos.len()).then_some(faces))
    }

    /// Writes the table again with the columns `distance` and `status`: `ok`, or what stands in
    /// the way, as `a:no_face`, `b:truncated` or both with a comma between.
    ///
    /// # Errors
    /// The table cannot be read again or was changed in between, or `out` fails.
    pub fn write<V>(
        &self,
        faces: &[Face<V>],
        distance: impl Fn(&V, &V) -> Option<f64>,
        out: &mut dyn Write,
    ) -> io::Result<Written> {
        let mut written = Written { pairs: 0, compared: 0 };
        writeln!(out, "{}\tdistance\tstatus", self.header.join("\t"))?;
        for line in lines(&self.path).map_err(io::Error::other)?.skip(1) {
            let (_, line) = line.map_err(io::Error::other)?;
            let cells: Vec<&str> = line.split('\t').collect();
            let face = |column: usize| {
                let index = cells.get(column).and_then(|cell| self.index.get(*cell));
                index.and_then(|index| faces.get(*index))
            };
            let (Some(a), Some(b)) = (face(self.a), face(self.b)) else {
                return Err(self.changed());
            };
            written.pairs += 1;
            match (a, b) {
                (Ok(a), Ok(b)) => match distance(a, b) {
                    Some(distance) => {
                        written.compared += 1;
                        writeln!(out, "{line}\t{distance:.6}\tok")?;
                    }
                    None => writeln!(out, "{line}\t\t{}", Reason::NotFinite)?,
                },
                (a, b) => {
                    let why = |name: &str, face: &Face<V>| {
                        face.as_ref().err().map(|why| format!("{name}:{}", why.status))
                    };
                    let status: Vec<String> = [why("a", a), why("b", b)].into_iter().flatten().collect();
                    writeln!(out, "{line}\t\t{}", status.join(","))?;
                }
            }
        }
        // A shorter table is a changed one, too: what is written must be what was asked for.
        if written.pairs != self.pairs {
            return Err(self.changed());
        }
        Ok(written)
    }

    fn changed(&self) -> io::Error {
        io::Error::other(format!("{} was changed during the run", self.path.display()))
    }
}

/// The lines of the table with their numbers, empty ones left out.
fn lines(path: &Path) -> Result<impl Iterator<Item = Result<(usize, String), PairsError>>, PairsError> {
    let failed = |source| PairsError::Io { path: path.to_owned(), source };
    let mut table = BufReader::new(open_plain(path).map_err(failed)?);
    let lines = (1..).map_while(move |number| {
        let form = |detail: String| PairsError::Form { path: path.to_owned(), line: number, detail };
        let mut bytes = Vec::new();
        match table.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut bytes) {
            Ok(0) => return None,
            Ok(_) => {}
            Err(source) => return Some(Err(failed(source))),
        }
        if bytes.pop_if(|byte| *byte == b'\n').is_some() {
            bytes.pop_if(|byte| *byte == b'\r');
        } else if bytes.len() as u64 == LINE_BYTES_MAX {
            return Some(Err(form(format!("longer than {LINE_BYTES_MAX} bytes"))));
        }
        Some(match String::from_utf8(bytes) {
            Ok(line) if number == 1 => Ok((1, line.trim_start_matches(BYTE_ORDER_MARK).to_owned())),
            Ok(line) => Ok((number, line)),
            Err(error) => Err(form(error.to_string())),
        })
    });
    Ok(lines.filter(|line| !matches!(line, Ok((_, text)) if text.is_empty())))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn table(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("pairs.tsv");
        fs::write(&path, text).expect("a new file");
        (folder, path)
    }

    #[test]
    fn a_photo_is_embedded_once_and_the_order_is_that_of_the_table() {
        let (_folder, path) =
            table("b\tlabel\ta\r\n2.jpg\tsame\t1.jpg\n\n1.jpg\tx\tnone.jpg\nbad.jpg\ty\tnone.jpg\n");
        let list = PairList::open(&path).expect("a table");
        assert_eq!((list.photos().len(), list.pairs()), (4, 3));
        let calls = AtomicUsize::new(0);
        let face = |path: &Path| {
            calls.fetch_add(1, Ordering::Relaxed);
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let none = |status: &str| NoFace { status: status.to_owned(), error: None };
            match stem.as_str() {
                "none" => Err(none("no_face")),
                "bad" => Err(none("truncated")),
                number => Ok(number.parse::<f64>().expect("a number")),
            }
        };
        for workers in [1, 3] {
            let workers = NonZeroUsize::new(workers).expect("not zero");
            let faces = list.faces(workers, &AtomicBool::new(false), face, |_, _| Ok(()));
            let faces = faces.expect("nothing fails").expect("no stop");
            let mut out = Vec::new();
            let written = list.write(&faces, |a, b| Some((a - b).abs()), &mut out).expect("space");
            assert_eq!(written, Written { pairs: 3, compared: 1 });
            let expected = "b\tlabel\ta\tdistance\tstatus\n2.jpg\tsame\t1.jpg\t1.000000\tok\n\
                            1.jpg\tx\tnone.jpg\t\ta:no_face\nbad.jpg\ty\tnone.jpg\t\ta:no_face,b:truncated\n";
            assert_eq!(String::from_utf8(out).expect("text"), expected);
        }
        assert_eq!(calls.load(Ordering::Relaxed), 8);
    }

    #[test]
    fn a_table_of_another_form_is_refused() {
        for (text, expected) in [
            ("", "no column `a`"),
            ("a\tc\n", "no column `b`"),
            ("a\tb\tstatus\n", "column `status`"),
            ("a\tb\n1.jpg\n", "line 2: 1 columns"),
        ] {
            let (_folder, path) = table(text);
            let refused = PairList::open(&path).expect_err(expected).to_string();
            assert!(refused.contains(expected), "{refused}");
        }
    }

    #[test]
    fn a_table_that_was_changed_in_between_is_not_written_as_if_it_were_whole() {
        let whole = "a\tb\n1.jpg\t2.jpg\n2.jpg\t1.jpg\n";
        let (_folder, path) = table(whole);
        let list = PairList::open(&path).expect("a table");
        let faces: Vec<Face<()>> = vec![Ok(()), Ok(())];
        let longer = format!("{whole}1.jpg\t1.jpg\n");
        for changed in ["", "a\tb\n1.jpg\t2.jpg\n", "a\tb\n1.jpg\t3.jpg\n", &longer] {
            fs::write(&path, changed).expect("a file");
            let refused = list.write(&faces, |(), ()| Some(0.0), &mut Vec::new());
            let refused = refused.expect_err(changed).to_string();
            assert!(refused.contains("was changed"), "{changed}: {refused}");
        }
    }
}
