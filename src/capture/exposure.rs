//! Shares of the photo that are too dark or burnt out, from the histogram of its luma.

/// Darkest luma at which the print of a card still stands out from its ground under the noise of
/// a phone camera: grey 40 of 255, 2 % of linear light.
const DARK_MAX: usize = 40;

/// Luma from which at least one channel is at the end of its range in nearly all photos.
const BRIGHT_MIN: usize = 250;

/// Share of the photo with luma of at most 40. `histogram` counts pixels for each luma.
pub fn under_exposed_share(histogram: &[u32; 256]) -> f64 {
    share(histogram, &histogram[..=DARK_MAX])
}

/// Share of the photo with luma of at least 250.
pub fn over_exposed_share(histogram: &[u32; 256]) -> f64 {
    share(histogram, &histogram[BRIGHT_MIN..])
}

fn share(all: &[u32; 256], part: &[u32]) -> f64 {
    let sum = |counts: &[u32]| counts.iter().map(|n| f64::from(*n)).sum::<f64>();
    sum(part) / sum(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_count_the_ends_of_the_range() {
        let mut histogram = [0; 256];
        (histogram[0], histogram[40], histogram[41], histogram[250]) = (1, 1, 5, 3);
        assert_eq!(under_exposed_share(&histogram), 0.2);
        assert_eq!(over_exposed_share(&histogram), 0.3);
        assert!(under_exposed_share(&[0; 256]).is_nan());
    }
}
