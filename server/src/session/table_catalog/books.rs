//! The statements that read and write one catalogue.

use serde_json::Value;
use tokio::sync::OwnedRwLockWriteGuard;

use super::{Entry, Metadata, Stamp};
use crate::call::Call;
use crate::engine::Lease;
use crate::error::{Code, Error, UNDEFINED_TABLE};
use crate::session::Database;
use crate::session::catalog::TABLE_CATALOG;
use crate::session::table_name::PLACE_IN_SQL;
use crate::sql;

/// The columns in their order. Files of older servers lack the last ones.
const COLUMNS: [(&str, &str); 14] = [
    ("table_name", "TEXT NOT NULL"),
    ("source_url", "TEXT"),
    ("source_description", "TEXT"),
    ("purpose", "TEXT"),
    ("load_tool", "TEXT"),
    ("load_params", "TEXT"),
    ("license", "TEXT"),
    ("loaded_at", "TIMESTAMP NOT NULL"),
    ("last_refreshed_at", "TIMESTAMP NOT NULL"),
    ("row_count", "BIGINT"),
    ("notes", "TEXT"),
    ("created_by", "TEXT"),
    ("last_modified_by", "TEXT"),
    ("data_url", "TEXT"),
];

/// The moment in UTC, whatever the connection's time zone.
const NOW: &str = "now() AT TIME ZONE 'UTC'";

/// What a look at a database found.
pub(super) struct Found {
    /// The catalogue's columns; none where there is no catalogue.
    pub(super) columns: Vec<String>,
    /// Whether the table in question exists.
    pub(super) there: bool,
}

impl Found {
    pub(super) fn whole() -> Self {
        Self { columns: COLUMNS.iter().map(|(name, _)| (*name).to_owned()).collect(), there: true }
    }

    fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|name| name == column)
    }
}

/// One database's catalogue in the hands of its one writer.
pub(super) struct Books<'a> {
    database: &'a Database,
    lease: Lease,
    /// The catalogue's full name in SQL.
    catalog: String,
    _guard: OwnedRwLockWriteGuard<()>,
}

impl<'a> Books<'a> {
    /// `guard` is the lock of the database's catalogue.
    pub(super) fn new(database: &'a Database, lease: Lease, guard: OwnedRwLockWriteGuard<()>) -> Self {
        Self { database, lease, catalog: sql::table(&database.alias, TABLE_CATALOG), _guard: guard }
    }

    /// Whether there are a catalogue and the table `displayed`, in one statement.
    pub(super) async fn look(&mut self, call: &Call, displayed: &str) -> Result<Found, Error> {
        let alias = sql::identifier(&self.database.alias);
        let columns = format!(
            "SELECT a.attname::text AS found FROM {} JOIN {alias}.pg_catalog.pg_attribute a ON a.attrelid = c.oid \
             WHERE a.attnum > 0 AND {PLACE_IN_SQL} = {}",
            live(&self.database.alias),
            sql::literal(TABLE_CATALOG)
        );
        let table =
            format!("SELECT '' FROM {} WHERE {PLACE_IN_SQL} = {}", live(&self.database.alias), sql::literal(displayed));
        let rows = self.lease.rows(call, &format!("{columns} UNION ALL {table}")).await?;
        let mut found = Found { columns: Vec::new(), there: false };
        for row in rows.rows {
            match row.first().and_then(Value::as_str) {
                Some("") => found.there = true,
                Some(column) => found.columns.push(column.to_owned()),
                None => {}
            }
        }
        Ok(found)
    }

    /// Makes the catalogue, or gives one of an older server the columns that it lacks.
    pub(super) async fn complete(&mut self, call: &Call, found: &Found) -> Result<(), Error> {
        if found.columns.is_empty() {
            let columns: Vec<String> = COLUMNS.iter().map(|(name, sql_type)| format!("{name} {sql_type}")).collect();
            let create = format!("CREATE TABLE IF NOT EXISTS {} ({})", self.catalog, columns.join(", "));
            return self.lease.execute(call, &create).await.map(drop);
        }
        let lacking = COLUMNS.iter().filter(|(name, sql_type)| *sql_type == "TEXT" && !found.has(name));
        // A table that only has the catalogue's name is left alone; writing to it fails and says so.
        for (name, sql_type) in lacking.filter(|_| found.has(COLUMNS[0].0)) {
            self.lease.execute(call, &format!("ALTER TABLE {} ADD COLUMN {name} {sql_type}", self.catalog)).await?;
        }
        Ok(())
    }

    /// A new entry, or what a reload changes of an old one; nothing where there is no such table. `keep` leaves an old
    /// entry as it is.
    pub(super) async fn enter(&mut self, call: &Call, stamp: &Stamp<'_>, keep: bool) -> Result<(), Error> {
        let entered = self.write(call, stamp, keep).await;
        let Err(error) = entered else { return Ok(()) };
        // Mostly there is a catalogue, so that looking for it is left until it is missed.
        if !misses_something(&error) {
            return Err(error);
        }
        let found = self.look(call, &stamp.place.to_string()).await?;
        if !found.there {
            return Ok(());
        }
        self.complete(call, &found).await?;
        self.write(call, stamp, keep).await
    }

