//! The daemon's end of the conversation with servers.

use std::io;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
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
    clients: Clients,
}

/// The servers that are connected.
struct Clients {
    count: AtomicUsize,
    last_seen: Mutex<Instant>,
}

/// A server that is connected: it counts for as long as this is there, whatever becomes of the conversation.
struct Attending<'a>(&'a Clients);

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
        Arc::new(Self { supervisor, secret, stop, clients: Clients::new() })
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
        self.clients.idle_since()
    }

    async fn converse(&self, stream: TcpStream) -> io::Result<()> {
        let mut stream = BufReader::new(stream);
        let deadline = limits::ms(limits::DAEMON_ANSWER_MS);
        let (ask, attending) = tokio::time::timeout(deadline, self.answer(&mut stream)).await??;
        match ask {
            Ask::Status => {}
            Ask::Stop => self.stop.cancel(),
            Ask::Replace { hyperd_pid } => self.supervisor.accuse(hyperd_pid),
            Ask::Attend => {
                // A client says nothing more; what is read is its end.
                let mut nothing = [0; 1];
                tokio::select! {
                    _ = stream.read(&mut nothing) => {}
                    () = self.stop.cancelled() => {}
                }
            }
        }
        drop(attending);
        Ok(())
    }

    async fn answer(&self, stream: &mut BufReader<TcpStream>) -> io::Result<(Ask, Option<Attending<'_>>)> {
        let nonce = wire::random()?;
        let greeting =
            Greeting { program: wire::PROGRAM.to_owned(), version: wire::VERSION.to_owned(), nonce: nonce.clone() };
        wire::write(stream, &greeting).await?;
        let request: Request = wire::read(stream).await?;
        if request.proof != wire::proof(&self.secret, "client", &nonce) {
            return Err(io::Error::other("the other end does not know the secret"));
        }
        let proof = wire::proof(&self.secret, "daemon", &request.nonce);
        let attending = (request.ask == Ask::Attend).then(|| self.clients.attend());
        wire::write(stream, &Answer { proof, state: self.state() }).await?;
        Ok((request.ask, attending))
    }

    fn state(&self) -> State {
        self.supervisor.state(self.clients.count())
    }
}

impl Clients {
    fn new() -> Self {
        Self { count: AtomicUsize::new(0), last_seen: Mutex::new(Instant::now()) }
    }

    fn attend(&self) -> Attending<'_> {
        self.count.fetch_add(1, Ordering::AcqRel);
        Attending(self)
    }

    fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    fn idle_since(&self) -> Option<Instant> {
        let last_seen = *self.last_seen.lock().unwrap_or_else(PoisonError::into_inner);
        (self.count() == 0).then_some(last_seen)
    }
}

impl Drop for Attending<'_> {
    fn drop(&mut self) {
        *self.0.last_seen.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.0.count.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Clients;

    #[tokio::test]
    async fn a_client_counts_no_longer_than_its_conversation_however_that_ends() {
        let clients = Clients::new();
        let seen = clients.attend();
        assert_eq!((clients.count(), clients.idle_since()), (1, None));
        let cut_off = async {
            let _attending = clients.attend();
            assert_eq!(clients.count(), 2);
            std::future::pending::<()>().await;
        };
        assert!(tokio::time::timeout(Duration::from_millis(1), cut_off).await.is_err());
        assert_eq!(clients.count(), 1, "the one that was cut off does not count");
        drop(seen);
        assert!(clients.idle_since().is_some());
    }
}
