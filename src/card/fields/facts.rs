//! Fields as numbers that a policy can decide by, so that a stored assessment needs neither the
//! card nor the claims to be decided again, and holds neither.
//!
//! `None` is "not assessed": a field that was not read, a claim or date that was not given. Each
//! field of these types is a measure of the same name.

use super::field::{EmblemFields, PortraitFields};
use crate::case::{Claims, Date, Sex, differences, name_differences, normalised_id_number};

/// `days_until_valid_to` of 长期: the days of the calendar from 0001-01-01 to 9999-12-31. Finite,
/// so that it can be stored, and further away than any printed day.
pub const FOR_EVER_DAYS: f64 = 3_652_058.0;

/// The facts of the portrait side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PortraitFacts {
    /// Probability of the number's least certain character, 0 to 1; 0 where none was read.
    pub number_confidence: f64,
    /// 1 where what was read is a number: its birth date exists, its check character is right.
    pub number_valid: Option<f64>,
    /// 1 where one character of the number was put right.
    pub number_repaired: Option<f64>,
    /// How surely the printed birth date is not that of the number: its confidence where the two
    /// differ, 0 where they agree.
    pub number_birth_mismatch: Option<f64>,
    /// How surely the printed sex is not that of the number: its confidence where the two differ, 0
    /// where they agree.
    pub number_sex_mismatch: Option<f64>,
    /// Characters in which the number and the claimed one differ.
    pub number_claim_differences: Option<f64>,
    /// Probability of the name's least certain character, 0 to 1; 0 where none was read.
    pub name_confidence: f64,
    /// Characters in which the name and the claimed one differ after normalisation.
    pub name_claim_differences: Option<f64>,
    /// Years completed on the day of the decision, by the number's birth date. A birth after that
    /// day is no age: not assessed.
    pub age_years: Option<f64>,
}

/// The facts of the emblem side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EmblemFacts {
    /// Probability of the validity's least certain character, 0 to 1; 0 where none was read or what
    /// was read is none.
    pub validity_confidence: f64,
    /// Days from the first day of validity to the day of the decision; negative before it.
    pub days_since_valid_from: Option<f64>,
    /// Days from the day of the decision to the last day of validity: 0 on that day, negative after
    /// it, [`FOR_EVER_DAYS`] for 长期.
    pub days_until_valid_to: Option<f64>,
}

impl PortraitFacts {
    /// What the fields say about the claims on a day.
    pub fn of(fields: &PortraitFields, claims: &Claims, decided_on: Option<Date>) -> Self {
        let flag = |yes: bool| f64::from(u8::from(yes));
        let confidence = |read: Option<f32>| f64::from(read.unwrap_or(0.0));
        let read = fields.number.as_ref();
        let number = read.and_then(|it| it.number.ok());
        let printed_birth = fields.birth_date.as_ref().and_then(|it| Some((it.date?, it.field.confidence)));
        let printed_sex =
            fields.sex.as_ref().and_then(|it| Some((Sex::of_print(it.unmasked())?, it.confidence)));
        let surely = |differs: bool, sure: f32| if differs { f64::from(sure) } else { 0.0 };
        let number_differences = |claim: &str| {
            read.map(|it| differences(it.field.unmasked(), &normalised_id_number(claim)) as f64)
        };
        let name_differences =
            |claim: &str| fields.name.as_ref().map(|name| name_differences(name.unmasked(), claim) as f64);
        let age = |birth: Date| decided_on.and_then(|day| day.years_since(birth));
        Self {
            number_confidence: confidence(read.map(|it| it.field.confidence)),
            number_valid: read.map(|it| flag(it.number.is_ok())),
            number_repaired: read.map(|it| flag(it.repair.is_some())),
            number_birth_mismatch: number
                .zip(printed_birth)
                .map(|(number, (birth, sure))| surely(number.birth() != birth, sure)),
            number_sex_mismatch: number
                .zip(printed_sex)
                .map(|(number, (sex, sure))| surely(number.sex() != sex, sure)),
            number_claim_differences: claims.id_number.as_deref().and_then(number_differences),
            name_confidence: confidence(fields.name.as_ref().map(|name| name.confidence)),
            name_claim_differences: claims.name.as_deref().and_then(name_differences),
            age_years: number.and_then(|number| age(number.birth())).map(f64::from),
        }
    }
}

