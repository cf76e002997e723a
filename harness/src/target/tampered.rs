//! Servers that are broken on purpose: a tamperer stands between the client and the in-process server, or in place of it.
//!
//! A suite whose scenarios were never seen to fail proves nothing. What is wrong with such a server is a few lines; the
//! rest of it is real.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::{BoxFuture, LocalBoxFuture};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, DuplexStream, split};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::duplex::InProcess;
use super::in_process::PIPE_BYTES_MAX;
use super::{Client, Duplex, Launch, Protocol, Running, Target};

/// JSON-RPC's number for a server that cannot do what it was asked.
const INTERNAL_ERROR: i32 = -32603;

/// What a server says instead of what it should. One is made for each server that is started, so it can remember.
pub trait Tamper: Send + Sync {
    /// Answers a request (`method`, `params`) with a JSON-RPC message that has a `result` or an `error`.
    fn answer<'a>(&'a self, request: Value, server: &'a Behind) -> BoxFuture<'a, Value> {
        server.ask(request).boxed()
    }

    /// What reaches the server in place of a client's notification.
    fn to_server(&self, notification: Value) -> Vec<Value> {
        vec![notification]
    }

    /// What reaches the client in place of a server's notification or request.
    fn to_client(&self, message: Value) -> Vec<Value> {
        vec![message]
    }
}

/// The real server, as a tamperer sees it: one client's connection to it.
pub struct Behind {
    lines: UnboundedSender<Value>,
    waiting: Mutex<HashMap<Value, oneshot::Sender<Value>>>,
    asked: AtomicU64,
}

impl Behind {
    /// Asks the server, for the client where the request has an `id`, else for the tamperer itself.
    pub async fn ask(&self, mut request: Value) -> Value {
        let id = match request.get("id") {
            Some(id) => id.clone(),
            None => Value::from(format!("tamper-{}", self.asked.fetch_add(1, Ordering::Relaxed))),
        };
        request["jsonrpc"] = json!("2.0");
        request["id"] = id.clone();
        let (sender, receiver) = oneshot::channel();
        self.waiting().insert(id, sender);
        // Nobody reads where the server is gone, or where there never was one; then no answer comes either.
        let _ = self.lines.send(request);
        let gone =
            |_| json!({ "error": { "code": INTERNAL_ERROR, "message": "there is no server behind the tamperer" } });
        receiver.await.unwrap_or_else(gone)
    }

    /// Calls a tool for the tamperer itself.
    pub async fn call(&self, tool: &str, arguments: Value) -> Value {
        self.ask(json!({ "method": "tools/call", "params": { "name": tool, "arguments": arguments } })).await
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, HashMap<Value, oneshot::Sender<Value>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A target whose servers are tampered with.
pub struct Tampered {
    name: String,
    has_server: bool,
    needs_engine: bool,
    tamper: Box<dyn Fn() -> Arc<dyn Tamper> + Send + Sync>,
}

impl Tampered {
    /// Our own server with a tamperer before it.
    pub fn before_ours(name: &str, tamper: impl Fn() -> Arc<dyn Tamper> + Send + Sync + 'static) -> Self {
        Self { name: name.to_owned(), has_server: true, needs_engine: true, tamper: Box::new(tamper) }
    }

    /// A tamperer with nothing behind it, which answers everything itself. It needs no hyperd; scenarios that want one of
    /// their own are therefore not applicable to it.
    pub fn alone(name: &str, tamper: impl Fn() -> Arc<dyn Tamper> + Send + Sync + 'static) -> Self {
        Self { name: name.to_owned(), has_server: false, needs_engine: false, tamper: Box::new(tamper) }
    }

    /// The same, claiming to need a hyperd, so that every scenario is applicable.
    #[must_use]
    pub fn with_engine(self) -> Self {
        Self { needs_engine: true, ..self }
    }
}

impl Target for Tampered {
    fn name(&self) -> &str {
        &self.name
    }

    fn needs_engine(&self) -> bool {
        self.needs_engine
    }

    fn keeps_engine(&self) -> bool {
        true
    }

    fn launch(&self, launch: Launch) -> LocalBoxFuture<'_, Result<Rc<dyn Running>, String>> {
        async move {
            let server = if self.has_server { Some(Duplex.start(launch).await?) } else { None };
            Ok(Rc::new(Between { server, tamper: (self.tamper)() }) as Rc<dyn Running>)
        }
        .boxed_local()
    }
}

struct Between {
    server: Option<InProcess>,
    tamper: Arc<dyn Tamper>,
}

impl Running for Between {
    fn connect<'a>(&'a self, protocol: &'a Protocol) -> LocalBoxFuture<'a, Result<Client, String>> {
        async move {
            let (client_end, end) = tokio::io::duplex(PIPE_BYTES_MAX);
            tokio::spawn(pass(end, self.server.as_ref().map(InProcess::pipe), Arc::clone(&self.tamper)));
            Client::connect(client_end, protocol).await
        }
        .boxed_local()
    }

