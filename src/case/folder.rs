//! Reads a case from a folder, with or without a `case.json`.
//!
//! Reads bytes and names only; whether a photo is any good is for the checks to say. A photo that
//! was never sent is missing from the case; a photo that the case names and that cannot be read
//! is an error, because that is not the sender's doing.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::{
    CASE_SCHEMA, CHALLENGE_MAX, Case, CaseDocument, ChallengeAction, Claims, Date, DateError, Method,
    SELFIES_MAX, Sample, SampleRole,
};

/// Some editors begin a file with this.
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// A `case.json` larger than this is refused unread.
const CASE_JSON_BYTES_MAX: u64 = 1 << 20;

/// Why a case could not be read. Not a judgement on its photos.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// A file or folder could not be read.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// `case.json` does not have the form it must have.
    #[error("{path}: {detail}; `realname schema case` prints the form", path = path.display())]
    Form {
        /// The `case.json`.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// Two files claim to be the same photo.
    #[error("{path}: both {first} and {second} would be the {role} photo; keep one or write a case.json", path = path.display())]
    Ambiguous {
        /// The case folder.
        path: PathBuf,
        /// The role that both would play.
        role: SampleRole,
        /// One file name.
        first: String,
        /// The other file name.
        second: String,
    },
    /// The folder holds neither a `case.json` nor a photo.
    #[error("{path}: neither a case.json nor files named front.*, back.* or selfie*.*", path = path.display())]
    NoCase {
        /// The folder.
        path: PathBuf,
    },
}

/// Where the photos of a case lie, before any of them is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PhotoPaths {
    /// The card's portrait side.
    pub front: Option<PathBuf>,
    /// The card's emblem side.
    pub back: Option<PathBuf>,
    /// The selfie frames in order.
    pub selfies: Vec<PathBuf>,
}

/// A case whose photos are named but not yet read: small, so that many can wait in a list.
#[derive(Debug, Clone)]
pub struct CaseFolder {
    /// The submitter's name for the case, or the folder's name.
    pub case_id: String,
    /// How the user proves who they are.
    pub method: Method,
    /// What the user typed.
    pub claims: Claims,
    /// Where the photos lie.
    pub photos: PhotoPaths,
    /// What the user was asked to do in the selfie frames, in this order.
    pub challenge: Vec<ChallengeAction>,
    /// The day on which to judge.
    pub decided_on: Option<Date>,
}

impl CaseFolder {
    /// Opens a case folder, or the `case.json` in it, without reading the photos.
    ///
    /// Without a `case.json` the photos are found by name: `front.*`, `back.*`, and every
    /// `selfie*.*` in the order of their names (`selfie-2` before `selfie-10`).
    ///
    /// # Errors
    /// The folder cannot be listed, `case.json` has another form or names a file outside the
    /// folder, or two files would be the same photo.
    pub fn open(path: &Path) -> Result<Self, CaseError> {
        let is_file = path.is_file();
        let folder = if is_file { path.parent().unwrap_or(Path::new(".")) } else { path };
        let document = if is_file { path.to_owned() } else { folder.join("case.json") };
        let named = is_file || is_there(&document)?;
        if named {
            return Self::from_document(folder, &document);
        }
        let photos = photos_by_name(folder)?;
        if photos == PhotoPaths::default() {
            return Err(CaseError::NoCase { path: folder.to_owned() });
        }
        Ok(Self {
            case_id: folder_name(folder)?,
            method: Method::IdCard,
            claims: Claims::default(),
            photos,
            challenge: Vec::new(),
            decided_on: None,
        })
    }

