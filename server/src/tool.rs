//! The seam that every tool passes. A tool says its name, its access, its parameters and its answer; everything that
//! all tools need besides is derived from that here, once.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use futures::TryFutureExt as _;
use futures::future::BoxFuture;
use rmcp::RoleServer;
use rmcp::model::{CallToolResult, ContentBlock, JsonObject, ProgressNotificationParam, ToolAnnotations};
use rmcp::service::RequestContext;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::mpsc::UnboundedReceiver;
use tracing::Instrument as _;

use crate::args;
use crate::call::{Call, Update, to_its_end};
use crate::context::Context;
use crate::engine::WrittenOut;
use crate::error::{Code, Error};
use crate::outbox::Outbox;
use crate::schema;

/// What a tool may change. The annotations and the guard of a read-only server come from this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Changes nothing.
    Read,
    /// Changes databases; refused by a read-only server.
    Write(Effect),
    /// Changes the session, but no data.
    Session(Effect),
    /// Writes files that are no databases of the session. A read-only server lets it, but over nothing that exists: it
    /// refuses `overwrite: true`, whatever is there at the moment.
    Files(Effect),
}

impl Access {
    /// What a read-only server does not let a tool do.
    fn refuse_read_only(self, tool: &str, arguments: &Value) -> Result<(), Error> {
        match self {
            Self::Write(_) => Err(Error::read_only(&format!("`{tool}` writes"))),
            Self::Files(_) if arguments["overwrite"] == true => {
                Err(Error::read_only(&format!("`{tool}` with `overwrite: true` replaces what exists"))
                    .suggest("Leave `overwrite` out and choose a path where nothing is."))
            }
            Self::Files(_) | Self::Read | Self::Session(_) => Ok(()),
        }
    }
}

/// How a change behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effect {
    /// It may remove or replace what was there.
    pub destructive: bool,
    /// The same call again changes nothing more.
    pub idempotent: bool,
}

/// One tool of the protocol.
pub trait Tool: 'static {
    /// The name that the protocol knows it by.
    const NAME: &'static str;
    /// What it may change.
    const ACCESS: Access;
    /// Whether a call goes on to its end, or to its own clean-up, although its client has gone.
    const RUNS_TO_END: bool = false;
    /// Its arguments. The doc comment of the type is the tool's description, those of the fields are the arguments'.
    type Params: DeserializeOwned + JsonSchema + Send + 'static;
    /// Its answer.
    type Output: Serialize + JsonSchema + Send + 'static;

    /// Does the work.
    fn call(
        context: &Context,
        call: &Call,
        params: Self::Params,
    ) -> impl Future<Output = Result<Self::Output, Error>> + Send;
}

type Handler = for<'a> fn(&'a Context, &'a Call, Value) -> BoxFuture<'a, Result<Value, Error>>;

/// A tool in the registry.
pub struct Route {
    tool: rmcp::model::Tool,
    input: Value,
    access: Access,
    handler: Handler,
}

/// The registry's entry of a tool.
pub fn route<T: Tool>() -> Route {
    let (description, input) = schema::of_input::<T::Params>();
    let mut tool = rmcp::model::Tool::new(T::NAME, description, object(&input));
    tool.output_schema = Some(object(&schema::of_output::<T::Output>()));
    tool.annotations = Some(annotations(T::ACCESS));
    Route {
        tool,
        input,
        access: T::ACCESS,
        handler: |context, call, arguments| Box::pin(handle::<T>(context, call, arguments)),
    }
}

impl Route {
    /// The tool as `tools/list` shows it.
    pub fn tool(&self) -> &rmcp::model::Tool {
        &self.tool
    }

    /// What it may change.
    pub fn access(&self) -> Access {
        self.access
    }

