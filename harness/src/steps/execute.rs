//! `execute: sql or list`: the `execute` tool.

use futures::future::LocalBoxFuture;

use super::call::sql_call;
use super::{Action, Verb, Verbal};
use crate::calls::ToolCall;
use crate::checks::Checkable;
use crate::decode::{Decoder, Fields};
use crate::run::{Answer, Failure, Frame};
use crate::scenario::Step;
use crate::schema::shape::{self, Shape};
use crate::syntax::{Kind, Node};

/// `execute: sql or list`: the `execute` tool.
#[derive(Debug)]
pub(super) struct Execute;

#[derive(Debug)]
struct RunStatements(ToolCall);

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
        let database = fields.take_entry("database");
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
        let list = Node { span: verb.value.span.clone(), kind: Kind::List(statements) };
        Some(Box::new(RunStatements(sql_call(verb, list, database))))
    }
}

impl Action for RunStatements {
    fn perform<'a>(&'a self, frame: &'a Frame<'a>, step: &'a Step) -> LocalBoxFuture<'a, Result<Answer, Failure>> {
        self.0.perform(frame, step)
    }

    fn call(&self) -> Option<&ToolCall> {
        Some(&self.0)
    }
}