    fn from_document(folder: &Path, path: &Path) -> Result<Self, CaseError> {
        let refused = |detail: String| CaseError::Form { path: path.to_owned(), detail };
        let bytes = read_bounded(path, CASE_JSON_BYTES_MAX)?;
        if bytes.len() as u64 > CASE_JSON_BYTES_MAX {
            return Err(refused(format!("larger than {CASE_JSON_BYTES_MAX} bytes")));
        }
        let document: CaseDocument = serde_json::from_slice(bytes.strip_prefix(BOM).unwrap_or(&bytes))
            .map_err(|error| refused(without_values(&error)))?;
        if document.schema != CASE_SCHEMA {
            return Err(refused(format!("schema `{}` is not `{CASE_SCHEMA}`", document.schema)));
        }
        if document.selfies.len() > SELFIES_MAX {
            return Err(refused(format!("{} selfies; at most {SELFIES_MAX}", document.selfies.len())));
        }
        if document.challenge.len() > CHALLENGE_MAX {
            let asked = document.challenge.len();
            return Err(refused(format!("{asked} steps in the challenge; at most {CHALLENGE_MAX}")));
        }
        let case_id = match document.case_id {
            Some(case_id) if is_case_id(&case_id) => case_id,
            Some(_) => return Err(refused(format!("case_id {CASE_ID_RULE}"))),
            None => folder_name(folder)?,
        };
        let beside = |name: String| {
            let plain = Path::new(&name).file_name().is_some_and(|n| n == name.as_str());
            plain
                .then(|| folder.join(&name))
                .ok_or_else(|| refused("a photo must be a file name without a path".to_owned()))
        };
        let decided_on = document.decided_on.map(|text| text.parse());
        Ok(Self {
            case_id,
            method: document.method.into(),
            claims: document.claims.into(),
            photos: PhotoPaths {
                front: document.front.map(beside).transpose()?,
                back: document.back.map(beside).transpose()?,
                selfies: document.selfies.into_iter().map(beside).collect::<Result<_, _>>()?,
            },
            challenge: document.challenge.into_iter().map(ChallengeAction::from).collect(),
            decided_on: decided_on.transpose().map_err(|e: DateError| refused(e.to_string()))?,
        })
    }

    /// Reads the photos. At most `bytes_max` + 1 bytes of each are held, so that an oversized one
    /// is still seen to be so.
    ///
    /// # Errors
    /// A named photo cannot be read.
    pub fn read(&self, bytes_max: u64) -> Result<Case, CaseError> {
        Ok(Case {
            case_id: self.case_id.clone(),
            method: self.method,
            claims: self.claims.clone(),
            samples: read_photos(&self.photos, bytes_max)?,
            challenge: self.challenge.clone(),
            decided_on: self.decided_on,
        })
    }
}

/// Reads a case with its photos: [`CaseFolder::open`], then [`CaseFolder::read`].
///
/// # Errors
/// As those two.
pub fn read_case(path: &Path, bytes_max: u64) -> Result<Case, CaseError> {
    CaseFolder::open(path)?.read(bytes_max)
}

/// Reads the photos at `paths`, at most `bytes_max` + 1 bytes of each.
///
/// # Errors
/// A photo cannot be read, or is not a plain file.
pub fn read_photos(paths: &PhotoPaths, bytes_max: u64) -> Result<Vec<Sample>, CaseError> {
    let front = paths.front.iter().map(|p| (SampleRole::Front, p));
    let back = paths.back.iter().map(|p| (SampleRole::Back, p));
    let selfies = (1..=SELFIES_MAX as u8).map(SampleRole::Selfie).zip(&paths.selfies);
    front
        .chain(back)
        .chain(selfies)
        .map(|(role, path)| Ok(Sample { role, bytes: read_bounded(path, bytes_max)? }))
        .collect()
}

fn read_bounded(path: &Path, bytes_max: u64) -> Result<Vec<u8>, CaseError> {
    let failed = |source| CaseError::Io { path: path.to_owned(), source };
    let about = fs::metadata(path).map_err(failed)?;
    if !about.is_file() {
        return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, "not a plain file")));
    }
    let mut bytes = Vec::with_capacity(about.len().min(bytes_max).saturating_add(1) as usize);
    let file = File::open(path).map_err(failed)?;
    file.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// The photos of a folder by the names of its entries. What bears a photo's name is that photo,
