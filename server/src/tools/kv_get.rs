//! `kv_get`

use std::time::Instant;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::args::{DatabaseName, KvStore, Stats, Target, text_without_nul};
use crate::call::Call;
use crate::context::Context;
use crate::error::Error;
use crate::limits;
use crate::tool::{Access, Tool};

/// Read the value of a key in a store. A key that is not there is no error: `found` is false.
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
    found: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    resolved_database: String,
    stats: Stats,
}

pub(super) struct KvGet;

impl Tool for KvGet {
    const NAME: &'static str = "kv_get";
    const ACCESS: Access = Access::Read;
    type Params = Params;
    type Output = Output;

    async fn call(context: &Context, call: &Call, params: Params) -> Result<Output, Error> {
        let start = Instant::now();
        let session = context.session();
        let database = session.resolve(&Target::new(params.database, params.persist))?;
        let (store, key) = (text_without_nul("store", &params.store.0)?, text_without_nul("key", &params.key)?);
        let value = session.kv_reader(call, &database).await?.get(call, store, key).await?;
        let found = value.is_some();
        Ok(Output { found, value, resolved_database: database.alias, stats: Stats::since(start, None) })
    }
}
