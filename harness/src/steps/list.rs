//! `list: tools | resources | resource_templates | prompts`: everything the server offers, all pages.

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::{Action, Verb, Verbal};
use crate::checks::Checkable;
use crate::decode::{Decoder, Fields};
use crate::run::{Answer, Failure, Frame};
use crate::scenario::Step;
use crate::schema::shape::{self, Shape};
use crate::source::Diagnostic;
use crate::target::client::ListKind;

const KINDS: [(&str, ListKind); 4] = [
    ("tools", ListKind::Tools),
    ("resources", ListKind::Resources),
    ("resource_templates", ListKind::ResourceTemplates),
    ("prompts", ListKind::Prompts),
];

/// `list: tools | resources | resource_templates | prompts`: everything the server offers, all pages.
#[derive(Debug)]
pub(super) struct List;

#[derive(Debug)]
struct ListAll {
    kind: ListKind,
}

impl Verb for List {
    fn name(&self) -> &'static str {
        "list"
    }

    fn checkable(&self) -> Checkable {
        Checkable::Value
    }

    fn shape(&self) -> Shape {
        Shape::of("Lists what the server offers, all pages.", shape::choice(&KINDS.map(|(name, _)| name)))
    }

    fn decode(&self, verb: &Verbal<'_>, _fields: &mut Fields<'_>, decoder: &mut Decoder) -> Option<Box<dyn Action>> {
        let name = decoder.text(verb.value, "`list`")?;
        let Some((_, kind)) = KINDS.into_iter().find(|(known, _)| *known == name) else {
            decoder.report(
                Diagnostic::new(&verb.value.span, format!("a server has no list of `{name}`"), "unknown list")
                    .help_names(&name, KINDS.map(|(known, _)| known)),
            );
            return None;
        };
        Some(Box::new(ListAll { kind }))
    }
}

impl Action for ListAll {
    fn perform<'a>(&'a self, frame: &'a Frame<'a>, step: &'a Step) -> LocalBoxFuture<'a, Result<Answer, Failure>> {
        async move { Ok(Answer::of(frame.client(step).await?.list(self.kind).await)) }.boxed_local()
    }
}
