//! What an unquoted scalar may be: a JSON literal, or words that nobody can take for something else.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Number, Value};

use super::node::{Kind, Style};

/// Words that one YAML reader takes for a boolean or null and another for a text.
const AMBIGUOUS: [&str; 7] = ["yes", "no", "on", "off", "null", "true", "false"];

static DURATION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\d+(\.\d+)?(ms|s|min)$").expect("the pattern is a constant"));
static NUMBER_LIKE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[-+]?\.?\d|^[-+]?\.(inf|Inf|INF)$|^\.(nan|NaN|NAN)$").expect("the pattern is a constant")
});

/// Reads an unquoted scalar.
///
/// # Errors
///
/// Says why the scalar is refused; the caller knows where it stands.
pub(super) fn plain(text: &str) -> Result<Kind, String> {
    match text {
        "null" => return Ok(Kind::Null),
        "true" => return Ok(Kind::Bool(true)),
        "false" => return Ok(Kind::Bool(false)),
        "" => return Err("there is no value here".to_owned()),
        "~" => return Err("`~` is null to some readers and a text to others".to_owned()),
        "<<" => return Err("a merge key is not part of the language".to_owned()),
        _ => {}
    }
    if let Ok(number) = text.parse::<Number>()
        && serde_json::from_str::<Value>(text).is_ok()
    {
        return Ok(Kind::Number(number));
    }
    if AMBIGUOUS.contains(&text.to_ascii_lowercase().as_str()) {
        return Err(format!("`{text}` is a boolean or null to some readers and a text to others"));
    }
    if NUMBER_LIKE.is_match(text) && !DURATION.is_match(text) {
        return Err(format!("`{text}` looks like a number or a date, but JSON does not write one like this"));
    }
    Ok(Kind::Text(text.to_owned(), Style::Plain))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::plain;
    use crate::syntax::{Kind, Style};

    #[rstest]
    #[case("null", Some("null"))]
    #[case("true", Some("true"))]
    #[case("1", Some("1"))]
    #[case("-1.5e3", Some("-1.5e3"))]
    #[case("9007199254740993", Some("9007199254740993"))]
    #[case("012", None)]
    #[case("1_000", None)]
    #[case("+1", None)]
    #[case("0x1F", None)]
    #[case(".5", None)]
    #[case("2026-11-23", None)]
    #[case("12:30", None)]
    #[case("no", None)]
    #[case("Yes", None)]
    #[case("Null", None)]
    #[case("~", None)]
    #[case("", None)]
    fn reads_json_literals_and_refuses_lookalikes(#[case] text: &str, #[case] json: Option<&str>) {
        let read = plain(text);
        match json {
            None => assert!(read.is_err(), "{text} was read as {read:?}"),
            Some(json) => match read.expect("a JSON literal is accepted") {
                Kind::Null => assert_eq!(json, "null"),
                Kind::Bool(value) => assert_eq!(json, value.to_string()),
                Kind::Number(value) => assert_eq!(Some(value), json.parse().ok()),
                other => panic!("{text} was read as {other:?}"),
            },
        }
    }

    #[rstest]
    #[case("replaces matching rows")]
    #[case("$(dir)/people.csv")]
    #[case("100ms")]
    #[case("2s")]
    #[case("-")]
    #[case("note")]
    fn reads_words_as_text(#[case] text: &str) {
        assert!(matches!(plain(text), Ok(Kind::Text(read, Style::Plain)) if read == text));
    }
}
