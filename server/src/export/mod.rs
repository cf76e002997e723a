//! Getting data out. hyperd writes every file itself; nothing of it passes through the server.
//!
//! ```text
//! request -> place (is the path free, and whose is it) -> exporter (one for each format) -> put in place by renaming
//! ```
//!
//! Until a file is whole it has a name of its own beside the one that it will have, so that a failed export leaves
//! nothing and an old file stays as it was. A further format is an `Exporter` and a line in `exporter`.

mod arrow;
mod copy;
mod csv;
mod definition;
mod hyper;
mod iceberg;
mod leftovers;
mod options;
mod parquet;
mod place;
mod run;
mod unfinished;

use futures::future::BoxFuture;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use definition::{Fidelity, Lost};
pub use options::FormatOptions;
pub use run::{Exported, Request, Source, export};

use crate::error::Error;
use run::{Job, Written};

/// A format that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum ExportFormat {
    /// Separated cells, names in the first line.
    Csv,
    /// Apache Parquet.
    Parquet,
    /// Arrow's IPC format.
    ArrowIpc,
    /// A folder that is an Apache Iceberg table.
    Iceberg,
    /// A Hyper database with the tables of another one.
    Hyper,
}

/// A format's own part of an export.
trait Exporter: Sync {
    /// The names of the format options that it takes.
    fn options(&self) -> &'static [&'static str];

    /// Writes the job's rows to the job's place.
    fn export<'a>(&'a self, job: &'a Job<'a>) -> BoxFuture<'a, Result<Written, Error>>;
}

fn exporter(format: ExportFormat) -> &'static dyn Exporter {
    match format {
        ExportFormat::Csv => &csv::Csv,
        ExportFormat::Parquet => &parquet::Parquet,
        ExportFormat::ArrowIpc => &arrow::ArrowIpc,
        ExportFormat::Iceberg => &iceberg::Iceberg,
        ExportFormat::Hyper => &hyper::Hyper,
    }
}
