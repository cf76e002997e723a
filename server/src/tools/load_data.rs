//! `load_data`

use std::time::Instant;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::args::{DatabaseName, NullValues, Target};
use crate::call::Call;
use crate::context::Context;
use crate::error::Error;
use crate::ingest::{ColumnTypes, Format, Input, LoadAnswer, LoadMode, LoadRequest, load};
use crate::limits;
use crate::tool::{Access, Effect, Tool};

/// Load rows given in the call into a table: CSV with a header, or JSON (an array of objects, or one object a line).
/// For files use `load_file`. `replace` keeps the old table if anything fails.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Table to load into, as describe shows it: `t`, or `schema.t`. `"a.b"` is a name with a dot.
    #[schemars(length(min = 1, max = limits::NAME_CHARS_MAX))]
    table: String,
    /// The rows.
    #[schemars(length(min = 1, max = limits::DATA_CHARS_MAX))]
    data: String,
    /// Found out from the first character where it is left out.
    format: Option<TextFormat>,
    /// `replace` (default) makes the table anew; `append` adds rows, matching columns by name.
    mode: Option<LoadMode>,
    /// SQL types of columns by name, where the inferred ones will not do: {"zip": "TEXT"}.
    schema: Option<ColumnTypes>,
    null_values: Option<NullValues>,
    database: Option<DatabaseName>,
    /// Short for `database: "persistent"`; `database` wins.
    persist: Option<bool>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum TextFormat {
    Csv,
    Json,
}

pub(super) struct LoadData;

impl Tool for LoadData {
    const NAME: &'static str = "load_data";
    const ACCESS: Access = Access::Write(Effect { destructive: true, idempotent: false });
    const RUNS_TO_END: bool = true;
    type Params = Params;
    type Output = LoadAnswer;

    async fn call(context: &Context, call: &Call, params: Params) -> Result<LoadAnswer, Error> {
        let start = Instant::now();
        let mode = params.mode.unwrap_or_default();
        let request = LoadRequest {
            input: Input::Inline(params.data),
            format: params.format.map(|format| match format {
                TextFormat::Csv => Format::Csv,
                TextFormat::Json => Format::Json,
            }),
            json_path: None,
            table: params.table,
            mode,
            merge_key: Vec::new(),
            types: params.schema.unwrap_or_default(),
            null_values: params.null_values.unwrap_or_default().0,
            target: Target::new(params.database, params.persist),
            tool: Self::NAME,
        };
        let loaded = load(context.session(), call, request).await?;
        Ok(LoadAnswer::new(mode, loaded, start))
    }
}
