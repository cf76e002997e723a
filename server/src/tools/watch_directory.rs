//! `watch_directory`

use std::time::Instant;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::args::{DatabaseName, Stats, Target};
use crate::call::Call;
use crate::context::Context;
use crate::error::Error;
use crate::limits;
use crate::tool::{Access, Effect, Tool};
use crate::watch::{self, FolderRequest};

/// Watch a folder: each file `x` in it, of any format that `load_file` reads, is appended to the table as soon as there is
/// `x.ready` beside it, and both are removed; `x.ready` last, when the rows are on disk. A file that cannot be loaded moves
/// to the subfolder `failed`, with the reason in `x.error`. Files are loaded once, even if the server is killed. Ends with
/// `unwatch_directory` or the server.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Absolute path of the folder.
    #[schemars(length(min = 1, max = limits::PATH_CHARS_MAX))]
    path: String,
    /// Table that the files are appended to, as describe shows it; the first file makes it where it is missing.
    #[schemars(length(min = 1, max = limits::NAME_CHARS_MAX))]
    table: String,
    /// Most files that are loaded at once. Default: 4.
    #[schemars(range(min = 1, max = limits::WATCH_CONCURRENT_MAX))]
    max_concurrent: Option<u32>,
    database: Option<DatabaseName>,
    /// Short for `database: "persistent"`; `database` wins.
    persist: Option<bool>,
}

/// What became of the files that were ready at the start.
#[derive(Serialize, JsonSchema)]
pub(super) struct Sweep {
    files_ingested: u64,
    files_failed: u64,
    rows: u64,
    /// False where the deadline passed first; the rest is loaded nevertheless.
    complete: bool,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    /// The folder, without symbolic links.
    directory: String,
    table: String,
    status: &'static str,
    max_concurrent: usize,
    initial_sweep: Sweep,
    resolved_database: String,
    stats: Stats,
}

pub(super) struct WatchDirectory;

impl Tool for WatchDirectory {
    const NAME: &'static str = "watch_directory";
    const ACCESS: Access = Access::Write(Effect { destructive: true, idempotent: true });
    const RUNS_TO_END: bool = true;
    type Params = Params;
    type Output = Output;

    async fn call(context: &Context, call: &Call, params: Params) -> Result<Output, Error> {
        let start = Instant::now();
        let request = FolderRequest {
            path: params.path,
            table: params.table,
            target: Target::new(params.database, params.persist),
            max_concurrent: params.max_concurrent,
        };
        let (watch, complete) = watch::start(context.session(), call, &context.config().limits, request).await?;
        let counts = watch.counts();
        Ok(Output {
            directory: watch.directory.to_string_lossy().into_owned(),
            table: watch.table.shown.clone(),
            status: "watching",
            max_concurrent: watch.max_concurrent,
            initial_sweep: Sweep {
                files_ingested: counts.files_ingested,
                files_failed: counts.files_failed,
                rows: counts.rows,
                complete,
            },
            resolved_database: watch.database.alias.clone(),
            stats: Stats::since(start, Some(counts.rows)),
        })
    }
}
