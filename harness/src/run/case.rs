//! One case from its directory to its verdict.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::SystemTime;

use serde_json::Value;
use tempfile::TempDir;

use super::engine::{Engine, Located};
use super::{CaseLog, CaseReport, Failure, Frame, Journal, Scene, Stage, Verdict, run_steps};
use crate::datasets;
use crate::plan::Case;
use crate::scenario::Step;
use crate::target::{Complaint, Launch, Log};
use crate::vars::{self, DATASET_PREFIX, Vars};

/// Runs one case on this thread, with a runtime of its own, so that nothing of it outlives it.
///
/// A hyperd that many cases share and that died says nothing about this one: it is told on standard error, and the case
/// runs once more on a new one. What dies under it again is its failure.
pub fn run_case(case: &Case, stage: &Stage) -> CaseReport {
    let mut report = run_case_alone(case, stage);
    stage.expected.judge(&mut report);
    report
}

fn run_case_alone(case: &Case, stage: &Stage) -> CaseReport {
    let located = found(case, stage);
    let first = run_once(case, stage, &located);
    let passed = !matches!(first.verdict, Verdict::Fail(_) | Verdict::CouldNotRun(_));
    if passed || !matches!(&located, Ok(Some(located)) if !stage.engines.lives(&located.endpoint)) {
        return first;
    }
    CaseReport { reruns: 1, ..run_once(case, stage, &found(case, stage)) }
}

/// What stands for the release where there is no hyperd.
const NO_HYPERD: &str = "none";

/// The hyperd to run against, where the target needs one; the error is the verdict of a case that is not to be run.
fn found(case: &Case, stage: &Stage) -> Result<Option<Located>, Verdict> {
    let scenario = case.scenario();
    if let Some(reason) = &scenario.ignore {
        return Err(Verdict::Ignored(reason.clone()));
    }
    if let Some(reason) = stage.unmet(scenario, None) {
        return Err(Verdict::NotApplicable(reason));
    }
    let located = if stage.target.needs_engine() {
        let located = stage.engines.shared().map_err(|reason| {
            Verdict::CouldNotRun(Failure::could_not_run(&scenario.span, "there is no hyperd to run against", reason))
        })?;
        Some(located)
    } else {
        None
    };
    let release = located.as_ref().map_or(NO_HYPERD, |located| &located.release);
    match stage.unmet(scenario, Some(release)) {
        Some(reason) => Err(Verdict::NotApplicable(reason)),
        None => Ok(located),
    }
}

fn run_once(case: &Case, stage: &Stage, located: &Result<Option<Located>, Verdict>) -> CaseReport {
    let (began, journal, log) = (SystemTime::now(), Rc::new(Journal::default()), Log::default());
    let (verdict, kept) = match located {
        Err(verdict) => (verdict.clone(), None),
        Ok(located) => contained(case, || perform(case, stage, located.as_ref(), (&journal, &log))),
    };
    let elapsed = journal.elapsed();
    let evidence = matches!(verdict, Verdict::Fail(_) | Verdict::CouldNotRun(_));
    let scenario = case.scenario();
    CaseReport {
        id: case.id.clone(),
        name: scenario.name.clone(),
        span: scenario.span.clone(),
        requirements: scenario.requirements.iter().map(|(id, _)| id.clone()).collect(),
        tags: scenario.tags.clone(),
        cell: case.cell.clone(),
        attempt: case.attempt,
        reruns: 0,
        server_version: journal.server_version(),
        verdict,
        began,
        elapsed,
        steps: journal.close(evidence),
        log: if evidence { CaseLog::of(log.since(0)) } else { CaseLog::default() },
        kept,
        again: stage.again(&case.id),
    }
}

/// A panic, of the runner or of a server inside of this process, is the end of its case and not of the run.
fn contained(case: &Case, perform: impl FnOnce() -> (Verdict, Option<PathBuf>)) -> (Verdict, Option<PathBuf>) {
    // Nothing of the case is used again but its journal and its log, each of which is whole after every call.
    catch_unwind(AssertUnwindSafe(perform)).unwrap_or_else(|panic| {
        let told = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let told = told.or_else(|| panic.downcast_ref::<String>().cloned());
        let reason = told.unwrap_or_else(|| "it left no message".to_owned());
        (
            Verdict::CouldNotRun(Failure::could_not_run(
                &case.scenario().span,
                "something panicked in this case",
                reason,
            )),
            None,
        )
    })
}

fn perform(case: &Case, stage: &Stage, located: Option<&Located>, notes: Notes<'_>) -> (Verdict, Option<PathBuf>) {
    let _guard = notes.1.capture();
    match prepare(case) {
        Err(failure) => (Verdict::CouldNotRun(failure), None),
        Ok((dir, runtime)) => {
            let verdict = runtime.block_on(async {
                tokio::select! {
                    verdict = play(case, stage, &dir, located, notes) => verdict,
                    // What the case had started is dropped, and its processes end with that.
                    () = stage.interrupt.cancelled() => Verdict::CouldNotRun(interrupted(case)),
                }
            });
            let keep = stage.keep && !matches!(verdict, Verdict::Pass);
            (verdict, keep.then(|| dir.keep()))
        }
    }
}

