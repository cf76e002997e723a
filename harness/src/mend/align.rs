//! Which element of a list stands for which value.

/// What becomes of an element or a value. The first number is the element's, the second the value's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pair {
    /// They fit.
    Keep(usize, usize),
    /// The element has this value's place, and does not fit.
    Change(usize, usize),
    /// No value is left for the element.
    Drop(usize),
    /// No element is left for the value.
    Add(usize),
}

/// Pairs elements and values in their order, as many as can be of those that fit.
pub(super) fn ordered(elements: usize, values: usize, fits: impl Fn(usize, usize) -> bool) -> Vec<Pair> {
    // How many fit from each element and value on: the longest common subsequence.
    let mut longest = vec![vec![0_usize; values + 1]; elements + 1];
    let fitting: Vec<Vec<bool>> = (0..elements).map(|a| (0..values).map(|b| fits(a, b)).collect()).collect();
    for a in (0..elements).rev() {
        for b in (0..values).rev() {
            longest[a][b] =
                if fitting[a][b] { longest[a + 1][b + 1] + 1 } else { longest[a + 1][b].max(longest[a][b + 1]) };
        }
    }
    let mut pairs = Vec::new();
    let (mut a, mut b) = (0, 0);
    let (mut from_a, mut from_b) = (0, 0);
    while a < elements && b < values {
        if fitting[a][b] && longest[a][b] == longest[a + 1][b + 1] + 1 {
            gap(from_a..a, from_b..b, &mut pairs);
            pairs.push(Pair::Keep(a, b));
            (a, b) = (a + 1, b + 1);
            (from_a, from_b) = (a, b);
        } else if longest[a + 1][b + 1] == longest[a][b] {
            // Rather one in the place of the other than one gone and another come.
            (a, b) = (a + 1, b + 1);
        } else if longest[a + 1][b] >= longest[a][b + 1] {
            a += 1;
        } else {
            b += 1;
        }
    }
    gap(from_a..elements, from_b..values, &mut pairs);
    pairs
}

/// What stands between two pairs that fit: one takes the place of the other as far as there are both.
fn gap(elements: std::ops::Range<usize>, values: std::ops::Range<usize>, pairs: &mut Vec<Pair>) {
    let both = elements.len().min(values.len());
    pairs.extend(elements.clone().zip(values.clone()).map(|(a, b)| Pair::Change(a, b)));
    pairs.extend(elements.skip(both).map(Pair::Drop));
    pairs.extend(values.skip(both).map(Pair::Add));
}

/// Pairs each element with a value that fits, wherever it stands; what is left over takes each other's place.
pub(super) fn unordered(elements: usize, values: usize, fits: impl Fn(usize, usize) -> bool) -> Vec<Pair> {
    let mut free: Vec<usize> = (0..values).collect();
    let kept: Vec<Option<usize>> =
        (0..elements).map(|a| free.iter().position(|b| fits(a, *b)).map(|at| free.remove(at))).collect();
    let mut left = free.into_iter();
    let mut pairs: Vec<Pair> = Vec::new();
    for (a, kept) in kept.into_iter().enumerate() {
        pairs.push(match kept.map(|b| Pair::Keep(a, b)).or_else(|| left.next().map(|b| Pair::Change(a, b))) {
            Some(pair) => pair,
            None => Pair::Drop(a),
        });
    }
    pairs.extend(left.map(Pair::Add));
    pairs
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::Pair::{Add, Change, Drop, Keep};
    use super::*;

    #[rstest]
    #[case("abc", "abc", vec![Keep(0, 0), Keep(1, 1), Keep(2, 2)])]
    #[case("abc", "axc", vec![Keep(0, 0), Change(1, 1), Keep(2, 2)])]
    #[case("abc", "ac", vec![Keep(0, 0), Drop(1), Keep(2, 1)])]
    #[case("ac", "abc", vec![Keep(0, 0), Add(1), Keep(1, 2)])]
    #[case("ab", "xyb", vec![Change(0, 0), Add(1), Keep(1, 2)])]
    #[case("xaa", "aaa", vec![Change(0, 0), Keep(1, 1), Keep(2, 2)])]
    #[case("", "ab", vec![Add(0), Add(1)])]
    #[case("ab", "", vec![Drop(0), Drop(1)])]
    fn in_order_what_fits_stays(#[case] elements: &str, #[case] values: &str, #[case] expected: Vec<Pair>) {
        let (a, b) = (elements.as_bytes(), values.as_bytes());
        assert_eq!(ordered(a.len(), b.len(), |i, j| a[i] == b[j]), expected);
    }

    #[rstest]
    #[case("abc", "cab", vec![Keep(0, 1), Keep(1, 2), Keep(2, 0)])]
    #[case("abc", "xca", vec![Keep(0, 2), Change(1, 0), Keep(2, 1)])]
    #[case("ab", "b", vec![Drop(0), Keep(1, 0)])]
    #[case("a", "xa", vec![Keep(0, 1), Add(0)])]
    fn in_any_order_what_fits_stays(#[case] elements: &str, #[case] values: &str, #[case] expected: Vec<Pair>) {
        let (a, b) = (elements.as_bytes(), values.as_bytes());
        assert_eq!(unordered(a.len(), b.len(), |i, j| a[i] == b[j]), expected);
    }
}
