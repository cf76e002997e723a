//! `kv_set_many`

use std::time::Instant;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::args::{DatabaseName, KvEntry, KvStore, Stats, Target};
use crate::call::Call;
use crate::context::Context;
use crate::error::Error;
use crate::limits;
use crate::session::check_entries;
use crate::tool::{Access, Effect, Tool};

/// Write several entries into a store, all or none. With `overwrite: false` keys that are there keep their values and are `skipped`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    store: KvStore,
    /// The entries; of those with the same key the last one counts.
    #[schemars(length(min = 1, max = limits::KV_ENTRIES_MAX))]
    entries: Vec<KvEntry>,
    /// Whether values that are there are replaced. Default: true.
    overwrite: Option<bool>,
    database: Option<DatabaseName>,
    /// Short for `database: "persistent"`; `database` wins.
    persist: Option<bool>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    /// Entries that were written.
    stored: usize,
    /// Keys that are new.
    created: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    overwritten: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: Option<usize>,
    /// Bytes of all values that were given.
    total_bytes: usize,
    resolved_database: String,
    stats: Stats,
}

pub(super) struct KvSetMany;

impl Tool for KvSetMany {
    const NAME: &'static str = "kv_set_many";
    const ACCESS: Access = Access::Write(Effect { destructive: true, idempotent: true });
    type Params = Params;
    type Output = Output;

    async fn call(context: &Context, call: &Call, params: Params) -> Result<Output, Error> {
        let start = Instant::now();
        let session = context.session();
        let database = session.resolve_writable(&Target::new(params.database, params.persist))?;
        let (store, entries) = (params.store.0, params.entries);
        check_entries(&store, &entries)?;
        let overwrite = params.overwrite.unwrap_or(true);
        let done = session.kv_writer(call, &database).await?.set(call, &store, &entries, overwrite).await?;
        Ok(Output {
            stored: done.created + if overwrite { done.existed } else { 0 },
            created: done.created,
            overwritten: overwrite.then_some(done.existed),
            skipped: (!overwrite).then_some(done.existed),
            total_bytes: entries.iter().map(|entry| entry.value.len()).sum(),
            resolved_database: database.alias,
            stats: Stats::since(start, None),
        })
    }
}
