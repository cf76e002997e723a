//! Looks at every text of the columns whose type somebody asked for, before hyperd reads them: in which style they are
//! written, and which one is no value of the type.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::fit::{ColumnTypes, can_be_read_as};
use super::infer::Evidence;
use super::input::Input;
use super::misfit::{self, Place};
use super::profile::{Blocks, Stop, is_null};
use super::reading::Reading;
use super::relation::{InputColumn, changed};
use super::scan::{Cell, Dialect, FlawAt, Sink, unquoted};
use super::spelling::NULL_MARKERS;
use super::tally::{Seen, Tally};
use super::types::SqlType;
use super::ways::{Style, knows, reads};
use crate::call::Call;
use crate::error::Error;

/// An input whose cells are texts, which can be read again.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) input: Input,
    pub(super) dialect: Dialect,
    /// The bytes before the first record.
    pub(super) skip: u64,
    /// How errors name the input.
    pub(super) name: String,
    /// Whether a record is an object of JSON, and not a line.
    pub(super) objects: bool,
    /// Texts that are NULL.
    pub(super) null_values: Vec<String>,
}

/// What was found out about how to read an input.
#[derive(Debug, Default)]
pub(super) struct Settled {
    pub(super) readings: BTreeMap<usize, Reading>,
    /// What the answer says of it.
    pub(super) notes: Vec<String>,
    /// Columns whose numbers are left as text.
    pub(super) as_text: Vec<usize>,
    /// Texts that are NULL.
    pub(super) null_values: Vec<String>,
}

struct Auditor<'a> {
    /// By column of the input.
    tallies: Vec<Option<(SqlType, Tally)>>,
    quoting: bool,
    null_values: &'a [String],
    block: u64,
    start: usize,
    record: u64,
    call: &'a Call,
}

impl Sink for Auditor<'_> {
    type Stop = FlawAt;

    fn cell(&mut self, column: usize, cell: Cell<'_>) {
        let (record, offset) = (self.record + 1, self.block + self.start as u64);
        let Some(Some((wanted, tally))) = self.tallies.get_mut(column) else { return };
        if cell.text.is_empty() && !cell.quoted {
            return;
        }
        let bytes = if self.quoting && cell.quoted { Cow::Owned(unquoted(cell)) } else { Cow::Borrowed(cell.text) };
        let text = String::from_utf8_lossy(&bytes);
        if is_null(text.as_bytes(), self.null_values) || !wanted.is_text() && NULL_MARKERS.contains(&&*text) {
            return;
        }
        let seen = || Seen { text: text.clone().into_owned(), place: Some((record, offset)) };
        tally.add(reads(&text, *wanted), seen);
    }

    fn record(&mut self, cells: usize, _: usize, end: usize) -> Result<(), FlawAt> {
        self.start = end;
        // A blank line is a record where there is one column.
        self.record += u64::from(cells > 0 || self.tallies.len() == 1);
        Ok(())
    }
}

impl Text {
    /// Looks at the columns, and fails for the first that cannot be read in one way only.
    fn look(&self, wanted: &[(usize, SqlType)], call: &Call) -> Result<Vec<(usize, SqlType, Tally)>, Error> {
        let columns = wanted.iter().map(|(column, _)| column + 1).max().unwrap_or_default();
        let mut tallies: Vec<Option<(SqlType, Tally)>> = Vec::new();
        tallies.resize_with(columns, || None);
        for (column, sql_type) in wanted {
            tallies[*column] = Some((*sql_type, Tally::default()));
        }
        let mut auditor = Auditor {
            tallies,
            quoting: self.dialect.quoting,
            null_values: &self.null_values,
            block: 0,
            start: 0,
            record: 0,
            call,
        };
        let mut reader = self.input.reader()?;
        let mut blocks = Blocks::new(&mut reader, self.dialect, self.skip);
        let failed = |error: &std::io::Error| Stop::Error(self.input.failed(error));
        // It was read to its end before: what has changed since is no fault of the text.
        let stopped = |stop| match stop {
            Stop::Error(error) => error,
            Stop::At { .. } => changed(&self.name),
        };
        while let Some(block) = blocks.next(&failed).map_err(stopped)? {
            if auditor.call.is_cancelled() {
                return Err(Call::cancelled_error());
            }
            (auditor.block, auditor.start) = (block.offset, 0);
            self.dialect.scan(&block.text, &mut auditor).map_err(|_| changed(&self.name))?;
        }
        let found = auditor.tallies.into_iter().enumerate();
        Ok(found.filter_map(|(column, tally)| tally.map(|(sql_type, tally)| (column, sql_type, tally))).collect())
    }

