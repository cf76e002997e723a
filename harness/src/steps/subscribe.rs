//! `subscribe: uri`: asks to be told when a resource changes.

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::{Action, Verb, Verbal};
use crate::checks::Checkable;
use crate::decode::{Decoder, Fields};
use crate::run::{Answer, Failure, Frame};
use crate::scenario::Step;
use crate::schema::shape::{self, Shape};
use crate::syntax::Node;

/// `subscribe: uri`: asks to be told when a resource changes.
#[derive(Debug)]
pub(super) struct Subscribe;

#[derive(Debug)]
struct SubscribeTo {
    uri: Node,
}

impl Verb for Subscribe {
    fn name(&self) -> &'static str {
        "subscribe"
    }

    fn checkable(&self) -> Checkable {
        Checkable::Value
    }

    fn shape(&self) -> Shape {
        Shape::of("Asks to be told when a resource changes.", shape::name())
    }

    fn decode(&self, verb: &Verbal<'_>, _fields: &mut Fields<'_>, decoder: &mut Decoder) -> Option<Box<dyn Action>> {
        decoder.name(verb.value, "`subscribe`")?;
        Some(Box::new(SubscribeTo { uri: verb.value.clone() }))
    }
}

impl Action for SubscribeTo {
    fn perform<'a>(&'a self, frame: &'a Frame<'a>, step: &'a Step) -> LocalBoxFuture<'a, Result<Answer, Failure>> {
        async move {
            let uri = frame.text(&self.uri)?;
            Ok(Answer::of(frame.client(step).await?.subscribe(&uri).await))
        }
        .boxed_local()
    }
}
