//! Values as a scenario writes them: with its variables in their places, and in quotes where they would be read otherwise.

use serde_json::{Map, Value};

use super::{Edit, block};
use crate::source::Span;
use crate::syntax::{self, Entry, Key, Kind, Node, Style};
use crate::vars::{DATASET_PREFIX, Piece, Vars, pieces, written};

/// Variables whose values are known by their look wherever they come: paths.
const PATHS: [&str; 3] = ["dir", "data", "persistent"];

/// A value in the place of an expectation, in the way that the expectation was written.
pub(super) fn edit(node: &Node, actual: &Value, vars: &Vars) -> Edit {
    let range = node.span.start..node.span.end;
    match (&node.kind, actual) {
        (Kind::Text(before, Style::Block), Value::String(text)) => block::edit(node, &template(text, before, vars)),
        (Kind::Text(_, Style::Block), other) => {
            Edit { range: block::whole(&node.span), text: literal(other, &node.span, vars) }
        }
        (Kind::Text(before, Style::Quoted), Value::String(text)) => {
            let text = template(text, before, vars);
            let single = node.span.text().starts_with('\'') && !text.chars().any(char::is_control);
            let text = if single { format!("'{}'", text.replace('\'', "''")) } else { syntax::in_quotes(&text) };
            Edit { range, text }
        }
        (Kind::Text(before, Style::Plain), Value::String(text)) => {
            Edit { range, text: plain(&template(text, before, vars), &node.span).to_string() }
        }
        (_, other) => Edit { range, text: literal(other, &node.span, vars) },
    }
}

/// A value on one line.
pub(super) fn literal(value: &Value, near: &Span, vars: &Vars) -> String {
    syntax::one_line(&node(value, vars, near))
}

fn node(value: &Value, vars: &Vars, span: &Span) -> Node {
    let kind = match value {
        Value::String(text) => return plain(&template(text, "", vars), span),
        Value::Array(items) => Kind::List(items.iter().map(|item| node(item, vars, span)).collect()),
        Value::Object(map) => return object(map, vars, span),
        scalar => return Node::from_json(scalar, span),
    };
    Node { span: span.clone(), kind }
}

fn object(map: &Map<String, Value>, vars: &Vars, span: &Span) -> Node {
    let entry = |name: &str, value: Node| Entry { key: Key { name: name.to_owned(), span: span.clone() }, value };
    let entries = map.iter().map(|(name, value)| entry(&name.replace("$(", "$$("), node(value, vars, span)));
    let whole = Node { span: span.clone(), kind: Kind::Map(entries.collect()) };
    if map.keys().all(|name| !name.starts_with('$')) {
        return whole;
    }
    // A key that begins with `$` would be a matcher.
    Node { span: span.clone(), kind: Kind::Map(vec![entry("$exact", whole)]) }
}

/// A text without quotes where it is read as this text and nothing else.
fn plain(text: &str, span: &Span) -> Node {
    let special = text == "any" || (text.starts_with('$') && !text.starts_with("$("));
    let style = if special { Style::Quoted } else { Style::Plain };
    Node { span: span.clone(), kind: Kind::Text(text.to_owned(), style) }
}

/// A text with variables in the place of their values: paths anywhere, and what the expectation (`before`) had, as often as it
/// had it. What would be taken for a variable is escaped.
pub(super) fn template(text: &str, before: &str, vars: &Vars) -> String {
    let known = candidates(text, before, vars);
    let mut parts = vec![Part::Text(text)];
    for variable in &known {
        parts = parts.into_iter().flat_map(|part| part.split(variable)).collect();
    }
    let mut out = String::new();
    for part in parts {
        match part {
            Part::Text(text) => out.push_str(&escaped(text)),
            // `$` before it would escape it.
            Part::Variable(variable) if out.ends_with('$') => out.push_str(&escaped(&variable.value)),
            Part::Variable(variable) => out.push_str(&format!("$({})", variable.name)),
        }
    }
    out
}

fn escaped(text: &str) -> String {
    text.replace("$(", "$$(")
}

struct Variable<'a> {
    name: &'a str,
    value: String,
}

