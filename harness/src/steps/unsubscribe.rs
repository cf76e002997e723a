//! `unsubscribe: uri`: asks to be told no longer.

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::{Action, Verb, Verbal};
use crate::checks::Checkable;
use crate::decode::{Decoder, Fields};
use crate::run::{Answer, Failure, Frame};
use crate::scenario::Step;
use crate::schema::shape::{self, Shape};
use crate::syntax::Node;

/// `unsubscribe: uri`: asks to be told no longer.
#[derive(Debug)]
pub(super) struct Unsubscribe;

#[derive(Debug)]
struct UnsubscribeFrom {
    uri: Node,
}

impl Verb for Unsubscribe {
    fn name(&self) -> &'static str {
        "unsubscribe"
    }

    fn checkable(&self) -> Checkable {
        Checkable::Value
    }

    fn shape(&self) -> Shape {
        Shape::of("Asks to be told no longer.", shape::name())
    }

    fn decode(&self, verb: &Verbal<'_>, _fields: &mut Fields<'_>, decoder: &mut Decoder) -> Option<Box<dyn Action>> {
        decoder.name(verb.value, "`unsubscribe`")?;
        Some(Box::new(UnsubscribeFrom { uri: verb.value.clone() }))
    }
}

impl Action for UnsubscribeFrom {
    fn perform<'a>(&'a self, frame: &'a Frame<'a>, step: &'a Step) -> LocalBoxFuture<'a, Result<Answer, Failure>> {
        async move {
            let uri = frame.text(&self.uri)?;
            Ok(Answer::of(frame.client(step).await?.unsubscribe(&uri).await))
        }
        .boxed_local()
    }
}
