//! One hyperd to try rows on, started anew when a row takes it down.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hyperd_mcp::engine::{Confinement, Hyperd};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::fit;
use super::outcome::{Answer, End, Outcome, Refusal, Stopped};
use super::places::Places;
use super::row::{ANOTHER_HYPERD, Action, Content, Row, Statement};
use super::wire::{Broken, Failed, Wire};

/// How long one row may take. The slowest one takes about a second.
pub const ROW_DEADLINE: Duration = Duration::from_secs(10);
/// How long a hyperd that closed a connection is given to be gone.
const GONE_WITHIN: Duration = Duration::from_secs(2);
/// How often that is looked at.
const GONE_POLL: Duration = Duration::from_millis(10);

/// A hyperd, and a second one for rows that need it.
pub struct Lab {
    executable: PathBuf,
    data: PathBuf,
    deadline: Duration,
    dir: TempDir,
    rows_run: usize,
    runtime: Runtime,
    hyperd: Option<Hyperd>,
    another: Option<Hyperd>,
}

/// Why a statement has no result to go on with.
enum Stop {
    Refused(Failed),
    Broken(Broken),
}

/// The connections of a row.
struct Connections<'a> {
    endpoint: &'a str,
    another: Option<&'a str>,
    database: String,
    deadline: Instant,
    open: BTreeMap<String, Wire>,
}

impl Lab {
    /// A lab for the executable; its hyperd starts with the first row. `suite` is the folder `scenarios`.
    ///
    /// # Errors
    ///
    /// Why there is no directory for its files.
    pub fn new(executable: &Path, suite: &Path) -> Result<Self, String> {
        let failed = |error: std::io::Error| format!("failed to prepare the directory of a lab: {error}");
        // Names of one length on every machine of a kind, because hyperd's messages repeat them.
        let dir = tempfile::Builder::new().prefix("hyper-lab-").rand_bytes(8).tempdir().map_err(failed)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        Ok(Self {
            executable: executable.to_owned(),
            data: suite.join("data"),
            deadline: ROW_DEADLINE,
            dir,
            rows_run: 0,
            runtime,
            hyperd: None,
            another: None,
        })
    }

    /// Gives each row this long instead of [`ROW_DEADLINE`].
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Tries a row in a database of its own.
    ///
    /// # Errors
    ///
    /// Why the row could not be tried: no hyperd, no files, no database.
    pub fn run(&mut self, row: &Row) -> Result<Outcome, String> {
        self.rows_run += 1;
        let places = Places::new(self.dir.path().join(format!("{:05}", self.rows_run)), &self.data);
        write_files(row, &places)?;
        self.start(row.statements.iter().any(|statement| statement.on.as_deref() == Some(ANOTHER_HYPERD)))?;
        let (Some(hyperd), another) = (&self.hyperd, &self.another) else { return Err("no hyperd".to_owned()) };
        let deadline = Instant::now() + self.deadline;
        let database = places.db.display().to_string();
        create_database(hyperd.endpoint(), &database, deadline)?;
        let mut connections = Connections {
            endpoint: hyperd.endpoint(),
            another: another.as_ref().map(Hyperd::endpoint),
            database,
            deadline,
            open: BTreeMap::new(),
        };
        let mut outcome = connections.run(row, &places);
        drop(connections);
        self.look_after(&mut outcome);
        fit::fold(&mut outcome, &places);
        // A file that hyperd still holds is taken away with the lab's directory.
        let _ = fs::remove_dir_all(&places.dir);
        Ok(outcome)
    }

    /// Starts its hyperd, and the second one where it is needed, unless they run.
    ///
    /// # Errors
    ///
    /// Why it did not start.
    pub fn start(&mut self, both: bool) -> Result<(), String> {
        // One that a row took down is gone before the next row, whose own crash it would seem to be.
        for slot in [&mut self.hyperd, &mut self.another] {
            slot.take_if(|hyperd| hyperd.has_exited());
        }
        let mut slots = vec![&mut self.hyperd];
        slots.extend(both.then_some(&mut self.another));
        for slot in slots {
            if slot.is_none() {
                let spawned =
                    self.runtime.block_on(Hyperd::spawn(&self.executable, self.dir.path(), &Confinement::default()));
                *slot = Some(spawned.map_err(|error| error.message)?);
            }
        }
        Ok(())
    }

    /// Tells a crash from a closed connection, and takes a hyperd down that no longer answers.
    fn look_after(&mut self, outcome: &mut Outcome) {
        match &outcome.end {
            End::Disconnected(at) => {
                let at = at.clone();
                let until = Instant::now() + GONE_WITHIN;
                while Instant::now() < until {
                    if [&self.hyperd, &self.another].into_iter().flatten().any(Hyperd::has_exited) {
                        outcome.end = End::Crashed(at);
                        return;
                    }
                    std::thread::sleep(GONE_POLL);
                }
            }
            End::Hung(_) => self.stop(),
            _ => {}
        }
    }

    /// Ends its hyperds.
    pub fn stop(&mut self) {
        for hyperd in [self.hyperd.take(), self.another.take()].into_iter().flatten() {
            self.runtime.block_on(hyperd.stop());
        }
    }
}

