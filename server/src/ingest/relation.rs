//! An input as a table that hyperd reads itself.

use std::path::{Path, PathBuf};

use tempfile::TempPath;

use super::format::Format;
use super::infer::Evidence;
use super::input::{Held, InputFile};
use super::scan::Dialect;
use super::spelling::NULL_MARKERS;
use super::types::SqlType;
use crate::call::Call;
use crate::engine::{Column, Lease, tells_no_room};
use crate::error::{Code, Error};
use crate::sql;

/// One column of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputColumn {
    /// Its name in the input.
    pub name: String,
    /// The type that it is read as where nobody asks for another one.
    pub sql_type: SqlType,
    /// What its cells were seen to be, where the format spells values as text.
    pub evidence: Option<Evidence>,
}

/// How hyperd reads an input.
#[derive(Debug)]
pub(super) enum Reader {
    /// Text whose columns take the types that are asked for.
    Csv { path: PathBuf, dialect: Dialect, header: bool, gzip: bool },
    /// A table expression whose columns have types of their own.
    Typed(String),
}

/// An input that is ready to be read by hyperd, as often as wanted; dropping it removes its scratch file.
#[derive(Debug)]
pub struct Staged {
    /// What it is a table of.
    pub columns: Vec<InputColumn>,
    /// How many rows it has, where that is known already.
    pub rows: Option<u64>,
    /// Its size.
    pub bytes: u64,
    /// What it was read as.
    pub format: Format,
    /// How errors name it.
    pub name: String,
    pub(super) reader: Reader,
    #[expect(dead_code, reason = "held so that the file is there as long as this")]
    pub(super) scratch: Option<TempPath>,
    pub(super) origin: Option<Origin>,
}

/// The file that an input is read from.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) file: InputFile,
    #[expect(dead_code, reason = "held so that hyperd can read the file as long as this")]
    pub(super) held: Option<Held>,
}

/// A column of the input and the type that it is to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Its place in [`Staged::columns`].
    pub index: usize,
    /// Its type in the result.
    pub sql_type: SqlType,
}

impl Staged {
    /// Each column with its own type; REAL, which most databases cannot keep, as the type that holds the same numbers.
    pub fn as_is(&self) -> Vec<Wanted> {
        let wanted = |(index, column): (usize, &InputColumn)| {
            let sql_type = if column.sql_type == SqlType::Real { SqlType::Double } else { column.sql_type };
            Wanted { index, sql_type }
        };
        self.columns.iter().enumerate().map(wanted).collect()
    }

    /// Whether no row is a result like any other; of a file that is to be loaded it would be an accident.
    pub fn may_be_empty(&self) -> bool {
        self.format == Format::Query
    }

    /// Fails where the file is not what it was when it was opened: it was read in part before and in part after that,
    /// and who knows which. To be asked after the last read and before what was read is kept.
    pub fn verify_unchanged(&self) -> Result<(), Error> {
        match &self.origin {
            Some(origin) if !origin.file.is_unchanged() => Err(changed(&self.name)),
            _ => Ok(()),
        }
    }

    /// Asks hyperd for the columns of a format that describes itself.
    pub async fn describe(&mut self, lease: &mut Lease, call: &Call) -> Result<(), Error> {
        if !self.columns.is_empty() {
            return Ok(());
        }
        let Reader::Typed(table) = &self.reader else {
            return Err(Error::internal("A text input has no columns."));
        };
        let rows = lease.rows(call, &format!("SELECT * FROM {table} LIMIT 0")).await;
        let rows = rows.map_err(|error| match error.sqlstate {
            Some(_) => explain(error, self),
            // It was ours to say that a list or a structure is no value of a table.
            None if error.code == Code::SqlError => {
                Error::new(Code::UnsupportedFormat, format!("{} cannot be read: {}", self.name, error.message))
                    .suggest("Write such columns as text, for example as JSON, or leave them out.")
            }
            None => error,
        })?;
        let column = |column: Column| InputColumn {
            name: column.name,
            sql_type: SqlType::of_hyper(&column.sql_type),
            evidence: None,
        };
        self.columns = rows.columns.into_iter().map(column).collect();
        Ok(())
    }

    /// The query that reads the wanted columns, under their names and with the wanted types.
    pub fn select(&self, wanted: &[Wanted]) -> String {
        let items: Vec<String> = wanted.iter().map(|column| self.item(*column)).collect();
        format!("SELECT {} FROM {}", items.join(", "), self.table(wanted))
    }

    fn item(&self, wanted: Wanted) -> String {
        let column = &self.columns[wanted.index];
        let name = sql::identifier(&column.name);
        match &self.reader {
            Reader::Csv { .. } if !holds_markers(column, wanted.sql_type) => name,
            Reader::Csv { .. } => {
                let markers = NULL_MARKERS.map(sql::literal).join(", ");
                let value = format!("CASE WHEN {name} IN ({markers}) THEN NULL ELSE {name} END");
                format!("CAST({value} AS {}) AS {name}", wanted.sql_type)
            }
            Reader::Typed(_) if wanted.sql_type == column.sql_type => name,
            Reader::Typed(_) => format!("CAST({name} AS {}) AS {name}", wanted.sql_type),
        }
    }

