//! Scenarios of the shipped suite, recorded and run again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hyper_conform::target::{Demands, Duplex};
use hyper_conform::{Case, Engines, Selection, Stage, Suite, Verdict, jobs_default, libtest, plan, report};

use crate::bench::{Bench, shipped, told};

/// Scenarios of each kind: routing, merging, exporting, errors of tools and of the protocol.
const FEW: [&str; 4] = [
    "route::defaults::a_call_without_a_database_goes_to_local",
    "merge::rows::a_file_that_was_appended_first_is_merged_afterwards",
    "export::place::an_export_that_fails_leaves_nothing",
    "protocol::unknown_tool::",
];

/// What happens beside the lines of a session, a recording cannot know.
const BESIDE: [(&str, &str); 6] = [
    ("watch::", "files are delivered into a folder between two requests"),
    ("detach::watched::", "the same"),
    ("stories::databases::tool_watch_directory", "the same"),
    ("copy::temp_attach::a_copy_that_is_cancelled", "the look after it waits until the copy has ended"),
    ("query::bounds::the_bound_holds_for_plans_and_settings", "SHOW ALL says by which name the server called itself"),
    ("alias::detach::another_file_put_in_the_place", "a database file is taken once"),
];

fn cases(filters: &[&str]) -> Vec<Case> {
    let suite = Suite::load(&shipped()).unwrap_or_else(|problems| panic!("{}", told(&problems)));
    let selection =
        Selection { filters: filters.iter().map(|filter| (*filter).to_owned()).collect(), ..Selection::default() };
    let mut cases = plan::select(&suite, &selection).expect("cases");
    // One client, one server, one hyperd; what is slow as a test is slow here, too.
    let stage = Stage::new(Arc::new(Duplex), Engines::default(), &shipped(), false);
    cases.retain(|case| {
        let scenario = case.scenario();
        let demands = Demands::of(scenario);
        let tagged = scenario.tags.iter().any(|tag| tag == libtest::SLOW || tag == "network");
        let more = demands.several_clients || demands.restarts_server || demands.options.private_engine;
        !tagged && !more && scenario.ignore.is_none() && stage.unmet(scenario, None).is_none()
    });
    cases
}

/// Records the cases, as many at once as there are threads for. Each must pass through the recorder as it does without.
fn record(bench: &Bench, cases: &[Case]) -> BTreeMap<String, String> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut found = Vec::new();
        while let Some((index, case)) = cases.iter().enumerate().nth(next.fetch_add(1, Ordering::Relaxed)) {
            found.push((format!("case_{index}"), case.id.clone(), bench.record(case, &format!("case_{index}"))));
        }
        found
    };
    let recorded: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..jobs_default().get()).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("a thread")).collect()
    });
    let mut names = BTreeMap::new();
    for (name, id, verdict) in recorded {
        match verdict {
            Verdict::NotApplicable(_) => {}
            Verdict::Pass => drop(names.insert(name, id)),
            other => panic!("{id} fails through the recorder: {other:?}"),
        }
    }
    names
}

/// Records the cases, and says which of them do not pass when they are run again, and why.
fn not_green(cases: &[Case]) -> (usize, Vec<String>) {
    let bench = Bench::new(Engines::default());
    let mut names = record(&bench, cases);
    // A scenario that asks nothing of its server leaves no recording.
    names.retain(|name, _| bench.out(name).is_file());
    let failures = bench.failures();
    let told = failures.iter().map(|failed| {
        let name = failed.id.split("::").nth(1).unwrap_or_default();
        let id = names.get(name).map_or("", String::as_str);
        format!("{id}\n{}", report::failure::render(failed, false))
    });
    let told = told.collect();
    bench.engines.stop();
    (names.len(), told)
}

#[test]
#[ignore = "runs each scenario three times; .ci/run runs it"]
fn some_of_each_kind_run_green_as_they_were_recorded() {
    let cases = cases(&FEW);
    let (recorded, failures) = not_green(&cases);
    assert!(recorded > FEW.len(), "only {recorded} were recorded");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Some minutes: `cargo test -p hyper-conform --test record -- --ignored --nocapture`
#[test]
#[ignore = "runs each quick scenario three times"]
fn every_quick_scenario_of_one_client_runs_green_as_it_was_recorded() {
    let cases = cases(&[]);
    let (recorded, failures) = not_green(&cases);
    let beside = |failure: &&String| BESIDE.iter().any(|(id, _)| failure.starts_with(id));
    let (known, new): (Vec<&String>, Vec<&String>) = failures.iter().partition(beside);
    eprintln!("{recorded} of {} recorded; {} known and {} other failures", cases.len(), known.len(), new.len());
    let new: Vec<&str> = new.into_iter().map(String::as_str).collect();
    assert!(new.is_empty(), "{}", new.join("\n"));
}
