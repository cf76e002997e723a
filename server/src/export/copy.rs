//! Rows of a query to a file or a folder, by hyperd's COPY.

use std::path::Path;

use super::run::{Job, Source, Written};
use crate::engine::{Column, Lease, tells_no_room};
use crate::error::{Code, Error};
use crate::session::catalog;
use crate::sql;
use crate::words::listed;

/// Writes the job's rows to its place as one file. hyperd has no way to write `foreign` types in this format.
pub(super) async fn to_file(
    job: &Job<'_>,
    mut lease: Lease,
    format: &str,
    clauses: &[String],
    foreign: &[&str],
) -> Result<Written, Error> {
    let query = query(job, &mut lease, format, foreign).await?;
    let unfinished = job.place.unfinished(job.session)?;
    let rows = write(job, &mut lease, &query, unfinished.path(), format, clauses).await?;
    drop(lease);
    let bytes = job.place.finish(&unfinished)?;
    Ok(Written { rows, bytes, fidelity: None })
}

/// Has hyperd write the rows of `query` to `path`; answers how many there were.
pub(super) async fn write(
    job: &Job<'_>,
    lease: &mut Lease,
    query: &str,
    path: &Path,
    format: &str,
    clauses: &[String],
) -> Result<u64, Error> {
    let mut with = vec![format!("format => {}", sql::literal(format))];
    with.extend_from_slice(clauses);
    let copy = format!("COPY ({query}) TO {} WITH ({})", sql::literal(&path.to_string_lossy()), with.join(", "));
    lease.execute(job.call, &copy).await.map_err(|mut error| {
        // hyperd knows the file by another path.
        error.message = error.message.replace(&*path.to_string_lossy(), &job.place.path().to_string_lossy());
        explained(error, job)
    })
}

/// The query whose rows are written; one that the format has no place for is refused.
pub(super) async fn query(job: &Job<'_>, lease: &mut Lease, format: &str, foreign: &[&str]) -> Result<String, Error> {
    let query = match job.source {
        Source::Query(sql) => sql::subquery("export", sql)?.to_owned(),
        Source::Table(name) => {
            let table = catalog::table(lease, job.call, job.database, name).await?;
            format!("SELECT * FROM {}", table.place.quoted(job.database))
        }
        Source::Database => {
            return Err(Error::invalid("There is nothing to export: give `sql` or `table`.")
                .suggest("Only the format hyper exports a database as a whole."));
        }
    };
    let columns = lease.columns(job.call, &query).await?;
    refuse_unfit(&columns, format, foreign)?;
    Ok(query)
}

fn refuse_unfit(columns: &[Column], format: &str, foreign: &[&str]) -> Result<(), Error> {
    if columns.is_empty() {
        return Err(Error::invalid("The query has no column.").suggest("Name the columns that are to be exported."));
    }
    let twice =
        columns.iter().enumerate().find(|(at, column)| columns[..*at].iter().any(|one| one.name == column.name));
    if let Some((_, column)) = twice {
        return Err(Error::invalid(format!("Two columns of the query have the name `{}`.", column.name))
            .suggest("Give each a name of its own with AS."));
    }
    let unfit: Vec<&Column> = columns.iter().filter(|column| foreign.contains(&column.sql_type.as_str())).collect();
    let Some(first) = unfit.first() else { return Ok(()) };
    let names = listed(unfit.iter().map(|column| column.name.as_str()));
    let first = sql::identifier(&first.name);
    let types = listed(foreign.iter().copied());
    Err(Error::new(
        Code::UnsupportedFormat,
        format!("The format {format} cannot hold {types}; columns that are: {names}."),
    )
    .suggest(format!("Export `sql` that casts them, CAST({first} AS TEXT) AS {first}, or choose another format.")))
}

/// What hyperd says of a file that finds no more room.
const FULL: &str = "could not grow file";

/// hyperd's refusal to write, with what is to be done about it.
pub(super) fn explained(error: Error, job: &Job<'_>) -> Error {
    let unwritten = match error.sqlstate.as_deref() {
        Some("42501" | "53100" | "53200" | "58000" | "58030" | "58S01") => true,
        // hyperd says so of a full disk under several states, that of success among them.
        _ if error.message.contains(FULL) => true,
        // A query may read files of its own that are not there.
        Some("58P01") => !matches!(job.source, Source::Query(_)),
        _ => false,
    };
    if !unwritten {
        return error;
    }
    let message = format!("Could not write {}: {}.", job.place.path().display(), error.message.trim_end_matches('.'));
    let (code, advice) = if tells_no_room(&error.message) || error.message.contains(FULL) {
        (Code::DiskFull, "Make space on that disk, or choose a path on another one. Nothing was left behind.")
    } else {
        (Code::IoError, "Check that the server may write there, or choose another path. Nothing was left behind.")
    };
    Error { code, message, ..error }.suggest(advice)
}
