//! Appending together with a note that it was done, so that a file which was cut off by an accident is known for what
//! it is: loaded, or not loaded.
//!
//! Hyper refuses a transaction that both defines a table and fills it. A table that is missing is therefore made empty
//! first, and dropped again if it gets no rows.

use serde_json::Value;

use super::Wanted;
use super::fit::with_overrides;
use super::load::{Done, Load, Loaded, find, load_with};
use super::request::LoadRequest;
use super::swap;
use crate::call::Call;
use crate::engine::Lease;
use crate::error::{Code, Error};
use crate::session::Session;
use crate::session::catalog::Table;

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
    let target = request.target.clone();
    let loaded = load_with(session, call, request, Some(receipt)).await;
    loaded.map_err(|error| session.of_old_file(error, &target))
}

impl Load<'_> {
    /// Appends and notes; the caller has the right to write.
    pub(super) async fn append_noted(
        &self,
        mut lease: Lease,
        found: Option<Table>,
        receipt: &Receipt,
    ) -> Result<Done, Error> {
        let (table, made) = match found {
            Some(table) => (table, false),
            None => self.create_empty(&mut lease).await?,
        };
        let before = (!made).then(|| table.columns.clone());
        let done = self.fill_and_note(&mut lease, &table, receipt).await;
        if done.is_err() {
            lease.rollback().await;
            drop(lease);
            if made {
                swap::discard_empty(self.session, self.call, self.database, self.place).await;
            }
        }
        done.map(|(rows, wanted)| (rows, wanted, before))
    }

    async fn fill_and_note(
        &self,
        lease: &mut Lease,
        table: &Table,
        receipt: &Receipt,
    ) -> Result<(u64, Vec<Wanted>), Error> {
        lease.execute(self.call, &receipt.create).await?;
        lease.begin(self.call).await?;
        let inserted = self.insert(lease, table).await?;
        lease.execute(self.call, &receipt.note).await?;
        // What is as good as done is not given up: a commit that is cut off would leave it open whether it was done.
        lease.commit(&Call::housekeeping()).await?;
        Ok(inserted)
    }

    /// Makes the table without rows; false where another server has made it at the same moment.
    async fn create_empty(&self, lease: &mut Lease) -> Result<(Table, bool), Error> {
        let wanted = with_overrides(self.staged, self.types)?;
        let name = self.place.quoted(self.database);
        let create = format!("CREATE TABLE {name} AS {} WITH NO DATA", self.staged.select(&wanted));
        let made = match lease.execute(self.call, &create).await {
            Ok(_) => true,
            Err(error) if swap::is_taken(&error) => false,
            Err(error) => return Err(self.staged.explain(lease, self.call, error, &wanted).await),
        };
        match find(lease, self.call, self.database, self.place).await? {
            Some(table) => Ok((table, made)),
            None => Err(Error::new(
                Code::ResourceBusy,
                format!("The table {name} was made and dropped by others at the same moment."),
            )
            .suggest("Call again.")),
        }
    }
}
