//! `kv_delete`

use std::time::Instant;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::args::{DatabaseName, KvStore, Stats, Target, text_without_nul};
use crate::call::Call;
use crate::context::Context;
use crate::error::Error;
use crate::limits;
use crate::tool::{Access, Effect, Tool};

/// Remove a key with its value from a store; `deleted` is false where it is not there.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    store: KvStore,
    /// Key of the entry: any text.
    #[schemars(length(min = 1, max = limits::NAME_CHARS_MAX))]
    key: String,
    database: Option<DatabaseName>,
    /// Short for `database: "persistent"`; `database` wins.
    persist: Option<bool>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    deleted: bool,
    resolved_database: String,
    stats: Stats,
}

pub(super) struct KvDelete;

impl Tool for KvDelete {
    const NAME: &'static str = "kv_delete";
    const ACCESS: Access = Access::Write(Effect { destructive: true, idempotent: true });
    type Params = Params;
    type Output = Output;

    async fn call(context: &Context, call: &Call, params: Params) -> Result<Output, Error> {
        let start = Instant::now();
        let session = context.session();
        let database = session.resolve_writable(&Target::new(params.database, params.persist))?;
        let (store, key) = (text_without_nul("store", &params.store.0)?, text_without_nul("key", &params.key)?);
        let deleted = session.kv_writer(call, &database).await?.delete(call, store, key).await?;
        Ok(Output { deleted, resolved_database: database.alias, stats: Stats::since(start, None) })
    }
}
