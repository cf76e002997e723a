//! CSV, TSV and their kin: profiled by us, read in place by hyperd.

use std::io::{BufWriter, Read, Write};
use std::sync::Arc;

use tempfile::TempPath;

use super::audit::{Settled, Text};
use super::format::Format;
use super::input::{Input, InputFile, empty, malformed};
use super::profile::{Fault, Profile, Stop, profile};
use super::relation::{InputColumn, Reader, Staged};
use super::scan::{Cell, Collected, Dialect, Flaw, FlawAt, Records, Sink};
use super::source::{Source, Staging};
use crate::call::Call;
use crate::error::{Code, Error};
use crate::limits::{COLUMNS_MAX, CSV_HEADER_BYTES_MAX};

const BOM: &[u8] = b"\xef\xbb\xbf";
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
const SNIFFED_RECORDS: usize = 20;

/// Separated text with the columns' names in its first record.
pub(super) struct Csv;

impl Source for Csv {
    fn stage(&self, input: Input, staging: &Staging<'_>) -> Result<Staged, Error> {
        let name = input.name();
        // Text of the call becomes a file, so that hyperd can read it.
        let (file, mut scratch) = match input {
            Input::File(file) => (file, None),
            Input::Inline(text) => staging.write(text.as_bytes())?,
            Input::Iceberg(_) | Input::Query(_) => return Err(malformed(&name, "it is no text")),
        };
        let input = Input::File(file.clone());
        let head = input.head(CSV_HEADER_BYTES_MAX)?;
        let header = Header::read(&head, &name)?;
        let (mut dialect, mut found) = (header.dialect, Err(Stop::Error(Error::internal("No profile was made."))));
        for quoting in [true, false].into_iter().filter(|quoting| header.dialect.quoting || !quoting) {
            dialect = Dialect { quoting, ..dialect };
            found = profile(&input, dialect, header.names.len(), header.end, staging);
            // Quotes that are no CSV quotes are plain characters of a file that quotes nothing.
            if !is_stray_quote(&found) || header.quoted {
                break;
            }
        }
        let profile = found.map_err(|stop| explain(stop, &input, &name, header.names.len()))?;
        if profile.rows == 0 {
            return Err(empty(&name, "has a header and no row"));
        }
        let mut file = file;
        if profile.blank_lines > 0 {
            let copied = without_blank_lines(&input, dialect, staging)?;
            (file, scratch) = (copied.0, copied.1);
        }
        let null_values = staging.null_values.to_vec();
        let text = Text { input, dialect, skip: header.end, name, objects: false, null_values };
        Ok(staged(file, dialect, header.names, &profile, text, scratch))
    }
}

fn staged(
    file: InputFile,
    dialect: Dialect,
    names: Vec<String>,
    profile: &Profile,
    text: Text,
    scratch: Option<TempPath>,
) -> Staged {
    let column = |(name, evidence): (String, &_)| {
        let evidence: super::infer::Evidence = *evidence;
        InputColumn { name, sql_type: evidence.sql_type(), evidence: Some(evidence) }
    };
    Staged {
        columns: names.into_iter().zip(&profile.columns).map(column).collect(),
        rows: Some(profile.rows),
        bytes: file.bytes,
        format: Format::Csv,
        name: text.name.clone(),
        reader: Reader::Csv { gzip: file.gzip, path: file.given, dialect, header: true },
        scratch,
        origin: None,
        text: Some(Arc::new(text)),
        settled: Settled::default(),
    }
}

/// A flaw that disappears when quotes are plain characters.
fn is_stray_quote(found: &Result<Profile, Stop>) -> bool {
    matches!(found, Err(Stop::At { fault: Fault::Flaw(Flaw::StrayQuote | Flaw::OpenQuote), .. }))
}

/// The first record, and what it tells about the others.
struct Header {
    names: Vec<String>,
    dialect: Dialect,
    /// Where the second record starts.
    end: u64,
    /// Whether a cell of the sample starts with a quote, as it does in a file that quotes.
    quoted: bool,
}

impl Header {
    fn read(head: &[u8], name: &str) -> Result<Self, Error> {
        let bom = if head.starts_with(BOM) { BOM.len() } else { 0 };
        let text = &head[bom..];
        if text.trim_ascii().is_empty() {
            return Err(empty(name, "is empty"));
        }
        let delimiter = sniff(text);
        let starts = |pair: &[u8]| pair[1] == b'"' && (pair[0] == delimiter || pair[0] == b'\n');
        let quoted = text[0] == b'"' || text.windows(2).any(starts);
        let mut dialect = Dialect { delimiter, quoting: true };
        let mut records = Records::new(1);
        let mut scanned = dialect.scan(text, &mut records);
        if !quoted && matches!(scanned, Err(Collected::Flawed(FlawAt { flaw: Flaw::StrayQuote, .. }))) {
            dialect.quoting = false;
            records = Records::new(1);
            scanned = dialect.scan(text, &mut records);
        }
        match scanned {
            Ok(()) | Err(Collected::Enough) => {}
            Err(Collected::Flawed(at)) => {
                let stop = Stop::At { offset: (bom + at.offset) as u64, fault: Fault::Flaw(at.flaw) };
                return Err(explain_at(&stop, 1, name, 0));
            }
        }
        let (Some(cells), Some(end)) = (records.cells.pop(), records.ends.pop()) else {
            return Err(empty(name, "is empty"));
        };
        let names = names(cells, name)?;
        Ok(Self { names, dialect, end: (bom + end) as u64, quoted })
    }
}

