//! Loading: an input becomes a table, or rows of one, as a whole or not at all.
//!
//! Hyper's DDL takes no part in transactions. A new table is therefore filled under a name of its own and takes its
//! place in the end by renaming; whatever happens before leaves the old table as it was. Rows are appended by one
//! INSERT, which is atomic by itself.

use serde_json::json;

use super::fit::{ColumnTypes, to_table, with_overrides};
use super::format::Format;
use super::input::{Input, empty};
use super::merge::Merged;
use super::receipt::Receipt;
use super::relation::{Staged, Wanted};
use super::request::{LoadMode, LoadRequest};
use super::source::{How, Staging, stage};
use super::swap;
use super::told::Told;
use crate::call::Call;
use crate::engine::Lease;
use crate::error::{Code, Error};
use crate::session::catalog::{Table, TableColumn, tables};
use crate::session::table_catalog::Stamp;
use crate::session::{Database, Named, Place, Session};
use crate::sql;
use crate::words::{excerpt, listed};

/// Steps of a load that progress is reported for: read, fill, put in place.
const STEPS: f64 = 3.0;

/// What was loaded.
#[derive(Debug)]
pub struct Loaded {
    /// Where the rows went.
    pub database: Database,
    /// The table, by the name that describe shows.
    pub table: String,
    /// How many there were.
    pub rows: u64,
    /// The table's columns.
    pub columns: Vec<TableColumn>,
    /// Whether the table was created or has other columns than before.
    pub schema_changed: bool,
    /// The input's size.
    pub bytes: u64,
    /// What the input was read as.
    pub format: Format,
    /// What became of the table's old rows and columns, where the input was merged.
    pub merged: Option<Merged>,
    /// How the input was read.
    pub told: Told,
}

/// Loads one input into one table.
pub async fn load(session: &Session, call: &Call, request: LoadRequest) -> Result<Loaded, Error> {
    let target = request.target.clone();
    load_with(session, call, request, None).await.map_err(|error| session.of_old_file(error, &target))
}

/// Loads, and notes an append in the same transaction.
pub(super) async fn load_with(
    session: &Session,
    call: &Call,
    request: LoadRequest,
    receipt: Option<&Receipt>,
) -> Result<Loaded, Error> {
    let database = session.resolve_writable(&request.target)?;
    let Named { place, shown } = session.table(call, &database, &request.table).await?;
    let mut params = receipt.map_or_else(|| request.params(), |receipt| receipt.params.clone());
    let how = How {
        format: request.format,
        json_path: request.json_path,
        types: request.types.clone(),
        null_values: request.null_values,
    };
    let mut staged = prepare(session, call, request.input, how).await?;
    if let Some(rows) = staged.rows {
        call.report(1.0, Some(STEPS), format!("{} has {rows} rows", staged.name));
    }
    if staged.text.is_none() {
        staged.describe(&mut session.lease(call, &database).await?, call, &request.types).await?;
    }
    let load = Load {
        session,
        call,
        database: &database,
        place: &place,
        shown: &shown,
        types: &request.types,
        staged: &staged,
    };
    let mut merged = None;
    let (rows, wanted, before) = match request.mode {
        LoadMode::Replace => load.replace().await?,
        LoadMode::Merge => {
            let (done, outcome) = load.merge(&request.merge_key).await?;
            merged = Some(outcome);
            done
        }
        LoadMode::Append => load.append(receipt).await?,
        LoadMode::Create => load.create().await?,
    };
    params["format"] = json!(staged.format);
    session.stamp(call, &database, &Stamp { place: &place, tool: request.tool, params: &params }).await;
    let mut lease = session.lease(call, &database).await?;
    let after = find(&mut lease, call, &database, &place).await?;
    let (table, columns) = after.map_or_else(|| (shown.clone(), Vec::new()), |table| (table.shown, table.columns));
    call.report(STEPS, Some(STEPS), format!("`{table}` has {rows} new rows"));
    Ok(Loaded {
        rows,
        schema_changed: before.is_none_or(|before| before != columns),
        columns,
        bytes: staged.bytes,
        format: staged.format,
        merged,
        table,
        told: staged.told(&wanted),
        database,
    })
}

