//! What a card says beside what the user claimed, and how much of it is shown.

use maud::{Markup, html};

use super::names;
use super::view::{PhotoView, Privacy};
use super::words::{Words, words};
use crate::assess::{SeenCard, SeenFields};
use crate::card::fields::{Field, PortraitFacts};
use crate::card::layout::Zone;
use crate::case::{Claims, masked_id_number, masked_name};
use crate::report::visible::one_line;

/// A value that belongs to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// With most of it hidden.
    pub masked: String,
    /// In full, where that was asked for.
    pub full: Option<String>,
}

impl Shown {
    fn of(value: &str, masked: String, privacy: Privacy) -> Self {
        let full = (privacy == Privacy::Unmasked).then(|| one_line(value).into_owned());
        Self { masked: one_line(&masked).into_owned(), full }
    }

    /// The masked value, and a button that shows the full one where the page holds it.
    pub(super) fn markup(&self) -> Markup {
        html! {
            @match &self.full {
                None => code { (self.masked) },
                Some(full) => span class="secret" data-cover {
                    code class="masked" { (self.masked) }
                    code class="full" { (full) }
                    button type="button" data-uncover aria-pressed="false" { (words("显示", "Show")) }
                },
            }
        }
    }
}

/// One field.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldRow {
    /// Which field.
    pub zone: Zone,
    /// What was read; `None` where nothing was.
    pub read: Option<Shown>,
    /// Probability of the least certain character.
    pub confidence: Option<f32>,
    /// What the user claimed.
    pub claimed: Option<Shown>,
    /// How both, or the field and the number, agree.
    pub agreement: Option<Agreement>,
}

/// How two things that should say the same do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// They do.
    Same,
    /// They differ in so many characters.
    Differs(usize),
    /// A date or sex is not the one that the number stands for.
    UnlikeNumber,
    /// It is the one that the number stands for.
    LikeNumber,
}

impl Agreement {
    fn told(self) -> (Words, &'static str) {
        match self {
            Self::Same => (words("一致", "agrees"), "good"),
            Self::LikeNumber => (words("与号码一致", "agrees with the number"), "good"),
            Self::UnlikeNumber => (words("与号码不符", "differs from the number"), "bad"),
            Self::Differs(n) => {
                let characters = if n == 1 { "character" } else { "characters" };
                (Words::of(format!("{n} 个字符不同"), format!("differs in {n} {characters}")), "bad")
            }
        }
    }
}

/// The fields that were read of a card, and those that were claimed.
pub(super) fn field_rows(card: &SeenCard, claims: &Claims, privacy: Privacy) -> Vec<FieldRow> {
    let facts = match &card.fields {
        SeenFields::Portrait(fields) => Some(PortraitFacts::of(fields, claims, None)),
        SeenFields::Emblem(_) | SeenFields::Unread => None,
    };
    let zones: &[Zone] = match &card.fields {
        SeenFields::Portrait(_) => &Zone::PORTRAIT_SIDE,
        SeenFields::Emblem(_) => &Zone::EMBLEM_SIDE,
        SeenFields::Unread => &[],
    };
    let read = card.fields.read();
    let row = |zone: Zone| {
        let field: Option<&&Field> = read.iter().find(|field| field.zone == zone);
        let claimed = match zone {
            Zone::Name => claims.name.as_ref().map(|name| Shown::of(name, masked_name(name), privacy)),
            Zone::Number => claims.id_number.as_ref().map(|id| Shown::of(id, masked_id_number(id), privacy)),
            _ => None,
        };
        let differences = |count: f64| match count as usize {
            0 => Agreement::Same,
            n => Agreement::Differs(n),
        };
        let like =
            |mismatch: f64| if mismatch > 0.0 { Agreement::UnlikeNumber } else { Agreement::LikeNumber };
        let agreement = facts.as_ref().and_then(|facts| match zone {
            Zone::Name => facts.name_claim_differences.map(differences),
            Zone::Number => facts.number_claim_differences.map(differences),
            Zone::BirthDate => facts.number_birth_mismatch.map(like),
            Zone::Sex => facts.number_sex_mismatch.map(like),
            _ => None,
        });
        FieldRow {
            zone,
            read: field.map(|field| Shown::of(field.unmasked(), field.masked(), privacy)),
            confidence: field.map(|field| field.confidence),
            claimed,
            agreement,
        }
    };
    let is_print = |zone: &&Zone| !matches!(zone, Zone::Portrait | Zone::Emblem | Zone::Title);
    zones.iter().filter(is_print).map(|zone| row(*zone)).collect()
}

/// The fields of a photo as a table; nothing where there are none.
pub(super) fn field_table(photo: &PhotoView) -> Markup {
    let claims = photo.fields.iter().any(|row| row.claimed.is_some());
    html! {
        @if !photo.fields.is_empty() {
            div class="scroll" { table class="fields" {
                caption class="unseen" { (names::photo(photo.role)) }
                thead { tr {
                    th scope="col" { (words("字段", "Field")) }
                    th scope="col" { (words("证件上", "On the card")) }
                    @if claims { th scope="col" { (words("用户填写", "Claimed")) } }
                    th scope="col" { (words("核对", "Agreement")) }
                    th scope="col" class="right" { (words("置信度", "Confidence")) }
                } }
                tbody { @for row in &photo.fields { tr {
                    th scope="row" { (names::zone(row.zone)) }
                    td { @match &row.read {
                        Some(shown) => (shown.markup()),
                        None => span class="soft" { (words("没有读出", "not read")) },
                    } }
                    @if claims { td { @if let Some(claimed) = &row.claimed { (claimed.markup()) } } }
                    td { @if let Some((told, class)) = row.agreement.map(Agreement::told) {
                        span class={ "mark " (class) } { (told) }
                    } }
                    td class="right" { @if let Some(confidence) = row.confidence { (format!("{confidence:.2}")) } }
                } } }
            } }
        }
    }
}