/// The delimiter that splits the first records into the same number of cells each, the more the better.
fn sniff(text: &[u8]) -> u8 {
    let cells = |delimiter: u8| {
        let mut records = Records::new(SNIFFED_RECORDS);
        // A flaw ends the sample; what was read before it counts.
        let _ = Dialect { delimiter, quoting: true }.scan(text, &mut records);
        let counts: Vec<usize> = records.cells.iter().map(Vec::len).filter(|count| *count > 0).collect();
        // The end of the sample may have cut the last record short.
        let whole = if counts.len() > 1 { &counts[..counts.len() - 1] } else { &counts[..] };
        let header = counts.first().copied().unwrap_or_default();
        let alike = whole.iter().all(|count| *count == header);
        (alike && header > 1, header)
    };
    let best = DELIMITERS.into_iter().rev().max_by_key(|delimiter| cells(*delimiter));
    best.unwrap_or(b',')
}

fn names(cells: Vec<Vec<u8>>, input: &str) -> Result<Vec<String>, Error> {
    let mut names: Vec<String> = Vec::with_capacity(cells.len());
    if cells.is_empty() {
        return Err(
            mismatch(format!("The first line of {input} is blank")).suggest("Name the columns in the first line.")
        );
    }
    if cells.len() > COLUMNS_MAX {
        let count = cells.len();
        return Err(mismatch(format!("{input} has {count} columns; a table may have {COLUMNS_MAX}"))
            .suggest("Turn columns into rows first, or check the delimiter."));
    }
    for (index, cell) in cells.into_iter().enumerate() {
        let position = index + 1;
        let text = String::from_utf8(cell).map_err(|_| {
            malformed(input, &format!("the name of column {position} is not valid UTF-8"))
                .suggest("Convert the file to UTF-8.")
        })?;
        if text.trim().is_empty() || text.contains('\0') {
            return Err(mismatch(format!("Column {position} of {input} has no name in the header (line 1)"))
                .suggest("Give each column a name in the first line."));
        }
        if let Some(first) = names.iter().position(|name| *name == text) {
            let first = first + 1;
            return Err(mismatch(format!("Columns {first} and {position} of {input} have the same name, `{text}`"))
                .suggest("Rename one of them in the first line."));
        }
        names.push(text);
    }
    Ok(names)
}

fn mismatch(message: String) -> Error {
    Error::new(Code::SchemaMismatch, message + ".")
}

fn explain(stop: Stop, input: &Input, name: &str, columns: usize) -> Error {
    let offset = match stop {
        Stop::Error(error) => return error,
        Stop::At { offset, .. } => offset,
    };
    match input.line_of(offset) {
        Ok(line) => explain_at(&stop, line, name, columns),
        Err(error) => error,
    }
}

fn explain_at(stop: &Stop, line: u64, name: &str, columns: usize) -> Error {
    let Stop::At { offset, fault } = stop else { return Error::internal("A fault has no place.") };
    match fault {
        Fault::Ragged { cells } => {
            let cells_are = if *cells == 1 { "1 cell".to_owned() } else { format!("{cells} cells") };
            mismatch(format!("Line {line} of {name} has {cells_are}, its header has {columns}"))
                .suggest("Give the line as many cells as the header; a cell that holds a delimiter must be quoted.")
        }
        Fault::NotUtf8 => malformed(name, &format!("byte {offset} (line {line}) is not valid UTF-8"))
            .suggest("Convert the file to UTF-8."),
        Fault::Nul => malformed(name, &format!("byte {offset} (line {line}) is NUL"))
            .suggest("Text cannot hold NUL; remove it, or convert the file to UTF-8."),
        Fault::TooLong => malformed(name, &format!("the record on line {line} is longer than any record may be"))
            .suggest("Check that the file has line breaks, and that each quote is closed."),
        Fault::Flaw(Flaw::StrayQuote) => malformed(name, &format!("line {line} has a quote in the midst of a cell"))
            .suggest("Put the whole cell in quotes, and double each quote inside of it."),
        Fault::Flaw(Flaw::OpenQuote) => malformed(name, &format!("a quote opens on line {line} and never closes"))
            .suggest("Close the quote, or double it where it is part of the value."),
        Fault::Flaw(Flaw::BareCarriageReturn) => {
            malformed(name, &format!("line {line} has a carriage return without a line feed"))
                .suggest("Convert the line breaks to LF or CRLF, or put the cell in quotes.")
        }
    }
}

