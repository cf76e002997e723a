//! One step: done, checked, tried again where the scenario says so, and never longer than its deadline.

use std::time::Duration;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use tokio::time::Instant;

use super::check::{self, Seen};
use super::{Answer, Failure, Frame};
use crate::checks::Eventually;
use crate::pattern;
use crate::scenario::Step;
use crate::target::{Direction, Message};
use crate::when;

/// How long a step may take when it says nothing: far more than any step needs, far less than a person waits.
const STEP_DEADLINE_DEFAULT: Duration = Duration::from_secs(30);

/// How many tries of an `eventually` a failure shows.
const HISTORY_MAX: usize = 5;

/// Does the steps in turn; the first failure ends it.
pub fn run_steps<'a>(steps: &'a [Step], frame: &'a Frame<'a>) -> LocalBoxFuture<'a, Result<(), Failure>> {
    async move {
        for step in steps {
            run_step(step, frame).await?;
        }
        Ok(())
    }
    .boxed_local()
}

/// Does one step, unless its `when` says otherwise.
pub(crate) async fn run_step(step: &Step, frame: &Frame<'_>) -> Result<(), Failure> {
    if !applies(step, frame)? {
        return Ok(());
    }
    let log_from = frame.scene.log.len();
    let traffic_from = frame.scene.known_client(&step.client).map_or(0, |client| client.traffic.len());
    let limit = match &step.checks.eventually {
        Some(eventually) => eventually.within + STEP_DEADLINE_DEFAULT,
        None => step.within.unwrap_or(STEP_DEADLINE_DEFAULT),
    };
    let done = match tokio::time::timeout(limit, attempt(step, frame, traffic_from, log_from)).await {
        Ok(done) => done,
        Err(_) => Err(Failure::new(&step.span, format!("the step did not end within {limit:?}"), "still running")
            .help("if it may take longer, say so with `within:`")),
    };
    // A step with steps inside has failed in one of them, which told its own traffic.
    done.map_err(|failure| {
        if failure.sections.iter().any(is_traffic) {
            failure
        } else {
            tell(failure, step, frame, traffic_from, log_from)
        }
    })
}

const TRAFFIC: &str = "traffic";

fn is_traffic(section: &super::Section) -> bool {
    section.heading.starts_with(TRAFFIC)
}

fn tell(failure: Failure, step: &Step, frame: &Frame<'_>, traffic_from: usize, log_from: usize) -> Failure {
    let messages =
        frame.scene.known_client(&step.client).map_or_else(Vec::new, |client| client.traffic.since(traffic_from));
    failure
        .section(format!("{TRAFFIC} of the step ({} messages)", messages.len()), write_traffic(&messages))
        .section("server log of the step", frame.scene.log.since(log_from))
}

fn write_traffic(messages: &[Message]) -> String {
    let arrow = |message: &Message| if message.direction == Direction::Sent { "->" } else { "<-" };
    let lines: Vec<String> =
        messages.iter().map(|message| format!("{} {}", arrow(message), pattern::brief(&message.body))).collect();
    lines.join("\n")
}

fn applies(step: &Step, frame: &Frame<'_>) -> Result<bool, Failure> {
    match &step.when {
        Some(when) => Ok(when::holds(&frame.resolve(when)?)),
        None => Ok(true),
    }
}

async fn attempt(step: &Step, frame: &Frame<'_>, traffic_from: usize, log_from: usize) -> Result<(), Failure> {
    let Some(eventually) = &step.checks.eventually else {
        let answer = step.action.perform(frame, step).await?;
        return judge(step, &answer, frame, traffic_from, log_from);
    };
    poll(step, frame, eventually, traffic_from, log_from).await
}

fn judge(step: &Step, answer: &Answer, frame: &Frame<'_>, traffic_from: usize, log_from: usize) -> Result<(), Failure> {
    let client = frame.scene.known_client(&step.client);
    let log = frame.scene.log.since(log_from);
    let seen = Seen { traffic: client.as_ref().map(|client| (&client.traffic, traffic_from)), log: &log };
    check::check(step, answer, frame, &seen)?;
    check::save(step, answer, frame)
}

async fn poll(
    step: &Step,
    frame: &Frame<'_>,
    eventually: &Eventually,
    traffic_from: usize,
    log_from: usize,
) -> Result<(), Failure> {
    let began = Instant::now();
    let mut history = Vec::new();
    loop {
        let (value, failure) = match step.action.perform(frame, step).await {
            Ok(answer) => match judge(step, &answer, frame, traffic_from, log_from) {
                Ok(()) => return Ok(()),
                Err(failure) => (answer.value(), failure),
            },
            Err(failure) if step.action.checks_itself() => (failure.title.clone().into(), failure),
            Err(failure) => return Err(failure),
        };
        history.push(format!("after {:?}: {}", began.elapsed(), pattern::brief(&value)));
        let story = |failure: Failure, title: String| {
            Failure { title, ..failure }.section("tries, the last ones", last(&history))
        };
        if let Some(abort) = &eventually.abort_if
            && pattern::fits(&frame.resolve(abort)?, Some(&value))
        {
            let title = format!("`abort_if` fits the answer, so it will not come right: {}", failure.title);
            return Err(story(failure, title));
        }
        if began.elapsed() + eventually.every > eventually.within {
            let title = format!("{} (tried {} times in {:?})", failure.title, history.len(), eventually.within);
            return Err(story(failure, title));
        }
        tokio::time::sleep(eventually.every).await;
    }
}

fn last(history: &[String]) -> String {
    history[history.len().saturating_sub(HISTORY_MAX)..].join("\n")
}
