//! `hyper-conform run`

use std::io::IsTerminal;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use hyper_conform::report::Summary;
use hyper_conform::report::console::Console;
use hyper_conform::target::expected::Reading;
use hyper_conform::target::{Duplex, Protocol};
use hyper_conform::{Engines, Stage, Suite, Verdict, jobs_default, plan, run_all};

use super::{COULD_NOT_RUN, FAILURES, Picked, Stop, expected, interrupt};

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
pub(super) struct RunArgs {
    #[command(flatten)]
    picked: Picked,
    /// How many scenarios run at once [default: twice the number of cores]
    #[arg(long, short, value_name = "N")]
    jobs: Option<NonZero<usize>>,
    /// The hyperd to use: a release, which is fetched if need be, or a path
    #[arg(long, value_name = "RELEASE|PATH")]
    hyperd: Option<String>,
    /// The revision of MCP that the clients speak, such as 2025-11-25 or 2026-07-28 [default: the newest one with a
    /// handshake, or an older one that the server prefers]
    #[arg(long, value_name = "REVISION")]
    protocol: Option<Protocol>,
    /// Stop at the first failure
    #[arg(long)]
    fail_fast: bool,
    /// Keep the files of scenarios that failed
    #[arg(long)]
    keep: bool,
    /// Write the target's list of expected failures anew from what comes of this run; new entries wait for a reason
    #[arg(long)]
    bless_expected: bool,
    /// A line for every scenario
    #[arg(long, short)]
    verbose: bool,
}

pub(super) fn run(args: &RunArgs, suite: &Suite, given: Option<&Path>, color: bool) -> Result<ExitCode, Stop> {
    let selection = args.picked.selection();
    let cases = plan::select(suite, &selection).map_err(Stop::Usage)?;
    let mut stage = Stage::new(args.picked.target(suite)?, engines(args.hyperd.as_deref())?, &suite.root, args.keep);
    stage.again = again(args, given, stage.target.named());
    let known = expected::known(suite, &stage);
    let reading = if args.bless_expected { Reading::ToMend } else { Reading::Strict };
    let mut before = expected::load(&known, stage.target.as_ref(), reading)?;
    let bless = args.bless_expected.then(|| expected::blessable(stage.target.as_ref())).transpose()?;
    if bless.is_none() {
        stage.expected = std::mem::take(&mut before);
    }
    stage.protocol = args.protocol.clone().unwrap_or_default();
    let engine = if stage.target.needs_engine() {
        // Without a hyperd every scenario would say the same; said once, it can be read.
        let located = stage.engines.shared().map_err(Stop::CouldNotRun)?;
        format!(", hyperd {}", located.release)
    } else {
        String::new()
    };
    if let Some(seed) = selection.shuffle {
        eprintln!("shuffled with --shuffle={seed}");
    }
    eprintln!("running {} scenarios against {}{engine}, protocol {}", cases.len(), stage.target.name(), stage.protocol);
    interrupt::listen(stage.interrupt.clone());
    let live = std::io::stdout().is_terminal();
    let mut console = Console::new(std::io::stdout(), cases.len(), color, args.verbose, live);
    let began = Instant::now();
    let mut closed = false;
    let reports = run_all(&cases, &stage, args.jobs.unwrap_or_else(jobs_default), |report| {
        let fails = matches!(report.verdict, Verdict::Fail(_));
        // What fails is what is written down; to read why, run again without it.
        if !(fails && bless.is_some()) {
            closed |= console.case(report).is_err();
        }
        let failed = fails || matches!(report.verdict, Verdict::CouldNotRun(_));
        !(closed || args.fail_fast && failed)
    });
    stage.engines.stop();
    let mut summary = Summary::of(&reports);
    // A closed pipe (`| head`) is the reader's choice, not a failure.
    let _ = console.summary(&summary, began.elapsed());
    if stage.interrupt.is_cancelled() {
        return Ok(interrupt::exit_code());
    }
    if let Some(path) = bless {
        eprintln!("{}", expected::bless(&path, &before, &known, &reports)?);
        summary.failed = 0;
    }
    Ok(match summary {
        Summary { failed: 1.., .. } => ExitCode::from(FAILURES),
        Summary { could_not_run: 1.., .. } => ExitCode::from(COULD_NOT_RUN),
        _ => ExitCode::SUCCESS,
    })
}

/// The options of this run that change what a scenario does, for the line that runs it again.
fn again(args: &RunArgs, suite: Option<&Path>, target: &str) -> String {
    let suite = suite.map(|suite| ("suite", suite.display().to_string()));
    let hyperd = args.hyperd.clone().map(|hyperd| ("hyperd", hyperd));
    let protocol = args.protocol.as_ref().map(|protocol| ("protocol", protocol.to_string()));
    let target = Some(("target", target.to_owned())).filter(|(_, target)| target != Duplex::NAME);
    let given = [suite, target, hyperd, protocol].into_iter().flatten();
    given.map(|(name, value)| format!(" --{name} {}", quoted(&value))).collect::<Vec<_>>().concat()
}

/// As a shell takes it for one word.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=,@%+".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

fn engines(given: Option<&str>) -> Result<Engines, Stop> {
    let Some(given) = given else { return Ok(Engines::default()) };
    let path = PathBuf::from(given);
    if path.exists() {
        return Ok(Engines::with_executable(path, None));
    }
    let installed =
        hyperd_mcp::hyperd::install(given).map_err(|error| Stop::CouldNotRun(super::hyperd::told(&error)))?;
    Ok(Engines::with_executable(installed.path, Some(installed.release)))
}
