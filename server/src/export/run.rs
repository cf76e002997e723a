//! An export from its request to its answer.

use super::definition::Fidelity;
use super::options::FormatOptions;
use super::place::Place;
use super::{ExportFormat, exporter};
use crate::args::Target;
use crate::call::Call;
use crate::engine::Lease;
use crate::error::Error;
use crate::session::{Database, Session};

/// What is exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The rows of a query.
    Query(String),
    /// A table by the name that a user typed.
    Table(String),
    /// All tables of a database.
    Database,
}

/// What is exported, from where, and where to.
#[derive(Debug)]
pub struct Request {
    /// The path as the user typed it.
    pub path: String,
    /// What is written.
    pub format: ExportFormat,
    /// What is exported.
    pub source: Source,
    /// Whether a file that is there already gives way.
    pub overwrite: bool,
    /// How it is written.
    pub options: FormatOptions,
    /// The database that unqualified names are looked up in.
    pub target: Target,
}

/// What was exported.
#[derive(Debug)]
pub struct Exported {
    /// Where the rows came from.
    pub database: Database,
    /// The file without symbolic links.
    pub path: std::path::PathBuf,
    /// How many rows there were.
    pub rows: u64,
    /// The size of what was written.
    pub bytes: u64,
    /// What became of the tables' definitions, where the format keeps them.
    pub fidelity: Option<Fidelity>,
}

/// An export that may begin.
pub(super) struct Job<'a> {
    pub(super) session: &'a Session,
    pub(super) call: &'a Call,
    pub(super) database: &'a Database,
    pub(super) source: &'a Source,
    pub(super) place: &'a Place,
    pub(super) options: &'a FormatOptions,
}

/// What an exporter wrote.
pub(super) struct Written {
    pub(super) rows: u64,
    pub(super) bytes: u64,
    pub(super) fidelity: Option<Fidelity>,
}

impl Job<'_> {
    /// A connection on which unqualified names go to the database that is exported from.
    pub(super) async fn lease(&self) -> Result<Lease, Error> {
        self.session.lease(self.call, self.database).await
    }
}

/// Exports what the request names. On an error nothing is left, and a file that was there is as it was.
pub async fn export(session: &Session, call: &Call, request: Request) -> Result<Exported, Error> {
    let database = session.resolve(&request.target)?;
    request.options.check(request.format)?;
    let is_folder = request.format == ExportFormat::Iceberg;
    let place = Place::find(session, &request.path, is_folder, request.overwrite)?;
    session.try_handover(call).await;
    let (source, options) = (&request.source, &request.options);
    let job = Job { session, call, database: &database, source, place: &place, options };
    let written = exporter(request.format).export(&job).await?;
    call.report(1.0, Some(1.0), format!("{} rows are in {}", written.rows, place.path().display()));
    Ok(Exported {
        path: place.path().to_owned(),
        rows: written.rows,
        bytes: written.bytes,
        fidelity: written.fidelity,
        database,
    })
}
