//! Servers with nothing behind them. No scenario may pass against one: what passes checks nothing.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use hyper_conform::target::{Behind, Tamper, Tampered};
use serde_json::{Value, json};

/// What a server without anything behind it says to every call of a tool.
#[derive(Debug, Clone)]
pub(super) enum Null {
    /// A success without a word.
    Nothing,
    /// A success with the call's own arguments.
    Echo,
    /// The same error.
    Refusal(String),
}

impl Null {
    /// The target of its servers.
    pub(super) fn target(&self) -> Tampered {
        let null = Arc::new(self.clone());
        Tampered::alone("hyperd-mcp", move || Arc::<Null>::clone(&null))
    }

    fn call(&self, arguments: &Value) -> Value {
        let value = match self {
            Self::Nothing => json!({}),
            Self::Echo => arguments.clone(),
            Self::Refusal(code) => {
                json!({ "error": { "code": code, "message": "This cannot be done.", "suggestion": "Do something else." } })
            }
        };
        json!({
            "content": [{ "type": "text", "text": value.to_string() }],
            "structuredContent": value,
            "isError": matches!(self, Self::Refusal(_)),
        })
    }
}

impl Tamper for Null {
    fn answer<'a>(&'a self, request: Value, _server: &'a Behind) -> BoxFuture<'a, Value> {
        let result = match request["method"].as_str().unwrap_or_default() {
            "initialize" => json!({
                "protocolVersion": request["params"]["protocolVersion"],
                "capabilities": { "tools": {}, "resources": {}, "prompts": {}, "completions": {} },
                "serverInfo": { "name": "null", "version": "0" },
            }),
            "tools/call" => self.call(&request["params"]["arguments"]),
            _ => json!({
                "tools": [], "resources": [], "resourceTemplates": [], "prompts": [], "contents": [], "messages": [],
                "completion": { "values": [] },
            }),
        };
        async move { json!({ "result": result }) }.boxed()
    }
}
