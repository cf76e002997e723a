//! Doing what a plan says: a fresh stage for each case, a deadline on each step, and what came of it.

mod answer;
mod case;
mod check;
mod engine;
mod failure;
mod frame;
mod heard;
mod held;
mod journal;
mod promises;
mod report;
mod step;

pub use answer::Answer;
pub use case::run_case;
pub use engine::{Engine, Engines};
pub use failure::{Failure, Section};
pub(crate) use frame::io_failure;
pub use frame::{Frame, Scene};
pub(crate) use heard::Heard;
pub(crate) use held::Held;
pub use journal::Journal;
pub use promises::Promises;
pub use report::{CaseLog, CaseReport, Spoken, StepReport, StepVerdict, Verdict};
pub(crate) use step::run_step;
pub use step::run_steps;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::needs::Here;
use crate::scenario::Scenario;
use crate::target::{Demands, Expected, Protocol, Target};

/// What all cases of a run share.
pub struct Stage {
    /// The server under test.
    pub target: Arc<dyn Target>,
    /// The hyperd that cases share.
    pub engines: Engines,
    /// `scenarios/data`.
    pub data: PathBuf,
    /// Whether the directories of cases that fail stay after the run.
    pub keep: bool,
    /// The revision of MCP that the clients speak.
    pub protocol: Protocol,
    /// The command that runs cases again, without their names; empty where there is none.
    pub again: String,
    /// Ends the cases that run, with all that they started, and the run.
    pub interrupt: CancellationToken,
    /// The cases that are expected to fail.
    pub expected: Expected,
    /// What the server promises of its answers.
    pub promises: Arc<Promises>,
}

impl Stage {
    /// The command that runs the case of that name alone; empty where there is none.
    pub fn again(&self, id: &str) -> String {
        if self.again.is_empty() { String::new() } else { format!("{} --exact '{id}'", self.again) }
    }

    /// Why a scenario is not applicable here; `hyper` is the release of hyperd, `None` where nobody has looked yet.
    pub fn unmet(&self, scenario: &Scenario, hyper: Option<&str>) -> Option<String> {
        let here = Here { hyper, protocol: self.protocol.revision(), target: self.target.name() };
        let private = scenario.server.private_engine && !self.target.needs_engine();
        let engine = private.then(|| format!("needs a hyperd of its own, and {} has none", self.target.name()));
        let target = || self.target.cannot(&Demands::of(scenario));
        scenario.needs.unmet(&here).or(engine).or_else(target)
    }

    /// A stage for runs of the suite in `root`.
    pub fn new(target: Arc<dyn Target>, engines: Engines, root: &Path, keep: bool) -> Self {
        let data = root.join("data");
        Self {
            target,
            engines,
            data,
            keep,
            protocol: Protocol::default(),
            again: String::new(),
            interrupt: CancellationToken::new(),
            expected: Expected::default(),
            promises: Arc::default(),
        }
    }
}
