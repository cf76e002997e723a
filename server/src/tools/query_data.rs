//! `query_data`

use std::time::Instant;

use schemars::JsonSchema;
use serde::Deserialize;

use super::query::Output;
use crate::args::{JsonPath, NullValues};
use crate::call::Call;
use crate::context::Context;
use crate::engine::Bounds;
use crate::error::Error;
use crate::ingest::{ColumnTypes, Format, Input, ReadRequest, read};
use crate::limits;
use crate::session::LOCAL;
use crate::tool::{Access, Tool};

/// Ask one read-only SQL question about rows that come with the call, without loading them: JSON (an array of objects,
/// or an object a line) or CSV with a header.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// The rows.
    #[schemars(length(min = 1, max = limits::DATA_CHARS_MAX))]
    data: String,
    /// SELECT, WITH, VALUES or TABLE; the rows are the table `data`, or `table_name`.
    #[schemars(length(min = 1, max = limits::SQL_CHARS_MAX))]
    sql: String,
    /// Found out from the first character where it is left out.
    format: Option<TextFormat>,
    /// What the query calls the rows. Default: `data`.
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
enum TextFormat {
    Csv,
    Json,
}

pub(super) struct QueryData;

impl Tool for QueryData {
    const NAME: &'static str = "query_data";
    const ACCESS: Access = Access::Read;
    type Params = Params;
    type Output = Output;

    async fn call(context: &Context, call: &Call, params: Params) -> Result<Output, Error> {
        let start = Instant::now();
        let request = ReadRequest {
            input: Input::Inline(params.data),
            format: params.format.map(|format| match format {
                TextFormat::Csv => Format::Csv,
                TextFormat::Json => Format::Json,
            }),
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
