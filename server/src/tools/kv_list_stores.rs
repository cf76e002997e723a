//! `kv_list_stores`

use std::time::Instant;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::args::{DatabaseName, Stats, Target};
use crate::call::Call;
use crate::context::Context;
use crate::error::Error;
use crate::tool::{Access, Tool};

/// List the key-value stores of a database that have an entry, by name.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    database: Option<DatabaseName>,
    /// Short for `database: "persistent"`; `database` wins.
    persist: Option<bool>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    count: usize,
    stores: Vec<String>,
    resolved_database: String,
    stats: Stats,
}

pub(super) struct KvListStores;

impl Tool for KvListStores {
    const NAME: &'static str = "kv_list_stores";
    const ACCESS: Access = Access::Read;
    type Params = Params;
    type Output = Output;

    async fn call(context: &Context, call: &Call, params: Params) -> Result<Output, Error> {
        let start = Instant::now();
        let session = context.session();
        let database = session.resolve(&Target::new(params.database, params.persist))?;
        let stores = session.kv_reader(call, &database).await?.stores(call).await?;
        let count = stores.len();
        Ok(Output { count, stores, resolved_database: database.alias, stats: Stats::since(start, None) })
    }
}
