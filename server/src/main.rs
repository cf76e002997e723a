//! The command `hyperd-mcp`: arguments to a configuration, and a server on standard input and output.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use etcetera::BaseStrategy as _;
use hyperd_mcp::config::{Config, DaemonOptions, EngineSource};
use hyperd_mcp::daemon::discovery::Home;
use hyperd_mcp::daemon::wire::Ask;
use hyperd_mcp::doctor::Report;
use hyperd_mcp::error::Error;
use hyperd_mcp::files::Paths;
use hyperd_mcp::limits::Limits;
use hyperd_mcp::server::Server;
use hyperd_mcp::{daemon, engine, guard};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// An MCP server for Hyper, on standard input and output.
///
/// Configure an MCP client to run this command. Logs go to standard error.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// File of the `persistent` database; the platform's data folder has it otherwise.
    #[arg(long, value_name = "PATH", env = "HYPERDB_PERSISTENT_DB")]
    persistent_db: Option<PathBuf>,
    /// Keep nothing: no `persistent` database.
    #[arg(long)]
    ephemeral_only: bool,
    /// Refuse each tool that writes.
    #[arg(long)]
    read_only: bool,
    /// Keep calls to files below this folder, links resolved; may be given several times. `HYPERDB_ALLOW_PATHS` names such
    /// folders too, separated as those of PATH are. Starts a hyperd of this server's own, which is kept to them as well.
    #[arg(long, value_name = "DIR", conflicts_with = "endpoint")]
    allow_path: Vec<PathBuf>,
    /// Start a hyperd of this server's own from this executable, instead of using the daemon's.
    #[arg(long, value_name = "PATH", conflicts_with = "endpoint")]
    hyperd: Option<PathBuf>,
    /// Use a hyperd that runs already, instead of the daemon's: HOST:PORT, or `tab.domain://FOLDER/domain/NAME` for a Unix
    /// socket NAME in FOLDER.
    #[arg(long, value_name = "ENDPOINT")]
    endpoint: Option<String>,
    /// Start a hyperd of this server's own, found or fetched, instead of using the daemon's.
    #[arg(long, conflicts_with = "endpoint")]
    no_daemon: bool,
    /// Most rows in one answer.
    #[arg(long, value_name = "N", default_value_t = Limits::default().query_rows_max, value_parser = at_least_one)]
    query_rows_max: usize,
    /// Most bytes of values in one answer.
    #[arg(long, value_name = "N", default_value_t = Limits::default().query_bytes_max, value_parser = at_least_one)]
    query_bytes_max: usize,
    /// Seconds that one statement may run before it is cancelled.
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = seconds)]
    statement_deadline: Duration,
    /// Seconds that hyperd may leave a new connection, or the first statement on it, unanswered before it is taken to
    /// hang.
    #[arg(long, global = true, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    hang_deadline: Duration,
    /// What becomes of a hyperd that hangs and was started by this program.
    #[arg(long, global = true, value_enum, default_value_t = OnHang::Replace)]
    on_hang: OnHang,
    /// Most memory that a hyperd started by this program takes for data and queries, for example 4g, 512m or 50%; 80% of
    /// the machine's where it is not given. A daemon that runs keeps what it was started with.
    #[arg(long, global = true, value_name = "SIZE", value_parser = memory)]
    hyperd_memory: Option<String>,
    /// What to log: error, warn, info, debug or trace, or filters such as `hyperd_mcp=debug`.
    #[arg(long, global = true, value_name = "FILTER", env = "RUST_LOG", default_value = engine::LOG_FILTER)]
    log_level: String,
}

