//! `hyper-conform`: runs, lists and checks scenarios, and manages releases of hyperd.
//!
//! Exit codes: 0 all as expected, 1 failures, 2 usage or broken files, 3 could not run, 130 interrupted.

mod bless;
mod capabilities;
mod coverage;
mod expected;
mod hyperd;
mod interrupt;
mod lint;
mod list;
mod record;
mod run;
mod schema;
mod show;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};
use hyper_conform::schema::Names;
use hyper_conform::source::Diagnostic;
use hyper_conform::target::{self, Duplex, NoTarget, Target};
use hyper_conform::{Partition, Selection, Suite};

/// Conformance scenarios for MCP servers in front of Hyper.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// The folder of scenarios [default: `scenarios` here or in a folder above]
    #[arg(long, global = true, value_name = "DIR")]
    suite: Option<PathBuf>,
    /// When to color
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    color: Color,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run scenarios against the server
    Run(run::RunArgs),
    /// List the scenarios that would run
    List(Picked),
    /// Try what Hyper can do, and compare with what is recorded
    ///
    /// Exit codes: 0 as recorded, 1 something broke, 4 only gains or other words, 2 usage, 3 could not run.
    Capabilities(capabilities::CapabilitiesArgs),
    /// Print a scenario as it would run: matrix values in their places, fragments written out
    Show(Picked),
    /// Check all files, and every call against the server's tools/list, without running anything
    Lint(lint::LintArgs),
    /// Print what the suite tries: requirements, tools, arguments, error codes
    Coverage(coverage::CoverageArgs),
    /// Record a client's session with a server as a scenario
    ///
    /// Put it into the client's configuration in the place of the server. It passes every line on as it is, and writes the
    /// file when the session ends.
    ///
    /// Exit codes: 0 written, 1 nothing was asked, 2 usage, 3 could not run.
    Record(record::RecordArgs),
    /// Print the JSON Schema that editors complete and check scenario files with
    Schema,
    /// Find, list and install releases of hyperd
    #[command(subcommand)]
    Hyperd(hyperd::HyperdCommand),
}

/// Which scenarios.
#[derive(Debug, Args)]
struct Picked {
    /// Files, folders or parts of names; all scenarios where none is given
    #[arg(value_name = "PATH|NAME")]
    filters: Vec<String>,
    /// Names must fit whole
    #[arg(long)]
    exact: bool,
    /// Only scenarios with this tag, or without it with a `!` before it; several must all hold
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// The server: a name of scenarios/targets/NAME.toml, or such a file
    #[arg(long, value_name = "NAME|FILE", default_value = Duplex::NAME)]
    target: String,
    /// Shuffle; the seed is printed, and the same seed gives the same order
    #[arg(long, value_name = "SEED", num_args = 0..=1, require_equals = true)]
    #[expect(clippy::option_option, reason = "the flag may be absent, bare, or have a value")]
    shuffle: Option<Option<u64>>,
    /// Only part I of N; which scenarios those are depends on nothing but their names
    #[arg(long, value_name = "I/N")]
    partition: Option<Partition>,
}

impl Picked {
    fn selection(&self) -> Selection {
        let shuffle = self.shuffle.map(|seed| seed.unwrap_or_else(|| u64::from(std::process::id())));
        Selection {
            filters: self.filters.clone(),
            exact: self.exact,
            tags: self.tags.clone(),
            shuffle,
            partition: self.partition,
        }
    }

    fn target(&self, suite: &Suite) -> Result<Arc<dyn Target>, Stop> {
        target::find(&suite.root, &self.target).map_err(|error| {
            Stop::Usage(match error {
                NoTarget::Unknown(text) => text,
                NoTarget::Broken(problems) => render("the target cannot be read", &problems, false),
            })
        })
    }
}

/// What ends the program before its work is done.
#[derive(Debug)]
enum Stop {
    /// The command line or the files are wrong.
    Usage(String),
    /// There is nothing to run against.
    CouldNotRun(String),
}

/// What stands behind the program's exit code.
const FAILURES: u8 = 1;
const USAGE: u8 = 2;
const COULD_NOT_RUN: u8 = 3;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let color = match cli.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => std::env::var_os("NO_COLOR").is_none() && std::io::IsTerminal::is_terminal(&std::io::stdout()),
    };
    let done = match &cli.command {
        Command::Run(args) => {
            load(cli.suite.as_deref(), color).and_then(|suite| run::run(args, &suite, cli.suite.as_deref(), color))
        }
        Command::List(picked) => load(cli.suite.as_deref(), color).and_then(|suite| list::list(picked, &suite)),
        Command::Capabilities(args) => {
            load(cli.suite.as_deref(), color).and_then(|suite| capabilities::run(args, &suite))
        }
        Command::Show(picked) => load(cli.suite.as_deref(), color).and_then(|suite| show::show(picked, &suite)),
        Command::Lint(args) => load(cli.suite.as_deref(), color).and_then(|suite| lint::lint(args, &suite, color)),
        Command::Coverage(args) => load(cli.suite.as_deref(), color).and_then(|suite| coverage::coverage(args, &suite)),
        Command::Record(args) => record::record(args),
        Command::Schema => load(cli.suite.as_deref(), color).and_then(|suite| schema::schema(&Names::of(&suite))),
        Command::Hyperd(command) => hyperd::run(command),
    };
    match done {
        Ok(code) => code,
        Err(Stop::Usage(text)) => {
            eprintln!("error: {text}");
            ExitCode::from(USAGE)
        }
        Err(Stop::CouldNotRun(text)) => {
            eprintln!("error: {text}");
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}

fn load(given: Option<&Path>, color: bool) -> Result<Suite, Stop> {
    let root = match given {
        Some(root) => root.to_owned(),
        None => find_suite().ok_or_else(|| {
            Stop::Usage("there is no folder `scenarios` here or above; name it with --suite DIR".to_owned())
        })?,
    };
    Suite::load(&root).map_err(|problems| Stop::Usage(render("the scenarios cannot be read", &problems, color)))
}

fn find_suite() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    here.ancestors().map(|folder| folder.join("scenarios")).find(|folder| folder.join("requirements.yaml").is_file())
}

fn render(title: &str, problems: &[Diagnostic], color: bool) -> String {
    let shown: Vec<String> = problems.iter().map(|problem| problem.render(color)).collect();
    let count = if problems.len() == 1 { "1 problem".to_owned() } else { format!("{} problems", problems.len()) };
    format!("{title}: {count}\n\n{}\n", shown.join("\n\n"))
}
