//! `execute: sql or list`: the `execute` tool.

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use serde_json::{Value, json};

use super::call::tool_call;
use super::{Action, Verb, Verbal};
use crate::checks::Checkable;
use crate::decode::{Decoder, Fields};
use crate::run::{Answer, Failure, Frame};
use crate::scenario::Step;
use crate::schema::shape::{self, Shape};
use crate::syntax::Node;

/// `execute: sql or list`: the `execute` tool.
#[derive(Debug)]
pub(super) struct Execute;

#[derive(Debug)]
struct RunStatements {
    statements: Vec<Node>,
    database: Option<Node>,
}

impl Verb for Execute {
    fn name(&self) -> &'static str {
        "execute"
    }

    fn checkable(&self) -> Checkable {
        Checkable::Tool
    }

    fn shape(&self) -> Shape {
        Shape::of("Runs statements that write, through the tool `execute`.", shape::statements()).key(
            "database",
            "The database that the statement runs in.",
            shape::text(),
        )
    }

    fn decode(&self, verb: &Verbal<'_>, fields: &mut Fields<'_>, decoder: &mut Decoder) -> Option<Box<dyn Action>> {
        let database = fields.take("database").cloned();
        let statements = match verb.value.as_list() {
            Some([]) => {
                decoder.expected(verb.value, "`execute`", "a statement or a list of statements");
                return None;
            }
            Some(items) => items.to_vec(),
            None => vec![verb.value.clone()],
        };
        let read: Vec<Option<()>> = statements.iter().map(|node| decoder.sql(node, "`execute`")).collect();
        read.into_iter().collect::<Option<Vec<()>>>()?;
        Some(Box::new(RunStatements { statements, database }))
    }
}

impl Action for RunStatements {
    fn perform<'a>(&'a self, frame: &'a Frame<'a>, step: &'a Step) -> LocalBoxFuture<'a, Result<Answer, Failure>> {
        async move {
            let mut statements: Vec<Value> = Vec::new();
            for node in &self.statements {
                statements.push(frame.text(node)?.into());
            }
            let mut arguments = json!({ "sql": statements });
            if let Some(database) = &self.database {
                arguments["database"] = frame.resolve(database)?.to_json();
            }
            tool_call(frame, step, "execute", arguments).await
        }
        .boxed_local()
    }

    fn tool(&self) -> Option<&str> {
        Some("execute")
    }
}
