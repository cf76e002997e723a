//! A query's rows: a text table where that can say them, a list of maps where matchers are wanted.

use serde_json::Value;

use super::answer::Writer;
use super::node;
use crate::sql;
use crate::syntax::{Kind, Node, Style, fits_block};
use crate::table;

/// More rows than this are expected by their number.
const ROWS_MAX: usize = 50;

/// The keys that expect these rows; `None` for an answer that has none.
pub(super) fn of(value: &Value, statement: Option<&str>, writer: &Writer<'_>) -> Option<Vec<(String, Node)>> {
    let rows = value["result"].as_array().filter(|rows| rows.iter().all(Value::is_object))?;
    let columns = columns(value, rows)?;
    if rows.len() > ROWS_MAX {
        return Some(vec![("rows".to_owned(), node::matcher("$len", node::count(rows.len())))]);
    }
    let cell = |row: &Value, name: &String| writer.expected(row.get(name).unwrap_or(&Value::Null));
    let expected: Vec<Vec<Node>> = rows
        .iter()
        .map(|row| columns.iter().map(|name| cell(row, name).unwrap_or_else(|| node::word("$any"))).collect())
        .collect();
    let mut keys = Vec::new();
    let ordered = statement.is_some_and(sql::orders_rows);
    if rows.len() > 1 && !ordered {
        keys.push(("in_any_order".to_owned(), node::truth(true)));
    }
    let table = table(&columns, &expected).unwrap_or_else(|| {
        // A column whose name begins with `$` would be taken for a matcher.
        let exact = columns.iter().any(|name| name.starts_with('$'));
        let row = |row: Vec<Node>| {
            let map = node::map(columns.iter().map(|name| writer.places.text(name)).zip(row));
            if exact { node::matcher("$exact", map) } else { map }
        };
        node::list(expected.into_iter().map(row).collect())
    });
    keys.push(("rows".to_owned(), table));
    Some(keys)
}

/// The names of the columns; `None` where there are none, or where a row cannot tell two of them apart.
fn columns(value: &Value, rows: &[Value]) -> Option<Vec<String>> {
    let name = |column: &Value| column.as_str().or_else(|| column["name"].as_str()).map(str::to_owned);
    let columns: Vec<String> = match value["columns"].as_array() {
        Some(columns) => columns.iter().map(name).collect::<Option<_>>()?,
        None => rows.first()?.as_object()?.keys().cloned().collect(),
    };
    Some(columns).filter(|columns| !columns.is_empty())
}

/// The text table, where it says the very same rows.
fn table(columns: &[String], rows: &[Vec<Node>]) -> Option<Node> {
    let cells: Vec<Vec<Value>> = rows
        .iter()
        .map(|row| row.iter().map(|node| is_plain(node).then(|| node.to_json())).collect())
        .collect::<Option<_>>()?;
    let text = table::write_text(columns, &cells);
    let same = table::parse_text(&text).is_ok_and(|read| read.0 == columns && read.1 == cells);
    let literal = columns.iter().any(|name| name.contains("$("));
    (same && !literal && fits_block(&text)).then(|| node::block(text))
}

/// Whether the node is a scalar and no matcher.
fn is_plain(node: &Node) -> bool {
    match &node.kind {
        Kind::Text(text, Style::Plain) => !text.starts_with('$') || text.starts_with("$("),
        Kind::Map(_) | Kind::List(_) => false,
        _ => true,
    }
}