#[derive(Subcommand)]
enum Command {
    /// Look after the daemon, which keeps one hyperd for all servers of a user.
    #[command(subcommand)]
    Daemon(DaemonCommand),
    /// Show what a server with these options would use, and why. Changes and starts nothing.
    Doctor {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// End the hyperd of this process id when the server that started it is gone and hyperd does not end by itself.
    #[command(hide = true)]
    Guard {
        /// hyperd's process id.
        pid: u32,
    },
}

#[derive(Subcommand)]
enum DaemonCommand {
    /// Be the daemon. A server that finds none starts one by itself.
    Run {
        /// The port to listen at on the loopback address; the system chooses one where it is 0 or taken.
        #[arg(long, default_value_t = 0)]
        port: u16,
        /// End when no server was connected for so many seconds; without it the daemon stays.
        #[arg(long, value_name = "SECONDS", value_parser = seconds)]
        idle_shutdown: Option<Duration>,
        /// The hyperd to start; found or fetched otherwise.
        #[arg(long, value_name = "PATH")]
        executable: Option<PathBuf>,
        /// Leave the session of whoever started it, so that it outlives that.
        #[arg(long, hide = true)]
        detached: bool,
    },
    /// Show whether it runs, its hyperd and its clients.
    Status,
    /// End it, and its hyperd with it.
    Stop,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum OnHang {
    /// It is ended, and another one is started.
    Replace,
    /// It is left alone, and calls that need it fail.
    Report,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "a whole number of at least 1 is expected".to_owned())
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.strip_suffix('s').unwrap_or(text).parse().ok().filter(|number: &f64| *number > 0.0);
    number
        .and_then(|number| Duration::try_from_secs_f64(number).ok())
        .ok_or_else(|| "seconds are expected, for example 30 or 0.5".to_owned())
}

/// A size as hyperd takes it.
fn memory(text: &str) -> Result<String, String> {
    const PERCENT_MAX: u32 = 100;
    let number = |digits: &str| digits.parse::<u32>().ok().filter(|number| *number > 0 && !digits.starts_with('+'));
    let is_size = match text.strip_suffix('%') {
        Some(digits) => number(digits).is_some_and(|percent| percent <= PERCENT_MAX),
        None => text.strip_suffix(['k', 'm', 'g', 't']).and_then(number).is_some(),
    };
    if is_size { Ok(text.to_owned()) } else { Err("a size is expected, for example 512m, 4g or 50%".to_owned()) }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(Command::Guard { pid }) = arguments.command {
        // Nobody is left to be told.
        return guard::run(pid).map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
    }
    start(arguments)
}

#[tokio::main]
async fn start(arguments: Arguments) -> ExitCode {
    let filter = match EnvFilter::try_new(&arguments.log_level) {
        Ok(filter) => filter,
        Err(error) => {
            eprintln!("hyperd-mcp: --log-level {:?} is no filter: {error}", arguments.log_level);
            return ExitCode::from(2);
        }
    };
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).init();
    match std::env::current_exe() {
        Ok(program) => guard::use_program(program),
        Err(error) => tracing::warn!(%error, "hyperd has no guard, because this program is not found"),
    }
    match run(arguments).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("hyperd-mcp: {}", error.message);
            if let Some(suggestion) = error.suggestion {
                eprintln!("hyperd-mcp: {suggestion}");
            }
            ExitCode::FAILURE
        }
    }
}

async fn run(mut arguments: Arguments) -> Result<ExitCode, Error> {
    match arguments.command.take() {
        None => serve(arguments).await.map(|()| ExitCode::SUCCESS),
        Some(Command::Doctor { json }) => doctor(&config(arguments)?, json).await,
        Some(Command::Daemon(command)) => daemon(command, arguments).await,
        // It has ended before anything else was begun.
        Some(Command::Guard { .. }) => Ok(ExitCode::FAILURE),
    }
}

