//! JSON and JSON lines: read twice as a stream, rewritten as CSV that hyperd reads without loss.

use std::collections::HashMap;
use std::io::{BufWriter, Write};
use std::sync::Arc;

use serde_json::value::RawValue;

use super::audit::{Settled, Text};
use super::format::Format;
use super::infer::Evidence;
use super::input::{Input, empty, malformed};
use super::json_path;
use super::json_records::{Record, each_record};
use super::profile::is_null;
use super::relation::{InputColumn, Reader, Staged};
use super::scan::Dialect;
use super::source::{Source, Staging};
use crate::error::{Code, Error};
use crate::limits::{COLUMNS_MAX, JSON_DEPTH_MAX};

const DIALECT: Dialect = Dialect { delimiter: b',', quoting: true };

/// Objects whose keys are columns.
pub(super) struct Json;

impl Source for Json {
    fn stage(&self, input: Input, staging: &Staging<'_>) -> Result<Staged, Error> {
        let (name, bytes) = (input.name(), input.bytes());
        let input = match staging.json_path {
            Some(path) => json_path::extract(&input, path)?,
            None => input,
        };
        let mut columns = Columns { null_values: staging.null_values.to_vec(), ..Columns::default() };
        let mut rows = 0_u64;
        each_record(&input, &name, &mut |record| {
            rows += 1;
            columns.add(&record, rows, &name)?;
            if staging.call.is_cancelled() { Err(crate::call::Call::cancelled_error()) } else { Ok(()) }
        })?;
        if rows == 0 {
            return Err(empty(&name, "holds no object"));
        }
        if columns.list.is_empty() {
            return Err(empty(&name, "holds only objects without keys"));
        }
        let mut scratch = staging.file()?;
        let mut writer = BufWriter::new(scratch.as_file_mut());
        each_record(&input, &name, &mut |record| {
            columns.write(record, &mut writer).map_err(|error| staging.failed(&error))
        })?;
        writer.flush().map_err(|error| staging.failed(&error))?;
        drop(writer);
        let (file, scratch) = staging.finished(scratch)?;
        let text = Text {
            input: Input::File(file.clone()),
            dialect: DIALECT,
            skip: 0,
            name: name.clone(),
            objects: true,
            null_values: staging.null_values.to_vec(),
        };
        let column = |column: (String, Evidence)| InputColumn {
            name: column.0,
            sql_type: column.1.sql_type(),
            evidence: Some(column.1),
        };
        Ok(Staged {
            columns: columns.list.into_iter().map(column).collect(),
            rows: Some(rows),
            bytes,
            format: Format::Json,
            name,
            reader: Reader::Csv { path: file.given, dialect: DIALECT, header: false, gzip: false },
            scratch,
            origin: None,
            text: Some(Arc::new(text)),
            settled: Settled::default(),
        })
    }
}

/// One value, by the kind that JSON gives it.
enum Kind<'a> {
    Null,
    Boolean,
    Number,
    Text(String),
    Nested(&'a str),
}

impl<'a> Kind<'a> {
    fn of(raw: &'a RawValue) -> Result<Self, String> {
        let text = raw.get();
        Ok(match text.as_bytes().first() {
            Some(b'n') => Self::Null,
            Some(b't' | b'f') => Self::Boolean,
            Some(b'"') => {
                let value: String =
                    serde_json::from_str(text).map_err(|error| format!("a text is invalid ({error})"))?;
                if value.contains('\0') {
                    return Err("a text holds NUL".to_owned());
                }
                Self::Text(value)
            }
            Some(b'[' | b'{') => {
                if depth(text) > JSON_DEPTH_MAX {
                    return Err(format!("a value is nested more than {JSON_DEPTH_MAX} levels deep"));
                }
                Self::Nested(text)
            }
            _ => Self::Number,
        })
    }
}

fn invalid(name: &str, reason: &str) -> Error {
    malformed(name, reason).suggest("Mend or remove the value.")
}

/// How deep arrays and objects are nested in a valid JSON text.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest, mut inside, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if inside => escaped = true,
            b'"' => inside = !inside,
            b'[' | b'{' if !inside => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !inside => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// The union of all objects' keys, in the order in which they are first seen.
#[derive(Default)]
struct Columns {
    list: Vec<(String, Evidence)>,
    places: HashMap<String, usize>,
    /// In which record each column was last seen, so that a key that occurs twice in one is noticed.
    seen: Vec<u64>,
    /// Texts that are NULL.
    null_values: Vec<String>,
}

impl Columns {
    fn add(&mut self, record: &Record, number: u64, name: &str) -> Result<(), Error> {
        for (key, raw) in &record.0 {
            let place = self.place(key, number, name)?;
            if self.seen[place] == number {
                return Err(Error::new(
                    Code::SchemaMismatch,
                    format!("Object {number} of {name} has the key `{key}` twice."),
                )
                .suggest("Keep one of them."));
            }
            self.seen[place] = number;
            let evidence = &mut self.list[place].1;
            match Kind::of(raw).map_err(|reason| invalid(name, &format!("object {number}, key `{key}`: {reason}")))? {
                Kind::Null => {}
                Kind::Boolean => evidence.add_boolean(),
                Kind::Number if is_null(raw.get().as_bytes(), &self.null_values) => evidence.add_null(),
                Kind::Text(text) if self.null_values.contains(&text) => evidence.add_null(),
                Kind::Number => evidence.add(raw.get().as_bytes()),
                Kind::Text(text) => evidence.add_text(&text),
                Kind::Nested(text) => evidence.add_text(text),
            }
        }
        Ok(())
    }