/// The variables whose values may stand in the text, the longest value first: one path may be the beginning of another.
fn candidates<'a>(text: &str, before: &str, vars: &'a Vars) -> Vec<Variable<'a>> {
    let pieces = pieces(before);
    let had = |name: &str| pieces.iter().filter(|piece| matches!(piece, Piece::Name(had, _) if *had == name)).count();
    let mut found: Vec<Variable<'_>> = Vec::new();
    for (name, value) in vars.iter() {
        let path = PATHS.contains(&name) || name.starts_with(DATASET_PREFIX);
        // A text that is nothing but a number's variable would be that number.
        let whole = !value.is_string() && written(value) == text;
        let value = written(value);
        if !value.is_empty() && !whole && (path || (had(name) > 0 && text.matches(&value).count() == had(name))) {
            found.push(Variable { name, value });
        }
    }
    found.sort_by_key(|variable| std::cmp::Reverse(variable.value.len()));
    found
}

enum Part<'a> {
    Text(&'a str),
    Variable(&'a Variable<'a>),
}

impl<'a> Part<'a> {
    fn split(self, variable: &'a Variable<'a>) -> Vec<Self> {
        let Self::Text(text) = self else { return vec![self] };
        let mut parts = Vec::new();
        let mut from = 0;
        for (at, found) in text.match_indices(&variable.value) {
            let end = at + found.len();
            // `/tmp/a` is no part of `/tmp/ab`.
            let goes_on = text[end..].starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-');
            if !(goes_on && found.starts_with('/')) {
                parts.extend([Self::Text(&text[from..at]), Self::Variable(variable)]);
                from = end;
            }
        }
        parts.push(Self::Text(&text[from..]));
        parts
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn vars() -> Vars {
        let mut vars = Vars::default();
        for (name, value) in [
            ("dir", json!("/tmp/a/work")),
            ("persistent", json!("/tmp/a/work/p.hyper")),
            ("database", json!("lake")),
            ("count", json!(3)),
        ] {
            vars.set(name.to_owned(), value);
        }
        vars
    }

    #[rstest]
    #[case("/tmp/a/work", "", "$(dir)")]
    #[case("/tmp/a/work/x.csv and /tmp/a/work", "", "$(dir)/x.csv and $(dir)")]
    #[case("/tmp/a/work/p.hyper", "", "$(persistent)")]
    #[case("/tmp/a/works", "", "/tmp/a/works")]
    #[case("$/tmp/a/work", "", "$/tmp/a/work")]
    #[case("lake", "", "lake")]
    #[case("lake", "$(database)", "$(database)")]
    #[case("a lake", "no $(database)", "a $(database)")]
    #[case("lake, lake", "$(database)", "lake, lake")]
    #[case("3", "$(count)", "3")]
    #[case("3 rows", "$(count) row", "$(count) rows")]
    #[case("$(dir) $$(dir)", "", "$$(dir) $$$(dir)")]
    fn variables_come_back(#[case] text: &str, #[case] before: &str, #[case] expected: &str) {
        let written = template(text, before, &vars());
        assert_eq!(written, expected);
        let span = Span::nowhere();
        let node = Node { span, kind: Kind::Text(written, Style::Quoted) };
        assert_eq!(vars().text(&node).expect("it resolves"), text, "and mean the same");
    }

    #[rstest]
    #[case(json!({ "a": [1, "no"], "b c": { "d": null } }), r#"{ a: [1, "no"], b c: { d: null } }"#)]
    #[case(json!({ "$any": 1 }), "{ $exact: { $any: 1 } }")]
    #[case(json!("$any"), "\"$any\"")]
    #[case(json!("any"), "\"any\"")]
    #[case(json!("12"), "\"12\"")]
    #[case(json!([]), "[]")]
    #[case(json!({ "$(dir)": "a, b" }), r#"{ $exact: { $$(dir): "a, b" } }"#)]
    fn values_are_read_back_as_themselves(#[case] value: Value, #[case] expected: &str) {
        assert_eq!(literal(&value, &Span::nowhere(), &vars()), expected);
    }
}
