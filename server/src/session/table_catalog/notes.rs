//! What a catalogue says of tables, for those who look at the tables. It is read as it stands: a file of somebody else's
//! may have a table of that name and another shape, and then nothing is noted.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::call::Call;
use crate::engine::Lease;
use crate::session::Database;
use crate::session::catalog::{Listing, TABLE_CATALOG};
use crate::sql;

/// What is noted of a table.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Noted {
    /// Which questions it is to answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    license: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<String>,
    /// The tool that loaded it last.
    #[serde(skip_serializing_if = "Option::is_none")]
    load_tool: Option<String>,
    /// The file or folder that it was loaded from last.
    #[serde(skip_serializing_if = "Option::is_none")]
    loaded_from: Option<String>,
    /// When it was first loaded, in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    loaded_at: Option<String>,
    /// When it was last loaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_refreshed_at: Option<String>,
}

impl Noted {
    /// About how long it is in an answer.
    pub fn bytes(&self) -> usize {
        /// The names of the members, and what stands around them.
        const AROUND_BYTES: usize = 200;
        let texts = [
            &self.purpose,
            &self.source_description,
            &self.source_url,
            &self.data_url,
            &self.license,
            &self.notes,
            &self.loaded_from,
        ];
        AROUND_BYTES + texts.into_iter().flatten().map(String::len).sum::<usize>()
    }
}

const TEXTS: [&str; 7] = ["purpose", "source_description", "source_url", "data_url", "license", "notes", "load_tool"];
const TIMES: [&str; 2] = ["loaded_at", "last_refreshed_at"];

/// What is noted of the tables of `listing`, by their places as they are displayed; texts are cut after `chars_max`.
pub async fn notes(
    lease: &mut Lease,
    call: &Call,
    database: &Database,
    listing: &Listing,
    chars_max: u32,
) -> HashMap<String, Noted> {
    let has = |column: &&str| listing.catalog.iter().any(|name| name == *column);
    if listing.tables.is_empty() || !has(&"table_name") {
        return HashMap::new();
    }
    let cut = |name: &str| {
        let longer = chars_max.saturating_add(1);
        format!("SUBSTRING({name}, 1, {longer}) AS {name}")
    };
    let mut columns = vec!["table_name".to_owned()];
    columns.extend(TEXTS.into_iter().filter(has).map(cut));
    columns.extend(TIMES.into_iter().filter(has).map(|name| format!("{name} AT TIME ZONE 'UTC' AS {name}")));
    columns.extend(["load_params"].into_iter().filter(has).map(str::to_owned));
    let names: Vec<String> = listing.tables.iter().map(|table| sql::literal(&table.place.to_string())).collect();
    let select = format!(
        "SELECT {} FROM {} WHERE table_name IN ({}) LIMIT {}",
        columns.join(", "),
        sql::table(&database.alias, TABLE_CATALOG),
        names.join(", "),
        names.len()
    );
    match lease.rows(call, &select).await {
        Ok(rows) => rows.into_objects().into_iter().filter_map(|row| noted(row, chars_max)).collect(),
        Err(error) => {
            tracing::debug!(%error, database = database.alias, "what is noted of tables could not be read");
            HashMap::new()
        }
    }
}

fn noted(mut row: Map<String, Value>, chars_max: u32) -> Option<(String, Noted)> {
    let Some(Value::String(name)) = row.remove("table_name") else { return None };
    let params = row.remove("load_params");
    let params: Option<Value> = params.and_then(|params| serde_json::from_str(params.as_str()?).ok());
    let from = params.and_then(|params| ["path", "watch_directory"].iter().find_map(|key| params.get(key).cloned()));
    row.extend(from.map(|from| ("loaded_from".to_owned(), from)));
    for value in row.values_mut() {
        if let Value::String(text) = value
            && let Some((end, _)) = text.char_indices().nth(usize::try_from(chars_max).unwrap_or(usize::MAX))
        {
            text.truncate(end);
            text.push('…');
        }
    }
    Some((name, serde_json::from_value(Value::Object(row)).ok()?))
}
