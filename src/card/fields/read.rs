//! Which reader reads what, and who decides where two of them differ.

use super::dates::{UNUSUAL_SPAN_CONFIDENCE, Validity, birth_date, settled_validity, validity_in_text};
use super::digits::{self, DigitLine};
use super::field::{BirthDateField, EmblemFields, Field, NumberField, PortraitFields, Reader, ValidityField};
use super::guess::Guess;
use super::number::{number_in_text, settled};
use super::text::Text;
use super::{CardError, FieldReaders, FieldsWanted, line};
use crate::card::layout::Zone;
use crate::case::{Date, IdNumber, Sex};
use crate::geometry::Rect;
use crate::imaging::Rgb;

/// A value of ours that keeps its rules is taken without a second opinion from this confidence on.
const SURE_OF_RIGHT: f32 = 0.90;

/// A value that breaks its rules is taken as printed so from this confidence on: then the card is
/// wrong and not the reader.
const SURE_OF_WRONG: f32 = 0.95;

/// A birth date of less confidence than this counts as not read: it may neither repair the number
/// nor speak against it.
const BIRTH_DATE_MIN: f32 = 0.80;

/// What is left of the better reading's confidence where the other reader reads another value that
/// keeps the rules too: less than the policy asks for, however sure that reading was.
const CONTRADICTED: f32 = 0.4;

/// The fields of an upright portrait side, 1012 x 638 px.
///
/// # Errors
/// The machine's fault only.
pub fn portrait_fields(
    card: &Rgb,
    readers: &mut FieldReaders,
    wanted: FieldsWanted,
) -> Result<PortraitFields, CardError> {
    let birth_guess = digits::read(card, DigitLine::BirthDate, readers.digits.as_mut())?;
    let mut birth = birth_guess.as_ref().and_then(birth_of_guess);
    let number = number(card, readers, birth.as_ref().and_then(|it| it.date))?;
    let in_number = number.as_ref().and_then(|it| it.number.ok()).map(|it| it.birth());
    let contradicts = birth.as_ref().is_some_and(|it| in_number.is_some() && it.date != in_number);
    if contradicts || (birth.is_none() && wanted == FieldsWanted::All) {
        birth = surer_birth(birth, birth_by_text(card, readers)?);
    }
    let name = text_field(card, readers, Zone::Name, |text| {
        text.trim_matches(|c: char| !c.is_alphabetic()).to_owned()
    })?;
    let sex = text_field(card, readers, Zone::Sex, |text| {
        text.chars().map(String::from).find(|c| Sex::of_print(c).is_some()).unwrap_or_default()
    })?;
    let mut fields = PortraitFields { name, sex, birth_date: birth, number, ..PortraitFields::default() };
    if wanted == FieldsWanted::All {
        fields.ethnicity = text_field(card, readers, Zone::Ethnicity, str::to_owned)?;
        fields.address = address(card, readers)?;
    }
    Ok(fields)
}

/// The fields of an upright emblem side, 1012 x 638 px.
///
/// # Errors
/// The machine's fault only.
pub fn emblem_fields(
    card: &Rgb,
    readers: &mut FieldReaders,
    wanted: FieldsWanted,
) -> Result<EmblemFields, CardError> {
    let validity = validity(card, readers)?;
    let authority = match wanted {
        FieldsWanted::Decision => None,
        FieldsWanted::All => text_field(card, readers, Zone::Authority, str::to_owned)?,
    };
    Ok(EmblemFields { authority, validity })
}

/// One line of text, `kept` of it; `None` where nothing is left.
fn text_field(
    card: &Rgb,
    readers: &mut FieldReaders,
    zone: Zone,
    kept: impl Fn(&str) -> String,
) -> Result<Option<Field>, CardError> {
    let Some(area) = line::line(card, &zone.px()) else { return Ok(None) };
    let text = readers.text.read(card, &area)?;
    let text = text.map(|text| Text { text: kept(&text.text), ..text });
    Ok(text.filter(|text| !text.text.is_empty()).map(|text| of_text(zone, area, text)))
}

