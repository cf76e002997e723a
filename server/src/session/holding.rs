//! What `persistent` holds, for clients that begin: a later session is to find what an earlier one has kept.

use schemars::JsonSchema;
use serde::Serialize;

use super::catalog::{self, Listing};
use super::databases::{Database, PERSISTENT};
use super::lifecycle::Session;
use super::table_catalog::notes;
use crate::call::Call;
use crate::error::{Code, Error};
use crate::limits;
use crate::words::excerpt;

/// A table that was kept.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Held {
    name: String,
    row_count: i64,
    /// What was noted as its purpose.
    #[serde(skip_serializing_if = "Option::is_none")]
    purpose: Option<String>,
}

/// The tables of a database, as far as they are named.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Holding {
    tables: Vec<Held>,
    /// Tables that are not named here.
    #[serde(skip_serializing_if = "is_zero")]
    more: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl Holding {
    /// The tables in a sentence. What people noted is quoted, so that it cannot be taken for the server's words.
    pub fn sentence(&self) -> String {
        let named = |held: &Held| {
            let rows = if held.row_count == 1 { "row" } else { "rows" };
            let purpose = held.purpose.as_deref().map(|text| format!(", noted as {}", excerpt(text)));
            format!("{} ({} {rows}{})", excerpt(&held.name), held.row_count, purpose.unwrap_or_default())
        };
        let mut tables: Vec<String> = self.tables.iter().map(named).collect();
        if self.more > 0 {
            tables.push(format!("and {} more", self.more));
        }
        let tables = tables.join(", ");
        format!(
            "When this session began, `persistent` held these tables: {tables}. They are read with database: \
             \"persistent\"; describe shows their columns."
        )
    }
}

impl Session {
    /// What `persistent` holds; none where there is no such database or no table in it.
    ///
    /// # Errors
    ///
    /// It is not found out before `deadline_ms`. That is no failure of whoever asks.
    pub async fn holding(&self, call: &Call, deadline_ms: u64) -> Result<Option<Holding>, Error> {
        let persistent = self.databases().into_iter().find(|database| database.alias == PERSISTENT);
        let Some(persistent) = persistent else { return Ok(None) };
        // Others wait until the file is let go of.
        if self.is_unwritten(&persistent) {
            return Err(Error::new(Code::ResourceBusy, "`persistent` is about to be written."));
        }
        let held = tokio::time::timeout(limits::ms(deadline_ms), self.held(call, &persistent)).await;
        let held = held.unwrap_or_else(|_| Err(Error::new(Code::Timeout, "hyperd did not answer in time.")));
        if let Err(error) = &held {
            tracing::debug!(%error, "what `persistent` holds was not found out");
        }
        held.map(|holding| Some(holding).filter(|holding| !holding.tables.is_empty()))
    }

    async fn held(&self, call: &Call, database: &Database) -> Result<Holding, Error> {
        let mut lease = self.look(call, database).await?;
        let Listing { mut tables, catalog } = catalog::listing(&mut lease, call, database).await?;
        let more = tables.len().saturating_sub(limits::HELD_TABLES_MAX);
        tables.truncate(limits::HELD_TABLES_MAX);
        let counts = catalog::row_counts(&mut lease, call, database, &tables).await?;
        let listing = Listing { tables, catalog };
        let mut noted = notes(&mut lease, call, database, &listing, limits::HELD_PURPOSE_CHARS_MAX).await;
        let held = |(table, row_count): (catalog::Table, i64)| Held {
            purpose: noted.remove(&table.place.to_string()).and_then(|noted| noted.purpose),
            name: table.shown,
            row_count,
        };
        Ok(Holding { tables: listing.tables.into_iter().zip(counts).map(held).collect(), more })
    }
}