/// even if it turns out not to be a file: then reading it says so.
fn photos_by_name(folder: &Path) -> Result<PhotoPaths, CaseError> {
    let failed = |source| CaseError::Io { path: folder.to_owned(), source };
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        entries.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
    }
    entries.sort();
    let mut photos = PhotoPaths::default();
    let mut selfies = BTreeMap::new();
    for (name, path) in entries {
        let Some((stem, ending)) = name.split_once('.') else { continue };
        if ending.ends_with('~') || ending.eq_ignore_ascii_case("json") {
            continue; // An editor's copy, or notes about the photos.
        }
        let stem = stem.to_ascii_lowercase();
        let (slot, role) = match stem.as_str() {
            "front" => (&mut photos.front, SampleRole::Front),
            "back" => (&mut photos.back, SampleRole::Back),
            _ if stem.starts_with("selfie") => {
                selfies.insert(natural_order(&name), path);
                continue;
            }
            _ => continue,
        };
        if let Some(first) = slot.replace(path) {
            let first = first.file_name().unwrap_or_default().to_string_lossy().into_owned();
            return Err(CaseError::Ambiguous { path: folder.to_owned(), role, first, second: name });
        }
    }
    if selfies.len() > SELFIES_MAX {
        let detail = format!("{} selfies; at most {SELFIES_MAX}", selfies.len());
        return Err(CaseError::Form { path: folder.to_owned(), detail });
    }
    photos.selfies = selfies.into_values().collect();
    Ok(photos)
}

/// Whether something of this name is there, be it only a link to nothing.
fn is_there(path: &Path) -> Result<bool, CaseError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(CaseError::Io { path: path.to_owned(), source }),
    }
}

/// The id of a case that gives none itself.
fn folder_name(folder: &Path) -> Result<String, CaseError> {
    let absolute = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let name = absolute.file_name().map_or(Some("case"), |name| name.to_str());
    let id = name.filter(|name| is_case_id(name)).map(str::to_owned);
    let detail = format!("the name of a folder without a case_id {CASE_ID_RULE}");
    id.ok_or_else(|| CaseError::Form { path: folder.to_owned(), detail })
}

/// What a case id has to be, after its name.
pub const CASE_ID_RULE: &str = "must have 1 to 128 bytes of UTF-8 and no control or invisible characters";

/// Whether a text may name a case: see [`CASE_ID_RULE`]. Characters that would let one id look like
/// another, or like another line, are refused.
pub fn is_case_id(text: &str) -> bool {
    let misleading = |c: char| {
        c.is_control()
            || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
    };
    (1..=128).contains(&text.len()) && !text.chars().any(misleading)
}

