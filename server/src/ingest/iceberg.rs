//! Iceberg: a folder of metadata and Parquet files, which hyperd reads and knows the schema of.

use std::io::ErrorKind;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::audit::Settled;
use super::format::Format;
use super::input::{Input, unreadable};
use super::relation::{Reader, Staged, external};
use super::source::{Source, Staging};
use crate::args;
use crate::error::{Code, Error};
use crate::files::Paths;
use crate::sql;

const METADATA_FOLDER: &str = "metadata";

/// A folder that has the parts of an Iceberg table, and which of its snapshots is meant.
#[derive(Debug, Clone)]
pub struct IcebergTable {
    /// Its absolute path.
    pub path: PathBuf,
    /// The size of its metadata files; those of the data are hyperd's to find.
    pub bytes: u64,
    metadata_filename: Option<String>,
    version_as_of: Option<u64>,
}

impl IcebergTable {
    /// Checks that `path` names such a folder; without a file of metadata or a version, the newest snapshot is meant.
    pub fn open(
        paths: &Paths,
        path: &str,
        metadata_filename: Option<String>,
        version_as_of: Option<u64>,
    ) -> Result<Self, Error> {
        let path = args::path("path", path)?;
        paths.refuse_iceberg(&path)?;
        if metadata_filename.is_some() && version_as_of.is_some() {
            return Err(Error::invalid("Both `metadata_filename` and `version_as_of` say which snapshot is meant.")
                .suggest("Leave one of them out."));
        }
        let found = path.metadata().map_err(|error| unreadable(&path, &error))?;
        if !found.is_dir() {
            return Err(Error::invalid(format!("`{}` is a file, and an Iceberg table is a folder.", path.display()))
                .suggest("Give the folder that has `metadata` in it; load_file reads single files."));
        }
        let metadata = path.join(METADATA_FOLDER);
        let entries = metadata.read_dir().map_err(|error| match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => Error::new(
                Code::UnsupportedFormat,
                format!("`{}` is no Iceberg table: it has no folder `{METADATA_FOLDER}`.", path.display()),
            )
            .suggest("Give the folder that has `metadata` in it."),
            _ => unreadable(&metadata, &error),
        })?;
        if let Some(name) = &metadata_filename {
            check_metadata(&metadata, name)?;
        }
        let bytes = entries.flatten().filter_map(|entry| entry.metadata().ok()).map(|found| found.len()).sum();
        Ok(Self { path, bytes, metadata_filename, version_as_of })
    }

    /// How errors name it.
    pub(super) fn name(&self) -> String {
        let path = self.path.display();
        match (&self.metadata_filename, self.version_as_of) {
            (Some(name), _) => format!("`{path}` ({name})"),
            (None, Some(version)) => format!("`{path}` (version {version})"),
            (None, None) => format!("`{path}`"),
        }
    }

    /// Adds the arguments that say how to read it again.
    pub(super) fn describe(&self, params: &mut Value) {
        params["path"] = json!(self.path);
        if let Some(name) = &self.metadata_filename {
            params["metadata_filename"] = json!(name);
        }
        if let Some(version) = self.version_as_of {
            params["version_as_of"] = json!(version);
        }
    }
}

/// hyperd would take any path for a name.
fn check_metadata(folder: &std::path::Path, name: &str) -> Result<(), Error> {
    if name.contains(['/', '\\', '\0']) {
        return Err(Error::invalid(format!(
            "`metadata_filename` is no name of a file: {}.",
            crate::words::excerpt(name)
        ))
        .suggest("Give the name alone, without folders."));
    }
    let file = folder.join(name);
    file.metadata().map(drop).map_err(|error| unreadable(&file, &error))
}

/// Apache Iceberg.
pub(super) struct Iceberg;

impl Source for Iceberg {
    fn stage(&self, input: Input, _: &Staging<'_>) -> Result<Staged, Error> {
        let name = input.name();
        let Input::Iceberg(table) = input else {
            return Err(
                Error::invalid(format!("{name} is no Iceberg table.")).suggest("Use load_iceberg with a folder.")
            );
        };
        let mut options = vec!["FORMAT => 'iceberg'".to_owned()];
        if let Some(name) = &table.metadata_filename {
            options.push(format!("METADATA_FILENAME => {}", sql::literal(name)));
        }
        if let Some(version) = table.version_as_of {
            options.push(format!("VERSION_AS_OF => {version}"));
        }
        Ok(Staged {
            columns: Vec::new(),
            rows: None,
            bytes: table.bytes,
            format: Format::Iceberg,
            name,
            reader: Reader::Typed(external(&table.path, &options)),
            scratch: None,
            origin: None,
            text: None,
            settled: Settled::default(),
        })
    }
}
