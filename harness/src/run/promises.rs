//! What a server promises of its answers in `tools/list`, held against every answer of every scenario.

use std::collections::HashMap;

use jsonschema::Validator;
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::target::Client;
use crate::target::client::{ListKind, Reply};

/// The output schemas of a target's tools, read once in a run: a target does not change its tools between scenarios.
#[derive(Debug, Default)]
pub struct Promises {
    schemas: OnceCell<HashMap<String, Schema>>,
}

/// An output schema, or why it is none.
type Schema = Result<Validator, String>;

impl Promises {
    /// Holds a server to no promise, so that only what scenarios say is checked.
    pub fn none() -> Self {
        Self { schemas: OnceCell::new_with(Some(HashMap::new())) }
    }

    /// What breaks the promises in this answer of `tool`; `None` where nothing does.
    ///
    /// A tool without an output schema promises nothing, and a server without `tools/list` neither. An error needs no
    /// structured content. Where it has some, clients hold it to the schema as they hold that of a success.
    pub async fn broken_by(&self, client: &Client, tool: &str, answer: &Value) -> Option<String> {
        // A list that did not come is asked for again; its absence is for other checks to tell.
        let schemas = self.schemas.get_or_try_init(|| learn(client)).await.ok()?;
        let schema = schemas.get(tool)?;
        let structured = &answer["structuredContent"];
        let schema = match schema {
            Ok(schema) => schema,
            Err(reason) => return Some(format!("the output schema of `{tool}` is no JSON Schema: {reason}")),
        };
        if structured.is_null() {
            if answer["isError"] == true {
                return None;
            }
            return Some(format!("`{tool}` has an output schema, and its answer has no structured content"));
        }
        if let Some(error) = schema.iter_errors(structured).next() {
            return Some(format!(
                "the structured content breaks the output schema at `{}`: {error}",
                error.instance_path()
            ));
        }
        let texts = answer["content"].as_array().into_iter().flatten().filter_map(|block| block["text"].as_str());
        let same = |text: &str| serde_json::from_str::<Value>(text).is_ok_and(|value| value == *structured);
        let mut texts = texts.peekable();
        if texts.peek().is_some() && !texts.any(same) {
            return Some("no text block of the answer is the same JSON as its structured content".to_owned());
        }
        None
    }
}

async fn learn(client: &Client) -> Result<HashMap<String, Schema>, Reply> {
    let tools = match client.list(ListKind::Tools).await {
        Reply::Result(Value::Array(tools)) => tools,
        other => return Err(other),
    };
    let mut schemas = HashMap::new();
    for tool in tools {
        let (Some(name), Some(schema)) = (tool["name"].as_str(), tool.get("outputSchema")) else { continue };
        schemas.insert(name.to_owned(), jsonschema::validator_for(schema).map_err(|error| error.to_string()));
    }
    Ok(schemas)
}
