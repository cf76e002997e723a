//! A node written out is the file's syntax: reading it back gives the same value.

use std::fmt;

use super::node::{Entry, Kind, Node, Style};
use super::scalar;

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Map(entries) if !entries.is_empty() => write_map(f, entries, 0),
            Kind::List(items) if !items.is_empty() => write_list(f, items, 0, true),
            _ => write_inline(f, self),
        }
    }
}

/// Longer than this, a map or list has a line for each of its parts.
const FLOW_BYTES_MAX: usize = 96;

/// YAML takes a longer key only where `?` stands before it.
const KEY_BYTES_MAX: usize = 500;

/// Lists whose maps have a line for each key, however short they are.
const OF_STEPS: [&str; 4] = ["finally", "parallel", "scenarios", "steps"];

fn write_map(f: &mut fmt::Formatter<'_>, entries: &[Entry], indent: usize) -> fmt::Result {
    for (index, entry) in entries.iter().enumerate() {
        if index > 0 {
            write!(f, "\n{:indent$}", "")?;
        }
        if entry.key.name.len() > KEY_BYTES_MAX {
            f.write_str("? ")?;
            write_text(f, &entry.key.name)?;
            write!(f, "\n{:indent$}", "")?;
        } else {
            write_text(f, &entry.key.name)?;
        }
        f.write_str(":")?;
        write_below(f, &entry.value, indent, OF_STEPS.contains(&entry.key.name.as_str()))?;
    }
    Ok(())
}

fn write_list(f: &mut fmt::Formatter<'_>, items: &[Node], indent: usize, steps: bool) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            write!(f, "\n{:indent$}", "")?;
        }
        f.write_str("-")?;
        match &item.kind {
            Kind::Map(entries) if !entries.is_empty() && (steps || !fits_flow(item)) => {
                f.write_str(" ")?;
                write_map(f, entries, indent + 2)?;
            }
            _ => write_below(f, item, indent, false)?,
        }
    }
    Ok(())
}

/// Writes a value after its key: scalars on the same line, collections and blocks below it.
fn write_below(f: &mut fmt::Formatter<'_>, node: &Node, indent: usize, steps: bool) -> fmt::Result {
    let deeper = indent + 2;
    if let Some(text) = flow(node).filter(|text| text.len() <= FLOW_BYTES_MAX) {
        return write!(f, " {text}");
    }
    match &node.kind {
        Kind::Map(entries) if !entries.is_empty() => {
            write!(f, "\n{:deeper$}", "")?;
            write_map(f, entries, deeper)
        }
        Kind::List(items) if !items.is_empty() => {
            write!(f, "\n{:deeper$}", "")?;
            write_list(f, items, deeper, steps)
        }
        Kind::Text(text, Style::Block) if fits_block(text) => {
            f.write_str(" |")?;
            text.lines().try_for_each(|line| {
                if line.is_empty() { f.write_str("\n") } else { write!(f, "\n{:deeper$}{line}", "") }
            })
        }
        _ => {
            f.write_str(" ")?;
            write_inline(f, node)
        }
    }
}

fn fits_flow(node: &Node) -> bool {
    flow(node).is_some_and(|text| text.len() <= FLOW_BYTES_MAX)
}

/// A map or list on one line, unless a part of it is a block. Maps in a list stand below each other: they are rows or steps.
fn flow(node: &Node) -> Option<String> {
    match &node.kind {
        Kind::Map(entries) if !entries.is_empty() => {
            let parts: Option<Vec<String>> = entries.iter().map(flow_entry).collect();
            Some(format!("{{ {} }}", parts?.join(", ")))
        }
        Kind::List(items) if !items.is_empty() => {
            let flat = |item: &Node| if item.as_map().is_some() { None } else { flow_item(item) };
            let parts: Option<Vec<String>> = items.iter().map(flat).collect();
            Some(format!("[{}]", parts?.join(", ")))
        }
        _ => None,
    }
}

fn flow_entry(entry: &Entry) -> Option<String> {
    Some(format!("{}: {}", Inline(&key_node(entry)), flow_item(&entry.value)?))
}

fn flow_item(node: &Node) -> Option<String> {
    match &node.kind {
        Kind::Text(text, Style::Block) if text.contains('\n') => None,
        Kind::Map(entries) if !entries.is_empty() => flow(node),
        Kind::List(items) if !items.is_empty() => flow(node),
        _ => Some(Inline(node).to_string()),
    }
}

