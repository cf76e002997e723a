//! `status`

use std::time::Instant;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::args::Stats;
use crate::call::Call;
use crate::context::Context;
use crate::engine::Protection;
use crate::error::Error;
use crate::limits;
use crate::session::{Holding, Kind, WatcherEntry};
use crate::tool::{Access, Tool};

/// Show the server's health: versions, the hyperd behind it, its databases with their sizes, what `persistent` holds,
/// the folders it watches, and its bounds.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {}

#[derive(Serialize, JsonSchema)]
pub(super) struct Engine {
    endpoint: String,
    /// Hyper's own version.
    version: String,
    /// The process id, where the server started hyperd itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
}

/// A database of the session.
#[derive(Serialize, JsonSchema)]
pub(super) struct DatabaseEntry {
    alias: String,
    path: String,
    writable: bool,
    /// What keeps a read-only database as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    protection: Option<Protection>,
    /// Size of the file, where it is on disk already.
    #[serde(skip_serializing_if = "Option::is_none")]
    size_bytes: Option<u64>,
    /// A change was answered that is not on disk yet, because other calls go on using the file.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unwritten: bool,
    /// The tables of `persistent`, where there are some.
    #[serde(skip_serializing_if = "Option::is_none")]
    holds: Option<Holding>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Bounds {
    query_rows_max: usize,
    query_bytes_max: usize,
    statement_deadline_s: f64,
    connections_max: usize,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    hyperd_running: bool,
    /// Why hyperd cannot be used, where it cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    engine: Option<Engine>,
    /// What was lost when hyperd died, where it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    loss: Option<String>,
    server_version: &'static str,
    read_only: bool,
    /// The folders that paths have to lie below, where the server is kept to some (--allow-path).
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_paths: Option<Vec<String>>,
    has_persistent: bool,
    databases: Vec<DatabaseEntry>,
    /// The folders that `watch_directory` watches.
    watchers: Vec<WatcherEntry>,
    limits: Bounds,
    stats: Stats,
}

pub(super) struct Status;

impl Tool for Status {
    const NAME: &'static str = "status";
    const ACCESS: Access = Access::Read;
    type Params = Params;
    type Output = Output;

    async fn call(context: &Context, call: &Call, _params: Params) -> Result<Output, Error> {
        let start = Instant::now();
        let deadline = limits::ms(limits::STATUS_DEADLINE_MS);
        let (engine, problem) = match tokio::time::timeout(deadline, engine(context, call)).await {
            Ok(Ok(engine)) => (Some(engine), None),
            Ok(Err(error)) => (None, Some(error.to_string())),
            Err(_) => (None, Some(format!("hyperd did not answer within {} s.", deadline.as_secs_f64()))),
        };
        let mut holds = match engine {
            Some(_) => context.session().holding(call, limits::STATUS_DEADLINE_MS).await.ok().flatten(),
            None => None,
        };
        let mut databases = Vec::new();
        for database in context.session().databases() {
            let size_bytes = tokio::fs::metadata(&database.path).await.ok().map(|metadata| metadata.len());
            let unwritten = context.session().is_unwritten(&database);
            let path = database.path.to_string_lossy().into_owned();
            let protection = context.session().protection(&database);
            let holds = if database.kind == Kind::Persistent { holds.take() } else { None };
            let (alias, writable) = (database.alias, database.writable);
            databases.push(DatabaseEntry { alias, path, writable, protection, size_bytes, unwritten, holds });
        }
        let config = context.config();
        Ok(Output {
            hyperd_running: engine.is_some(),
            problem,
            engine,
            loss: context.session().loss(),
            server_version: env!("CARGO_PKG_VERSION"),
            read_only: config.read_only,
            allowed_paths: config.paths.named(),
            has_persistent: config.persistent.is_some(),
            databases,
            watchers: context.session().watches().iter().map(|watch| watch.entry()).collect(),
            limits: Bounds {
                query_rows_max: config.limits.query_rows_max,
                query_bytes_max: config.limits.query_bytes_max,
                statement_deadline_s: config.limits.statement_deadline.as_secs_f64(),
                connections_max: config.limits.connections_max,
            },
            stats: Stats::since(start, None),
        })
    }
}

async fn engine(context: &Context, call: &Call) -> Result<Engine, Error> {
    let session = context.session();
    let local = session.resolve(&crate::args::Target::default())?;
    let mut lease = session.look(call, &local).await?;
    let rows = lease.rows(call, "SELECT version()").await?;
    let version = rows.rows.first().and_then(|row| row.first()).and_then(serde_json::Value::as_str);
    let version = version.unwrap_or_default().to_owned();
    let (pid, endpoint) = session.engine().await;
    Ok(Engine { endpoint: endpoint?, version, pid })
}
