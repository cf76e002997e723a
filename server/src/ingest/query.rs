//! The rows of a query, as an input like any other.

use super::audit::Settled;
use super::format::Format;
use super::input::Input;
use super::relation::{Reader, Staged};
use super::source::{Source, Staging};
use crate::error::Error;

/// Rows that hyperd has already.
pub(super) struct Query;

impl Source for Query {
    fn stage(&self, input: Input, _: &Staging<'_>) -> Result<Staged, Error> {
        let name = input.name();
        let Input::Query(sql) = input else {
            return Err(Error::invalid(format!("{name} is no query.")).suggest("Use copy_query with `sql`."));
        };
        Ok(Staged {
            columns: Vec::new(),
            rows: None,
            bytes: 0,
            format: Format::Query,
            name,
            reader: Reader::Typed(format!("({sql}) rows_of_query")),
            scratch: None,
            origin: None,
            text: None,
            settled: Settled::default(),
        })
    }
}
