//! What the parts of the surface work with: tools are given it, and know nothing of the protocol's server above them.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::error::Error;
use crate::session::Session;

/// A session, what the server was started with, and the word that it stops. Clones share them.
#[derive(Clone)]
pub struct Context {
    session: Arc<Session>,
    config: Arc<Config>,
    stopping: CancellationToken,
}

impl Context {
    /// Starts hyperd where the configuration asks for it, makes the local database and opens the persistent one.
    ///
    /// # Errors
    ///
    /// hyperd cannot be found or started, or a database cannot be opened.
    pub async fn start(config: Config) -> Result<Self, Error> {
        let session = Arc::new(Session::start(&config).await?);
        Ok(Self { session, config: Arc::new(config), stopping: CancellationToken::new() })
    }

    /// The databases and the way to them.
    pub fn session(&self) -> &Arc<Session> {
        &self.session
    }

    /// What the server was started with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Cancelled when the server stops.
    pub fn stopping(&self) -> &CancellationToken {
        &self.stopping
    }
}
