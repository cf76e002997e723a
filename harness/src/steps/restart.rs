//! `restart: server | client`: a new server on the same databases, or a new client on the same server.

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::{Action, Verb, Verbal};
use crate::checks::Checkable;
use crate::decode::{Decoder, Fields};
use crate::run::{Answer, Failure, Frame};
use crate::scenario::Step;
use crate::schema::shape::{self, Shape};

/// `restart: server | client`: a new server on the same databases, or a new client on the same server.
#[derive(Debug)]
pub(super) struct Restart;

#[derive(Debug, Clone, Copy)]
enum RestartPart {
    Server,
    Client,
}

impl Verb for Restart {
    fn name(&self) -> &'static str {
        "restart"
    }

    fn checkable(&self) -> Checkable {
        Checkable::Nothing
    }

    fn shape(&self) -> Shape {
        Shape::of(
            "A new server on the same databases, or a new client on the same server.",
            shape::choice(&["server", "client"]),
        )
    }

    fn has_client(&self) -> bool {
        true
    }

    fn decode(&self, verb: &Verbal<'_>, _fields: &mut Fields<'_>, decoder: &mut Decoder) -> Option<Box<dyn Action>> {
        let part = match verb.value.as_text() {
            Some("server") => RestartPart::Server,
            Some("client") => RestartPart::Client,
            _ => {
                decoder.expected(verb.value, "`restart`", "`server` or `client`");
                return None;
            }
        };
        Some(Box::new(part))
    }
}

impl Action for RestartPart {
    fn perform<'a>(&'a self, frame: &'a Frame<'a>, step: &'a Step) -> LocalBoxFuture<'a, Result<Answer, Failure>> {
        async move {
            match self {
                Self::Server => frame
                    .scene
                    .restart()
                    .await
                    .map_err(|reason| Failure::new(&step.span, "the server did not start again", reason))?,
                Self::Client => frame.scene.disconnect(&step.client).await,
            }
            Ok(Answer::Done)
        }
        .boxed_local()
    }
}
