//! How a server under test is started, and how a client reaches it.

mod access;
pub mod client;
mod demands;
mod demo;
mod duplex;
pub mod expected;
pub mod file;
mod find;
mod http;
mod in_process;
mod log;
mod placeholders;
mod process;
mod protocol;
mod record;
mod relayed;
mod rewrite;
mod server;
mod stdio;
mod subscribe;
mod tampered;
mod versions;

use std::path::{Path, PathBuf};
use std::rc::Rc;

use futures::future::LocalBoxFuture;

use crate::bounds::Bounds;

pub use client::Client;
pub use demands::Demands;
pub use demo::Demo;
pub use duplex::Duplex;
pub use expected::Expected;
pub use file::TargetFile;
pub use find::{NoTarget, find};
pub use in_process::InProcess;
pub use log::{Complaint, Log};
pub use protocol::Protocol;
pub use record::{Direction, Message, Traffic};
pub use relayed::Relayed;
pub use rewrite::{Rewritten, rewrite};
pub use tampered::{Behind, Tamper, Tampered};
pub use versions::Versions;

/// What a scenario asks of its server.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The file of the persistent database; `None` for a server without one.
    pub persistent: Option<PathBuf>,
    /// Whether the server refuses every write.
    pub read_only: bool,
    /// Where the server may put its temporary files.
    pub scratch: PathBuf,
    /// Where the hyperd to use listens, as `--endpoint` takes it; `None` for a target that needs none.
    pub endpoint: Option<String>,
    /// The executable of hyperd; `None` for a target that needs none.
    pub hyperd: Option<PathBuf>,
    /// Where the server's log goes.
    pub log: Log,
    /// The bounds that are not the server's own.
    pub bounds: Bounds,
}

/// A kind of server that scenarios can be run against.
pub trait Target: Send + Sync {
    /// The name that reports show and `$(target)` stands for.
    fn name(&self) -> &str;

    /// What `--target` says to mean it.
    fn named(&self) -> &str {
        self.name()
    }

    /// The file that describes it; `None` for one that is part of this program.
    fn file(&self) -> Option<&Path> {
        None
    }

    /// Whether the scenarios say what this server does, so that its answers may be written into them. Others they judge.
    fn is_reference(&self) -> bool {
        false
    }

    /// Whether its servers need a hyperd. Where no target needs one, none is looked for.
    fn needs_engine(&self) -> bool {
        true
    }

    /// Whether each of its servers starts a hyperd itself, which is then nobody else's.
    fn starts_engine(&self) -> bool {
        false
    }

    /// Why a case with these demands is not applicable to this kind of server; `None` where it is.
    fn cannot(&self, _demands: &Demands) -> Option<String> {
        None
    }

    /// Whether a server that is given no endpoint starts [`Launch::hyperd`], and another one when that dies.
    fn keeps_engine(&self) -> bool {
        false
    }

    /// Starts a server.
    ///
    /// # Errors
    ///
    /// Says why the server did not start, in the server's own words.
    fn launch(&self, launch: Launch) -> LocalBoxFuture<'_, Result<Rc<dyn Running>, String>>;
}

/// A started server.
pub trait Running {
    /// Connects one more client, which speaks `protocol`.
    ///
    /// # Errors
    ///
    /// Says why the handshake failed.
    fn connect<'a>(&'a self, protocol: &'a Protocol) -> LocalBoxFuture<'a, Result<Client, String>>;

    /// Stops the server and waits until it has let go of its files.
    fn stop(&self) -> LocalBoxFuture<'_, ()>;
}
