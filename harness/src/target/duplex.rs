//! Our own server in this process, reached over a tokio duplex stream: no process to start, and its log at hand.

use std::rc::Rc;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use hyperd_mcp::config::{Config, EngineSource};
use hyperd_mcp::limits::Limits;
use hyperd_mcp::server::Server;
use tokio::io::DuplexStream;

use super::in_process::PIPE_BYTES_MAX;
use super::{Client, Launch, Protocol, Running, Target};
use crate::bounds::{self, Limit};

/// The in-process target.
#[derive(Debug, Default)]
pub struct Duplex;

impl Duplex {
    /// Its name, and the name of the target that a run has where none is named.
    pub const NAME: &str = "hyperd-mcp";
}

impl Target for Duplex {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn is_reference(&self) -> bool {
        true
    }

    fn keeps_engine(&self) -> bool {
        true
    }

    fn launch(&self, launch: Launch) -> LocalBoxFuture<'_, Result<Rc<dyn Running>, String>> {
        async move { Ok(Rc::new(self.start(launch).await?) as Rc<dyn Running>) }.boxed_local()
    }
}

impl Duplex {
    pub(super) async fn start(&self, launch: Launch) -> Result<InProcess, String> {
        let mut limits = Limits::default();
        for (bound, limit) in launch.bounds.iter() {
            match (bound.name, limit) {
                (bounds::STATEMENT_DEADLINE, Limit::Duration(limit)) => limits.statement_deadline = limit,
                (bounds::HANG_DEADLINE, Limit::Duration(limit)) => limits.hang_deadline = limit,
                (bounds::QUERY_ROWS_MAX, Limit::Count(limit)) => limits.query_rows_max = limit,
                (name, limit) => return Err(format!("the server has no bound `{name}` of the value {limit}")),
            }
        }
        let engine = match (launch.endpoint, launch.hyperd) {
            (Some(endpoint), _) => EngineSource::Endpoint(endpoint),
            (None, Some(executable)) => EngineSource::Hyperd(executable),
            (None, None) => return Err("the server needs a hyperd, and the run has none".to_owned()),
        };
        let config = Config {
            engine,
            persistent: launch.persistent,
            read_only: launch.read_only,
            limits,
            scratch: Some(launch.scratch),
            ..Config::default()
        };
        let server = Server::start(config).await.map_err(|error| error.to_string())?;
        Ok(InProcess { server })
    }
}

/// A server in this process.
pub(super) struct InProcess {
    server: Server,
}

impl InProcess {
    /// The client's end of one more connection.
    pub(super) fn pipe(&self) -> DuplexStream {
        let (client_end, server_end) = tokio::io::duplex(PIPE_BYTES_MAX);
        let server = self.server.clone();
        tokio::spawn(async move {
            // The client sees a failed handshake as its own error, which is the one to report.
            let (read, write) = tokio::io::split(server_end);
            let _ = server.serve_client(read, write).await;
        });
        client_end
    }
}

impl Running for InProcess {
    fn connect<'a>(&'a self, protocol: &'a Protocol) -> LocalBoxFuture<'a, Result<Client, String>> {
        async move { Client::connect(self.pipe(), protocol).await }.boxed_local()
    }

    fn stop(&self) -> LocalBoxFuture<'_, ()> {
        async move { self.server.stop().await }.boxed_local()
    }
}
