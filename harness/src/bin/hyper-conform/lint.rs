//! `hyper-conform lint`

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;
use hyper_conform::{Engines, Stage, Suite, lint, plan, tools};

use super::{Named, Stop};

#[derive(Debug, Args)]
pub(super) struct LintArgs {
    /// Look at the files alone; without it, calls are held against the server's tools/list
    #[arg(long, conflicts_with = "target")]
    offline: bool,
    #[command(flatten)]
    target: Named,
}

/// The suite was read, so its files are well formed; what is left is what they say.
pub(super) fn lint(args: &LintArgs, suite: &Suite, color: bool) -> Result<ExitCode, Stop> {
    let mut findings = lint::offline(suite);
    let mut against = String::new();
    if !args.offline {
        let stage = Stage::new(args.target.find(suite)?, Engines::default(), &suite.root, false);
        let tools = tools::of_target(&stage).map_err(|reason| {
            Stop::CouldNotRun(format!("{reason}\n`lint --offline` looks at the files alone, without a server"))
        })?;
        against = format!(", {} tools of {}", tools.len(), stage.target.name());
        stage.engines.stop();
        findings.extend(lint::against(suite, &tools));
    }
    if !findings.is_empty() {
        return Err(Stop::Usage(super::render("the scenarios are not right", &findings, color)));
    }
    let scenarios: usize = suite.files.iter().map(|file| file.file.scenarios.len()).sum();
    writeln!(
        io::stdout(),
        "{} files, {} fragments, {scenarios} scenarios, {} cases, {} capabilities, {} requirements{against}: nothing wrong",
        suite.files.len(),
        suite.fragments.len(),
        plan::cases(suite).len(),
        suite.battery.rows().count(),
        suite.requirements.len(),
    )
    .map_err(|error| Stop::Usage(format!("failed to write: {error}")))?;
    Ok(ExitCode::SUCCESS)
}
