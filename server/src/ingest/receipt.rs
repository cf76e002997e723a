//! Appending together with a note that it was done, so that a file which was cut off by an accident is known for what
//! it is: loaded, or not loaded.
//!
//! Hyper refuses a transaction that both defines a table and fills it. A table that is missing is therefore made empty
//! first, and dropped again if it gets no rows.

use serde_json::Value;

use super::Wanted;
use super::fit::with_overrides;
use super::load::{Done, Load, LoadRequest, Loaded, find, load_with};
use super::swap;
use crate::call::Call;
use crate::engine::Lease;
use crate::error::Error;
use crate::session::Session;
use crate::session::catalog::Table;
use crate::sql;

/// The note, as statements.
#[derive(Debug)]
pub struct Receipt {
    /// Makes the table of notes where it is missing.
    pub create: String,
    /// Adds the note.
    pub note: String,
    /// What the table catalogue keeps as the load's arguments.
    pub params: Value,
}

/// Appends one input to one table and adds the note, both or neither. Only a commit whose answer is lost leaves it
/// open which; the note tells.
pub async fn load_noted(
    session: &Session,
    call: &Call,
    request: LoadRequest,
    receipt: &Receipt,
) -> Result<Loaded, Error> {
    load_with(session, call, request, Some(receipt)).await
}

impl Load<'_> {
    /// Appends and notes; the caller has the right to write.
    pub(super) async fn append_noted(
        &self,
        mut lease: Lease,
        found: Option<Table>,
        receipt: &Receipt,
    ) -> Result<Done, Error> {
        let before = found.as_ref().map(|table| table.columns.clone());
        let done = self.fill_and_note(&mut lease, found, receipt).await;
        if done.is_err() {
            lease.rollback().await;
            drop(lease);
            if before.is_none() {
                swap::discard_empty(self.session, self.call, self.database, self.table).await;
            }
        }
        done.map(|(rows, wanted)| (rows, wanted, before))
    }

    async fn fill_and_note(
        &self,
        lease: &mut Lease,
        found: Option<Table>,
        receipt: &Receipt,
    ) -> Result<(u64, Vec<Wanted>), Error> {
        let table = match found {
            Some(table) => table,
            None => self.create_empty(lease).await?,
        };
        lease.execute(self.call, &receipt.create).await?;
        lease.begin(self.call).await?;
        let inserted = self.insert(lease, &table).await?;
        lease.execute(self.call, &receipt.note).await?;
        // What is as good as done is not given up: a commit that is cut off would leave it open whether it was done.
        lease.commit(&Call::housekeeping()).await?;
        Ok(inserted)
    }

    async fn create_empty(&self, lease: &mut Lease) -> Result<Table, Error> {
        let wanted = with_overrides(self.staged, self.types)?;
        let name = sql::table(&self.database.alias, self.table);
        let create = format!("CREATE TABLE {name} AS {} WITH NO DATA", self.staged.select(&wanted));
        if let Err(error) = lease.execute(self.call, &create).await {
            return Err(self.staged.explain(lease, self.call, error, &wanted).await);
        }
        let made = find(lease, self.call, self.database, self.table).await?;
        made.ok_or_else(|| Error::internal(format!("The table {name} is gone as soon as it was made.")))
    }
}
