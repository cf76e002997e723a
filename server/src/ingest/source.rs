//! The seam between formats and loading: a source turns an input into a table that hyperd reads itself.

use std::path::Path;

use tempfile::{Builder, NamedTempFile, TempPath};

use super::encoding::{TELLING_BYTES, refuse_foreign};
use super::fit::ColumnTypes;
use super::format::Format;
use super::input::{Input, InputFile};
use super::relation::Staged;
use super::{arrow, csv, iceberg, json, parquet, query};
use crate::call::Call;
use crate::error::Error;
use crate::files::refused;

/// How an input is to be read, as far as the call says.
#[derive(Debug, Default)]
pub(super) struct How {
    pub(super) format: Option<Format>,
    pub(super) json_path: Option<String>,
    pub(super) types: ColumnTypes,
    pub(super) null_values: Vec<String>,
}

/// What staging may use.
#[derive(Debug, Clone, Copy)]
pub(super) struct Staging<'a> {
    /// The call that it is done for.
    pub(super) call: &'a Call,
    /// Where scratch files go.
    pub(super) scratch: &'a Path,
    /// Where in a JSON document the rows are.
    pub(super) json_path: Option<&'a str>,
    /// Types that are not to be inferred.
    pub(super) types: &'a ColumnTypes,
    /// Texts that are NULL.
    pub(super) null_values: &'a [String],
}

/// A format that can be loaded. Staging blocks, and touches no database.
pub(super) trait Source {
    /// Checks the whole input, as far as hyperd does not, and says how to read it.
    fn stage(&self, input: Input, staging: &Staging<'_>) -> Result<Staged, Error>;
}

/// Finds out what `input` is and stages it.
pub(super) fn stage(input: Input, format: Option<Format>, staging: &Staging<'_>) -> Result<Staged, Error> {
    let format = match format {
        Some(format) => format,
        None => Format::detect(&input)?,
    };
    if staging.json_path.is_some() && format != Format::Json {
        return Err(Error::invalid(format!("`json_extract_path` is for JSON, and {} is not.", input.name()))
            .suggest("Leave `json_extract_path` out."));
    }
    if matches!(format, Format::Csv | Format::Json) {
        refuse_foreign(&input.head(TELLING_BYTES)?, &input.name())?;
    }
    let source: &dyn Source = match format {
        Format::Csv => &csv::Csv,
        Format::Json => &json::Json,
        Format::Parquet => &parquet::Parquet,
        Format::ArrowFile | Format::ArrowStream => &arrow::Arrow(format),
        Format::Iceberg => &iceberg::Iceberg,
        Format::Query => &query::Query,
    };
    let mut staged = source.stage(input, staging)?;
    staged.settled.null_values = staging.null_values.to_vec();
    staged.settle(staging.types, staging.call)?;
    Ok(staged)
}

impl Staging<'_> {
    /// A new scratch file.
    pub(super) fn file(&self) -> Result<NamedTempFile, Error> {
        Builder::new().prefix("input-").tempfile_in(self.scratch).map_err(|error| self.failed(&error))
    }

    /// A scratch file that is written to its end, as an input.
    pub(super) fn finished(&self, file: NamedTempFile) -> Result<(InputFile, Option<TempPath>), Error> {
        let (file, path) = file.into_parts();
        Ok((InputFile::own(file, &path).map_err(|error| self.failed(&error))?, Some(path)))
    }

    /// A scratch file with this content.
    pub(super) fn write(&self, content: &[u8]) -> Result<(InputFile, Option<TempPath>), Error> {
        let mut file = self.file()?;
        std::io::Write::write_all(&mut file, content).map_err(|error| self.failed(&error))?;
        self.finished(file)
    }

    /// An error of writing a scratch file.
    pub(super) fn failed(&self, error: &std::io::Error) -> Error {
        refused(format!("Could not write a temporary file in `{}`", self.scratch.display()), error)
    }
}