    fn place(&mut self, key: &str, number: u64, name: &str) -> Result<usize, Error> {
        if let Some(place) = self.places.get(key) {
            return Ok(*place);
        }
        if key.is_empty() || key.contains('\0') {
            return Err(Error::new(
                Code::SchemaMismatch,
                format!("Object {number} of {name} has a key that is no column name: it is empty or holds NUL."),
            )
            .suggest("Give each key a name."));
        }
        if self.list.len() == COLUMNS_MAX {
            return Err(Error::new(
                Code::SchemaMismatch,
                format!("The objects of {name} have more than {COLUMNS_MAX} different keys."),
            )
            .suggest("Keys become columns. Where keys are values (ids, dates), turn each pair into an object first."));
        }
        self.list.push((key.to_owned(), Evidence::default()));
        self.seen.push(0);
        self.places.insert(key.to_owned(), self.list.len() - 1);
        Ok(self.list.len() - 1)
    }

    /// Writes a record that [`Columns::add`] has seen.
    fn write(&self, record: Record, out: &mut impl Write) -> std::io::Result<()> {
        let mut cells: Vec<Option<Box<RawValue>>> = Vec::new();
        cells.resize_with(self.list.len(), || None);
        for (key, raw) in record.0 {
            if let Some(cell) = self.places.get(&key).and_then(|place| cells.get_mut(*place)) {
                *cell = Some(raw);
            }
        }
        for (index, cell) in cells.iter().enumerate() {
            if index > 0 {
                out.write_all(b",")?;
            }
            let Some(raw) = cell else { continue };
            match Kind::of(raw).map_err(std::io::Error::other)? {
                Kind::Null => {}
                Kind::Boolean | Kind::Number => out.write_all(raw.get().as_bytes())?,
                Kind::Text(text) => write!(out, "\"{}\"", text.replace('"', "\"\""))?,
                Kind::Nested(text) => write!(out, "\"{}\"", text.replace('"', "\"\""))?,
            }
        }
        out.write_all(b"\n")
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Columns, depth};
    use crate::ingest::input::Input;
    use crate::ingest::json_records::each_record;

    fn schema(text: &str) -> Result<Vec<String>, crate::error::Error> {
        let mut columns = Columns::default();
        let mut number = 0;
        each_record(&Input::Inline(text.to_owned()), "`data`", &mut |record| {
            number += 1;
            columns.add(&record, number, "`data`")
        })?;
        Ok(columns.list.into_iter().map(|(name, evidence)| format!("{name} {}", evidence.sql_type())).collect())
    }

    #[rstest]
    #[case::union(r#"[{"a":1},{"b":"x","a":null}]"#, &["a BIGINT", "b TEXT"])]
    #[case::one_object(r#"{"a":true}"#, &["a BOOLEAN"])]
    #[case::lines("{\"a\":1}\n\n{\"a\":2.5}\n", &["a DOUBLE PRECISION"])]
    #[case::wide(r#"[{"a":123456789012345678901234567890}]"#, &["a NUMERIC(38, 0)"])]
    #[case::mixed(r#"[{"a":1},{"a":"x"}]"#, &["a TEXT"])]
    #[case::nested(r#"[{"a":{"b":[1]}}]"#, &["a TEXT"])]
    #[case::dates_stay_text(r#"[{"a":"2024-01-02"}]"#, &["a TEXT"])]
    #[case::bom("\u{feff}[{\"a\":1}]", &["a BIGINT"])]
    fn keys_become_columns(#[case] text: &str, #[case] expected: &[&str]) {
        assert_eq!(schema(text).expect("valid JSON"), expected);
    }

    #[rstest]
    #[case::scalars("[1,2]")]
    #[case::cut_short(r#"[{"a":1}"#)]
    #[case::trailing(r#"[{"a":1}] x"#)]
    #[case::twice(r#"[{"a":1,"a":2}]"#)]
    #[case::no_name(r#"[{"":1}]"#)]
    #[case::nul(r#"[{"a":"\u0000"}]"#)]
    #[case::half_a_surrogate(r#"[{"a":"\ud800"}]"#)]
    fn the_rest_is_refused(#[case] text: &str) {
        assert!(schema(text).is_err());
    }

    #[test]
    fn a_depth_bomb_is_refused() {
        let deep = format!("[{{\"a\":{}{}}}]", "[".repeat(10_000), "]".repeat(10_000));
        assert!(schema(&deep).is_err());
        assert!(schema(&"[".repeat(100_000)).is_err());
        assert_eq!(depth(r#"{"a":["[[[",{}]}"#), 3);
    }
}
