//! How messages name things: texts that are cut, lists, and what was probably meant.

use crate::limits;

/// A user's text for an error message: quoted, on one line, and cut where it is long.
pub(crate) fn excerpt(text: &str) -> String {
    format!("{:?}", cut(text))
}

fn cut(text: &str) -> String {
    let mut short: String = text.chars().take(limits::EXCERPT_CHARS_MAX).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// Names for an error message, as `a`, `b` and `c`; a long list is cut, and so is a long name.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut quoted: Vec<String> = names.into_iter().map(|name| format!("`{}`", cut(name))).collect();
    if quoted.len() > limits::LISTED_NAMES_MAX {
        let more = quoted.len() - limits::LISTED_NAMES_MAX;
        quoted.truncate(limits::LISTED_NAMES_MAX);
        quoted.push(format!("{more} more"));
    }
    match quoted.pop() {
        None => "none".to_owned(),
        Some(last) if quoted.is_empty() => last,
        Some(last) => format!("{} and {last}", quoted.join(", ")),
    }
}

/// The name that was probably meant, for "did you mean".
pub(crate) fn nearest<'a>(given: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const SIMILARITY_MIN: f64 = 0.75;
    let given = given.to_lowercase();
    let rated = names.into_iter().map(|name| (strsim::jaro_winkler(&given, &name.to_lowercase()), name));
    rated.filter(|(rate, _)| *rate >= SIMILARITY_MIN).max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{excerpt, listed, nearest};
    use crate::limits::EXCERPT_CHARS_MAX;

    #[rstest]
    #[case::typo("databse", Some("database"))]
    #[case::case("Database", Some("database"))]
    #[case::nothing_alike("xyz", None)]
    fn the_nearest_name_is_found(#[case] given: &str, #[case] expected: Option<&str>) {
        assert_eq!(nearest(given, ["sql", "database", "persist"]), expected);
    }

    #[rstest]
    #[case::none(&[], "none")]
    #[case::one(&["a"], "`a`")]
    #[case::three(&["a", "b", "c"], "`a`, `b` and `c`")]
    fn names_read_as_a_sentence(#[case] names: &[&str], #[case] expected: &str) {
        assert_eq!(listed(names.iter().copied()), expected);
    }

    #[test]
    fn long_texts_are_cut() {
        assert_eq!(excerpt("short"), "\"short\"");
        assert_eq!(excerpt(&"x".repeat(1000)).chars().count(), EXCERPT_CHARS_MAX + 3);
        assert_eq!(listed(["x".repeat(1000).as_str()]).chars().count(), EXCERPT_CHARS_MAX + 3);
    }
}
