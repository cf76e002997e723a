//! A query's rows into a table: the same as a load, from what is in databases already.

use super::fit::ColumnTypes;
use super::input::Input;
use super::load::{Loaded, find, load};
use super::request::{LoadMode, LoadRequest};
use crate::args::Target;
use crate::call::Call;
use crate::error::{Code, Error, Sought};
use crate::session::{AttachRequest, Named, Session};
use crate::sql;

/// What is copied, and where to.
#[derive(Debug)]
pub struct CopyRequest {
    /// The query.
    pub sql: String,
    /// The table's name, as the user typed it.
    pub table: String,
    /// What becomes of a table of that name.
    pub mode: LoadMode,
    /// The database that the table is in, and that unqualified names are looked up in.
    pub target: Target,
    /// Files that are attached for the call alone.
    pub attach: Vec<AttachRequest>,
    /// The tool that was called, for the table catalogue.
    pub tool: &'static str,
}

/// Copies. Whatever becomes of it, the files that it attached are detached, and those that it made and could not fill
/// are gone.
pub async fn copy(session: &Session, call: &Call, mut request: CopyRequest) -> Result<Loaded, Error> {
    request.sql = sql::subquery(request.tool, &request.sql)?.to_owned();
    let mut attached = Vec::new();
    let outcome = match attach(session, call, &request.attach, &mut attached).await {
        Ok(()) => insert(session, call, request).await,
        Err(error) => Err(error),
    };
    for Attached { alias, created } in attached.iter().rev() {
        if let Err(error) = session.detach(&call.aftermath(), alias).await {
            tracing::warn!(%error, alias, "a database that was attached for one call could not be detached");
        }
        if let (Some(path), Err(_)) = (created, &outcome) {
            session.discard(path).await;
        }
    }
    outcome
}

struct Attached {
    alias: String,
    /// The file, if it was not there before.
    created: Option<std::path::PathBuf>,
}

async fn attach(
    session: &Session,
    call: &Call,
    requests: &[AttachRequest],
    attached: &mut Vec<Attached>,
) -> Result<(), Error> {
    for request in requests {
        let path = crate::args::path("path", &request.path);
        let existed = match path {
            Ok(path) => tokio::fs::try_exists(path).await.unwrap_or(true),
            Err(_) => true,
        };
        let database = session.attach(call, request).await.map_err(|error| Error {
            message: format!("`temp_attach`, alias {}: {}", crate::words::excerpt(&request.alias), error.message),
            ..error
        })?;
        attached.push(Attached { alias: database.alias, created: (!existed).then_some(database.path) });
    }
    Ok(())
}

async fn insert(session: &Session, call: &Call, request: CopyRequest) -> Result<Loaded, Error> {
    let database = session.resolve_writable(&request.target)?;
    let Named { place, .. } = session.table(call, &database, &request.table).await?;
    {
        let mut lease = session.lease(call, &database).await?;
        if request.mode == LoadMode::Append && find(&mut lease, call, &database, &place).await?.is_none() {
            let table = crate::words::excerpt(&request.table);
            return Err(Error::new(Code::TableNotFound, format!("There is no table {table} in `{}`.", database.alias))
                .suggest("Make it with mode: \"create\".")
                .seeking(Sought::Table { database: database.alias, name: request.table }));
        }
        let columns = lease.columns(call, &request.sql).await?;
        if let Some(name) = super::relation::repeated(columns.iter().map(|column| column.name.as_str())) {
            return Err(Error::invalid(format!("Two columns of the query have the name `{name}`."))
                .suggest("Give each a name of its own with AS."));
        }
    }
    let load_request = LoadRequest {
        input: Input::Query(request.sql),
        format: None,
        json_path: None,
        table: place.certain(),
        mode: request.mode,
        merge_key: Vec::new(),
        types: ColumnTypes::default(),
        null_values: Vec::new(),
        target: request.target,
        tool: request.tool,
    };
    load(session, call, load_request).await.map_err(|error| match error.code {
        Code::SchemaMismatch => {
            error.suggest("Cast the columns in `sql` to the table's types, or choose another table.")
        }
        _ => error,
    })
}
