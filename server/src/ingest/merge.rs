//! Merging: the input's rows take the place of those with the same key, and the rest is added.
//!
//! The input is read into a table of its own beside the one that it goes to, so that no statement needs two databases,
//! and its keys are checked there. Matching rows are then deleted and all rows inserted in one transaction, which leaves
//! the other rows of the table where they are. Hyper's DDL takes no part in it: columns that the table lacks are added
//! first, and dropped again if the transaction fails. A row is replaced as a whole: what the input has no column for
//! becomes NULL in it.

use std::collections::HashSet;

use serde_json::Value;

use super::fit::{to_wider_table, with_overrides};
use super::load::{Done, Load, find};
use super::relation::Wanted;
use super::request::LoadMode;
use super::swap;
use crate::args::Names;
use crate::call::Call;
use crate::engine::Lease;
use crate::error::{Code, Error};
use crate::limits::MERGE_KEYS_NAMED_MAX;
use crate::session::Place;
use crate::session::catalog::{Table, TableColumn};
use crate::sql;
use crate::words::{listed, nearest};

/// What a merge did to the table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Merged {
    /// Rows that were added beyond those that were replaced.
    pub inserted: u64,
    /// Rows of the table that gave way to one with their key.
    pub replaced: u64,
    /// Columns that the table did not have before.
    pub added_columns: Vec<String>,
    /// Columns that the input lacks, NULL in every row that came from it.
    pub columns_left_null: Vec<String>,
}

/// The columns to match rows by; `given` goes with the mode `merge`, and with no other.
pub fn merge_key(mode: LoadMode, given: Option<Names>) -> Result<Vec<String>, Error> {
    let key: Vec<String> = match (mode, given) {
        (LoadMode::Merge, Some(names)) => names.into(),
        (LoadMode::Merge, None) => {
            return Err(Error::invalid("`mode` is merge, and `merge_key` is missing.").suggest(
                "Name the column whose values tell rows apart, for example merge_key: \"id\", or a list of columns.",
            ));
        }
        (_, None) => return Ok(Vec::new()),
        (_, Some(_)) => {
            return Err(Error::invalid("`merge_key` is for mode: \"merge\" alone; nothing was changed.")
                .suggest("Add mode: \"merge\" to replace rows with the same key, or leave `merge_key` out."));
        }
    };
    let mut seen = HashSet::new();
    match key.iter().find(|name| !seen.insert(name.as_str())) {
        None => Ok(key),
        Some(name) => Err(Error::invalid(format!("`merge_key` names `{name}` twice.")).suggest("Name it once.")),
    }
}

