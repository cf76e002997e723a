//! `hyper-conform capabilities`

use std::fs;
use std::io::{self, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Instant;

use clap::Args;
use hyper_conform::Suite;
use hyper_conform::capabilities::matrix::{self, Matrix};
use hyper_conform::capabilities::release::Subject;
use hyper_conform::capabilities::report::{self, group};
use hyper_conform::capabilities::run::{self, Findings, Settings};

use super::{COULD_NOT_RUN, FAILURES, Stop};

/// Only gains, or other words: worth a look, and no failure.
const NOTICES: u8 = 4;

#[derive(Debug, Args)]
pub(super) struct CapabilitiesArgs {
    /// Parts of rows' ids; all rows where none is given
    #[arg(value_name = "ROW")]
    filters: Vec<String>,
    /// The hyperds to try: releases, which are fetched if need be, or paths [default: the one that a run would use]
    #[arg(long, value_name = "RELEASE|PATH", num_args = 1..)]
    hyperd: Vec<String>,
    /// The recorded release to compare with [default: the same release, else the newest recorded]
    #[arg(long, value_name = "RELEASE")]
    against: Option<String>,
    /// How to tell: table, json, html, junit or github (Markdown); with `=FILE`, written there
    #[arg(long = "report", value_name = "KIND[=FILE]", default_value = "table")]
    reports: Vec<Report>,
    /// Write what came to the matrix, its page and README; without --hyperd, of every release recorded
    #[arg(long, conflicts_with = "against")]
    record: bool,
    /// How many releases are tried at once [default: the number of cores]
    #[arg(long, short, value_name = "N")]
    jobs: Option<NonZero<usize>>,
}

#[derive(Debug, Clone)]
struct Report {
    kind: ReportKind,
    file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum ReportKind {
    Table,
    Json,
    Html,
    Junit,
    Github,
}

impl FromStr for Report {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, file) = match text.split_once('=') {
            Some((kind, file)) => (kind, Some(PathBuf::from(file))),
            None => (text, None),
        };
        let kind = <ReportKind as clap::ValueEnum>::from_str(kind, false)
            .map_err(|_| format!("`{kind}` is none of table, json, html, junit, github"))?;
        Ok(Self { kind, file })
    }
}

pub(super) fn run(args: &CapabilitiesArgs, suite: &Suite) -> Result<ExitCode, Stop> {
    if args.record && std::env::var_os("CI").is_some() {
        return Err(Stop::Usage("--record writes files that are to be reviewed: it does nothing under CI".to_owned()));
    }
    let rows = suite.battery.select(&args.filters).map_err(Stop::Usage)?;
    let mut matrix = Matrix::load(&suite.root).map_err(Stop::Usage)?;
    if let Some(against) = args.against.as_ref().filter(|against| matrix.recorded(against).is_none()) {
        let known: Vec<&str> = matrix.releases.iter().map(|recorded| recorded.release.as_str()).collect();
        return Err(Stop::Usage(format!("{against} is not recorded; there are {}", known.join(", "))));
    }
    let subjects = subjects(args, &matrix)?;
    let mut settings = Settings::new(&suite.root);
    settings.against = args.against.as_deref();
    settings.jobs = args.jobs.unwrap_or(settings.jobs);
    eprintln!("trying {} capabilities on {} hyperd", rows.len(), subjects.len());
    let began = Instant::now();
    let findings = run::run(&rows, &subjects, &matrix, settings, |done| eprintln!("{}", report::table::summary(done)));
    eprintln!("done in {:.1} s", began.elapsed().as_secs_f64());
    for report in &args.reports {
        write(report, &render(report.kind, suite, &matrix, &findings))?;
    }
    if args.record {
        return record(suite, &mut matrix, &findings);
    }
    Ok(match group::verdict(&findings) {
        group::Verdict::Same => ExitCode::SUCCESS,
        group::Verdict::Notice => ExitCode::from(NOTICES),
        group::Verdict::Broke => ExitCode::from(FAILURES),
        group::Verdict::CouldNotRun => ExitCode::from(COULD_NOT_RUN),
    })
}

fn subjects(args: &CapabilitiesArgs, matrix: &Matrix) -> Result<Vec<Subject>, Stop> {
    let named: Vec<String> = if args.hyperd.is_empty() && args.record {
        matrix.releases.iter().map(|recorded| recorded.release.clone()).collect()
    } else {
        args.hyperd.clone()
    };
    if named.is_empty() {
        return Ok(vec![Subject::default_one().map_err(Stop::CouldNotRun)?]);
    }
    named.iter().map(|given| Subject::find(given).map_err(Stop::CouldNotRun)).collect()
}

fn render(kind: ReportKind, suite: &Suite, matrix: &Matrix, findings: &[Findings]) -> String {
    match kind {
        ReportKind::Table => report::table::render(findings),
        ReportKind::Json => report::json::render(findings),
        ReportKind::Html => report::html::render(&suite.battery, matrix, findings),
        ReportKind::Junit => report::junit::render(findings),
        ReportKind::Github => report::github::render(findings),
    }
}

fn write(report: &Report, text: &str) -> Result<(), Stop> {
    match &report.file {
        Some(file) => put(file, text),
        None => {
            io::stdout().write_all(text.as_bytes()).map_err(|error| Stop::Usage(format!("failed to write: {error}")))
        }
    }
}

fn put(file: &Path, text: &str) -> Result<(), Stop> {
    fs::write(file, text).map_err(|error| Stop::Usage(format!("failed to write {}: {error}", file.display())))
}

/// Writes the matrix and what is made of it.
fn record(suite: &Suite, matrix: &mut Matrix, findings: &[Findings]) -> Result<ExitCode, Stop> {
    for found in findings {
        if let Some(change) = found.changes.iter().find(|change| change.after.is_none()) {
            let reason = change.reason.as_deref().unwrap_or_default();
            return Err(Stop::CouldNotRun(format!(
                "nothing is recorded: {} on {}: {reason}",
                change.id, found.subject.name
            )));
        }
        matrix.record(found.subject.recorded.clone(), found.outcomes.iter().cloned());
    }
    matrix.save(&suite.root, &suite.battery).map_err(Stop::Usage)?;
    let page = matrix::page(&suite.root);
    put(&page, &report::html::render(&suite.battery, matrix, &[]))?;
    let readme = suite.root.with_file_name("README.md");
    let text = fs::read_to_string(&readme).map_err(|error| Stop::Usage(format!("{}: {error}", readme.display())))?;
    let table = report::readme::table(&suite.battery, matrix);
    put(&readme, &report::readme::put(&text, &table).map_err(Stop::Usage)?)?;
    eprintln!("recorded {} releases in {}", findings.len(), matrix::folder(&suite.root).display());
    Ok(ExitCode::SUCCESS)
}
