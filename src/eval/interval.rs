//! Shares with their uncertainty.

use serde::Serialize;

/// How often something happened, with the 95 % interval of its rate (Wilson 1927).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rate {
    /// Times it happened.
    pub hits: usize,
    /// Times it could have.
    pub of: usize,
    /// `hits / of`; 0 of nothing is 0.
    pub rate: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

impl Rate {
    /// The rate of `hits` among `of`.
    pub fn new(hits: usize, of: usize) -> Self {
        /// The normal deviate with 2.5 % above it.
        const Z: f64 = 1.959_963_985;
        if of == 0 {
            return Self { hits, of, rate: 0.0, low: 0.0, high: 1.0 };
        }
        let (n, rate) = (of as f64, hits as f64 / of as f64);
        let scale = 1.0 + Z * Z / n;
        let center = (rate + Z * Z / (2.0 * n)) / scale;
        let half = Z / scale * (rate * (1.0 - rate) / n + Z * Z / (4.0 * n * n)).sqrt();
        let low = if hits == 0 { 0.0 } else { (center - half).max(0.0) };
        let high = if hits == of { 1.0 } else { (center + half).min(1.0) };
        Self { hits, of, rate, low, high }
    }

    /// How many of `items` satisfy `test`.
    pub fn of<T>(items: impl IntoIterator<Item = T>, test: impl Fn(&T) -> bool) -> Self {
        let (mut hits, mut all) = (0, 0);
        for item in items {
            all += 1;
            hits += usize::from(test(&item));
        }
        Self::new(hits, all)
    }
}

/// `97.2 % (95.1 to 98.6; 389 of 400)`
impl std::fmt::Display for Rate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [rate, low, high] = [self.rate, self.low, self.high].map(|share| 100.0 * share);
        let text = format!("{rate:.1} % ({low:.1} to {high:.1}; {} of {})", self.hits, self.of);
        f.pad(&text)
    }
}

/// The values at the given shares (0 to 1) of a sorted order, by linear interpolation; empty input
/// gives none.
pub fn percentiles<const N: usize>(values: &[f64], shares: [f64; N]) -> Option<[f64; N]> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    Some(shares.map(|share| {
        let at = share.clamp(0.0, 1.0) * last as f64;
        let (low, high) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
        low + (high - low) * at.fract()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_the_textbook() {
        // Wilson's interval for 10 of 100, as tabulated.
        let rate = Rate::new(10, 100);
        assert!((rate.low - 0.0552).abs() < 1e-4 && (rate.high - 0.1744).abs() < 1e-4, "{rate:?}");
        let none = Rate::new(0, 100);
        assert!(none.low == 0.0 && (none.high - 0.0370).abs() < 1e-4, "{none:?}");
        assert_eq!((Rate::new(0, 0).low, Rate::new(0, 0).high), (0.0, 1.0));
        assert_eq!(Rate::of([1, 2, 3, 4], |n| n % 2 == 0).hits, 2);
    }

    #[test]
    fn percentiles_interpolate() {
        assert_eq!(percentiles(&[3.0, 1.0, 2.0], [0.0, 0.5, 1.0, 0.25]), Some([1.0, 2.0, 3.0, 1.5]));
        assert_eq!(percentiles(&[], [0.5]), None);
    }
}
