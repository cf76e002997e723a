//! Key-value stores: texts by store and key, in one table of each database.
//!
//! Hyper has no keys. So one writer at a time has the table, whatever the number of servers on one hyperd: a key has one
//! row, and what one caller takes out no other one gets. The first write makes the table, and nothing else does; a reader
//! of a database without it reads empty stores.

use std::collections::HashMap;

use serde_json::Value;

use super::catalog::KV_TABLE;
use super::databases::Database;
use super::lifecycle::Session;
use super::write_locks::WriteGuard;
use crate::args::{KvEntry, text_without_nul};
use crate::call::Call;
use crate::engine::{Bounds, Lease, Rows};
use crate::error::Error;
use crate::words::excerpt;
use crate::{limits, sql};

/// The stores of one database.
pub struct Kv {
    lease: Lease,
    /// The table's full name in SQL.
    table: String,
    /// Held by whoever writes.
    _guard: Option<WriteGuard>,
}

/// What a write did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// Keys that were not there before.
    pub created: usize,
    /// Keys that were there: their values were replaced, or left as they were where that was asked for.
    pub existed: usize,
}

impl Session {
    /// The stores of a database, to read.
    pub async fn kv_reader(&self, call: &Call, database: &Database) -> Result<Kv, Error> {
        self.kv(call, database, None).await
    }

    /// The stores of a database, to write, alone. The caller has made sure that the database may be written.
    pub async fn kv_writer(&self, call: &Call, database: &Database) -> Result<Kv, Error> {
        let guard = self.write_lock(call, database).await?;
        self.kv(call, database, Some(guard)).await
    }

    async fn kv(&self, call: &Call, database: &Database, guard: Option<WriteGuard>) -> Result<Kv, Error> {
        let lease = self.lease(call, database).await?;
        Ok(Kv { lease, table: sql::table(&database.alias, KV_TABLE), _guard: guard })
    }
}

impl Kv {
    /// The value of a key.
    pub async fn get(&mut self, call: &Call, store: &str, key: &str) -> Result<Option<String>, Error> {
        let rows = self.read(call, "value", &format!("{} AND {}", is_store(store), is_key(key))).await?;
        Ok(texts(rows).next())
    }

    /// The entries of a store by ascending key, in code points; without their values where those are not asked for. True
    /// where there are more than fit into `bounds`.
    pub async fn entries(
        &mut self,
        call: &Call,
        store: &str,
        values: bool,
        bounds: Bounds,
    ) -> Result<(Vec<KvEntry>, bool), Error> {
        let value = if values { "value" } else { "''" };
        let select = format!("SELECT key, {value} FROM {} WHERE {} ORDER BY key", self.table, is_store(store));
        let rows = empty_without_table(self.lease.query(call, &select, bounds).await)?;
        let truncated = rows.truncated;
        let mut found = texts(rows);
        let entries = std::iter::from_fn(|| Some(KvEntry { key: found.next()?, value: found.next()? })).collect();
        Ok((entries, truncated))
    }

    /// The names of the stores that have an entry, ascending.
    pub async fn stores(&mut self, call: &Call) -> Result<Vec<String>, Error> {
        let rows = self.read(call, "DISTINCT store_name", "TRUE ORDER BY store_name").await?;
        Ok(texts(rows).collect())
    }

    /// How many entries a store has, and how many bytes their values take.
    pub async fn size(&mut self, call: &Call, store: &str) -> Result<(u64, u64), Error> {
        let sums = "COUNT(*), CAST(COALESCE(SUM(OCTET_LENGTH(value)), 0) AS BIGINT)";
        let rows = self.read(call, sums, &is_store(store)).await?;
        let number = |at: usize| rows.rows.first().and_then(|row| row.get(at)?.as_u64()).unwrap_or_default();
        Ok((number(0), number(1)))
    }

    /// Writes entries, all or none. Of entries with one key the last one counts; without `overwrite` the first one, and
    /// none of a key that is there.
    pub async fn set(&mut self, call: &Call, store: &str, given: &[KvEntry], overwrite: bool) -> Result<Stored, Error> {
        let old = self.present(call, store, given).await?;
        let mut stored = Stored { created: 0, existed: 0 };
        let mut new: HashMap<&str, &str> = HashMap::new();
        for entry in given {
            let key = entry.key.as_str();
            if old.iter().any(|old| old == key) || new.contains_key(key) {
                stored.existed += 1;
                if !overwrite {
                    continue;
                }
            } else {
                stored.created += 1;
            }
            new.insert(key, &entry.value);
        }
        if new.is_empty() {
            return Ok(stored);
        }
        let replaced: Vec<&str> = old.iter().map(String::as_str).filter(|key| new.contains_key(key)).collect();
        let mut statements: Vec<String> = replaced
            .chunks(limits::KV_KEYS_AT_ONCE)
            .map(|keys| format!("DELETE FROM {} WHERE {} AND {}", self.table, is_store(store), is_one_of(keys)))
            .collect();
        statements.extend(self.inserts(store, &new));
        self.together(call, &statements).await?;
        Ok(stored)
    }

    /// Takes a key out; whether it was there.
    pub async fn delete(&mut self, call: &Call, store: &str, key: &str) -> Result<bool, Error> {
        Ok(self.remove(call, &format!("{} AND {}", is_store(store), is_key(key))).await? > 0)
    }

