//! `$(name)`: what a name stands for, and its place in a text.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;

use crate::matchers;
use crate::source::{Diagnostic, Span, nearest};
use crate::syntax::{Entry, Key, Kind, Node, Style};

/// Names that exist in every scenario.
///
/// - `dir`: the scenario's own directory; `data`: `scenarios/data`; `persistent`: the persistent database's file
/// - `target`: the target's name; `hyper.version`: the release of hyperd; `pid`: this process
pub const BUILTINS: [&str; 6] = ["dir", "data", "persistent", "target", "hyper.version", "pid"];

/// The prefix of the names of public data sets, fetched when a scenario uses them: `$(dataset.vega_datasets)`.
pub const DATASET_PREFIX: &str = "dataset.";

/// A part of a text with variables in it.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Text as it stands.
    Text(&'a str),
    /// `$(name)`, and the bytes of the text that it takes up.
    Name(&'a str, Range<usize>),
    /// `$(` without its `)`.
    Open(Range<usize>),
}

/// Splits a text at its variables. `$$(` is a literal `$(`.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut from = 0;
    let mut look = 0;
    while let Some(found) = text[look..].find("$(") {
        let at = look + found;
        if text[..at].ends_with('$') {
            // The first `$` of `$$(` is the escape; the rest is text.
            pieces.push(Piece::Text(&text[from..at - 1]));
            from = at;
            look = at + 2;
            continue;
        }
        pieces.push(Piece::Text(&text[from..at]));
        let Some(length) = text[at..].find(')') else {
            pieces.push(Piece::Open(at..text.len()));
            return pieces;
        };
        let end = at + length + 1;
        pieces.push(Piece::Name(&text[at + 2..end - 1], at..end));
        from = end;
        look = end;
    }
    pieces.push(Piece::Text(&text[from..]));
    pieces.retain(|piece| *piece != Piece::Text(""));
    pieces
}

/// The names that `node` uses, each with a diagnostic's place; and unclosed `$(`.
pub fn names(node: &Node) -> (Vec<(String, &Node)>, Vec<Diagnostic>) {
    let mut used = Vec::new();
    let mut problems = Vec::new();
    scan(node, &mut used, &mut problems);
    (used, problems)
}

fn scan<'a>(node: &'a Node, used: &mut Vec<(String, &'a Node)>, problems: &mut Vec<Diagnostic>) {
    match &node.kind {
        Kind::Text(text, _) => scan_text(text, node, used, problems),
        Kind::List(items) => items.iter().for_each(|item| scan(item, used, problems)),
        Kind::Map(entries) => {
            for Entry { key, value } in entries {
                scan_text(&key.name, value, used, problems);
                scan(value, used, problems);
            }
        }
        _ => {}
    }
}

fn scan_text<'a>(text: &str, holder: &'a Node, used: &mut Vec<(String, &'a Node)>, problems: &mut Vec<Diagnostic>) {
    for piece in pieces(text) {
        match piece {
            Piece::Name(name, _) => used.push((name.to_owned(), holder)),
            Piece::Open(_) => problems.push(
                Diagnostic::new(&holder.span, "`$(` is not closed", "a `)` is missing")
                    .help("close it, or write `$$(` for a literal `$(`"),
            ),
            Piece::Text(_) => {}
        }
    }
}

/// Texts that begin with the name of a variable without its parentheses, such as `$dir/people.csv`.
pub fn bare<'a>(node: &'a Node, known: &dyn Fn(&str) -> bool, found: &mut Vec<(&'a str, &'a Node)>) {
    match &node.kind {
        Kind::Text(text, _) => {
            let name = text.strip_prefix('$').and_then(|rest| rest.split('/').next()).unwrap_or_default();
            // What is a matcher is no slip.
            if known(name) && !matchers::names().any(|matcher| matcher[1..] == *name) {
                found.push((name, node));
            }
        }
        Kind::List(items) => items.iter().for_each(|item| bare(item, known, found)),
        Kind::Map(entries) => entries.iter().for_each(|entry| bare(&entry.value, known, found)),
        _ => {}
    }
}

/// Says how a variable is written.
pub(crate) fn without_parentheses(name: &str, span: &Span) -> Diagnostic {
    Diagnostic::new(span, format!("`${name}` is no variable"), "only a text").help(format!("write `$({name})`"))
}

/// What the names stand for at one moment of a scenario.
#[derive(Debug, Clone, Default)]
pub struct Vars {
    values: BTreeMap<String, Value>,
}

impl Vars {
    /// Gives `name` a value; a later value of the same name wins (a step that is repeated saves again).
    pub fn set(&mut self, name: impl Into<String>, value: Value) {
        self.values.insert(name.into(), value);
    }

    /// The value of `name`.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// Every name that has a value, with it.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The node with every variable replaced. A text that is nothing but `$(name)` takes the value's type.
    ///
    /// # Errors
    ///
    /// A name that has no value yet.
    pub fn resolve(&self, node: &Node) -> Result<Node, Diagnostic> {
        let kind = match &node.kind {
            Kind::Text(text, style) => return self.resolve_text(text, *style, node),
            Kind::List(items) => Kind::List(items.iter().map(|item| self.resolve(item)).collect::<Result<_, _>>()?),
            Kind::Map(entries) => {
                Kind::Map(entries.iter().map(|entry| self.resolve_entry(entry)).collect::<Result<_, _>>()?)
            }
            other => other.clone(),
        };
        Ok(Node { span: node.span.clone(), kind })
    }

