//! `export`

use std::time::Instant;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::args::{DatabaseName, Stats, Target};
use crate::call::Call;
use crate::context::Context;
use crate::error::Error;
use crate::export::{ExportFormat, Fidelity, FormatOptions, Request, Source, export};
use crate::limits;
use crate::tool::{Access, Effect, Tool};

/// Write a query's rows or a table to a file: CSV, Parquet or Arrow IPC; an Iceberg table to a folder; or all tables of
/// a database to a new .hyper file. A file that exists is replaced only with `overwrite: true`, and only by a whole one.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Absolute path of the file to write, for iceberg of the folder. Its parent has to exist.
    #[schemars(length(min = 1, max = limits::PATH_CHARS_MAX))]
    path: String,
    format: ExportFormat,
    /// SELECT, WITH, VALUES or TABLE whose rows are exported; this or `table`, with hyper neither is needed.
    #[schemars(length(min = 1, max = limits::SQL_CHARS_MAX))]
    sql: Option<String>,
    /// Table to export, as describe shows it.
    #[schemars(length(min = 1, max = limits::NAME_CHARS_MAX))]
    table: Option<String>,
    /// Whether a file that exists is replaced. Default: false.
    overwrite: Option<bool>,
    format_options: Option<FormatOptions>,
    database: Option<DatabaseName>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    #[serde(rename = "output_path")]
    path: String,
    format: ExportFormat,
    rows: u64,
    file_size_bytes: u64,
    /// hyper: what of the tables' definitions the copy has, and what it lacks.
    #[serde(skip_serializing_if = "Option::is_none")]
    schema_fidelity: Option<Fidelity>,
    resolved_database: String,
    stats: Stats,
}

pub(super) struct Export;

impl Tool for Export {
    const NAME: &'static str = "export";
    const ACCESS: Access = Access::Files(Effect { destructive: true, idempotent: false });
    const RUNS_TO_END: bool = true;
    type Params = Params;
    type Output = Output;

    async fn call(context: &Context, call: &Call, params: Params) -> Result<Output, Error> {
        let start = Instant::now();
        let format = params.format;
        let source = match (params.sql, params.table) {
            (Some(sql), None) => Source::Query(sql),
            (None, Some(table)) => Source::Table(table),
            (None, None) => Source::Database,
            (Some(_), Some(_)) => {
                return Err(Error::invalid("Both `sql` and `table` are given, and only one can be exported.")
                    .suggest("Leave one of them out."));
            }
        };
        let request = Request {
            path: params.path,
            format,
            source,
            overwrite: params.overwrite.unwrap_or_default(),
            options: params.format_options.unwrap_or_default(),
            target: Target::new(params.database, None),
        };
        let exported = export(context.session(), call, request).await?;
        Ok(Output {
            path: exported.path.to_string_lossy().into_owned(),
            format,
            rows: exported.rows,
            file_size_bytes: exported.bytes,
            schema_fidelity: exported.fidelity,
            resolved_database: exported.database.alias,
            stats: Stats::since(start, Some(exported.rows)),
        })
    }
}
