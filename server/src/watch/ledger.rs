//! The notes in the target's own database that say which deliveries were loaded.

use std::ffi::OsStr;

use serde_json::json;

use crate::call::Call;
use crate::error::{Code, Error};
use crate::ingest::Receipt;
use crate::session::catalog::WATCH_LEDGER;
use crate::session::{Session, Watch};
use crate::sql;

fn table(watch: &Watch) -> String {
    sql::table(&watch.database.alias, WATCH_LEDGER)
}

fn directory(watch: &Watch) -> String {
    sql::literal(&watch.directory.to_string_lossy())
}

/// What is noted with the rows of a delivery of the file `name`.
pub(super) fn receipt(watch: &Watch, id: &str, name: &OsStr) -> Receipt {
    let table = table(watch);
    let params = json!({
        "mode": "append",
        "watch_directory": watch.directory.to_string_lossy(),
        "file": name.to_string_lossy(),
    });
    Receipt {
        create: format!("CREATE TABLE IF NOT EXISTS {table} (directory TEXT NOT NULL, delivery TEXT NOT NULL)"),
        note: format!("INSERT INTO {table} VALUES ({}, {})", directory(watch), sql::literal(id)),
        params,
    }
}

/// Whether a delivery was loaded.
pub(super) async fn holds(session: &Session, watch: &Watch, id: &str) -> Result<bool, Error> {
    let count = format!("SELECT COUNT(*) FROM {} WHERE delivery = {}", table(watch), sql::literal(id));
    let call = Call::housekeeping();
    let mut lease = session.lease(&call, &watch.database).await?;
    match lease.count(&call, &count).await {
        Err(error) if error.code == Code::TableNotFound => Ok(false),
        counted => counted.map(|count| count > 0),
    }
}

/// The deliveries of the watched folder that were loaded.
pub(super) async fn of_folder(session: &Session, watch: &Watch) -> Result<Vec<String>, Error> {
    let query = format!("SELECT delivery FROM {} WHERE directory = {}", table(watch), directory(watch));
    let call = Call::housekeeping();
    let mut lease = session.lease(&call, &watch.database).await?;
    let rows = match lease.rows(&call, &query).await {
        Err(error) if error.code == Code::TableNotFound => return Ok(Vec::new()),
        rows => rows?.rows,
    };
    Ok(rows.iter().filter_map(|row| row.first()?.as_str().map(str::to_owned)).collect())
}

/// Deletes the notes of deliveries whose files are gone.
pub(super) async fn forget(session: &Session, watch: &Watch, ids: &[String]) -> Result<(), Error> {
    if ids.is_empty() {
        return Ok(());
    }
    let ids: Vec<String> = ids.iter().map(|id| sql::literal(id)).collect();
    let delete = format!("DELETE FROM {} WHERE delivery IN ({})", table(watch), ids.join(", "));
    let call = Call::housekeeping();
    let mut lease = session.lease(&call, &watch.database).await?;
    lease.execute(&call, &delete).await.map(drop)
}
