//! What a file holds, without loading it.

use serde_json::Value;

use super::fit::ColumnTypes;
use super::input::{Input, InputFile, empty};
use super::load::prepare;
use super::relation::{Staged, Wanted, explain};
use super::source::How;
use super::told::Told;
use crate::args::Target;
use crate::call::Call;
use crate::engine::{Bounds, Lease};
use crate::error::Error;
use crate::limits::{INSPECT_BYTES_MAX, INSPECT_TEXT_CHARS_MAX};
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
    /// What is to be said of how it is read.
    pub told: Told,
}

/// Reads a file and sums up its columns.
pub async fn inspect(
    session: &Session,
    call: &Call,
    file: InputFile,
    json_path: Option<String>,
    sample_rows: u32,
) -> Result<Summary, Error> {
    let mut staged = prepare(session, call, Input::File(file), How { json_path, ..How::default() }).await?;
    let database = session.resolve(&Target::default())?;
    let mut lease = session.lease(call, &database).await?;
    staged.describe(&mut lease, call, &ColumnTypes::new()).await?;
    let select = staged.select(&staged.as_is());
    let (rows, mut columns) = summaries(&mut lease, call, &staged, &select).await?;
    if rows == 0 {
        return Err(empty(&staged.name, "has no row"));
    }
    // Last, because a result that is cut leaves a connection of no more use.
    let bounds = Bounds { rows_max: usize::MAX, bytes_max: INSPECT_BYTES_MAX };
    let samples = lease.query(call, &format!("{select} LIMIT {sample_rows}"), bounds).await;
    for row in samples.map_err(|error| explain(error, &staged))?.rows {
        columns.iter_mut().zip(row).for_each(|(column, value)| column.samples.push(value));
    }
    staged.verify_unchanged()?;
    let told = staged.told(&staged.as_is());
    Ok(Summary { staged, columns, rows, told })
}

async fn summaries(
    lease: &mut Lease,
    call: &Call,
    staged: &Staged,
    select: &str,
) -> Result<(u64, Vec<ColumnSummary>), Error> {
    let mut rows = 0;
    let mut columns = Vec::with_capacity(staged.columns.len());
    for part in staged.as_is().chunks(COLUMNS_PER_QUERY) {
        let items: Vec<String> = part.iter().map(|column| aggregates(staged, *column)).collect();
        let summary =
            lease.rows(call, &format!("SELECT COUNT(*), {} FROM ({select}) rows_of_file", items.join(", "))).await;
        let row = summary.map_err(|error| explain(error, staged))?.rows.pop().unwrap_or_default();
        let mut values = row.into_iter();
        let mut next = || values.next().unwrap_or_default();
        rows = next().as_u64().unwrap_or_default();
        for column in part {
            let counted = next().as_u64().unwrap_or_default();
            columns.push(ColumnSummary {
                name: staged.columns[column.index].name.clone(),
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

fn aggregates(staged: &Staged, column: Wanted) -> String {
    let name = sql::identifier(&staged.columns[column.index].name);
    if !column.sql_type.is_ordered() {
        return format!("COUNT({name}), NULL, NULL");
    }
    // The start of a text tells enough.
    let value =
        if column.sql_type.is_text() { format!("LEFT({name}, {INSPECT_TEXT_CHARS_MAX})") } else { name.clone() };
    format!("COUNT({name}), MIN({value}), MAX({value})")
}
