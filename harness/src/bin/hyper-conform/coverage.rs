//! `hyper-conform coverage`

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use hyper_conform::{Engines, Stage, Suite, coverage, tools};
use hyperd_mcp::error::Code;

use super::{FAILURES, Named, Stop};

#[derive(Debug, Args)]
pub(super) struct CoverageArgs {
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Markdown)]
    format: Format,
    /// Fail where something is never accepted, or never refused
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    target: Named,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Markdown,
    Json,
}

pub(super) fn coverage(args: &CoverageArgs, suite: &Suite) -> Result<ExitCode, Stop> {
    let stage = Stage::new(args.target.find(suite)?, Engines::default(), &suite.root, false);
    let tools = tools::of_target(&stage).map_err(Stop::CouldNotRun)?;
    stage.engines.stop();
    let mut rows = coverage::of_requirements(suite);
    rows.extend(coverage::of_tools(suite, &tools));
    // A server without a hyperd has errors of its own; those that the suite announces are counted all the same.
    let codes = Code::ALL.map(Code::as_str);
    rows.extend(coverage::of_codes(suite, if stage.target.needs_engine() { &codes } else { &[] }));
    let text = match args.format {
        Format::Markdown => coverage::markdown(&rows),
        Format::Json => format!("{:#}\n", coverage::json(&rows)),
    };
    write!(io::stdout(), "{text}").map_err(|error| Stop::Usage(format!("failed to write: {error}")))?;
    let gaps = rows.iter().filter(|row| row.gap.is_some()).count();
    Ok(if args.check && gaps > 0 { ExitCode::from(FAILURES) } else { ExitCode::SUCCESS })
}
