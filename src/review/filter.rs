//! Which cases are listed: search, filters, order and page, from the query of an address. Pure.

use std::collections::BTreeMap;

use crate::policy::{Decision, VerificationStatus};

/// Rows of one page.
pub const PAGE_ROWS: usize = 100;

/// Characters of a search.
const SEARCH_CHARS_MAX: usize = 200;

/// What the list shows of a case.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its number at this desk, by which addresses name it.
    pub number: usize,
    /// The submitter's name for it.
    pub case_id: String,
    /// What was decided; `None` where nothing was yet.
    pub decision: Option<Decision>,
    /// Where the verification stands.
    pub status: VerificationStatus,
    /// Codes that bear on the decision.
    pub codes: Vec<String>,
    /// The day of the decision, `2026-11-20`.
    pub day: Option<String>,
    /// Distance between the faces.
    pub distance: Option<f64>,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Filter {
    /// Part of the case's id, in any case of letters.
    pub search: String,
    /// `pass`, `fail`, `review`, or `none` for a case that was not decided.
    pub decision: Option<String>,
    /// A code, or the beginning of several: `card.`.
    pub code: Option<String>,
    /// A status by its name.
    pub status: Option<String>,
    /// The first day.
    pub from: Option<String>,
    /// The last day.
    pub to: Option<String>,
    /// The smallest distance.
    pub distance_min: Option<f64>,
    /// The largest distance.
    pub distance_max: Option<f64>,
    /// The order.
    pub order: Order,
    /// The page, counted from 1.
    pub page: usize,
}

/// By what rows are ordered; equal ones by their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// As they came.
    #[default]
    Number,
    /// What waits for a person first, then what failed.
    Decision,
    /// The nearest to being taken for another person last.
    Distance,
    /// The latest day first.
    Day,
}

impl Order {
    /// Every order.
    pub const ALL: [Self; 4] = [Self::Number, Self::Decision, Self::Distance, Self::Day];

    /// The name used in addresses.
    pub fn id(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Decision => "decision",
            Self::Distance => "distance",
            Self::Day => "day",
        }
    }
}

impl Filter {
    /// Reads the query of an address. What is empty or makes no sense filters nothing.
    pub fn from_query(query: &BTreeMap<String, String>) -> Self {
        let text = |key: &str| {
            let value = query.get(key).map(|value| value.trim()).filter(|value| !value.is_empty());
            value.map(|value| value.chars().take(SEARCH_CHARS_MAX).collect::<String>())
        };
        let number = |key: &str| text(key)?.parse::<f64>().ok().filter(|value| value.is_finite());
        let order = text("order").and_then(|id| Order::ALL.into_iter().find(|order| order.id() == id));
        Self {
            search: text("q").unwrap_or_default(),
            decision: text("decision"),
            code: text("code"),
            status: text("status"),
            from: text("from"),
            to: text("to"),
            distance_min: number("distance_min"),
            distance_max: number("distance_max"),
            order: order.unwrap_or_default(),
            page: text("page").and_then(|page| page.parse().ok()).unwrap_or(1).max(1),
        }
    }

    /// The query that reads as this filter, for another page of it.
    pub fn query(&self, page: usize) -> String {
        let number = |value: Option<f64>| value.map(|value| value.to_string());
        let order = Some(self.order).filter(|order| *order != Order::default());
        let pairs = [
            ("q", Some(self.search.clone()).filter(|search| !search.is_empty())),
            ("decision", self.decision.clone()),
            ("code", self.code.clone()),
            ("status", self.status.clone()),
            ("from", self.from.clone()),
            ("to", self.to.clone()),
            ("distance_min", number(self.distance_min)),
            ("distance_max", number(self.distance_max)),
            ("order", order.map(|order| order.id().to_owned())),
            ("page", Some(page).filter(|page| *page > 1).map(|page| page.to_string())),
        ];
        let pairs = pairs.into_iter().filter_map(|(key, value)| Some(format!("{key}={}", escaped(&value?))));
        pairs.collect::<Vec<_>>().join("&")
    }

