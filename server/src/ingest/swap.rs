//! How a new table takes the place of an old one.

use crate::call::Call;
use crate::engine::Lease;
use crate::error::Error;
use crate::session::{Database, Place, Session};
use crate::sql;

/// Gives a table another name; both are of one schema.
pub(super) async fn rename(
    lease: &mut Lease,
    call: &Call,
    database: &Database,
    from: &Place,
    to: &Place,
) -> Result<(), Error> {
    let sql = format!("ALTER TABLE {} RENAME TO {}", from.quoted(database), sql::identifier(&to.name));
    lease.execute(call, &sql).await.map(drop)
}

/// Whether a table could not be made, or be given its name, because there is one of that name by now.
pub(super) fn is_taken(error: &Error) -> bool {
    const DUPLICATE_TABLE: &str = "42P07";
    error.sqlstate.as_deref() == Some(DUPLICATE_TABLE)
}

/// Puts `new` in the place of `table`.
///
/// The call can be cancelled until the old table is out of the way, which waits for those who read it. From then on
/// only the server's own deadline counts, so that there is a table of that name again at once.
pub(super) async fn replace(
    mut lease: Lease,
    session: &Session,
    call: &Call,
    database: &Database,
    new: &Place,
    table: &Place,
) -> Result<(), Error> {
    let old = table.beside(session.aside_name(&table.name));
    let own = Call::housekeeping();
    let placed = match rename(&mut lease, call, database, table, &old).await {
        Ok(()) => rename(&mut lease, &own, database, new, table).await,
        Err(error) => Err(error),
    };
    drop(lease);
    if placed.is_err() {
        // It may have been renamed although the answer was an error; if not, this changes nothing.
        put_back(session, call, database, &old, table).await;
    } else {
        discard(session, call, database, &old).await;
    }
    placed
}

async fn put_back(session: &Session, call: &Call, database: &Database, old: &Place, table: &Place) {
    let call = call.aftermath();
    if let Ok(mut lease) = session.lease(&call, database).await
        && let Err(error) = rename(&mut lease, &call, database, old, table).await
    {
        tracing::debug!(%error, %table, "the old table is still in its place");
    }
}

/// Drops a table that is of no use any more, whatever became of the call.
pub(super) async fn discard(session: &Session, call: &Call, database: &Database, place: &Place) {
    let call = call.aftermath();
    let dropped = match session.lease(&call, database).await {
        Ok(mut lease) => {
            let sql = format!("DROP TABLE IF EXISTS {}", place.quoted(database));
            lease.execute(&call, &sql).await.map(drop)
        }
        Err(error) => Err(error),
    };
    if let Err(error) = dropped {
        tracing::warn!(%error, table = %place, database = database.alias, "a table that was not finished could not be dropped");
    }
}

/// Drops a table that was made for rows which did not come, whatever became of the call.
pub(super) async fn discard_empty(session: &Session, call: &Call, database: &Database, place: &Place) {
    let own = call.aftermath();
    let rows = match session.lease(&own, database).await {
        Ok(mut lease) => lease.count(&own, &format!("SELECT COUNT(*) FROM {}", place.quoted(database))).await,
        Err(error) => Err(error),
    };
    if matches!(rows, Ok(0)) {
        discard(session, call, database, place).await;
    }
}
