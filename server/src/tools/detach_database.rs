//! `detach_database`

use std::time::Instant;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::args::Stats;
use crate::call::Call;
use crate::context::Context;
use crate::error::Error;
use crate::limits;
use crate::tool::{Access, Effect, Tool};

/// Detach a database that `attach_database` attached; its file stays as it is and is free for other programs.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Alias of the database, in any case.
    #[schemars(length(min = 1, max = limits::NAME_CHARS_MAX))]
    alias: String,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    alias: String,
    /// False where no database of that alias was attached.
    detached: bool,
    stats: Stats,
}

pub(super) struct DetachDatabase;

impl Tool for DetachDatabase {
    const NAME: &'static str = "detach_database";
    const ACCESS: Access = Access::Session(Effect { destructive: false, idempotent: true });
    type Params = Params;
    type Output = Output;

    async fn call(context: &Context, call: &Call, params: Params) -> Result<Output, Error> {
        let start = Instant::now();
        let detached = context.session().detach(call, &params.alias).await?;
        Ok(Output { alias: params.alias.to_lowercase(), detached, stats: Stats::since(start, None) })
    }
}
