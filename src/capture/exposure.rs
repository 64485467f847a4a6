//! Under- and over-exposure of the whole photo, from the histogram of its luma.

/// Share of the photo that lies below its light end: what is lighter still may be a lamp or a
/// reflection.
const BELOW_LIGHT_END: f64 = 0.98;

/// Luma from which at least one channel is at the end of its range in nearly all photos.
const BRIGHT_MIN: usize = 250;

/// The luma, 0 to 255, below which 98 % of the photo lies. `histogram` counts pixels for each
/// luma. A card is light: where this is low, the card is dark, whatever it lies on.
pub fn light_end_luma(histogram: &[u32; 256]) -> f64 {
    let wanted = sum(histogram) * BELOW_LIGHT_END;
    let mut below = 0.0;
    let reached = histogram.iter().position(|count| {
        below += f64::from(*count);
        below > wanted
    });
    reached.map_or(f64::NAN, |luma| luma as f64)
}

/// Share of the photo with luma of at least 250.
pub fn over_exposed_share(histogram: &[u32; 256]) -> f64 {
    sum(&histogram[BRIGHT_MIN..]) / sum(histogram)
}

fn sum(counts: &[u32]) -> f64 {
    counts.iter().map(|n| f64::from(*n)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_the_range_are_found() {
        let mut histogram = [0; 256];
        (histogram[20], histogram[180], histogram[250]) = (900, 90, 10);
        assert_eq!(light_end_luma(&histogram), 180.0);
        assert_eq!(over_exposed_share(&histogram), 0.01);
        assert!(light_end_luma(&[0; 256]).is_nan());
        assert!(over_exposed_share(&[0; 256]).is_nan());
    }
}
