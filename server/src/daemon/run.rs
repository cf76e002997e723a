//! The daemon's life.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::discovery::{self, Announcement, Home};
use super::listener::{self, Listener};
use super::presence::Presence;
use super::supervise::Supervisor;
use super::wire;
use crate::error::{Code, Error};
use crate::limits;
use crate::scratch::Scratch;

/// What a daemon is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// The hyperd to start; found or fetched otherwise.
    pub hyperd: Option<PathBuf>,
    /// The port to listen at, where it is free; 0 lets the system choose.
    pub port: u16,
    /// Ends the daemon when no server was connected for so long.
    pub idle_shutdown: Option<Duration>,
    /// How long hyperd may leave a connection unanswered.
    pub hang_deadline: Duration,
    /// Whether a hyperd that hangs is replaced, or only reported.
    pub replace_hung: bool,
    /// Most memory of hyperd, as in [`limits::Limits::hyperd_memory`].
    pub hyperd_memory: Option<String>,
}

/// Runs the daemon until `stop` is cancelled, a client asks for its end, or hyperd cannot be kept. hyperd ends with it.
///
/// # Errors
///
/// Why it could not start or go on; the next client is told the same.
pub async fn run(options: Options, stop: CancellationToken) -> Result<(), Error> {
    let home = Home::of_user()?;
    home.make()?;
    let path = home.running_lock();
    let lock = discovery::try_lock(&path).map_err(|error| {
        let error = Error::io(format!("Could not lock {}", path.display()), &error)
            .suggest("Remove what is there in the place of the daemon's own file.");
        home.leave_failure(&error.message);
        error
    })?;
    let Some(lock) = lock else {
        let who = home
            .running()
            .map_or_else(|| "is about to start".to_owned(), |pid| format!("runs already (process {pid})"));
        return Err(Error::new(Code::ResourceBusy, format!("A daemon {who}; see {}.", home.file().display()))
            .suggest("`hyperd-mcp daemon status` shows it, and `hyperd-mcp daemon stop` ends it."));
    };
    // Who finds it locked and empty knows that the daemon has not announced itself.
    let unwritable = |error: std::io::Error| Error::io(format!("Could not write to {}", path.display()), &error);
    lock.set_len(0).map_err(unwritable)?;
    // Held until the reason of its end is left.
    let ended = live(&home, lock.try_clone().map_err(unwritable)?, options, stop).await;
    home.withdraw();
    if let Err(error) = &ended {
        home.leave_failure(&error.message);
    }
    ended
}

async fn live(home: &Home, lock: File, options: Options, stop: CancellationToken) -> Result<(), Error> {
    let io = |error: std::io::Error| Error::io("The daemon could not begin to listen", &error);
    // Not among the temporary files of the server that happened to start the daemon.
    let scratch = Scratch::new_in(home.folder(), "hyperd-").map_err(io)?;
    let executable = match &options.hyperd {
        Some(path) => path.clone(),
        None => crate::engine::locate().await?,
    };
    let log_dir = scratch.path().to_owned();
    let supervisor = Supervisor::start(executable, log_dir, &options).await?;
    let bound = listener::bind(options.port).await.map_err(io)?;
    let secret = wire::random().map_err(io)?;
    let announcement = announcement(&bound, &secret, &supervisor.endpoint()).map_err(io)?;
    tracing::info!(port = announcement.port, endpoint = announcement.endpoint, "the daemon runs");
    let presence = Presence::announce(home, lock, announcement).map_err(|error| {
        Error::io(format!("The daemon's file {} could not be written", home.file().display()), &error)
    })?;
    home.take_failure();
    let listener = Listener::new(Arc::clone(&supervisor), secret, stop.clone());
    let serving = tokio::spawn(Arc::clone(&listener).serve(bound));
    let ended = tokio::select! {
        ended = supervisor.watch(&stop, |endpoint| presence.moved(endpoint)) => ended,
        reason = presence.keep() => Err(reason),
        () = idle(&listener, options.idle_shutdown) => {
            tracing::info!("no server was connected for long, and the daemon ends");
            Ok(())
        }
    };
    stop.cancel();
    // Nobody is to find a daemon whose hyperd is about to end.
    home.withdraw();
    supervisor.stop().await;
    // It ends when `stop` is cancelled, and a panic in it has been told.
    let _ = serving.await;
    ended.map_err(|reason| Error::new(Code::HyperdNotFound, reason))
}

fn announcement(bound: &TcpListener, secret: &str, endpoint: &str) -> std::io::Result<Announcement> {
    Ok(Announcement {
        version: wire::VERSION.to_owned(),
        pid: std::process::id(),
        port: bound.local_addr()?.port(),
        secret: secret.to_owned(),
        endpoint: endpoint.to_owned(),
    })
}

/// Ends when no server was connected for so long; never where that is not asked for.
async fn idle(listener: &Listener, after: Option<Duration>) {
    let Some(after) = after else { return std::future::pending().await };
    loop {
        tokio::time::sleep(limits::ms(limits::SUPERVISE_MS)).await;
        if listener.idle_since().is_some_and(|since| since.elapsed() >= after) {
            return;
        }
    }
}