/// Stages an input on a thread that may block.
pub(super) async fn prepare(session: &Session, call: &Call, input: Input, how: How) -> Result<Staged, Error> {
    let scratch = session.scratch().to_owned();
    let name = input.name();
    let (input, origin) = input.opened(session, call).await?;
    let call = call.clone();
    let staging = tokio::task::spawn_blocking(move || {
        let How { format, json_path, types, null_values } = &how;
        let (json_path, null_values) = (json_path.as_deref(), null_values.as_slice());
        stage(input, *format, &Staging { call: &call, scratch: &scratch, json_path, types, null_values })
    });
    let lost = |_| Error::internal(format!("The reader of {name} stopped."));
    let mut staged = staging.await.map_err(lost)??;
    staged.origin = origin;
    Ok(staged)
}

pub(super) async fn find(
    lease: &mut Lease,
    call: &Call,
    database: &Database,
    place: &Place,
) -> Result<Option<Table>, Error> {
    let tables = tables(lease, call, database).await?;
    Ok(tables.into_iter().find(|table| table.place == *place))
}

/// Rows, the columns that they were read into, and the columns that the table had before.
pub(super) type Done = (u64, Vec<Wanted>, Option<Vec<TableColumn>>);

pub(super) struct Load<'a> {
    pub(super) session: &'a Session,
    pub(super) call: &'a Call,
    pub(super) database: &'a Database,
    pub(super) place: &'a Place,
    /// What describe calls the table.
    pub(super) shown: &'a str,
    pub(super) types: &'a ColumnTypes,
    pub(super) staged: &'a Staged,
}