impl Load<'_> {
    pub(super) async fn merge(&self, key: &[String]) -> Result<(Done, Merged), Error> {
        known(&self.staged.name, key, &self.staged.columns.iter().map(|column| column.name.as_str()))?;
        // From the look at the table to the end nobody else may change it.
        let _guard = self.session.write_lock(self.call, self.database).await?;
        let mut lease = self.lease().await?;
        let found = find(&mut lease, self.call, self.database, self.place).await?;
        let new = self.place.beside(self.session.unfinished_name());
        let merged = match &found {
            Some(table) => self.merge_into(lease, table, &new, key).await,
            None => self.merge_anew(lease, &new, key).await,
        };
        if found.is_some() || merged.is_err() {
            swap::discard(self.session, self.call, self.database, &new).await;
        }
        let (rows, wanted, merged) = merged?;
        Ok(((rows, wanted, found.map(|table| table.columns)), merged))
    }

    /// There is nothing to merge with: the input becomes the table.
    async fn merge_anew(
        &self,
        mut lease: Lease,
        new: &Place,
        key: &[String],
    ) -> Result<(u64, Vec<Wanted>, Merged), Error> {
        let wanted = with_overrides(self.staged, self.types)?;
        let rows = self.fill(&mut lease, new, &wanted).await?;
        self.check_keys(&mut lease, new, key).await?;
        swap::rename(&mut lease, self.call, self.database, new, self.place).await?;
        Ok((rows, wanted, Merged { inserted: rows, ..Merged::default() }))
    }

    async fn merge_into(
        &self,
        mut lease: Lease,
        table: &Table,
        new: &Place,
        key: &[String],
    ) -> Result<(u64, Vec<Wanted>, Merged), Error> {
        known(&format!("table `{}`", self.shown), key, &table.columns.iter().map(|column| column.name.as_str()))?;
        let wanted = to_wider_table(self.staged, self.shown, &table.columns, self.types)?;
        let columns_left_null = self.left_null(&table.columns)?;
        let rows = self.fill(&mut lease, new, &wanted).await?;
        self.check_keys(&mut lease, new, key).await?;
        let added: Vec<&Wanted> = wanted.iter().filter(|one| !has(&table.columns, self.name_of(one))).collect();
        let added_columns: Vec<String> = added.iter().map(|one| self.name_of(one).to_owned()).collect();
        let moved = async {
            self.add_columns(&mut lease, &added).await?;
            self.exchange(&mut lease, new, key, &wanted).await
        };
        let replaced = match moved.await {
            Ok(replaced) => replaced,
            Err(error) => {
                lease.rollback().await;
                drop(lease);
                self.take_back(&added_columns).await;
                return Err(self.without_value(error, &table.columns));
            }
        };
        let inserted = rows.saturating_sub(replaced);
        Ok((rows, wanted, Merged { inserted, replaced, added_columns, columns_left_null }))
    }

    fn name_of(&self, wanted: &Wanted) -> &str {
        &self.staged.columns[wanted.index].name
    }

    /// The table's columns that the input lacks, which must be allowed to be NULL.
    fn left_null(&self, columns: &[TableColumn]) -> Result<Vec<String>, Error> {
        let given = |name: &str| self.staged.columns.iter().any(|column| column.name == name);
        let lacking: Vec<&TableColumn> = columns.iter().filter(|column| !given(&column.name)).collect();
        let needed: Vec<&str> = lacking.iter().filter(|c| !c.nullable).map(|c| c.name.as_str()).collect();
        if needed.is_empty() {
            return Ok(lacking.into_iter().map(|column| column.name.clone()).collect());
        }
        Err(Error::new(
            Code::SchemaMismatch,
            format!(
                "{} lacks columns that table `{}` needs a value for: {}.",
                self.staged.name,
                self.shown,
                listed(needed)
            ),
        )
        .suggest("Nothing was changed. Add the columns to the input: a merge replaces whole rows."))
    }

    /// hyperd does not say which column must have a value.
    fn without_value(&self, error: Error, columns: &[TableColumn]) -> Error {
        const NOT_NULL_VIOLATION: &str = "23502";
        if error.sqlstate.as_deref() != Some(NOT_NULL_VIOLATION) {
            return error;
        }
        let needed = listed(columns.iter().filter(|column| !column.nullable).map(|column| column.name.as_str()));
        let message =
            format!("A row of {} has no value where table `{}` needs one: in {needed}.", self.staged.name, self.shown);
        let suggestion = Some("Nothing was changed. Give each row a value there.".to_owned());
        Error { code: Code::SchemaMismatch, message, suggestion, ..error }
    }

    /// Refuses keys that do not tell the input's rows apart.
    async fn check_keys(&self, lease: &mut Lease, new: &Place, key: &[String]) -> Result<(), Error> {
        let columns: Vec<String> = key.iter().map(|name| sql::identifier(name)).collect();
        let nulls: Vec<String> = columns.iter().map(|column| format!("{column} IS NULL")).collect();
        let (columns, nulls, from) = (columns.join(", "), nulls.join(" OR "), new.quoted(self.database));
        let bad = format!(
            "SELECT {columns}, COUNT(*) FROM {from} GROUP BY {columns} HAVING COUNT(*) > 1 OR {nulls} LIMIT {}",
            MERGE_KEYS_NAMED_MAX + 1
        );
        let mut bad = lease.rows(self.call, &bad).await?.rows;
        if bad.is_empty() {
            return Ok(());
        }
        bad.sort_by_cached_key(|row| format!("{row:?}"));
        let mut named: Vec<String> = bad.iter().take(MERGE_KEYS_NAMED_MAX).map(|row| spelled(key, row)).collect();
        if bad.len() > MERGE_KEYS_NAMED_MAX {
            named.push("and more".to_owned());
        }
        let message = format!(
            "The keys of {} must be there and tell its rows apart, and these do not: {}.",
            self.staged.name,
            named.join("; ")
        );
        Err(Error::invalid(message).suggest(
            "Nothing was changed. Remove the rows without a key and those that repeat one, or name further columns in \
             `merge_key`.",
        ))
    }

    /// One statement, so that all are added or none.
    async fn add_columns(&self, lease: &mut Lease, added: &[&Wanted]) -> Result<(), Error> {
        if added.is_empty() {
            return Ok(());
        }
        let column = |one: &&Wanted| format!("ADD COLUMN {} {}", sql::identifier(self.name_of(one)), one.sql_type);
        let added: Vec<String> = added.iter().map(column).collect();
        let alter = format!("ALTER TABLE {} {}", self.place.quoted(self.database), added.join(", "));
        lease.execute(self.call, &alter).await.map(drop)
    }

    /// Deletes the rows whose keys come anew and inserts all rows of `new`; answers how many gave way.
    async fn exchange(&self, lease: &mut Lease, new: &Place, key: &[String], wanted: &[Wanted]) -> Result<u64, Error> {
        let [table, new] = [self.place, new].map(|place| place.quoted(self.database));
        let matches: Vec<String> =
            key.iter().map(|name| sql::identifier(name)).map(|name| format!("old.{name} = new.{name}")).collect();
        let columns: Vec<String> = wanted.iter().map(|one| sql::identifier(self.name_of(one))).collect();
        let columns = columns.join(", ");
        lease.begin(self.call).await?;
        let delete = format!("DELETE FROM {table} AS old USING {new} AS new WHERE {}", matches.join(" AND "));
        let replaced = lease.execute(self.call, &delete).await?;
        lease.execute(self.call, &format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM {new}")).await?;
        // What is as good as done is not given up: a commit that is cut off would leave it open whether it was done.
        lease.commit(&Call::housekeeping()).await?;
        Ok(replaced)
    }

    /// Drops the columns that were added for rows which did not come, whatever became of the call.
    async fn take_back(&self, added: &[String]) {
        if let Err(error) = self.try_to_take_back(added).await {
            let (table, database) = (self.place, &self.database.alias);
            tracing::warn!(%error, %table, database, "columns that a merge had added could not be dropped again");
        }
    }

    async fn try_to_take_back(&self, added: &[String]) -> Result<(), Error> {
        if added.is_empty() {
            return Ok(());
        }
        let call = self.call.aftermath();
        let mut lease = self.session.lease(&call, self.database).await?;
        let table = find(&mut lease, &call, self.database, self.place).await?;
        let there = |name: &&String| table.as_ref().is_some_and(|table| has(&table.columns, name));
        let there: Vec<String> = added.iter().filter(there).map(|name| sql::identifier(name)).collect();
        if there.is_empty() {
            return Ok(());
        }
        let name = self.place.quoted(self.database);
        // A commit may have been done although its answer was lost; then the columns hold what came.
        let values: Vec<String> = there.iter().map(|column| format!("{column} IS NOT NULL")).collect();
        let count = format!("SELECT COUNT(*) FROM {name} WHERE {}", values.join(" OR "));
        if lease.count(&call, &count).await? > 0 {
            return Ok(());
        }
        let drops: Vec<String> = there.iter().map(|column| format!("DROP COLUMN {column}")).collect();
        lease.execute(&call, &format!("ALTER TABLE {name} {}", drops.join(", "))).await.map(drop)
    }
}

