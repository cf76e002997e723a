//! `load_file`

use std::time::Instant;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::args::{DatabaseName, JsonPath, Names, NullValues, Target};
use crate::call::Call;
use crate::context::Context;
use crate::error::Error;
use crate::ingest::{ColumnTypes, Input, InputFile, LoadAnswer, LoadMode, LoadRequest, load, merge_key};
use crate::limits;
use crate::tool::{Access, Effect, Tool};

/// Load a file into a table: CSV, TSV, JSON, JSON lines, Parquet or Arrow IPC, found out by name and content. Types
/// are inferred from the whole file; in numeric and date columns NA, N/A and NULL are NULL, which the answer tells.
/// `replace` keeps the old table if anything fails. `inspect_file` shows the types beforehand.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Table to load into, as describe shows it: `t`, or `schema.t`. `"a.b"` is a name with a dot.
    #[schemars(length(min = 1, max = limits::NAME_CHARS_MAX))]
    table: String,
    /// Absolute path of the file.
    #[schemars(length(min = 1, max = limits::PATH_CHARS_MAX))]
    path: String,
    /// `replace` (default) makes the table anew; `append` adds rows, matching columns by name; `merge` replaces the rows
    /// with the same `merge_key` as a whole, appends the others and adds columns that are new.
    mode: Option<Mode>,
    /// Column, or list of columns, that tells rows apart; for `merge`.
    merge_key: Option<Names>,
    /// SQL types of columns by name, where the inferred ones will not do: {"zip": "TEXT"}.
    schema: Option<ColumnTypes>,
    null_values: Option<NullValues>,
    json_extract_path: Option<JsonPath>,
    database: Option<DatabaseName>,
    /// Short for `database: "persistent"`; `database` wins.
    persist: Option<bool>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum Mode {
    Replace,
    Append,
    Merge,
}

impl From<Mode> for LoadMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Replace => Self::Replace,
            Mode::Append => Self::Append,
            Mode::Merge => Self::Merge,
        }
    }
}

pub(super) struct LoadFile;

impl Tool for LoadFile {
    const NAME: &'static str = "load_file";
    const ACCESS: Access = Access::Write(Effect { destructive: true, idempotent: false });
    const RUNS_TO_END: bool = true;
    type Params = Params;
    type Output = LoadAnswer;

    async fn call(context: &Context, call: &Call, params: Params) -> Result<LoadAnswer, Error> {
        let start = Instant::now();
        let mode = params.mode.map_or_else(LoadMode::default, LoadMode::from);
        let merge_key = merge_key(mode, params.merge_key)?;
        let request = LoadRequest {
            input: Input::File(InputFile::open(context.session().paths(), &params.path)?),
            format: None,
            json_path: params.json_extract_path.map(|path| path.0),
            table: params.table,
            mode,
            merge_key,
            types: params.schema.unwrap_or_default(),
            null_values: params.null_values.unwrap_or_default().0,
            target: Target::new(params.database, params.persist),
            tool: Self::NAME,
        };
        let loaded = load(context.session(), call, request).await?;
        Ok(LoadAnswer::new(mode, loaded, start))
    }
}
