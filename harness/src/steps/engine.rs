//! `engine: kill | stop | continue`: what befalls the hyperd of a scenario that has one of its own.

use std::time::Duration;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use serde_json::{Map, Value};

use super::{Action, Verb, Verbal};
use crate::checks::Checkable;
use crate::decode::{Decoder, Fields};
use crate::run::{Answer, Failure, Frame};
use crate::scenario::Step;
use crate::schema::shape::{self, Shape};
use crate::target::client::{Disturbance, Reply};

/// How often hyperd is asked whether a statement runs.
const BUSY_EVERY: Duration = Duration::from_millis(20);

/// `engine: kill | stop | continue`: what befalls the hyperd of a scenario that has one of its own.
#[derive(Debug)]
pub(super) struct Engine;

#[derive(Debug)]
struct Blow {
    fate: Fate,
    /// Waits until a statement runs.
    once_busy: bool,
}

#[derive(Debug, Clone, Copy)]
enum Fate {
    /// It ends at once, as in a crash.
    Kill,
    /// It does nothing more, and answers nobody.
    Stop,
    /// It goes on where it was stopped.
    Continue,
}

impl Verb for Engine {
    fn name(&self) -> &'static str {
        "engine"
    }

    fn checkable(&self) -> Checkable {
        Checkable::Nothing
    }

    fn shape(&self) -> Shape {
        Shape::of(
            "Kills, stops or continues the hyperd of a scenario that has one of its own.",
            shape::choice(&["kill", "stop", "continue"]),
        )
        .key("once", "Waits until a statement runs.", shape::choice(&["busy"]))
    }

    fn has_client(&self) -> bool {
        true
    }

    fn decode(&self, verb: &Verbal<'_>, fields: &mut Fields<'_>, decoder: &mut Decoder) -> Option<Box<dyn Action>> {
        let fate = match verb.value.as_text() {
            Some("kill") => Fate::Kill,
            Some("stop") => Fate::Stop,
            Some("continue") => Fate::Continue,
            _ => {
                decoder.expected(verb.value, "`engine`", "`kill`, `stop` or `continue`");
                return None;
            }
        };
        let once_busy = match fields.take("once") {
            None => false,
            Some(node) if node.as_text() == Some("busy") => true,
            Some(node) => {
                decoder.expected(node, "`once`", "`busy`");
                return None;
            }
        };
        Some(Box::new(Blow { fate, once_busy }))
    }
}

impl Action for Blow {
    fn strikes_engine(&self) -> bool {
        true
    }

    fn perform<'a>(&'a self, frame: &'a Frame<'a>, step: &'a Step) -> LocalBoxFuture<'a, Result<Answer, Failure>> {
        async move {
            let stopped = &frame.scene.stopped_engine;
            let failed = |reason: String| Failure::new(&step.span, "failed to reach hyperd", reason);
            let pid = match (self.fate, stopped.take()) {
                (Fate::Continue, None) => return Err(failed("no step has stopped it".to_owned())),
                (_, Some(pid)) => pid,
                (_, None) => pid(frame, step).await.map_err(failed)?,
            };
            while self.once_busy && !busy(frame, step).await.map_err(failed)? {
                tokio::time::sleep(BUSY_EVERY).await;
            }
            signal(self.fate, pid).map_err(failed)?;
            if matches!(self.fate, Fate::Stop) {
                stopped.set(Some(pid));
            }
            Ok(Answer::Done)
        }
        .boxed_local()
    }
}

/// The process id of the hyperd that the server started, as the server tells it.
async fn pid(frame: &Frame<'_>, step: &Step) -> Result<u32, String> {
    let client = frame.scene.client(&step.client).await?;
    let status = match client.call("status", Map::new(), Disturbance::default()).await {
        Reply::Result(status) => status,
        other => return Err(format!("`status` did not answer: {other:?}")),
    };
    let pid = status["structuredContent"]["engine"]["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok());
    pid.ok_or_else(|| {
        let has: Value = status["structuredContent"]["engine"].clone();
        format!("the server has no hyperd of its own; give the scenario `server: {{ engine: private }}` ({has})")
    })
}

/// Whether another statement runs than the one that asks.
async fn busy(frame: &Frame<'_>, step: &Step) -> Result<bool, String> {
    let client = frame.scene.client(&step.client).await?;
    let sql = "SELECT count(*) AS active FROM pg_catalog.pg_stat_activity WHERE state = 'active'";
    let arguments = Map::from_iter([("sql".to_owned(), Value::from(sql))]);
    match client.call("query", arguments, Disturbance::default()).await {
        Reply::Result(answer) => {
            Ok(answer["structuredContent"]["result"][0]["active"].as_u64().is_some_and(|active| active > 1))
        }
        other => Err(format!("`query` did not answer: {other:?}")),
    }
}

#[cfg(unix)]
fn signal(fate: Fate, pid: u32) -> Result<(), String> {
    use rustix::process::{Pid, Signal, kill_process};
    let signal = match fate {
        Fate::Kill => Signal::KILL,
        Fate::Stop => Signal::STOP,
        Fate::Continue => Signal::CONT,
    };
    let id = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or_else(|| format!("{pid} is no process id"))?;
    kill_process(id, signal).map_err(|error| format!("could not signal process {pid}: {error}"))
}

#[cfg(not(unix))]
fn signal(fate: Fate, pid: u32) -> Result<(), String> {
    Err(format!("{fate:?} of process {pid} needs signals, which this system does not have"))
}
