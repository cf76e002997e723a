//! `copy_query`

use std::time::Instant;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::args::{DatabaseName, Stats, Target};
use crate::call::Call;
use crate::context::Context;
use crate::error::Error;
use crate::ingest::{CopyRequest, LoadMode, copy};
use crate::limits;
use crate::session::{AttachRequest, OnMissing};
use crate::tool::{Access, Effect, Tool};

/// Put a query's rows into a table of any writable database, matching columns by name where it exists. The query may
/// read all databases by their full names, `lake.public.people`; other names are looked up in `target_database`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// SELECT, WITH, VALUES or TABLE.
    #[schemars(length(min = 1, max = limits::SQL_CHARS_MAX))]
    sql: String,
    /// Table to put the rows into, as describe shows it: `t`, or `schema.t`. `"a.b"` is a name with a dot.
    #[schemars(length(min = 1, max = limits::NAME_CHARS_MAX))]
    target_table: String,
    /// `create` refuses a table that exists, `append` needs one, `replace` makes it anew.
    mode: Mode,
    target_database: Option<DatabaseName>,
    /// Files that are attached for this call alone.
    #[schemars(length(max = limits::TEMP_ATTACHMENTS_MAX))]
    temp_attach: Option<Vec<TempAttachment>>,
}

#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum Mode {
    Create,
    Append,
    Replace,
}

impl From<Mode> for LoadMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Create => Self::Create,
            Mode::Append => Self::Append,
            Mode::Replace => Self::Replace,
        }
    }
}

/// A file as `attach_database` takes it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct TempAttachment {
    /// Name for the database during the call.
    #[schemars(length(min = 1, max = limits::NAME_CHARS_MAX))]
    alias: String,
    /// Absolute path of the .hyper file.
    #[schemars(length(min = 1, max = limits::PATH_CHARS_MAX))]
    path: String,
    /// Whether the call may put its rows there. Default: false, but true with `on_missing: create`.
    writable: Option<bool>,
    /// Where there is no file: `error` (default), or `create` an empty database.
    on_missing: Option<OnMissing>,
    /// What is attached; only files so far.
    #[expect(dead_code, reason = "the schema leaves it but one value")]
    kind: Option<SourceKind>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum SourceKind {
    LocalFile,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    target_table: String,
    target_database: String,
    mode: Mode,
    /// Rows that the query returned, all of which are in the table now.
    row_count: u64,
    resolved_database: String,
    stats: Stats,
}

pub(super) struct CopyQuery;

impl Tool for CopyQuery {
    const NAME: &'static str = "copy_query";
    const ACCESS: Access = Access::Write(Effect { destructive: true, idempotent: false });
    const RUNS_TO_END: bool = true;
    type Params = Params;
    type Output = Output;

    async fn call(context: &Context, call: &Call, params: Params) -> Result<Output, Error> {
        let start = Instant::now();
        let attach = |file: TempAttachment| AttachRequest {
            alias: file.alias,
            path: file.path,
            writable: file.writable,
            on_missing: file.on_missing.unwrap_or_default(),
        };
        let request = CopyRequest {
            sql: params.sql,
            table: params.target_table,
            mode: params.mode.into(),
            target: Target::new(params.target_database, None),
            attach: params.temp_attach.unwrap_or_default().into_iter().map(attach).collect(),
            tool: Self::NAME,
        };
        let copied = copy(context.session(), call, request).await?;
        Ok(Output {
            target_table: copied.table,
            target_database: copied.database.alias.clone(),
            mode: params.mode,
            row_count: copied.rows,
            resolved_database: copied.database.alias,
            stats: Stats::since(start, Some(copied.rows)),
        })
    }
}