    fn table(&self, wanted: &[Wanted]) -> String {
        match &self.reader {
            Reader::Typed(table) => table.clone(),
            Reader::Csv { path, dialect, header, gzip } => {
                let descriptor: Vec<String> =
                    self.columns.iter().enumerate().map(|(index, column)| descriptor(index, column, wanted)).collect();
                let mut options = vec![
                    "FORMAT => 'csv'".to_owned(),
                    format!("HEADER => {header}"),
                    format!("DELIMITER => {}", sql::literal(&char::from(dialect.delimiter).to_string())),
                    format!("COLUMNS => DESCRIPTOR({})", descriptor.join(", ")),
                ];
                if !dialect.quoting {
                    // Text has no control characters of this kind, so nothing is a quote.
                    options.push("QUOTE => E'\\x01'".to_owned());
                }
                if *gzip {
                    options.push("COMPRESSION => 'gzip'".to_owned());
                }
                external(path, &options)
            }
        }
    }

    /// hyperd's refusal of the wanted columns. Where it is one value, hyperd does not say of which column: each one
    /// that is read as something else than it looks like is tried alone.
    pub(super) async fn explain(&self, lease: &mut Lease, call: &Call, error: Error, wanted: &[Wanted]) -> Error {
        if error.sqlstate.as_deref() == Some("0A000") && wanted.iter().any(|one| one.sql_type == SqlType::Real) {
            let suggestion = Some("Use DOUBLE PRECISION instead of REAL in `schema`.".to_owned());
            return Error { code: Code::SchemaMismatch, suggestion, ..error };
        }
        let explained = explain(error, self);
        if explained.code != Code::SchemaMismatch {
            return explained;
        }
        for one in wanted {
            let column = &self.columns[one.index];
            if one.sql_type == SqlType::Text {
                continue;
            }
            let (name, select) = (sql::identifier(&column.name), self.select(std::slice::from_ref(one)));
            let tried = lease.rows(call, &format!("SELECT COUNT({name}) FROM ({select}) one_column")).await;
            if let Err(error) = tried
                && error.sqlstate == explained.sqlstate
            {
                return misfit(
                    error,
                    &format!("A value in column `{}` of {} as {}", column.name, self.name, one.sql_type),
                );
            }
        }
        explained
    }

    /// How many cells of each column are read as NULL because of a word, given the wanted types.
    pub fn null_words(&self, wanted: &[Wanted]) -> Vec<(String, u64)> {
        let counted = wanted.iter().filter_map(|wanted| {
            let column = &self.columns[wanted.index];
            let count = column.evidence.filter(|_| holds_markers(column, wanted.sql_type))?.markers();
            Some((column.name.clone(), count))
        });
        counted.collect()
    }
}

/// hyperd's refusal of an input, in the words of the input: its column and its line.
pub(super) fn explain(mut error: Error, staged: &Staged) -> Error {
    if let Some(Origin { file, .. }) = &staged.origin
        && file.given != file.path
    {
        // hyperd knows the file by another path.
        error.message = error.message.replace(&*file.given.to_string_lossy(), &file.path.to_string_lossy());
    }
    let state = error.sqlstate.as_deref().unwrap_or_default();
    let name = &staged.name;
    match state {
        // A query may fail on its own account, and its words are the user's.
        _ if staged.format == Format::Query => error,
        // The disk is at fault, not the input.
        _ if tells_no_room(&error.message) => error,
        "XX001" | "58P01" | "0A000" | "42804" => {
            let mut explained =
                Error::new(Code::UnsupportedFormat, format!("{name} cannot be read: {}", sentence(&error.message)))
                    .suggest(
                        "The file may be damaged or cut short, have two columns of one name, or use a feature that \
                         Hyper does not read.",
                    );
            explained.sqlstate.clone_from(&error.sqlstate);
            explained
        }
        "23502" => Error { code: Code::SchemaMismatch, ..error },
        _ if state.starts_with("22") => misfit(error, &format!("A value of {name}")),
        _ => error,
    }
}

/// The refusal of a file that somebody wrote to while it was read.
pub(crate) fn changed(name: &str) -> Error {
    Error::new(Code::IoError, format!("{name} changed while it was read; nothing was loaded."))
        .suggest("Load it once nobody writes to it any more.")
}

/// Hyper's text as a sentence.
fn sentence(text: &str) -> String {
    format!("{}.", text.trim().trim_end_matches('.'))
}

/// A value that cannot have the type of its column.
fn misfit(error: Error, what: &str) -> Error {
    let suggestion = "Nothing was changed. Name a wider type for the column in `schema`, or mend the value.";
    Error {
        code: Code::SchemaMismatch,
        message: format!("{what} does not fit: {}", sentence(&error.message)),
        suggestion: Some(suggestion.to_owned()),
        ..error
    }
}

/// The first name that comes twice.
pub(super) fn repeated<'a>(names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = std::collections::HashSet::new();
    names.into_iter().find(|name| !seen.insert(*name))
}

/// The table function that reads a file.
pub(super) fn external(path: &Path, options: &[String]) -> String {
    // The path was checked to be UTF-8 when it was opened.
    let path = sql::literal(&path.to_string_lossy());
    format!("external({path}, {})", options.join(", "))
}

fn descriptor(index: usize, column: &InputColumn, wanted: &[Wanted]) -> String {
    let asked = wanted.iter().find(|wanted| wanted.index == index);
    let sql_type = match asked {
        Some(wanted) if !holds_markers(column, wanted.sql_type) => wanted.sql_type,
        _ => SqlType::Text,
    };
    format!("{} {sql_type}", sql::identifier(&column.name))
}

/// Whether words such as `NA` stand for NULL in the column once it has the type.
fn holds_markers(column: &InputColumn, sql_type: SqlType) -> bool {
    !sql_type.is_text() && column.evidence.is_some_and(|evidence| evidence.markers() > 0)
}
