//! A server at a streamable-HTTP address, which runs already or is started for each case.

use std::cell::RefCell;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::access::Access;
use super::file::Program;
use super::placeholders;
use super::process::{Process, copy};
use super::server::Chosen;
use super::{Client, Launch, Protocol, Running};
use crate::syntax::Node;

/// How often a server that starts is asked whether it listens.
const LISTENS_EVERY: Duration = Duration::from_millis(10);

/// A server at an address.
pub(super) struct Http {
    address: String,
    requests: reqwest::Client,
    start_timeout: Duration,
    process: RefCell<Option<Process>>,
}

impl Http {
    /// The server at an address where one runs already, or the one that `program` starts there.
    pub(super) async fn open(
        (address, access): (&Node, &Access),
        program: Option<&Program>,
        extras: &[Chosen],
        start_timeout: Duration,
        launch: &Launch,
        folder: &Path,
    ) -> Result<Rc<dyn Running>, String> {
        let port = match program {
            Some(_) => Some(free_port()?),
            None => None,
        };
        let vars = placeholders::values(launch, port);
        let address = vars.text(address).map_err(|problem| problem.title)?;
        let requests = access.client(vars, folder)?;
        let process = match (program, port) {
            (Some(program), Some(port)) => {
                let mut process = Process::start(program, extras, launch, Some(port), folder)?;
                if let Some(output) = process.child.stdout.take() {
                    tokio::spawn(copy(output, launch.log.clone()));
                }
                if let Err(reason) = listens(&mut process, port, start_timeout).await {
                    process.stop().await;
                    return Err(format!("{reason}{}", last_lines(launch)));
                }
                Some(process)
            }
            _ => None,
        };
        Ok(Rc::new(Self { address, requests, start_timeout, process: RefCell::new(process) }))
    }
}

impl Running for Http {
    fn connect<'a>(&'a self, protocol: &'a Protocol) -> LocalBoxFuture<'a, Result<Client, String>> {
        async move {
            let config = StreamableHttpClientTransportConfig::with_uri(self.address.as_str());
            let transport = StreamableHttpClientTransport::with_client(self.requests.clone(), config);
            match timeout(self.start_timeout, Client::connect(transport, protocol)).await {
                Ok(Ok(client)) => Ok(client),
                Ok(Err(reason)) if reason.contains("UnknownIssuer") => {
                    Err(format!("{reason} ({}): if it is to be trusted, name its issuer with `ca_file`", self.address))
                }
                Ok(Err(reason)) => Err(format!("{reason} ({})", self.address)),
                Err(_) => Err(format!("{} did not shake hands within {:?}", self.address, self.start_timeout)),
            }
        }
        .boxed_local()
    }

    fn stop(&self) -> LocalBoxFuture<'_, ()> {
        async move {
            let process = self.process.take();
            if let Some(mut process) = process {
                process.end().await;
            }
        }
        .boxed_local()
    }
}

/// A port that nobody listens on. Another process may take it before the server does, which its log then tells.
fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    listener.map(|address| address.port()).map_err(|error| format!("there is no free port: {error}"))
}

async fn listens(process: &mut Process, port: u16, within: Duration) -> Result<(), String> {
    let deadline = Instant::now() + within;
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err() {
        if let Some(status) = process.exited() {
            return Err(format!("the server ended before it listened ({status})"));
        }
        if Instant::now() > deadline {
            return Err(format!("the server did not listen on port {port} within {within:?}"));
        }
        tokio::time::sleep(LISTENS_EVERY).await;
    }
    Ok(())
}

/// The end of the log: a server that never came to a step has no other place to tell it.
fn last_lines(launch: &Launch) -> String {
    const LINES_MAX: usize = 20;
    let log = launch.log.since(0);
    let lines: Vec<&str> = log.lines().collect();
    let from = lines.len().saturating_sub(LINES_MAX);
    if lines.is_empty() { String::new() } else { format!("\n{}", lines[from..].join("\n")) }
}
