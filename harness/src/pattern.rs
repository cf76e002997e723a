//! Holding a value against what a scenario expects of it.
//!
//! Objects match partially, arrays exactly, scalars by type and value. A one-key map whose key starts with `$` is a
//! matcher, and so is an unquoted `$name` for the matchers that take no argument.

use std::fmt;

use serde_json::{Number, Value};

use crate::matchers::{self, Matcher};
use crate::source::{Diagnostic, Span};
use crate::syntax::{Entry, Kind, Node, Style};
use crate::vars::{self, BUILTINS};

/// One difference between a value and its expectation.
#[derive(Debug, Clone)]
pub struct Mismatch {
    /// Where in the value, as an RFC 9535 path.
    pub path: String,
    /// What the scenario wants there.
    pub expected: String,
    /// What stands there.
    pub actual: String,
    /// What might help: the nearest path that exists.
    pub hint: Option<String>,
    /// The expectation's place in the scenario.
    pub span: Span,
}

/// A place in a JSON value.
#[derive(Debug, Clone, Default)]
pub struct Path(Vec<Part>);

#[derive(Debug, Clone)]
enum Part {
    Key(String),
    Index(usize),
}

impl Path {
    /// The path of a member.
    #[must_use]
    pub fn key(&self, name: &str) -> Self {
        let mut parts = self.0.clone();
        parts.push(Part::Key(name.to_owned()));
        Self(parts)
    }

    /// The path of an element.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        let mut parts = self.0.clone();
        parts.push(Part::Index(index));
        Self(parts)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("$")?;
        self.0.iter().try_for_each(|part| match part {
            Part::Index(index) => write!(f, "[{index}]"),
            Part::Key(name) if is_shorthand(name) => write!(f, ".{name}"),
            Part::Key(name) => write!(f, "[{}]", Value::from(name.as_str())),
        })
    }
}

fn is_shorthand(name: &str) -> bool {
    name.starts_with(|c: char| c.is_alphabetic() || c == '_') && name.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// What an expectation turns out to be.
pub(crate) enum Expected<'a> {
    Matcher(&'static dyn Matcher, Option<&'a Node>),
    Map(&'a [Entry]),
    List(&'a [Node]),
    Scalar(Value),
}

pub(crate) fn read(node: &Node) -> Expected<'_> {
    match &node.kind {
        Kind::Text(text, Style::Plain) if text.starts_with('$') => match matchers::find(text) {
            Some(matcher) => Expected::Matcher(matcher, None),
            None => Expected::Scalar(Value::from(text.as_str())),
        },
        Kind::Map(entries) => {
            match matcher_key(entries).and_then(|entry| Some((matchers::find(&entry.key.name)?, entry))) {
                Some((matcher, entry)) => Expected::Matcher(matcher, Some(&entry.value)),
                None => Expected::Map(entries),
            }
        }
        Kind::List(items) => Expected::List(items),
        _ => Expected::Scalar(node.to_json()),
    }
}

fn matcher_key(entries: &[Entry]) -> Option<&Entry> {
    match entries {
        [entry] if entry.key.name.starts_with('$') && !entry.key.name.starts_with("$(") => Some(entry),
        _ => None,
    }
}

/// Holds `actual` (`None` where there is no value) against `expected`; every difference goes to `out`.
pub fn compare(expected: &Node, actual: Option<&Value>, at: &Path, out: &mut Vec<Mismatch>) {
    match (read(expected), actual) {
        (Expected::Matcher(matcher, argument), _) => matcher.check(&Check { expected, argument, actual, at }, out),
        (_, None) => out.push(mismatch(expected, at, None)),
        (Expected::Map(entries), Some(Value::Object(map))) => {
            for entry in entries {
                let name = &entry.key.name;
                let before = out.len();
                compare(&entry.value, map.get(name), &at.key(name), out);
                if map.get(name).is_none()
                    && let [missing, ..] = &mut out[before..]
                {
                    missing.hint = missing.hint.take().or_else(|| Some(nearest_member(map, name, at)));
                }
            }
        }
        (Expected::List(items), Some(Value::Array(values))) => compare_lists(expected, items, values, at, out),
        (Expected::Scalar(wanted), Some(value)) if same_scalar(&wanted, value) => {}
        (_, Some(value)) => out.push(mismatch(expected, at, Some(value))),
    }
}

fn compare_lists(expected: &Node, items: &[Node], values: &[Value], at: &Path, out: &mut Vec<Mismatch>) {
    if items.len() != values.len() {
        let mut wrong = mismatch(expected, at, None);
        wrong.expected = format!("a list of {}: {}", items.len(), brief(&expected.to_json()));
        wrong.actual = format!("a list of {}: {}", values.len(), brief(&Value::from(values.to_vec())));
        out.push(wrong);
        return;
    }
    for (index, (item, value)) in items.iter().zip(values).enumerate() {
        compare(item, Some(value), &at.index(index), out);
    }
}

fn nearest_member(map: &serde_json::Map<String, Value>, name: &str, at: &Path) -> String {
    match crate::source::nearest(name, map.keys().map(String::as_str)) {
        Some(near) => format!("{} exists", at.key(near)),
        None if map.is_empty() => format!("{at} is an empty object"),
        None => format!("{at} has {}", map.keys().cloned().collect::<Vec<_>>().join(", ")),
    }
}

/// Whether `actual` fits `expected`.
pub fn fits(expected: &Node, actual: Option<&Value>) -> bool {
    let mut out = Vec::new();
    compare(expected, actual, &Path::default(), &mut out);
    out.is_empty()
}

/// Scalars are the same by type and value; numbers compare as numbers, so 1 equals 1.0.
pub fn same_scalar(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => same_number(a, b),
        _ => a == b,
    }
}

