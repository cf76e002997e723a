//! `load_iceberg`

use std::time::Instant;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::args::{DatabaseName, Target};
use crate::call::Call;
use crate::context::Context;
use crate::error::Error;
use crate::ingest::{ColumnTypes, IcebergTable, Input, LoadAnswer, LoadMode, LoadRequest, load};
use crate::limits;
use crate::tool::{Access, Effect, Tool};

/// Load an Apache Iceberg table, a folder with `metadata` and `data`, into a table. The newest snapshot is read unless
/// `metadata_filename` or `version_as_of` names another. `replace` keeps the old table if anything fails.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Table to load into, as describe shows it: `t`, or `schema.t`. `"a.b"` is a name with a dot.
    #[schemars(length(min = 1, max = limits::NAME_CHARS_MAX))]
    table: String,
    /// Absolute path of the folder.
    #[schemars(length(min = 1, max = limits::PATH_CHARS_MAX))]
    path: String,
    /// `replace` (default) makes the table anew; `append` adds rows, matching columns by name.
    mode: Option<Mode>,
    /// File in `metadata` that describes the wanted state, for example `v2.metadata.json`.
    #[schemars(length(min = 1, max = limits::PATH_CHARS_MAX))]
    metadata_filename: Option<String>,
    /// Number of the wanted metadata version, as its file's name begins with.
    version_as_of: Option<u64>,
    database: Option<DatabaseName>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum Mode {
    Replace,
    Append,
}

pub(super) struct LoadIceberg;

impl Tool for LoadIceberg {
    const NAME: &'static str = "load_iceberg";
    const ACCESS: Access = Access::Write(Effect { destructive: true, idempotent: false });
    const RUNS_TO_END: bool = true;
    type Params = Params;
    type Output = LoadAnswer;

    async fn call(context: &Context, call: &Call, params: Params) -> Result<LoadAnswer, Error> {
        let start = Instant::now();
        let mode = match params.mode {
            None | Some(Mode::Replace) => LoadMode::Replace,
            Some(Mode::Append) => LoadMode::Append,
        };
        let folder = IcebergTable::open(
            context.session().paths(),
            &params.path,
            params.metadata_filename,
            params.version_as_of,
        )?;
        let request = LoadRequest {
            input: Input::Iceberg(folder),
            format: None,
            json_path: None,
            table: params.table,
            mode,
            merge_key: Vec::new(),
            types: ColumnTypes::default(),
            null_values: Vec::new(),
            target: Target::new(params.database, None),
            tool: Self::NAME,
        };
        let loaded = load(context.session(), call, request).await?;
        Ok(LoadAnswer::new(mode, loaded, start))
    }
}
