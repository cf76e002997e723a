//! The one MCP client of the suite: rmcp's, with its traffic recorded and nothing cached.

use std::collections::HashMap;
use std::time::Duration;

use rmcp::ClientServiceExt;
use rmcp::model::{
    ArgumentInfo, CallToolRequest, CallToolRequestParams, ClientCapabilities, ClientConfig, ClientRequest,
    CompleteRequest, CompleteRequestParams, CompletionContext, GetPromptRequest, GetPromptRequestParams,
    Implementation, JsonObject, ListPromptsRequest, ListResourceTemplatesRequest, ListResourcesRequest,
    ListToolsRequest, PaginatedRequestParams, ReadResourceRequest, ReadResourceRequestParams, Reference, ServerResult,
};
use rmcp::service::{ClientInitializeError, PeerRequestOptions, RoleClient, RunningService, ServiceError};
use rmcp::transport::IntoTransport;
use rmcp::transport::streamable_http_client::StreamableHttpError;
use serde_json::{Value, json};

use super::protocol::Protocol;
use super::record::{Dropping, Recording, Traffic};
use super::subscribe::Listening;

/// A connected client.
#[derive(Debug)]
pub struct Client {
    pub(super) running: RunningService<RoleClient, ClientConfig>,
    /// Everything that was said.
    pub traffic: Traffic,
    dropping: Dropping,
    pub(super) listening: Listening,
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
    /// The server answered, and the answer was kept from the client.
    Dropped,
    /// There is no connection any more, or the answer made no sense.
    Lost(String),
}

/// What is done to a call while it is under way.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disturbance {
    /// Cancels it when that much time has passed without an answer.
    pub cancel_after: Option<Duration>,
    /// Keeps its answer from the client.
    pub drop_response: bool,
}

/// What completions are asked for.
#[derive(Debug)]
pub struct Completing {
    /// What the argument belongs to.
    pub of: ArgumentOf,
    /// The argument's name.
    pub argument: String,
    /// What is written of it so far.
    pub value: String,
    /// The values of the other arguments, by name.
    pub others: HashMap<String, String>,
}

/// What an argument belongs to.
#[derive(Debug)]
pub enum ArgumentOf {
    /// A prompt of this name.
    Prompt(String),
    /// A resource template.
    Resource(String),
}

impl Client {
    /// Begins to speak `protocol` over `transport`.
    ///
    /// # Errors
    ///
    /// Says why the server could not be spoken to, or which revision it speaks instead.
    pub async fn connect<T, E, A>(transport: T, protocol: &Protocol) -> Result<Self, String>
    where
        T: IntoTransport<RoleClient, E, A>,
        E: std::error::Error + Send + Sync + 'static,
    {
        let (traffic, dropping) = (Traffic::default(), Dropping::default());
        let recording =
            Recording { inner: transport.into_transport(), traffic: traffic.clone(), dropping: dropping.clone() };
        let name = Implementation::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
        let config =
            ClientConfig::new(ClientCapabilities::default(), name).with_protocol_version(protocol.version().clone());
        let running = config
            .serve_with_lifecycle(recording, protocol.lifecycle())
            .await
            .map_err(|error| format!("failed to begin with the server in protocol {protocol}: {}", reason(&error)))?;
        if let Some(info) = running.peer_info()
            && !protocol.accepts(&info.protocol_version)
        {
            return Err(format!("the server speaks protocol {}, and {protocol} was asked for", info.protocol_version));
        }
        let client = Self { running, traffic, dropping, listening: Listening::default() };
        client.listen_for_lists().await;
        Ok(client)
    }

    /// The version that the server says it has; `None` where it has said nothing of itself.
    pub fn server_version(&self) -> Option<String> {
        self.running.peer_info()?.server_info.as_ref().map(|server| server.version.clone())
    }

