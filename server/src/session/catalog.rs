//! What tables a database has, from Hyper's own catalogue.

use std::collections::HashMap;

use serde_json::Value;

use super::databases::Database;
use super::named;
use super::table_catalog::Noted;
use super::table_name::{self, Place, Reading};
use crate::call::Call;
use crate::engine::{Lease, type_name};
use crate::error::{Code, Error, Sought};
use crate::limits;
use crate::sql;
use crate::words::{excerpt, listed};

/// The schema that unqualified names are looked up in.
pub const PUBLIC: &str = "public";

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableColumn {
    /// Its name.
    pub name: String,
    /// Its SQL type, for example `NUMERIC(18, 2)`.
    pub sql_type: String,
    /// Whether it may be NULL.
    pub nullable: bool,
}

/// A table and its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Where it is.
    pub place: Place,
    /// The name that answers show, and that every tool takes for it.
    pub shown: String,
    /// Its columns in their order.
    pub columns: Vec<TableColumn>,
}

/// The table that says of other tables where they came from; [`super::table_catalog`] keeps it.
pub const TABLE_CATALOG: &str = "_table_catalog";
/// The table that notes which files of watched folders were loaded; [`crate::watch`] keeps it.
pub const WATCH_LEDGER: &str = "_watch_ledger";
/// The table of the key-value stores; [`super::Kv`] keeps it.
pub const KV_TABLE: &str = "_hyperdb_kv_store";
/// What the names of tables start with that a load has not finished.
pub const LOADING_PREFIX: &str = crate::engine::HIDDEN_PREFIX;

/// Whether a table keeps the server's own books, or is being loaded, and is not shown as a user's.
pub fn is_bookkeeping(name: &str) -> bool {
    [TABLE_CATALOG, WATCH_LEDGER, KV_TABLE].contains(&name) || name.starts_with(LOADING_PREFIX)
}

/// What is in a database.
#[derive(Debug)]
pub struct Listing {
    /// All tables of users, by name.
    pub tables: Vec<Table>,
    /// The columns of the table catalogue; none where there is none.
    pub catalog: Vec<String>,
}

/// All tables of users, by name.
pub async fn tables(lease: &mut Lease, call: &Call, database: &Database) -> Result<Vec<Table>, Error> {
    listing(lease, call, database).await.map(|listing| listing.tables)
}

/// The same, and what the table catalogue looks like.
pub async fn listing(lease: &mut Lease, call: &Call, database: &Database) -> Result<Listing, Error> {
    let alias = sql::identifier(&database.alias);
    let rows = lease
        .rows(
            call,
            &format!(
                "SELECT n.nspname, c.relname, a.attname, a.atttypid, a.atttypmod, a.attnotnull \
                 FROM {alias}.pg_catalog.pg_class c \
                 JOIN {alias}.pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                 JOIN {alias}.pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 \
                 WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema') \
                 ORDER BY n.nspname <> 'public', n.nspname, c.relname, a.attnum"
            ),
        )
        .await?;
    let mut tables: Vec<Table> = Vec::new();
    for row in rows.rows {
        let [Value::String(schema), Value::String(name), Value::String(column), oid, modifier, not_null] = &row[..]
        else {
            return Err(Error::internal("Hyper's catalogue has another shape than expected."));
        };
        let integer = |value: &Value| value.as_i64().unwrap_or_default();
        let column = TableColumn {
            name: column.clone(),
            sql_type: type_name(
                u32::try_from(integer(oid)).unwrap_or_default(),
                i32::try_from(integer(modifier)).unwrap_or(-1),
            ),
            nullable: *not_null != Value::Bool(true),
        };
        match tables.last_mut() {
            Some(last) if last.place.schema == *schema && last.place.name == *name => last.columns.push(column),
            _ => {
                let place = Place { schema: schema.clone(), name: name.clone() };
                tables.push(Table { place, shown: String::new(), columns: vec![column] });
            }
        }
    }
    let catalog = tables.iter().find(|table| table.place == Place::public(TABLE_CATALOG));
    let catalog = catalog.map(|table| table.columns.iter().map(|column| column.name.clone()).collect());
    tables.retain(|table| !is_bookkeeping(&table.place.name));
    let places: Vec<Place> = tables.iter().map(|table| table.place.clone()).collect();
    for (table, shown) in tables.iter_mut().zip(table_name::shown(&places)) {
        table.shown = shown;
    }
    Ok(Listing { tables, catalog: catalog.unwrap_or_default() })
}

