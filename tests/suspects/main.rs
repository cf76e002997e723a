//! The suite's own test: `cargo test --test suspects`. Servers that are broken on purpose must be caught by a scenario of
//! the group of requirements that they break, and servers with nothing behind them must fail every scenario.
//!
//! Each suspect is hunted until the first scenario that catches it, the likely ones first. `HYPER_CONFORM_MATRIX=1` runs all of its
//! group instead, and the table says how many catch it.

mod fault;
mod groups;
mod hunt;
mod mutants;
mod null;
mod suspect;
mod table;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use hyper_conform::{Suite, jobs_default, suite};
use libtest_mimic::{Arguments, Trial};

use crate::hunt::Hunt;
use crate::null::Null;

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("scenarios");
    let suite = match Suite::load(&root) {
        Ok(suite) => suite,
        Err(problems) => {
            // Not on stdout: a runner that lists tests reads every line of it.
            for problem in problems {
                eprintln!("{}\n", problem.render(false));
            }
            return ExitCode::FAILURE;
        }
    };
    let mut arguments = Arguments::from_args();
    arguments.test_threads = arguments.test_threads.or(Some(jobs_default().get()));
    let hunt = Arc::new(Hunt::new(&suite, std::env::var_os("HYPER_CONFORM_MATRIX").is_some()));
    let mut trials = nulls(&hunt);
    let honest = Arc::clone(&hunt);
    trials.push(Trial::test("suspects::a_server_without_a_fault_passes", move || honest.honest()));
    for (group, suspects) in groups::GROUPS {
        for suspect in suspects {
            let hunt = Arc::clone(&hunt);
            let name = format!("suspects::{group}::{}", suite::slug(suspect.name));
            trials.push(Trial::test(name, move || hunt.suspect(group, suspect)));
        }
    }
    let mutated = Arc::clone(&hunt);
    // About as long as all scenarios take, since each of them is run.
    let mutants = Trial::test("mutants::every_changed_expectation_fails", move || mutated.mutants(&suite, seed()));
    trials.push(mutants.with_ignored_flag(true));
    let conclusion = libtest_mimic::run(&arguments, trials);
    hunt.stop();
    eprint!("{}", hunt.table());
    conclusion.exit_code()
}

/// The mutants differ from run to run, unless a run is to be done again.
fn seed() -> u64 {
    let given = std::env::var("HYPER_CONFORM_SEED").ok().and_then(|seed| seed.parse().ok());
    given.unwrap_or_else(|| u64::from(std::process::id()))
}

fn nulls(hunt: &Arc<Hunt>) -> Vec<Trial> {
    let trial = |name: &str, null: Option<Null>| {
        let (hunt, name) = (Arc::clone(hunt), name.to_owned());
        Trial::test(format!("nulls::{}", suite::slug(&name)), move || match null {
            Some(null) => hunt.null(&name, &null),
            None => hunt.clairvoyant(&name),
        })
    };
    vec![
        trial("answers every call with an empty success", Some(Null::Nothing)),
        trial("answers every call with its own arguments", Some(Null::Echo)),
        trial("refuses every call with the code that the scenario waits for", None),
    ]
}
