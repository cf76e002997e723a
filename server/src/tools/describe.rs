//! `describe`

use std::collections::HashMap;
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::args::{DatabaseName, Stats, Target};
use crate::call::Call;
use crate::context::Context;
use crate::error::{Code, Error};
use crate::limits;
use crate::session::catalog::{self, Table, TableColumn};
use crate::session::table_catalog::{Noted, notes};
use crate::tool::{Access, Tool};

/// Show the tables of a database with their columns, types and row counts, and what is noted of them: purpose, source,
/// when they were loaded. All of them, with long notes cut, or one.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Name of one table, as describe shows it; all tables without.
    #[schemars(length(min = 1, max = limits::NAME_CHARS_MAX))]
    table: Option<String>,
    database: Option<DatabaseName>,
}

/// A column of a table.
#[derive(Serialize, JsonSchema)]
pub(super) struct ColumnEntry {
    name: String,
    #[serde(rename = "type")]
    sql_type: String,
    nullable: bool,
}

/// A table.
#[derive(Serialize, JsonSchema)]
pub(super) struct TableEntry {
    /// The name, with its schema before a dot where that is not `public`.
    name: String,
    columns: Vec<ColumnEntry>,
    row_count: i64,
    /// What loads and `set_table_metadata` noted of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    noted: Option<Noted>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    tables: Vec<TableEntry>,
    /// There are more tables than are shown.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
    /// How to get at the rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    resolved_database: String,
    stats: Stats,
}

pub(super) struct Describe;

impl Tool for Describe {
    const NAME: &'static str = "describe";
    const ACCESS: Access = Access::Read;
    type Params = Params;
    type Output = Output;

    async fn call(context: &Context, call: &Call, params: Params) -> Result<Output, Error> {
        let deadline = limits::ms(limits::LOOK_DEADLINE_MS);
        tokio::time::timeout(deadline, settled(context, call, params)).await.unwrap_or_else(|_| Err(busy(deadline)))
    }
}

/// Looks again while tables that were just listed are replaced before they are counted.
async fn settled(context: &Context, call: &Call, params: Params) -> Result<Output, Error> {
    let mut tries = limits::DESCRIBE_TRIES;
    loop {
        let looked = look(context, call, params.clone()).await;
        tries -= 1;
        match looked {
            Err(error) if error.is_unknown_table() && tries > 0 => {}
            looked => return looked,
        }
    }
}

async fn look(context: &Context, call: &Call, params: Params) -> Result<Output, Error> {
    let start = Instant::now();
    let database = context.session().resolve(&Target::new(params.database, None))?;
    let mut lease = context.session().look(call, &database).await?;
    let mut found = catalog::listing(&mut lease, call, &database).await?;
    let mut chars_max = limits::NOTED_CHARS_MAX;
    if let Some(name) = params.table {
        found.keep(&database, &name)?;
        chars_max = limits::METADATA_CHARS_MAX;
    }
    let mut noted = notes(&mut lease, call, &database, &found, chars_max).await;
    let all = found.tables.len();
    let found = catalog::within(found.tables, &noted, context.config().limits.query_bytes_max);
    let truncated = found.len() < all;
    let hint = truncated.then(|| hint(found.len(), all, &database.alias));
    let counts = catalog::row_counts(&mut lease, call, &database, &found).await?;
    let tables = found.into_iter().zip(counts);
    let tables = tables.map(|(table, row_count)| entry(table, row_count, &mut noted)).collect();
    Ok(Output { tables, truncated, hint, resolved_database: database.alias, stats: Stats::since(start, None) })
}

/// hyperd serves everybody with a few threads, which heavy statements may keep for long.
fn busy(deadline: Duration) -> Error {
    let seconds = deadline.as_secs_f64();
    Error::new(Code::ResourceBusy, format!("hyperd works on other statements and did not answer within {seconds} s."))
        .suggest("Call again when they are done; status says what this server knows without hyperd.")
}

fn hint(shown: usize, all: usize, alias: &str) -> String {
    format!(
        "Only {shown} of {all} tables are here; the answer would be too long with more. Name one with `table`, or list \
         the names alone: SELECT tablename FROM {alias}.pg_catalog.pg_tables WHERE schemaname = 'public'."
    )
}

fn entry(table: Table, row_count: i64, noted: &mut HashMap<String, Noted>) -> TableEntry {
    let noted = noted.remove(&table.place.to_string());
    let column = |c: TableColumn| ColumnEntry { name: c.name, sql_type: c.sql_type, nullable: c.nullable };
    TableEntry { noted, name: table.shown, columns: table.columns.into_iter().map(column).collect(), row_count }
}
