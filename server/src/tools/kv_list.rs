//! `kv_list`

use std::time::Instant;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::args::{DatabaseName, KvEntry, KvStore, Stats, Target, text_without_nul};
use crate::call::Call;
use crate::context::Context;
use crate::engine::Bounds;
use crate::error::Error;
use crate::session::catalog::KV_TABLE;
use crate::tool::{Access, Tool};

/// List the keys of a store, ascending by code point; with `values: true` the whole entries.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    store: KvStore,
    /// Whether the values are returned as well. Default: false.
    values: Option<bool>,
    database: Option<DatabaseName>,
    /// Short for `database: "persistent"`; `database` wins.
    persist: Option<bool>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    store: String,
    /// Entries that are returned.
    count: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    keys: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entries: Option<Vec<KvEntry>>,
    /// Whether there are more entries than are returned.
    truncated: bool,
    /// How to get at the rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    resolved_database: String,
    stats: Stats,
}

pub(super) struct KvList;

impl Tool for KvList {
    const NAME: &'static str = "kv_list";
    const ACCESS: Access = Access::Read;
    type Params = Params;
    type Output = Output;

    async fn call(context: &Context, call: &Call, params: Params) -> Result<Output, Error> {
        let start = Instant::now();
        let session = context.session();
        let database = session.resolve(&Target::new(params.database, params.persist))?;
        let store = text_without_nul("store", &params.store.0)?;
        let with_values = params.values.unwrap_or_default();
        let mut kv = session.kv_reader(call, &database).await?;
        let bounds = Bounds::from(&context.config().limits);
        let (found, truncated) = kv.entries(call, store, with_values, bounds).await?;
        drop(kv);
        let count = found.len();
        let hint = truncated.then(|| {
            format!("Read the rest with query: SELECT key, value FROM {KV_TABLE} WHERE store_name = ... AND key > ... ORDER BY key.")
        });
        let (keys, entries) = if with_values {
            (None, Some(found))
        } else {
            (Some(found.into_iter().map(|entry| entry.key).collect()), None)
        };
        let (store, stats) = (params.store.0, Stats::since(start, None));
        Ok(Output { store, count, keys, entries, truncated, hint, resolved_database: database.alias, stats })
    }
}
