//! Scenarios as the tests of a Rust package: each is a test of its own, for `cargo test` and `cargo nextest`.
//!
//! ```no_run
//! // tests/scenarios.rs, with `[[test]] name = "scenarios" harness = false` in Cargo.toml
//! use hyper_conform::{libtest, target::Demo};
//!
//! fn main() -> std::process::ExitCode {
//!     libtest::main(Demo, concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios"))
//! }
//! ```

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::plan::{self, Case};
use crate::report::failure;
use crate::run::{Engines, Stage, Verdict, run_case};
use crate::source::Diagnostic;
use crate::suite::Suite;
use crate::target::Target;

/// Scenarios with this tag are ignored as tests, so that `cargo test` stays quick; `-- --include-ignored` runs them.
pub const SLOW: &str = "slow";

/// Runs the suite in the folder `suite` with the arguments of `cargo test`, and says how it went.
///
/// `HYPER_CONFORM_KEEP=1` keeps the files of what failed, `HYPER_CONFORM_PROTOCOL=2026-07-28` sets the revision of MCP.
pub fn main(target: impl Target + 'static, suite: impl AsRef<Path>) -> ExitCode {
    let read = Suite::load(suite.as_ref());
    let prepared = read.map_err(|problems| told(&problems)).and_then(|suite| Ok((stage(target, &suite.root)?, suite)));
    match prepared {
        Ok((stage, suite)) => {
            let trials = plan::cases(&suite).into_iter().map(|case| trial(case, &stage, |text| text)).collect();
            run(&stage, trials)
        }
        Err(text) => refuse(&text),
    }
}

/// A stage for tests: with what the environment says, and with the line that runs one of them again.
///
/// # Errors
///
/// A revision of MCP that does not exist.
pub fn stage(target: impl Target + 'static, root: &Path) -> Result<Arc<Stage>, String> {
    let keep = std::env::var_os("HYPER_CONFORM_KEEP").is_some();
    let mut stage = Stage::new(Arc::new(target), Engines::default(), root, keep);
    if let Ok(protocol) = std::env::var("HYPER_CONFORM_PROTOCOL") {
        stage.protocol = protocol.parse()?;
    }
    stage.again = format!("cargo test --test {} --", test_name());
    Ok(Arc::new(stage))
}

/// One case as a test; `tell` has the last word on a failure's text.
pub fn trial(case: Case, stage: &Arc<Stage>, tell: impl Fn(String) -> String + Send + 'static) -> Trial {
    let scenario = case.scenario();
    // Known before anything runs, so that a runner with a process for each test shows it too.
    let unmet = stage.unmet(scenario, None).is_some();
    let ignored = unmet || scenario.ignore.is_some() || scenario.tags.iter().any(|tag| tag == SLOW);
    let stage = Arc::clone(stage);
    Trial::test(case.id.clone(), move || {
        let report = run_case(&case, &stage);
        match &report.verdict {
            Verdict::Pass | Verdict::Ignored(_) | Verdict::ExpectedFailure { .. } => Ok(()),
            Verdict::NotApplicable(reason) => {
                // Not on stdout, which belongs to the test runner.
                eprintln!("{}: not applicable: {reason}", report.id);
                Ok(())
            }
            Verdict::Fail(_) | Verdict::CouldNotRun(_) => Err(Failed::from(tell(failure::render(&report, false)))),
        }
    })
    .with_ignored_flag(ignored)
}

/// Runs tests on the stage, as many at once as scenarios bear.
pub fn run(stage: &Stage, trials: Vec<Trial>) -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = arguments.test_threads.or(Some(crate::jobs_default().get()));
    let conclusion = libtest_mimic::run(&arguments, trials);
    stage.engines.stop();
    conclusion.exit_code()
}

/// Ends a test program whose files are wrong. Not on stdout: a runner that lists tests reads every line of it.
pub fn refuse(text: &str) -> ExitCode {
    eprintln!("{text}");
    ExitCode::FAILURE
}

/// All that is wrong, one below the other.
pub fn told(problems: &[Diagnostic]) -> String {
    problems.iter().map(|problem| problem.render(false)).collect::<Vec<_>>().join("\n\n")
}

/// The test program's name: cargo puts a hash behind it.
fn test_name() -> String {
    let program = std::env::current_exe().unwrap_or_default();
    let stem = program.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    stem.rsplit_once('-').map_or(stem.clone(), |(name, _)| name.to_owned())
}
