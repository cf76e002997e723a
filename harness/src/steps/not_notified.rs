//! `not_notified: method` with `params`: no such notification has come since the last step that acted, nor comes.

use std::time::Duration;

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::{Action, Verb, Verbal};
use crate::checks::Checkable;
use crate::decode::{Decoder, Fields};
use crate::pattern;
use crate::run::{Answer, Failure, Frame, Heard};
use crate::scenario::Step;
use crate::schema::shape::{self, Shape};

/// How long to listen when the step says nothing: every such step takes this long.
const WITHIN_DEFAULT: Duration = Duration::from_millis(100);

/// `not_notified: method` with `params`: no such notification has come since the last step that acted, nor comes.
#[derive(Debug)]
pub(super) struct NotNotified;

#[derive(Debug)]
struct HearNothing(Heard);

impl Verb for NotNotified {
    fn name(&self) -> &'static str {
        "not_notified"
    }

    fn checkable(&self) -> Checkable {
        Checkable::Nothing
    }

    fn has_client(&self) -> bool {
        true
    }

    fn shape(&self) -> Shape {
        Shape::of("No such notification has come since the last step that acted, nor comes.", Heard::method_shape())
            .key("params", "What its params are like.", shape::pattern())
    }

    fn decode(&self, verb: &Verbal<'_>, fields: &mut Fields<'_>, decoder: &mut Decoder) -> Option<Box<dyn Action>> {
        Some(Box::new(HearNothing(Heard::decode(verb.value, fields.take("params"), decoder)?)))
    }
}

impl Action for HearNothing {
    fn perform<'a>(&'a self, frame: &'a Frame<'a>, step: &'a Step) -> LocalBoxFuture<'a, Result<Answer, Failure>> {
        async move {
            let wanted = self.0.resolve(frame)?;
            match wanted.ear(frame, step)?.hears(step.within.unwrap_or(WITHIN_DEFAULT)).await {
                None => Ok(Answer::Done),
                Some(params) => {
                    let title = format!("a notification came that should not: {}", wanted.method());
                    Err(Failure::new(&step.span, title, "heard since the last step that acted")
                        .section("its params", pattern::brief(&params)))
                }
            }
        }
        .boxed_local()
    }

    fn only_looks(&self) -> bool {
        true
    }

    fn keeps_time(&self) -> bool {
        true
    }
}
