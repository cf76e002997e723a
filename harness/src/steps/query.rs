//! `query: sql`: the `query` tool; `rows` and `columns` speak of what it returns.

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use serde_json::json;

use super::call::tool_call;
use super::{Action, Verb, Verbal};
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
struct RunQuery {
    sql: Node,
    database: Option<Node>,
}

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
        let database = fields.take("database").cloned();
        decoder.sql(verb.value, "`query`")?;
        Some(Box::new(RunQuery { sql: verb.value.clone(), database }))
    }
}

impl Action for RunQuery {
    fn perform<'a>(&'a self, frame: &'a Frame<'a>, step: &'a Step) -> LocalBoxFuture<'a, Result<Answer, Failure>> {
        async move {
            let mut arguments = json!({ "sql": frame.text(&self.sql)? });
            if let Some(database) = &self.database {
                arguments["database"] = frame.resolve(database)?.to_json();
            }
            tool_call(frame, step, "query", arguments).await
        }
        .boxed_local()
    }

    fn statement(&self) -> Option<&Node> {
        Some(&self.sql)
    }

    fn tool(&self) -> Option<&str> {
        Some("query")
    }
}