fn write_files(row: &Row, places: &Places) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("failed to write the row's files: {error}");
    fs::create_dir(&places.dir).map_err(failed)?;
    for (name, content) in &row.files {
        let path = places.dir.join(name);
        match content {
            Content::Text(text) => fs::write(path, text).map_err(failed)?,
            Content::Data(file) => drop(fs::copy(places.data.join(file), path).map_err(failed)?),
        }
    }
    Ok(())
}

fn create_database(endpoint: &str, path: &str, deadline: Instant) -> Result<(), String> {
    let failed = |reason: String| format!("failed to create the row's database: {reason}");
    let mut wire = Wire::connect(endpoint, None, deadline).map_err(|broken| failed(broken.to_string()))?;
    match wire.query(&format!("CREATE DATABASE \"{path}\"")) {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(failed(format!("{} {}", error.sqlstate, error.message))),
        Err(broken) => Err(failed(broken.to_string())),
    }
}

impl Connections<'_> {
    fn run(&mut self, row: &Row, places: &Places) -> Outcome {
        // The row's own connection holds its database, also where only others speak.
        if let Err(broken) = self.wire("") {
            return Outcome { before: Vec::new(), end: stopped(0, &broken) };
        }
        for (index, sql) in row.setup.iter().enumerate() {
            match self.sql(None, &places.expand(sql), None) {
                Ok(_) => {}
                Err(Stop::Refused(failed)) => {
                    return Outcome { before: Vec::new(), end: End::Unprepared(refusal(index + 1, failed, sql)) };
                }
                Err(Stop::Broken(broken)) => return Outcome { before: Vec::new(), end: stopped(0, &broken) },
            }
        }
        let mut before = Vec::new();
        let mut last = Answer::default();
        for (index, statement) in row.statements.iter().enumerate() {
            let number = index + 1;
            match self.statement(statement, places) {
                Ok(answer) => last = answer,
                Err(Stop::Broken(broken)) => return Outcome { before, end: stopped(number, &broken) },
                Err(Stop::Refused(failed)) => {
                    let refusal = refusal(number, failed, statement.sql().unwrap_or_default());
                    if statement.fails.as_ref() != Some(&refusal.sqlstate) {
                        return Outcome { before, end: End::Rejected(refusal) };
                    }
                    last = Answer { tag: refusal.to_string(), ..Answer::default() };
                }
            }
            if number < row.statements.len() && statement.sql().is_some() {
                before.push(last.to_string());
            }
        }
        Outcome { before, end: End::Supported(last) }
    }

    fn statement(&mut self, statement: &Statement, places: &Places) -> Result<Answer, Stop> {
        match &statement.action {
            Action::Close => {
                self.open.remove(statement.on.as_deref().unwrap_or_default());
                Ok(Answer::default())
            }
            Action::Sql(sql, cancel_after) => self.sql(statement.on.as_deref(), &places.expand(sql), *cancel_after),
        }
    }

    fn sql(&mut self, on: Option<&str>, sql: &str, cancel_after: Option<Duration>) -> Result<Answer, Stop> {
        let deadline = self.deadline;
        let wire = self.wire(on.unwrap_or_default()).map_err(Stop::Broken)?;
        let canceller = cancel_after.map(|after| (after, wire.canceller()));
        let answered = std::thread::scope(|scope| {
            if let Some((after, canceller)) = canceller {
                scope.spawn(move || {
                    std::thread::sleep(after);
                    canceller.cancel(deadline);
                });
            }
            wire.query(sql)
        });
        answered.map_err(Stop::Broken)?.map_err(Stop::Refused)
    }

    fn wire(&mut self, name: &str) -> Result<&mut Wire, Broken> {
        if !self.open.contains_key(name) {
            let wire = match self.another.filter(|_| name == ANOTHER_HYPERD) {
                Some(endpoint) => Wire::connect(endpoint, None, self.deadline)?,
                None => Wire::connect(self.endpoint, Some(&self.database), self.deadline)?,
            };
            self.open.insert(name.to_owned(), wire);
        }
        self.open.get_mut(name).ok_or(Broken::Late)
    }
}

fn stopped(statement: usize, broken: &Broken) -> End {
    let at = Stopped { statement };
    match broken {
        Broken::Late => End::Hung(at),
        Broken::Gone(_) | Broken::Garbled(_) => End::Disconnected(at),
    }
}

fn refusal(statement: usize, failed: Failed, sql: &str) -> Refusal {
    let Failed { sqlstate, message, detail, hint } = failed;
    let detail = detail.and_then(|detail| match position(&detail) {
        Some((text, offset)) => (offset <= Places::plain_prefix(sql)).then_some(text),
        None => Some(detail),
    });
    Refusal { statement, sqlstate, message, detail, hint }
}

/// hyperd's detail of a position repeats the statement below a caret: the line and column, and the column as an offset.
///
/// Beyond the first line, or beyond a path, it depends on where the row's files lie.
fn position(detail: &str) -> Option<(String, usize)> {
    let (place, _) = detail.strip_prefix("line ")?.split_once(": ")?;
    let (line, column) = place.split_once(", column ")?;
    let (line, column): (usize, usize) = (line.parse().ok()?, column.parse().ok()?);
    Some((format!("line {line}, column {column}"), if line == 1 { column } else { usize::MAX }))
}
