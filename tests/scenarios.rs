//! Every scenario is a test: `cargo test --test scenarios`, with cargo test's filters, or under nextest.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use hyper_conform::target::Duplex;
use hyper_conform::{Engines, Stage, Suite, Verdict, jobs_default, plan, report, run};
use libtest_mimic::{Arguments, Failed, Trial};

/// Scenarios with this tag are ignored here, so that `cargo test` ends within a minute; `cargo conform run` runs them,
/// and so does `-- --include-ignored`.
const SLOW: &str = "slow";

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
    let stage = Arc::new(Stage::new(
        Arc::new(Duplex),
        Engines::default(),
        &root,
        std::env::var_os("HYPER_CONFORM_KEEP").is_some(),
    ));
    let trials = plan::cases(&suite).into_iter().map(|case| {
        let stage = Arc::clone(&stage);
        let scenario = case.scenario();
        // Known before anything runs, so that a runner with a process for each test shows it too.
        let unmet = stage.unmet(scenario, None).is_some();
        let ignored = unmet || scenario.ignore.is_some() || scenario.tags.iter().any(|tag| tag == SLOW);
        Trial::test(case.id.clone(), move || {
            let report = run::run_case(&case, &stage);
            match report.verdict {
                Verdict::Pass | Verdict::Ignored(_) | Verdict::NotApplicable(_) | Verdict::ExpectedFailure { .. } => {
                    Ok(())
                }
                Verdict::Fail(_) | Verdict::CouldNotRun(_) => {
                    Err(Failed::from(report::failure::render(&report, false)))
                }
            }
        })
        .with_ignored_flag(ignored)
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    stage.engines.stop();
    conclusion.exit_code()
}
