//! Parquet: hyperd reads the file and its schema.

use super::audit::Settled;
use super::format::Format;
use super::input::Input;
use super::relation::{Reader, Staged, external};
use super::source::{Source, Staging};
use crate::error::Error;

/// Apache Parquet.
pub(super) struct Parquet;

impl Source for Parquet {
    fn stage(&self, input: Input, _: &Staging<'_>) -> Result<Staged, Error> {
        let name = input.name();
        let Input::File(file) = input else {
            return Err(Error::invalid("Parquet cannot be given as text.").suggest("Use load_file with a path."));
        };
        Ok(Staged {
            columns: Vec::new(),
            rows: None,
            bytes: file.bytes,
            format: Format::Parquet,
            name,
            reader: Reader::Typed(external(&file.given, &["FORMAT => 'parquet'".to_owned()])),
            scratch: None,
            origin: None,
            text: None,
            settled: Settled::default(),
        })
    }
}
