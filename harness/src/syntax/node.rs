//! The tree that a file is read into.

use serde_json::{Map, Number, Value};

use crate::source::Span;

/// A value and where it stands.
#[derive(Debug, Clone)]
pub struct Node {
    /// Where the value stands in its file.
    pub span: Span,
    /// The value.
    pub kind: Kind,
}

/// What a [`Node`] can be: JSON's six kinds, with the way that a text was written.
#[derive(Debug, Clone)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A JSON number.
    Number(Number),
    /// A text and how it was written.
    Text(String, Style),
    /// A list.
    List(Vec<Node>),
    /// A map; keys are unique and keep their order.
    Map(Vec<Entry>),
}

/// How a text was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// In single or double quotes.
    Quoted,
    /// As a block: `|` or `>`.
    Block,
}

/// One line of a map.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key.
    pub key: Key,
    /// The value.
    pub value: Node,
}

/// A map's key and where it stands.
#[derive(Debug, Clone)]
pub struct Key {
    /// The key's text.
    pub name: String,
    /// Where the key stands.
    pub span: Span,
}

impl Node {
    /// The text, if this is one.
    pub fn as_text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text, _) => Some(text),
            _ => None,
        }
    }

    /// The entries, if this is a map.
    pub fn as_map(&self) -> Option<&[Entry]> {
        match &self.kind {
            Kind::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The items, if this is a list.
    pub fn as_list(&self) -> Option<&[Node]> {
        match &self.kind {
            Kind::List(items) => Some(items),
            _ => None,
        }
    }

    /// The value under `name`, if this is a map that has it.
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.as_map()?.iter().find(|entry| entry.key.name == name).map(|entry| &entry.value)
    }

    /// The kind in a reader's words, for messages: "a list", "the text `x`".
    pub fn describe(&self) -> String {
        match &self.kind {
            Kind::Null => "null".to_owned(),
            Kind::Bool(value) => format!("`{value}`"),
            Kind::Number(value) => format!("the number {value}"),
            Kind::Text(text, _) if text.chars().count() <= 40 && !text.contains('\n') => format!("the text `{text}`"),
            Kind::Text(..) => "a text".to_owned(),
            Kind::List(items) if items.is_empty() => "an empty list".to_owned(),
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(_) => "a map".to_owned(),
        }
    }

    /// The value as JSON, without spans and styles.
    pub fn to_json(&self) -> Value {
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Number(value) => Value::Number(value.clone()),
            Kind::Text(text, _) => Value::String(text.clone()),
            Kind::List(items) => Value::Array(items.iter().map(Self::to_json).collect()),
            Kind::Map(entries) => Value::Object(
                entries.iter().map(|entry| (entry.key.name.clone(), entry.value.to_json())).collect::<Map<_, _>>(),
            ),
        }
    }

    /// Calls `visit` with this node and every node below it, and every key, in the order of the file.
    pub fn walk<'a>(&'a self, visit: &mut impl FnMut(Visited<'a>)) {
        visit(Visited::Node(self));
        match &self.kind {
            Kind::List(items) => items.iter().for_each(|item| item.walk(visit)),
            Kind::Map(entries) => {
                for entry in entries {
                    visit(Visited::Key(&entry.key));
                    entry.value.walk(visit);
                }
            }
            _ => {}
        }
    }
}

/// What [`Node::walk`] comes by.
#[derive(Debug, Clone, Copy)]
pub enum Visited<'a> {
    /// A value.
    Node(&'a Node),
    /// A key.
    Key(&'a Key),
}

impl Node {
    /// A JSON value as if it stood at `span`; its texts count as quoted, so none of them is a matcher.
    pub fn from_json(value: &Value, span: &Span) -> Self {
        let kind = match value {
            Value::Null => Kind::Null,
            Value::Bool(value) => Kind::Bool(*value),
            Value::Number(value) => Kind::Number(value.clone()),
            Value::String(text) => Kind::Text(text.clone(), Style::Quoted),
            Value::Array(items) => Kind::List(items.iter().map(|item| Self::from_json(item, span)).collect()),
            Value::Object(map) => Kind::Map(
                map.iter()
                    .map(|(name, value)| Entry {
                        key: Key { name: name.clone(), span: span.clone() },
                        value: Self::from_json(value, span),
                    })
                    .collect(),
            ),
        };
        Self { span: span.clone(), kind }
    }
}
