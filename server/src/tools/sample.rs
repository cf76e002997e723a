//! `sample`

use std::time::Instant;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::args::{DatabaseName, Stats, Target};
use crate::call::Call;
use crate::context::Context;
use crate::engine::Bounds;
use crate::error::Error;
use crate::limits;
use crate::session::catalog;
use crate::tool::{Access, Tool};

/// Show the first rows of a table with its columns and its row count.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Name of the table, as describe shows it.
    #[schemars(length(min = 1, max = limits::NAME_CHARS_MAX))]
    table: String,
    /// How many rows. Default: 5.
    #[schemars(range(min = 1, max = limits::SAMPLE_ROWS_MAX))]
    n: Option<u32>,
    database: Option<DatabaseName>,
}

/// A column of the table.
#[derive(Serialize, JsonSchema)]
pub(super) struct ColumnEntry {
    name: String,
    #[serde(rename = "type")]
    sql_type: String,
    nullable: bool,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    table: String,
    schema: Vec<ColumnEntry>,
    /// Rows that the table has.
    row_count: i64,
    rows: Vec<Map<String, Value>>,
    /// Whether values were too large to return as many rows as asked for.
    truncated: bool,
    resolved_database: String,
    stats: Stats,
}

pub(super) struct Sample;

impl Tool for Sample {
    const NAME: &'static str = "sample";
    const ACCESS: Access = Access::Read;
    type Params = Params;
    type Output = Output;

    async fn call(context: &Context, call: &Call, params: Params) -> Result<Output, Error> {
        let start = Instant::now();
        let database = context.session().resolve(&Target::new(params.database, None))?;
        let mut lease = context.session().lease(call, &database).await?;
        let table = catalog::table(&mut lease, call, &database, &params.table).await?;
        let row_count = lease.count(call, &format!("SELECT COUNT(*) FROM {}", table.place.quoted(&database))).await?;
        let n = params.n.unwrap_or(limits::SAMPLE_ROWS_DEFAULT);
        let sql = format!("SELECT * FROM {} LIMIT {n}", table.place.quoted(&database));
        let bounds = Bounds { rows_max: usize::MAX, ..Bounds::from(&context.config().limits) };
        let rows = lease.query(call, &sql, bounds).await?;
        let truncated = rows.truncated;
        let rows = rows.into_objects();
        Ok(Output {
            table: table.shown,
            schema: table
                .columns
                .into_iter()
                .map(|column| ColumnEntry { name: column.name, sql_type: column.sql_type, nullable: column.nullable })
                .collect(),
            row_count,
            truncated,
            resolved_database: database.alias,
            stats: Stats::since(start, u64::try_from(rows.len()).ok()),
            rows,
        })
    }
}
