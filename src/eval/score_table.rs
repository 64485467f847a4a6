//! A table of scored pairs: who was compared with whom, whether they are one person, and how far
//! apart their faces lie. Tab-separated, with a header; read line by line.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead};

/// Why a table cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScoreTableError {
    /// It cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A line is not what it should be.
    #[error("line {line}: {detail}")]
    Form {
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        detail: String,
    },
}

/// A pair that was compared, or not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoredPair {
    /// The two people, by index; the same for a genuine pair.
    pub subjects: [u32; 2],
    /// The group, by index into [`ScoreTable::groups`].
    pub group: u32,
    /// The distance; `None` where a photo gave no face.
    pub distance: Option<f64>,
}

impl ScoredPair {
    /// Whether both photos show one person.
    pub fn is_genuine(&self) -> bool {
        self.subjects[0] == self.subjects[1]
    }
}

/// A whole table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ScoreTable {
    /// Every pair.
    pub pairs: Vec<ScoredPair>,
    /// The names of the groups; one without a name where the table has no groups.
    pub groups: Vec<String>,
    /// How many people there are.
    pub subjects: usize,
    /// How many samples (photos, or sets of frames) there are.
    pub samples: usize,
    /// How many of them gave no face.
    pub failed_samples: usize,
    /// The model that made the distances, where the table names it.
    pub model: Option<String>,
}

/// The columns of a table.
struct Columns {
    reference: usize,
    probe: usize,
    genuine: usize,
    group: Option<usize>,
    distance: usize,
    status: Option<usize>,
    model: Option<usize>,
    count: usize,
}

impl Columns {
    fn of(header: &str) -> Result<Self, ScoreTableError> {
        let names: Vec<&str> = header.trim_start_matches('\u{feff}').split('\t').collect();
        let of = |known: &[&str]| names.iter().position(|name| known.contains(name));
        let needed = |known: &[&str]| {
            let detail = format!("no column `{}`", known[0]);
            of(known).ok_or(ScoreTableError::Form { line: 1, detail })
        };
        Ok(Self {
            reference: needed(&["reference", "a"])?,
            probe: needed(&["probe", "b"])?,
            genuine: needed(&["genuine"])?,
            group: of(&["group"]),
            distance: needed(&["distance"])?,
            status: of(&["status"]),
            model: of(&["model"]),
            count: names.len(),
        })
    }
}

impl ScoreTable {
    /// Reads a table with the columns `reference`, `probe` (or `a`, `b`), `genuine` (1 or 0),
    /// `distance` (empty where there is none) and, where wanted, `group`, `status` and `model`.
    ///
    /// The people follow from the genuine pairs: photos that these join are of one person.
    ///
    /// # Errors
    /// When it cannot be read, lacks a column, has a value that is none, mixes models, or calls two
    /// photos different people that its genuine pairs join.
    pub fn read(table: impl BufRead) -> Result<Self, ScoreTableError> {
        let mut lines = table.lines();
        let columns = Columns::of(&lines.next().transpose()?.unwrap_or_default())?;
        let mut people = People::default();
        let (mut read, mut failed) = (Vec::new(), BTreeSet::new());
        let (mut groups, mut models) = (Names::default(), BTreeSet::new());
        for (number, line) in (2..).zip(lines) {
            let line = line?;
            if line.is_empty() {
                continue;
            }
            let form = |detail: &str| ScoreTableError::Form { line: number, detail: detail.to_owned() };
            let cells: Vec<&str> = line.trim_end_matches('\r').split('\t').collect();
            if cells.len() != columns.count {
                return Err(form(&format!("{} columns, the header has {}", cells.len(), columns.count)));
            }
            let genuine = match cells[columns.genuine] {
                "1" => true,
                "0" => false,
                _ => return Err(form("`genuine` is 1 or 0")),
            };
            let distance = match cells[columns.distance] {
                "" => None,
                text => match text.parse::<f64>() {
                    Ok(distance) if (0.0..=2.0).contains(&distance) => Some(distance),
                    Ok(_) | Err(_) => return Err(form("`distance` is a number from 0 to 2, or empty")),
                },
            };
            let photos = [columns.reference, columns.probe].map(|column| people.photo(cells[column]));
            let status = columns.status.map_or("", |column| cells[column]);
            for (photo, role) in photos.into_iter().zip([["reference:", "a:"], ["probe:", "b:"]]) {
                if status.split(',').any(|part| role.iter().any(|role| part.starts_with(role))) {
                    failed.insert(photo);
                }
            }
            if genuine {
                people.join(photos[0], photos[1]);
            }
            models
                .extend(columns.model.map(|column| cells[column].to_owned()).filter(|name| !name.is_empty()));
            if models.len() > 1 {
                return Err(form("scores of two models in one table: their distances do not compare"));
            }
            let group = groups.index(columns.group.map_or("", |column| cells[column]));
            read.push((photos, genuine, group, distance, number));
        }
        let (of_photo, subjects) = people.numbered();
        let mut pairs = Vec::with_capacity(read.len());
        for (photos, genuine, group, distance, line) in read {
            let subjects = photos.map(|photo| of_photo[photo as usize]);
            if !genuine && subjects[0] == subjects[1] {
                let detail = "genuine pairs join these two photos, and here they are different people";
                return Err(ScoreTableError::Form { line, detail: detail.to_owned() });
            }
            pairs.push(ScoredPair { subjects, group, distance });
        }
        Ok(Self {
            pairs,
            groups: groups.names,
            subjects,
            samples: of_photo.len(),
            failed_samples: failed.len(),
            model: models.pop_first(),
        })
    }
}

