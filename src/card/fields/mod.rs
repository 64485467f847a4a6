//! What the card says: fields read from the rectified card, each with its confidence.
//!
//! The number, the birth date and the validity are read by our own digit reader (`digits`), for a
//! tenth of what general text recognition costs; that (`text`) reads names and the rest, and is
//! asked again where the digit reader is unsure. `number` and `dates` hold the rules by which what
//! was read is checked and, in one doubtful character, put right; `facts` turns fields into the
//! numbers that a policy decides by.
//!
//! Field values are personal data: whatever shows them by default shows them masked.
//!
//! Cost on one core: [`FieldsWanted::Decision`] about 12 ms for the portrait side and 1 ms for the
//! emblem side; [`FieldsWanted::All`] about 60 and 20 ms, nearly all of it text recognition.

mod ctc;
mod dates;
mod digits;
mod facts;
mod field;
mod guess;
mod line;
mod number;
mod read;
mod text;

use super::CardError;
use crate::inference::Network;

pub use dates::Validity;
pub use facts::{EmblemFacts, FOR_EVER_DAYS, PortraitFacts};
pub use field::{BirthDateField, EmblemFields, Field, NumberField, PortraitFields, Reader, ValidityField};
pub use guess::{Repair, RepairedBy};
pub use read::{emblem_fields, portrait_fields};
pub use text::{Dictionary, TextReader};

/// The networks that one thread needs to read cards.
pub struct FieldReaders {
    /// Our digit reader: 1 x 1 x 32 x 320 grey, 0 to 1, to logits 1 x frames x 16, the blank first,
    /// then `0123456789X.-长期`.
    pub digits: Box<dyn Network>,
    /// General text recognition.
    pub text: TextReader,
}

/// Which fields are worth their time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldsWanted {
    /// Those that a decision rests on: number, birth date, name and sex; validity.
    Decision,
    /// All of them: also ethnicity, address and issuing authority.
    All,
}

#[cfg(test)]
impl FieldReaders {
    /// Readers that answer nothing, for tests of what comes before them.
    pub(crate) fn silent() -> Self {
        use ndarray::ArrayViewD;

        use crate::inference::FakeNetwork;
        let silent = || Box::new(FakeNetwork(|_: ArrayViewD<'_, f32>| Vec::new()));
        Self { digits: silent(), text: TextReader::new(silent(), Dictionary::parse("a")) }
    }
}