/// Whether both are the same value, with the same members.
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        _ => same_scalar(a, b),
    }
}

/// Numbers by value: a double that is whole is compared digit by digit with an integer, so that no digit can be lost.
pub fn same_number(a: &Number, b: &Number) -> bool {
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a.as_f64() == b.as_f64(),
    }
}

/// The number as an integer, if it is one.
pub(crate) fn whole(number: &Number) -> Option<i128> {
    /// Every double below this is exact as an `i128`.
    const EXACT_MAX: f64 = 1e38;
    let exact = || number.as_f64().filter(|value| value.fract() == 0.0 && value.abs() < EXACT_MAX);
    #[expect(clippy::cast_possible_truncation, reason = "the value is whole and in range")]
    number.as_i128().or_else(|| exact().map(|value| value as i128))
}

/// What a [`Matcher`] looks at.
#[derive(Debug, Clone, Copy)]
pub struct Check<'a> {
    /// The whole matcher, as it stands in the scenario.
    pub expected: &'a Node,
    /// Its argument; `None` for a bare `$name`.
    pub argument: Option<&'a Node>,
    /// The value; `None` where there is none.
    pub actual: Option<&'a Value>,
    /// Where the value stands.
    pub at: &'a Path,
}

impl Check<'_> {
    /// Reports that the value does not fit.
    pub fn fail(&self, out: &mut Vec<Mismatch>) {
        out.push(mismatch(self.expected, self.at, self.actual));
    }

    /// Reports that the value does not fit unless `fits` holds.
    pub fn require(&self, fits: bool, out: &mut Vec<Mismatch>) {
        if !fits {
            self.fail(out);
        }
    }
}

fn mismatch(expected: &Node, at: &Path, actual: Option<&Value>) -> Mismatch {
    Mismatch {
        path: at.to_string(),
        expected: brief(&expected.to_json()),
        actual: actual.map_or_else(|| "nothing".to_owned(), brief),
        hint: None,
        span: expected.span.clone(),
    }
}

/// A value on one line, cut where it gets long.
pub fn brief(value: &Value) -> String {
    cut(&value.to_string())
}

