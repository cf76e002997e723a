//! An input as a table that hyperd reads itself.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempPath;

use super::audit::{Settled, Text};
use super::fit::ColumnTypes;
use super::format::Format;
use super::infer::Evidence;
use super::input::{Held, InputFile};
use super::reading::Reading;
use super::scan::Dialect;
use super::spelling::NULL_MARKERS;
use super::types::SqlType;
use crate::call::Call;
use crate::engine::{Column, Lease, tells_no_room};
use crate::error::{Code, Error};
use crate::session::is_of_old_file;
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
    /// Where its cells are texts: those, to be looked at again.
    pub(super) text: Option<Arc<Text>>,
    pub(super) settled: Settled,
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

    /// Finds out how to read the columns that are to have these types, or which value stands in the way.
    pub(super) fn settle(&mut self, types: &ColumnTypes, call: &Call) -> Result<(), Error> {
        if let Some(text) = &self.text {
            self.settled = text.settle(&self.columns, types, call)?;
            for at in &self.settled.as_text {
                let column = &mut self.columns[*at];
                column.sql_type = SqlType::Text;
                // What the cells look like is no evidence any more.
                column.evidence.iter_mut().for_each(|evidence| evidence.add_text(""));
            }
        }
        Ok(())
    }

    /// How the texts of a column are read as a type.
    fn reading(&self, wanted: Wanted) -> Reading {
        let evidence = self.columns[wanted.index].evidence;
        match self.settled.readings.get(&wanted.index) {
            Some(reading) => *reading,
            None if wanted.sql_type.is_date() && evidence.is_some_and(Evidence::has_slashes) => Reading::YearFirst,
            None => Reading::Plain,
        }
    }

    /// Whether hyperd's reader of text finds the values of a column by itself.
    fn is_read_by_hyperd(&self, wanted: Wanted) -> bool {
        self.reading(wanted) == Reading::Plain && self.null_texts(wanted).is_empty()
    }

    /// Asks hyperd for the columns of a format that describes itself, and how to read those that are to have these types.
    pub async fn describe(&mut self, lease: &mut Lease, call: &Call, types: &ColumnTypes) -> Result<(), Error> {
        self.ask_columns(lease, call).await?;
        self.settle_typed(lease, call, types).await
    }

    async fn ask_columns(&mut self, lease: &mut Lease, call: &Call) -> Result<(), Error> {
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
        let nulls = self.null_texts(wanted);
        let is_plain = match &self.reader {
            Reader::Csv { .. } => self.is_read_by_hyperd(wanted),
            Reader::Typed(_) => wanted.sql_type == column.sql_type && nulls.is_empty(),
        };
        if is_plain {
            return name;
        }
        let mut value = self.reading(wanted).sql(&name, wanted.sql_type);
        if !nulls.is_empty() {
            let nulls: Vec<String> = nulls.into_iter().map(sql::literal).collect();
            value = format!("CASE WHEN {name} IN ({}) THEN NULL ELSE {value} END", nulls.join(", "));
        }
        format!("CAST({value} AS {}) AS {name}", wanted.sql_type)
    }

    /// The texts that are NULL in a column, where there may be any.
    fn null_texts(&self, wanted: Wanted) -> Vec<&str> {
        let column = &self.columns[wanted.index];
        let given = self.settled.null_values.iter().map(String::as_str);
        match column.evidence {
            Some(evidence) if evidence.nulls_as(wanted.sql_type) == 0 => Vec::new(),
            Some(_) if wanted.sql_type.is_text() => given.collect(),
            Some(_) => given.chain(NULL_MARKERS).collect(),
            None if column.sql_type.is_text() => given.collect(),
            None => Vec::new(),
        }
    }

    fn table(&self, wanted: &[Wanted]) -> String {
        match &self.reader {
            Reader::Typed(table) => table.clone(),
            Reader::Csv { path, dialect, header, gzip } => {
                let descriptor: Vec<String> = self
                    .columns
                    .iter()
                    .enumerate()
                    .map(|(index, column)| self.descriptor(index, column, wanted))
                    .collect();
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

    fn descriptor(&self, index: usize, column: &InputColumn, wanted: &[Wanted]) -> String {
        let asked = wanted.iter().find(|wanted| wanted.index == index);
        let sql_type = match asked {
            Some(wanted) if self.is_read_by_hyperd(*wanted) => wanted.sql_type,
            _ => SqlType::Text,
        };
        format!("{} {sql_type}", sql::identifier(&column.name))
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
        if let Some(found) = self.blame(call, wanted).await {
            return Error { sqlstate: explained.sqlstate, ..found };
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

    /// The value that hyperd has refused, where our own reader finds it.
    async fn blame(&self, call: &Call, wanted: &[Wanted]) -> Option<Error> {
        let text = Arc::clone(self.text.as_ref()?);
        let (columns, call) = (self.columns.clone(), call.clone());
        let wanted: Vec<_> = wanted.iter().map(|one| (one.index, one.sql_type)).collect();
        let looking = tokio::task::spawn_blocking(move || text.blame(&columns, &wanted, &call));
        looking.await.ok().flatten()
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
        // So is the database's file.
        _ if is_of_old_file(&error) => error,
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
