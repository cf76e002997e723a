//! A target's list of expected failures: found, read, and written anew by `run --bless-expected`.

use std::path::{Path, PathBuf};

use hyper_conform::target::expected::{Known, Reading};
use hyper_conform::target::{self, Expected, Target};
use hyper_conform::{CaseReport, Stage, Suite, plan};

use super::{Stop, bless, render};

/// Every case of the suite, and why the target cannot be asked where that is so.
pub(super) fn known(suite: &Suite, stage: &Stage) -> Vec<Known> {
    let known = |case: plan::Case| {
        let scenario = case.scenario();
        let unmet = scenario.ignore.clone().or_else(|| stage.unmet(scenario, None));
        Known { unmet, id: case.id }
    };
    plan::cases(suite).into_iter().map(known).collect()
}

/// The list that stands beside the target's file.
pub(super) fn load(known: &[Known], target: &dyn Target, reading: Reading) -> Result<Expected, Stop> {
    let Some(path) = path(target) else { return Ok(Expected::default()) };
    Expected::load(&path, &path.display().to_string(), known, reading)
        .map_err(|problems| Stop::Usage(render("the expected failures cannot be read", &problems, false)))
}

/// Where the list is to be written.
pub(super) fn blessable(target: &dyn Target) -> Result<PathBuf, Stop> {
    bless::refuse_in_ci()?;
    path(target).ok_or_else(|| {
        Stop::Usage(format!("the target `{}` has no file, so it has no list of expected failures", target.name()))
    })
}

/// Writes the list anew, and says what is different.
pub(super) fn bless(path: &Path, before: &Expected, known: &[Known], reports: &[CaseReport]) -> Result<String, Stop> {
    let new = target::rewrite(before, reports, known);
    std::fs::write(path, &new.text)
        .map_err(|error| Stop::Usage(format!("failed to write {}: {error}", path.display())))?;
    let reasons = match new.without_reason {
        0 => String::new(),
        count => format!("; fill in the reasons of {count} entries"),
    };
    Ok(format!("{}: {} cases added, {} taken out{reasons}", path.display(), new.added, new.removed))
}

fn path(target: &dyn Target) -> Option<PathBuf> {
    target.file().map(|file| file.with_extension("expected.toml"))
}
