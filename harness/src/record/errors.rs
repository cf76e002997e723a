//! Errors as a person announces them: by what stays the same from release to release.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::answer::Writer;
use super::node;
use crate::syntax::Node;

/// Names that a message quotes.
static QUOTED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("\"([^\"\n]+)\"|`([^`\n]+)`|'([^'\n]+)'").expect("the pattern is a constant"));

/// A shorter name is in many messages by chance.
const NAME_CHARS_MIN: usize = 3;

/// A longer one is no name.
const NAME_CHARS_MAX: usize = 80;

/// The `error` of a tool that failed, with the `content` where it has no error to speak of.
pub(super) fn of_tool(value: &Value, content: &Value, given: &Value, writer: &Writer<'_>) -> Vec<(String, Node)> {
    let error = value.get("error").unwrap_or(value);
    let mut parts = codes(error, &["code", "sqlstate"], writer);
    let message = error["message"].as_str();
    let part = message.and_then(|message| stable(message, given, writer));
    match (part, message) {
        (Some(part), _) => parts.push(("message".to_owned(), node::text(part))),
        (None, Some(message)) if parts.is_empty() => {
            parts.push(("message".to_owned(), node::text(beginning(message, writer))));
        }
        _ => {}
    }
    if !parts.is_empty() {
        return vec![("error".to_owned(), node::map(parts))];
    }
    // A tool that fails in prose alone has no error with members.
    let error = node::map([("code", node::word("$absent"))]);
    vec![("error".to_owned(), error), ("content".to_owned(), in_prose(content, given, writer))]
}

/// The `protocol_error` of a request that the server refused.
pub(super) fn of_protocol(code: i64, message: &str, given: &Value, writer: &Writer<'_>) -> Node {
    let mut parts = vec![("code".to_owned(), node::scalar(&Value::from(code)))];
    if let Some(part) = stable(message, given, writer) {
        parts.push(("message".to_owned(), node::text(part)));
    }
    node::map(parts)
}

/// An error that is a part of an answer.
pub(super) fn inside(error: &Value, writer: &Writer<'_>) -> Node {
    let parts = codes(error, &["code", "sqlstate"], writer);
    if parts.is_empty() { node::map([("message", node::of_type("string"))]) } else { node::map(parts) }
}

fn codes(error: &Value, names: &[&str], writer: &Writer<'_>) -> Vec<(String, Node)> {
    let code = |name: &&str| {
        let node = match error.get(*name)? {
            Value::String(text) => writer.text(text),
            Value::Number(number) => node::scalar(&Value::Number(number.clone())),
            _ => return None,
        };
        Some(((*name).to_owned(), node))
    };
    names.iter().filter_map(code).collect()
}

/// A name that the message quotes out of the request; the words around it change.
fn stable(message: &str, given: &Value, writer: &Writer<'_>) -> Option<String> {
    let mut said = Vec::new();
    texts(given, &mut said);
    let quoted = QUOTED.captures_iter(message).filter_map(|found| found.iter().skip(1).flatten().next());
    let mut names = quoted.map(|found| found.as_str()).filter(|name| {
        let chars = name.chars().count();
        let written = writer.places.text(name);
        // A path's name may be longer than what stands for it.
        (NAME_CHARS_MIN..=NAME_CHARS_MAX).contains(&chars.min(written.chars().count()))
            && said.iter().any(|text| text.contains(name))
    });
    names.next().map(|name| writer.places.text(name))
}

fn texts<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(members) => members.iter().for_each(|(name, member)| {
            found.push(name);
            texts(member, found);
        }),
        _ => {}
    }
}

/// The first words of a message that has nothing else.
fn beginning(message: &str, writer: &Writer<'_>) -> String {
    let line = message.lines().next().unwrap_or_default();
    let clause = line.split([':', '.']).next().unwrap_or(line).trim();
    let clause = if clause.is_empty() { line } else { clause };
    writer.places.text(&clause.chars().take(NAME_CHARS_MAX).collect::<String>())
}

fn in_prose(content: &Value, given: &Value, writer: &Writer<'_>) -> Node {
    let block = |block: &Value| match block["text"].as_str() {
        Some(text) => {
            let part = stable(text, given, writer).unwrap_or_else(|| beginning(text, writer));
            node::map([("type", node::word("text")), ("text", node::matcher("$contains", node::text(part)))])
        }
        None => node::map([("type", node::text(block["type"].as_str().unwrap_or_default()))]),
    };
    node::list(content.as_array().into_iter().flatten().map(block).collect())
}
