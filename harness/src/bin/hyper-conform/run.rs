//! `hyper-conform run`

use std::io::{IsTerminal, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use clap::Args;
use hyper_conform::report::console::Console;
use hyper_conform::report::{CutShort, Destination, RunReport, Summary, repository};
use hyper_conform::target::expected::Reading;
use hyper_conform::target::{Duplex, Protocol};
use hyper_conform::{Case, Engines, Event, Stage, Suite, Verdict, arrange, jobs_default, plan, run_all};

use super::interrupt::Interrupt;
use super::{COULD_NOT_RUN, FAILURES, Picked, Stop, bless, expected};

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
    /// Run each scenario so many times; one that passes and fails is a failure, named flaky
    #[arg(long, value_name = "N", default_value = "1", hide_default_value = true)]
    repeat: NonZero<usize>,
    /// Write a report: junit=FILE, json=FILE, html=FILE or github; `-` or no file is standard output; may be given
    /// several times
    #[arg(long = "report", value_name = "FORMAT[=FILE]")]
    reports: Vec<Destination>,
    /// Stop at the first failure
    #[arg(long)]
    fail_fast: bool,
    /// Keep the files of scenarios that failed
    #[arg(long)]
    keep: bool,
    /// Write the target's list of expected failures anew from what comes of this run; new entries wait for a reason
    #[arg(long)]
    bless_expected: bool,
    /// Write what the server answers into the scenarios that expect otherwise, and show the difference
    #[arg(long, conflicts_with_all = ["bless_expected", "repeat", "fail_fast"])]
    bless: bool,
    /// A line for every scenario
    #[arg(long, short)]
    verbose: bool,
}

pub(super) fn run(args: &RunArgs, suite: &Suite, given: Option<&Path>, color: bool) -> Result<ExitCode, Stop> {
    let target = args.picked.target.find(suite)?;
    if args.bless {
        bless::allowed(target.as_ref())?;
    }
    let selection = args.picked.selection();
    let cases = plan::select(suite, &selection).map_err(Stop::Usage)?;
    let attempts = arrange::attempts(&cases, args.repeat, selection.shuffle);
    let opened = Destination::open_all(&args.reports).map_err(Stop::Usage)?;
    let mut stage = Stage::new(target, engines(args.hyperd.as_deref())?, &suite.root, args.keep);
    stage.again = again(args, given, stage.target.named());
    let known = expected::known(suite, &stage);
    let reading = if args.bless_expected { Reading::ToMend } else { Reading::Strict };
    let mut before = expected::load(&known, stage.target.as_ref(), reading)?;
    let bless = args.bless_expected.then(|| expected::blessable(stage.target.as_ref())).transpose()?;
    if bless.is_none() {
        stage.expected = std::mem::take(&mut before);
    }
    stage.protocol = args.protocol.clone().unwrap_or_default();
    let mut run = RunReport {
        target: stage.target.name().to_owned(),
        protocol: stage.protocol.to_string(),
        // Without a hyperd every scenario would say the same; said once, it can be read.
        hyperd: if stage.target.needs_engine() {
            Some(stage.engines.shared().map_err(Stop::CouldNotRun)?.release)
        } else {
            None
        },
        began: SystemTime::now(),
        wall: Duration::ZERO,
        planned: attempts.len(),
        attempts: args.repeat.get(),
        seed: selection.shuffle,
        partition: selection.partition,
        cut_short: None,
        repository: repository(&suite.root),
        cases: Vec::new(),
    };
    announce(&run, cases.len());
    let mut console = console(args, &run, color);
    let interrupt = Interrupt::listen(stage.interrupt.clone());
    perform(args, &attempts, &stage, &mut run, &mut console, &interrupt);
    let blessed = if args.bless && run.cut_short.is_none() {
        let jobs = args.jobs.unwrap_or_else(jobs_default);
        bless::bless(&suite.root, &stage, jobs, &mut run, &mut console, &interrupt)
    } else {
        Ok(())
    };
    stage.engines.stop();
    // A closed pipe (`| head`) is the reader's choice, not a failure.
    let _ = console.summary(&run);
    blessed?;
    for opened in opened {
        opened.write(&run).map_err(Stop::CouldNotRun)?;
    }
    if let Some(path) = bless.filter(|_| run.cut_short.is_none()) {
        eprintln!("{}", expected::bless(&path, &before, &known, &run.cases)?);
        return Ok(if run.summary().could_not_run > 0 { ExitCode::from(COULD_NOT_RUN) } else { ExitCode::SUCCESS });
    }
    Ok(exit_code(&run))
}

