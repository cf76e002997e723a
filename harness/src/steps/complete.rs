//! `complete: { prompt, argument, value, with }`: asks for an argument's completions.

use std::collections::HashMap;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use serde_json::json;

use super::{Action, Verb, Verbal};
use crate::checks::Checkable;
use crate::decode::{Decoder, Fields};
use crate::run::{Answer, Failure, Frame};
use crate::scenario::Step;
use crate::schema::shape::{self, Shape};
use crate::source::Diagnostic;
use crate::syntax::Node;
use crate::target::client::{ArgumentOf, Completing};

/// `complete: { prompt, argument, value, with }`: asks for an argument's completions.
#[derive(Debug)]
pub(super) struct Complete;

#[derive(Debug)]
struct AskCompletions {
    of: (Of, Node),
    argument: Node,
    value: Node,
    with: Vec<(String, Node)>,
}

/// What the argument belongs to.
#[derive(Debug, Clone, Copy)]
enum Of {
    Prompt,
    Resource,
}

impl Verb for Complete {
    fn name(&self) -> &'static str {
        "complete"
    }

    fn checkable(&self) -> Checkable {
        Checkable::Value
    }

    fn shape(&self) -> Shape {
        let of = json!({
            "type": "object",
            "properties": {
                "prompt": shape::name(),
                "resource": shape::name(),
                "argument": shape::name(),
                "value": {},
                "with": shape::map(),
            },
            "required": ["argument", "value"],
            "oneOf": [{ "required": ["prompt"] }, { "required": ["resource"] }],
            "additionalProperties": false,
        });
        Shape::of("Asks for an argument's completions.", of)
    }

    fn decode(&self, verb: &Verbal<'_>, _fields: &mut Fields<'_>, decoder: &mut Decoder) -> Option<Box<dyn Action>> {
        let mut inner = decoder.fields(verb.value, "`complete`")?;
        let of = (inner.take("prompt"), inner.take("resource"));
        let argument = inner.require("argument", decoder);
        let value = inner.require("value", decoder);
        let with = inner.take("with");
        inner.finish(decoder);
        let of = match of {
            (Some(prompt), None) => (Of::Prompt, prompt),
            (None, Some(resource)) => (Of::Resource, resource),
            _ => {
                decoder.report(
                    Diagnostic::new(&verb.key.span, "`complete` needs what the argument belongs to", "one of two")
                        .help("give `prompt: name`, or `resource: a template of list: resource_templates`"),
                );
                return None;
            }
        };
        if let Some(node) = with.filter(|node| node.as_map().is_none()) {
            decoder.expected(node, "`with`", "a map of the other arguments");
        }
        let (argument, value) = (argument?, value?);
        decoder.name(of.1, "what the argument belongs to")?;
        decoder.name(argument, "`argument`")?;
        let entries = with.and_then(Node::as_map).unwrap_or_default();
        let with = entries.iter().map(|entry| (entry.key.name.clone(), entry.value.clone())).collect();
        Some(Box::new(AskCompletions {
            of: (of.0, of.1.clone()),
            argument: argument.clone(),
            value: value.clone(),
            with,
        }))
    }
}

impl Action for AskCompletions {
    fn perform<'a>(&'a self, frame: &'a Frame<'a>, step: &'a Step) -> LocalBoxFuture<'a, Result<Answer, Failure>> {
        async move {
            let (of, name) = &self.of;
            let name = frame.text(name)?;
            let of = match of {
                Of::Prompt => ArgumentOf::Prompt(name),
                Of::Resource => ArgumentOf::Resource(name),
            };
            let mut others = HashMap::new();
            for (name, node) in &self.with {
                others.insert(name.clone(), frame.text(node)?);
            }
            let completing =
                Completing { of, argument: frame.text(&self.argument)?, value: frame.text(&self.value)?, others };
            Ok(Answer::of(frame.client(step).await?.complete(completing).await))
        }
        .boxed_local()
    }
}