/// A node on one line, whatever its length.
pub(crate) fn one_line(node: &Node) -> String {
    match &node.kind {
        Kind::Map(entries) if !entries.is_empty() => {
            let part = |entry: &Entry| format!("{}: {}", Inline(&key_node(entry)), one_line(&entry.value));
            format!("{{ {} }}", entries.iter().map(part).collect::<Vec<_>>().join(", "))
        }
        Kind::List(items) if !items.is_empty() => {
            format!("[{}]", items.iter().map(one_line).collect::<Vec<_>>().join(", "))
        }
        _ => Inline(node).to_string(),
    }
}

fn key_node(entry: &Entry) -> Node {
    Node { span: entry.key.span.clone(), kind: Kind::Text(entry.key.name.clone(), Style::Plain) }
}

struct Inline<'a>(&'a Node);

impl fmt::Display for Inline<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_inline(f, self.0)
    }
}

/// A block cannot hold what YAML would fold, strip or refuse.
pub(crate) fn fits_block(text: &str) -> bool {
    text.ends_with('\n')
        && !text.ends_with("\n\n")
        && !text.starts_with([' ', '\n'])
        && !text.chars().any(|c| must_be_escaped(c) && c != '\n')
}

/// Characters that YAML readers refuse, fold or drop where they stand as they are.
pub(crate) fn must_be_escaped(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn write_inline(f: &mut fmt::Formatter<'_>, node: &Node) -> fmt::Result {
    match &node.kind {
        Kind::Null => f.write_str("null"),
        Kind::Bool(value) => write!(f, "{value}"),
        Kind::Number(value) => write!(f, "{value}"),
        // What was in quotes may be no matcher and no SQL without them.
        Kind::Text(text, Style::Quoted) => f.write_str(&in_quotes(text)),
        Kind::Text(text, _) => write_text(f, text),
        Kind::List(_) => f.write_str("[]"),
        Kind::Map(_) => f.write_str("{}"),
    }
}

fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let plain = matches!(scalar::plain(text), Ok(Kind::Text(..)))
        && text.trim() == text
        && !text.chars().any(must_be_escaped)
        && !text.contains([':', '#', '\n', '"', '\'', '{', '}', '[', ']', ',', '&', '*', '!', '|', '>', '%', '@', '`'])
        && !text.starts_with(['-', '?']);
    if plain { f.write_str(text) } else { f.write_str(&in_quotes(text)) }
}

/// A JSON string is a double-quoted YAML scalar, but for the controls that JSON takes as they are.
pub(crate) fn in_quotes(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    json.chars().map(|c| if must_be_escaped(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() }).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rstest::rstest;

    use crate::source::Source;
    use crate::syntax::{Node, parse};

    fn read(text: &str) -> Node {
        let source = Source { shown: "t.yaml".to_owned(), path: "t.yaml".into(), text: text.to_owned() };
        parse(&Arc::new(source)).expect("the text is valid")
    }

    #[rstest]
    #[case("a: 1\nb:\n  - x\n  - w: null\n    z: \"012\"\n")]
    #[case("sql: |\n  SELECT 1\n\n  FROM t\nother: \"a: b # c\"\n")]
    #[case("a: {}\nb: []\nc: {d: [1, {e: \"\"}]}\n")]
    #[case("\"no\": \"tab\\tand\\nline\"\n")]
    #[case("tab: \"a\\tb\"\nmark: \"\\ufeffa\"\nlines: \"a\\u2028b\\u0085c\"\n")]
    #[case("- - 1\n  - 2\n- a\n")]
    fn a_written_node_reads_back_as_the_same_value(#[case] text: &str) {
        let node = read(text);
        let again = read(&node.to_string());
        assert_eq!(node.to_json(), again.to_json(), "written as:\n{node}");
        assert_eq!(node.to_string(), again.to_string(), "writing is stable");
    }

    #[test]
    fn a_long_key_reads_back() {
        let long = "k".repeat(super::KEY_BYTES_MAX + 1);
        let node = read(&format!("with: {{ a: 1 }}\nsteps:\n  - a: 1\n    ? {long}\n    : 2\n"));
        assert_eq!(read(&node.to_string()).to_json(), node.to_json(), "written as:\n{node}");
    }
}
