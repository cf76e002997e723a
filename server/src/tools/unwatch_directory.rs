//! `unwatch_directory`

use std::time::Instant;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::args::Stats;
use crate::call::Call;
use crate::context::Context;
use crate::error::Error;
use crate::limits;
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
    const RUNS_TO_END: bool = true;
    type Params = Params;
    type Output = Output;

    async fn call(context: &Context, _call: &Call, params: Params) -> Result<Output, Error> {
        let start = Instant::now();
        let watch = watch::stop(context.session(), &params.path).await?;
        Ok(Output { status: "stopped", watcher: watch.entry(), stats: Stats::since(start, None) })
    }
}
