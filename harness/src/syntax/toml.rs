//! TOML into the same tree as YAML, so that one decoder reads both.

use std::sync::Arc;

use serde_json::Number;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Entry, Key, Kind, Node, Style};
use crate::source::{Diagnostic, Source, Span};

/// Reads a TOML file. Every mistake of its syntax is added to `problems`; a file with one has no node.
pub fn read_toml(source: &Arc<Source>, problems: &mut Vec<Diagnostic>) -> Option<Node> {
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    let mut reader = Reader { source, problems: Vec::new() };
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let title = format!("this is not TOML: {}", error.message().lines().next().unwrap_or_default());
        reader.problems.push(Diagnostic::new(&reader.span(span), title, "here"));
    }
    let entries = reader.entries(table.get_ref());
    let node = Node { span: reader.span(table.span()), kind: Kind::Map(entries) };
    let clean = reader.problems.is_empty();
    problems.append(&mut reader.problems);
    clean.then_some(node)
}

struct Reader<'a> {
    source: &'a Arc<Source>,
    problems: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn span(&self, bytes: std::ops::Range<usize>) -> Span {
        Span::new(self.source, bytes.start, bytes.end)
    }

    /// In the order of the file: the parser sorts keys by name.
    fn entries(&mut self, table: &DeTable<'_>) -> Vec<Entry> {
        let mut entries: Vec<Entry> = table
            .iter()
            .map(|(key, value)| Entry {
                key: Key { name: key.get_ref().to_string(), span: self.span(key.span()) },
                value: self.node(value),
            })
            .collect();
        entries.sort_by_key(|entry| entry.key.span.start);
        entries
    }

    fn node(&mut self, value: &Spanned<DeValue<'_>>) -> Node {
        let span = self.span(value.span());
        let kind = match value.get_ref() {
            DeValue::String(text) => Kind::Text(text.to_string(), Style::Quoted),
            DeValue::Boolean(value) => Kind::Bool(*value),
            DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => Kind::Number(number.into()),
                Err(_) => self.no_value(&span, "a number of more than 64 bits"),
            },
            DeValue::Float(number) => match number.as_str().parse().ok().and_then(Number::from_f64) {
                Some(number) => Kind::Number(number),
                None => self.no_value(&span, "not a finite number"),
            },
            DeValue::Datetime(_) => self.no_value(&span, "a date or time"),
            DeValue::Array(items) => Kind::List(items.iter().map(|item| self.node(item)).collect()),
            DeValue::Table(table) => Kind::Map(self.entries(table)),
        };
        Node { span, kind }
    }

    fn no_value(&mut self, span: &Span, label: &str) -> Kind {
        self.problems.push(Diagnostic::new(span, "no key here takes such a value", label).help("write it in quotes"));
        Kind::Null
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use serde_json::json;

    use super::read_toml;
    use crate::source::Source;

    fn source(text: &str) -> Arc<Source> {
        Arc::new(Source { shown: "x.toml".to_owned(), path: PathBuf::from("x.toml"), text: text.to_owned() })
    }

    #[test]
    fn tables_lists_and_scalars_become_nodes_in_the_files_order() {
        let mut problems = Vec::new();
        let text = "b = 'x'\na = [1, 2.5, true]\n[[t]]\nk = { z = 1 }\n[[t]]\n";
        let node = read_toml(&source(text), &mut problems).expect("is TOML");
        assert_eq!(node.to_json(), json!({ "b": "x", "a": [1, 2.5, true], "t": [{ "k": { "z": 1 } }, {}] }));
        let keys: Vec<_> = node.as_map().expect("is a map").iter().map(|entry| entry.key.span.place()).collect();
        assert_eq!(keys, ["x.toml:1:1", "x.toml:2:1", "x.toml:3:3"]);
        assert!(problems.is_empty());
    }

    #[test]
    fn each_mistake_has_its_place() {
        let mut problems = Vec::new();
        assert!(read_toml(&source("a = 1\nb = = 2\nc = 2020-01-01\n"), &mut problems).is_none());
        let places: Vec<_> = problems.iter().map(|problem| problem.span.place()).collect();
        assert!(places.iter().any(|place| place.starts_with("x.toml:2:")), "{places:?}");
        assert!(places.iter().any(|place| place == "x.toml:3:5"), "{places:?}");
    }
}
