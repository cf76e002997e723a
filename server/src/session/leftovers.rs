//! Tables that loads have under way, and what becomes of those whose session ended in the midst of one.
//!
//! A table that is being filled, or that was put aside for a new one, has a name that says whose it is. A session that
//! is killed leaves such tables behind; the next one that may write to the file clears them away. Several sessions may
//! share one hyperd, and only it knows which of them are alive: each names itself to it on every connection.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::catalog::LOADING_PREFIX;
use super::databases::Database;
use super::lifecycle::Session;
use super::table_name::{OF_HYPER, Place};
use crate::call::Call;
use crate::engine::Lease;
use crate::error::Error;
use crate::sql;

/// What the session's name follows in the name that a connection gives to hyperd.
const APPLICATION: &str = "hyperd-mcp ";
/// Stands between a load's number and the name of the table that was put aside for it.
const ASIDE: &str = "_was_";

/// What a session calls its unfinished tables.
#[derive(Debug)]
pub(super) struct Unfinished {
    session: String,
    count: AtomicU64,
}

impl Unfinished {
    /// Of a new session, unlike any other of any machine that may share its hyperd.
    pub(super) fn new() -> Self {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos());
        Self { session: format!("{:x}-{time:x}", std::process::id()), count: AtomicU64::new(0) }
    }

    /// What the session's connections call themselves.
    pub(super) fn application(&self) -> String {
        format!("{APPLICATION}{}", self.session)
    }

    fn name(&self) -> String {
        format!("{LOADING_PREFIX}{}_{}", self.session, self.count.fetch_add(1, Ordering::Relaxed))
    }
}

impl Session {
    /// A name that no table of any session has, for one that is to be filled.
    pub fn unfinished_name(&self) -> String {
        self.unfinished.name()
    }

    /// The same for a table that is put aside until another one has its place.
    pub fn aside_name(&self, table: &str) -> String {
        format!("{}{ASIDE}{table}", self.unfinished.name())
    }

    /// Clears away what sessions that are gone left in `database`. What cannot be cleared away stays hidden; that is
    /// logged.
    pub(super) async fn sweep(&self, call: &Call, database: &Database) {
        if let Err(error) = self.try_to_sweep(call, database).await {
            tracing::warn!(%error, database = database.alias, "tables of loads that were cut off could not be cleared away");
        }
    }

    async fn try_to_sweep(&self, call: &Call, database: &Database) -> Result<(), Error> {
        let _guard = self.write_lock(call, database).await?;
        let mut lease = self.lease(call, database).await?;
        let tables = places(&mut lease, call, database).await?;
        if !tables.values().flatten().any(|name| name.starts_with(LOADING_PREFIX)) {
            return Ok(());
        }
        let alive = names(&mut lease, call, "SELECT application_name FROM pg_catalog.pg_stat_activity").await?;
        // The session, and after it the number of the connection.
        let alive: HashSet<&str> =
            alive.iter().filter_map(|name| name.strip_prefix(APPLICATION)?.split(' ').next()).collect();
        if !alive.contains(self.unfinished.session.as_str()) {
            return Err(Error::internal("hyperd does not tell which sessions it has."));
        }
        let mut left = Vec::new();
        for (schema, names) in &tables {
            for (name, fate) in fates(names, &alive) {
                left.push((Place { schema: schema.clone(), name: name.to_owned() }, fate));
            }
        }
        for (place, fate) in left {
            let table = place.quoted(database);
            let statement = match fate {
                Fate::Dropped => format!("DROP TABLE IF EXISTS {table}"),
                Fate::PutBack(old) => format!("ALTER TABLE {table} RENAME TO {}", sql::identifier(old)),
            };
            lease.execute(call, &statement).await?;
            tracing::info!(table = %place, database = database.alias, ?fate, "a load that was cut off is cleared away");
        }
        Ok(())
    }
}

