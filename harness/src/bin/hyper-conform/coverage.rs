//! `hyper-conform coverage`

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use hyper_conform::target::Duplex;
use hyper_conform::{Engines, Stage, Suite, coverage, tools};
use hyperd_mcp::error::Code;

use super::{FAILURES, Stop};

#[derive(Debug, Args)]
pub(super) struct CoverageArgs {
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Markdown)]
    format: Format,
    /// Fail where something is never accepted, or never refused
    #[arg(long)]
    check: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Markdown,
    Json,
}

pub(super) fn coverage(args: &CoverageArgs, suite: &Suite) -> Result<ExitCode, Stop> {
    let stage = Stage::new(std::sync::Arc::new(Duplex), Engines::default(), &suite.root, false);
    let tools = tools::of_target(&stage).map_err(Stop::CouldNotRun)?;
    let mut rows = coverage::of_requirements(suite);
    rows.extend(coverage::of_tools(suite, &tools));
    rows.extend(coverage::of_codes(suite, &Code::ALL.map(Code::as_str)));
    let text = match args.format {
        Format::Markdown => coverage::markdown(&rows),
        Format::Json => format!("{:#}\n", coverage::json(&rows)),
    };
    write!(io::stdout(), "{text}").map_err(|error| Stop::Usage(format!("failed to write: {error}")))?;
    let gaps = rows.iter().filter(|row| row.gap.is_some()).count();
    Ok(if args.check && gaps > 0 { ExitCode::from(FAILURES) } else { ExitCode::SUCCESS })
}