/// Copies records and leaves blank lines out.
struct Copier<'a, W> {
    text: &'a [u8],
    writer: &'a mut W,
}

/// What ends a copy: the input is at fault, or what is written to.
enum Uncopied {
    Read(std::io::Error),
    Write(std::io::Error),
}

impl From<FlawAt> for Uncopied {
    fn from(at: FlawAt) -> Self {
        Self::Read(std::io::Error::other(format!("{:?} at byte {}", at.flaw, at.offset)))
    }
}

impl<W: Write> Sink for Copier<'_, W> {
    type Stop = Uncopied;

    fn cell(&mut self, _: usize, _: Cell<'_>) {}

    fn record(&mut self, cells: usize, start: usize, end: usize) -> Result<(), Uncopied> {
        if cells == 0 { Ok(()) } else { self.writer.write_all(&self.text[start..end]).map_err(Uncopied::Write) }
    }
}

/// hyperd takes a blank line for a record with too few cells; the user took it for nothing.
fn without_blank_lines(
    input: &Input,
    dialect: Dialect,
    staging: &Staging<'_>,
) -> Result<(InputFile, Option<TempPath>), Error> {
    let mut scratch = staging.file()?;
    let mut reader = input.reader()?;
    let mut writer = BufWriter::new(scratch.as_file_mut());
    copy_records(&mut reader, dialect, &mut writer, staging.call).map_err(|error| match error {
        Uncopied::Read(error) => input.failed(&error),
        Uncopied::Write(error) => staging.failed(&error),
    })?;
    writer.flush().map_err(|error| staging.failed(&error))?;
    drop(writer);
    staging.finished(scratch)
}

fn copy_records<W: Write>(
    reader: &mut impl Read,
    dialect: Dialect,
    writer: &mut BufWriter<W>,
    call: &Call,
) -> Result<(), Uncopied> {
    let mut text = Vec::new();
    loop {
        let room = (text.len() as u64).max(crate::limits::CSV_BLOCK_BYTES as u64);
        let ended = (reader.take(room).read_to_end(&mut text).map_err(Uncopied::Read)? as u64) < room;
        let end = if ended { text.len() } else { dialect.whole_records(&text) };
        dialect.scan(&text[..end], &mut Copier { text: &text[..end], writer })?;
        text.drain(..end);
        if ended {
            return Ok(());
        }
        if call.is_cancelled() {
            return Err(Uncopied::Read(std::io::ErrorKind::Interrupted.into()));
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Header, sniff};
    use crate::error::Code;

    #[rstest]
    #[case("a,b\n1,2\n", b',')]
    #[case("a;b\n1,5;2\n3,5;4\n", b';')]
    #[case("a\tb\n1\t2,3\n", b'\t')]
    #[case("a|b\n1|2\n", b'|')]
    #[case("a\n1,2\n", b',')]
    #[case("\"x;y\",b\n1,2\n", b',')]
    fn finds_the_delimiter(#[case] text: &str, #[case] delimiter: u8) {
        assert_eq!(sniff(text.as_bytes()), delimiter);
    }

    #[rstest]
    #[case::bom("\u{feff}a,b\n", &["a", "b"])]
    #[case::quoted("\"a\"\"b\",c\r\n", &["a\"b", "c"])]
    #[case::stray_quote("5\",b\n", &["5\"", "b"])]
    #[case::cases("a,A\n", &["a", "A"])]
    fn reads_names(#[case] text: &str, #[case] names: &[&str]) {
        let header = Header::read(text.as_bytes(), "`data`").expect("a header");
        assert_eq!(header.names, names);
    }

    #[rstest]
    #[case::empty("", Code::EmptyData)]
    #[case::blank(" \n\n", Code::EmptyData)]
    #[case::twice("a,b,a\n", Code::SchemaMismatch)]
    #[case::blank_first("\na,b\n", Code::SchemaMismatch)]
    #[case::nameless("a,,b\n", Code::SchemaMismatch)]
    #[case::open_quote("\"a,b\n", Code::UnsupportedFormat)]
    #[case::latin_1("a,\u{fffd}\n", Code::UnsupportedFormat)]
    fn refuses_headers(#[case] text: &str, #[case] code: Code) {
        // A replacement character stands for a byte that is no UTF-8.
        let bytes: Vec<u8> = text.replace('\u{fffd}', "\u{1}").bytes().map(|b| if b == 1 { 0xe9 } else { b }).collect();
        assert_eq!(Header::read(&bytes, "`data`").err().map(|error| error.code), Some(code));
    }
}
