//! `query: sql`: the `query` tool; `rows` and `columns` speak of what it returns.

use futures::future::LocalBoxFuture;

use super::call::sql_call;
use super::{Action, Verb, Verbal};
use crate::calls::ToolCall;
use crate::checks::Checkable;
use crate::decode::{Decoder, Fields};
use crate::run::{Answer, Failure, Frame};
use crate::scenario::Step;
use crate::schema::shape::{self, Shape};
use crate::syntax::Node;

/// `query: sql`: the `query` tool; `rows` and `columns` speak of what it returns.
#[derive(Debug)]
pub(super) struct Query;

#[derive(Debug)]
struct RunQuery(ToolCall);

impl Verb for Query {
    fn name(&self) -> &'static str {
        "query"
    }

    fn checkable(&self) -> Checkable {
        Checkable::Rows
    }

    fn shape(&self) -> Shape {
        Shape::of(
            "Runs one read-only statement through the tool `query`; `rows` and `columns` speak of what it returns.",
            shape::name(),
        )
        .key("database", "The database that the statement runs in.", shape::text())
    }

    fn decode(&self, verb: &Verbal<'_>, fields: &mut Fields<'_>, decoder: &mut Decoder) -> Option<Box<dyn Action>> {
        let database = fields.take_entry("database");
        decoder.sql(verb.value, "`query`")?;
        Some(Box::new(RunQuery(sql_call(verb, verb.value.clone(), database))))
    }
}

impl Action for RunQuery {
    fn perform<'a>(&'a self, frame: &'a Frame<'a>, step: &'a Step) -> LocalBoxFuture<'a, Result<Answer, Failure>> {
        self.0.perform(frame, step)
    }

    fn statement(&self) -> Option<&Node> {
        self.0.arguments.get("sql")
    }

    fn call(&self) -> Option<&ToolCall> {
        Some(&self.0)
    }
}
