//! One step: done, checked, tried again where the scenario says so, and never longer than its deadline.

use std::time::Duration;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use tokio::time::Instant;

use super::check::{self, Seen};
use super::journal::Mark;
use super::{Answer, Failure, Frame, StepVerdict};
use crate::checks::Eventually;
use crate::mend::Mend;
use crate::pattern;
use crate::scenario::Step;
use crate::when;

/// How long a step may take when it says nothing: far more than any step needs, far less than a person waits.
const STEP_DEADLINE_DEFAULT: Duration = Duration::from_secs(30);

/// Why no value is written where a step that is tried again did not hold in time.
const LAST_TRY: &str = "the step is tried until it holds, and the last answer may be one on the way";

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

/// Does one step, unless its `when` says otherwise, and notes what it did.
pub(crate) async fn run_step(step: &Step, frame: &Frame<'_>) -> Result<(), Failure> {
    let scene = frame.scene;
    let from = Begun {
        traffic: Mark::of(scene.known_client(&step.client).as_ref().map(|client| &client.traffic)),
        log: scene.log.len(),
    };
    let number = scene.journal.begin(step, frame.parent(), from.log);
    let done = match applies(step, frame) {
        Ok(true) => Some(timed(step, &frame.inside(number), &from).await),
        Ok(false) => None,
        Err(failure) => Some(Err(failure)),
    };
    let verdict = match &done {
        None => StepVerdict::Skipped,
        Some(Ok(())) => StepVerdict::Pass,
        Some(Err(_)) => StepVerdict::Fail,
    };
    let heard = scene
        .known_client(&step.client)
        .map_or_else(Vec::new, |client| client.traffic.since(from.traffic.from(&client.traffic)));
    scene.journal.end(number, verdict, heard, scene.log.len());
    // A step with steps inside has failed in one of them.
    done.unwrap_or(Ok(())).map_err(|failure| Failure { step: failure.step.or(Some(number)), ..failure })
}

/// Where traffic and log stood when a step began.
struct Begun {
    traffic: Mark,
    log: usize,
}

async fn timed(step: &Step, frame: &Frame<'_>, from: &Begun) -> Result<(), Failure> {
    if !step.action.only_looks() {
        frame.scene.acts();
    }
    let limit = match &step.checks.eventually {
        Some(eventually) => eventually.within + STEP_DEADLINE_DEFAULT,
        None if step.action.keeps_time() => step.within.unwrap_or_default() + STEP_DEADLINE_DEFAULT,
        None => step.within.unwrap_or(STEP_DEADLINE_DEFAULT),
    };
    tokio::time::timeout(limit, attempt(step, frame, from)).await.unwrap_or_else(|_| {
        Err(Failure::new(&step.span, format!("the step did not end within {limit:?}"), "still running")
            .help("if it may take longer, say so with `within:`"))
    })
}

fn applies(step: &Step, frame: &Frame<'_>) -> Result<bool, Failure> {
    match &step.when {
        Some(when) => Ok(when::holds(&frame.resolve(when)?)),
        None => Ok(true),
    }
}

async fn attempt(step: &Step, frame: &Frame<'_>, from: &Begun) -> Result<(), Failure> {
    let Some(eventually) = &step.checks.eventually else {
        let answer = step.action.perform(frame, step).await?;
        return judge(step, &answer, frame, from);
    };
    poll(step, frame, eventually, from).await
}

fn judge(step: &Step, answer: &Answer, frame: &Frame<'_>, from: &Begun) -> Result<(), Failure> {
    let client = frame.scene.known_client(&step.client);
    let log = frame.scene.log.since(from.log);
    let heard = client.as_ref().map(|client| (&client.traffic, from.traffic.from(&client.traffic)));
    let seen = Seen { traffic: heard, log: &log };
    check::check(step, answer, frame, &seen)?;
    check::save(step, answer, frame)
}

async fn poll(step: &Step, frame: &Frame<'_>, eventually: &Eventually, from: &Begun) -> Result<(), Failure> {
    let began = Instant::now();
    let mut history = Vec::new();
    loop {
        let (value, failure) = match step.action.perform(frame, step).await {
            Ok(answer) => match judge(step, &answer, frame, from) {
                Ok(()) => return Ok(()),
                Err(failure) => (answer.value(), failure),
            },
            Err(failure) if step.action.checks_itself() => (failure.title.clone().into(), failure),
            Err(failure) => return Err(failure),
        };
        history.push(format!("after {:?}: {}", began.elapsed(), pattern::brief(&value)));
        let story = |failure: Failure, title: String| {
            let mends = vec![Mend::refused(&failure.span, LAST_TRY)];
            Failure { title, mends, ..failure }.section("tries, the last ones", last(&history))
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
