//! A query over an input that is loaded nowhere: hyperd reads it while it runs the query.

use super::fit::{ColumnTypes, with_overrides};
use super::format::Format;
use super::input::Input;
use super::load::prepare;
use super::relation::{Staged, Wanted};
use super::source::How;
use super::told::Told;
use crate::args::Target;
use crate::call::Call;
use crate::engine::{Bounds, Lease, Rows};
use crate::error::Error;
use crate::session::{Session, check_name};
use crate::sql;

/// What is read, and what is asked about it.
#[derive(Debug)]
pub struct ReadRequest {
    /// The rows.
    pub input: Input,
    /// What they are written in, where that is not to be found out.
    pub format: Option<Format>,
    /// Where in a JSON document they are.
    pub json_path: Option<String>,
    /// Types that are not to be inferred.
    pub types: ColumnTypes,
    /// Texts that are NULL.
    pub null_values: Vec<String>,
    /// The name that the query has for the rows.
    pub table: String,
    /// The query.
    pub sql: String,
    /// The tool that was called.
    pub tool: &'static str,
}

/// Runs one query over one input; answers its rows, and what is to be said of how the input was read. Unqualified names that are not the input's are looked up in `local`.
pub async fn read(session: &Session, call: &Call, request: ReadRequest, bounds: Bounds) -> Result<(Rows, Told), Error> {
    let query = sql::subquery(request.tool, &request.sql)?;
    check_name(&request.table)?;
    let local = session.resolve(&Target::default())?;
    let how = How {
        format: request.format,
        json_path: request.json_path,
        types: request.types.clone(),
        null_values: request.null_values,
    };
    let mut staged = prepare(session, call, request.input, how).await?;
    let mut lease = session.lease(call, &local).await?;
    staged.describe(&mut lease, call, &request.types).await?;
    let wanted = with_overrides(&staged, &request.types)?;
    let (name, rows) = (sql::identifier(&request.table), staged.select(&wanted));
    let statement = format!("WITH {name} AS ({rows}) ({query})");
    match lease.query(call, &statement, bounds).await {
        Err(error) if error.sqlstate.is_some() => Err(blamed(&staged, &mut lease, call, error, &wanted).await),
        outcome => {
            staged.verify_unchanged()?;
            Ok((outcome?, staged.told(&wanted)))
        }
    }
}

/// Says of an error whether it is the input's, or else leaves it to the query.
async fn blamed(staged: &Staged, lease: &mut Lease, call: &Call, error: Error, wanted: &[Wanted]) -> Error {
    let columns: Vec<String> =
        wanted.iter().map(|one| format!("COUNT({})", sql::identifier(&staged.columns[one.index].name))).collect();
    let all = format!("SELECT {} FROM ({}) rows_of_input", columns.join(", "), staged.select(wanted));
    match lease.rows(call, &all).await {
        Err(own) if own.sqlstate.is_some() => staged.explain(lease, call, own, wanted).await,
        _ => error,
    }
}
