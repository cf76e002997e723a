//! `kv_pop`

use std::time::Instant;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::args::{DatabaseName, KvStore, Stats, Target, text_without_nul};
use crate::call::Call;
use crate::context::Context;
use crate::error::Error;
use crate::tool::{Access, Effect, Tool};

/// Take the entry with the lowest key out of a store, as from a queue. No other caller gets the same one; `found` is false where the
/// store is empty.
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
    found: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    resolved_database: String,
    stats: Stats,
}

pub(super) struct KvPop;

impl Tool for KvPop {
    const NAME: &'static str = "kv_pop";
    const ACCESS: Access = Access::Write(Effect { destructive: true, idempotent: false });
    type Params = Params;
    type Output = Output;

    async fn call(context: &Context, call: &Call, params: Params) -> Result<Output, Error> {
        let start = Instant::now();
        let session = context.session();
        let database = session.resolve_writable(&Target::new(params.database, params.persist))?;
        let store = text_without_nul("store", &params.store.0)?;
        let popped = session.kv_writer(call, &database).await?.pop(call, store).await?;
        let found = popped.is_some();
        let (key, value) = popped.map(|entry| (entry.key, entry.value)).unzip();
        Ok(Output { found, key, value, resolved_database: database.alias, stats: Stats::since(start, None) })
    }
}
