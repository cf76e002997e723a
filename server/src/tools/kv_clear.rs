//! `kv_clear`

use std::time::Instant;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::args::{DatabaseName, KvStore, Stats, Target, text_without_nul};
use crate::call::Call;
use crate::context::Context;
use crate::error::Error;
use crate::tool::{Access, Effect, Tool};

/// Remove all entries of a store.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    store: KvStore,
    database: Option<DatabaseName>,
    /// Short for `database: "persistent"`; `database` wins.
    persist: Option<bool>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    store: String,
    /// Entries that were there.
    removed: u64,
    resolved_database: String,
    stats: Stats,
}

pub(super) struct KvClear;

impl Tool for KvClear {
    const NAME: &'static str = "kv_clear";
    const ACCESS: Access = Access::Write(Effect { destructive: true, idempotent: true });
    type Params = Params;
    type Output = Output;

    async fn call(context: &Context, call: &Call, params: Params) -> Result<Output, Error> {
        let start = Instant::now();
        let session = context.session();
        let database = session.resolve_writable(&Target::new(params.database, params.persist))?;
        let store = text_without_nul("store", &params.store.0)?;
        let removed = session.kv_writer(call, &database).await?.clear(call, store).await?;
        let store = params.store.0;
        Ok(Output { store, removed, resolved_database: database.alias, stats: Stats::since(start, Some(removed)) })
    }
}
