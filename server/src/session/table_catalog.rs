//! Books about tables: where each came from, which call loaded it when, and what people noted about it.
//!
//! Each database that outlives the session keeps them in a table of its own, `_table_catalog`, so that they travel
//! with the file. The first load into a database makes it, and nothing else does. `local` has none: its tables end with
//! the session. Hyper has no keys and no ON CONFLICT, so that one lock for each file keeps a table's row the only one.
//! Nothing about a catalogue is remembered between calls; another file under the same alias is read afresh.

mod books;
mod notes;

pub use notes::{Noted, notes};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::books::{Books, Found};
use super::databases::{Database, Kind, PERSISTENT};
use super::lifecycle::Session;
use super::named::Named;
use super::routing::lock_of;
use super::table_name::Place;
use crate::call::Call;
use crate::error::{Code, Error, Sought};
use crate::limits;
use crate::sql::structure::{Structure, structure};
use crate::words::excerpt;

/// What a load tells the catalogue about a table.
#[derive(Debug)]
pub struct Stamp<'a> {
    /// The table that was loaded.
    pub place: &'a Place,
    /// The tool that did it.
    pub tool: &'a str,
    /// The arguments that say how to do it again.
    pub params: &'a Value,
}

/// What people note about a table. A field that is left out stays; the empty text clears one.
#[derive(Debug, Default)]
pub struct Metadata(pub Vec<(&'static str, String)>);

/// A table's row of the catalogue.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    table_name: String,
    source_url: Option<String>,
    source_description: Option<String>,
    purpose: Option<String>,
    load_tool: Option<String>,
    /// Arguments of the load, as JSON.
    load_params: Option<String>,
    license: Option<String>,
    /// When the table was first loaded, in UTC.
    loaded_at: String,
    last_refreshed_at: String,
    /// Rows when the table was last loaded.
    row_count: Option<i64>,
    notes: Option<String>,
    /// The client that loaded the table first.
    created_by: Option<String>,
    last_modified_by: Option<String>,
    data_url: Option<String>,
}

impl Session {
    /// Enters a load that is done into the catalogue of `database`. A load does not fail because its entry does; that is
    /// logged. It takes a connection of its own: call it with none in hand.
    pub async fn stamp(&self, call: &Call, database: &Database, stamp: &Stamp<'_>) {
        self.enter(call, database, stamp, false).await;
    }

    /// Writes what people note about a table that has an entry; answers the entry.
    pub async fn set_metadata(
        &self,
        call: &Call,
        database: &Database,
        table: &str,
        metadata: &Metadata,
    ) -> Result<Entry, Error> {
        if !keeps_books(database) {
            return Err(Error::invalid(format!(
                "`{}` keeps no catalogue of its tables, because they end with the session.",
                database.alias
            ))
            .suggest("Load the table into a database that stays, and name it: for example database: \"persistent\"."));
        }
        let Named { place, shown } = self.table(call, database, table).await?;
        let mut noted = self.note(call, database, &place, metadata).await?;
        if let Err(Missing { table: true, entry: false }) = noted {
            // A load that is about to put the table in its place makes it seem gone for a moment.
            let _guard = self.write_lock(call, database).await?;
            noted = self.note(call, database, &place, metadata).await?;
        }
        noted.map(|entry| Entry { table_name: shown, ..entry }).map_err(|missing| missing.error(database, table))
    }

    async fn note(
        &self,
        call: &Call,
        database: &Database,
        place: &Place,
        metadata: &Metadata,
    ) -> Result<Result<Entry, Missing>, Error> {
        let table = &place.to_string();
        let mut books = self.books(call, database).await?;
        let found = books.look(call, table).await?;
        let entered = books.entry(call, &found, table).await?.is_some();
        if !(found.there && entered) {
            return Ok(Err(Missing { table: !found.there, entry: !entered }));
        }
        books.complete(call, &found).await?;
        books.note(call, table, metadata).await?;
        // Another process may have written meanwhile what is not the server's.
        Ok(books.entry(call, &Found::whole(), table).await?.ok_or(Missing { table: false, entry: true }))
    }

    /// Brings the catalogues up to what `execute` did: a renamed table keeps its entry, a table that is gone loses it,
    /// a new one gets it. `written` are the databases that the caller keeps others from writing.
    pub async fn follow(&self, call: &Call, database: &Database, written: &[Database], sql: &str) {
        let change = structure(sql);
        for written in written {
            self.reconcile(call, written, Some((database, &change))).await;
        }
        let persistent = self.databases().into_iter().find(|known| known.alias == PERSISTENT);
        if let Some(persistent) = persistent
            && !written.contains(&persistent)
        {
            // Whoever holds the lock is about to move tables around, and a table on its way would seem gone.
            if let Some(_guard) = self.try_write_lock(&persistent) {
                self.reconcile(call, &persistent, None).await;
            }
        }
        if let Structure::Creates { name, if_missing } = &change {
            let Some((target, place)) = placed(name, database, written) else { return };
            let kept = sql.chars().nth(limits::CATALOG_SQL_CHARS_MAX).is_none();
            let params = if kept { serde_json::json!({ "sql": sql }) } else { serde_json::json!({}) };
            let stamp = Stamp { place: &place, tool: "execute", params: &params };
            self.enter(call, target, &stamp, *if_missing).await;
        }
    }

    async fn enter(&self, call: &Call, database: &Database, stamp: &Stamp<'_>, keep: bool) {
        let call = call.aftermath();
        let entered = async {
            if !keeps_books(database) {
                return Ok(());
            }
            let mut books = self.books(&call, database).await?;
            books.enter(&call, stamp, keep).await
        };
        if let Err(error) = entered.await {
            tracing::warn!(%error, table = %stamp.place, database = database.alias, "a load was not entered into the table catalogue");
        }
    }

    async fn reconcile(&self, call: &Call, database: &Database, change: Option<(&Database, &Structure)>) {
        let call = call.aftermath();
        let reconciled = async {
            if !keeps_books(database) {
                return Ok(());
            }
            let renamed = change.and_then(|(sent_to, change)| renamed(change, sent_to, database));
            let mut books = self.books(&call, database).await?;
            tracing::debug!(database = database.alias, "the table catalogue is reconciled");
            books.reconcile(&call, renamed).await
        };
        if let Err(error) = reconciled.await {
            tracing::warn!(%error, database = database.alias, "the table catalogue could not be reconciled");
        }
    }

    async fn books<'a>(&self, call: &Call, database: &'a Database) -> Result<Books<'a>, Error> {
        call.may_wait()?;
        let guard = call.race(lock_of(&self.catalogs, database).write_owned()).await?;
        Ok(Books::new(database, self.lease(call, database).await?, guard))
    }
}