/// A text, cut where it gets long.
pub(crate) fn cut(text: &str) -> String {
    /// Longer than this, a value is shown by its beginning.
    const BRIEF_CHARS_MAX: usize = 400;
    match text.char_indices().nth(BRIEF_CHARS_MAX) {
        Some((at, _)) => format!("{}... ({} bytes)", &text[..at], text.len()),
        None => text.to_owned(),
    }
}

/// Finds unknown matchers and arguments that they cannot take, before anything runs.
pub fn lint(node: &Node, out: &mut Vec<Diagnostic>) {
    match &node.kind {
        Kind::Text(text, Style::Plain) if is_matcher_word(text) => lint_bare(text, node, out),
        Kind::List(items) => items.iter().for_each(|item| lint(item, out)),
        Kind::Map(entries) => match matcher_key(entries) {
            Some(entry) => lint_matcher(entry, out),
            None => lint_members(entries, out),
        },
        _ => {}
    }
}

/// Beside other keys a matcher would be taken for the name of a member, and never fit.
fn lint_members(entries: &[Entry], out: &mut Vec<Diagnostic>) {
    for Entry { key, value } in entries {
        if is_matcher_word(&key.name) {
            out.push(
                Diagnostic::new(&key.span, format!("`{}` shares its map with other keys", key.name), "not alone")
                    .help("a matcher is a map of one key; a member whose name begins with `$` is matched by `$exact`"),
            );
        }
        lint(value, out);
    }
}

fn is_matcher_word(text: &str) -> bool {
    text.strip_prefix('$').is_some_and(|name| name.starts_with(|c: char| c.is_ascii_alphabetic()) && is_shorthand(name))
}

fn lint_bare(text: &str, node: &Node, out: &mut Vec<Diagnostic>) {
    match matchers::find(text) {
        None => out.push(unknown(text, &node.span)),
        Some(matcher) => {
            if let Err(reason) = matcher.accepts(None) {
                out.push(
                    Diagnostic::new(&node.span, format!("`{text}` needs an argument"), reason).help(matcher.example()),
                );
            }
        }
    }
}

fn lint_matcher(entry: &Entry, out: &mut Vec<Diagnostic>) {
    let name = &entry.key.name;
    let Some(matcher) = matchers::find(name) else {
        out.push(unknown(name, &entry.key.span));
        return;
    };
    let variable = matches!(&entry.value.kind, Kind::Text(text, _) if text.contains("$("));
    match matcher.accepts(Some(&entry.value)) {
        Err(reason) if !variable => out.push(
            Diagnostic::new(&entry.value.span, format!("`{name}` cannot take this"), reason).help(matcher.example()),
        ),
        _ => matcher.patterns(&entry.value).into_iter().for_each(|inner| lint(inner, out)),
    }
}

fn unknown(name: &str, span: &Span) -> Diagnostic {
    if let Some(variable) = BUILTINS.into_iter().find(|variable| *variable == &name[1..]) {
        return vars::without_parentheses(variable, span);
    }
    Diagnostic::new(span, format!("there is no matcher `{name}`"), "unknown matcher")
        .help_names(name, matchers::names())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::Value;

    use super::same_scalar;

    #[rstest]
    #[case("1", "1.0", true)]
    #[case("1", "\"1\"", false)]
    #[case("-0.0", "0", true)]
    #[case("9007199254740993", "9007199254740993", true)]
    #[case("9007199254740993", "9007199254740992.0", false)]
    #[case("0.1", "0.1", true)]
    #[case("1e300", "1e300", true)]
    #[case("18446744073709551615", "18446744073709551615", true)]
    #[case("null", "0", false)]
    fn scalars_compare_by_type_and_value(#[case] a: &str, #[case] b: &str, #[case] same: bool) {
        let read = |text| serde_json::from_str::<Value>(text).expect("a JSON literal");
        assert_eq!(same_scalar(&read(a), &read(b)), same);
    }
}
