//! Scenarios inside another test, such as a `#[tokio::test]`.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::libtest::told;
use crate::report::{Summary, failure};
use crate::run::{Engines, Stage};
use crate::suite::Suite;
use crate::target::Target;
use crate::{jobs_default, plan, run_all};

/// Scenarios that could not be read, that failed, or that could not be run: the whole story, as a person reads it.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unmet(String);

impl fmt::Debug for Unmet {
    /// As it is displayed, because `unwrap` and a test that returns it show it this way.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{}", self.0)
    }
}

/// Runs the suite in a folder against a target: the files `<area>/<feature>.yaml` below it.
///
/// # Errors
///
/// Everything that is wrong in the files, or every scenario that failed or could not be run.
///
/// # Panics
///
/// Outside of a tokio runtime.
pub async fn check(target: impl Target + 'static, suite: impl AsRef<Path>) -> Result<Summary, Unmet> {
    let suite = Suite::load(suite.as_ref()).map_err(|problems| Unmet(told(&problems)))?;
    run(target, suite).await
}

/// Runs a scenario file that is given as its text.
///
/// # Errors
///
/// As [`check`].
///
/// # Panics
///
/// Outside of a tokio runtime.
pub async fn check_text(target: impl Target + 'static, text: &str) -> Result<Summary, Unmet> {
    let suite = Suite::of_text(text).map_err(|problems| Unmet(told(&problems)))?;
    run(target, suite).await
}

async fn run(target: impl Target + 'static, suite: Suite) -> Result<Summary, Unmet> {
    let stage = Stage::new(Arc::new(target), Engines::default(), &suite.root, false);
    // A case brings a runtime of its own, which cannot be entered from within another one.
    let done = tokio::task::spawn_blocking(move || {
        let reports = run_all(&plan::cases(&suite), &stage, jobs_default(), |_| true);
        stage.engines.stop();
        reports
    });
    let reports = done.await.map_err(|error| Unmet(format!("the run broke off: {error}")))?;
    let failures: Vec<String> =
        reports.iter().map(|report| failure::render(report, false)).filter(|text| !text.is_empty()).collect();
    if failures.is_empty() { Ok(Summary::of(&reports, reports.len())) } else { Err(Unmet(failures.join("\n"))) }
}