/// One table by the name that a client wrote.
pub async fn table(lease: &mut Lease, call: &Call, database: &Database, typed: &str) -> Result<Table, Error> {
    let mut listing = listing(lease, call, database).await?;
    listing.keep(database, typed)?;
    listing.tables.pop().ok_or_else(|| not_there(typed, database, &[]))
}

impl Listing {
    /// Keeps the one table that a client named.
    pub fn keep(&mut self, database: &Database, typed: &str) -> Result<(), Error> {
        let places: Vec<Place> = self.tables.iter().map(|table| table.place.clone()).collect();
        let schemas = places.iter().map(|place| place.schema.as_str()).collect();
        match table_name::reading(typed, &schemas, &places) {
            Reading::There(place) => self.tables.retain(|table| table.place == place),
            Reading::Several(meant) if meant.iter().all(|place| places.contains(place)) => {
                return Err(named::several(typed, database, &meant));
            }
            Reading::Free(_) | Reading::Several(_) => return Err(not_there(typed, database, &self.tables)),
        }
        Ok(())
    }
}

fn not_there(typed: &str, database: &Database, tables: &[Table]) -> Error {
    let alias = &database.alias;
    let names = || tables.iter().map(|table| table.shown.as_str());
    let message = format!("There is no table {} in `{alias}`; there are {}.", excerpt(typed), listed(names()));
    Error::new(Code::TableNotFound, message)
        .suggest("Call describe without `table` to see all, or name another `database`.")
        .seeking(Sought::Table { database: alias.clone(), name: typed.to_owned() })
}

/// How many rows each of `tables` has, in their order.
pub async fn row_counts(
    lease: &mut Lease,
    call: &Call,
    database: &Database,
    tables: &[Table],
) -> Result<Vec<i64>, Error> {
    let mut counts = Vec::with_capacity(tables.len());
    for some in tables.chunks(limits::COUNTED_AT_ONCE_MAX) {
        let count =
            |(at, table): (usize, &Table)| format!("SELECT {at}, COUNT(*) FROM {}", table.place.quoted(database));
        let all: Vec<String> = some.iter().enumerate().map(count).collect();
        let rows = lease.rows(call, &format!("{} ORDER BY 1", all.join(" UNION ALL "))).await?;
        counts.extend(rows.rows.iter().filter_map(|row| row.get(1)?.as_i64()));
    }
    Ok(counts)
}

/// The first tables, as many as fit into `bytes_max` bytes of an answer, and at least one.
pub(crate) fn within(mut tables: Vec<Table>, noted: &HashMap<String, Noted>, bytes_max: usize) -> Vec<Table> {
    /// What stands around a table's and a column's names in JSON.
    const AROUND_BYTES: usize = 48;
    let column = |column: &TableColumn| AROUND_BYTES + column.name.len() + column.sql_type.len();
    let mut bytes = 0;
    let fits = |table: &Table| {
        bytes += AROUND_BYTES + table.shown.len() + table.columns.iter().map(column).sum::<usize>();
        bytes += noted.get(&table.place.to_string()).map_or(0, Noted::bytes);
        bytes <= bytes_max
    };
    let fitting = tables.iter().map(fits).take_while(|fits| *fits).count();
    tables.truncate(fitting.max(1));
    tables
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{HashMap, Place, Table, TableColumn, within};

    #[rstest]
    #[case::all(10_000, 3)]
    #[case::some(500, 2)]
    #[case::at_least_one(0, 1)]
    fn tables_are_shown_as_far_as_they_fit(#[case] bytes_max: usize, #[case] shown: usize) {
        let column = TableColumn { name: "c".repeat(100), sql_type: "TEXT".to_owned(), nullable: true };
        let table = Table { place: Place::public("t"), shown: "t".to_owned(), columns: vec![column] };
        assert_eq!(within(vec![table.clone(), table.clone(), table], &HashMap::new(), bytes_max).len(), shown);
    }
}