/// Names and their indices in the order of their first use.
#[derive(Default)]
struct Names {
    names: Vec<String>,
    index: BTreeMap<String, u32>,
}

impl Names {
    fn index(&mut self, name: &str) -> u32 {
        if let Some(index) = self.index.get(name) {
            return *index;
        }
        let index = self.names.len() as u32;
        self.names.push(name.to_owned());
        self.index.insert(name.to_owned(), index);
        index
    }
}

/// Photos joined to people (union by halving paths).
#[derive(Default)]
struct People {
    photos: Names,
    parent: Vec<u32>,
}

impl People {
    fn photo(&mut self, name: &str) -> u32 {
        let index = self.photos.index(name);
        if index as usize == self.parent.len() {
            self.parent.push(index);
        }
        index
    }

    fn root(&mut self, mut photo: u32) -> u32 {
        while self.parent[photo as usize] != photo {
            let above = self.parent[self.parent[photo as usize] as usize];
            self.parent[photo as usize] = above;
            photo = above;
        }
        photo
    }

    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        self.parent[a.max(b) as usize] = a.min(b);
    }

    /// The person of each photo, counted from 0, and how many there are.
    fn numbered(mut self) -> (Vec<u32>, usize) {
        let mut people = BTreeMap::new();
        let photos = 0..self.parent.len() as u32;
        let of_photo = photos
            .map(|photo| {
                let next = people.len() as u32;
                *people.entry(self.root(photo)).or_insert(next)
            })
            .collect();
        (of_photo, people.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_follow_from_genuine_pairs() {
        let text = "reference\tprobe\tgenuine\tgroup\tdistance\tstatus\tmodel\n\
                    a1\ta2\t1\tx\t0.1\tok\tm\n\
                    a2\ta3\t1\tx\t\tprobe:no_face\tm\n\
                    a1\tb1\t0\ty\t0.9\tok\tm\r\n";
        let table = ScoreTable::read(text.as_bytes()).expect("a table");
        assert_eq!((table.subjects, table.samples, table.failed_samples), (2, 4, 1));
        assert_eq!(table.groups, ["x", "y"]);
        assert_eq!(table.model.as_deref(), Some("m"));
        let genuine: Vec<bool> = table.pairs.iter().map(ScoredPair::is_genuine).collect();
        assert_eq!(genuine, [true, true, false]);
        assert_eq!(table.pairs[1].distance, None);
    }

    #[test]
    fn what_is_no_table_is_refused() {
        for (text, says) in [
            ("a\tb\tdistance\n", "no column `genuine`"),
            ("a\tb\tgenuine\tdistance\nx\ty\t1\n", "line 2: 3 columns"),
            ("a\tb\tgenuine\tdistance\nx\ty\tyes\t0.1\n", "1 or 0"),
            ("a\tb\tgenuine\tdistance\nx\ty\t1\tNaN\n", "0 to 2"),
            ("a\tb\tgenuine\tdistance\nx\ty\t1\t0.1\ny\tx\t0\t0.1\n", "line 3: genuine pairs join"),
            ("a\tb\tgenuine\tdistance\tmodel\nx\ty\t1\t0.1\tm\ny\tz\t0\t0.1\tn\n", "two models"),
        ] {
            let error = ScoreTable::read(text.as_bytes()).expect_err(says).to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
