//! `remove: path`: removes a file, or a folder with all that is in it.

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::{Action, Verb, Verbal};
use crate::checks::Checkable;
use crate::decode::{Decoder, Fields};
use crate::run::{Answer, Failure, Frame, io_failure};
use crate::scenario::Step;
use crate::schema::shape::{self, Shape};
use crate::syntax::Node;

/// `remove: path`: removes a file, or a folder with all that is in it.
#[derive(Debug)]
pub(super) struct Remove;

#[derive(Debug)]
struct RemovePath {
    path: Node,
}

impl Verb for Remove {
    fn name(&self) -> &'static str {
        "remove"
    }

    fn checkable(&self) -> Checkable {
        Checkable::Nothing
    }

    fn shape(&self) -> Shape {
        Shape::of("Removes a file, or a folder with all that is in it.", shape::name())
    }

    fn decode(&self, verb: &Verbal<'_>, _fields: &mut Fields<'_>, decoder: &mut Decoder) -> Option<Box<dyn Action>> {
        decoder.name(verb.value, "`remove`")?;
        Some(Box::new(RemovePath { path: verb.value.clone() }))
    }
}

impl Action for RemovePath {
    fn perform<'a>(&'a self, frame: &'a Frame<'a>, _step: &'a Step) -> LocalBoxFuture<'a, Result<Answer, Failure>> {
        async move {
            let path = frame.path(&self.path)?;
            let removed = if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
            removed.map_err(|error| io_failure(&self.path.span, "remove", &path, &error))?;
            Ok(Answer::Done)
        }
        .boxed_local()
    }
}
