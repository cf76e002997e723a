//! `mkdir: path`: makes a folder, and those above it.

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::{Action, Verb, Verbal};
use crate::checks::Checkable;
use crate::decode::{Decoder, Fields};
use crate::run::{Answer, Failure, Frame, io_failure};
use crate::scenario::Step;
use crate::schema::shape::{self, Shape};
use crate::syntax::Node;

/// `mkdir: path`: makes a folder, and those above it.
#[derive(Debug)]
pub(super) struct Mkdir;

#[derive(Debug)]
struct MakeFolder {
    path: Node,
}

impl Verb for Mkdir {
    fn name(&self) -> &'static str {
        "mkdir"
    }

    fn checkable(&self) -> Checkable {
        Checkable::Nothing
    }

    fn shape(&self) -> Shape {
        Shape::of("Makes a folder below `$(dir)`, and those above it.", shape::name())
    }

    fn decode(&self, verb: &Verbal<'_>, _fields: &mut Fields<'_>, decoder: &mut Decoder) -> Option<Box<dyn Action>> {
        decoder.name(verb.value, "`mkdir`")?;
        Some(Box::new(MakeFolder { path: verb.value.clone() }))
    }
}

impl Action for MakeFolder {
    fn perform<'a>(&'a self, frame: &'a Frame<'a>, _step: &'a Step) -> LocalBoxFuture<'a, Result<Answer, Failure>> {
        async move {
            let path = frame.path(&self.path)?;
            std::fs::create_dir_all(&path).map_err(|error| io_failure(&self.path.span, "make", &path, &error))?;
            Ok(Answer::Done)
        }
        .boxed_local()
    }
}