    /// Calls a tool.
    pub async fn call(&self, tool: &str, arguments: JsonObject, disturbance: Disturbance) -> Reply {
        let dropped = disturbance.drop_response.then(|| self.dropping.arm(tool, &arguments));
        let params = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
        let request = ClientRequest::CallToolRequest(CallToolRequest::new(params));
        let mut handle = match self.running.send_cancellable_request(request, PeerRequestOptions::default()).await {
            Ok(handle) => handle,
            Err(error) => return failed(error),
        };
        if let Some(dropped) = dropped {
            return tokio::select! {
                Ok(()) = dropped => Reply::Dropped,
                answer = handle.await_response() => reply(answer),
            };
        }
        let Some(limit) = disturbance.cancel_after else { return reply(handle.await_response().await) };
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
        let mut items = Vec::new();
        let mut cursor = None;
        loop {
            let mut params = PaginatedRequestParams::default();
            params.cursor = cursor;
            let (request, key) = kind.request(params);
            let mut page = match self.request(request).await {
                Reply::Result(page) => page,
                other => return other,
            };
            match page[key].take() {
                Value::Array(more) => items.extend(more),
                _ => return Reply::Lost(format!("the answer has no list `{key}`")),
            }
            cursor = page["nextCursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                return Reply::Result(Value::from(items));
            }
        }
    }

    /// Reads a resource.
    pub async fn read(&self, uri: &str) -> Reply {
        let params = ReadResourceRequestParams::new(uri);
        self.request(ClientRequest::ReadResourceRequest(ReadResourceRequest::new(params))).await
    }

    /// Gets a prompt.
    pub async fn prompt(&self, name: &str, arguments: JsonObject) -> Reply {
        let params = GetPromptRequestParams::new(name).with_arguments(arguments);
        self.request(ClientRequest::GetPromptRequest(GetPromptRequest::new(params))).await
    }

    /// Asks for an argument's completions; the result is the completion itself.
    pub async fn complete(&self, completing: Completing) -> Reply {
        let reference = match completing.of {
            ArgumentOf::Prompt(name) => Reference::for_prompt(name),
            ArgumentOf::Resource(template) => Reference::for_resource(template),
        };
        let argument = ArgumentInfo::new(completing.argument, completing.value);
        let mut params = CompleteRequestParams::new(reference, argument);
        if !completing.others.is_empty() {
            params = params.with_context(CompletionContext::with_arguments(completing.others));
        }
        match self.request(ClientRequest::CompleteRequest(CompleteRequest::new(params))).await {
            Reply::Result(mut result) => Reply::Result(result["completion"].take()),
            other => other,
        }
    }

    /// Sends a request and waits for its answer.
    pub(super) async fn request(&self, request: ClientRequest) -> Reply {
        match self.running.send_cancellable_request(request, PeerRequestOptions::default()).await {
            Ok(handle) => reply(handle.await_response().await),
            Err(error) => failed(error),
        }
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

impl ListKind {
    /// The request for one page, and where its items stand in the answer.
    fn request(self, params: PaginatedRequestParams) -> (ClientRequest, &'static str) {
        match self {
            Self::Tools => (ClientRequest::ListToolsRequest(ListToolsRequest::with_param(params)), "tools"),
            Self::Resources => {
                (ClientRequest::ListResourcesRequest(ListResourcesRequest::with_param(params)), "resources")
            }
            Self::ResourceTemplates => (
                ClientRequest::ListResourceTemplatesRequest(ListResourceTemplatesRequest::with_param(params)),
                "resourceTemplates",
            ),
            Self::Prompts => (ClientRequest::ListPromptsRequest(ListPromptsRequest::with_param(params)), "prompts"),
        }
    }
}

fn reply(answer: Result<ServerResult, ServiceError>) -> Reply {
    match answer {
        Ok(result) => Reply::Result(json!(result)),
        Err(error) => failed(error),
    }
}

pub(super) fn failed(error: ServiceError) -> Reply {
    match error {
        ServiceError::McpError(error) => Reply::Error { code: error.code.0, message: error.message.into_owned() },
        ServiceError::Cancelled { .. } => Reply::Cancelled,
        other => Reply::Lost(other.to_string()),
    }
}

/// Why there is no session. rmcp keeps what lies below an error of HTTP to itself.
fn reason(error: &ClientInitializeError) -> String {
    if let ClientInitializeError::TransportError { error, .. } = error
        && let Some(StreamableHttpError::Client(http)) =
            error.error.downcast_ref::<StreamableHttpError<reqwest::Error>>()
    {
        return chain(http);
    }
    error.to_string()
}

/// An error and what lies below it, where TLS tells what it does not trust.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(cause) = below {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        below = cause.source();
    }
    text
}
