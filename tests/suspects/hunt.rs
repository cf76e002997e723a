//! Scenarios against broken servers, and what came of it.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use hyper_conform::run::{self, Promises};
use hyper_conform::scenario::Step;
use hyper_conform::target::{Duplex, Target};
use hyper_conform::{Case, CaseReport, Engines, Stage, Suite, Verdict, jobs_default, plan, run_all};
use libtest_mimic::Failed;

use crate::fault::Fault;
use crate::mutants;
use crate::null::Null;
use crate::suspect::Suspect;
use crate::table::{self, Row};

/// Scenarios with one of these tags are left out of the hunt for suspects, because the quick ones must do.
const LEFT_OUT: [&str; 2] = ["network", "slow"];

/// How many scenarios run at once against a server with nothing behind it: they cost little and wait for much in vain.
const NULL_JOBS: NonZero<usize> = NonZero::new(16).unwrap();

/// How many scenarios a failure names.
const NAMED_MAX: usize = 20;

/// All cases, and what was found.
pub(super) struct Hunt {
    cases: Vec<Case>,
    root: PathBuf,
    engines: Engines,
    /// Whether every scenario of the group is run, not only those up to the first catch.
    whole: bool,
    /// Whether these cases pass against the server without a fault, seen through the same pipe.
    honest: Mutex<BTreeMap<String, bool>>,
    rows: Mutex<Vec<Row>>,
}

impl Hunt {
    pub(super) fn new(suite: &Suite, whole: bool) -> Self {
        Self {
            cases: plan::cases(suite).into_iter().filter(|case| case.scenario().ignore.is_none()).collect(),
            root: suite.root.clone(),
            engines: Engines::default(),
            whole,
            honest: Mutex::default(),
            rows: Mutex::default(),
        }
    }

    /// Ends the hyperd of the hunt.
    pub(super) fn stop(&self) {
        self.engines.stop();
    }