/// Who waits for the right to write holds no connection meanwhile: those who have it may need one more.
impl Load<'_> {
    pub(super) async fn lease(&self) -> Result<Lease, Error> {
        self.session.lease(self.call, self.database).await
    }

    async fn replace(&self) -> Result<Done, Error> {
        let wanted = with_overrides(self.staged, self.types)?;
        let new = self.place.beside(self.session.unfinished_name());
        let mut lease = self.lease().await?;
        let filled = self.fill(&mut lease, &new, &wanted).await;
        drop(lease);
        let placed = match filled {
            Ok(rows) => self.put_in_place(&new).await.map(|before| (rows, before)),
            Err(error) => Err(error),
        };
        match placed {
            Ok((rows, before)) => Ok((rows, wanted, before)),
            Err(error) => {
                swap::discard(self.session, self.call, self.database, &new).await;
                Err(error)
            }
        }
    }

    async fn append(&self, receipt: Option<&Receipt>) -> Result<Done, Error> {
        // Where the table is missing another load may create it first; then the rows go to that one.
        let _guard = self.session.write_lock(self.call, self.database).await?;
        let mut lease = self.lease().await?;
        let found = find(&mut lease, self.call, self.database, self.place).await?;
        if let Some(receipt) = receipt {
            return self.append_noted(lease, found, receipt).await;
        }
        let table = match found {
            Some(table) => table,
            None => match self.make(lease).await {
                // Another server has made it meanwhile, and the rows go to that one.
                Err(error) if swap::is_taken(&error) => {
                    lease = self.lease().await?;
                    find(&mut lease, self.call, self.database, self.place).await?.ok_or(error)?
                }
                made => return made,
            },
        };
        // A file that is found to have changed is to leave no row.
        lease.begin(self.call).await?;
        match self.insert(&mut lease, &table).await {
            Ok((rows, wanted)) => {
                lease.commit(&Call::housekeeping()).await?;
                Ok((rows, wanted, Some(table.columns)))
            }
            Err(error) => {
                lease.rollback().await;
                Err(error)
            }
        }
    }

    /// Adds the input's rows to a table; the caller has the right to write.
    pub(super) async fn insert(&self, lease: &mut Lease, table: &Table) -> Result<(u64, Vec<Wanted>), Error> {
        let wanted = to_table(self.staged, self.shown, &table.columns, self.types)?;
        let names: Vec<String> =
            wanted.iter().map(|column| sql::identifier(&self.staged.columns[column.index].name)).collect();
        let insert = format!(
            "INSERT INTO {} ({}) {}",
            self.place.quoted(self.database),
            names.join(", "),
            self.staged.select(&wanted)
        );
        let rows = match lease.execute(self.call, &insert).await {
            Ok(rows) => rows,
            Err(error) => {
                // A transaction that has failed answers no more questions.
                lease.rollback().await;
                let error = self.staged.explain(lease, self.call, error, &wanted).await;
                return Err(self.incomplete(error, table));
            }
        };
        if rows == 0 && !self.staged.may_be_empty() {
            return Err(empty(&self.staged.name, "has no row"));
        }
        self.staged.verify_unchanged()?;
        Ok((rows, wanted))
    }

    /// Makes the table, which must not be there yet.
    async fn create(&self) -> Result<Done, Error> {
        let _guard = self.session.write_lock(self.call, self.database).await?;
        let mut lease = self.lease().await?;
        if find(&mut lease, self.call, self.database, self.place).await?.is_some() {
            let (table, alias) = (excerpt(self.shown), &self.database.alias);
            return Err(Error::invalid(format!("There is a table {table} in `{alias}` already; nothing was changed."))
                .suggest(
                    "Add rows with mode: \"append\", make it anew with mode: \"replace\", or choose another name.",
                ));
        }
        self.make(lease).await
    }

    /// Makes a table that is not there; the caller has the right to write.
    async fn make(&self, mut lease: Lease) -> Result<Done, Error> {
        let wanted = with_overrides(self.staged, self.types)?;
        let new = self.place.beside(self.session.unfinished_name());
        let placed = match self.fill(&mut lease, &new, &wanted).await {
            Ok(rows) => swap::rename(&mut lease, self.call, self.database, &new, self.place).await.map(|()| rows),
            Err(error) => Err(error),
        };
        if placed.is_err() {
            drop(lease);
            swap::discard(self.session, self.call, self.database, &new).await;
        }
        placed.map(|rows| (rows, wanted, None))
    }

    /// Creates the table `new` with the input's rows.
    pub(super) async fn fill(&self, lease: &mut Lease, new: &Place, wanted: &[Wanted]) -> Result<u64, Error> {
        let table = new.quoted(self.database);
        let create = format!("CREATE TABLE {table} AS {}", self.staged.select(wanted));
        let created = match lease.execute(self.call, &create).await {
            Ok(created) => created,
            Err(error) => return Err(self.staged.explain(lease, self.call, error, wanted).await),
        };
        let rows = match self.staged.rows {
            Some(rows) => rows,
            None if created > 0 => created,
            None => {
                let count = lease.count(self.call, &format!("SELECT COUNT(*) FROM {table}")).await?;
                u64::try_from(count).unwrap_or_default()
            }
        };
        if rows == 0 && !self.staged.may_be_empty() {
            return Err(empty(&self.staged.name, "has no row"));
        }
        self.staged.verify_unchanged()?;
        self.call.report(2.0, Some(STEPS), format!("{rows} rows are read"));
        Ok(rows)
    }

    /// Puts the table `new` where the old one is, if there is one; answers what columns that one had.
    async fn put_in_place(&self, new: &Place) -> Result<Option<Vec<TableColumn>>, Error> {
        let _guard = self.session.write_lock(self.call, self.database).await?;
        let mut lease = self.lease().await?;
        let old = find(&mut lease, self.call, self.database, self.place).await?;
        match old {
            Some(_) => swap::replace(lease, self.session, self.call, self.database, new, self.place).await?,
            None => swap::rename(&mut lease, self.call, self.database, new, self.place).await?,
        }
        Ok(old.map(|table| table.columns))
    }

    /// Names the columns that must have a value and get none: hyperd does not, and speaks of syntax where the input
    /// lacks them altogether.
    fn incomplete(&self, error: Error, table: &Table) -> Error {
        let given = |name: &str| self.staged.columns.iter().any(|column| column.name == name);
        let required = table.columns.iter().filter(|column| !column.nullable).map(|column| column.name.as_str());
        let (given, missing): (Vec<&str>, Vec<&str>) = required.partition(|name| given(name));
        let (name, table) = (&self.staged.name, self.shown);
        let (message, suggestion) = match error.sqlstate.as_deref() {
            Some("42601") if !missing.is_empty() => (
                format!("{name} lacks columns that table `{table}` needs a value for: {}.", listed(missing)),
                "Add the columns.",
            ),
            Some("23502") => (
                format!("{name} has a row with NULL where table `{table}` needs a value: in {}.", listed(given)),
                "Give each row a value there, or leave such rows out.",
            ),
            _ => return error,
        };
        Error { code: Code::SchemaMismatch, message, suggestion: Some(suggestion.to_owned()), ..error }
    }
}