    /// Whether a case is asked for.
    pub fn admits(&self, row: &Row) -> bool {
        let search = self.search.to_lowercase();
        let day = |bound: &Option<String>, keeps: fn(&str, &str) -> bool| {
            bound.as_deref().is_none_or(|bound| row.day.as_deref().is_some_and(|day| keeps(day, bound)))
        };
        let distance = |bound: Option<f64>, keeps: fn(f64, f64) -> bool| {
            bound.is_none_or(|bound| row.distance.is_some_and(|distance| keeps(distance, bound)))
        };
        let decision = row.decision.map_or("none", Decision::id);
        (search.is_empty() || row.case_id.to_lowercase().contains(&search))
            && self.decision.as_deref().is_none_or(|wanted| wanted == decision)
            && self.status.as_deref().is_none_or(|wanted| wanted == row.status.id())
            && self.code.as_deref().is_none_or(|wanted| row.codes.iter().any(|code| is_under(code, wanted)))
            && day(&self.from, |day, from| day >= from)
            && day(&self.to, |day, to| day <= to)
            && distance(self.distance_min, |distance, min| distance >= min)
            && distance(self.distance_max, |distance, max| distance <= max)
    }

    /// The rows that are asked for, in order.
    pub fn of<'a>(&self, rows: impl IntoIterator<Item = &'a Row>) -> Vec<&'a Row> {
        let mut listed: Vec<&Row> = rows.into_iter().filter(|row| self.admits(row)).collect();
        match self.order {
            Order::Number => {}
            Order::Decision => listed.sort_by_key(|row| match row.decision {
                Some(Decision::Review) => 0,
                Some(Decision::Fail) => 1,
                None => 2,
                Some(Decision::Pass) => 3,
            }),
            Order::Distance => {
                let distance = |row: &Row| row.distance.unwrap_or(f64::NEG_INFINITY);
                listed.sort_by(|a, b| distance(b).total_cmp(&distance(a)));
            }
            Order::Day => listed.sort_by(|a, b| b.day.cmp(&a.day)),
        }
        listed
    }
}

/// Whether a code is the one named, or begins with a name that ends in a dot.
fn is_under(code: &str, wanted: &str) -> bool {
    code == wanted || (wanted.ends_with('.') && code.starts_with(wanted))
}

/// A value as it stands in an address.
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    let escape = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Row> {
        let row = |number, case_id: &str, decision, codes: &[&str], day: &str, distance| Row {
            number,
            case_id: case_id.to_owned(),
            decision,
            status: VerificationStatus::InReview,
            codes: codes.iter().map(|code| (*code).to_owned()).collect(),
            day: Some(day.to_owned()).filter(|day| !day.is_empty()),
            distance,
        };
        vec![
            row(0, "Alpha-1", Some(Decision::Pass), &[], "2026-11-18", Some(0.2)),
            row(1, "alpha-2", Some(Decision::Fail), &["card.blur", "card.glare"], "2026-11-19", Some(0.7)),
            row(2, "张三/3", Some(Decision::Review), &["match.uncertain"], "2026-11-20", Some(0.5)),
            row(3, "beta", None, &[], "", None),
        ]
    }

    fn listed(query: &[(&str, &str)]) -> Vec<usize> {
        let query = query.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let filter = Filter::from_query(&query);
        let rows = rows();
        let again: BTreeMap<String, String> = filter
            .query(1)
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(key, value)| (key.to_owned(), unescaped(value)))
            .collect();
        assert_eq!(
            Filter::from_query(&again),
            Filter { page: 1, ..filter.clone() },
            "reads as it was written"
        );
        filter.of(&rows).iter().map(|row| row.number).collect()
    }

    fn unescaped(text: &str) -> String {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            bytes.push(if byte == b'%' {
                let digits: String = rest.by_ref().take(2).map(char::from).collect();
                u8::from_str_radix(&digits, 16).expect("two digits")
            } else {
                byte
            });
        }
        String::from_utf8(bytes).expect("text")
    }

    #[test]
    fn each_filter_keeps_what_it_names() {
        type Row<'a> = (&'a [(&'a str, &'a str)], &'a [usize]);
        let rows: [Row<'_>; 14] = [
            (&[], &[0, 1, 2, 3]),
            (&[("q", "ALPHA")], &[0, 1]),
            (&[("q", "三/")], &[2]),
            (&[("decision", "fail")], &[1]),
            (&[("decision", "none")], &[3]),
            (&[("code", "card.")], &[1]),
            (&[("code", "card")], &[]),
            (&[("code", "match.uncertain")], &[2]),
            (&[("from", "2026-11-19"), ("to", "2026-11-19")], &[1]),
            (&[("distance_min", "0.3"), ("distance_max", "0.6")], &[2]),
            (&[("distance_min", "nonsense")], &[0, 1, 2, 3]),
            (&[("order", "decision")], &[2, 1, 3, 0]),
            (&[("order", "distance")], &[1, 2, 0, 3]),
            (&[("order", "day"), ("decision", "")], &[2, 1, 0, 3]),
        ];
        for (query, expected) in rows {
            assert_eq!(listed(query), expected, "{query:?}");
        }
    }
}
