//! `hyper-conform hyperd`

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Subcommand;
use hyperd_mcp::error::Error;
use hyperd_mcp::hyperd;

use super::Stop;

#[derive(Debug, Subcommand)]
pub(super) enum HyperdCommand {
    /// List the releases in the cache
    List {
        /// List what can be fetched instead, newest first; asks the network
        #[arg(long)]
        available: bool,
    },
    /// Fetch a release into the cache
    Install {
        /// The release, for example 0.0.26963
        release: String,
    },
    /// Print the path of the hyperd that a run would use, fetching it if need be
    Path,
}

pub(super) fn run(command: &HyperdCommand) -> Result<ExitCode, Stop> {
    let failed = |error: Error| Stop::CouldNotRun(told(&error));
    let lines = match command {
        HyperdCommand::List { available: true } => hyperd::available().map_err(failed)?,
        HyperdCommand::List { available: false } => hyperd::installed()
            .map_err(failed)?
            .into_iter()
            .map(|installed| format!("{} {}", installed.release, installed.path.display()))
            .collect(),
        HyperdCommand::Install { release } => {
            let installed = hyperd::install(release).map_err(failed)?;
            vec![format!("{} {}", installed.release, installed.path.display())]
        }
        HyperdCommand::Path => vec![hyperd::locate().map_err(failed)?.path.display().to_string()],
    };
    for line in lines {
        writeln!(io::stdout(), "{line}").map_err(|error| Stop::Usage(format!("failed to write: {error}")))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// An error with what to do next.
pub(super) fn told(error: &Error) -> String {
    match &error.suggestion {
        Some(suggestion) => format!("{}\n{suggestion}", error.message),
        None => error.message.clone(),
    }
}
