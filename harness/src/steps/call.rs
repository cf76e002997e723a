//! `call: tool` with `with: {...}`: calls a tool.

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use serde_json::Value;

use super::{Action, Verb, Verbal};
use crate::calls::ToolCall;
use crate::checks::Checkable;
use crate::decode::{Decoder, Fields};
use crate::run::{Answer, Failure, Frame};
use crate::scenario::Step;
use crate::schema::shape::{self, Shape};
use crate::syntax::{Entry, Key, Kind, Node, Style};
use crate::target::client::{Disturbance, Reply};

/// `call: tool` with `with: {...}`: calls a tool.
#[derive(Debug)]
pub(super) struct Call;

impl Verb for Call {
    fn name(&self) -> &'static str {
        "call"
    }

    fn checkable(&self) -> Checkable {
        Checkable::Rows
    }

    fn shape(&self) -> Shape {
        Shape::of("Calls a tool.", shape::name()).key("with", "The tool's arguments.", shape::map())
    }

    fn decode(&self, verb: &Verbal<'_>, fields: &mut Fields<'_>, decoder: &mut Decoder) -> Option<Box<dyn Action>> {
        decoder.name(verb.value, "`call`")?;
        let with = fields.take("with").cloned();
        if let Some(node) = with.as_ref().filter(|node| node.as_map().is_none()) {
            decoder.expected(node, "`with`", "a map of arguments");
        }
        let arguments = with.unwrap_or_else(|| Node { span: verb.value.span.clone(), kind: Kind::Map(Vec::new()) });
        Some(Box::new(ToolCall { tool: verb.value.clone(), arguments }))
    }
}

impl Action for ToolCall {
    fn perform<'a>(&'a self, frame: &'a Frame<'a>, step: &'a Step) -> LocalBoxFuture<'a, Result<Answer, Failure>> {
        async move {
            let tool = frame.text(&self.tool)?;
            let arguments = frame.resolve(&self.arguments)?.to_json();
            tool_call(frame, step, &tool, arguments).await
        }
        .boxed_local()
    }

    fn call(&self) -> Option<&ToolCall> {
        Some(self)
    }
}

/// The call of a tool that has a verb of its own: what stands behind the verb is the tool's `sql`.
pub(super) fn sql_call(verb: &Verbal<'_>, sql: Node, database: Option<(&Key, &Node)>) -> ToolCall {
    let key = Key { name: "sql".to_owned(), span: verb.key.span.clone() };
    let mut entries = vec![Entry { key, value: sql }];
    entries.extend(database.map(|(key, value)| Entry { key: key.clone(), value: value.clone() }));
    let tool = Kind::Text(verb.key.name.clone(), Style::Plain);
    ToolCall {
        tool: Node { span: verb.key.span.clone(), kind: tool },
        arguments: Node { span: verb.value.span.clone(), kind: Kind::Map(entries) },
    }
}

/// Calls a tool as the step's client.
async fn tool_call(frame: &Frame<'_>, step: &Step, tool: &str, arguments: Value) -> Result<Answer, Failure> {
    let client = frame.client(step).await?;
    let arguments = arguments.as_object().cloned().unwrap_or_default();
    let disturbance = Disturbance { cancel_after: step.cancel_after, drop_response: step.drop_response };
    let reply = client.call(tool, arguments, disturbance).await;
    let breach = match &reply {
        Reply::Result(answer) => frame.scene.promises.broken_by(&client, tool, answer).await,
        _ => None,
    };
    if matches!(reply, Reply::Dropped) {
        drop(client);
        // Whoever lost an answer has lost the connection; naming the client again connects anew.
        frame.scene.disconnect(&step.client).await;
    }
    Ok(Answer::of_tool(reply, breach))
}
