//! A server that speaks on its standard input and output: a process for each client.

use std::cell::RefCell;
use std::path::PathBuf;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWrite, AsyncWriteExt, BufReader, DuplexStream};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::time::timeout;

use super::file::{Clients, Program};
use super::in_process::PIPE_BYTES_MAX;
use super::process::Process;
use super::server::Chosen;
use super::{Client, Launch, Log, Protocol, Running};

/// How much of a line that is no message is shown.
const LINE_CHARS_MAX: usize = 400;

/// A server on standard input and output.
pub(super) struct Stdio {
    pub(super) program: Program,
    pub(super) extras: Vec<Chosen>,
    pub(super) clients: Clients,
    pub(super) launch: Launch,
    pub(super) folder: PathBuf,
    pub(super) processes: RefCell<Vec<Process>>,
}

impl Running for Stdio {
    fn connect<'a>(&'a self, protocol: &'a Protocol) -> LocalBoxFuture<'a, Result<Client, String>> {
        async move {
            if self.clients == Clients::One {
                // The one before, if there was one, has ended: a scenario with two clients is not applicable.
                self.stop().await;
            }
            let mut process = Process::start(&self.program, &self.extras, &self.launch, None, &self.folder)?;
            let (Some(input), Some(output)) = (process.child.stdin.take(), process.child.stdout.take()) else {
                return Err("the server's standard input and output are not at hand".to_owned());
            };
            let closed = Arc::new(AtomicBool::new(false));
            let (ours, theirs) = tokio::io::duplex(PIPE_BYTES_MAX);
            tokio::spawn(messages(output, theirs, self.launch.log.clone(), Arc::clone(&closed)));
            let shaken = Client::connect((ours, Input { inner: input, closed }), protocol);
            let failed = match timeout(self.program.start_timeout, shaken).await {
                Ok(Ok(client)) => {
                    self.processes.borrow_mut().push(process);
                    return Ok(client);
                }
                Ok(Err(reason)) => reason,
                Err(_) => format!("the server did not shake hands within {:?}", self.program.start_timeout),
            };
            // A server that cannot start says why and ends; one that hangs is ended here.
            let ended = process.exited();
            process.stop().await;
            let ended = ended.or_else(|| process.exited()).map_or_else(String::new, |status| format!(" ({status})"));
            Err(format!("{failed}{ended}"))
        }
        .boxed_local()
    }

    fn stop(&self) -> LocalBoxFuture<'_, ()> {
        async move {
            let processes = self.processes.take();
            for mut process in processes {
                process.stop().await;
            }
        }
        .boxed_local()
    }
}

/// Passes on what is a message. What is none is told, because it breaks the protocol; the client never sees it.
async fn messages(output: ChildStdout, mut client: DuplexStream, log: Log, closed: Arc<AtomicBool>) {
    let mut lines = BufReader::new(output);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).await.is_ok_and(|bytes| bytes > 0) {
        if is_message(&line) {
            if client.write_all(&line).await.is_err() {
                // The client has left; what the server says to nobody is read, so that it is not held up.
                client = tokio::io::duplex(PIPE_BYTES_MAX).0;
            }
        } else {
            let shown: String = String::from_utf8_lossy(&line).trim_end().chars().take(LINE_CHARS_MAX).collect();
            log.complain("the server printed a line on standard output that is no JSON-RPC message", shown);
        }
        line.clear();
    }
    if !closed.load(Ordering::Relaxed) {
        log.complain("the server ended, or closed its standard output, while its client was connected", "");
    }
}

fn is_message(line: &[u8]) -> bool {
    serde_json::from_slice::<Value>(line).is_ok_and(|message| message["jsonrpc"] == "2.0")
}

/// The server's standard input, which knows whether the client has closed it.
struct Input {
    inner: ChildStdin,
    closed: Arc<AtomicBool>,
}

impl Drop for Input {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::Relaxed);
    }
}

impl AsyncWrite for Input {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

/// What a scenario's server is, once its options have been chosen.
pub(super) fn server(
    program: &Program,
    extras: Vec<Chosen>,
    clients: Clients,
    launch: Launch,
    folder: PathBuf,
) -> Rc<dyn Running> {
    let program = program.clone();
    Rc::new(Stdio { program, extras, clients, launch, folder, processes: RefCell::default() })
}
