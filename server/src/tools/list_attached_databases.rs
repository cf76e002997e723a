//! `list_attached_databases`

use std::time::Instant;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::args::Stats;
use crate::call::Call;
use crate::context::Context;
use crate::engine::Protection;
use crate::error::Error;
use crate::session::{Database, Kind};
use crate::tool::{Access, Tool};

/// List the databases that tools take as `database`: `local`, `persistent` where there is one, and those attached.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {}

/// A database of the session.
#[derive(Serialize, JsonSchema)]
pub(super) struct Attachment {
    alias: String,
    path: String,
    kind: AttachmentKind,
    writable: bool,
    /// What keeps a read-only database as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    protection: Option<Protection>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum AttachmentKind {
    Local,
    Persistent,
    LocalFile,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    attachments: Vec<Attachment>,
    stats: Stats,
}

pub(super) struct ListAttachedDatabases;

impl Tool for ListAttachedDatabases {
    const NAME: &'static str = "list_attached_databases";
    const ACCESS: Access = Access::Read;
    type Params = Params;
    type Output = Output;

    async fn call(context: &Context, _call: &Call, _params: Params) -> Result<Output, Error> {
        let start = Instant::now();
        let attachments =
            context.session().databases().into_iter().map(|database| attachment(context, database)).collect();
        Ok(Output { attachments, stats: Stats::since(start, None) })
    }
}

fn attachment(context: &Context, database: Database) -> Attachment {
    Attachment {
        protection: context.session().protection(&database),
        alias: database.alias,
        path: database.path.to_string_lossy().into_owned(),
        kind: match database.kind {
            Kind::Local => AttachmentKind::Local,
            Kind::Persistent => AttachmentKind::Persistent,
            Kind::Attached => AttachmentKind::LocalFile,
        },
        writable: database.writable,
    }
}
