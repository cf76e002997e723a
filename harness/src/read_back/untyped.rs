//! CSV has no types: a field is what the scenario takes it for.

use std::collections::BTreeMap;

use serde_json::{Number, Value};

use super::Content;
use crate::syntax::{Kind, Node};

/// What a scenario expects in a column.
#[derive(Debug, Default)]
struct Wanted {
    numbers: bool,
    truths: bool,
}

/// Reads the fields of a column as numbers where `expected` has a number in that column, and as truth values where it has
/// one. A field that is none stays a text.
pub(crate) fn take_types(expected: &Node, content: &mut Content) {
    let mut wanted: BTreeMap<&str, Wanted> = BTreeMap::new();
    note(expected, None, &mut wanted);
    for (index, (name, _)) in content.columns.iter().enumerate() {
        let Some(wanted) = wanted.get(name.as_str()) else { continue };
        for cell in content.rows.iter_mut().filter_map(|row| row.get_mut(index)) {
            if let Some(read) = cell.as_str().and_then(|text| wanted.read(text)) {
                *cell = read;
            }
        }
    }
}

impl Wanted {
    fn read(&self, text: &str) -> Option<Value> {
        let number = || serde_json::from_str::<Number>(text).ok().map(Value::from);
        let truth = || match text {
            "t" | "true" => Some(Value::from(true)),
            "f" | "false" => Some(Value::from(false)),
            _ => None,
        };
        self.numbers.then(number).flatten().or_else(|| self.truths.then(truth).flatten())
    }
}

/// Notes what stands where in a list of rows, or in matchers around rows.
fn note<'a>(node: &'a Node, column: Option<&'a str>, wanted: &mut BTreeMap<&'a str, Wanted>) {
    match &node.kind {
        Kind::Number(_) => {
            if let Some(column) = column {
                wanted.entry(column).or_default().numbers = true;
            }
        }
        Kind::Bool(_) => {
            if let Some(column) = column {
                wanted.entry(column).or_default().truths = true;
            }
        }
        Kind::List(items) => items.iter().for_each(|item| note(item, column, wanted)),
        Kind::Map(entries) => {
            for entry in entries {
                match entry.key.name.as_str() {
                    // Its number counts letters.
                    "$len" => {}
                    matcher if matcher.starts_with('$') => note(&entry.value, column, wanted),
                    // Below a column a map is what is expected of one value.
                    name => note(&entry.value, column.or(Some(name)), wanted),
                }
            }
        }
        Kind::Null | Kind::Text(..) => {}
    }
}
