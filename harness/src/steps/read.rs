//! `read: uri`: reads a resource.

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::{Action, Verb, Verbal};
use crate::checks::Checkable;
use crate::decode::{Decoder, Fields};
use crate::run::{Answer, Failure, Frame};
use crate::scenario::Step;
use crate::schema::shape::{self, Shape};
use crate::syntax::Node;

/// `read: uri`: reads a resource.
#[derive(Debug)]
pub(super) struct Read;

#[derive(Debug)]
struct ReadResource {
    uri: Node,
}

impl Verb for Read {
    fn name(&self) -> &'static str {
        "read"
    }

    fn checkable(&self) -> Checkable {
        Checkable::Value
    }

    fn shape(&self) -> Shape {
        Shape::of("Reads a resource.", shape::name())
    }

    fn decode(&self, verb: &Verbal<'_>, _fields: &mut Fields<'_>, decoder: &mut Decoder) -> Option<Box<dyn Action>> {
        decoder.name(verb.value, "`read`")?;
        Some(Box::new(ReadResource { uri: verb.value.clone() }))
    }
}

impl Action for ReadResource {
    fn perform<'a>(&'a self, frame: &'a Frame<'a>, step: &'a Step) -> LocalBoxFuture<'a, Result<Answer, Failure>> {
        async move {
            let uri = frame.text(&self.uri)?;
            Ok(Answer::of(frame.client(step).await?.read(&uri).await))
        }
        .boxed_local()
    }
}
