//! SHA-256 digests: of bytes and of files, read from hex and shown as hex.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::{Deserialize, Deserializer, de};
use sha2::Digest;

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sha256([u8; 32]);

impl Sha256 {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// The digest of a file's contents, read in pieces.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn of_file(path: &Path) -> io::Result<Self> {
        const PIECE_BYTES: usize = 1 << 17;
        let mut file = File::open(path)?;
        let mut hasher = sha2::Sha256::new();
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            match file.read(&mut piece)? {
                0 => return Ok(Self(hasher.finalize().into())),
                read => hasher.update(&piece[..read]),
            }
        }
    }

    /// The first 16 hex digits, for file names.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string()[..16].to_owned()
    }

    fn parse(text: &str) -> Option<Self> {
        if text.len() != 64 || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        let mut digest = [0; 32];
        for (byte, pair) in digest.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).ok()?;
            *byte = u8::from_str_radix(pair, 16).ok()?;
        }
        Some(Self(digest))
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sha256({self})")
    }
}

impl<'de> Deserialize<'de> for Sha256 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| de::Error::custom(format!("`{text}` is not 64 lower-case hex digits")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn of_nothing_is_the_known_digest() {
        assert_eq!(Sha256::of(b"").to_string(), EMPTY);
        assert_eq!(Sha256::parse(EMPTY), Some(Sha256::of(b"")));
        assert_eq!(Sha256::of(b"").short(), &EMPTY[..16]);
    }

    #[test]
    fn refuses_what_is_not_a_digest() {
        for text in ["", "e3b0", &EMPTY.to_uppercase(), &format!("{EMPTY}0"), &"é".repeat(32)] {
            assert_eq!(Sha256::parse(text), None, "{text}");
        }
    }

    #[test]
    fn of_a_file_is_the_digest_of_its_bytes() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let bytes = vec![7; 300_000];
        std::fs::write(file.path(), &bytes).unwrap();
        assert_eq!(Sha256::of_file(file.path()).unwrap(), Sha256::of(&bytes));
    }
}
