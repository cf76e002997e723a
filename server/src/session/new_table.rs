//! Tables that a statement is to make.

use super::catalog::PUBLIC;
use super::databases::Database;
use super::lifecycle::Session;
use crate::call::Call;
use crate::engine::Lease;
use crate::error::Error;
use crate::sql;
use crate::sql::structure::{Structure, structure};

/// SQLSTATE of a table that is there already.
const DUPLICATE_TABLE: &str = "42P07";

/// A table that was not there before the statement that makes it.
///
/// Hyper keeps the table of a `CREATE TABLE ... AS` whose query fails or is cancelled, without rows, and no transaction
/// takes it away again.
#[derive(Debug)]
pub struct NewTable {
    /// Its full name in SQL.
    quoted: String,
}

impl NewTable {
    /// The table that `sql`, sent to `database`, is to make; none where it makes none or the table is there already.
    /// The caller keeps others from writing.
    pub async fn of(lease: &mut Lease, call: &Call, database: &Database, sql: &str) -> Option<Self> {
        let Structure::Creates { name, .. } = structure(sql) else { return None };
        let [alias, schema, table] = match &name[..] {
            [table] => [database.alias.as_str(), PUBLIC, table],
            [schema, table] => [database.alias.as_str(), schema, table],
            [alias, schema, table] => [alias.as_str(), schema, table],
            _ => return None,
        };
        let [schema_text, table_text] = [schema, table].map(sql::literal);
        let [alias, schema, table] = [alias, schema, table].map(sql::identifier);
        let there = format!(
            "SELECT COUNT(*) FROM {alias}.pg_catalog.pg_class c \
             JOIN {alias}.pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = {schema_text} AND c.relname = {table_text}"
        );
        // Where this fails, so does the statement, and says better why.
        let missing = lease.count(call, &there).await.is_ok_and(|count| count == 0);
        missing.then(|| Self { quoted: format!("{alias}.{schema}.{table}") })
    }

    /// Drops what the statement has left behind that failed with `reason`, whatever became of the call.
    pub async fn discard(self, session: &Session, call: &Call, database: &Database, reason: &Error) {
        if reason.sqlstate.as_deref() == Some(DUPLICATE_TABLE) {
            return;
        }
        let call = call.aftermath();
        let dropped = match session.lease(&call, database).await {
            Ok(mut lease) => lease.execute(&call, &format!("DROP TABLE IF EXISTS {}", self.quoted)).await.map(drop),
            Err(error) => Err(error),
        };
        if let Err(error) = dropped {
            tracing::warn!(%error, table = self.quoted, "a table that was not finished could not be dropped");
        }
    }
}