    /// Answers one call of a client that reads its answers from `outbox`: the answer as structured content and as the same
    /// JSON in text, an error as JSON in text alone. Structured content is what the output schema promises, and clients
    /// refuse an error that has it.
    pub(crate) async fn answer(
        &self,
        context: &Context,
        outbox: &Outbox,
        arguments: Option<JsonObject>,
        request: &RequestContext<RoleServer>,
    ) -> CallToolResult {
        let start = Instant::now();
        let span = tracing::info_span!("call", tool = %self.tool.name);
        let arguments = Value::Object(arguments.unwrap_or_default());
        let outcome = self.run(context, outbox, arguments, request).instrument(span.clone()).await;
        let _entered = span.enter();
        let elapsed_ms = args::elapsed_ms(start);
        match outcome {
            Ok(answer) => {
                tracing::info!(elapsed_ms, "answered");
                CallToolResult::structured(answer)
            }
            Err(error) => {
                let error = context.session().with_loss(error);
                if error.code == Code::InternalError {
                    tracing::error!(elapsed_ms, %error, "failed");
                } else {
                    tracing::info!(elapsed_ms, %error, "refused");
                }
                CallToolResult::error(vec![ContentBlock::text(error.to_json().to_string())])
            }
        }
    }

    async fn run(
        &self,
        context: &Context,
        outbox: &Outbox,
        arguments: Value,
        request: &RequestContext<RoleServer>,
    ) -> Result<Value, Error> {
        let arguments = schema::with_whole_numbers(arguments);
        schema::check(&self.tool.name, &self.input, &arguments)?;
        if context.config().read_only {
            self.access.refuse_read_only(&self.tool.name, &arguments)?;
        }
        let call = Call::new(request.ct.clone(), context.config().limits.statement_deadline);
        let mut call = call.until(context.stopping().clone());
        if self.access == Access::Read {
            call = call.answering_into(outbox.clone());
        }
        // Of a client without a handshake each request says whose it is.
        if let Some(client) = request.client_info() {
            call = call.of_client(&client.name);
        }
        let Some(token) = request.meta.get_progress_token() else {
            return (self.handler)(context, &call, arguments).await;
        };
        let (call, updates) = call.with_progress();
        let parameter = ProgressNotificationParam::new(token, 0.0);
        let work = async move { (self.handler)(context, &call, arguments).await };
        tokio::join!(work, forward(updates, parameter, request)).0
    }
}

/// Sends each update to the client, until the call drops its end.
async fn forward(
    mut updates: UnboundedReceiver<Update>,
    mut parameter: ProgressNotificationParam,
    request: &RequestContext<RoleServer>,
) {
    while let Some(update) = updates.recv().await {
        parameter.progress = update.done;
        parameter.total = update.total;
        parameter.message = Some(update.message);
        if request.peer.notify_progress(parameter.clone()).await.is_err() {
            return;
        }
    }
}

async fn handle<T: Tool>(context: &Context, call: &Call, arguments: Value) -> Result<Value, Error> {
    let params = serde_json::from_value(arguments).map_err(|error| {
        Error::invalid(format!("The arguments of `{}` could not be read: {error}.", T::NAME))
            .suggest("See the tool's input schema in tools/list.")
    })?;
    let session = context.session();
    let work = async {
        if T::RUNS_TO_END {
            let (context, call) = (context.clone(), call.clone());
            to_its_end(async move { T::call(&context, &call, params).await }).await
        } else {
            T::call(context, call, params).await
        }
    };
    let output = work.or_else(async |error| Err(session.hinted(call, error).await)).await?;
    let written = session.write_out(call).await?;
    let mut answer = serde_json::to_value(output)
        .map_err(|error| Error::internal(format!("The answer of `{}` has no JSON form: {error}.", T::NAME)))?;
    if written == WrittenOut::Later {
        answer["stats"]["unwritten"] = Value::Bool(true);
    }
    Ok(answer)
}

fn annotations(access: Access) -> ToolAnnotations {
    let (read_only, effect) = match access {
        Access::Read => (true, Effect { destructive: false, idempotent: true }),
        Access::Write(effect) | Access::Session(effect) | Access::Files(effect) => (false, effect),
    };
    ToolAnnotations::from_raw(None, Some(read_only), Some(effect.destructive), Some(effect.idempotent), Some(false))
}

fn object(schema: &Value) -> Arc<JsonObject> {
    Arc::new(schema.as_object().cloned().unwrap_or_default())
}