    /// Takes out the entry with the lowest key.
    pub async fn pop(&mut self, call: &Call, store: &str) -> Result<Option<KvEntry>, Error> {
        let lowest = format!("{} ORDER BY key LIMIT 1", is_store(store));
        let mut found = texts(self.read(call, "key, value", &lowest).await?);
        let (Some(key), Some(value)) = (found.next(), found.next()) else { return Ok(None) };
        self.delete(call, store, &key).await?;
        Ok(Some(KvEntry { key, value }))
    }

    /// Takes all entries of a store out; answers how many there were.
    pub async fn clear(&mut self, call: &Call, store: &str) -> Result<u64, Error> {
        self.remove(call, &is_store(store)).await
    }

    async fn read(&mut self, call: &Call, columns: &str, condition: &str) -> Result<Rows, Error> {
        let rows = self.lease.rows(call, &format!("SELECT {columns} FROM {} WHERE {condition}", self.table)).await;
        empty_without_table(rows)
    }

    async fn remove(&mut self, call: &Call, condition: &str) -> Result<u64, Error> {
        let removed = self.lease.execute(call, &format!("DELETE FROM {} WHERE {condition}", self.table)).await;
        removed.or_else(|error| if error.is_unknown_table() { Ok(0) } else { Err(error) })
    }

    /// Which of the keys there are already. Makes the table where there is none.
    async fn present(&mut self, call: &Call, store: &str, given: &[KvEntry]) -> Result<Vec<String>, Error> {
        let mut present = Vec::new();
        for some in given.chunks(limits::KV_KEYS_AT_ONCE) {
            let keys: Vec<&str> = some.iter().map(|entry| entry.key.as_str()).collect();
            let condition = format!("{} AND {}", is_store(store), is_one_of(&keys));
            let look = format!("SELECT key FROM {} WHERE {condition}", self.table);
            match self.lease.rows(call, &look).await {
                Ok(rows) => present.extend(texts(rows)),
                Err(error) if error.is_unknown_table() => {
                    let columns = "store_name TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL";
                    let create = format!("CREATE TABLE IF NOT EXISTS {} ({columns})", self.table);
                    self.lease.execute(call, &create).await?;
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(present)
    }

    /// The statements that put entries into the table, each of a length that is read at once.
    fn inserts(&self, store: &str, entries: &HashMap<&str, &str>) -> Vec<String> {
        let store = sql::literal(store);
        let mut statements: Vec<String> = Vec::new();
        let mut length = 0;
        for (key, value) in entries {
            let row = format!("({store}, {}, {})", sql::literal(key), sql::literal(value));
            match statements.last_mut() {
                Some(last) if length + row.len() <= limits::KV_STATEMENT_BYTES => {
                    last.push_str(", ");
                    last.push_str(&row);
                    length += row.len();
                }
                _ => {
                    length = row.len();
                    statements.push(format!("INSERT INTO {} (store_name, key, value) VALUES {row}", self.table));
                }
            }
        }
        statements
    }

    async fn together(&mut self, call: &Call, statements: &[String]) -> Result<(), Error> {
        if let [only] = statements {
            return self.lease.execute(call, only).await.map(drop);
        }
        self.lease.begin(call).await?;
        for statement in statements {
            if let Err(error) = self.lease.execute(call, statement).await {
                self.lease.rollback().await;
                return Err(error);
            }
        }
        self.lease.commit(call).await
    }
}

/// Refuses what no store can hold.
pub fn check_entries(store: &str, entries: &[KvEntry]) -> Result<(), Error> {
    text_without_nul("store", store)?;
    for KvEntry { key, value } in entries {
        text_without_nul("key", key)?;
        text_without_nul("value", value)?;
        if value.len() > limits::KV_VALUE_BYTES_MAX {
            let (key, most) = (excerpt(key), limits::KV_VALUE_BYTES_MAX);
            return Err(Error::invalid(format!("The value of {key} has {} bytes; {most} are allowed.", value.len()))
                .suggest("Put large texts into a table of their own with load_data or execute."));
        }
    }
    let bytes: usize = entries.iter().map(|entry| entry.value.len()).sum();
    if bytes > limits::KV_ENTRIES_BYTES_MAX {
        let most = limits::KV_ENTRIES_BYTES_MAX;
        return Err(Error::invalid(format!("The values have {bytes} bytes together; {most} are allowed in one call."))
            .suggest("Write them with several calls, or into a table with load_data."));
    }
    Ok(())
}

fn is_store(store: &str) -> String {
    format!("store_name = {}", sql::literal(store))
}

fn is_key(key: &str) -> String {
    format!("key = {}", sql::literal(key))
}

fn is_one_of(keys: &[&str]) -> String {
    let keys: Vec<String> = keys.iter().map(|key| sql::literal(key)).collect();
    format!("key IN ({})", keys.join(", "))
}

fn empty_without_table(read: Result<Rows, Error>) -> Result<Rows, Error> {
    read.or_else(|error| if error.is_unknown_table() { Ok(Rows::default()) } else { Err(error) })
}

/// All values that are texts, row by row.
fn texts(rows: Rows) -> impl Iterator<Item = String> {
    let text = |value: Value| match value {
        Value::String(text) => Some(text),
        _ => None,
    };
    rows.rows.into_iter().flatten().filter_map(text)
}
