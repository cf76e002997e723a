//! A server's process that somebody else speaks to. Its standard error is this program's own.

use std::ffi::OsString;
use std::path::Path;
use std::process::Stdio;

use tokio::process::{ChildStdin, ChildStdout, Command};

use super::file::{Kind, STOP_TIMEOUT_DEFAULT, TargetFile};
use super::process::{self, Process};
use super::{Launch, Log};

/// A running server on standard input and output.
#[derive(Debug)]
pub struct Relayed {
    process: Process,
    log: Log,
}

impl Relayed {
    /// Starts the server of a target.
    ///
    /// # Errors
    ///
    /// Why it did not start, or that the target's servers are not reached in this way.
    pub fn of_target(target: &TargetFile, launch: &Launch) -> Result<Self, String> {
        let Kind::Command { program, .. } = &target.kind else {
            return Err(format!(
                "a server of the target `{}` does not speak on standard input and output",
                target.name
            ));
        };
        let folder = target.path.parent().unwrap_or(Path::new("."));
        let extras = target.options.chosen(launch);
        let process = Process::of(program, &extras, launch, None, folder, Stdio::inherit())?;
        Ok(Self { process, log: launch.log.clone() })
    }

    /// Starts a command as a client would, in this program's folder and environment.
    ///
    /// # Errors
    ///
    /// Why it did not start.
    pub fn of_command(program: &OsString, args: &[OsString]) -> Result<Self, String> {
        let named = program.to_string_lossy();
        let log = Log::default();
        let child = process::spawn(Command::new(program).args(args).stderr(Stdio::inherit()))
            .map_err(|error| format!("{named} could not be started: {error}"))?;
        let process = Process::running(child, &named, STOP_TIMEOUT_DEFAULT, log.clone())?;
        Ok(Self { process, log })
    }

    /// Its standard input and output; only the first who asks gets them.
    pub fn pipes(&mut self) -> Option<(ChildStdin, ChildStdout)> {
        Some((self.process.child.stdin.take()?, self.process.child.stdout.take()?))
    }

    /// Waits until it ends because its input is closed, and ends it otherwise; says what was needed.
    pub async fn stop(mut self) -> String {
        self.process.stop().await;
        self.log.since(0)
    }
}