/// What becomes of a table that was left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate<'a> {
    Dropped,
    /// It is a table that was to be replaced, and nothing has its place.
    PutBack(&'a str),
}

/// What becomes of those of `tables` whose sessions are not `alive`.
fn fates<'a>(tables: &'a [String], alive: &HashSet<&str>) -> Vec<(&'a str, Fate<'a>)> {
    // A table that a living session has put aside at this moment has its place again in the next.
    let taken = |name: &str| {
        let aside =
            |table: &String| parts(table).is_some_and(|(session, was)| alive.contains(session) && was == Some(name));
        tables.iter().any(|table| table == name || aside(table))
    };
    let mut put_back = HashSet::new();
    let mut fate = |name: &'a String| {
        let (session, was) = parts(name)?;
        if alive.contains(session) {
            return None;
        }
        let fate = match was {
            Some(old) if !taken(old) && put_back.insert(old) => Fate::PutBack(old),
            _ => Fate::Dropped,
        };
        Some((name.as_str(), fate))
    };
    tables.iter().filter_map(&mut fate).collect()
}

/// The session that an unfinished table is of, and the name that the table had if it was put aside.
fn parts(name: &str) -> Option<(&str, Option<&str>)> {
    let (session, rest) = name.strip_prefix(LOADING_PREFIX)?.split_once('_')?;
    Some((session, rest.split_once(ASIDE).map(|(_, old)| old)))
}

/// The names of all tables by their schemas.
async fn places(lease: &mut Lease, call: &Call, database: &Database) -> Result<BTreeMap<String, Vec<String>>, Error> {
    let all = format!(
        "SELECT n.nspname, c.relname FROM {0}.pg_catalog.pg_class c \
         JOIN {0}.pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind = 'r' AND n.nspname NOT IN ({1})",
        sql::identifier(&database.alias),
        OF_HYPER.map(sql::literal).join(", ")
    );
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in lease.rows(call, &all).await?.rows {
        if let [Value::String(schema), Value::String(name)] = &row[..] {
            places.entry(schema.clone()).or_default().push(name.clone());
        }
    }
    Ok(places)
}

/// The texts of a query's only column.
async fn names(lease: &mut Lease, call: &Call, query: &str) -> Result<Vec<String>, Error> {
    let rows = lease.rows(call, query).await?.rows;
    let text = |row: Vec<Value>| row.first().and_then(Value::as_str).map(str::to_owned);
    Ok(rows.into_iter().filter_map(text).collect())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Fate, fates};

    /// `a` is alive and `b` is gone.
    #[rstest]
    #[case::a_users_table(&["t"], &[])]
    #[case::of_the_living(&["_hyperd_mcp_load_a_0", "_hyperd_mcp_load_a_1_was_t"], &[])]
    #[case::half_filled(&["_hyperd_mcp_load_b_0"], &[("_hyperd_mcp_load_b_0", Fate::Dropped)])]
    #[case::between_the_renames(
        &["_hyperd_mcp_load_b_0", "_hyperd_mcp_load_b_1_was_a_was_t"],
        &[("_hyperd_mcp_load_b_0", Fate::Dropped), ("_hyperd_mcp_load_b_1_was_a_was_t", Fate::PutBack("a_was_t"))]
    )]
    #[case::after_the_renames(&["t", "_hyperd_mcp_load_b_1_was_t"], &[("_hyperd_mcp_load_b_1_was_t", Fate::Dropped)])]
    #[case::the_living_are_about_to_put_it_back(
        &["_hyperd_mcp_load_a_1_was_t", "_hyperd_mcp_load_b_1_was_t"],
        &[("_hyperd_mcp_load_b_1_was_t", Fate::Dropped)]
    )]
    fn tables_of_the_gone_are_cleared_away(#[case] tables: &[&str], #[case] expected: &[(&str, Fate<'_>)]) {
        let tables: Vec<String> = tables.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(fates(&tables, &["a"].into()), expected);
    }
}