fn of_text(zone: Zone, area: Rect, text: Text) -> Field {
    Field { zone, confidence: text.confidence, reader: Reader::Text, area, value: text.text }
}

/// The address, line after line.
fn address(card: &Rgb, readers: &mut FieldReaders) -> Result<Option<Field>, CardError> {
    let mut whole: Option<Field> = None;
    for area in line::lines(card, &Zone::Address.px()) {
        let Some(text) = readers.text.read(card, &area)? else { continue };
        let next = of_text(Zone::Address, area, text);
        whole = Some(match whole {
            None => next,
            Some(above) => Field {
                confidence: above.confidence.min(next.confidence),
                area: union(&above.area, &next.area),
                value: above.value + &next.value,
                ..next
            },
        });
    }
    Ok(whole)
}

fn birth_of_guess(guess: &Guess) -> Option<BirthDateField> {
    let date = birth_date(&guess.text)?;
    let field = of_digits(Zone::BirthDate, DigitLine::BirthDate, guess.confidence(), date.to_string());
    (field.confidence >= BIRTH_DATE_MIN).then_some(BirthDateField { field, date: Some(date) })
}

/// Ours, unless the other reader's is a date and surer: what it cannot read must not take back that
/// the number is contradicted.
fn surer_birth(ours: Option<BirthDateField>, theirs: Option<BirthDateField>) -> Option<BirthDateField> {
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => {
            let is_surer = theirs.date.is_some() && theirs.field.confidence > ours.field.confidence;
            Some(if is_surer { theirs } else { ours })
        }
        (ours, theirs) => ours.or(theirs),
    }
}

fn birth_by_text(card: &Rgb, readers: &mut FieldReaders) -> Result<Option<BirthDateField>, CardError> {
    let field = text_field(card, readers, Zone::BirthDate, str::to_owned)?;
    Ok(field.map(|field| {
        let date = birth_date(&field.value);
        let value = date.map_or(field.value, |date| date.to_string());
        BirthDateField { field: Field { value, ..field }, date }
    }))
}

fn of_digits(zone: Zone, line: DigitLine, confidence: f32, value: String) -> Field {
    Field { zone, confidence, reader: Reader::Digits, area: line.area(), value }
}

fn number(
    card: &Rgb,
    readers: &mut FieldReaders,
    birth: Option<Date>,
) -> Result<Option<NumberField>, CardError> {
    let guess = digits::read(card, DigitLine::Number, readers.digits.as_mut())?;
    let ours = guess.map(|guess| {
        let settled = settled(&guess, birth);
        let value = settled.number.map_or(guess.text, |number| number.unmasked().to_owned());
        let field = of_digits(Zone::Number, DigitLine::Number, settled.confidence, value);
        NumberField { field, number: settled.number, repair: settled.repair }
    });
    let is_right = |it: &NumberField| it.number.is_ok() && it.repair.is_none();
    if ours.as_ref().is_some_and(|it| is_settled(is_right(it), &it.field)) {
        return Ok(ours);
    }
    let theirs = text_field(card, readers, Zone::Number, |text| number_in_text(text).unwrap_or_default())?;
    let theirs =
        theirs.map(|field| NumberField { number: IdNumber::parse(&field.value), repair: None, field });
    let (ours, theirs) = match (ours, theirs) {
        (Some(ours), Some(theirs)) => (ours, theirs),
        (ours, theirs) => return Ok(ours.or(theirs)),
    };
    Ok(Some(match (ours.number, theirs.number) {
        (Ok(a), Ok(b)) if a == b => {
            let confidence = together(ours.field.confidence, theirs.field.confidence);
            NumberField { field: Field { confidence, ..ours.field }, repair: None, ..ours }
        }
        (Ok(_), Ok(_)) => {
            let mut better = if theirs.field.confidence > ours.field.confidence { theirs } else { ours };
            better.field.confidence *= CONTRADICTED;
            better
        }
        (Err(_), Ok(_)) => theirs,
        (Ok(_) | Err(_), Err(_)) => ours,
    }))
}