    fn place(&self, seen: &Seen) -> Result<Place, Error> {
        let Some((record, offset)) = seen.place else { return Ok(seen.placeless()) };
        let record =
            if self.objects { format!("object {record}") } else { format!("line {}", self.input.line_of(offset)?) };
        Ok(Place { text: seen.text.clone(), record: Some(record) })
    }

    /// Finds out how to read the columns that are to have other types than they look like.
    pub(super) fn settle(&self, columns: &[InputColumn], types: &ColumnTypes, call: &Call) -> Result<Settled, Error> {
        let asked = columns.iter().enumerate().filter_map(|(index, column)| {
            // What is no type is told by others.
            let sql_type = SqlType::parse(types.get(&column.name)?).ok().filter(|wanted| knows(*wanted))?;
            let looks_other = column.sql_type.is_text() || !can_be_read_as(column, sql_type);
            (looks_other && !sql_type.is_text()).then_some((index, sql_type))
        });
        let asked: Vec<_> = asked.collect();
        let mut settled = self.settle_points(columns, types, call)?;
        if asked.is_empty() {
            return Ok(settled);
        }
        for (index, sql_type, tally) in self.look(&asked, call)? {
            let column = misfit::Column { name: &columns[index].name, input: &self.name, sql_type };
            let (reading, note) = tally.judge(&column, &|seen| self.place(seen))?;
            settled.readings.insert(index, reading);
            settled.notes.extend(note);
        }
        Ok(settled)
    }

    /// Finds out about numbers that look like any others, with points that may as well stand between thousands: `1.200` in
    /// a file whose other columns have decimal commas, or whose delimiter says that they might.
    fn settle_points(&self, columns: &[InputColumn], types: &ColumnTypes, call: &Call) -> Result<Settled, Error> {
        let is_text = |column: &InputColumn| {
            let asked = types.get(&column.name).and_then(|asked| SqlType::parse(asked).ok());
            asked.is_some_and(SqlType::is_text)
        };
        let may_be_grouped = |column: &InputColumn| column.evidence.is_some_and(Evidence::may_be_grouped);
        let doubtful: Vec<usize> =
            (0..columns.len()).filter(|at| may_be_grouped(&columns[*at]) && !is_text(&columns[*at])).collect();
        let mut settled = Settled { null_values: self.null_values.clone(), ..Settled::default() };
        if doubtful.is_empty() || self.objects {
            return Ok(settled);
        }
        let texts = (0..columns.len()).filter(|at| columns[*at].sql_type.is_text());
        let looked: Vec<_> = texts.chain(doubtful.iter().copied()).map(|at| (at, SqlType::Double)).collect();
        let tallies = self.look(&looked, call)?;
        let has_commas = |tally: &Tally| matches!((&tally.only, &tally.misfits), ([None, Some(_)], [_, None]));
        let other = tallies.iter().find(|(at, _, tally)| !doubtful.contains(at) && has_commas(tally));
        for (at, sql_type, tally) in tallies.iter().filter(|(at, ..)| doubtful.contains(at)) {
            let Some(seen) = &tally.dotted else { continue };
            let column = misfit::Column { name: &columns[*at].name, input: &self.name, sql_type: *sql_type };
            match other {
                Some(_) if types.contains_key(column.name) => return Err(column.open(&self.place(seen)?)),
                Some((other, ..)) => {
                    settled.as_text.push(*at);
                    settled.notes.push(column.left_as_text(&self.place(seen)?, &columns[*other].name));
                }
                None if self.dialect.delimiter == b';' => {
                    settled.notes.push(column.note(&self.place(seen)?, Style::First));
                }
                None => {}
            }
        }
        Ok(settled)
    }

    /// The value that hyperd refuses, if it is found.
    pub(super) fn blame(&self, columns: &[InputColumn], wanted: &[(usize, SqlType)], call: &Call) -> Option<Error> {
        let known: Vec<_> = wanted.iter().copied().filter(|(_, sql_type)| knows(*sql_type)).collect();
        self.look(&known, call).ok()?.into_iter().find_map(|(index, sql_type, tally)| {
            let column = misfit::Column { name: &columns[index].name, input: &self.name, sql_type };
            tally.judge(&column, &|seen| self.place(seen)).err()
        })
    }
}
