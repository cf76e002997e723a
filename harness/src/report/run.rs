//! Everything that is known of a run when it is over, from which each report is written.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{Summary, Tested};
use crate::arrange::Partition;
use crate::run::CaseReport;
use crate::source::Span;

/// A run and what came of it.
#[derive(Debug, Clone)]
pub struct RunReport {
    /// The server under test.
    pub target: String,
    /// The revision of MCP that the clients spoke, or how it was chosen.
    pub protocol: String,
    /// The release of hyperd; none where no hyperd was needed.
    pub hyperd: Option<String>,
    /// When it began.
    pub began: SystemTime,
    /// How long it took, as a clock on the wall shows it.
    pub wall: Duration,
    /// How many cases it was to run, an attempt each.
    pub planned: usize,
    /// How often each case was to run.
    pub attempts: usize,
    /// What the order was shuffled by.
    pub seed: Option<u64>,
    /// Which part of the cases it was.
    pub partition: Option<Partition>,
    /// Why it ended before all had run, if it did.
    pub cut_short: Option<CutShort>,
    /// The folder that holds the repository of the scenarios; places are told relative to it.
    pub repository: Option<PathBuf>,
    /// What came of each attempt at each case, in the order in which they ended.
    pub cases: Vec<CaseReport>,
}

/// Why a run ended before all of it had run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CutShort {
    /// `--fail-fast`, and something failed.
    FailFast,
    /// Somebody asked it to stop.
    Interrupted,
    /// Nobody reads the output any more.
    Closed,
}

impl CutShort {
    /// One clause on why.
    pub fn why(self) -> &'static str {
        match self {
            Self::FailFast => "--fail-fast: something failed",
            Self::Interrupted => "interrupted",
            Self::Closed => "nobody reads the output any more",
        }
    }
}

/// A place in a file of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The path with forward slashes.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
}

impl RunReport {
    /// Each case with all attempts at it, by name.
    pub fn tested(&self) -> Vec<Tested<'_>> {
        Tested::of(&self.cases)
    }

    /// The figures.
    pub fn summary(&self) -> Summary {
        Summary::of(&self.cases, self.planned)
    }

    /// The place of `span`, relative to the repository; without one, as messages show it.
    pub fn place(&self, span: &Span) -> Place {
        let (line, column) = span.source.line_column(span.start);
        let inside = self.repository.as_ref().and_then(|folder| span.path().strip_prefix(folder).ok());
        let file = inside.map_or_else(|| span.source.shown.clone(), |path| path.to_string_lossy().replace('\\', "/"));
        Place { file, line, column }
    }
}

/// The folder at or above `folder` that holds a repository.
pub fn repository(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_owned)
}
