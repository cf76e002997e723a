//! Starting the daemon: one of the servers that find none does it, and the others wait for that.

use std::fs::File;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};

use super::client::{Attendance, find};
use super::discovery::{self, Home};
use crate::config::DaemonOptions;
use crate::error::{Code, Error};
use crate::{guard, limits, own};

/// Where the daemon is, so that it keeps no other folder from being deleted or unmounted.
const ROOT: &str = "/";

pub(super) async fn start(home: &Home, options: &DaemonOptions) -> Result<Attendance, Error> {
    let _one_at_a_time = lock(home).await?;
    let began = Instant::now();
    let mut started: Option<Child> = None;
    loop {
        if let Some(attendance) = find(home).await? {
            return Ok(attendance);
        }
        let others = discovery::is_locked(&home.running_lock());
        match started.as_mut().map(Child::try_wait) {
            // One that somebody else has started is about to announce itself.
            None if others => {}
            Some(Ok(Some(_))) if others => started = None,
            None => {
                if let Some(reason) = home.take_failure() {
                    return Err(failed(home, &format!("The daemon has ended: {reason}")));
                }
                started = Some(spawn(home, options)?);
            }
            Some(Ok(Some(status))) => {
                let reason = home.take_failure().unwrap_or_else(|| format!("it ended with {status}."));
                return Err(failed(home, &format!("The daemon did not start: {reason}")));
            }
            Some(_) => {}
        }
        if began.elapsed() > limits::ms(limits::DAEMON_START_MS) {
            // The first start may have hyperd fetched; it goes on, and the next call finds it done.
            return Err(failed(home, "The daemon has not started in time; it goes on trying."));
        }
        pause().await;
    }
}

async fn lock(home: &Home) -> Result<File, Error> {
    let path = home.start_lock();
    loop {
        match discovery::try_lock(&path) {
            Ok(Some(lock)) => return Ok(lock),
            Ok(None) => pause().await,
            Err(error) => {
                return Err(Error::io(format!("Could not lock {}", path.display()), &error)
                    .suggest("Remove what is there in the place of the daemon's own file, or use --no-daemon."));
            }
        }
    }
}

/// Starts this program as the daemon. It has nothing of this process: no terminal, no standard input or output.
fn spawn(home: &Home, options: &DaemonOptions) -> Result<Child, Error> {
    let failed = |error: std::io::Error| failed(home, &format!("The daemon could not be started: {error}."));
    let program = match &options.program {
        Some(program) => program.clone(),
        None => std::env::current_exe().map_err(failed)?,
    };
    let log = own::open_to_append(&home.log()).map_err(failed)?;
    let mut command = Command::new(program);
    command.args(["daemon", "run", "--detached"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    command.arg("--hang-deadline").arg(options.hang_deadline.as_secs_f64().to_string());
    if !options.replace_hung {
        command.args(["--on-hang", "report"]);
    }
    if let Some(memory) = &options.hyperd_memory {
        command.args(["--hyperd-memory", memory]);
    }
    // A folder that can be deleted is none to be in: hyperd does not start there any more.
    command.current_dir(ROOT).env(discovery::FOLDER_VARIABLE, home.folder());
    guard::keep_files();
    command.spawn().map_err(failed)
}

async fn pause() {
    tokio::time::sleep(Duration::from_millis(limits::DAEMON_LOOK_MS)).await;
}

fn failed(home: &Home, message: &str) -> Error {
    Error::new(Code::HyperdNotFound, message).suggest(format!(
        "See {} for more; call again to have another one started, or use --no-daemon for a hyperd of this server's own.",
        home.log().display()
    ))
}
