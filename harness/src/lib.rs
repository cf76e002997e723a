//! Conformance scenarios for MCP servers: read, planned, run against a real server, reported.
//!
//! Values go one way. Each arrow is a module that knows nothing of the ones after it; only [`run`] calls steps and
//! matchers.
//!
//! ```text
//! source -> syntax -> scenario -> plan -> run -> report
//! text      Node      Scenario    Case    CaseReport
//! ```
//!
//! # For a server of your own
//!
//! [`check()`] and [`check_text`] run scenarios inside any tokio test; [`libtest::main`] makes each scenario a test of its own. A
//! [`target::InProcess`] is any rmcp server in this process; no hyperd is needed for it.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), hyper_conform::Unmet> {
//! use hyper_conform::{check_text, target::Demo};
//!
//! let scenarios = r#"
//! feature: Notes
//! scenarios:
//!   - scenario: a note is written and read
//!     steps:
//!       - call: put
//!         with: { name: plans, text: Sail on Sunday }
//!         expect: { uri: note://plans, revision: 1 }
//!       - read: note://plans
//!         expect: { contents: [{ text: Sail on Sunday }] }
//! "#;
//! let summary = check_text(Demo, scenarios).await?;
//! assert_eq!(summary.passed, 1);
//!
//! // What is not as expected is an error whose text says where, and what came instead.
//! let broken = scenarios.replace("revision: 1", "revision: 2");
//! let unmet = check_text(Demo, &broken).await.unwrap_err();
//! assert!(unmet.to_string().contains("$.revision is 1"), "{unmet}");
//! # Ok(())
//! # }
//! ```
//!
//! # The parts
//!
//! Four functions carry a whole run: [`Suite::load`] reads and checks, [`plan::select`] spreads and filters,
//! [`run_all`] runs, and [`report::failure::render`] says what went wrong.

pub mod arrange;
pub mod bless;
pub mod bounds;
pub mod calls;
pub mod capabilities;
mod check;
pub mod checks;
pub mod coverage;
pub mod datasets;
pub mod decode;
pub mod libtest;
pub mod lint;
pub mod matchers;
pub mod mend;
pub mod needs;
mod order;
pub mod pattern;
pub mod plan;
mod range;
mod read_back;
pub mod record;
pub mod report;
pub mod requirements;
pub mod run;
pub mod scenario;
pub mod schema;
mod scope;
pub mod show;
pub mod source;
mod sql;
pub mod steps;
pub mod suite;
pub mod syntax;
pub mod table;
pub mod target;
pub mod tools;
pub mod vars;
mod when;

use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

pub use arrange::Partition;
pub use check::{Unmet, check, check_text};
pub use plan::{Case, Selection};
pub use run::{CaseReport, Engines, Stage, Verdict};
pub use suite::Suite;

/// What [`run_all`] tells while it runs.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// A case begins.
    Began(&'a Case),
    /// A case ended.
    Ended(&'a CaseReport),
    /// Time has passed.
    Tick,
}

/// How often [`run_all`] tells that time has passed.
const TICK_EVERY: Duration = Duration::from_millis(100);

/// Runs the cases on `jobs` threads; `each` hears what happens, and lets no further case begin by answering `false`.
pub fn run_all(
    cases: &[Case],
    stage: &Stage,
    jobs: NonZero<usize>,
    mut each: impl FnMut(Event<'_>) -> bool,
) -> Vec<CaseReport> {
    let next = AtomicUsize::new(0);
    let stopped = AtomicBool::new(false);
    let (sender, receiver) = mpsc::channel();
    let mut reports = Vec::with_capacity(cases.len());
    std::thread::scope(|scope| {
        for _ in 0..jobs.get().min(cases.len()) {
            let (sender, next, stopped) = (sender.clone(), &next, &stopped);
            scope.spawn(move || {
                while !stopped.load(Ordering::Relaxed)
                    && !stage.interrupt.is_cancelled()
                    && let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    // The receiver lives as long as the scope.
                    let _ = sender.send(Told::Began(case));
                    let _ = sender.send(Told::Ended(Box::new(run::run_case(case, stage))));
                }
            });
        }
        drop(sender);
        loop {
            let go_on = match receiver.recv_timeout(TICK_EVERY) {
                Ok(Told::Began(case)) => each(Event::Began(case)),
                Ok(Told::Ended(report)) => {
                    let go_on = each(Event::Ended(&report));
                    reports.push(*report);
                    go_on
                }
                Err(mpsc::RecvTimeoutError::Timeout) => each(Event::Tick),
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            };
            if !go_on {
                stopped.store(true, Ordering::Relaxed);
            }
        }
    });
    reports
}

/// What a thread of [`run_all`] tells the one that waits.
enum Told<'a> {
    Began(&'a Case),
    Ended(Box<CaseReport>),
}

/// How many cases to run at once: they wait for hyperd more than they compute, so more than there are cores.
pub fn jobs_default() -> NonZero<usize> {
    let cores = std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
    cores.saturating_mul(NonZero::<usize>::MIN.saturating_add(1))
}
