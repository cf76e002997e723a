//! `notified: method` with `params`: waits for a notification since the last step that acted.

use std::time::Duration;

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::{Action, Verb, Verbal};
use crate::checks::Checkable;
use crate::decode::{Decoder, Fields};
use crate::pattern::{self, Path};
use crate::run::{Answer, Failure, Frame, Heard};
use crate::scenario::Step;
use crate::schema::shape::{self, Shape};

/// How long to wait for a notification when the step says nothing: far more than any takes, since it is waited for only where it does not come.
const WITHIN_DEFAULT: Duration = Duration::from_secs(5);

/// `notified: method` with `params`: waits for a notification since the last step that acted.
#[derive(Debug)]
pub(super) struct Notified;

#[derive(Debug)]
struct AwaitNotification(Heard);

impl Verb for Notified {
    fn name(&self) -> &'static str {
        "notified"
    }

    fn checkable(&self) -> Checkable {
        Checkable::Nothing
    }

    fn has_client(&self) -> bool {
        true
    }

    fn shape(&self) -> Shape {
        Shape::of("Waits for a notification since the last step that acted.", Heard::method_shape()).key(
            "params",
            "What its params are like.",
            shape::pattern(),
        )
    }

    fn decode(&self, verb: &Verbal<'_>, fields: &mut Fields<'_>, decoder: &mut Decoder) -> Option<Box<dyn Action>> {
        Some(Box::new(AwaitNotification(Heard::decode(verb.value, fields.take("params"), decoder)?)))
    }
}

impl Action for AwaitNotification {
    fn perform<'a>(&'a self, frame: &'a Frame<'a>, step: &'a Step) -> LocalBoxFuture<'a, Result<Answer, Failure>> {
        async move {
            let within = step.within.unwrap_or(WITHIN_DEFAULT);
            let wanted = self.0.resolve(frame)?;
            let ear = wanted.ear(frame, step)?;
            if ear.hears(within).await.is_some() {
                return Ok(Answer::Done);
            }
            let title = format!("no such notification came within {within:?}: {}", wanted.method());
            let failure = Failure::new(&step.span, title, "not heard since the last step that acted")
                .section("notifications since then", ear.all().join("\n"));
            let mut differences = Vec::new();
            if let (Some(params), Some(nearest)) = (wanted.params(), ear.nearest()) {
                pattern::compare(params, Some(&nearest), &Path::default().key("params"), &mut differences);
            }
            Err(failure.differences(differences))
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
