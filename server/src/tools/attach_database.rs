//! `attach_database`

use std::time::Instant;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::args::Stats;
use crate::call::Call;
use crate::context::Context;
use crate::engine::Protection;
use crate::error::Error;
use crate::limits;
use crate::session::{AttachRequest, OnMissing};
use crate::tool::{Access, Effect, Tool};

/// Attach a .hyper file under an alias, so that SQL can name it and other tools take it as `database`. Read-only
/// unless `writable: true`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Name for the database: letters, digits and underscores, in any case; it is kept in lower case.
    #[schemars(length(min = 1, max = limits::NAME_CHARS_MAX))]
    alias: String,
    /// Absolute path of the file.
    #[schemars(length(min = 1, max = limits::PATH_CHARS_MAX))]
    path: String,
    /// Whether calls may change the file. Default: false, but true for one that is created.
    writable: Option<bool>,
    /// Where there is no file: `error` (default), or `create` an empty database.
    on_missing: Option<OnMissing>,
    /// What is attached; only files so far.
    #[expect(dead_code, reason = "the schema leaves it but one value")]
    kind: Option<SourceKind>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum SourceKind {
    LocalFile,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    alias: String,
    path: String,
    writable: bool,
    /// What keeps a read-only database as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    protection: Option<Protection>,
    stats: Stats,
}

pub(super) struct AttachDatabase;

impl Tool for AttachDatabase {
    const NAME: &'static str = "attach_database";
    const ACCESS: Access = Access::Session(Effect { destructive: false, idempotent: true });
    type Params = Params;
    type Output = Output;

    async fn call(context: &Context, call: &Call, params: Params) -> Result<Output, Error> {
        let start = Instant::now();
        let on_missing = params.on_missing.unwrap_or_default();
        let request = AttachRequest { alias: params.alias, path: params.path, writable: params.writable, on_missing };
        let database = context.session().attach(call, &request).await?;
        Ok(Output {
            protection: context.session().protection(&database),
            alias: database.alias,
            path: database.path.to_string_lossy().into_owned(),
            writable: database.writable,
            stats: Stats::since(start, None),
        })
    }
}
