//! Results: read in chunks, bounded while they are read, turned into JSON without loss.

use std::collections::{HashMap, HashSet};

use hyperdb_api::{AsyncConnection, SqlType};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::value;
use crate::limits::{self, Limits, STREAM_CHUNK_ROWS};

/// A column of a result or of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Column {
    /// The column's name; one that occurs again in the same result has a number appended.
    pub name: String,
    /// The SQL type, for example `NUMERIC(18, 2)`.
    #[serde(rename = "type")]
    pub sql_type: String,
}

/// How much of a result is read.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Most rows.
    pub rows_max: usize,
    /// Most bytes of rows as JSON.
    pub bytes_max: usize,
}

impl Bounds {
    /// All of it: for queries of the server's own.
    pub const NONE: Self = Self { rows_max: usize::MAX, bytes_max: usize::MAX };
}

impl From<&Limits> for Bounds {
    fn from(limits: &Limits) -> Self {
        Self { rows_max: limits.query_rows_max, bytes_max: limits.query_bytes_max }
    }
}

/// A result, or the beginning of one.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// The columns in their order.
    pub columns: Vec<Column>,
    /// The values, row by row.
    pub rows: Vec<Vec<Value>>,
    /// Whether there were more rows than the bounds allow.
    pub truncated: bool,
}

impl Rows {
    /// Each row as an object, in the columns' order. The integers of a column that holds one beyond
    /// [`limits::EXACT_INTEGER_MAX`] are texts, all of them, so that each client reads the number that is meant.
    pub fn into_objects(mut self) -> Vec<Map<String, Value>> {
        for column in 0..self.columns.len() {
            if self.rows.iter().any(|row| is_beyond_exact(&row[column])) {
                self.rows.iter_mut().for_each(|row| integer_as_text(&mut row[column]));
            }
        }
        let names = self.columns;
        let object = |row: Vec<Value>| names.iter().map(|column| column.name.clone()).zip(row).collect();
        self.rows.into_iter().map(object).collect()
    }
}

/// Whether a value is an integer that not each client can read as a number, written as one or as a text already. Of the
/// columns with texts only those of integers have numbers that are whole, so that others are left as they are.
fn is_beyond_exact(value: &Value) -> bool {
    value.as_i64().map_or_else(|| value.is_string(), |integer| integer.unsigned_abs() > limits::EXACT_INTEGER_MAX)
}

fn integer_as_text(value: &mut Value) {
    if let Some(integer) = value.as_i64() {
        *value = Value::String(integer.to_string());
    }
}

/// The columns of a result that has no rows, with the names that they have in it.
pub(super) async fn columns(wire: &AsyncConnection, sql: &str) -> hyperdb_api::Result<Vec<Column>> {
    let client = wire.async_tcp_client().ok_or_else(not_tcp)?;
    let mut stream = client.query_streaming(sql, STREAM_CHUNK_ROWS).await?;
    while stream.next_chunk().await?.is_some() {}
    let named = stream
        .schema()
        .into_iter()
        .flatten()
        .map(|c| Column { name: c.name().to_owned(), sql_type: value::type_name(c.type_oid().0, c.type_modifier()) });
    Ok(named.collect())
}

/// Whether a statement returns rows, as hyperd says that has parsed it.
pub(super) async fn returns_rows(wire: &AsyncConnection, sql: &str) -> hyperdb_api::Result<bool> {
    let client = wire.async_tcp_client().ok_or_else(not_tcp)?;
    let statement = client.prepare(sql).await?;
    let returns_rows = statement.column_count() > 0;
    statement.close(client).await?;
    Ok(returns_rows)
}

