//! `parallel: [steps]`: all at once, from as many clients as `as:` names.

use futures::FutureExt;
use futures::future::{LocalBoxFuture, join_all};
use serde_json::json;

use super::{Action, Verb, Verbal};
use crate::checks::Checkable;
use crate::decode::{Decoder, Fields};
use crate::run::{Answer, Failure, Frame, run_step};
use crate::scenario::{Step, decode_steps};
use crate::schema::shape::{self, Shape};

/// `parallel: [steps]`: all at once, from as many clients as `as:` names.
#[derive(Debug)]
pub(super) struct Parallel;

#[derive(Debug)]
struct AllAtOnce {
    steps: Vec<Step>,
}

impl Verb for Parallel {
    fn name(&self) -> &'static str {
        "parallel"
    }

    fn checkable(&self) -> Checkable {
        Checkable::Nothing
    }

    fn shape(&self) -> Shape {
        Shape::of("Does several steps at once.", json!({ "allOf": [{ "$ref": shape::STEPS }], "minItems": 2 }))
    }

    fn decode(&self, verb: &Verbal<'_>, _fields: &mut Fields<'_>, decoder: &mut Decoder) -> Option<Box<dyn Action>> {
        let steps = decode_steps(verb.value, verb.fragments, decoder);
        if steps.len() == 1 {
            decoder.expected(verb.value, "`parallel`", "a list of at least two steps");
        }
        Some(Box::new(AllAtOnce { steps }))
    }
}

impl Action for AllAtOnce {
    fn perform<'a>(&'a self, frame: &'a Frame<'a>, step: &'a Step) -> LocalBoxFuture<'a, Result<Answer, Failure>> {
        async move {
            // Clients shake hands first, so that what runs at once is the steps alone.
            for inner in &self.steps {
                let connected = frame.scene.client(&inner.client).await;
                connected.map_err(|reason| Failure::could_not_run(&step.span, "a client could not connect", reason))?;
            }
            let done = join_all(self.steps.iter().map(|inner| run_step(inner, frame))).await;
            done.into_iter().collect::<Result<Vec<()>, Failure>>()?;
            Ok(Answer::Done)
        }
        .boxed_local()
    }

    fn inner(&self) -> Option<&[Step]> {
        Some(&self.steps)
    }
}