impl EmblemFacts {
    /// What the fields say on a day.
    pub fn of(fields: &EmblemFields, decided_on: Option<Date>) -> Self {
        let read = fields.validity.as_ref().filter(|it| it.validity.is_some());
        let validity = read.and_then(|it| it.validity);
        let dated = validity.zip(decided_on);
        let left = |to: Option<Date>, day: Date| to.map_or(FOR_EVER_DAYS, |to| to.days_since(day) as f64);
        Self {
            validity_confidence: read.map_or(0.0, |it| f64::from(it.field.confidence)),
            days_since_valid_from: dated.map(|(validity, day)| day.days_since(validity.from) as f64),
            days_until_valid_to: dated.map(|(validity, day)| left(validity.to, day)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::dates::Validity;
    use super::super::field::{BirthDateField, NumberField, ValidityField, field};
    use super::*;
    use crate::card::layout::Zone;
    use crate::case::IdNumber;

    fn portrait(number: &str, name: &str, birth: &str, sex: &str) -> PortraitFields {
        let date = birth.parse().ok();
        PortraitFields {
            name: Some(field(Zone::Name, name)),
            sex: Some(field(Zone::Sex, sex)),
            birth_date: Some(BirthDateField { field: field(Zone::BirthDate, birth), date }),
            number: Some(NumberField {
                field: field(Zone::Number, number),
                number: IdNumber::parse(number),
                repair: None,
            }),
            ..PortraitFields::default()
        }
    }

    fn claims(number: &str, name: &str) -> Claims {
        Claims { name: Some(name.to_owned()), id_number: Some(number.to_owned()) }
    }

    #[test]
    fn a_card_that_agrees_with_itself_and_the_claims_has_no_differences() {
        let fields = portrait("999999198002290019", "张样本", "1980-02-29", "男");
        let facts =
            PortraitFacts::of(&fields, &claims("999999 19800229 0019", "张 样本"), Date::new(2026, 11, 20));
        assert!(facts.number_confidence > 0.98 && facts.name_confidence > 0.98);
        let zeros = [
            facts.number_repaired,
            facts.number_birth_mismatch,
            facts.number_sex_mismatch,
            facts.number_claim_differences,
            facts.name_claim_differences,
        ];
        assert_eq!(zeros, [Some(0.0); 5]);
        assert_eq!((facts.number_valid, facts.age_years), (Some(1.0), Some(46.0)));
    }

    #[test]
    fn what_differs_is_counted() {
        let fields = portrait("999999198002290019", "张样本", "1981-02-28", "女");
        let facts = PortraitFacts::of(&fields, &claims("999999198002290014", "张样"), None);
        let sure = |fact: Option<f64>| fact.is_some_and(|fact| fact > 0.9);
        assert!(sure(facts.number_birth_mismatch) && sure(facts.number_sex_mismatch));
        assert_eq!((facts.number_claim_differences, facts.name_claim_differences), (Some(1.0), Some(1.0)));
        assert_eq!(facts.age_years, None);
    }

    #[test]
    fn what_was_not_read_or_not_claimed_is_not_assessed() {
        let nothing =
            PortraitFacts::of(&PortraitFields::default(), &claims("1", "张"), Date::new(2026, 1, 1));
        assert_eq!((nothing.number_confidence, nothing.name_confidence), (0.0, 0.0));
        assert_eq!((nothing.number_valid, nothing.number_claim_differences), (None, None));
        let wrong = portrait("999999198002290014", "张样本", "1980-02-29", "男");
        let facts = PortraitFacts::of(&wrong, &Claims::default(), Date::new(2026, 11, 20));
        assert_eq!((facts.number_valid, facts.age_years), (Some(0.0), None));
        assert_eq!((facts.number_birth_mismatch, facts.number_claim_differences), (None, None));
    }

    #[test]
    fn days_of_validity_count_from_the_day_of_the_decision() {
        for (validity, day, since, until) in [
            ("2020.03.01-2040.03.01", "2026-11-20", 2_455.0, 4_850.0),
            ("2020.03.01-2040.03.01", "2020-03-01", 0.0, 7_305.0),
            ("2020.03.01-2040.03.01", "2040-03-02", 7_306.0, -1.0),
            ("2027.01.01-长期", "2026-12-31", -1.0, FOR_EVER_DAYS),
        ] {
            let validity = Some(ValidityField {
                field: field(Zone::Validity, validity),
                validity: Validity::parse(validity),
                repair: None,
            });
            let facts = EmblemFacts::of(&EmblemFields { validity, authority: None }, day.parse().ok());
            assert_eq!((facts.days_since_valid_from, facts.days_until_valid_to), (Some(since), Some(until)));
        }
        let facts = EmblemFacts::of(&EmblemFields::default(), Date::new(2026, 1, 1));
        assert_eq!((facts.validity_confidence, facts.days_until_valid_to), (0.0, None));
    }
}
