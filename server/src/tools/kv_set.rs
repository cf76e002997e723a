//! `kv_set`

use std::io::{self, Read as _};
use std::path::Path;
use std::time::Instant;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::args::{self, DatabaseName, KvEntry, KvStore, Stats, Target};
use crate::call::Call;
use crate::context::Context;
use crate::error::Error;
use crate::ingest::unreadable;
use crate::limits;
use crate::session::{Session, check_entries};
use crate::tool::{Access, Effect, Tool};

/// Write the value of a key into a store; `created` says whether the key is new. With `overwrite: false` a key that is there keeps
/// its value, and `stored` is false.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    store: KvStore,
    /// Key of the entry: any text.
    #[schemars(length(min = 1, max = limits::NAME_CHARS_MAX))]
    key: String,
    /// The value, a text of at most 1 MiB; this or `value_path`.
    value: Option<String>,
    /// Absolute path of a file whose text is the value.
    #[schemars(length(min = 1, max = limits::PATH_CHARS_MAX))]
    value_path: Option<String>,
    /// Whether a value that is there is replaced. Default: true.
    overwrite: Option<bool>,
    database: Option<DatabaseName>,
    /// Short for `database: "persistent"`; `database` wins.
    persist: Option<bool>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    stored: bool,
    created: bool,
    /// The key was there already.
    existed: bool,
    store: String,
    key: String,
    /// Bytes of the value in UTF-8.
    value_bytes: usize,
    resolved_database: String,
    stats: Stats,
}

pub(super) struct KvSet;

impl Tool for KvSet {
    const NAME: &'static str = "kv_set";
    const ACCESS: Access = Access::Write(Effect { destructive: true, idempotent: true });
    type Params = Params;
    type Output = Output;

    async fn call(context: &Context, call: &Call, params: Params) -> Result<Output, Error> {
        let start = Instant::now();
        let session = context.session();
        let database = session.resolve_writable(&Target::new(params.database, params.persist))?;
        let value = value(session, params.value, params.value_path).await?;
        let (store, value_bytes) = (params.store.0, value.len());
        let entries = [KvEntry { key: params.key, value }];
        check_entries(&store, &entries)?;
        let overwrite = params.overwrite.unwrap_or(true);
        let done = session.kv_writer(call, &database).await?.set(call, &store, &entries, overwrite).await?;
        let [KvEntry { key, .. }] = entries;
        let (created, existed) = (done.created > 0, done.existed > 0);
        let (resolved_database, stats) = (database.alias, Stats::since(start, None));
        Ok(Output { stored: created || overwrite, created, existed, store, key, value_bytes, resolved_database, stats })
    }
}

async fn value(session: &Session, inline: Option<String>, path: Option<String>) -> Result<String, Error> {
    match (inline, path) {
        (Some(value), None) => Ok(value),
        (None, Some(path)) => {
            let absolute = args::path("value_path", &path)?;
            let opened = session.paths().file(&absolute)?.map_err(|error| unread(&absolute, &error))?;
            // One byte more than a value may have is enough to see that it is too long.
            let most = limits::KV_VALUE_BYTES_MAX as u64 + 1;
            let reading = tokio::task::spawn_blocking(move || {
                let mut text = String::new();
                opened
                    .file
                    .take(most)
                    .read_to_string(&mut text)
                    .map(|_| text)
                    .map_err(|error| unread(&absolute, &error))
            });
            reading.await.map_err(|_| Error::internal("Reading a file stopped."))?
        }
        (given, _) => {
            let given = if given.is_some() { "both were" } else { "neither was" };
            Err(Error::invalid(format!("`value` or `value_path` is needed, and {given} given."))
                .suggest("Give the value itself as `value`, or the path of a file with it as `value_path`."))
        }
    }
}

fn unread(path: &Path, error: &io::Error) -> Error {
    if error.kind() == io::ErrorKind::InvalidData {
        return Error::invalid(format!("`{}` is no text in UTF-8.", path.display()))
            .suggest("A value is a text: write the file in UTF-8, or store bytes as base64.");
    }
    unreadable(path, error)
}