fn validity(card: &Rgb, readers: &mut FieldReaders) -> Result<Option<ValidityField>, CardError> {
    let mut read = validity_by_both(card, readers)?;
    if let Some(it) = read.as_mut().filter(|it| it.validity.is_some_and(|validity| !validity.is_usual())) {
        it.field.confidence = it.field.confidence.min(UNUSUAL_SPAN_CONFIDENCE);
    }
    Ok(read)
}

fn validity_by_both(card: &Rgb, readers: &mut FieldReaders) -> Result<Option<ValidityField>, CardError> {
    let guess = digits::read(card, DigitLine::Validity, readers.digits.as_mut())?;
    let ours = guess.map(|guess| {
        let settled = settled_validity(&guess);
        let value = settled.validity.map_or(guess.text, |validity| validity.to_string());
        let field = of_digits(Zone::Validity, DigitLine::Validity, settled.confidence, value);
        ValidityField { field, validity: settled.validity, repair: settled.repair }
    });
    let is_right = |it: &ValidityField| it.validity.is_some() && it.repair.is_none();
    if ours.as_ref().is_some_and(|it| is_settled(is_right(it), &it.field)) {
        return Ok(ours);
    }
    let theirs =
        text_field(card, readers, Zone::Validity, |text| validity_in_text(text).unwrap_or_default())?;
    let theirs =
        theirs.map(|field| ValidityField { validity: Validity::parse(&field.value), repair: None, field });
    let (ours, theirs) = match (ours, theirs) {
        (Some(ours), Some(theirs)) => (ours, theirs),
        (ours, theirs) => return Ok(ours.or(theirs)),
    };
    Ok(Some(match (ours.validity, theirs.validity) {
        (Some(a), Some(b)) if a == b => {
            let confidence = together(ours.field.confidence, theirs.field.confidence);
            ValidityField { field: Field { confidence, ..ours.field }, repair: None, ..ours }
        }
        (Some(a), Some(b)) => {
            // A card is printed with a usual span.
            let theirs_better = match (a.is_usual(), b.is_usual()) {
                (true, false) => false,
                (false, true) => true,
                (true, true) | (false, false) => theirs.field.confidence > ours.field.confidence,
            };
            let mut better = if theirs_better { theirs } else { ours };
            better.field.confidence *= CONTRADICTED;
            better
        }
        (None, Some(_)) => theirs,
        (Some(_) | None, None) => ours,
    }))
}

/// Whether no second opinion is needed on a value that keeps its rules or breaks them.
fn is_settled(is_right: bool, field: &Field) -> bool {
    field.confidence >= if is_right { SURE_OF_RIGHT } else { SURE_OF_WRONG }
}

/// Confidence in what two readers read alike.
fn together(a: f32, b: f32) -> f32 {
    1.0 - (1.0 - a) * (1.0 - b)
}

fn union(a: &Rect, b: &Rect) -> Rect {
    let (x, y) = (a.x.min(b.x), a.y.min(b.y));
    let width = (a.x + a.width).max(b.x + b.width) - x;
    let height = (a.y + a.height).max(b.y + b.height) - y;
    Rect { x, y, width, height }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_birth_date_that_the_second_reader_cannot_read_still_contradicts() {
        let day = "1980-02-29".parse::<Date>().expect("a day");
        let field = |confidence, date: Option<Date>| {
            let field = of_digits(Zone::BirthDate, DigitLine::BirthDate, confidence, String::new());
            Some(BirthDateField { field, date })
        };
        let date = |it: Option<BirthDateField>| it.and_then(|it| it.date);
        assert_eq!(date(surer_birth(field(0.9, Some(day)), field(0.99, None))), Some(day));
        assert_eq!(date(surer_birth(field(0.9, Some(day)), None)), Some(day));
        let other = "1990-02-28".parse::<Date>().expect("a day");
        assert_eq!(date(surer_birth(field(0.9, Some(day)), field(0.99, Some(other)))), Some(other));
        assert_eq!(date(surer_birth(field(0.99, Some(day)), field(0.9, Some(other)))), Some(day));
    }
}
