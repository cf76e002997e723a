//! `kv_size`

use std::time::Instant;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::args::{DatabaseName, KvStore, Stats, Target, text_without_nul};
use crate::call::Call;
use crate::context::Context;
use crate::error::Error;
use crate::tool::{Access, Tool};

/// Count the entries of a store and the bytes of their values.
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
    /// Entries.
    size: u64,
    /// Bytes of all values, in UTF-8.
    bytes: u64,
    resolved_database: String,
    stats: Stats,
}

pub(super) struct KvSize;

impl Tool for KvSize {
    const NAME: &'static str = "kv_size";
    const ACCESS: Access = Access::Read;
    type Params = Params;
    type Output = Output;

    async fn call(context: &Context, call: &Call, params: Params) -> Result<Output, Error> {
        let start = Instant::now();
        let session = context.session();
        let database = session.resolve(&Target::new(params.database, params.persist))?;
        let store = text_without_nul("store", &params.store.0)?;
        let (size, bytes) = session.kv_reader(call, &database).await?.size(call, store).await?;
        let store = params.store.0;
        Ok(Output { store, size, bytes, resolved_database: database.alias, stats: Stats::since(start, None) })
    }
}
