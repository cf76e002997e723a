//! Any rmcp server in this process: made anew for each scenario, reached over a tokio duplex stream.

use std::rc::Rc;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use rmcp::{ServerHandler, ServiceExt};

use super::{Client, Launch, Protocol, Running, Target};

/// What a pipe between client and server holds before the writer waits.
pub(super) const PIPE_BYTES_MAX: usize = 64 * 1024;

/// A server of the caller's own. It needs no hyperd; the `server:` of a scenario means nothing to it.
///
/// Each client of a scenario is served by a clone of one server, so clones must share what clients are to share. A server
/// that has no `Clone` goes in an `Arc`: `InProcess::new("mine", || Arc::new(MyServer::default()))`.
pub struct InProcess<F> {
    name: String,
    make: F,
}

impl<S, F> InProcess<F>
where
    S: ServerHandler + Clone,
    F: Fn() -> S + Send + Sync,
{
    /// A target of that name, whose servers `make` makes.
    pub fn new(name: impl Into<String>, make: F) -> Self {
        Self { name: name.into(), make }
    }
}

impl<S, F> Target for InProcess<F>
where
    S: ServerHandler + Clone,
    F: Fn() -> S + Send + Sync,
{
    fn name(&self) -> &str {
        &self.name
    }

    fn needs_engine(&self) -> bool {
        false
    }

    fn launch(&self, _launch: Launch) -> LocalBoxFuture<'_, Result<Rc<dyn Running>, String>> {
        let running: Rc<dyn Running> = Rc::new(Served { server: (self.make)() });
        async move { Ok(running) }.boxed_local()
    }
}

struct Served<S> {
    server: S,
}

impl<S: ServerHandler + Clone> Running for Served<S> {
    fn connect<'a>(&'a self, protocol: &'a Protocol) -> LocalBoxFuture<'a, Result<Client, String>> {
        let server = self.server.clone();
        async move {
            let (client_end, server_end) = tokio::io::duplex(PIPE_BYTES_MAX);
            tokio::spawn(async move {
                // The client sees a failed handshake as its own error, which is the one to report.
                if let Ok(running) = server.serve(server_end).await {
                    drop(running.waiting().await);
                }
            });
            Client::connect(client_end, protocol).await
        }
        .boxed_local()
    }

    fn stop(&self) -> LocalBoxFuture<'_, ()> {
        // It ends with its clients.
        async {}.boxed_local()
    }
}
