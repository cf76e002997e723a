//! Which format a file is in, and who reads it.

use std::path::Path;

use super::{Content, Unread, csv, hyper, ipc, parquet};
use crate::run::Engines;

/// What the rows of a file are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Separated fields.
    Csv,
    /// Apache Parquet.
    Parquet,
    /// Arrow's IPC format, in either framing.
    ArrowIpc,
    /// A folder of Apache Iceberg.
    Iceberg,
    /// A database file of Hyper.
    Hyper,
}

impl Format {
    /// What `format` can be: the names that the tool `export` has for them.
    pub(crate) const NAMES: [&str; 5] = ["arrow_ipc", "csv", "hyper", "iceberg", "parquet"];

    /// The ends of names that tell a format.
    pub(crate) const EXTENSIONS: &str =
        ".csv, .tsv, .parquet, .arrow, .arrows, .feather, .ipc, .arrow_file, .arrow_stream, .iceberg or .hyper";

    /// The format of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "csv" => Self::Csv,
            "parquet" => Self::Parquet,
            "arrow_ipc" => Self::ArrowIpc,
            "iceberg" => Self::Iceberg,
            "hyper" => Self::Hyper,
            _ => return None,
        })
    }

    /// The format that the end of a file's name tells.
    pub(crate) fn of_path(path: &Path) -> Option<Self> {
        Some(match path.extension()?.to_str()?.to_lowercase().as_str() {
            "csv" | "tsv" => Self::Csv,
            "parquet" => Self::Parquet,
            "arrow" | "arrows" | "feather" | "ipc" | "arrow_ipc" | "arrow_file" | "arrow_stream" => Self::ArrowIpc,
            "iceberg" => Self::Iceberg,
            "hyper" => Self::Hyper,
            _ => return None,
        })
    }

    /// Whether its rows stand in an order: those of a table do not, and those of several files do not.
    pub(crate) fn has_order(self) -> bool {
        !matches!(self, Self::Hyper | Self::Iceberg)
    }

    /// Reads a file; `table` is the one that is wanted of a file with several. Blocks.
    ///
    /// # Errors
    ///
    /// Why it could not be read.
    pub(crate) fn read(self, path: &Path, table: Option<&str>, engines: &Engines) -> Result<Content, Unread> {
        let is_folder = path.is_dir();
        if !path.exists() {
            return Err(Unread::Bad("there is no such file".to_owned()));
        }
        if is_folder != (self == Self::Iceberg) {
            return Err(Unread::Bad(if is_folder { "it is a folder" } else { "it is a file, no folder" }.to_owned()));
        }
        let reader = || engines.reader().map_err(Unread::NoReader);
        match self {
            Self::Csv => csv::read(path).map_err(Unread::Bad),
            Self::Parquet => parquet::read(path).map_err(Unread::Bad),
            Self::ArrowIpc => ipc::read(path).map_err(Unread::Bad),
            Self::Iceberg => hyper::read_iceberg(&reader()?, path),
            Self::Hyper => hyper::read(&reader()?, path, table),
        }
    }
}
