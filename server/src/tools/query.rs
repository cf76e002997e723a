//! `query`

use std::time::Instant;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::args::{DatabaseName, Stats, Target};
use crate::call::Call;
use crate::context::Context;
use crate::engine::{Bounds, Column, Rows};
use crate::error::Error;
use crate::ingest::Told;
use crate::limits::{self, Limits};
use crate::sql::guard;
use crate::tool::{Access, Tool};

/// Run one read-only SQL statement and return its rows as objects. NUMERIC with decimals comes as text with all its
/// digits, and so does a column with integers beyond 2^53; dates and times as ISO 8601, bytes as base64; a column name
/// that occurs again gets a number: `id`, `id_2`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// SELECT, WITH, VALUES, TABLE, SHOW or EXPLAIN.
    #[schemars(length(min = 1, max = limits::SQL_CHARS_MAX))]
    sql: String,
    database: Option<DatabaseName>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    result: Vec<Map<String, Value>>,
    columns: Vec<Column>,
    /// Whether there are more rows than are returned.
    truncated: bool,
    /// How to get at the rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(flatten)]
    told: Told,
    resolved_database: String,
    stats: Stats,
}

impl Output {
    /// The answer to a question that was asked at `start`.
    pub(super) fn new(rows: Rows, resolved_database: String, limits: &Limits, start: Instant) -> Self {
        let (columns, truncated) = (rows.columns.clone(), rows.truncated);
        let result = rows.into_objects();
        let hint = truncated.then(|| hint(result.len(), limits));
        let stats = Stats::since(start, u64::try_from(result.len()).ok());
        Self { result, columns, truncated, hint, told: Told::default(), resolved_database, stats }
    }

    /// The same with what is to be said of how an input was read.
    pub(super) fn told(self, told: Told) -> Self {
        Self { told, ..self }
    }
}

pub(super) struct Query;

impl Tool for Query {
    const NAME: &'static str = "query";
    const ACCESS: Access = Access::Read;
    type Params = Params;
    type Output = Output;

    async fn call(context: &Context, call: &Call, params: Params) -> Result<Output, Error> {
        let start = Instant::now();
        let bytes = params.sql.len();
        let database = context.session().resolve(&Target::new(params.database, None))?;
        let sql = params.sql;
        let look = move || guard::read(&sql).map(|statement| (sql, statement));
        let (sql, statement) = call.compute(bytes, look).await??;
        let limits = &context.config().limits;
        let mut lease = context.session().lease(call, &database).await?;
        lease.confirm_read(call, &sql, &statement).await?;
        let rows = lease.query(call, &sql, Bounds::from(limits)).await?;
        Ok(Output::new(rows, database.alias, limits, start))
    }
}

fn hint(rows: usize, limits: &Limits) -> String {
    if rows == limits.query_rows_max {
        return format!(
            "Only the first {rows} rows are here. Add LIMIT and OFFSET with ORDER BY, or aggregate; --query-rows-max \
             raises the bound."
        );
    }
    format!(
        "Only the first {rows} rows are here; with the next one the answer is longer than {} bytes. Select fewer \
         columns, or parts of long values with SUBSTRING, or add LIMIT and OFFSET with ORDER BY; --query-bytes-max \
         raises the bound.",
        limits.query_bytes_max
    )
}