async fn doctor(config: &Config, json: bool) -> Result<ExitCode, Error> {
    let report = Report::of(config).await;
    if json {
        let text = serde_json::to_string_pretty(&report);
        say(&text.map_err(|error| Error::internal(format!("The report has no JSON form: {error}.")))?);
    } else {
        report.lines().iter().for_each(|line| say(line));
    }
    Ok(if report.is_well() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn daemon(command: DaemonCommand, arguments: Arguments) -> Result<ExitCode, Error> {
    let home = Home::of_user()?;
    match command {
        DaemonCommand::Run { port, idle_shutdown, executable, detached } => {
            if detached {
                leave_session();
            }
            let stop = CancellationToken::new();
            let told = stop.clone();
            tokio::spawn(async move {
                told_to_stop().await;
                told.cancel();
            });
            let options = daemon::run::Options {
                hyperd: executable,
                port,
                idle_shutdown,
                hang_deadline: arguments.hang_deadline,
                replace_hung: arguments.on_hang == OnHang::Replace,
                hyperd_memory: arguments.hyperd_memory,
            };
            daemon::run::run(options, stop).await.map(|()| ExitCode::SUCCESS)
        }
        DaemonCommand::Status => {
            let Some(answer) = daemon::client::reach(&home, Ask::Status).await? else {
                say("no daemon runs");
                return Ok(ExitCode::FAILURE);
            };
            let state = serde_json::to_string_pretty(&answer.state);
            say(&state.map_err(|error| Error::internal(format!("The state has no JSON form: {error}.")))?);
            Ok(ExitCode::SUCCESS)
        }
        DaemonCommand::Stop => {
            let stopped = daemon::client::stop(&home).await?;
            say(if stopped { "the daemon has ended" } else { "no daemon runs" });
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// A line for whoever runs the command. Only a command that serves no client writes to standard output.
fn say(line: &str) {
    // Nobody is left to be told that the output is closed.
    let _ = writeln!(std::io::stdout(), "{line}");
}

#[cfg(unix)]
fn leave_session() {
    // It fails where the process leads a session already, which is what is wanted.
    let _ = rustix::process::setsid();
}

#[cfg(not(unix))]
fn leave_session() {}

async fn serve(arguments: Arguments) -> Result<(), Error> {
    let server = Server::start(config(arguments)?).await?;
    let session = async {
        let (read, write) = rmcp::transport::stdio();
        if let Err(error) = server.serve_client(read, write).await {
            tracing::warn!(%error, "the client left before it had introduced itself");
        }
    };
    tokio::select! {
        () = session => tracing::info!("the client has closed its end"),
        () = told_to_stop() => tracing::info!("told to stop"),
    }
    server.stop().await;
    // A read of standard input that nobody waits for any more would keep the runtime from ending.
    std::process::exit(0)
}

fn config(arguments: Arguments) -> Result<Config, Error> {
    let paths = paths(arguments.allow_path)?;
    let source = match (arguments.endpoint, arguments.hyperd) {
        (Some(_), _) if paths.is_restricted() => {
            return Err(Error::invalid(format!(
                "{ALLOW_PATHS} is set, and a hyperd that runs already cannot be kept to it."
            ))
            .suggest("Leave --endpoint out, or unset the variable."));
        }
        (Some(endpoint), _) => EngineSource::Endpoint(endpoint),
        (None, Some(path)) => EngineSource::Hyperd(path),
        (None, None) if arguments.no_daemon || paths.is_restricted() => EngineSource::Spawn,
        (None, None) => EngineSource::Daemon(DaemonOptions {
            program: None,
            hang_deadline: arguments.hang_deadline,
            replace_hung: arguments.on_hang == OnHang::Replace,
            hyperd_memory: arguments.hyperd_memory.clone(),
        }),
    };
    let persistent = match arguments.persistent_db {
        _ if arguments.ephemeral_only => None,
        Some(path) => Some(path),
        None => Some(default_persistent()?),
    };
    let limits = Limits {
        query_rows_max: arguments.query_rows_max,
        query_bytes_max: arguments.query_bytes_max,
        statement_deadline: arguments.statement_deadline,
        hang_deadline: arguments.hang_deadline,
        replace_hung: arguments.on_hang == OnHang::Replace,
        hyperd_memory: arguments.hyperd_memory,
        ..Limits::default()
    };
    Ok(Config { engine: source, persistent, read_only: arguments.read_only, paths, limits, scratch: None })
}

/// Names folders that calls are kept to, where no option does.
const ALLOW_PATHS: &str = "HYPERDB_ALLOW_PATHS";

fn paths(mut folders: Vec<PathBuf>) -> Result<Paths, Error> {
    if folders.is_empty() {
        let Some(named) = std::env::var_os(ALLOW_PATHS).filter(|named| !named.is_empty()) else {
            return Ok(Paths::default());
        };
        folders = std::env::split_paths(&named).filter(|folder| !folder.as_os_str().is_empty()).collect();
    }
    Paths::below(&folders)
}

fn default_persistent() -> Result<PathBuf, Error> {
    let strategy = etcetera::choose_base_strategy().map_err(|error| {
        Error::invalid(format!("There is no data folder for the persistent database: {error}."))
            .suggest("Name its file with --persistent-db, or use --ephemeral-only.")
    })?;
    Ok(strategy.data_dir().join("hyperd-mcp").join("persistent.hyper"))
}

#[cfg(unix)]
async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(mut terminate), Ok(mut interrupt)) => {
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        }
        _ => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn told_to_stop() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}