fn keeps_books(database: &Database) -> bool {
    database.kind != Kind::Local && database.writable
}

/// What there is not of a table that is to be noted at.
struct Missing {
    table: bool,
    entry: bool,
}

impl Missing {
    fn error(&self, database: &Database, table: &str) -> Error {
        let sought = Sought::Table { database: database.alias.clone(), name: table.to_owned() };
        let (alias, table) = (&database.alias, excerpt(table));
        let message = if self.table {
            format!("There is no table {table} in `{alias}`.")
        } else {
            format!("The table {table} in `{alias}` has no entry in the table catalogue.")
        };
        let error = Error::new(Code::TableNotFound, message).suggest(format!(
            "Load it with load_file or load_data and database: \"{alias}\", or make it with execute; that makes the \
             entry. If it is in another database, name that one."
        ));
        if self.table { error.seeking(sought) } else { error }
    }
}

/// The database and the table that a name of one to three parts stands for in a statement sent to `database`.
fn placed<'a>(name: &[String], database: &'a Database, written: &'a [Database]) -> Option<(&'a Database, Place)> {
    let place = |schema: &String, name: &String| Place { schema: schema.clone(), name: name.clone() };
    match name {
        [name] => Some((database, Place::public(name))),
        [schema, name] => Some((database, place(schema, name))),
        [alias, schema, name] => {
            let target = written.iter().find(|written| written.alias == *alias)?;
            Some((target, place(schema, name)))
        }
        _ => None,
    }
}

/// The old and the new name, where a statement that was sent to `sent_to` renamed a table in `database`.
fn renamed(change: &Structure, sent_to: &Database, database: &Database) -> Option<(String, String)> {
    let Structure::Renames { name, to } = change else { return None };
    let (target, old) = placed(name, sent_to, std::slice::from_ref(database))?;
    (target == database).then(|| (old.to_string(), old.beside(to).to_string()))
}
