//! The daemon's hyperd: replaced when it dies or hangs, given up when that happens too often.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::run::Options;
use super::wire::{self, State};
use crate::engine::{Confinement, Hyperd, Pulse, pulse};
use crate::error::Error;
use crate::limits;

/// Keeps a hyperd.
pub(super) struct Supervisor {
    executable: PathBuf,
    log_dir: PathBuf,
    hang_deadline: Duration,
    replace_hung: bool,
    confinement: Confinement,
    now: Mutex<Now>,
}

struct Now {
    hyperd: Arc<Hyperd>,
    replaced: u64,
    problem: Option<String>,
    /// When hyperd failed lately.
    failures: Vec<Instant>,
    /// Since when it takes no connection.
    unreachable_since: Option<Instant>,
    /// The process id of one that a server found to go on with a statement that was cancelled.
    accused: Option<u32>,
}

impl Supervisor {
    pub(super) async fn start(executable: PathBuf, log_dir: PathBuf, options: &Options) -> Result<Arc<Self>, Error> {
        let confinement = Confinement { memory: options.hyperd_memory.clone(), ..Confinement::default() };
        let hyperd = Arc::new(Hyperd::spawn(&executable, &log_dir, &confinement).await?);
        let now =
            Now { hyperd, replaced: 0, problem: None, failures: Vec::new(), unreachable_since: None, accused: None };
        Ok(Arc::new(Self {
            executable,
            log_dir,
            hang_deadline: options.hang_deadline,
            replace_hung: options.replace_hung,
            confinement,
            now: Mutex::new(now),
        }))
    }

    pub(super) fn state(&self, clients: usize) -> State {
        let now = self.lock();
        State {
            version: wire::VERSION.to_owned(),
            pid: std::process::id(),
            endpoint: now.hyperd.endpoint().to_owned(),
            hyperd_pid: now.hyperd.pid(),
            hyperd: self.executable.to_string_lossy().into_owned(),
            clients,
            replaced: now.replaced,
            problem: now.problem.clone(),
        }
    }

    /// Where hyperd listens.
    pub(super) fn endpoint(&self) -> String {
        self.lock().hyperd.endpoint().to_owned()
    }

    /// Watches over hyperd until `stop`, and calls `replaced` whenever another one took its place.
    ///
    /// # Errors
    ///
    /// Why no hyperd can be kept: it failed too often within a minute, or another one did not start.
    pub(super) async fn watch(&self, stop: &CancellationToken, replaced: impl Fn(&str)) -> Result<(), String> {
        let mut asked = Instant::now();
        loop {
            tokio::select! {
                () = tokio::time::sleep(limits::ms(limits::SUPERVISE_MS)) => {}
                () = stop.cancelled() => return Ok(()),
            }
            let hyperd = Arc::clone(&self.lock().hyperd);
            let failure = if hyperd.has_exited() {
                Some("it ended".to_owned())
            } else if self.is_accused(&hyperd) {
                self.hangs(&hyperd, "it goes on with a statement that was cancelled".to_owned())
            } else if asked.elapsed() >= limits::ms(limits::PULSE_MS) {
                asked = Instant::now();
                self.ask(&hyperd).await
            } else {
                None
            };
            let Some(failure) = failure else { continue };
            tracing::error!(pid = hyperd.pid(), failure, "hyperd failed");
            hyperd.kill().await;
            self.count(&failure)?;
            let next = Hyperd::spawn(&self.executable, &self.log_dir, &self.confinement).await;
            let next =
                next.map_err(|error| format!("hyperd failed ({failure}), and another one did not start: {error}"))?;
            tracing::warn!(pid = next.pid(), endpoint = next.endpoint(), "hyperd was replaced");
            replaced(next.endpoint());
            let mut now = self.lock();
            now.hyperd = Arc::new(next);
            now.replaced += 1;
            now.problem = None;
            now.unreachable_since = None;
        }
    }

    /// Why hyperd is to be replaced, if it cannot be reached, or hangs and that is the policy.
    async fn ask(&self, hyperd: &Hyperd) -> Option<String> {
        let pulse = pulse(hyperd.endpoint(), Some(hyperd.pid()), self.hang_deadline).await;
        let mut now = self.lock();
        if pulse == Pulse::Refuses {
            let since = *now.unreachable_since.get_or_insert_with(Instant::now);
            let waited = since.elapsed() >= limits::ms(limits::REPLACE_DEADLINE_MS);
            return waited.then(|| "it takes no connection".to_owned());
        }
        now.unreachable_since = None;
        if matches!(pulse, Pulse::Answers | Pulse::Works) {
            now.problem = None;
            return None;
        }
        drop(now);
        self.hangs(hyperd, format!("it did not answer for {} s", self.hang_deadline.as_secs_f64()))
    }

    /// The failure, if a hyperd that hangs is to be replaced.
    fn hangs(&self, hyperd: &Hyperd, failure: String) -> Option<String> {
        if self.replace_hung {
            return Some(failure);
        }
        tracing::error!(pid = hyperd.pid(), failure, "hyperd hangs and is left alone");
        self.lock().problem = Some(failure);
        None
    }

    /// Notes what a server found of the hyperd of that process id.
    pub(super) fn accuse(&self, hyperd_pid: u32) {
        self.lock().accused = Some(hyperd_pid);
    }

    fn is_accused(&self, hyperd: &Hyperd) -> bool {
        self.lock().accused.take() == Some(hyperd.pid())
    }

    fn count(&self, failure: &str) -> Result<(), String> {
        let mut now = self.lock();
        let window = limits::ms(limits::FAILURE_WINDOW_MS);
        now.failures.retain(|at| at.elapsed() < window);
        now.failures.push(Instant::now());
        let count = now.failures.len();
        if count < limits::FAILURES_MAX {
            return Ok(());
        }
        Err(format!("hyperd failed {count} times within {} s; the last time, {failure}.", window.as_secs()))
    }

    pub(super) async fn stop(&self) {
        let hyperd = Arc::clone(&self.lock().hyperd);
        hyperd.stop().await;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