    fn stop(&self) -> LocalBoxFuture<'_, ()> {
        async move {
            if let Some(server) = &self.server {
                server.stop().await;
            }
        }
        .boxed_local()
    }
}

/// Passes messages between the two ends until the client leaves.
async fn pass(client: DuplexStream, server: Option<DuplexStream>, tamper: Arc<dyn Tamper>) {
    let (to_client, for_client) = unbounded_channel();
    let (to_server, for_server) = unbounded_channel();
    let behind = Arc::new(Behind { lines: to_server, waiting: Mutex::default(), asked: AtomicU64::default() });
    // Dropped, and with that ended, when the client leaves.
    let mut tasks = JoinSet::new();
    let (from_client, write) = split(client);
    tasks.spawn(write_lines(write, for_client));
    match server {
        None => drop(for_server),
        Some(server) => {
            let (from_server, write) = split(server);
            tasks.spawn(write_lines(write, for_server));
            tasks.spawn(downward(from_server, Arc::clone(&behind), Arc::clone(&tamper), to_client.clone()));
        }
    }
    upward(from_client, behind, tamper, to_client).await;
}

/// Each message is a task, so that a long call holds up nobody; they begin in the order in which they came.
async fn upward(
    from: impl AsyncRead + Unpin,
    behind: Arc<Behind>,
    tamper: Arc<dyn Tamper>,
    to: UnboundedSender<Value>,
) {
    let mut lines = BufReader::new(from).lines();
    let mut tasks = JoinSet::new();
    while let Ok(Some(line)) = lines.next_line().await {
        let Ok(message) = serde_json::from_str::<Value>(&line) else { continue };
        let (behind, tamper, to) = (Arc::clone(&behind), Arc::clone(&tamper), to.clone());
        tasks.spawn(async move {
            let id = message.get("id").cloned();
            match (id, message.get("method").is_some()) {
                (Some(id), true) => {
                    let mut answer = tamper.answer(message, &behind).await;
                    answer["jsonrpc"] = json!("2.0");
                    answer["id"] = id;
                    let _ = to.send(answer);
                }
                (None, true) => {
                    tamper.to_server(message).into_iter().try_for_each(|message| behind.lines.send(message)).ok();
                }
                (_, false) => drop(behind.lines.send(message)),
            }
        });
    }
}

async fn downward(
    from: impl AsyncRead + Unpin,
    behind: Arc<Behind>,
    tamper: Arc<dyn Tamper>,
    to: UnboundedSender<Value>,
) {
    let mut lines = BufReader::new(from).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let Ok(message) = serde_json::from_str::<Value>(&line) else { continue };
        if message.get("method").is_some() {
            tamper.to_client(message).into_iter().try_for_each(|message| to.send(message)).ok();
        } else if let Some(asker) = message.get("id").and_then(|id| behind.waiting().remove(id)) {
            // Whoever asked may have gone.
            let _ = asker.send(message);
        }
    }
    behind.waiting().clear();
}

async fn write_lines(mut to: impl AsyncWrite + Unpin, mut messages: UnboundedReceiver<Value>) {
    while let Some(message) = messages.recv().await {
        if to.write_all(format!("{message}\n").as_bytes()).await.is_err() {
            return;
        }
    }
}
