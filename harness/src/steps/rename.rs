//! `rename: path` with `to: path`: renames a file or folder, replacing what stands there.

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::{Action, Verb, Verbal};
use crate::checks::Checkable;
use crate::decode::{Decoder, Fields};
use crate::run::{Answer, Failure, Frame, io_failure};
use crate::scenario::Step;
use crate::schema::shape::{self, Needs, Shape};
use crate::syntax::Node;

/// `rename: path` with `to: path`: renames a file or folder, replacing what stands there.
#[derive(Debug)]
pub(super) struct Rename;

#[derive(Debug)]
struct RenamePath {
    from: Node,
    to: Node,
}

impl Verb for Rename {
    fn name(&self) -> &'static str {
        "rename"
    }

    fn checkable(&self) -> Checkable {
        Checkable::Nothing
    }

    fn shape(&self) -> Shape {
        Shape::of("Renames a file or folder.", shape::name())
            .key("to", "Its new path.", shape::name())
            .needs(Needs::All(&["to"]))
    }

    fn decode(&self, verb: &Verbal<'_>, fields: &mut Fields<'_>, decoder: &mut Decoder) -> Option<Box<dyn Action>> {
        let to = fields.require("to", decoder)?;
        decoder.name(verb.value, "`rename`")?;
        decoder.name(to, "`to`")?;
        Some(Box::new(RenamePath { from: verb.value.clone(), to: to.clone() }))
    }
}

impl Action for RenamePath {
    fn perform<'a>(&'a self, frame: &'a Frame<'a>, _step: &'a Step) -> LocalBoxFuture<'a, Result<Answer, Failure>> {
        async move {
            let (from, to) = (frame.path(&self.from)?, frame.path(&self.to)?);
            std::fs::rename(&from, &to).map_err(|error| io_failure(&self.from.span, "rename", &from, &error))?;
            Ok(Answer::Done)
        }
        .boxed_local()
    }
}
