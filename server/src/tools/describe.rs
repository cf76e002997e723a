//! `describe`

use std::time::Instant;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::args::{DatabaseName, Stats, Target};
use crate::call::Call;
use crate::error::Error;
use crate::limits;
use crate::server::Server;
use crate::session::catalog::{self, Table, TableColumn};
use crate::tool::{Access, Tool};

/// Show the tables of a database with their columns, types and row counts; all of them, or one.
#[derive(Deserialize, JsonSchema)]
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
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    tables: Vec<TableEntry>,
    resolved_database: String,
    stats: Stats,
}

pub(super) struct Describe;

impl Tool for Describe {
    const NAME: &'static str = "describe";
    const ACCESS: Access = Access::Read;
    type Params = Params;
    type Output = Output;

    async fn call(server: &Server, call: &Call, params: Params) -> Result<Output, Error> {
        let start = Instant::now();
        let database = server.session().resolve(&Target::new(params.database, None))?;
        let mut lease = server.session().look(call, &database).await?;
        let found = match params.table {
            Some(name) => vec![catalog::table(&mut lease, call, &database, &name).await?],
            None => catalog::tables(&mut lease, call, &database).await?,
        };
        let counts = catalog::row_counts(&mut lease, call, &database, &found).await?;
        let tables = found.into_iter().zip(counts).map(|(table, row_count)| entry(table, row_count)).collect();
        Ok(Output { tables, resolved_database: database.alias, stats: Stats::since(start, None) })
    }
}

fn entry(table: Table, row_count: i64) -> TableEntry {
    TableEntry { name: table.display_name(), columns: table.columns.into_iter().map(column).collect(), row_count }
}

fn column(column: TableColumn) -> ColumnEntry {
    ColumnEntry { name: column.name, sql_type: column.sql_type, nullable: column.nullable }
}
