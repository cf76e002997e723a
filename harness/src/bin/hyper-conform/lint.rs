//! `hyper-conform lint`

use std::io::{self, Write};
use std::process::ExitCode;

use hyper_conform::{Suite, plan};

use super::Stop;

/// The suite was read, so there is nothing wrong with it; what is left is to say what was looked at.
pub(super) fn lint(suite: &Suite) -> Result<ExitCode, Stop> {
    let scenarios: usize = suite.files.iter().map(|file| file.file.scenarios.len()).sum();
    writeln!(
        io::stdout(),
        "{} files, {} fragments, {scenarios} scenarios, {} cases, {} capabilities, {} requirements: nothing wrong",
        suite.files.len(),
        suite.fragments.len(),
        plan::cases(suite).len(),
        suite.battery.rows().count(),
        suite.requirements.len(),
    )
    .map_err(|error| Stop::Usage(format!("failed to write: {error}")))?;
    Ok(ExitCode::SUCCESS)
}