    /// The node with those variables replaced that have a value. The rest stays as it is written, escapes among it, so
    /// that a value must be one that could be written there.
    pub fn resolve_known(&self, node: &Node) -> Node {
        let kind = match &node.kind {
            Kind::Text(text, style) => return self.text_known(text, *style, node),
            Kind::List(items) => Kind::List(items.iter().map(|item| self.resolve_known(item)).collect()),
            Kind::Map(entries) => Kind::Map(
                entries
                    .iter()
                    .map(|Entry { key, value }| {
                        let name = written(&self.text_known(&key.name, Style::Plain, value).to_json());
                        Entry { key: Key { name, span: key.span.clone() }, value: self.resolve_known(value) }
                    })
                    .collect(),
            ),
            other => other.clone(),
        };
        Node { span: node.span.clone(), kind }
    }

    fn text_known(&self, text: &str, style: Style, node: &Node) -> Node {
        let pieces = pieces(text);
        if let [Piece::Name(name, _)] = pieces.as_slice()
            && let Some(value) = self.get(name)
        {
            return Node::from_json(value, &node.span);
        }
        let known = |piece: &Piece<'_>| matches!(piece, Piece::Name(name, _) if self.get(name).is_some());
        if !pieces.iter().any(known) {
            return Node { span: node.span.clone(), kind: Kind::Text(text.to_owned(), style) };
        }
        let mut out = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => out.push_str(&text.replace("$(", "$$(")),
                Piece::Name(name, range) => match self.get(name) {
                    Some(value) => out.push_str(&written(value)),
                    None => out.push_str(&text[range]),
                },
                Piece::Open(range) => out.push_str(&text[range]),
            }
        }
        // A block stays one, so that SQL reads as it was written.
        let style = if style == Style::Block { style } else { Style::Quoted };
        Node { span: node.span.clone(), kind: Kind::Text(out, style) }
    }

    /// The node's JSON with every variable replaced.
    ///
    /// # Errors
    ///
    /// A name that has no value yet.
    pub fn value(&self, node: &Node) -> Result<Value, Diagnostic> {
        self.resolve(node).map(|node| node.to_json())
    }

    /// A text with every variable written out.
    ///
    /// # Errors
    ///
    /// A name that has no value yet, or a node that is no text.
    pub fn text(&self, node: &Node) -> Result<String, Diagnostic> {
        match self.value(node)? {
            Value::String(text) => Ok(text),
            Value::Array(_) | Value::Object(_) => {
                Err(Diagnostic::new(&node.span, "a text was expected", "this is a list or a map"))
            }
            other => Ok(other.to_string()),
        }
    }

    fn resolve_entry(&self, entry: &Entry) -> Result<Entry, Diagnostic> {
        let name = written(&self.replace(&entry.key.name, &entry.value)?);
        Ok(Entry { key: Key { name, span: entry.key.span.clone() }, value: self.resolve(&entry.value)? })
    }

    fn resolve_text(&self, text: &str, style: Style, node: &Node) -> Result<Node, Diagnostic> {
        Ok(match self.replace(text, node)? {
            // What a variable brought in is data: it must not turn into a matcher.
            Value::String(replaced) => {
                let style = if replaced == text { style } else { Style::Quoted };
                Node { span: node.span.clone(), kind: Kind::Text(replaced, style) }
            }
            value => Node::from_json(&value, &node.span),
        })
    }

    fn replace(&self, text: &str, node: &Node) -> Result<Value, Diagnostic> {
        let pieces = pieces(text);
        if let [Piece::Name(name, _)] = pieces.as_slice() {
            return self.look_up(name, node).cloned();
        }
        let mut out = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Name(name, _) => out.push_str(&written(self.look_up(name, node)?)),
                Piece::Open(_) => return Err(Diagnostic::new(&node.span, "`$(` is not closed", "a `)` is missing")),
            }
        }
        Ok(Value::String(out))
    }

    fn look_up(&self, name: &str, node: &Node) -> Result<&Value, Diagnostic> {
        self.get(name).ok_or_else(|| {
            let help = match nearest(name, self.values.keys().map(String::as_str)) {
                Some(near) => format!("did you mean `$({near})`?"),
                None => "a name has a value once the step that saves it has run".to_owned(),
            };
            Diagnostic::new(&node.span, format!("`$({name})` has no value here"), "used here").help(help)
        })
    }
}

/// A value inside a text: texts as they are, everything else as JSON.
pub(crate) fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Piece, pieces};

    #[rstest]
    #[case("plain", vec![Piece::Text("plain")])]
    #[case("$(a)", vec![Piece::Name("a", 0..4)])]
    #[case("x/$(a)/y", vec![Piece::Text("x/"), Piece::Name("a", 2..6), Piece::Text("/y")])]
    #[case("$$(a)", vec![Piece::Text("$(a)")])]
    #[case("$(a)$(b.c)", vec![Piece::Name("a", 0..4), Piece::Name("b.c", 4..10)])]
    #[case("x $(a", vec![Piece::Text("x "), Piece::Open(2..5)])]
    #[case("cost: $5 (net)", vec![Piece::Text("cost: $5 (net)")])]
    fn texts_split_at_their_variables(#[case] text: &str, #[case] expected: Vec<Piece<'_>>) {
        assert_eq!(pieces(text), expected);
    }
}
