//! What a file holds, and why it could not be read.

use serde_json::{Map, Value, json};

/// More rows than this are no rows to write down, and fill the memory of a small machine.
const ROWS_MAX: usize = 1_000_000;

/// The rows of a file.
#[derive(Debug, Default)]
pub(crate) struct Content {
    /// The columns' names, and their types as SQL spells them where the file has types.
    pub(crate) columns: Vec<(String, Option<String>)>,
    /// The values, row by row.
    pub(crate) rows: Vec<Vec<Value>>,
}

/// Why a file's rows could not be read.
#[derive(Debug)]
pub(crate) enum Unread {
    /// The file is not what it should be.
    Bad(String),
    /// The file is what another process has open.
    Locked(String),
    /// There is nobody who could read it.
    NoReader(String),
}

impl Content {
    /// Rows to come, of these columns.
    ///
    /// # Errors
    ///
    /// A column without a name of its own.
    pub(super) fn of(columns: Vec<(String, Option<String>)>) -> Result<Self, String> {
        for (index, (name, _)) in columns.iter().enumerate() {
            if columns[..index].iter().any(|(other, _)| other == name) {
                return Err(format!("two of its columns have the name `{name}`"));
            }
        }
        Ok(Self { columns, rows: Vec::new() })
    }

    /// Adds a row.
    ///
    /// # Errors
    ///
    /// There are too many.
    pub(super) fn push(&mut self, row: Vec<Value>) -> Result<(), String> {
        if self.rows.len() == ROWS_MAX {
            return Err(format!("it has more than {ROWS_MAX} rows, the most that are read back"));
        }
        self.rows.push(row);
        Ok(())
    }

    /// The columns' names in their order.
    pub(crate) fn names(&self) -> Vec<String> {
        self.columns.iter().map(|(name, _)| name.clone()).collect()
    }

    /// The columns as the tool `query` tells them.
    pub(crate) fn columns_json(&self) -> Value {
        let column = |(name, sql_type): &(String, Option<String>)| match sql_type {
            Some(sql_type) => json!({ "name": name, "type": sql_type }),
            None => json!({ "name": name }),
        };
        self.columns.iter().map(column).collect()
    }

    /// The rows as the tool `query` tells them.
    pub(crate) fn rows_json(self) -> Value {
        let names = self.names();
        let object = |row: Vec<Value>| names.iter().cloned().zip(row).collect::<Map<_, _>>();
        self.rows.into_iter().map(object).collect()
    }
}
