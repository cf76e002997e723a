//! What a server says of its tools in `tools/list`.

use std::rc::Rc;

use serde_json::Value;

use crate::bounds::Bounds;
use crate::run::{Scene, Stage};
use crate::target::client::{ListKind, Reply};
use crate::target::{Launch, Log};

/// One tool.
#[derive(Debug, Clone)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// The JSON Schema of its arguments.
    pub input: Value,
    /// The JSON Schema of its answer, if it promises one.
    pub output: Option<Value>,
}

impl Tool {
    /// The names of its arguments.
    pub fn arguments(&self) -> impl Iterator<Item = &str> {
        self.input["properties"].as_object().into_iter().flat_map(|map| map.keys().map(String::as_str))
    }
}

/// Starts a server of the stage's target, asks for its tools and stops it again.
///
/// # Errors
///
/// Why there is no server, or no list.
pub fn of_target(stage: &Stage) -> Result<Vec<Tool>, String> {
    let failed = |error: std::io::Error| format!("failed to make a directory or a runtime: {error}");
    let dir = tempfile::Builder::new().prefix("hyper-conform-").tempdir().map_err(failed)?;
    let located = if stage.target.needs_engine() { Some(stage.engines.shared()?) } else { None };
    let launch = Launch {
        persistent: Some(dir.path().join("persistent.hyper")),
        read_only: false,
        scratch: dir.path().to_owned(),
        endpoint: located.as_ref().map(|located| located.endpoint.clone()),
        hyperd: located.map(|located| located.executable),
        log: Log::default(),
        bounds: Bounds::default(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let reply = runtime.block_on(async {
        let scene = Scene::open(dir.path().to_owned(), Rc::default(), stage, launch).await?;
        let reply = match scene.client(crate::scenario::CLIENT_DEFAULT).await {
            Ok(client) => Ok(client.list(ListKind::Tools).await),
            Err(reason) => Err(reason),
        };
        scene.close().await;
        reply
    })?;
    match reply {
        Reply::Result(Value::Array(tools)) => Ok(tools.iter().filter_map(read).collect()),
        other => Err(format!("the server did not list its tools: {other:?}")),
    }
}

fn read(tool: &Value) -> Option<Tool> {
    let name = tool["name"].as_str()?.to_owned();
    Some(Tool { name, input: tool["inputSchema"].clone(), output: tool.get("outputSchema").cloned() })
}
