//! An answer as the expectation that a person would write of it.

use serde_json::Value;

use super::errors;
use super::node;
use super::places::Places;
use super::volatile::{self, Fate, Volatile};
use crate::syntax::Node;

/// A longer list is expected by its length.
const LIST_ITEMS_MAX: usize = 50;

/// A longer text is expected by its length.
const TEXT_CHARS_MAX: usize = 2000;

/// Members of a result that belong to the protocol and not to the answer.
const PROTOCOL_MEMBERS: [&str; 5] = ["_meta", "cacheScope", "nextCursor", "resultType", "ttlMs"];

/// What is known of a session when its answers are written down.
pub(super) struct Writer<'a> {
    /// What stands for paths.
    pub(super) places: &'a Places,
    /// What is another value each time.
    pub(super) volatile: Volatile<'a>,
}

impl Writer<'_> {
    /// The expectation of a whole answer; `any` where nothing in it stays the same.
    pub(super) fn whole(&self, value: &Value) -> Node {
        let mut value = value.clone();
        if let Value::Object(members) = &mut value {
            members.retain(|name, _| !PROTOCOL_MEMBERS.contains(&name.as_str()));
        }
        let empty = value.as_object().is_some_and(serde_json::Map::is_empty);
        match self.expected(&value).filter(|_| !empty) {
            // The bare word asks for anything at all.
            Some(node) if node.as_text() == Some("any") => node::sql("any"),
            Some(node) => node,
            None => node::word("any"),
        }
    }

    /// The expectation of a value; `None` where nothing in it stays the same.
    pub(super) fn expected(&self, value: &Value) -> Option<Node> {
        match value {
            Value::String(text) => Some(self.text(text)),
            Value::Array(items) if items.len() > LIST_ITEMS_MAX => {
                Some(node::matcher("$len", node::count(items.len())))
            }
            Value::Array(items) => {
                let item = |item| self.expected(item).unwrap_or_else(|| node::word("$any"));
                Some(node::list(items.iter().map(item).collect()))
            }
            Value::Object(members) if members.keys().any(|name| name.starts_with('$')) => {
                Some(node::matcher("$exact", node::value(value, &|text| self.places.text(text))))
            }
            Value::Object(members) => {
                let kept: Vec<(String, Node)> = members
                    .iter()
                    .filter(|(_, member)| !repeats(member, members))
                    .filter_map(|(name, member)| Some((self.places.text(name), self.member(name, member)?)))
                    .collect();
                if kept.is_empty() && !members.is_empty() { None } else { Some(node::map(kept)) }
            }
            other => Some(node::scalar(other)),
        }
    }

    fn member(&self, name: &str, value: &Value) -> Option<Node> {
        match volatile::by_name(name, value) {
            Some(Fate::LeftOut) => return None,
            Some(Fate::Matcher(matcher)) => return Some(matcher),
            None => {}
        }
        if name == "error" && value["message"].is_string() {
            return Some(errors::inside(value, self));
        }
        match value {
            Value::String(_) if volatile::is_prose(name) => Some(node::of_type("string")),
            Value::Array(items) if volatile::is_prose(name) && items.iter().all(Value::is_string) => {
                Some(node::matcher("$len", node::count(items.len())))
            }
            _ => self.expected(value),
        }
    }

    /// The expectation of a text.
    pub(super) fn text(&self, text: &str) -> Node {
        if let Some(matcher) = self.volatile.made_up(text) {
            return matcher;
        }
        let written = self.places.text(text);
        if written == text && self.volatile.is_elsewhere(text) {
            return node::of_type("string");
        }
        if text.chars().count() > TEXT_CHARS_MAX {
            return node::matcher("$len", node::count(text.chars().count()));
        }
        node::text(written)
    }
}

/// Whether a member says nothing that does not stand beside it.
fn repeats(member: &Value, beside: &serde_json::Map<String, Value>) -> bool {
    let Some(inner) = member.as_object().filter(|inner| !inner.is_empty()) else { return false };
    inner.iter().all(|(name, value)| {
        beside.get(name) == Some(value) || matches!(volatile::by_name(name, value), Some(Fate::LeftOut))
    })
}
