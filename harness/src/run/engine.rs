//! The hyperd that cases run against: one for a run, started when the first case needs it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyperd_mcp::engine::{Confinement, Hyperd};
use tempfile::TempDir;

/// A running hyperd and the directory of its log.
pub struct Engine {
    hyperd: Hyperd,
    log_dir: TempDir,
}

impl Engine {
    /// Starts a hyperd.
    ///
    /// # Errors
    ///
    /// Why it did not start.
    pub async fn start(executable: &Path) -> Result<Self, String> {
        let log_dir = tempfile::Builder::new()
            .prefix("hyper-conform-engine-")
            .tempdir()
            .map_err(|error| format!("failed to make a directory for hyperd's log: {error}"))?;
        let hyperd = Hyperd::spawn(executable, log_dir.path(), &Confinement::default())
            .await
            .map_err(|error| error.to_string())?;
        Ok(Self { hyperd, log_dir })
    }

    /// Keeps the log of a hyperd that died, and says where it is.
    fn died(self) -> String {
        let pid = self.hyperd.pid();
        let log = self.log_dir.keep();
        format!("hyperd (process {pid}) died in the midst of the run; its log is kept in {}", log.display())
    }

    /// Where it listens, as `--endpoint` takes it.
    pub fn endpoint(&self) -> &str {
        self.hyperd.endpoint()
    }
}

/// Finds hyperd when it is first needed, and keeps the shared one.
///
/// Clones share it.
#[derive(Clone, Default)]
pub struct Engines {
    chosen: Option<(PathBuf, Option<String>)>,
    shared: Arc<Mutex<Option<Result<Shared, String>>>>,
    reader: Arc<Mutex<Option<Engine>>>,
}

struct Shared {
    executable: PathBuf,
    release: String,
    engine: Engine,
}

/// What a case needs to know of the hyperd that it runs against.
#[derive(Debug, Clone)]
pub struct Located {
    /// The executable, for cases that want a hyperd of their own.
    pub executable: PathBuf,
    /// Where the shared one listens, as `--endpoint` takes it.
    pub endpoint: String,
    /// The release, `unknown` where the executable does not say.
    pub release: String,
}

impl Engines {
    /// Uses this executable instead of looking for one; `release` is its release, where that is known.
    pub fn with_executable(executable: PathBuf, release: Option<String>) -> Self {
        Self { chosen: Some((executable, release)), ..Self::default() }
    }

    /// The shared hyperd, found and started when the first case asks.
    ///
    /// # Errors
    ///
    /// Why there is none; every case after the first gets the same answer at once. One that died is told on standard
    /// error and started anew, so that no other case is lost; what becomes of the cases that it took with it is for the caller to say.
    pub fn shared(&self) -> Result<Located, String> {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Ok(dead)) =
            shared.take_if(|shared| shared.as_ref().is_ok_and(|shared| shared.engine.hyperd.has_exited()))
        {
            eprintln!("{}", dead.engine.died());
        }
        shared.get_or_insert_with(|| self.start()).as_ref().map_err(Clone::clone).map(|shared| Located {
            executable: shared.executable.clone(),
            endpoint: shared.engine.endpoint().to_owned(),
            release: shared.release.clone(),
        })
    }

    /// Whether the shared hyperd at this endpoint still runs.
    pub fn lives(&self, endpoint: &str) -> bool {
        let shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        matches!(&*shared, Some(Ok(shared)) if shared.engine.endpoint() == endpoint && !shared.engine.hyperd.has_exited())
    }

    /// Where the hyperd listens that reads files for the runner, and that no server knows; started when it is first needed.
    /// Blocks.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub(crate) fn reader(&self) -> Result<String, String> {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let engine = match reader.take().filter(|engine| !engine.hyperd.has_exited()) {
            Some(engine) => engine,
            None => start(&self.locate()?.0)?,
        };
        Ok(reader.insert(engine).endpoint().to_owned())
    }

    /// Ends the hyperds that cases share.
    pub fn stop(&self) {
        *self.shared.lock().unwrap_or_else(PoisonError::into_inner) = None;
        *self.reader.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn locate(&self) -> Result<(PathBuf, Option<String>), String> {
        if let Some(chosen) = &self.chosen {
            return Ok(chosen.clone());
        }
        let located = hyperd_mcp::hyperd::locate().map_err(|error| match error.suggestion {
            Some(suggestion) => format!("{}\n{suggestion}", error.message),
            None => error.message,
        })?;
        Ok((located.path, located.release))
    }

    fn start(&self) -> Result<Shared, String> {
        let (executable, release) = self.locate()?;
        let engine = start(&executable)?;
        Ok(Shared { executable, release: release.unwrap_or_else(|| "unknown".to_owned()), engine })
    }
}

/// A runtime for the start alone: hyperd outlives it, because only its process and a socket are kept.
fn start(executable: &Path) -> Result<Engine, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("failed to start a runtime: {error}"))?;
    let engine = runtime.block_on(Engine::start(executable))?;
    runtime.shutdown_timeout(Duration::ZERO);
    Ok(engine)
}
