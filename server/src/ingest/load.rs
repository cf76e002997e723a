//! Loading: an input becomes a table, or rows of one, as a whole or not at all.
//!
//! Hyper's DDL takes no part in transactions. A new table is therefore filled under a name of its own and takes its
//! place in the end by renaming; whatever happens before leaves the old table as it was. Rows are appended by one
//! INSERT, which is atomic by itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fit::{ColumnTypes, to_table, with_overrides};
use super::format::Format;
use super::input::{Input, empty};
use super::relation::{Staged, Wanted, explain};
use super::source::{Staging, stage};
use super::swap;
use crate::args::{Target, excerpt};
use crate::call::Call;
use crate::engine::Lease;
use crate::error::{Code, Error};
use crate::limits::NAME_CHARS_MAX;
use crate::session::catalog::{PUBLIC, Table, TableColumn, is_bookkeeping, tables};
use crate::session::{Database, Session};
use crate::sql;

/// Steps of a load that progress is reported for: read, fill, put in place.
const STEPS: f64 = 3.0;

/// What becomes of a table that exists already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum LoadMode {
    /// It gives way to a new one.
    #[default]
    Replace,
    /// It gets further rows.
    Append,
}

/// What is loaded, and where to.
#[derive(Debug)]
pub struct LoadRequest {
    /// The rows.
    pub input: Input,
    /// What they are written in, where that is not to be found out.
    pub format: Option<Format>,
    /// Where in a JSON document they are.
    pub json_path: Option<String>,
    /// The table's name, as the user typed it.
    pub table: String,
    /// What becomes of a table of that name.
    pub mode: LoadMode,
    /// Types that are not to be inferred.
    pub types: ColumnTypes,
    /// The database.
    pub target: Target,
}

/// What was loaded.
#[derive(Debug)]
pub struct Loaded {
    /// Where the rows went.
    pub database: Database,
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
    /// Columns in which words such as `NA` became NULL, and how often.
    pub null_words: Vec<(String, u64)>,
}

/// Loads one input into one table.
pub async fn load(session: &Session, call: &Call, request: LoadRequest) -> Result<Loaded, Error> {
    check_name(&request.table)?;
    let database = session.resolve_writable(&request.target)?;
    let mut staged = prepare(session, call, request.input, request.format, request.json_path).await?;
    if let Some(rows) = staged.rows {
        call.report(1.0, Some(STEPS), format!("{} has {rows} rows", staged.name));
    }
    let mut lease = session.lease(call, &database).await?;
    staged.describe(&mut lease, call).await?;
    let load =
        Load { session, call, database: &database, table: &request.table, types: &request.types, staged: &staged };
    let (rows, wanted, before) = match request.mode {
        LoadMode::Replace => load.replace(&mut lease).await?,
        LoadMode::Append => load.append(&mut lease).await?,
    };
    call.report(STEPS, Some(STEPS), format!("`{}` has {rows} new rows", request.table));
    let columns =
        find(&mut lease, call, &database, &request.table).await?.map(|table| table.columns).unwrap_or_default();
    Ok(Loaded {
        rows,
        schema_changed: before.is_none_or(|before| before != columns),
        columns,
        bytes: staged.bytes,
        format: staged.format,
        null_words: staged.null_words(&wanted),
        database,
    })
}

/// Stages an input on a thread that may block.
pub(super) async fn prepare(
    session: &Session,
    call: &Call,
    input: Input,
    format: Option<Format>,
    json_path: Option<String>,
) -> Result<Staged, Error> {
    let scratch = session.scratch().to_owned();
    let name = input.name();
    let call = call.clone();
    let staging = tokio::task::spawn_blocking(move || {
        let staging = Staging { call: &call, scratch: &scratch, json_path: json_path.as_deref() };
        stage(input, format, &staging)
    });
    let lost = |_| Error::internal(format!("The reader of {name} stopped."));
    staging.await.map_err(lost)?
}

fn check_name(table: &str) -> Result<(), Error> {
    let reason = if table.is_empty() {
        "is empty".to_owned()
    } else if table.chars().count() > NAME_CHARS_MAX as usize {
        format!("is longer than {NAME_CHARS_MAX} characters")
    } else if table.contains('\0') {
        "holds NUL".to_owned()
    } else if is_bookkeeping(table) {
        format!("is {}, which the server keeps its books in", excerpt(table))
    } else {
        return Ok(());
    };
    Err(Error::invalid(format!("`table` {reason}")).suggest("Choose another name for the table."))
}

async fn find(lease: &mut Lease, call: &Call, database: &Database, name: &str) -> Result<Option<Table>, Error> {
    let tables = tables(lease, call, database).await?;
    Ok(tables.into_iter().find(|table| table.schema == PUBLIC && table.name == name))
}