fn prepare(case: &Case) -> Result<(TempDir, tokio::runtime::Runtime), Failure> {
    let span = &case.scenario().span;
    let stop = |title: &str, reason: String| Failure::could_not_run(span, title, reason);
    let dir = tempfile::Builder::new()
        .prefix("hyper-conform-")
        .tempdir()
        .map_err(|error| stop("failed to make the scenario's directory", error.to_string()))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| stop("failed to start a runtime", error.to_string()))?;
    Ok((dir, runtime))
}

/// What takes note of a case: of its steps, and of its server's log.
type Notes<'a> = (&'a Rc<Journal>, &'a Log);

async fn play(case: &Case, stage: &Stage, dir: &TempDir, located: Option<&Located>, notes: Notes<'_>) -> Verdict {
    match open(case, stage, dir, located, notes).await {
        Err(failure) => Verdict::CouldNotRun(failure),
        Ok((scene, vars, engine)) => {
            let mut failures = act(case, &scene, vars).await;
            scene.close().await;
            failures.extend(scene.log.complaints().into_iter().map(|complaint| complained(case, complaint)));
            drop(engine);
            match failures {
                failures if failures.is_empty() => Verdict::Pass,
                mut failures if failures[0].could_not_run => Verdict::CouldNotRun(failures.remove(0)),
                failures => Verdict::Fail(failures),
            }
        }
    }
}

async fn open(
    case: &Case,
    stage: &Stage,
    dir: &TempDir,
    located: Option<&Located>,
    (journal, log): Notes<'_>,
) -> Result<(Scene, Vars, Option<Engine>), Failure> {
    let scenario = case.scenario();
    let stop = |title: &str, reason: String| Failure::could_not_run(&scenario.span, title, reason);
    // hyperd sees through symbolic links in some answers, so the names must be the real ones from the start.
    let root = dir
        .path()
        .canonicalize()
        .map_err(|error| stop("failed to find the scenario's directory", error.to_string()))?;
    let (work, home) = (root.join("work"), root.join("server"));
    for folder in [&work, &home] {
        std::fs::create_dir(folder)
            .map_err(|error| stop("failed to make the scenario's directory", error.to_string()))?;
    }
    // A server that starts its own hyperd shares it with nobody anyway.
    let private = scenario.server.private_engine && !stage.target.starts_engine();
    let kept = private && stage.target.keeps_engine();
    let engine = match located.filter(|_| private && !kept) {
        Some(located) => {
            Some(Engine::start(&located.executable).await.map_err(|reason| stop("no private hyperd", reason))?)
        }
        None => None,
    };
    let persistent = home.join("persistent.hyper");
    let vars = names(case, stage, located, &work, &persistent)
        .map_err(|reason| stop("a public data set is missing", reason))?;
    let launch = Launch {
        persistent: scenario.server.persistent.then_some(persistent),
        read_only: scenario.server.read_only,
        scratch: home,
        endpoint: engine
            .as_ref()
            .map(Engine::endpoint)
            .or(located.filter(|_| !kept).map(|located| &located.endpoint[..]))
            .map(str::to_owned),
        hyperd: located.map(|located| located.executable.clone()),
        log: log.clone(),
        bounds: scenario.server.bounds.clone(),
    };
    let scene = Scene::open(work, Rc::clone(journal), stage, launch)
        .await
        .map_err(|reason| stop("the server did not start", reason))?;
    Ok((scene, vars, engine))
}

fn names(
    case: &Case,
    stage: &Stage,
    located: Option<&Located>,
    dir: &std::path::Path,
    persistent: &std::path::Path,
) -> Result<Vars, String> {
    let mut vars = Vars::default();
    let path = |path: &std::path::Path| Value::from(path.to_string_lossy());
    vars.set("dir", path(dir));
    vars.set("data", path(&stage.data));
    vars.set("persistent", path(persistent));
    vars.set("target", Value::from(stage.target.name()));
    vars.set("hyper.version", Value::from(located.map_or(NO_HYPERD, |located| &located.release)));
    vars.set("pid", Value::from(std::process::id()));
    for (name, value) in &case.cell {
        vars.set(name.clone(), value.clone());
    }
    let steps = case.scenario().steps.iter().chain(&case.scenario().finally);
    for name in steps.flat_map(|step| vars::names(&step.node).0).map(|(name, _)| name) {
        if let Some(dataset) = name.strip_prefix(DATASET_PREFIX)
            && vars.get(&name).is_none()
        {
            let folder = datasets::dataset(dataset).map_err(|error| error.to_string())?;
            vars.set(name, path(&folder));
        }
    }
    Ok(vars)
}

async fn act(case: &Case, scene: &Scene, vars: Vars) -> Vec<Failure> {
    let scenario = case.scenario();
    let frame = Frame::new(scene, vars);
    let mut failures: Vec<Failure> = run_steps(&scenario.steps, &frame).await.err().into_iter().collect();
    let finally: Vec<&Step> = scenario.finally.iter().rev().collect();
    for step in finally {
        if let Err(failure) = super::step::run_step(step, &frame).await {
            failures.push(Failure { title: format!("in `finally`: {}", failure.title), ..failure });
        }
    }
    failures
}

fn interrupted(case: &Case) -> Failure {
    Failure::could_not_run(&case.scenario().span, "the run was interrupted", "while this scenario ran")
}

/// What the server must not do at any time fails the case, also where every step was content.
fn complained(case: &Case, complaint: Complaint) -> Failure {
    Failure::new(&case.scenario().span, complaint.title, "in this scenario").section("it was", complaint.evidence)
}