    async fn write(&mut self, call: &Call, stamp: &Stamp<'_>, keep: bool) -> Result<(), Error> {
        let Self { catalog, .. } = self;
        let name = sql::literal(&stamp.place.to_string());
        let tool = sql::literal(stamp.tool);
        let params = sql::literal(&stamp.params.to_string());
        let client = call.client().map_or_else(|| "NULL".to_owned(), sql::literal);
        let count = format!("(SELECT COUNT(*) FROM {})", stamp.place.quoted(self.database));
        if !keep {
            let update = format!(
                "UPDATE {catalog} SET load_tool = {tool}, load_params = {params}, row_count = {count}, \
                 last_refreshed_at = {NOW}, last_modified_by = {client} WHERE table_name = {name}"
            );
            if self.lease.execute(call, &update).await? > 0 {
                return Ok(());
            }
        }
        let insert = format!(
            "INSERT INTO {catalog} (table_name, load_tool, load_params, loaded_at, last_refreshed_at, row_count, \
             created_by, last_modified_by) \
             SELECT {name}, {tool}, {params}, {NOW}, {NOW}, {count}, {client}, {client} \
             WHERE NOT EXISTS (SELECT 1 FROM {catalog} WHERE table_name = {name})"
        );
        self.lease.execute(call, &insert).await.map(drop)
    }

    pub(super) async fn note(&mut self, call: &Call, table: &str, metadata: &Metadata) -> Result<(), Error> {
        let value = |text: &str| if text.is_empty() { "NULL".to_owned() } else { sql::literal(text) };
        let mut settings: Vec<String> =
            metadata.0.iter().map(|(column, text)| format!("{column} = {}", value(text))).collect();
        settings.extend(call.client().map(|client| format!("last_modified_by = {}", sql::literal(client))));
        let (catalog, settings) = (&self.catalog, settings.join(", "));
        let update = format!("UPDATE {catalog} SET {settings} WHERE table_name = {}", sql::literal(table));
        self.lease.execute(call, &update).await.map(drop)
    }

    /// The entry of a table, where there are a catalogue and an entry.
    pub(super) async fn entry(&mut self, call: &Call, found: &Found, table: &str) -> Result<Option<Entry>, Error> {
        if !found.has(COLUMNS[0].0) {
            return Ok(None);
        }
        let column = |(name, sql_type): &(&str, &str)| match *sql_type {
            _ if !found.has(name) => format!("NULL AS {name}"),
            "TIMESTAMP NOT NULL" => format!("{name} AT TIME ZONE 'UTC' AS {name}"),
            _ => (*name).to_owned(),
        };
        let columns: Vec<String> = COLUMNS.iter().map(column).collect();
        let (columns, catalog) = (columns.join(", "), &self.catalog);
        let select = format!("SELECT {columns} FROM {catalog} WHERE table_name = {} LIMIT 1", sql::literal(table));
        let row = self.lease.rows(call, &select).await?.into_objects().pop();
        let read = |row| serde_json::from_value(Value::Object(row));
        row.map(read).transpose().map_err(|error| {
            Error::new(Code::SchemaMismatch, format!("The catalogue {catalog} has a shape of its own: {error}."))
                .suggest("If it is nobody's, drop it with execute; the next load makes a new one.")
        })
    }

    /// Removes the entries of tables that are gone, after a table that was renamed has taken its own along.
    pub(super) async fn reconcile(&mut self, call: &Call, renamed: Option<(String, String)>) -> Result<(), Error> {
        match self.follow(call, renamed).await {
            Err(error) if error.code == Code::TableNotFound => {
                // There is no catalogue, and this is no reason for one.
                self.lease.rollback().await;
                Ok(())
            }
            done => done,
        }
    }

    async fn follow(&mut self, call: &Call, renamed: Option<(String, String)>) -> Result<(), Error> {
        let Self { catalog, .. } = self;
        let live = live(&self.database.alias);
        let gone = format!("DELETE FROM {catalog} WHERE table_name NOT IN (SELECT {PLACE_IN_SQL} FROM {live})");
        let Some((old, new)) = renamed else {
            return self.lease.execute(call, &gone).await.map(drop);
        };
        let [old, new] = [old, new].map(|name| sql::literal(&name));
        let stale = format!("DELETE FROM {catalog} WHERE table_name = {new}");
        let rename = format!("UPDATE {catalog} SET table_name = {new} WHERE table_name = {old}");
        let statements = [stale, rename, gone];
        self.lease.reserve(call, &statements).await?;
        self.lease.begin(call).await?;
        for statement in &statements {
            self.lease.execute(call, statement).await?;
        }
        self.lease.commit(call).await
    }
}

/// Whether a statement failed for want of a table or a column.
fn misses_something(error: &Error) -> bool {
    matches!(error.sqlstate.as_deref(), Some(UNDEFINED_TABLE | "42703"))
}

/// All tables that there are, for a FROM.
fn live(alias: &str) -> String {
    let alias = sql::identifier(alias);
    format!(
        "{alias}.pg_catalog.pg_class c JOIN {alias}.pg_catalog.pg_namespace n \
         ON n.oid = c.relnamespace AND c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_temp')"
    )
}
