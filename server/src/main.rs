//! The command `hyperd-mcp`: arguments to a configuration, and a server on standard input and output.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use etcetera::BaseStrategy as _;
use hyperd_mcp::config::{Config, EngineSource};
use hyperd_mcp::engine;
use hyperd_mcp::error::Error;
use hyperd_mcp::limits::Limits;
use hyperd_mcp::server::Server;
use tracing_subscriber::EnvFilter;

/// An MCP server for Hyper, on standard input and output.
///
/// Configure an MCP client to run this command. Logs go to standard error.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// File of the `persistent` database; the platform's data folder has it otherwise.
    #[arg(long, value_name = "PATH", env = "HYPERDB_PERSISTENT_DB")]
    persistent_db: Option<PathBuf>,
    /// Keep nothing: no `persistent` database.
    #[arg(long)]
    ephemeral_only: bool,
    /// Refuse each tool that writes.
    #[arg(long)]
    read_only: bool,
    /// The hyperd to start; found or fetched otherwise.
    #[arg(long, value_name = "PATH", conflicts_with = "endpoint")]
    hyperd: Option<PathBuf>,
    /// A hyperd that runs already, instead of one of the server's own.
    #[arg(long, value_name = "HOST:PORT")]
    endpoint: Option<String>,
    /// Most rows in one answer.
    #[arg(long, value_name = "N", default_value_t = Limits::default().query_rows_max, value_parser = at_least_one)]
    query_rows_max: usize,
    /// Most bytes of values in one answer.
    #[arg(long, value_name = "N", default_value_t = Limits::default().query_bytes_max, value_parser = at_least_one)]
    query_bytes_max: usize,
    /// Seconds that one statement may run before it is cancelled.
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = seconds)]
    statement_deadline: Duration,
    /// Seconds that hyperd may leave a new connection unanswered before it is taken to hang.
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    hang_deadline: Duration,
    /// What becomes of a hyperd of the server's own that hangs.
    #[arg(long, value_enum, default_value_t = OnHang::Replace)]
    on_hang: OnHang,
    /// What to log: error, warn, info, debug or trace, or filters such as `hyperd_mcp=debug`.
    #[arg(long, value_name = "FILTER", env = "RUST_LOG", default_value = engine::LOG_FILTER)]
    log_level: String,
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

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = match EnvFilter::try_new(&arguments.log_level) {
        Ok(filter) => filter,
        Err(error) => {
            eprintln!("hyperd-mcp: --log-level {:?} is no filter: {error}", arguments.log_level);
            return ExitCode::from(2);
        }
    };
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).init();
    match serve(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hyperd-mcp: {}", error.message);
            if let Some(suggestion) = error.suggestion {
                eprintln!("hyperd-mcp: {suggestion}");
            }
            ExitCode::FAILURE
        }
    }
}

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
    let source = match (arguments.endpoint, arguments.hyperd) {
        (Some(endpoint), _) => EngineSource::Endpoint(endpoint),
        (None, Some(path)) => EngineSource::Hyperd(path),
        (None, None) => EngineSource::Spawn,
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
        ..Limits::default()
    };
    Ok(Config { engine: source, persistent, read_only: arguments.read_only, limits, scratch: None })
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
