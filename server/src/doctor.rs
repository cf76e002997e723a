//! `hyperd-mcp doctor`: what a server started now would use, and why. It changes nothing and starts nothing.

use std::path::Path;

use serde::Serialize;

use crate::config::{Config, EngineSource};
use crate::daemon::client;
use crate::daemon::discovery::{self, FOLDER_VARIABLE, Home};
use crate::daemon::wire::{Ask, State, VERSION};
use crate::hyperd;

/// What was found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The version of this program.
    version: &'static str,
    /// Where hyperd would come from, and why.
    engine: String,
    /// How it would be reached.
    reached: &'static str,
    hyperd: Finding,
    persistent: Finding,
    /// The folders that paths have to lie below; none where calls may use any path.
    allowed_paths: Option<Vec<String>>,
    daemon: Daemon,
    /// What would keep a server from starting.
    problems: Vec<String>,
}

/// A file, and what is to be known of it.
#[derive(Debug, Serialize)]
struct Finding {
    path: Option<String>,
    about: String,
}

/// The user's daemon.
#[derive(Debug, Serialize)]
struct Daemon {
    folder: Option<String>,
    about: String,
    /// What a daemon that runs says of itself.
    state: Option<State>,
    /// Why the last one failed, where nobody was told yet.
    failure: Option<String>,
    /// Whether a daemon holds its lock, and whether somebody starts one.
    locked: bool,
    starting: bool,
}

impl Report {
    /// Looks at everything that a server with this configuration would use.
    pub async fn of(config: &Config) -> Self {
        let mut problems = Vec::new();
        let engine = match &config.engine {
            EngineSource::Endpoint(endpoint) => format!("the hyperd at {endpoint}, because of --endpoint"),
            EngineSource::Hyperd(path) => format!("a hyperd of its own from {}, because of --hyperd", path.display()),
            EngineSource::Spawn if config.paths.is_restricted() => {
                "a hyperd of its own, because of --allow-path".to_owned()
            }
            EngineSource::Spawn => "a hyperd of its own, because of --no-daemon".to_owned(),
            EngineSource::Daemon(_) => "the hyperd of the user's daemon, which is the default".to_owned(),
        };
        let chosen = if let EngineSource::Hyperd(path) = &config.engine { Some(path.as_path()) } else { None };
        let hyperd = executable(chosen, &mut problems).await;
        let persistent = persistent(config.persistent.as_deref());
        let daemon = daemon(matches!(config.engine, EngineSource::Daemon(_)), &mut problems).await;
        let reached = reached(&config.engine);
        let allowed_paths = config.paths.named();
        Self { version: VERSION, engine, reached, hyperd, persistent, allowed_paths, daemon, problems }
    }

    /// Whether a server would start.
    pub fn is_well(&self) -> bool {
        self.problems.is_empty()
    }

    /// For people.
    pub fn lines(&self) -> Vec<String> {
        let at = |path: &Option<String>| path.as_deref().map_or_else(|| "none".to_owned(), str::to_owned);
        let mut lines = vec![
            format!("hyperd-mcp   {}", self.version),
            format!("engine       {}", self.engine),
            format!("reached      {}", self.reached),
            format!("hyperd       {} ({})", at(&self.hyperd.path), self.hyperd.about),
            format!("persistent   {} ({})", at(&self.persistent.path), self.persistent.about),
            format!("paths        {}", self.allowed_paths.as_ref().map_or("any".to_owned(), |paths| paths.join(", "))),
            format!("daemon       {} ({})", at(&self.daemon.folder), self.daemon.about),
        ];
        if let Some(state) = &self.daemon.state {
            lines.push(format!(
                "             process {}, hyperd {} at {}, {} clients, replaced {} times",
                state.pid, state.hyperd_pid, state.endpoint, state.clients, state.replaced
            ));
        }
        lines.extend(self.problems.iter().map(|problem| format!("problem      {problem}")));
        lines
    }
}

fn reached(engine: &EngineSource) -> &'static str {
    match engine {
        EngineSource::Endpoint(endpoint) if endpoint.starts_with("tab.domain://") => {
            "through a Unix socket, by whomever its folder lets in"
        }
        EngineSource::Endpoint(_) => "over TCP: each user of that machine gets in unless hyperd asks for a password",
        _ if cfg!(unix) => "through a Unix socket in a folder that only its user can enter",
        _ => "through a named pipe",
    }
}

async fn executable(chosen: Option<&Path>, problems: &mut Vec<String>) -> Finding {
    if let Some(path) = chosen {
        if !path.is_file() {
            problems.push(format!("--hyperd names {}, which is no file.", path.display()));
        }
        return Finding { path: Some(path.to_string_lossy().into_owned()), about: "named by --hyperd".to_owned() };
    }
    match tokio::task::spawn_blocking(hyperd::locate_without_fetch).await {
        Ok(Ok(located)) => {
            let release = located.release.as_deref().unwrap_or("unknown");
            let about = format!("release {release}, found by {:?}", located.found_by);
            Finding { path: Some(located.path.to_string_lossy().into_owned()), about }
        }
        // None is no problem: the first server that needs one has it fetched.
        Ok(Err(error)) => Finding { path: None, about: format!("{error}; the first start would fetch one") },
        Err(error) => Finding { path: None, about: format!("looking for it panicked: {error}") },
    }
}

fn persistent(path: Option<&Path>) -> Finding {
    let Some(path) = path else {
        return Finding { path: None, about: "left out, because of --ephemeral-only".to_owned() };
    };
    let about = match std::fs::metadata(path) {
        Ok(found) => format!("{} bytes", found.len()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => "would be made".to_owned(),
        Err(error) => error.to_string(),
    };
    Finding { path: Some(path.to_string_lossy().into_owned()), about }
}

async fn daemon(wanted: bool, problems: &mut Vec<String>) -> Daemon {
    let home = match Home::of_user() {
        Ok(home) => home,
        Err(error) => {
            let about = error.to_string();
            if wanted {
                problems.push(about.clone());
            }
            return Daemon { folder: None, about, state: None, failure: None, locked: false, starting: false };
        }
    };
    let why = if std::env::var_os(FOLDER_VARIABLE).is_some() { FOLDER_VARIABLE } else { "the platform's folder" };
    let (running, state) = match client::reach(&home, Ask::Status).await {
        Ok(Some(answer)) => ("runs".to_owned(), Some(answer.state.clone())),
        Ok(None) => match home.read() {
            Ok(_) => ("its file is stale; a server would replace it".to_owned(), None),
            Err(_) => ("none runs; a server would start one".to_owned(), None),
        },
        Err(error) => {
            if wanted {
                problems.push(error.message.clone());
            }
            ("cannot be used".to_owned(), None)
        }
    };
    if wanted && let Some(state) = &state {
        if state.version != VERSION {
            problems.push(format!("The daemon is of version {}; end it with `hyperd-mcp daemon stop`.", state.version));
        }
        problems.extend(state.problem.iter().map(|problem| format!("The daemon's hyperd: {problem}.")));
    }
    Daemon {
        folder: Some(home.folder().to_string_lossy().into_owned()),
        about: format!("{running}; folder by {why}"),
        state,
        failure: home.failure_left(),
        locked: discovery::is_locked(&home.running_lock()),
        starting: discovery::is_locked(&home.start_lock()),
    }
}
