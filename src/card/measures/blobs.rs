//! Connected parts of a mask.

/// The indices of each connected part (by sides) of a mask of rows of `width`.
pub(super) fn blobs(mask: &[bool], width: usize) -> Vec<Vec<usize>> {
    let mut seen = vec![false; mask.len()];
    let mut found = Vec::new();
    for start in (0..mask.len()).filter(|i| mask[*i]) {
        if seen[start] {
            continue;
        }
        seen[start] = true;
        let mut blob = vec![start];
        let mut next = 0;
        while let Some(&at) = blob.get(next) {
            next += 1;
            let column = at % width;
            let left = (column > 0).then(|| at - 1);
            let right = (column + 1 < width).then_some(at + 1);
            let above = at.checked_sub(width);
            let below = Some(at + width).filter(|i| *i < mask.len());
            for near in [left, right, above, below].into_iter().flatten() {
                if mask[near] && !seen[near] {
                    seen[near] = true;
                    blob.push(near);
                }
            }
        }
        found.push(blob);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_touch_by_their_sides_and_do_not_wrap() {
        let mask: Vec<bool> =
            "##..#\n#..##\n..#..".bytes().filter(|b| *b != b'\n').map(|b| b == b'#').collect();
        let mut sizes: Vec<usize> = blobs(&mask, 5).iter().map(Vec::len).collect();
        sizes.sort_unstable();
        assert_eq!(sizes, [1, 3, 3]);
    }
}
