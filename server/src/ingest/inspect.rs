//! What a file holds, without loading it.

use serde_json::Value;

use super::input::{Input, InputFile, empty};
use super::load::prepare;
use super::relation::{Staged, explain};
use crate::args::Target;
use crate::call::Call;
use crate::engine::Lease;
use crate::error::Error;
use crate::session::Session;
use crate::sql;

/// Columns that are summed up by one query.
const COLUMNS_PER_QUERY: usize = 100;

/// One column of a file, as it would be loaded.
#[derive(Debug)]
pub struct ColumnSummary {
    /// Its name.
    pub name: String,
    /// Its type.
    pub sql_type: String,
    /// How many rows have no value.
    pub nulls: u64,
    /// The least value, where values have an order.
    pub min: Value,
    /// The greatest value.
    pub max: Value,
    /// The first rows' values.
    pub samples: Vec<Value>,
}

/// A file, as it would be loaded.
#[derive(Debug)]
pub struct Summary {
    /// How it is read.
    pub staged: Staged,
    /// Its columns.
    pub columns: Vec<ColumnSummary>,
    /// How many rows it has.
    pub rows: u64,
    /// Columns in which words such as `NA` are read as NULL.
    pub null_words: Vec<(String, u64)>,
}

/// Reads a file and sums up its columns.
pub async fn inspect(
    session: &Session,
    call: &Call,
    file: InputFile,
    json_path: Option<String>,
    sample_rows: u32,
) -> Result<Summary, Error> {
    let mut staged = prepare(session, call, Input::File(file), None, json_path).await?;
    let database = session.resolve(&Target::default())?;
    let mut lease = session.lease(call, &database).await?;
    staged.describe(&mut lease, call).await?;
    let select = staged.select(&staged.as_is());
    let samples = lease.rows(call, &format!("{select} LIMIT {sample_rows}")).await;
    let samples = samples.map_err(|error| explain(error, &staged))?.rows;
    let (rows, mut columns) = summaries(&mut lease, call, &staged, &select).await?;
    if rows == 0 {
        return Err(empty(&staged.name, "has no row"));
    }
    for row in samples {
        columns.iter_mut().zip(row).for_each(|(column, value)| column.samples.push(value));
    }
    let null_words = staged.null_words(&staged.as_is());
    Ok(Summary { staged, columns, rows, null_words })
}

async fn summaries(
    lease: &mut Lease,
    call: &Call,
    staged: &Staged,
    select: &str,
) -> Result<(u64, Vec<ColumnSummary>), Error> {
    let mut rows = 0;
    let mut columns = Vec::with_capacity(staged.columns.len());
    for part in staged.columns.chunks(COLUMNS_PER_QUERY) {
        let items: Vec<String> = part
            .iter()
            .map(|column| {
                let name = sql::identifier(&column.name);
                let bounds = if column.sql_type.is_ordered() {
                    format!("MIN({name}), MAX({name})")
                } else {
                    "NULL, NULL".to_owned()
                };
                format!("COUNT({name}), {bounds}")
            })
            .collect();
        let summary =
            lease.rows(call, &format!("SELECT COUNT(*), {} FROM ({select}) rows_of_file", items.join(", "))).await;
        let row = summary.map_err(|error| explain(error, staged))?.rows.pop().unwrap_or_default();
        let mut values = row.into_iter();
        let mut next = || values.next().unwrap_or_default();
        rows = next().as_u64().unwrap_or_default();
        for column in part {
            let counted = next().as_u64().unwrap_or_default();
            columns.push(ColumnSummary {
                name: column.name.clone(),
                sql_type: column.sql_type.to_string(),
                nulls: rows - counted.min(rows),
                min: next(),
                max: next(),
                samples: Vec::new(),
            });
        }
    }
    Ok((rows, columns))
}