    /// What was found.
    pub(super) fn table(&self) -> String {
        table::render(&self.rows.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// No scenario passes against a server that has nothing behind it.
    pub(super) fn null(&self, name: &str, null: &Null) -> Result<(), Failed> {
        // The plainest one meets every case, also in a quick run.
        let cases = if matches!(null, Null::Nothing) { self.cases.iter().collect() } else { self.sample() };
        self.judge_null(name, &self.fails(null, &cases))
    }

    /// Nor against one that guesses which error a scenario waits for.
    pub(super) fn clairvoyant(&self, name: &str) -> Result<(), Failed> {
        let mut by_code: BTreeMap<String, Vec<&Case>> = BTreeMap::new();
        for case in self.sample() {
            for code in codes(&case.scenario().steps) {
                by_code.entry(code).or_default().push(case);
            }
        }
        // All at once, because in each of them the last cases do nothing but wait.
        let runs: Vec<(String, bool)> = std::thread::scope(|scope| {
            let spawn = |(code, cases): (String, Vec<_>)| scope.spawn(move || self.fails(&Null::Refusal(code), &cases));
            let hunts: Vec<_> = by_code.into_iter().map(spawn).collect();
            hunts.into_iter().flat_map(|hunt| hunt.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
        });
        self.judge_null(name, &runs)
    }

    /// Every case; in a quick run, of each quick scenario the first.
    fn sample(&self) -> Vec<&Case> {
        let mut seen = BTreeSet::new();
        let first = |case: &&Case| self.whole || (is_quick(case) && seen.insert(case.scenario().span.place()));
        self.cases.iter().filter(first).collect()
    }

    /// Which cases fail against a null server; those that need something else than what is here are left out.
    fn fails(&self, null: &Null, cases: &[&Case]) -> Vec<(String, bool)> {
        let bare = self.stage(Arc::new(null.target()), true);
        // A scenario that wants a hyperd of its own gets it, for nothing.
        let with_engine = self.stage(Arc::new(null.target().with_engine()), true);
        let cases = cases.iter().map(|case| (*case).clone());
        let (private, others): (Vec<Case>, Vec<Case>) = cases.partition(|case| case.scenario().server.private_engine);
        let run = |cases: &[Case], stage| run_all(cases, stage, NULL_JOBS, |_| true);
        let reports = run(&others, &bare).into_iter().chain(run(&private, &with_engine));
        let applicable = |report: CaseReport| match report.verdict {
            Verdict::NotApplicable(_) | Verdict::Ignored(_) => None,
            verdict => Some((report.id, matches!(verdict, Verdict::Fail(_)))),
        };
        reports.filter_map(applicable).collect()
    }

    fn judge_null(&self, name: &str, runs: &[(String, bool)]) -> Result<(), Failed> {
        let passed: Vec<&str> = runs.iter().filter(|(_, failed)| !failed).map(|(id, _)| id.as_str()).collect();
        let (tried, caught) = (runs.len(), runs.len() - passed.len());
        self.note(Row { group: table::NULL, suspect: name.to_owned(), tried, caught, first: None });
        if passed.is_empty() {
            return Ok(());
        }
        let named: Vec<&str> = passed.iter().copied().take(NAMED_MAX).collect();
        Err(Failed::from(format!(
            "{} scenarios do not fail against a server that {name}, so that they prove nothing; add a step that the \
             server must get right:\n  {}",
            passed.len(),
            named.join("\n  ")
        )))
    }

    /// A scenario of the group catches the suspect, and passes against the server as it is.
    pub(super) fn suspect(&self, group: &'static str, suspect: &Suspect) -> Result<(), Failed> {
        let stage = self.stage(Arc::new(suspect.fault.target()), suspect.held_to_schemas);
        let first_tried = |case: &Case| case.id.contains(suspect.first);
        let eligible = |case: &&Case| proves(case, group) && (self.whole || is_quick(case) || first_tried(case));
        let mut cases: Vec<&Case> = self.cases.iter().filter(eligible).collect();
        cases.sort_by_key(|case| (!first_tried(case), !is_quick(case)));
        let (mut tried, mut caught, mut first) = (0, 0, None);
        for case in cases {
            tried += 1;
            if let Verdict::Fail(failures) = run::run_case(case, &stage).verdict
                && (!self.whole || self.passes_honest(case))
            {
                caught += 1;
                first = first.or_else(|| failures.first().map(|failure| (case.id.clone(), failure.title.clone())));
                if !self.whole {
                    break;
                }
            }
        }
        self.note(Row { group, suspect: suspect.name.to_owned(), tried, caught, first });
        if caught > 0 {
            return Ok(());
        }
        Err(Failed::from(format!(
            "none of the {tried} scenarios that prove `{group}.*` and were tried catches a server that {}; write one that \
             does, or, if it is a slow one, name it as the one to try first",
            suspect.name
        )))
    }

    /// The pipe alone does no harm: a scenario of each area passes through it.
    pub(super) fn honest(&self) -> Result<(), Failed> {
        let mut areas = BTreeSet::new();
        let area = |case: &&Case| areas.insert(case.id.split_once("::").map(|(area, _)| area.to_owned()));
        let harmed =
            self.cases.iter().filter(|case| is_quick(case)).filter(area).find(|case| !self.passes_honest(case));
        harmed.map_or(Ok(()), |case| Err(Failed::from(format!("{} fails against a server without a fault", case.id))))
    }

    /// Each expectation that is changed makes its scenario fail against the server as it is.
    pub(super) fn mutants(&self, suite: &Suite, seed: u64) -> Result<(), Failed> {
        let folder = tempfile::tempdir()?;
        let mutants = mutants::load(&self.root, &folder.path().join("scenarios"), mutants::pick(suite, seed))?;
        let stage = self.stage(Arc::new(Duplex), true);
        let (next, survivors) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        std::thread::scope(|scope| {
            for _ in 0..jobs_default().get() {
                scope.spawn(|| {
                    while let Some((mutant, cases)) = mutants.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let fails = |case: &Case| matches!(run::run_case(case, &stage).verdict, Verdict::Fail(_));
                        if !cases.iter().any(fails) {
                            survivors.lock().unwrap_or_else(PoisonError::into_inner).push(mutant.told.clone());
                        }
                    }
                });
            }
        });
        let survivors = survivors.into_inner().unwrap_or_else(PoisonError::into_inner);
        let (tried, caught) = (mutants.len(), mutants.len() - survivors.len());
        let suspect = format!("scenario expects something wrong, seed {seed}");
        self.note(Row { group: table::MUTANT, suspect, tried, caught, first: None });
        if survivors.is_empty() {
            return Ok(());
        }
        Err(Failed::from(format!(
            "{} of {tried} changed expectations still hold (again: HYPER_CONFORM_SEED={seed}):\n  {}",
            survivors.len(),
            survivors.join("\n  ")
        )))
    }

    fn passes_honest(&self, case: &Case) -> bool {
        let known = self.honest.lock().unwrap_or_else(PoisonError::into_inner).get(&case.id).copied();
        known.unwrap_or_else(|| {
            let passed = passes(case, &self.stage(Arc::new(Fault::Nothing.target()), true));
            self.honest.lock().unwrap_or_else(PoisonError::into_inner).insert(case.id.clone(), passed);
            passed
        })
    }

    fn stage(&self, target: Arc<dyn Target>, held_to_schemas: bool) -> Stage {
        let stage = Stage::new(target, self.engines.clone(), &self.root, false);
        if held_to_schemas { stage } else { Stage { promises: Arc::new(Promises::none()), ..stage } }
    }

    fn note(&self, row: Row) {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner).push(row);
    }
}

fn passes(case: &Case, stage: &Stage) -> bool {
    matches!(run::run_case(case, stage).verdict, Verdict::Pass)
}

fn proves(case: &Case, group: &str) -> bool {
    let of_group = |id: &str| id.split_once('.').is_some_and(|(known, _)| known == group);
    case.scenario().requirements.iter().any(|(id, _)| of_group(id))
}

fn is_quick(case: &Case) -> bool {
    let scenario = case.scenario();
    !scenario.server.private_engine && scenario.tags.iter().all(|tag| !LEFT_OUT.contains(&tag.as_str()))
}

/// The codes of the errors that the steps wait for.
fn codes(steps: &[Step]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for step in steps {
        let entries = step.checks.error.as_ref().and_then(|error| error.as_map()).unwrap_or_default();
        let values =
            entries.iter().filter(|entry| entry.key.name == "code").map(|entry| entry.value.to_json().to_string());
        // A matcher may name several.
        let words = values.flat_map(|value| {
            value.split(|c: char| !c.is_ascii_uppercase() && c != '_').map(str::to_owned).collect::<Vec<_>>()
        });
        found.extend(words.filter(|word| word.contains(|c: char| c.is_ascii_uppercase())));
        found.extend(step.action.inner().map(codes).unwrap_or_default());
    }
    found
}
