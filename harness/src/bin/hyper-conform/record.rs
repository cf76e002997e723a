//! `hyper-conform record`

use std::cell::RefCell;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use hyper_conform::bounds::Bounds;
use hyper_conform::record::document::{self, Heading};
use hyper_conform::record::{Destination, Served, Tape, relay};
use hyper_conform::source::nearest;
use hyper_conform::target::{Launch, Log, Relayed, TargetFile};
use hyper_conform::{Engines, suite};
use tempfile::TempDir;

use super::{FAILURES, Stop};

/// The target whose server is recorded where no command is given.
const TARGET_DEFAULT: &str = "hyperd-mcp-stdio";

/// How long what this program started may take to end with it.
const SHUTDOWN_TIMEOUT: Duration = Duration::ZERO;

/// How a client is told of it.
const EXAMPLE: &str = r#"In a client's configuration, where

  "hyper": { "command": "hyperd-mcp", "args": ["--persistent-db", "/tmp/new.hyper"] }

was the server, this records the next session:

  "hyper": {
    "command": "hyper-conform",
    "args": ["record", "--out", "/home/me/suite/scenarios/loading/people.yaml", "--requirement", "load.append",
             "--", "hyperd-mcp", "--persistent-db", "/tmp/new.hyper"]
  }"#;

