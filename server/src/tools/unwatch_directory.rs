//! `unwatch_directory`

use std::time::Instant;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::args::Stats;
use crate::call::Call;
use crate::error::Error;
use crate::ingest::to_its_end;
use crate::limits;
use crate::server::Server;
use crate::session::WatcherEntry;
use crate::tool::{Access, Effect, Tool};
use crate::watch;

/// Stop watching a folder. A file that is being loaded comes to its end first; files that are not loaded stay there.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Absolute path of the folder, as status shows it.
    #[schemars(length(min = 1, max = limits::PATH_CHARS_MAX))]
    path: String,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    status: &'static str,
    #[serde(flatten)]
    watcher: WatcherEntry,
    stats: Stats,
}

pub(super) struct UnwatchDirectory;

impl Tool for UnwatchDirectory {
    const NAME: &'static str = "unwatch_directory";
    const ACCESS: Access = Access::Session(Effect { destructive: false, idempotent: true });
    type Params = Params;
    type Output = Output;

    async fn call(server: &Server, _call: &Call, params: Params) -> Result<Output, Error> {
        let start = Instant::now();
        let server = server.clone();
        let watch = to_its_end(async move { watch::stop(server.session(), &params.path).await }).await?;
        Ok(Output { status: "stopped", watcher: watch.entry(), stats: Stats::since(start, None) })
    }
}