/// Runs `sql` and reads its rows within `bounds`.
pub(super) async fn read(wire: &AsyncConnection, sql: &str, bounds: Bounds) -> hyperdb_api::Result<Rows> {
    let client = wire.async_tcp_client().ok_or_else(not_tcp)?;
    let mut stream = client.query_streaming(sql, STREAM_CHUNK_ROWS).await?;
    let mut types: Vec<SqlType> = Vec::new();
    let mut result = Rows::default();
    let mut bytes = 0;
    let mut names_bytes = 0;
    'chunks: loop {
        let chunk = stream.next_chunk().await?;
        if types.is_empty()
            && let Some(schema) = stream.schema()
        {
            types = schema.iter().map(|c| value::sql_type(c.type_oid().0, c.type_modifier())).collect();
            let named = schema.iter().map(|c| {
                let sql_type = value::type_name(c.type_oid().0, c.type_modifier());
                Column { name: c.name().to_owned(), sql_type }
            });
            result.columns = distinct(named.collect());
            refuse_unknown(&types, &result.columns)?;
            names_bytes = result.columns.iter().map(|column| json_bytes(column.name.as_bytes())).sum();
        }
        let Some(chunk) = chunk else { break };
        for row in chunk {
            bytes += names_bytes + (0..types.len()).filter_map(|i| row.get_bytes(i)).map(json_bytes).sum::<usize>();
            if result.rows.len() == bounds.rows_max || bytes > bounds.bytes_max {
                result.truncated = true;
                break 'chunks;
            }
            let mut values = Vec::with_capacity(types.len());
            for (index, sql_type) in types.iter().enumerate() {
                values.push(match row.get_bytes(index) {
                    Some(bytes) => value::to_json(*sql_type, bytes).ok_or_else(|| malformed(&result.columns[index]))?,
                    None => Value::Null,
                });
            }
            result.rows.push(values);
        }
    }
    Ok(result)
}

/// About how many bytes a value or name is in an answer. A quote in it is written `\"` in the answer's structure and
/// `\\\"` in its text, a control character as `\u0001` and more; numbers are longer than their binary form.
fn json_bytes(bytes: &[u8]) -> usize {
    const AROUND: usize = 16;
    let escaped = |byte: &u8| match byte {
        b'"' | b'\\' => 3,
        0..0x20 => 7,
        _ => 1,
    };
    AROUND + bytes.iter().map(escaped).sum::<usize>()
}

fn not_tcp() -> hyperdb_api::Error {
    hyperdb_api::Error::internal("the connection to hyperd is not a TCP connection")
}

fn refuse_unknown(types: &[SqlType], columns: &[Column]) -> hyperdb_api::Result<()> {
    let unknown = types.iter().zip(columns).find(|(sql_type, _)| matches!(sql_type, SqlType::Unsupported));
    let Some((_, column)) = unknown else { return Ok(()) };
    Err(hyperdb_api::Error::server(
        None,
        format!("The column \"{}\" has the type {}, which has no JSON form here.", column.name, column.sql_type),
        None,
        Some(format!("Cast it: CAST(\"{}\" AS TEXT).", column.name)),
    ))
}

fn malformed(column: &Column) -> hyperdb_api::Error {
    hyperdb_api::Error::protocol(format!("a value of \"{}\" is no {}", column.name, column.sql_type))
}

/// Names that occur once: the second `id` becomes `id_2`, unless there is one already.
fn distinct(mut columns: Vec<Column>) -> Vec<Column> {
    let mut taken: HashSet<String> = columns.iter().map(|column| column.name.clone()).collect();
    // Of each name the number of its last column, from which the search for the next one goes on.
    let mut numbers: HashMap<String, usize> = HashMap::new();
    for column in &mut columns {
        let Some(number) = numbers.get_mut(&column.name) else {
            numbers.insert(column.name.clone(), 1);
            continue;
        };
        *number += 1;
        while !taken.insert(format!("{}_{number}", column.name)) {
            *number += 1;
        }
        column.name = format!("{}_{number}", column.name);
    }
    columns
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Column, distinct};

    #[rstest]
    #[case::distinct(&["a", "b"], &["a", "b"])]
    #[case::twice(&["a", "a"], &["a", "a_2"])]
    #[case::thrice(&["a", "a", "a"], &["a", "a_2", "a_3"])]
    #[case::taken(&["a", "a_2", "a"], &["a", "a_2", "a_3"])]
    #[case::taken_later(&["a", "a", "a_2"], &["a", "a_3", "a_2"])]
    fn each_column_keeps_a_name_of_its_own(#[case] names: &[&str], #[case] expected: &[&str]) {
        let columns = names.iter().map(|name| Column { name: (*name).to_owned(), sql_type: "TEXT".to_owned() });
        let named: Vec<_> = distinct(columns.collect()).into_iter().map(|column| column.name).collect();
        assert_eq!(named, expected);
    }

    #[test]
    fn many_equal_names_are_numbered_at_once() {
        const COLUMNS: usize = 100_000;
        let began = std::time::Instant::now();
        let columns = std::iter::repeat_n(Column { name: "a".to_owned(), sql_type: "TEXT".to_owned() }, COLUMNS);
        let named = distinct(columns.collect());
        assert_eq!(named.last().map(|column| column.name.as_str()), Some("a_100000"));
        // Counting from two for each of them takes minutes.
        assert!(began.elapsed() < std::time::Duration::from_secs(20), "{:?}", began.elapsed());
    }
}