fn has(columns: &[TableColumn], name: &str) -> bool {
    columns.iter().any(|column| column.name == name)
}

/// Refuses key columns that `place` does not have.
fn known<'a>(place: &str, key: &[String], columns: &(impl Iterator<Item = &'a str> + Clone)) -> Result<(), Error> {
    let unknown: Vec<&str> =
        key.iter().map(String::as_str).filter(|name| !columns.clone().any(|column| column == *name)).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let message = format!(
        "`merge_key` names {}, which {place} does not have; it has {}.",
        listed(unknown.iter().copied()),
        listed(columns.clone())
    );
    let meant: Vec<&str> = unknown.iter().filter_map(|name| nearest(name, columns.clone())).collect();
    let meant = if meant.is_empty() { String::new() } else { format!("Did you mean {}? ", listed(meant)) };
    Err(Error::invalid(message)
        .suggest(format!("{meant}Nothing was changed. Name columns that both the input and the table have.")))
}

/// A key and its number of rows, for people: `id = 2 (3 rows)`.
fn spelled(key: &[String], row: &[Value]) -> String {
    let values: Vec<String> = key.iter().zip(row).map(|(name, value)| format!("{name} = {value}")).collect();
    let count = row.last().and_then(Value::as_u64).unwrap_or_default();
    format!("{} ({count} {})", values.join(", "), if count == 1 { "row" } else { "rows" })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::{merge_key, spelled};
    use crate::args::Names;
    use crate::ingest::LoadMode;

    fn names(names: &[&str]) -> Names {
        Names::Many(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[rstest]
    #[case::one(LoadMode::Merge, Some(Names::One("id".to_owned())), Some(1))]
    #[case::two(LoadMode::Merge, Some(names(&["id", "day"])), Some(2))]
    #[case::missing(LoadMode::Merge, None, None)]
    #[case::twice(LoadMode::Merge, Some(names(&["id", "id"])), None)]
    #[case::other_mode(LoadMode::Append, Some(names(&["id"])), None)]
    #[case::none_needed(LoadMode::Replace, None, Some(0))]
    fn the_key_goes_with_the_mode(
        #[case] mode: LoadMode,
        #[case] given: Option<Names>,
        #[case] columns: Option<usize>,
    ) {
        assert_eq!(merge_key(mode, given).ok().map(|key| key.len()), columns);
    }

    #[rstest]
    #[case::number(&["id"], json!([2, 3]), "id = 2 (3 rows)")]
    #[case::composite(&["id", "day"], json!([null, "x", 1]), "id = null, day = \"x\" (1 row)")]
    fn keys_are_spelled_with_their_rows(#[case] key: &[&str], #[case] row: serde_json::Value, #[case] expected: &str) {
        let key: Vec<String> = key.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(spelled(&key, row.as_array().expect("a row")), expected);
    }
}
