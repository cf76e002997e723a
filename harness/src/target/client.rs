//! The one MCP client of the suite: rmcp's, with its traffic recorded.

use std::time::Duration;

use rmcp::model::{
    CallToolRequest, CallToolRequestParams, ClientRequest, JsonObject, PaginatedRequestParams, ServerResult,
};
use rmcp::service::{Peer, PeerRequestOptions, RunningService, ServiceError};
use rmcp::transport::{IntoTransport, Transport};
use rmcp::{RoleClient, ServiceExt};
use serde_json::{Value, json};

use super::record::{Recording, Traffic};

/// A connected client.
#[derive(Debug)]
pub struct Client {
    running: RunningService<RoleClient, ()>,
    /// Everything that was said.
    pub traffic: Traffic,
}

/// What came of a request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// A result, as JSON.
    Result(Value),
    /// A JSON-RPC error.
    Error {
        /// The error's number.
        code: i32,
        /// The error's text.
        message: String,
    },
    /// The request was cancelled before an answer came.
    Cancelled,
    /// There is no connection any more, or the answer made no sense.
    Lost(String),
}

impl Client {
    /// Shakes hands over `transport`.
    ///
    /// # Errors
    ///
    /// Says why the handshake failed.
    pub async fn connect<T, E, A>(transport: T) -> Result<Self, String>
    where
        T: IntoTransport<RoleClient, E, A>,
        E: std::error::Error + Send + Sync + 'static,
    {
        let traffic = Traffic::default();
        let recording = Recording { inner: transport.into_transport(), traffic: traffic.clone() };
        let running = serve(recording).await?;
        Ok(Self { running, traffic })
    }

    /// Calls a tool; with `cancel_after`, cancels the call when that much time has passed without an answer.
    pub async fn call(&self, tool: &str, arguments: JsonObject, cancel_after: Option<Duration>) -> Reply {
        let params = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
        let request = ClientRequest::CallToolRequest(CallToolRequest::new(params));
        let handle = match self.running.send_cancellable_request(request, PeerRequestOptions::default()).await {
            Ok(handle) => handle,
            Err(error) => return failed(error),
        };
        let Some(limit) = cancel_after else { return reply(handle.await_response().await) };
        let mut handle = handle;
        match tokio::time::timeout(limit, &mut handle.rx).await {
            Ok(answer) => reply(answer.unwrap_or(Err(ServiceError::TransportClosed))),
            Err(_) => match handle.cancel(Some("the scenario asked for it".to_owned())).await {
                Ok(()) => Reply::Cancelled,
                Err(error) => failed(error),
            },
        }
    }

    /// Lists what the server offers, all pages.
    pub async fn list(&self, kind: ListKind) -> Reply {
        let peer: &Peer<RoleClient> = &self.running;
        let mut items = Vec::new();
        let mut cursor = None;
        loop {
            let mut params = PaginatedRequestParams::default();
            params.cursor = cursor;
            let page = match kind {
                ListKind::Tools => page(peer.list_tools(Some(params)).await, "tools"),
                ListKind::Resources => page(peer.list_resources(Some(params)).await, "resources"),
                ListKind::ResourceTemplates => {
                    page(peer.list_resource_templates(Some(params)).await, "resourceTemplates")
                }
                ListKind::Prompts => page(peer.list_prompts(Some(params)).await, "prompts"),
            };
            match page {
                Ok((more, next)) => {
                    items.extend(more);
                    cursor = next;
                }
                Err(reply) => return reply,
            }
            if cursor.is_none() {
                return Reply::Result(Value::from(items));
            }
        }
    }

    /// What the server said of itself during the handshake.
    pub fn server_info(&self) -> Value {
        json!(self.running.peer_info())
    }

    /// Ends the connection.
    pub async fn close(self) {
        // A connection that is already gone is closed all the same.
        let _ = self.running.cancel().await;
    }
}

/// What a server can list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListKind {
    /// `tools/list`
    Tools,
    /// `resources/list`
    Resources,
    /// `resources/templates/list`
    ResourceTemplates,
    /// `prompts/list`
    Prompts,
}

async fn serve<T>(recording: Recording<T>) -> Result<RunningService<RoleClient, ()>, String>
where
    T: Transport<RoleClient> + 'static,
{
    ().serve(recording).await.map_err(|error| format!("failed to shake hands with the server: {error}"))
}

fn page<T: serde::Serialize>(
    answer: Result<T, ServiceError>,
    key: &str,
) -> Result<(Vec<Value>, Option<String>), Reply> {
    let mut answer = json!(answer.map_err(failed)?);
    let next = answer["nextCursor"].as_str().map(str::to_owned);
    match answer[key].take() {
        Value::Array(items) => Ok((items, next)),
        _ => Err(Reply::Lost(format!("the answer has no list `{key}`"))),
    }
}

fn reply(answer: Result<ServerResult, ServiceError>) -> Reply {
    match answer {
        Ok(result) => Reply::Result(json!(result)),
        Err(error) => failed(error),
    }
}

fn failed(error: ServiceError) -> Reply {
    match error {
        ServiceError::McpError(error) => Reply::Error { code: error.code.0, message: error.message.into_owned() },
        ServiceError::Cancelled { .. } => Reply::Cancelled,
        other => Reply::Lost(other.to_string()),
    }
}
