//! `set_table_metadata`

use std::time::Instant;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::args::{DatabaseName, Stats, Target, text_without_nul};
use crate::call::Call;
use crate::context::Context;
use crate::error::{Code, Error};
use crate::limits;
use crate::session::table_catalog::{Entry, Metadata};
use crate::tool::{Access, Effect, Tool};

/// Note where a table came from and what it is for, in the catalogue `_table_catalog` of its database. Loads make the
/// entry and keep what is noted; `local` has no catalogue. Fields left out stay as they are, an empty text clears one.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Name of the table, as describe shows it.
    #[schemars(length(min = 1, max = limits::NAME_CHARS_MAX))]
    table: String,
    /// Where people read about the data.
    #[schemars(length(max = limits::METADATA_CHARS_MAX))]
    source_url: Option<String>,
    /// What is in the table, and how to read it.
    #[schemars(length(max = limits::METADATA_CHARS_MAX))]
    source_description: Option<String>,
    /// Which questions it is to answer.
    #[schemars(length(max = limits::METADATA_CHARS_MAX))]
    purpose: Option<String>,
    /// What its use is bound to.
    #[schemars(length(max = limits::METADATA_CHARS_MAX))]
    license: Option<String>,
    /// Anything else worth knowing.
    #[schemars(length(max = limits::METADATA_CHARS_MAX))]
    notes: Option<String>,
    /// Where a program downloads the data.
    #[schemars(length(max = limits::METADATA_CHARS_MAX))]
    data_url: Option<String>,
    database: Option<DatabaseName>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    #[serde(flatten)]
    entry: Entry,
    resolved_database: String,
    stats: Stats,
}

pub(super) struct SetTableMetadata;

impl Tool for SetTableMetadata {
    const NAME: &'static str = "set_table_metadata";
    const ACCESS: Access = Access::Write(Effect { destructive: true, idempotent: true });
    type Params = Params;
    type Output = Output;

    async fn call(context: &Context, call: &Call, params: Params) -> Result<Output, Error> {
        let start = Instant::now();
        let database = context.session().resolve_writable(&Target::new(params.database, None))?;
        let fields = [
            ("source_url", params.source_url),
            ("source_description", params.source_description),
            ("purpose", params.purpose),
            ("license", params.license),
            ("notes", params.notes),
            ("data_url", params.data_url),
        ];
        let given = fields.into_iter().filter_map(|(name, text)| Some((name, text?))).collect();
        let metadata = Metadata(given);
        check(&params.table, &metadata)?;
        let entry = context.session().set_metadata(call, &database, &params.table, &metadata).await?;
        Ok(Output { entry, resolved_database: database.alias, stats: Stats::since(start, None) })
    }
}

fn check(table: &str, metadata: &Metadata) -> Result<(), Error> {
    if metadata.0.is_empty() {
        return Err(Error::new(Code::EmptyData, "There is nothing to note: no field was given.").suggest(
            "Give at least one of source_url, source_description, purpose, license, notes and data_url; an empty text \
             clears a field.",
        ));
    }
    let texts = metadata.0.iter().map(|(name, text)| (*name, text.as_str())).chain([("table", table)]);
    for (name, text) in texts {
        text_without_nul(name, text)?;
    }
    Ok(())
}
