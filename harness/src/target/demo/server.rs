//! The protocol's side of the demo server: tools, resources, prompts, completions, subscriptions.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, CompleteRequestParams, CompleteResult, CompletionInfo,
    ContentBlock, ErrorData, GetPromptRequestParams, GetPromptResponse, GetPromptResult, Implementation,
    InitializeResult, JsonObject, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListToolsResult,
    PaginatedRequestParams, ProgressNotificationParam, Prompt, PromptArgument, PromptMessage,
    ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult, Resource, ResourceContents, ResourceTemplate,
    Role, ServerCapabilities, SubscribeRequestParams, SubscriptionFilter, Tool, UnsubscribeRequestParams,
};
use rmcp::service::{NotificationContext, RequestContext, SubscriptionContext};
use rmcp::transport::stdio;
use rmcp::{RoleServer, ServerHandler, ServiceExt};
use serde_json::{Value, json};

use super::notebook::{Connection, Notebook, uri_of};
use crate::target::in_process::InProcess;
use crate::target::{Launch, Running, Target};

/// How many resources a page of `resources/list` holds: few, so that a short example has several pages.
const PAGE_ITEMS: usize = 2;

/// How far `count` counts at most.
const COUNT_MAX: u64 = 1000;

/// The demo server as a target. It is named `demo`, and has
///
/// - the tools `echo {text}`, `put {name, text}` (writes a note) and `count {to}` (tells its progress)
/// - each note as the resource `note://<name>`, two a page, and a template for them
/// - the prompt `summarize {name, style}`, with completions for both arguments
/// - subscriptions to notes, and `notifications/resources/list_changed` when there is a new one
#[derive(Debug, Default)]
pub struct Demo;

impl Demo {
    /// Serves one client on standard input and output, until it closes its side.
    ///
    /// # Errors
    ///
    /// Why the client could not be spoken to.
    pub async fn serve_stdio() -> Result<(), String> {
        let failed = |error: String| format!("the demo server lost its client: {error}");
        let running = DemoServer::default().serve(stdio()).await.map_err(|error| failed(error.to_string()))?;
        running.waiting().await.map(drop).map_err(|error| failed(error.to_string()))
    }
}

impl Target for Demo {
    fn name(&self) -> &'static str {
        "demo"
    }

    fn needs_engine(&self) -> bool {
        false
    }

    fn launch(&self, launch: Launch) -> LocalBoxFuture<'_, Result<std::rc::Rc<dyn Running>, String>> {
        async move { InProcess::new("demo", DemoServer::default).launch(launch).await }.boxed_local()
    }
}

/// One client's side of a notebook; a clone is another client's side of the same one.
#[derive(Debug, Default)]
struct DemoServer {
    notebook: Arc<Notebook>,
    connection: Arc<Connection>,
}

impl Clone for DemoServer {
    fn clone(&self) -> Self {
        Self { notebook: Arc::clone(&self.notebook), connection: Arc::default() }
    }
}

impl DemoServer {
    async fn call(&self, name: &str, arguments: &JsonObject, context: &RequestContext<RoleServer>) -> Answer {
        let text = |key: &str| arguments.get(key).and_then(Value::as_str);
        match name {
            "echo" => match text("text") {
                Some(text) => Ok(json!({ "text": text })),
                None => Err(refused("INVALID_ARGUMENT", "echo needs a text", "give `text`")),
            },
            "put" => match (text("name").filter(|name| !name.is_empty()), text("text")) {
                (Some(name), Some(text)) => {
                    let revision = self.notebook.put(name, text).await;
                    Ok(json!({ "uri": uri_of(name), "revision": revision }))
                }
                _ => Err(refused("INVALID_ARGUMENT", "a note needs a name and a text", "give `name` and `text`")),
            },
            _ => {
                let to = arguments.get("to").and_then(Value::as_u64).filter(|to| *to <= COUNT_MAX);
                let Some(to) = to else {
                    return Err(refused("INVALID_ARGUMENT", "that is too far to count", "give a `to` up to 1000"));
                };
                for number in 1..=to {
                    progress(context, number, to).await;
                }
                Ok(json!({ "counted": to }))
            }
        }
    }

    fn completions(&self, argument: &str, begun: &str) -> Vec<String> {
        let all = match argument {
            "name" => self.notebook.names(),
            "style" => vec!["long".to_owned(), "short".to_owned()],
            _ => Vec::new(),
        };
        all.into_iter().filter(|value| value.starts_with(begun)).take(CompletionInfo::MAX_VALUES).collect()
    }
}

/// An answer, or the error that the tool tells.
type Answer = Result<Value, Value>;

fn refused(code: &str, message: &str, suggestion: &str) -> Value {
    json!({ "error": { "code": code, "message": message, "suggestion": suggestion } })
}

async fn progress(context: &RequestContext<RoleServer>, number: u64, to: u64) {
    let Some(token) = context.meta.get_progress_token() else { return };
    #[expect(clippy::cast_precision_loss, reason = "counts up to 1000")]
    let params = ProgressNotificationParam::new(token, number as f64).with_total(to as f64);
    // A client that is gone hears nothing.
    let _ = context.peer.notify_progress(params).await;
}

