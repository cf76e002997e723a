//! A server that answers what it is told to, so that a scenario says both what comes and what it expects.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hyper_conform::target::{InProcess, Target};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ErrorData, InitializeResult, ServerCapabilities,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler};
use serde_json::{Value, json};

/// `give` answers its argument `answer`, `fail` fails with it, and `next` answers a number that it has never answered.
#[derive(Clone)]
struct Mirror(Arc<AtomicU64>);

impl ServerHandler for Mirror {
    fn get_info(&self) -> InitializeResult {
        InitializeResult::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let answer = request.arguments.unwrap_or_default().remove("answer").unwrap_or(Value::Null);
        Ok(match request.name.as_ref() {
            "give" => CallToolResult::structured(answer).into(),
            "fail" => CallToolResult::structured_error(json!({ "error": answer })).into(),
            "next" => CallToolResult::structured(json!({ "number": self.0.fetch_add(1, Ordering::Relaxed) })).into(),
            other => return Err(ErrorData::invalid_params(format!("there is no tool `{other}`"), None)),
        })
    }
}

/// The target; all its servers count together.
pub(super) fn target() -> impl Target {
    let numbers = Arc::new(AtomicU64::new(1));
    InProcess::new("mirror", move || Mirror(Arc::clone(&numbers)))
}
