//! `inspect_file`

use std::time::Instant;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::args::{JsonPath, Stats};
use crate::call::Call;
use crate::context::Context;
use crate::error::Error;
use crate::ingest::{ColumnSummary, Format, InputFile, Told, inspect};
use crate::limits;
use crate::tool::{Access, Tool};

/// Look into a file without loading it: the columns with the types that `load_file` would give them, their NULLs, least
/// and greatest values, and the first rows.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Absolute path of the file.
    #[schemars(length(min = 1, max = limits::PATH_CHARS_MAX))]
    path: String,
    /// How many rows to show. Default: 5.
    #[schemars(range(max = limits::INSPECT_ROWS_MAX))]
    sample_rows: Option<u32>,
    json_extract_path: Option<JsonPath>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    path: String,
    format: Format,
    file_size_bytes: u64,
    row_count: u64,
    columns: Vec<Column>,
    #[serde(flatten)]
    told: Told,
    stats: Stats,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct Column {
    name: String,
    #[serde(rename = "type")]
    sql_type: String,
    nullable: bool,
    null_count: u64,
    min: Value,
    max: Value,
    sample_values: Vec<Value>,
}

impl From<ColumnSummary> for Column {
    fn from(summary: ColumnSummary) -> Self {
        Self {
            name: summary.name,
            sql_type: summary.sql_type,
            nullable: true,
            null_count: summary.nulls,
            min: summary.min,
            max: summary.max,
            sample_values: summary.samples,
        }
    }
}

pub(super) struct InspectFile;

impl Tool for InspectFile {
    const NAME: &'static str = "inspect_file";
    const ACCESS: Access = Access::Read;
    type Params = Params;
    type Output = Output;

    async fn call(context: &Context, call: &Call, params: Params) -> Result<Output, Error> {
        let start = Instant::now();
        let file = InputFile::open(context.session().paths(), &params.path)?;
        let rows = params.sample_rows.unwrap_or(limits::INSPECT_ROWS_DEFAULT);
        let (path, bytes) = (file.path.to_string_lossy().into_owned(), file.bytes);
        let summary = inspect(context.session(), call, file, params.json_extract_path.map(|path| path.0), rows).await?;
        Ok(Output {
            path,
            format: summary.staged.format,
            file_size_bytes: bytes,
            row_count: summary.rows,
            columns: summary.columns.into_iter().map(Column::from).collect(),
            told: summary.told,
            stats: Stats::since(start, Some(summary.rows)),
        })
    }
}
