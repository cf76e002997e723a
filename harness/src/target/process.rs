//! A server's process: started in a process group of its own, so that nothing of it is left behind.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::Log;
use super::file::Program;
use super::placeholders;
use super::server::Chosen;
use crate::syntax::{Entry, Node};
use crate::target::Launch;
use crate::vars::Vars;

/// How often a process group that ends is looked at.
const GONE_EVERY: Duration = Duration::from_millis(2);
/// Most of one line of a server's log that is read at once, in bytes.
const LINE_BYTES_MAX: u64 = 64 << 10;

/// A running process.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) child: Child,
    pid: u32,
    stop_timeout: Duration,
    log: Log,
    /// Copies standard error to the log.
    errors: Option<JoinHandle<()>>,
    /// Whether all of it has ended, so that its number may be another's by now.
    gone: bool,
}

impl Process {
    /// Starts `program` with what `extras` add to it. Its standard input and output are left to the caller.
    pub(super) fn start(
        program: &Program,
        extras: &[Chosen],
        launch: &Launch,
        port: Option<u16>,
        folder: &Path,
    ) -> Result<Self, String> {
        Self::of(program, extras, launch, port, folder, Stdio::piped())
    }

    /// Starts `program` with a standard error of the caller's choice; what goes into a pipe is copied to the log.
    pub(super) fn of(
        program: &Program,
        extras: &[Chosen],
        launch: &Launch,
        port: Option<u16>,
        folder: &Path,
        errors: Stdio,
    ) -> Result<Self, String> {
        let vars = placeholders::values(launch, port);
        let named = vars.text(&program.program).map_err(|problem| missing(&problem.title))?;
        let executable = find(&named, folder);
        let mut command = Command::new(executable.as_deref().unwrap_or(Path::new(&named)));
        add(&mut command, &program.args, &program.env, &vars)?;
        for chosen in extras {
            add(&mut command, &chosen.extra.args, &chosen.extra.env, &chosen.vars(&vars))?;
        }
        command.stderr(errors);
        let child = spawn(&mut command).map_err(|error| not_started(program, &named, executable.as_deref(), &error))?;
        Self::running(child, &named, program.stop_timeout, launch.log.clone())
    }

    /// Looks after a process that [`spawn`] has started.
    pub(super) fn running(mut child: Child, named: &str, stop_timeout: Duration, log: Log) -> Result<Self, String> {
        let pid = child.id().ok_or_else(|| format!("{named} ended before it began"))?;
        let errors = child.stderr.take().map(|stream| tokio::spawn(copy(stream, log.clone())));
        Ok(Self { child, pid, stop_timeout, log, errors, gone: false })
    }

    /// How it ended, if it has.
    pub(super) fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Waits for an end that was asked for by closing its input, and [ends](Self::end) it where that was not enough.
    pub(super) async fn stop(&mut self) {
        drop(self.child.stdin.take());
        if timeout(self.stop_timeout, self.child.wait()).await.is_err() {
            self.log.line("hyper-conform: the server did not end when its input was closed, so it is told to");
        }
        self.end().await;
    }

    /// Tells it to end, and ends it by force at last. Then all that it had started has ended too, and its log is whole.
    pub(super) async fn end(&mut self) {
        if self.exited().is_none() {
            self.signal(Force::Ask);
            if timeout(self.stop_timeout, self.child.wait()).await.is_err() {
                self.log.line("hyper-conform: the server did not end when it was told to, so it is killed");
                self.signal(Force::Kill);
                let _ = self.child.wait().await;
            }
        }
        // A hyperd of the server's own may be writing its files yet.
        let deadline = Instant::now() + self.stop_timeout;
        while self.has_group() && Instant::now() < deadline {
            tokio::time::sleep(GONE_EVERY).await;
        }
        self.signal(Force::Kill);
        self.gone = true;
        if let Some(errors) = self.errors.take() {
            // A process that left the group may hold standard error open.
            let _ = timeout(self.stop_timeout, errors).await;
        }
    }

    #[cfg(unix)]
    fn group(&self) -> Option<rustix::process::Pid> {
        i32::try_from(self.pid).ok().and_then(rustix::process::Pid::from_raw)
    }

    #[cfg(unix)]
    fn has_group(&self) -> bool {
        self.group().is_some_and(|group| rustix::process::test_kill_process_group(group).is_ok())
    }

    #[cfg(unix)]
    fn signal(&self, force: Force) {
        use rustix::process::{Signal, kill_process_group};
        let signal = match force {
            Force::Ask => Signal::TERM,
            Force::Kill => Signal::KILL,
        };
        if let Some(group) = self.group() {
            // There is none any more when all of it has ended.
            let _ = kill_process_group(group, signal);
        }
    }

    #[cfg(not(unix))]
    fn has_group(&self) -> bool {
        false
    }

    #[cfg(not(unix))]
    fn signal(&mut self, _force: Force) {
        let _ = self.child.start_kill();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.gone {
            self.signal(Force::Kill);
        }
    }
}

#[derive(Clone, Copy)]
enum Force {
    #[cfg_attr(not(unix), expect(dead_code, reason = "there is no asking elsewhere"))]
    Ask,
    Kill,
}

/// Starts a process in a process group of its own, with pipes for its standard input and output.
pub(super) fn spawn(command: &mut Command) -> std::io::Result<Child> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    command.spawn()
}

/// Copies a stream to the log, line by line.
pub(super) async fn copy(stream: impl AsyncRead + Unpin, log: Log) {
    let mut lines = BufReader::new(stream);
    let mut line = Vec::new();
    // A line without end is kept in pieces.
    while (&mut lines).take(LINE_BYTES_MAX).read_until(b'\n', &mut line).await.is_ok_and(|bytes| bytes > 0) {
        log.line(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']));
        line.clear();
    }
}

fn add(command: &mut Command, args: &[Node], env: &[Entry], vars: &Vars) -> Result<(), String> {
    let text = |node: &Node| vars.text(node).map_err(|problem| missing(&problem.title));
    for arg in args {
        command.arg(text(arg)?);
    }
    for variable in env {
        command.env(&variable.key.name, text(&variable.value)?);
    }
    Ok(())
}

fn missing(title: &str) -> String {
    format!("{title}: the run has none")
}

/// A path is meant from the target's own folder; a bare name is looked for beside this program, then in `PATH`.
fn find(named: &str, folder: &Path) -> Option<PathBuf> {
    let file = |path: PathBuf| {
        [path.clone(), path.with_added_extension(std::env::consts::EXE_EXTENSION)]
            .into_iter()
            .find(|path| path.is_file())
    };
    if Path::new(named).components().count() > 1 {
        return file(folder.join(named));
    }
    let here = std::env::current_exe().ok();
    // A test's program lies one folder below those of its workspace.
    let beside = here.iter().flat_map(|here| here.ancestors().skip(1).take(2)).map(Path::to_owned);
    let path = std::env::var_os("PATH").unwrap_or_default();
    beside.chain(std::env::split_paths(&path)).find_map(|folder| file(folder.join(named)))
}

fn not_started(program: &Program, named: &str, executable: Option<&Path>, error: &std::io::Error) -> String {
    let install = program.install.as_ref().map_or_else(String::new, |install| format!("; {install}"));
    match executable {
        Some(path) => format!("{} could not be started: {error}{install}", path.display()),
        None => format!("there is no program `{named}` beside this one, nor in PATH{install}"),
    }
}
