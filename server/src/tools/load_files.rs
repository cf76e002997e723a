//! `load_files`

use std::time::Instant;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::args::{DatabaseName, JsonPath, NullValues, Stats, Target};
use crate::call::Call;
use crate::context::Context;
use crate::engine::Column;
use crate::error::Error;
use crate::ingest::{ColumnTypes, FileLoad, FileLoaded, LoadMode, ManyRequest, Told, load_many, with_columns_once};
use crate::limits;
use crate::tool::{Access, Effect, Tool};

/// Load many files in parallel into tables of one database; formats as in `load_file`. Each file is loaded or fails for
/// itself: `results` says for each, in the order of `files`, its rows or its error.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// The files.
    #[schemars(length(min = 1, max = limits::LOAD_FILES_MAX))]
    files: Vec<Entry>,
    /// Most files that are loaded at once. Default: 8.
    #[schemars(range(min = 1, max = limits::LOAD_FILES_CONCURRENT_MAX))]
    concurrency: Option<u32>,
    database: Option<DatabaseName>,
    /// Short for `database: "persistent"`; `database` wins.
    persist: Option<bool>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct Entry {
    /// Table to load into, as describe shows it: `t`, or `schema.t`. `"a.b"` is a name with a dot.
    #[schemars(length(min = 1, max = limits::NAME_CHARS_MAX))]
    table: String,
    /// Absolute path of the file.
    #[schemars(length(min = 1, max = limits::PATH_CHARS_MAX))]
    path: String,
    /// `replace` (default) or `append`, which several files of one table need. To merge, call `load_file` for each file.
    mode: Option<LoadMode>,
    /// SQL types of columns by name, as in `load_file`.
    schema: Option<ColumnTypes>,
    null_values: Option<NullValues>,
    json_extract_path: Option<JsonPath>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct FileError {
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    suggestion: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sqlstate: Option<String>,
}

/// What became of one file: `rows` and the like, or `error`.
#[derive(Default, Serialize, JsonSchema)]
#[schemars(inline)]
struct FileAnswer {
    path: String,
    table: String,
    mode: LoadMode,
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<u64>,
    /// The table's columns and their types, with the first file of the table that was loaded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    schema: Vec<Column>,
    /// Whether the table is new or has other columns than before.
    #[serde(skip_serializing_if = "Option::is_none")]
    schema_changed: Option<bool>,
    #[serde(flatten)]
    told: Told,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<FileError>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    results: Vec<FileAnswer>,
    succeeded: usize,
    failed: usize,
    resolved_database: String,
    stats: Stats,
}

pub(super) struct LoadFiles;

impl Tool for LoadFiles {
    const NAME: &'static str = "load_files";
    const ACCESS: Access = Access::Write(Effect { destructive: true, idempotent: false });
    type Params = Params;
    type Output = Output;

    async fn call(context: &Context, call: &Call, params: Params) -> Result<Output, Error> {
        let start = Instant::now();
        let target = Target::new(params.database, params.persist);
        let resolved_database = context.session().resolve_writable(&target)?.alias;
        let files = params.files.into_iter().map(file_load).collect();
        let request = ManyRequest { files, target, concurrency: params.concurrency, tool: Self::NAME };
        let loaded = load_many(context.session(), call, &context.config().limits, request).await?;
        let rows = loaded.iter().filter_map(|file| file.outcome.as_ref().ok()).map(|loaded| loaded.rows).sum();
        let failed = loaded.iter().filter(|file| file.outcome.is_err()).count();
        let results: Vec<FileAnswer> = with_columns_once(loaded).into_iter().map(answer).collect();
        Ok(Output {
            succeeded: results.len() - failed,
            results,
            failed,
            resolved_database,
            stats: Stats::since(start, Some(rows)),
        })
    }
}

fn file_load(entry: Entry) -> FileLoad {
    FileLoad {
        path: entry.path,
        table: entry.table,
        mode: entry.mode.unwrap_or_default(),
        types: entry.schema.unwrap_or_default(),
        json_path: entry.json_extract_path.map(|path| path.0),
        null_values: entry.null_values.unwrap_or_default().0,
    }
}

fn answer(FileLoaded { file, outcome }: FileLoaded) -> FileAnswer {
    let mut answer = FileAnswer { path: file.path, table: file.table, mode: file.mode, ..FileAnswer::default() };
    match outcome {
        Ok(loaded) => {
            answer.table = loaded.table;
            answer.rows = Some(loaded.rows);
            answer.schema_changed = Some(loaded.schema_changed);
            answer.schema = loaded.columns.into_iter().map(|c| Column { name: c.name, sql_type: c.sql_type }).collect();
            answer.told = loaded.told;
        }
        Err(Error { code, message, suggestion, sqlstate, .. }) => {
            answer.error = Some(FileError { code: code.as_str(), message, suggestion, sqlstate });
        }
    }
    answer
}