#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLE)]
pub(super) struct RecordArgs {
    /// The scenario file to write: SUITE/<area>/<feature>.yaml
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The id of a requirement that the scenario proves; may be given several times
    #[arg(long = "requirement", value_name = "ID")]
    requirements: Vec<String>,
    /// What the file is about [default: its name in words]
    #[arg(long, value_name = "TEXT")]
    feature: Option<String>,
    /// The scenario's name
    #[arg(long, value_name = "TEXT", default_value = "a recorded session")]
    scenario: String,
    /// Replace a file that is there
    #[arg(long)]
    force: bool,
    /// The server's command, after `--` [default: hyperd-mcp on empty databases]
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// What is checked before the session.
struct Prepared {
    destination: Destination,
    heading: Heading,
    served: Served,
    recorded: Recorded,
}

/// What will be recorded.
enum Recorded {
    Command(OsString, Vec<OsString>),
    Default(Box<TargetFile>, Box<Launch>, Ground),
}

/// What our server stands on; all of it is gone with it.
struct Ground {
    engines: Engines,
    folder: TempDir,
}

pub(super) fn record(args: &RecordArgs) -> Result<ExitCode, Stop> {
    let prepared = prepare(args)?;
    let failed = |error: std::io::Error| Stop::CouldNotRun(format!("failed to start a runtime: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let done = runtime.block_on(session(prepared));
    // A read of standard input that nobody waits for any more would be waited for.
    runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
    done
}

fn prepare(args: &RecordArgs) -> Result<Prepared, Stop> {
    let destination = Destination::open(&args.out, args.force).map_err(Stop::Usage)?;
    check_requirements(&args.requirements, &destination.root)?;
    let words = destination.place.rsplit('/').next().unwrap_or_default().replace('_', " ");
    let mut letters = words.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    let words: String = first.chain(letters).collect();
    let heading = Heading {
        feature: args.feature.clone().unwrap_or(words),
        scenario: args.scenario.clone(),
        requirements: args.requirements.clone(),
    };
    let (served, recorded) = match args.command.split_first() {
        Some((program, rest)) => {
            let recorded = Recorded::Command(program.clone(), rest.to_vec());
            (Served::of_command(&destination.root, &args.command), recorded)
        }
        None => default_server(&destination.root)?,
    };
    Ok(Prepared { destination, heading, served, recorded })
}

/// Asked for up front: which rule a session proves, only the person knows who leads it.
fn check_requirements(given: &[String], root: &Path) -> Result<(), Stop> {
    let found = suite::requirements_of(root)
        .map_err(|problems| Stop::Usage(super::render("the requirements cannot be read", &problems, false)))?;
    let file = root.join("requirements.yaml");
    let Some(known) = found else {
        return match given.first() {
            Some(id) => Err(Stop::Usage(format!(
                "--requirement {id}: there is no {}; does --out lie in the suite's folder, as scenarios/<area>/<feature>.yaml?",
                file.display()
            ))),
            None => Ok(()),
        };
    };
    let how = format!(
        "the ids and what they say are in {}; `hyper-conform coverage` lists them with the number of scenarios that \
         each has",
        file.display()
    );
    if given.is_empty() {
        return Err(Stop::Usage(format!(
            "each scenario of this suite proves a requirement; say which with --requirement ID\n{how}"
        )));
    }
    match given.iter().find(|id| !known.contains_key(*id)) {
        Some(id) => {
            let near = nearest(id, known.keys().map(String::as_str));
            let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            Err(Stop::Usage(format!("there is no requirement `{id}`{near}\n{how}")))
        }
        None => Ok(()),
    }
}

fn default_server(root: &Path) -> Result<(Served, Recorded), Stop> {
    let path = root.join("targets").join(format!("{TARGET_DEFAULT}.toml"));
    if !path.is_file() {
        return Err(Stop::Usage(format!(
            "name the server's command after `--`: this suite has no {} to take one from",
            path.display()
        )));
    }
    let target = TargetFile::load(&path, &path.to_string_lossy())
        .map_err(|problems| Stop::Usage(super::render("the target cannot be read", &problems, false)))?;
    let engines = Engines::default();
    let located = engines.shared().map_err(Stop::CouldNotRun)?;
    let folder = tempfile::Builder::new()
        .prefix("hyper-conform-")
        .tempdir()
        .map_err(|error| Stop::CouldNotRun(format!("failed to make a folder for the databases: {error}")))?;
    let persistent = folder.path().join("persistent.hyper");
    let launch = Launch {
        persistent: Some(persistent.clone()),
        read_only: false,
        scratch: folder.path().to_owned(),
        endpoint: Some(located.endpoint),
        hyperd: Some(located.executable),
        log: Log::default(),
        bounds: Bounds::default(),
    };
    let served = Served { persistent: Some(persistent), target: Some(TARGET_DEFAULT.to_owned()), ..Served::default() };
    Ok((served, Recorded::Default(Box::new(target), Box::new(launch), Ground { engines, folder })))
}

/// The file is written before the server's end is waited for: a client that has closed its side may end this program soon.
async fn session(prepared: Prepared) -> Result<ExitCode, Stop> {
    let Prepared { destination, heading, served, recorded } = prepared;
    let started = match &recorded {
        Recorded::Command(program, args) => Relayed::of_command(program, args),
        Recorded::Default(target, launch, _) => Relayed::of_target(target, launch),
    };
    let mut relayed = started.map_err(Stop::CouldNotRun)?;
    let (input, output) =
        relayed.pipes().ok_or_else(|| Stop::CouldNotRun("the server's pipes are not at hand".to_owned()))?;
    let spared = served.persistent.iter().cloned().chain([destination.root.join("data")]).collect();
    let tape = Tape::new(spared)
        .map_err(|error| Stop::CouldNotRun(format!("failed to make a folder for copies of files: {error}")))?;
    let tape = RefCell::new(tape);
    let client = (tokio::io::stdin(), tokio::io::stdout());
    relay(&tape, client, (output, input), asked_to_end()).await;
    let done = write(&mut tape.into_inner(), &served, &heading, destination);
    let told = relayed.stop().await;
    eprint!("{told}");
    match recorded {
        Recorded::Default(_, _, Ground { engines, folder }) => {
            engines.stop();
            drop(folder);
        }
        Recorded::Command(..) => {}
    }
    done
}

fn write(tape: &mut Tape, served: &Served, heading: &Heading, destination: Destination) -> Result<ExitCode, Stop> {
    let Some(recording) = document::write(tape, served, heading, &destination.root, &destination.place) else {
        eprintln!(
            "hyper-conform record: nothing was asked of the server, so nothing is written (the handshake and a client's own \
             listings are no steps)"
        );
        return Ok(ExitCode::from(FAILURES));
    };
    let path = destination.path.clone();
    let problems = destination.write(&recording).map_err(Stop::CouldNotRun)?;
    document::announce(&path, &recording, served.target.as_deref());
    if problems.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("{}", super::render("the recording needs a hand", &problems, false));
    Ok(ExitCode::from(FAILURES))
}

/// Waits for somebody to end this program.
#[cfg(unix)]
async fn asked_to_end() {
    use tokio::signal::unix::{SignalKind, signal};
    let waits = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()].map(|kind| {
        Box::pin(async move {
            match signal(kind) {
                Ok(mut heard) => drop(heard.recv().await),
                // Then the signal does what it does to any program.
                Err(_) => std::future::pending().await,
            }
        })
    });
    futures::future::select_all(waits).await;
}

/// Waits for somebody to end this program.
#[cfg(not(unix))]
async fn asked_to_end() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