/// A parser's complaint without what it quotes from the file, which may be a name or a number.
pub(crate) fn without_values(error: &serde_json::Error) -> String {
    let told = error.to_string();
    let is_key = |key: &str| key.len() <= 32 && key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let unknown_key = told.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`'));
    let what = match error.classify() {
        serde_json::error::Category::Data => match unknown_key {
            Some((key, _)) if is_key(key) => format!("unknown field `{key}`"),
            _ if told.starts_with("missing field") || told.starts_with("duplicate field") => {
                told.split(" at line").next().unwrap_or_default().to_owned()
            }
            _ => "a value or key that does not belong there".to_owned(),
        },
        serde_json::error::Category::Eof => "the text ends too early".to_owned(),
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => "not JSON".to_owned(),
    };
    format!("{what} at line {}, column {}", error.line(), error.column())
}

/// Sorts `selfie-2` before `selfie-10`: the first run of digits counts as a number.
fn natural_order(name: &str) -> (u64, String) {
    let digits: String =
        name.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    (digits.parse().unwrap_or(0), name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (name, text) in files {
            fs::write(folder.path().join(name), text).expect("writing into it");
        }
        folder
    }

    #[test]
    fn photos_are_found_by_name_in_natural_order() {
        let folder = folder_with(&[
            ("Front.JPG", "f"),
            ("selfie10.jpg", "c"),
            ("selfie-2.png", "b"),
            ("selfie.jpg", "a"),
            ("notes.txt", ""),
        ]);
        let case = read_case(folder.path(), 10).expect("a case by name");
        let read: Vec<_> = case.samples.iter().map(|s| (s.role.to_string(), s.bytes.clone())).collect();
        let expected = [("front", b"f"), ("selfie-1", b"a"), ("selfie-2", b"b"), ("selfie-3", b"c")];
        assert_eq!(read, expected.map(|(r, b)| (r.to_owned(), b.to_vec())));
    }

    #[test]
    fn a_case_file_is_held_to_its_form() {
        let rows = [
            (r#"{"schema":"realname.case/2"}"#, "is not `realname.case/1`"),
            (r#"{"schema":"realname.case/1","fronts":"a.jpg"}"#, "unknown field"),
            (r#"{"schema":"realname.case/1","front":"../a.jpg"}"#, "without a path"),
            (r#"{"schema":"realname.case/1","front":"/etc/passwd"}"#, "without a path"),
            (r#"{"schema":"realname.case/1","case_id":""}"#, "case_id"),
            (r#"{"schema":"realname.case/1","decided_on":"2026-02-30"}"#, "not a date"),
            (r#"{"schema":"realname.case/1","method":"passport"}"#, "does not belong there"),
            (r#"{"schema":"realname.case/1","case_id":"a\u202Eb"}"#, "invisible"),
            (r#"{"schema":"realname.case/1","case_id":"a\nb"}"#, "control"),
            ("{", "ends too early"),
            ("front: a.jpg", "not JSON"),
        ];
        for (json, expected) in rows {
            let folder = folder_with(&[("case.json", json)]);
            let refused = read_case(folder.path(), 10).expect_err(json).to_string();
            assert!(refused.contains(expected), "{json}: {refused}");
        }
    }

    #[test]
    fn what_a_user_typed_is_never_quoted() {
        let secret = "999999199001011234";
        for claims in [
            format!("{{\"id_number\":{secret}}}"),
            format!("\"{secret}\""),
            format!("{{\"{secret}\":\"x\"}}"),
            format!("{{\"name\":[\"{secret}\"]}}"),
        ] {
            let json = format!("{{\"schema\":\"realname.case/1\",\"claims\":{claims}}}");
            let folder = folder_with(&[("case.json", &json)]);
            let refused = read_case(folder.path(), 10).expect_err(&json);
            assert!(!format!("{refused} {refused:?}").contains(secret), "{refused:?}");
        }
        let json = format!("{{\"schema\":\"realname.case/1\",\"front\":\"../{secret}.jpg\"}}");
        let folder = folder_with(&[("case.json", &json)]);
        let refused = read_case(folder.path(), 10).expect_err("a path");
        assert!(!refused.to_string().contains(secret), "{refused}");
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_text() {
        let folder = folder_with(&[("case.json", "\u{FEFF}{\"schema\":\"realname.case/1\"}")]);
        assert!(read_case(folder.path(), 10).is_ok());
    }

    #[test]
    #[cfg(unix)]
    fn what_bears_a_photos_name_and_is_no_file_is_an_error_not_a_missing_photo() {
        let make: [fn(&Path); 3] = [
            |path| fs::create_dir(path).expect("a folder"),
            |path| std::os::unix::fs::symlink("/nowhere/at/all", path).expect("a link"),
            |path| std::os::unix::fs::symlink(path, path).expect("a link"),
        ];
        for make in make {
            for name in ["front.jpg", "selfie.jpg", "case.json"] {
                let folder = folder_with(&[("back.jpg", "b")]);
                make(&folder.path().join(name));
                assert!(matches!(read_case(folder.path(), 10), Err(CaseError::Io { .. })), "{name}");
            }
        }
    }

    #[test]
    fn copies_and_notes_beside_the_photos_are_no_photos() {
        let folder = folder_with(&[("front.jpg", "1"), ("front.jpg~", "2"), ("selfies.json", "{}")]);
        assert_eq!(read_case(folder.path(), 10).expect("a case by name").samples.len(), 1);
    }

    #[test]
    fn a_named_photo_that_is_absent_is_an_error_not_a_missing_photo() {
        let folder = folder_with(&[("case.json", r#"{"schema":"realname.case/1","front":"front.jpg"}"#)]);
        assert!(matches!(read_case(folder.path(), 10), Err(CaseError::Io { .. })));
    }

    #[test]
    fn two_fronts_are_refused_and_an_oversized_photo_is_cut_just_past_the_limit() {
        let folder = folder_with(&[("front.jpg", "123456"), ("front.png", "1")]);
        assert!(matches!(read_case(folder.path(), 10), Err(CaseError::Ambiguous { .. })));
        let folder = folder_with(&[("front.jpg", "123456")]);
        let case = read_case(folder.path(), 3).expect("a case by name");
        assert_eq!(case.samples[0].bytes.len(), 4);
    }

    #[test]
    fn debug_shows_neither_names_nor_pixels() {
        let claims =
            Claims { name: Some("张三".to_owned()), id_number: Some("999999199001011234".to_owned()) };
        let shown = format!("{claims:?} {:?}", Sample { role: SampleRole::Front, bytes: vec![7; 3] });
        assert_eq!(shown, "Claims(name ***, id_number ***) Sample(front, 3 bytes)");
    }
}
