//! A battery on several releases: two at a time, a changed row once more on a hyperd of its own.

use std::num::NonZero;
use std::path::Path;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::compare::{self, Change};
use super::lab::{Lab, ROW_DEADLINE};
use super::matrix::Matrix;
use super::outcome::Outcome;
use super::release::{self, Subject};
use super::row::Row;

/// How a run goes.
#[derive(Debug, Clone, Copy)]
pub struct Settings<'a> {
    /// The folder `scenarios`.
    pub suite: &'a Path,
    /// What to compare with; none is the subject's own record, else the newest one.
    pub against: Option<&'a str>,
    /// How many releases are tried at once.
    pub jobs: NonZero<usize>,
    /// How long a row may take.
    pub deadline: Duration,
}

/// What came of one release.
#[derive(Debug)]
pub struct Findings {
    /// The release.
    pub subject: Subject,
    /// The recorded release that it was compared with.
    pub against: Option<String>,
    /// Each row that was tried and what came of it, in order.
    pub outcomes: Vec<(String, Outcome)>,
    /// What changed, twice in a row.
    pub changes: Vec<Change>,
    /// Rows that changed once and not when they were tried again.
    pub unsteady: Vec<Change>,
    /// How long it took.
    pub took: Duration,
}

impl Settings<'_> {
    /// The settings that a run has when nothing is said.
    pub fn new(suite: &Path) -> Settings<'_> {
        let jobs = std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
        Settings { suite, against: None, jobs, deadline: ROW_DEADLINE }
    }
}

/// Tries the rows on every subject; `each` hears of a subject when it is done.
pub fn run(
    rows: &[&Row],
    subjects: &[Subject],
    matrix: &Matrix,
    settings: Settings<'_>,
    each: impl Fn(&Findings) + Sync,
) -> Vec<Findings> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<Findings>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..settings.jobs.get().min(subjects.len()) {
            scope.spawn(|| {
                while let Some(subject) = subjects.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let findings = one(rows, subject, matrix, settings);
                    each(&findings);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push(findings);
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|findings| release::number(&findings.subject.name));
    done
}

fn one(rows: &[&Row], subject: &Subject, matrix: &Matrix, settings: Settings<'_>) -> Findings {
    let began = Instant::now();
    let against = settings.against.or_else(|| baseline(subject, matrix)).map(str::to_owned);
    let recorded = |row: &Row| matrix.outcome(&row.id, against.as_deref()?);
    let tried = match subject.check_digest(matrix.recorded(&subject.name)) {
        Ok(()) => try_rows(rows, subject, settings),
        Err(reason) => rows.iter().map(|_| Err(reason.clone())).collect(),
    };
    let mut findings = Findings {
        subject: subject.clone(),
        against: against.clone(),
        outcomes: Vec::new(),
        changes: Vec::new(),
        unsteady: Vec::new(),
        took: Duration::ZERO,
    };
    for (row, first) in rows.iter().zip(tried) {
        let changed = |tried: &Result<Outcome, String>| {
            compare::change(row, recorded(row), tried.as_ref().map_err(String::as_str))
        };
        let last = match changed(&first) {
            // With nothing to compare with there is nothing that a second try could confirm.
            Some(change) if recorded(row).is_some() => {
                let again = try_rows(&[row], subject, settings).pop().unwrap_or(first);
                match changed(&again) {
                    Some(confirmed) => findings.changes.push(confirmed),
                    None => findings.unsteady.push(change),
                }
                again
            }
            Some(change) => {
                findings.changes.push(change);
                first
            }
            None => first,
        };
        findings.outcomes.extend(last.ok().map(|outcome| (row.id.clone(), outcome)));
    }
    findings.took = began.elapsed();
    findings
}

/// The recorded release to compare with: the subject's own, else the newest.
fn baseline<'a>(subject: &Subject, matrix: &'a Matrix) -> Option<&'a str> {
    let own = matrix.recorded(&subject.name);
    own.or_else(|| matrix.newest()).map(|recorded| recorded.release.as_str())
}

fn try_rows(rows: &[&Row], subject: &Subject, settings: Settings<'_>) -> Vec<Result<Outcome, String>> {
    let mut lab = match Lab::new(&subject.executable, settings.suite) {
        Ok(lab) => lab.with_deadline(settings.deadline),
        Err(reason) => return rows.iter().map(|_| Err(reason.clone())).collect(),
    };
    // A hyperd that does not even start would fail every row in the same words, each after a wait.
    if let Err(reason) = lab.start(false) {
        return rows.iter().map(|_| Err(reason.clone())).collect();
    }
    let tried = rows.iter().map(|row| lab.run(row)).collect();
    lab.stop();
    tried
}
