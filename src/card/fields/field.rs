//! The fields of a card as values that hide what they say.

use std::fmt;

use super::dates::Validity;
use super::guess::Repair;
use crate::card::layout::Zone;
use crate::case::{Date, IdNumber, IdNumberError, masked_id_number, masked_name};
use crate::geometry::Rect;

/// Which reader a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// Our reader of digits.
    Digits,
    /// General text recognition.
    Text,
}

/// One field as it was read. Personal data: [`Debug`](fmt::Debug) and [`Display`](fmt::Display)
/// show it masked.
#[derive(Clone, PartialEq)]
pub struct Field {
    /// Which field.
    pub zone: Zone,
    /// Probability of its least certain character, 0 to 1, as the reader sees it.
    pub confidence: f32,
    /// Who read it.
    pub reader: Reader,
    /// Where it stands, px of the rectified card.
    pub area: Rect,
    /// What it says.
    pub(super) value: String,
}

/// The citizen identity number.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberField {
    /// As it was read, after a repair.
    pub field: Field,
    /// The number, or what is wrong with what was read.
    pub number: Result<IdNumber, IdNumberError>,
    /// The character that was put right.
    pub repair: Option<Repair>,
}

/// The birth date.
#[derive(Clone, PartialEq)]
pub struct BirthDateField {
    /// As it was read.
    pub field: Field,
    /// The day; `None` where what was read names none.
    pub date: Option<Date>,
}

/// The days of validity.
#[derive(Clone, PartialEq)]
pub struct ValidityField {
    /// As it was read, after a repair.
    pub field: Field,
    /// The days; `None` where what was read names none.
    pub validity: Option<Validity>,
    /// The character that was put right.
    pub repair: Option<Repair>,
}

/// The fields of the portrait side; `None` for those that were not read or not asked for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PortraitFields {
    /// 姓名
    pub name: Option<Field>,
    /// 性别
    pub sex: Option<Field>,
    /// 民族
    pub ethnicity: Option<Field>,
    /// 出生
    pub birth_date: Option<BirthDateField>,
    /// 住址, its lines joined.
    pub address: Option<Field>,
    /// 公民身份号码
    pub number: Option<NumberField>,
}

/// The fields of the emblem side; `None` for those that were not read or not asked for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EmblemFields {
    /// 签发机关
    pub authority: Option<Field>,
    /// 有效期限
    pub validity: Option<ValidityField>,
}

impl Field {
    /// What the field says. Not for logs, and for people only where they ask for it.
    pub fn unmasked(&self) -> &str {
        &self.value
    }

    /// What the field says with most of it hidden: of a name the first character, of a number the
    /// region and the last two characters, of anything else nothing but its length.
    pub fn masked(&self) -> String {
        match self.zone {
            Zone::Name => masked_name(&self.value),
            Zone::Number => masked_id_number(&self.value),
            Zone::Portrait
            | Zone::Sex
            | Zone::Ethnicity
            | Zone::BirthDate
            | Zone::Address
            | Zone::Emblem
            | Zone::Title
            | Zone::Authority
            | Zone::Validity => self.value.chars().map(|_| '*').collect(),
        }
    }
}

impl PortraitFields {
    /// Those that were read, as they stand on the card.
    pub fn read(&self) -> impl Iterator<Item = &Field> {
        let birth = self.birth_date.as_ref().map(|it| &it.field);
        let number = self.number.as_ref().map(|it| &it.field);
        let [name, sex, ethnicity, address] =
            [&self.name, &self.sex, &self.ethnicity, &self.address].map(Option::as_ref);
        [name, sex, ethnicity, birth, address, number].into_iter().flatten()
    }
}

impl EmblemFields {
    /// Those that were read, as they stand on the card.
    pub fn read(&self) -> impl Iterator<Item = &Field> {
        let validity = self.validity.as_ref().map(|it| &it.field);
        self.authority.as_ref().into_iter().chain(validity)
    }
}

/// Masked.
impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { zone, confidence, reader, .. } = self;
        write!(f, "Field({} {self}, {confidence:.2} by {reader:?})", zone.id())
    }
}

impl fmt::Debug for BirthDateField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = if self.date.is_some() { "a day" } else { "no day" };
        write!(f, "BirthDateField({:?}, {day})", self.field)
    }
}

impl fmt::Debug for ValidityField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = if self.validity.is_some() { "days" } else { "no days" };
        write!(f, "ValidityField({:?}, {days}, {:?})", self.field, self.repair)
    }
}

/// A field for tests, sure of what it says.
#[cfg(test)]
pub(super) fn field(zone: Zone, value: &str) -> Field {
    Field { zone, confidence: 0.99, reader: Reader::Text, area: zone.px(), value: value.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_shows_a_value_unless_asked() {
        let number = "999999198002290019";
        let day = Date::new(1980, 2, 29);
        let fields = PortraitFields {
            name: Some(field(Zone::Name, "张样本")),
            sex: Some(field(Zone::Sex, "男")),
            ethnicity: Some(field(Zone::Ethnicity, "汉")),
            birth_date: Some(BirthDateField { field: field(Zone::BirthDate, "1980-02-29"), date: day }),
            address: Some(field(Zone::Address, "样本省样本市样本区")),
            number: Some(NumberField {
                field: field(Zone::Number, number),
                number: IdNumber::parse(number),
                repair: None,
            }),
        };
        let from = Date::new(2020, 3, 1).expect("a day");
        let back = EmblemFields {
            authority: Some(field(Zone::Authority, "样本市公安局")),
            validity: Some(ValidityField {
                field: field(Zone::Validity, "2020.03.01-长期"),
                validity: Some(Validity { from, to: None }),
                repair: None,
            }),
        };
        let shown = format!("{fields:?} {back:?}");
        for hidden in ["样", "男", "汉", "1980", "0229", "2020", "长期", "公安"] {
            assert!(!shown.contains(hidden), "{hidden}: {shown}");
        }
        assert!(shown.contains("name 张**") && shown.contains("999999**********19"), "{shown}");
        assert_eq!(fields.read().count(), 6);
        assert_eq!(back.read().map(Field::unmasked).last(), Some("2020.03.01-长期"));
    }
}