fn tool(name: &'static str, description: &'static str, arguments: &[(&str, &str)], answer: &[(&str, &str)]) -> Tool {
    let schema = |fields: &[(&str, &str)]| {
        let properties: JsonObject =
            fields.iter().map(|(name, kind)| ((*name).to_owned(), json!({ "type": kind }))).collect();
        let required: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
        let mut schema = JsonObject::new();
        schema.insert("type".to_owned(), "object".into());
        schema.insert("properties".to_owned(), properties.into());
        schema.insert("required".to_owned(), required.into());
        Arc::new(schema)
    };
    Tool::new(name, description, schema(arguments)).with_raw_output_schema(schema(answer))
}

fn tools() -> Vec<Tool> {
    vec![
        tool("count", "Count, and tell how far", &[("to", "integer")], &[("counted", "integer")]),
        tool("echo", "Say it again", &[("text", "string")], &[("text", "string")]),
        tool(
            "put",
            "Write a note",
            &[("name", "string"), ("text", "string")],
            &[("uri", "string"), ("revision", "integer")],
        ),
    ]
}

impl ServerHandler for DemoServer {
    fn get_info(&self) -> InitializeResult {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_prompts()
            .enable_completions()
            .enable_resources()
            .enable_resources_list_changed()
            .enable_resources_subscribe()
            .build();
        let mut info = InitializeResult::new(capabilities);
        info.server_info = Implementation::new("demo", env!("CARGO_PKG_VERSION"));
        info
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        self.notebook.connected(&self.connection, context.peer);
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(tools()))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        tools().into_iter().find(|tool| tool.name == name)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        if self.get_tool(&request.name).is_none() {
            return Err(ErrorData::invalid_params(format!("There is no tool {}.", request.name), None));
        }
        let arguments = request.arguments.unwrap_or_default();
        Ok(match self.call(&request.name, &arguments, &context).await {
            Ok(answer) => CallToolResult::structured(answer).into(),
            Err(error) => CallToolResult::error(vec![ContentBlock::text(error.to_string())]).into(),
        })
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let names = self.notebook.names();
        let cursor = request.and_then(|request| request.cursor);
        let from = match &cursor {
            None => 0,
            Some(cursor) => cursor
                .parse::<usize>()
                .ok()
                .filter(|from| *from < names.len())
                .ok_or_else(|| ErrorData::invalid_params(format!("There is no page {cursor}."), None))?,
        };
        let page = names.iter().skip(from).take(PAGE_ITEMS);
        let mut result =
            ListResourcesResult::with_all_items(page.map(|name| Resource::new(uri_of(name), name)).collect());
        result.next_cursor = (from + PAGE_ITEMS < names.len()).then(|| (from + PAGE_ITEMS).to_string());
        Ok(result)
    }

    async fn list_resource_templates(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Ok(ListResourceTemplatesResult::with_all_items(vec![ResourceTemplate::new(uri_of("{name}"), "note")]))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let note = request.uri.strip_prefix(&uri_of("")).and_then(|name| self.notebook.get(name));
        let note =
            note.ok_or_else(|| ErrorData::resource_not_found(format!("There is no note {}.", request.uri), None))?;
        Ok(ReadResourceResult::new(vec![ResourceContents::text(note.text, request.uri)]).into())
    }

    async fn list_prompts(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let arguments = vec![PromptArgument::new("name").with_required(true), PromptArgument::new("style")];
        let prompt = Prompt::new("summarize", Some("Ask for a summary of a note"), Some(arguments));
        Ok(ListPromptsResult::with_all_items(vec![prompt]))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let arguments = request.arguments.unwrap_or_default();
        let text = |key: &str| arguments.get(key).and_then(Value::as_str);
        let note = text("name").filter(|_| request.name == "summarize").and_then(|name| self.notebook.get(name));
        let note = note.ok_or_else(|| ErrorData::invalid_params("There is no such prompt or note.", None))?;
        let ask = format!("A {} summary, please: {}", text("style").unwrap_or("short"), note.text);
        Ok(GetPromptResult::new(vec![PromptMessage::new_text(Role::User, ask)]).into())
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let values = self.completions(&request.argument.name, &request.argument.value);
        let completion =
            CompletionInfo::with_all_values(values).map_err(|reason| ErrorData::internal_error(reason, None))?;
        Ok(CompleteResult::new(completion))
    }

    async fn subscribe(
        &self,
        request: SubscribeRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.connection.subscribe(request.uri);
        Ok(())
    }

    async fn unsubscribe(
        &self,
        request: UnsubscribeRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        if self.connection.unsubscribe(&request.uri) {
            return Ok(());
        }
        Err(ErrorData::invalid_params(format!("There is no subscription to {}.", request.uri), None))
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(requested.clone())
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        self.notebook.listens(context.sink().clone());
        context.cancelled().await;
        Ok(())
    }
}
