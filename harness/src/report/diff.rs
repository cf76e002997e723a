//! Expected and actual, side by side in time.

use similar::{ChangeTag, TextDiff};

/// Two lines for one-line values; for longer ones, a line each with `-` (expected) and `+` (actual).
pub fn lines(expected: &str, actual: &str) -> String {
    if !expected.trim_end().contains('\n') && !actual.trim_end().contains('\n') {
        return format!("  expected: {}\n    actual: {}\n", expected.trim_end(), actual.trim_end());
    }
    let mut out = String::from("  - expected, + actual\n");
    for change in TextDiff::from_lines(expected, actual).iter_all_changes() {
        let mark = match change.tag() {
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
            ChangeTag::Equal => ' ',
        };
        out.push_str(&format!("  {mark} {}\n", change.value().trim_end_matches('\n')));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn short_values_stand_below_each_other() {
        assert_eq!(lines("1", "2"), "  expected: 1\n    actual: 2\n");
    }

    #[test]
    fn long_values_are_compared_line_by_line() {
        let text = lines("id\n1\n2\n", "id\n1\n3\n");
        assert_eq!(text, "  - expected, + actual\n    id\n    1\n  - 2\n  + 3\n");
    }
}