/// Rows, the columns that they were read into, and the columns that the table had before.
type Done = (u64, Vec<Wanted>, Option<Vec<TableColumn>>);

struct Load<'a> {
    session: &'a Session,
    call: &'a Call,
    database: &'a Database,
    table: &'a str,
    types: &'a ColumnTypes,
    staged: &'a Staged,
}

impl Load<'_> {
    async fn replace(&self, lease: &mut Lease) -> Result<Done, Error> {
        let wanted = with_overrides(self.staged, self.types)?;
        let new = swap::new_name();
        let filled = self.fill(lease, &new, &wanted).await;
        let placed = match filled {
            Ok(rows) => self.place(lease, &new).await.map(|before| (rows, before)),
            Err(error) => Err(error),
        };
        match placed {
            Ok((rows, before)) => Ok((rows, wanted, before)),
            Err(error) => {
                swap::discard(self.session, self.database, &new).await;
                Err(error)
            }
        }
    }

    async fn append(&self, lease: &mut Lease) -> Result<Done, Error> {
        // Where the table is missing another load may create it first; then the rows go to that one.
        let guard = self.session.write_lock(self.call, self.database).await?;
        let Some(table) = find(lease, self.call, self.database, self.table).await? else {
            let wanted = with_overrides(self.staged, self.types)?;
            let new = swap::new_name();
            let filled = self.fill(lease, &new, &wanted).await;
            let placed = match filled {
                Ok(rows) => swap::rename(lease, self.call, self.database, &new, self.table).await.map(|()| rows),
                Err(error) => Err(error),
            };
            if placed.is_err() {
                swap::discard(self.session, self.database, &new).await;
            }
            return placed.map(|rows| (rows, wanted, None));
        };
        drop(guard);
        let wanted = to_table(self.staged, self.table, &table.columns, self.types)?;
        let names: Vec<String> =
            wanted.iter().map(|column| sql::identifier(&self.staged.columns[column.index].name)).collect();
        let insert = format!(
            "INSERT INTO {} ({}) {}",
            sql::table(&self.database.alias, self.table),
            names.join(", "),
            self.staged.select(&wanted)
        );
        let inserted = lease.execute(self.call, &insert).await;
        let rows = inserted.map_err(|error| self.incomplete(explain(error, self.staged), &table))?;
        if rows == 0 {
            return Err(empty(&self.staged.name, "has no row"));
        }
        Ok((rows, wanted, Some(table.columns)))
    }

    /// Creates the table `name` with the input's rows.
    async fn fill(&self, lease: &mut Lease, name: &str, wanted: &[Wanted]) -> Result<u64, Error> {
        let table = sql::table(&self.database.alias, name);
        let create = format!("CREATE TABLE {table} AS {}", self.staged.select(wanted));
        let created = lease.execute(self.call, &create).await.map_err(|error| explain(error, self.staged))?;
        let rows = match self.staged.rows {
            Some(rows) => rows,
            None if created > 0 => created,
            None => {
                let count = lease.count(self.call, &format!("SELECT COUNT(*) FROM {table}")).await?;
                u64::try_from(count).unwrap_or_default()
            }
        };
        if rows == 0 {
            return Err(empty(&self.staged.name, "has no row"));
        }
        self.call.report(2.0, Some(STEPS), format!("{rows} rows are read"));
        Ok(rows)
    }

    /// Puts the table `new` where the old one is, if there is one; answers what columns that one had.
    async fn place(&self, lease: &mut Lease, new: &str) -> Result<Option<Vec<TableColumn>>, Error> {
        let _guard = self.session.write_lock(self.call, self.database).await?;
        let old = find(lease, self.call, self.database, self.table).await?;
        if old.is_some() {
            swap::replace(lease, self.session, self.call, self.database, new, self.table).await?;
        } else {
            swap::rename(lease, self.call, self.database, new, self.table).await?;
        }
        Ok(old.map(|table| table.columns))
    }

    /// hyperd speaks of syntax where a column that must have a value gets none.
    fn incomplete(&self, error: Error, table: &Table) -> Error {
        let given = |name: &str| self.staged.columns.iter().any(|column| column.name == name);
        let missing: Vec<&str> = table
            .columns
            .iter()
            .filter(|column| !column.nullable && !given(&column.name))
            .map(|column| column.name.as_str())
            .collect();
        if error.sqlstate.as_deref() != Some("42601") || missing.is_empty() {
            return error;
        }
        let message = format!(
            "{} lacks columns that table `{}` needs a value for: {}",
            self.staged.name,
            self.table,
            crate::args::listed(missing)
        );
        Error { code: Code::SchemaMismatch, message, suggestion: Some("Add the columns.".to_owned()), ..error }
    }
}
