//! The daemon's end of the conversation with servers.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use tokio::io::{AsyncReadExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::supervise::Supervisor;
use super::wire::{self, Answer, Ask, Greeting, Request, State};
use crate::limits;

/// The daemon as its clients see it.
pub(super) struct Listener {
    pub(super) supervisor: Arc<Supervisor>,
    pub(super) secret: String,
    pub(super) stop: CancellationToken,
    clients: AtomicUsize,
    last_seen: std::sync::Mutex<Instant>,
}

/// Listens at the port, or at one that the system chooses where that is taken. The listener itself binds: a port that
/// somebody else found free may not be so any more.
pub(super) async fn bind(port: u16) -> io::Result<TcpListener> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
        Err(error) if port != 0 && error.kind() == io::ErrorKind::AddrInUse => {
            tracing::warn!(port, "another process listens at this port; the system chooses another one");
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await
        }
        bound => bound,
    }
}

impl Listener {
    pub(super) fn new(supervisor: Arc<Supervisor>, secret: String, stop: CancellationToken) -> Arc<Self> {
        let last_seen = std::sync::Mutex::new(Instant::now());
        Arc::new(Self { supervisor, secret, stop, clients: AtomicUsize::new(0), last_seen })
    }

    /// Serves everybody who comes, until the daemon is to end.
    pub(super) async fn serve(self: Arc<Self>, listener: TcpListener) {
        loop {
            let came = tokio::select! {
                came = listener.accept() => came,
                () = self.stop.cancelled() => return,
            };
            match came {
                Ok((stream, _)) => {
                    let this = Arc::clone(&self);
                    tokio::spawn(async move {
                        if let Err(error) = this.converse(stream).await {
                            tracing::debug!(%error, "a conversation was broken off");
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(limits::ms(limits::DAEMON_LOOK_MS)).await;
                }
            }
        }
    }

    /// Since when no server is connected; none where one is.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let last_seen = *self.last_seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        (self.clients.load(Ordering::Acquire) == 0).then_some(last_seen)
    }

    async fn converse(&self, stream: TcpStream) -> io::Result<()> {
        let mut stream = BufReader::new(stream);
        let deadline = limits::ms(limits::DAEMON_ANSWER_MS);
        let ask = tokio::time::timeout(deadline, self.answer(&mut stream)).await??;
        match ask {
            Ask::Status => {}
            Ask::Stop => self.stop.cancel(),
            Ask::Attend => {
                // A client says nothing more; what is read is its end.
                let mut nothing = [0; 1];
                tokio::select! {
                    _ = stream.read(&mut nothing) => {}
                    () = self.stop.cancelled() => {}
                }
                *self.last_seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Instant::now();
                self.clients.fetch_sub(1, Ordering::AcqRel);
            }
        }
        Ok(())
    }

    async fn answer(&self, stream: &mut BufReader<TcpStream>) -> io::Result<Ask> {
        let nonce = wire::random()?;
        let greeting =
            Greeting { program: wire::PROGRAM.to_owned(), version: wire::VERSION.to_owned(), nonce: nonce.clone() };
        wire::write(stream, &greeting).await?;
        let request: Request = wire::read(stream).await?;
        if request.proof != wire::proof(&self.secret, "client", &nonce) {
            return Err(io::Error::other("the other end does not know the secret"));
        }
        let proof = wire::proof(&self.secret, "daemon", &request.nonce);
        if request.ask == Ask::Attend {
            self.clients.fetch_add(1, Ordering::AcqRel);
        }
        let written = wire::write(stream, &Answer { proof, state: self.state() }).await;
        if written.is_err() && request.ask == Ask::Attend {
            self.clients.fetch_sub(1, Ordering::AcqRel);
        }
        written.map(|()| request.ask)
    }

    fn state(&self) -> State {
        self.supervisor.state(self.clients.load(Ordering::Acquire))
    }
}
