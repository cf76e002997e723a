//! `query_file`

use std::time::Instant;

use schemars::JsonSchema;
use serde::Deserialize;

use super::query::Output;
use crate::args::{JsonPath, NullValues};
use crate::call::Call;
use crate::context::Context;
use crate::engine::Bounds;
use crate::error::Error;
use crate::ingest::{ColumnTypes, Format, Input, InputFile, ReadRequest, read};
use crate::limits;
use crate::session::LOCAL;
use crate::tool::{Access, Tool};

/// Ask one read-only SQL question about a file, without loading it: CSV, TSV, JSON, JSON lines, Parquet or Arrow IPC,
/// found out by name and content. Hyper reads no more of Parquet than the question needs.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Absolute path of the file.
    #[schemars(length(min = 1, max = limits::PATH_CHARS_MAX))]
    path: String,
    /// SELECT, WITH, VALUES or TABLE; the file's rows are the table `data`, or `table_name`.
    #[schemars(length(min = 1, max = limits::SQL_CHARS_MAX))]
    sql: String,
    /// Format of the file, where name and content do not tell.
    format: Option<FileFormat>,
    /// What the query calls the file's rows. Default: `data`.
    #[schemars(length(min = 1, max = limits::NAME_CHARS_MAX))]
    table_name: Option<String>,
    /// SQL types of columns by name, where the inferred ones will not do: {"zip": "TEXT"}.
    schema: Option<ColumnTypes>,
    null_values: Option<NullValues>,
    json_extract_path: Option<JsonPath>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum FileFormat {
    Csv,
    Json,
    Parquet,
    ArrowFile,
    ArrowStream,
}

impl From<FileFormat> for Format {
    fn from(format: FileFormat) -> Self {
        match format {
            FileFormat::Csv => Self::Csv,
            FileFormat::Json => Self::Json,
            FileFormat::Parquet => Self::Parquet,
            FileFormat::ArrowFile => Self::ArrowFile,
            FileFormat::ArrowStream => Self::ArrowStream,
        }
    }
}

pub(super) struct QueryFile;

impl Tool for QueryFile {
    const NAME: &'static str = "query_file";
    const ACCESS: Access = Access::Read;
    type Params = Params;
    type Output = Output;

    async fn call(context: &Context, call: &Call, params: Params) -> Result<Output, Error> {
        let start = Instant::now();
        let request = ReadRequest {
            input: Input::File(InputFile::open(context.session().paths(), &params.path)?),
            format: params.format.map(Format::from),
            json_path: params.json_extract_path.map(|path| path.0),
            types: params.schema.unwrap_or_default(),
            null_values: params.null_values.unwrap_or_default().0,
            table: params.table_name.unwrap_or_else(|| "data".to_owned()),
            sql: params.sql,
            tool: Self::NAME,
        };
        let limits = &context.config().limits;
        let (rows, told) = read(context.session(), call, request, Bounds::from(limits)).await?;
        Ok(Output::new(rows, LOCAL.to_owned(), limits, start).told(told))
    }
}
