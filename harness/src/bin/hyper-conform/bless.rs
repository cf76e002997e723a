//! `hyper-conform run --bless`: what the server answers, written into the scenarios.

use std::io::Write;
use std::num::NonZero;
use std::path::Path;

use hyper_conform::bless::{self, Blessing};
use hyper_conform::report::console::Console;
use hyper_conform::report::{CutShort, RunReport};
use hyper_conform::target::Target;
use hyper_conform::{Case, Stage, Verdict, run_all};

use super::Stop;
use super::interrupt::Interrupt;

/// Where CI is set, nobody is there to review what would be written.
pub(super) fn refuse_in_ci() -> Result<(), Stop> {
    if std::env::var_os("CI").is_some_and(|value| !value.is_empty()) {
        return Err(Stop::Usage(
            "CI is set: what is expected is not rewritten there; run it where somebody reviews the difference"
                .to_owned(),
        ));
    }
    Ok(())
}

/// Whether scenarios may be rewritten in this run.
pub(super) fn allowed(target: &dyn Target) -> Result<(), Stop> {
    refuse_in_ci()?;
    if !target.is_reference() {
        return Err(Stop::Usage(format!(
            "the scenarios judge the target `{}`, so --bless writes none of its answers into them; what it does otherwise \
             belongs into its list of expected failures (--bless-expected). Where scenarios are to say what it does, write \
             `reference = true` into its file",
            target.name()
        )));
    }
    Ok(())
}

/// Mends the scenarios that failed in `run`, which then says what came of them at last.
pub(super) fn bless(
    root: &Path,
    stage: &Stage,
    jobs: NonZero<usize>,
    run: &mut RunReport,
    console: &mut Console<Box<dyn Write>>,
    interrupt: &Interrupt,
) -> Result<(), Stop> {
    let mut again = |cases: &[Case]| {
        let reports = run_all(cases, stage, jobs, |_| {
            console.tick();
            !interrupt.came()
        });
        (reports.len() == cases.len() && !interrupt.came()).then_some(reports)
    };
    let first = std::mem::take(&mut run.cases);
    let blessing = match bless::bless(root, first.clone(), &mut again) {
        Ok(blessing) => blessing,
        Err(error) => {
            run.cases = first;
            run.cut_short = interrupt.came().then_some(CutShort::Interrupted);
            tell_failures(console, run);
            return Err(Stop::CouldNotRun(error.to_string()));
        }
    };
    run.cases.clone_from(&blessing.reports);
    tell_failures(console, run);
    let written = blessing.write();
    let _ = console.say(&told(&blessing, written.is_ok()));
    written.map_err(Stop::CouldNotRun)
}

/// A closed pipe is the reader's choice; the files are written all the same.
fn tell_failures(console: &mut Console<Box<dyn Write>>, run: &RunReport) {
    for report in run.cases.iter().filter(|report| matches!(report.verdict, Verdict::Fail(_))) {
        let _ = console.tell(report);
    }
}

fn told(blessing: &Blessing, written: bool) -> String {
    let mut text: String = blessing.files.iter().map(|file| file.diff() + "\n").collect();
    if !blessing.left.is_empty() {
        text.push_str("not blessed:\n");
    }
    for line in &blessing.left {
        text.push_str(&format!("  {line}\n"));
    }
    let count = |number: usize, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
    let expectations = count(blessing.expectations(), "expectation");
    let files = count(blessing.files.len(), "file");
    match (blessing.files.is_empty(), written) {
        (true, _) if blessing.left.is_empty() => text.push_str("nothing to bless: every expectation holds\n"),
        (true, _) => text.push_str("nothing was written\n"),
        (false, true) => {
            text.push_str(&format!("rewrote {expectations} in {files}: review them before they are committed\n"));
        }
        (false, false) => {}
    }
    text
}