fn announce(run: &RunReport, cases: usize) {
    if let Some(seed) = run.seed {
        eprintln!("shuffled with --shuffle={seed}");
    }
    let part = run.partition.map_or_else(String::new, |part| format!(" of the part {part}"));
    let times = if run.attempts > 1 { format!(", {} times each,", run.attempts) } else { String::new() };
    let hyperd = run.hyperd.as_ref().map_or_else(String::new, |release| format!(", hyperd {release}"));
    let s = if cases == 1 { "" } else { "s" };
    eprintln!("running {cases} scenario{s}{part}{times} against {}{hyperd}, protocol {}", run.target, run.protocol);
}

/// Tells on standard output; on standard error where a report takes standard output.
fn console(args: &RunArgs, run: &RunReport, color: bool) -> Console<Box<dyn Write>> {
    let out: Box<dyn Write> = if args.reports.iter().any(Destination::takes_stdout) {
        Box::new(std::io::stderr())
    } else {
        Box::new(std::io::stdout())
    };
    let live = std::io::stderr().is_terminal();
    Console::new(out, (run.planned, run.attempts), color, args.verbose, live)
}

/// Runs the cases, and tells of them.
fn perform(
    args: &RunArgs,
    cases: &[Case],
    stage: &Stage,
    run: &mut RunReport,
    console: &mut Console<Box<dyn Write>>,
    interrupt: &Interrupt,
) {
    let began = Instant::now();
    let mut cut_short = None;
    run.cases = run_all(cases, stage, args.jobs.unwrap_or_else(jobs_default), |event| {
        match event {
            Event::Began(case) => console.began(case),
            Event::Tick => console.tick(),
            Event::Ended(report) => {
                let bad = matches!(report.verdict, Verdict::Fail(_) | Verdict::CouldNotRun(_));
                console.counted(report);
                // What fails is what is written down then; what is left of it is told after that.
                let told = !((args.bless_expected || args.bless) && matches!(report.verdict, Verdict::Fail(_)));
                if told && console.tell(report).is_err() {
                    cut_short = cut_short.or(Some(CutShort::Closed));
                } else if args.fail_fast && bad {
                    cut_short = cut_short.or(Some(CutShort::FailFast));
                }
            }
        }
        if interrupt.came() {
            cut_short = cut_short.or(Some(CutShort::Interrupted));
        }
        cut_short.is_none()
    });
    run.wall = began.elapsed();
    run.cut_short = cut_short.filter(|_| run.cases.len() < run.planned);
}

fn exit_code(run: &RunReport) -> ExitCode {
    match run.summary() {
        Summary { failed: 1.., .. } => ExitCode::from(FAILURES),
        Summary { could_not_run: 1.., .. } => ExitCode::from(COULD_NOT_RUN),
        // What did not begin cannot be green; who closed the output has seen enough.
        _ if run.cut_short == Some(CutShort::Interrupted) => ExitCode::from(COULD_NOT_RUN),
        _ => ExitCode::SUCCESS,
    }
}

/// The command that runs cases again, with the options of this run that change what a scenario does.
fn again(args: &RunArgs, suite: Option<&Path>, target: &str) -> String {
    let suite = suite.map(|suite| ("suite", suite.display().to_string()));
    let hyperd = args.hyperd.clone().map(|hyperd| ("hyperd", hyperd));
    let protocol = args.protocol.as_ref().map(|protocol| ("protocol", protocol.to_string()));
    let target = Some(("target", target.to_owned())).filter(|(_, target)| target != Duplex::NAME);
    let given = [suite, target, hyperd, protocol].into_iter().flatten();
    let options: Vec<String> = given.map(|(name, value)| format!(" --{name} {}", quoted(&value))).collect();
    format!("cargo conform run{}", options.concat())
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
