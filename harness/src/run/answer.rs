//! What came of doing a step.

use serde_json::{Value, json};

use crate::target::client::Reply;

/// What came of doing a step, before any check.
#[derive(Debug, Clone)]
pub enum Answer {
    /// The step is an action, and it was done.
    Done,
    /// A value, such as a list of tools.
    Value(Value),
    /// A tool answered.
    Tool {
        /// The structured answer; of a server that gives none, the text read as JSON.
        value: Value,
        /// The content blocks.
        content: Value,
        /// Whether the tool says that it failed.
        is_error: bool,
        /// What in the answer breaks the server's own promises.
        breach: Option<String>,
    },
    /// The server refused the request itself.
    ProtocolError {
        /// The JSON-RPC error's number.
        code: i32,
        /// The JSON-RPC error's text.
        message: String,
    },
    /// The call was cancelled as the step asked.
    Cancelled,
    /// The server answered, and the client never got it, as the step asked.
    Dropped,
    /// No answer came.
    Lost(String),
}

impl Answer {
    /// What came of a tool call; `breach` is what in it breaks the server's promises.
    pub fn of_tool(reply: Reply, breach: Option<String>) -> Self {
        match reply {
            Reply::Result(mut result) => {
                let content = result["content"].take();
                let value = match result["structuredContent"].take() {
                    Value::Null => text_as_json(&content),
                    structured => structured,
                };
                Self::Tool { value, content, is_error: result["isError"] == Value::Bool(true), breach }
            }
            other => Self::of(other),
        }
    }

    /// What came of any other request.
    pub fn of(reply: Reply) -> Self {
        match reply {
            Reply::Result(value) => Self::Value(value),
            Reply::Error { code, message } => Self::ProtocolError { code, message },
            Reply::Cancelled => Self::Cancelled,
            Reply::Dropped => Self::Dropped,
            Reply::Lost(reason) => Self::Lost(reason),
        }
    }

    /// The value that `expect` and `save` speak of.
    pub fn value(&self) -> Value {
        match self {
            Self::Value(value) | Self::Tool { value, .. } => value.clone(),
            Self::Cancelled => json!({ "cancelled": true }),
            Self::Dropped => json!({ "dropped": true }),
            Self::Done | Self::ProtocolError { .. } | Self::Lost(_) => Value::Null,
        }
    }
}

/// The first text block that is JSON, else the first one as it is: what clients without structured content see.
fn text_as_json(content: &Value) -> Value {
    let texts = || content.as_array().into_iter().flatten().filter_map(|block| block["text"].as_str());
    let json = texts().find_map(|text| serde_json::from_str(text).ok());
    json.unwrap_or_else(|| Value::from(texts().next().unwrap_or_default()))
}
