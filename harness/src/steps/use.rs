//! `use: fragment` with `with: {...}`: the steps of a fragment; what it captures stays inside it.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use serde_json::json;

use super::{Action, Verb, Verbal};
use crate::calls::Expansion;
use crate::checks::Checkable;
use crate::decode::{Decoder, Fields};
use crate::run::{Answer, Failure, Frame, run_steps};
use crate::scenario::{Fragment, Step};
use crate::schema::shape::{self, Shape};
use crate::source::Diagnostic;
use crate::syntax::Node;

/// `use: fragment` with `with: {...}`: the steps of a fragment; what it captures stays inside it.
#[derive(Debug)]
pub(super) struct Use;

#[derive(Debug)]
struct UseFragment {
    name: String,
    fragment: Arc<Fragment>,
    arguments: Vec<(String, Node)>,
}

impl Verb for Use {
    fn name(&self) -> &'static str {
        "use"
    }

    fn checkable(&self) -> Checkable {
        Checkable::Nothing
    }

    fn shape(&self) -> Shape {
        Shape::of(
            "Does the steps of a fragment, a file of scenarios/fragments.",
            json!({ "$ref": shape::FRAGMENT_NAME }),
        )
        .key("with", "A value for each parameter of the fragment.", shape::map())
    }

    fn decode(&self, verb: &Verbal<'_>, fields: &mut Fields<'_>, decoder: &mut Decoder) -> Option<Box<dyn Action>> {
        let with = fields.take("with");
        let name = decoder.name(verb.value, "`use`")?;
        let Some(fragments) = verb.fragments else {
            decoder.report(
                Diagnostic::new(&verb.key.span, "a fragment cannot use another one", "inside a fragment")
                    .help("write the steps out here"),
            );
            return None;
        };
        let Some(fragment) = fragments.get(&name) else {
            decoder.report(
                Diagnostic::new(
                    &verb.value.span,
                    format!("there is no fragment `{name}`"),
                    "no such file in scenarios/fragments",
                )
                .help_names(&name, fragments.keys().map(String::as_str)),
            );
            return None;
        };
        let arguments = arguments(verb, fragment, with, decoder);
        Some(Box::new(UseFragment { name, fragment: Arc::clone(fragment), arguments }))
    }
}

fn arguments(
    verb: &Verbal<'_>,
    fragment: &Fragment,
    with: Option<&Node>,
    decoder: &mut Decoder,
) -> Vec<(String, Node)> {
    let entries = with.and_then(Node::as_map).unwrap_or_default();
    if let Some(node) = with.filter(|node| node.as_map().is_none()) {
        decoder.expected(node, "`with`", "a map of the fragment's parameters");
    }
    let names = || fragment.parameters.iter().map(|(name, _)| name.as_str());
    for entry in entries.iter().filter(|entry| names().all(|name| name != entry.key.name)) {
        decoder.report(
            Diagnostic::new(
                &entry.key.span,
                format!("the fragment has no parameter `{}`", entry.key.name),
                "unknown parameter",
            )
            .help_names(&entry.key.name, names()),
        );
    }
    for name in names().filter(|name| entries.iter().all(|entry| entry.key.name != *name)) {
        decoder.report(
            Diagnostic::new(&verb.key.span, format!("the fragment's parameter `{name}` has no value"), "used here")
                .help(format!("add `with: {{ {name}: ... }}`")),
        );
    }
    entries.iter().map(|entry| (entry.key.name.clone(), entry.value.clone())).collect()
}

impl Action for UseFragment {
    fn perform<'a>(&'a self, frame: &'a Frame<'a>, step: &'a Step) -> LocalBoxFuture<'a, Result<Answer, Failure>> {
        async move {
            let mut vars = frame.vars.borrow().clone();
            for (name, node) in &self.arguments {
                let value = frame.resolve(node)?.to_json();
                vars.set(name.clone(), value);
            }
            run_steps(&self.fragment.steps, &frame.with_vars(vars)).await.map_err(|failure| {
                let place = step.span.place();
                Failure { title: format!("in fragment `{}`, used at {place}: {}", self.name, failure.title), ..failure }
            })?;
            Ok(Answer::Done)
        }
        .boxed_local()
    }

    fn expansion(&self) -> Option<Expansion<'_>> {
        Some(Expansion { name: &self.name, fragment: &self.fragment, arguments: &self.arguments })
    }
}
