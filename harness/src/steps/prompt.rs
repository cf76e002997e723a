//! `prompt: name` with `with: {...}`: gets a prompt.

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use serde_json::Value;

use super::{Action, Verb, Verbal};
use crate::checks::Checkable;
use crate::decode::{Decoder, Fields};
use crate::run::{Answer, Failure, Frame};
use crate::scenario::Step;
use crate::schema::shape::{self, Shape};
use crate::syntax::Node;

/// `prompt: name` with `with: {...}`: gets a prompt.
#[derive(Debug)]
pub(super) struct Prompt;

#[derive(Debug)]
struct GetPrompt {
    name: Node,
    with: Option<Node>,
}

impl Verb for Prompt {
    fn name(&self) -> &'static str {
        "prompt"
    }

    fn checkable(&self) -> Checkable {
        Checkable::Value
    }

    fn shape(&self) -> Shape {
        Shape::of("Gets a prompt.", shape::name()).key("with", "The prompt's arguments.", shape::map())
    }

    fn decode(&self, verb: &Verbal<'_>, fields: &mut Fields<'_>, decoder: &mut Decoder) -> Option<Box<dyn Action>> {
        let with = fields.take("with").cloned();
        decoder.name(verb.value, "`prompt`")?;
        if let Some(node) = with.as_ref().filter(|node| node.as_map().is_none()) {
            decoder.expected(node, "`with`", "a map of arguments");
        }
        Some(Box::new(GetPrompt { name: verb.value.clone(), with }))
    }
}

impl Action for GetPrompt {
    fn perform<'a>(&'a self, frame: &'a Frame<'a>, step: &'a Step) -> LocalBoxFuture<'a, Result<Answer, Failure>> {
        async move {
            let name = frame.text(&self.name)?;
            let with = match &self.with {
                Some(with) => frame.resolve(with)?.to_json(),
                None => Value::Null,
            };
            let arguments = with.as_object().cloned().unwrap_or_default();
            Ok(Answer::of(frame.client(step).await?.prompt(&name, arguments).await))
        }
        .boxed_local()
    }
}
