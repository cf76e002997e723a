//! Nodes that are made and not read: they stand nowhere.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use serde_json::Value;

use crate::source::{Source, Span};
use crate::syntax::{Entry, Key, Kind, Node, Style};

static NOWHERE: LazyLock<Span> = LazyLock::new(|| {
    let source = Source { shown: "recording".to_owned(), path: PathBuf::new(), text: String::new() };
    Span::new(&Arc::new(source), 0, 0)
});

fn of(kind: Kind) -> Node {
    Node { span: NOWHERE.clone(), kind }
}

/// A text of the scenario language, variables and all, in the style that a person would choose.
pub(super) fn text(text: impl Into<String>) -> Node {
    let text = text.into();
    let style = if text.contains('\n') {
        Style::Block
    } else if text.starts_with('$') && !text.starts_with("$(") {
        // Bare, it would be a matcher.
        Style::Quoted
    } else {
        Style::Plain
    };
    of(Kind::Text(text, style))
}

/// A statement: in quotes on one line, as a block on several.
pub(super) fn sql(text: &str) -> Node {
    if text.trim().contains('\n') {
        return of(Kind::Text(format!("{}\n", text.trim()), Style::Block));
    }
    of(Kind::Text(text.to_owned(), Style::Quoted))
}

/// A bare word, such as `any` or `$timestamp`.
pub(super) fn word(word: &str) -> Node {
    of(Kind::Text(word.to_owned(), Style::Plain))
}

/// A block of text as it is.
pub(super) fn block(text: String) -> Node {
    of(Kind::Text(text, Style::Block))
}

/// A matcher with its argument.
pub(super) fn matcher(name: &str, argument: Node) -> Node {
    map([(name, argument)])
}

/// `{ $type: name }`
pub(super) fn of_type(name: &str) -> Node {
    matcher("$type", word(name))
}

/// A count.
pub(super) fn count(count: usize) -> Node {
    of(Kind::Number(count.into()))
}

/// A boolean.
pub(super) fn truth(value: bool) -> Node {
    of(Kind::Bool(value))
}

/// A scalar that is no text.
pub(super) fn scalar(value: &Value) -> Node {
    Node::from_json(value, &NOWHERE)
}

/// A list.
pub(super) fn list(items: Vec<Node>) -> Node {
    of(Kind::List(items))
}

/// A map.
pub(super) fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Node)>) -> Node {
    let entry = |(name, value): (K, Node)| Entry { key: Key { name: name.into(), span: NOWHERE.clone() }, value };
    of(Kind::Map(entries.into_iter().map(entry).collect()))
}

/// A JSON value with each text put through `rewrite`.
pub(super) fn value(json: &Value, rewrite: &dyn Fn(&str) -> String) -> Node {
    match json {
        Value::String(string) => text(rewrite(string)),
        Value::Array(items) => list(items.iter().map(|item| value(item, rewrite)).collect()),
        Value::Object(members) => map(members.iter().map(|(name, member)| (rewrite(name), value(member, rewrite)))),
        other => scalar(other),
    }
}
