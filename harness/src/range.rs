//! Comparisons with `,` between them, all of which must hold: `>=0.0.19484, <0.0.25080`.

use std::cmp::Ordering;

/// The comparisons, the longer ones first, so that `>=` is not read as `>`.
const OPERATORS: [&str; 5] = [">=", "<=", ">", "<", "="];

/// Values between bounds.
#[derive(Debug, Clone)]
pub(crate) struct Range<T>(Vec<(&'static str, T)>);

impl<T: Ord> Range<T> {
    /// Reads a range; a value alone stands for just this one. The error is the part that cannot be read.
    pub(crate) fn parse(text: &str, value: impl Fn(&str) -> Option<T>) -> Result<Self, String> {
        let read = |part: &str| {
            let operator = OPERATORS.into_iter().find(|operator| part.starts_with(operator));
            let bound = part.strip_prefix(operator.unwrap_or_default()).unwrap_or(part).trim();
            Some((operator.unwrap_or("="), value(bound)?))
        };
        let all = text.split(',').map(str::trim).map(|part| read(part).ok_or_else(|| part.to_owned()));
        all.collect::<Result<_, _>>().map(Self)
    }

    /// Whether the value is in the range.
    pub(crate) fn holds(&self, value: &T) -> bool {
        self.0.iter().all(|(operator, bound)| match value.cmp(bound) {
            Ordering::Equal => operator.contains('='),
            Ordering::Greater => operator.starts_with('>'),
            Ordering::Less => operator.starts_with('<'),
        })
    }

    /// Whether a value can be in both ranges; between two values there is taken to be another one.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        let all = || self.0.iter().chain(&other.0);
        if all().any(|(_, bound)| self.holds(bound) && other.holds(bound)) {
            return true;
        }
        // A value that is asked for alone is one of the bounds.
        let alone = all().any(|(operator, _)| *operator == "=");
        let from = all().filter(|(operator, _)| operator.starts_with('>')).map(|(_, bound)| bound).max();
        let to = all().filter(|(operator, _)| operator.starts_with('<')).map(|(_, bound)| bound).min();
        !alone && from.zip(to).is_none_or(|(from, to)| from < to)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::Range;

    fn range(text: &str) -> Range<u64> {
        Range::parse(text, |part| part.parse().ok()).expect("a range")
    }

    #[rstest]
    #[case("<5", ">=5", false)]
    #[case("<=5", ">=5", true)]
    #[case("<5", ">5", false)]
    #[case("<5", "<3", true)]
    #[case(">=5", ">7", true)]
    #[case("5", "<5", false)]
    #[case("5", ">=5", true)]
    #[case("5", "6", false)]
    #[case(">=1, <5", ">=4, <9", true)]
    #[case(">=1, <5", ">=5, <9", false)]
    #[case("<5, >7", ">1", false)]
    fn ranges_meet_where_a_value_is_in_both(#[case] a: &str, #[case] b: &str, #[case] meet: bool) {
        assert_eq!(range(a).meets(&range(b)), meet);
        assert_eq!(range(b).meets(&range(a)), meet);
    }
}
