//! What the tools that load data answer.

use std::time::Instant;

use schemars::JsonSchema;
use serde::Serialize;

use super::format::Format;
use super::load::Loaded;
use super::request::LoadMode;
use super::told::Told;
use crate::args::elapsed_ms;

/// A column of the table that was loaded.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct LoadedColumn {
    name: String,
    #[serde(rename = "type")]
    sql_type: String,
    nullable: bool,
}

/// What the load took.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct LoadStats {
    elapsed_ms: f64,
    rows: u64,
    bytes_read: u64,
    format: Format,
    /// Whether the table is new or has other columns than before.
    schema_changed: bool,
    /// Of a merge: rows that were added beyond those that were replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    inserted: Option<u64>,
    /// Of a merge: rows of the table that gave way to one with their key.
    #[serde(skip_serializing_if = "Option::is_none")]
    replaced: Option<u64>,
}

/// The answer to a load.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LoadAnswer {
    table: String,
    rows: u64,
    schema: Vec<LoadedColumn>,
    mode: LoadMode,
    resolved_database: String,
    #[serde(flatten)]
    told: Told,
    /// Of a merge: columns that the table did not have before.
    #[serde(skip_serializing_if = "Option::is_none")]
    added_columns: Option<Vec<String>>,
    /// Of a merge: columns that the input lacks, NULL in every row that came from it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    columns_left_null: Vec<String>,
    stats: LoadStats,
}

impl LoadAnswer {
    /// The answer to a load that began at `start`.
    pub fn new(mode: LoadMode, loaded: Loaded, start: Instant) -> Self {
        let column = |column: crate::session::catalog::TableColumn| LoadedColumn {
            name: column.name,
            sql_type: column.sql_type,
            nullable: column.nullable,
        };
        let merged = loaded.merged;
        Self {
            table: loaded.table,
            rows: loaded.rows,
            schema: loaded.columns.into_iter().map(column).collect(),
            mode,
            resolved_database: loaded.database.alias,
            told: loaded.told,
            added_columns: merged.as_ref().map(|merged| merged.added_columns.clone()),
            columns_left_null: merged.as_ref().map(|merged| merged.columns_left_null.clone()).unwrap_or_default(),
            stats: LoadStats {
                elapsed_ms: elapsed_ms(start),
                rows: loaded.rows,
                bytes_read: loaded.bytes,
                format: loaded.format,
                schema_changed: loaded.schema_changed,
                inserted: merged.as_ref().map(|merged| merged.inserted),
                replaced: merged.as_ref().map(|merged| merged.replaced),
            },
        }
    }
}
