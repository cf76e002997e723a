//! Splits CSV text into records and cells, by the rules of hyperd's own reader.
//!
//! hyperd lets a quote open anywhere in a cell, and drops it. Text that is read so loses its quotes: such a place is a
//! [`Flaw`] here, so that the caller can choose another way of reading, or tell the user. Whether a cell was quoted is
//! kept, because `""` is the empty string and nothing at all is NULL; csv libraries do not tell the two apart.

/// How a file separates and quotes its cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    /// Between two cells.
    pub(super) delimiter: u8,
    /// Whether a cell may stand in double quotes.
    pub(super) quoting: bool,
}

/// One cell as it stands in the file: without its surrounding quotes, doubled quotes still doubled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell<'a> {
    pub(super) text: &'a [u8],
    pub(super) quoted: bool,
}

/// Why a place cannot be read as CSV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// A quote inside of a cell that does not start with one, or text after a closing quote.
    StrayQuote,
    /// A quote that is never closed.
    OpenQuote,
    /// A carriage return without a line feed after it.
    BareCarriageReturn,
}

/// A flaw and where it is, counted in bytes from the start of the scanned text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FlawAt {
    pub(super) flaw: Flaw,
    pub(super) offset: usize,
}

/// What a scan is told, in the file's order.
pub(super) trait Sink {
    /// What ends a scan early.
    type Stop: From<FlawAt>;
    /// The cell at `column` of the current record.
    fn cell(&mut self, column: usize, cell: Cell<'_>);
    /// The record from `start` to `end`, its line break included, had this many cells. A blank line has none.
    fn record(&mut self, cells: usize, start: usize, end: usize) -> Result<(), Self::Stop>;
}

impl Dialect {
    /// Reads all records of `text`, which starts at a record's start; the last one may lack its line break.
    pub(super) fn scan<S: Sink>(self, text: &[u8], sink: &mut S) -> Result<(), S::Stop> {
        let mut start = 0;
        let mut at = 0;
        let mut column = 0;
        while at < text.len() {
            if column == 0
                && let Some(length) = line_break(&text[at..])
            {
                at += length;
                sink.record(0, start, at)?;
                start = at;
                continue;
            }
            let (cell, after) = self.cell(text, at)?;
            sink.cell(column, cell);
            column += 1;
            at = after;
            if text.get(at) == Some(&self.delimiter) {
                at += 1;
                // A delimiter that ends the text has one more, empty, cell after it.
                if at < text.len() {
                    continue;
                }
                sink.cell(column, Cell { text: b"", quoted: false });
                column += 1;
            } else {
                at += line_break(&text[at..]).unwrap_or(0);
            }
            sink.record(column, start, at)?;
            start = at;
            column = 0;
        }
        Ok(())
    }

    /// The cell that starts at `at`, and where its delimiter, its line break or the end is.
    fn cell(self, text: &[u8], at: usize) -> Result<(Cell<'_>, usize), FlawAt> {
        if self.quoting && text.get(at) == Some(&b'"') {
            return self.quoted_cell(text, at);
        }
        let mut end = at;
        // Almost all bytes of a cell are above all those that mean something.
        let plain_above = self.delimiter.max(b'"');
        while let Some(&byte) = text.get(end) {
            if byte > plain_above {
                end += 1;
                continue;
            }
            if byte == self.delimiter || byte == b'\n' {
                break;
            }
            if byte == b'\r' {
                match text.get(end + 1) {
                    Some(b'\n') => break,
                    _ => return Err(FlawAt { flaw: Flaw::BareCarriageReturn, offset: end }),
                }
            }
            if byte == b'"' && self.quoting {
                return Err(FlawAt { flaw: Flaw::StrayQuote, offset: end });
            }
            end += 1;
        }
        Ok((Cell { text: &text[at..end], quoted: false }, end))
    }

    fn quoted_cell(self, text: &[u8], at: usize) -> Result<(Cell<'_>, usize), FlawAt> {
        let mut end = at + 1;
        loop {
            match text[end..].iter().position(|byte| *byte == b'"') {
                None => return Err(FlawAt { flaw: Flaw::OpenQuote, offset: at }),
                Some(length) => end += length,
            }
            if text.get(end + 1) != Some(&b'"') {
                break;
            }
            end += 2;
        }
        let after = end + 1;
        let closes = text.get(after).is_none_or(|byte| *byte == self.delimiter) || line_break(&text[after..]).is_some();
        if closes {
            Ok((Cell { text: &text[at + 1..end], quoted: true }, after))
        } else {
            Err(FlawAt { flaw: Flaw::StrayQuote, offset: after })
        }
    }

    /// Where the last whole record of `text` ends; 0 where none does.
    pub(super) fn whole_records(self, text: &[u8]) -> usize {
        if !self.quoting || !text.contains(&b'"') {
            return text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        }
        let mut end = 0;
        let mut inside = false;
        for (at, byte) in text.iter().enumerate() {
            match byte {
                b'"' => inside = !inside,
                b'\n' if !inside => end = at + 1,
                _ => {}
            }
        }
        end
    }
}

fn line_break(text: &[u8]) -> Option<usize> {
    match text {
        [b'\n', ..] => Some(1),
        [b'\r', b'\n', ..] => Some(2),
        _ => None,
    }
}

/// A cell's value: doubled quotes become single ones.
pub(super) fn unquoted(cell: Cell<'_>) -> Vec<u8> {
    if !cell.quoted {
        return cell.text.to_vec();
    }
    let mut value = Vec::with_capacity(cell.text.len());
    let mut previous_was_quote = false;
    for &byte in cell.text {
        previous_was_quote = byte == b'"' && !previous_was_quote;
        if !previous_was_quote {
            value.push(byte);
        }
    }
    value
}

/// Collects records as text, for headers and samples.
#[derive(Debug, Default)]
pub(super) struct Records {
    current: Vec<Vec<u8>>,
    /// Each record's cells.
    pub(super) cells: Vec<Vec<Vec<u8>>>,
    /// Where each record ends.
    pub(super) ends: Vec<usize>,
    /// How many records are wanted; the scan stops after them.
    wanted: usize,
}

impl Records {
    /// Collects this many records and then ends the scan.
    pub(super) fn new(wanted: usize) -> Self {
        Self { wanted, ..Self::default() }
    }
}

/// Why [`Records`] ended a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Collected {
    /// As many records as were wanted.
    Enough,
    /// The text cannot be read.
    Flawed(FlawAt),
}

impl From<FlawAt> for Collected {
    fn from(flaw: FlawAt) -> Self {
        Self::Flawed(flaw)
    }
}

impl Sink for Records {
    type Stop = Collected;

    fn cell(&mut self, _: usize, cell: Cell<'_>) {
        self.current.push(unquoted(cell));
    }

    fn record(&mut self, _: usize, _: usize, end: usize) -> Result<(), Collected> {
        self.cells.push(std::mem::take(&mut self.current));
        self.ends.push(end);
        if self.cells.len() < self.wanted { Ok(()) } else { Err(Collected::Enough) }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Collected, Dialect, Flaw, Records};

    const COMMA: Dialect = Dialect { delimiter: b',', quoting: true };

    #[rstest]
    #[case("a,b\n1,2\n", &["a|b", "1|2"])]
    #[case("a,b\r\n1,2", &["a|b", "1|2"])]
    #[case("a\n\n2\n", &["a", "", "2"])]
    #[case("\"x\ny\",\"a\"\"b\"\n", &["x\ny|a\"b"])]
    #[case("a,\n,b", &["a|", "|b"])]
    #[case("a,", &["a|"])]
    #[case("\"\"\"\"\n", &["\""])]
    fn splits(#[case] text: &str, #[case] expected: &[&str]) {
        let mut sink = Records::new(usize::MAX);
        COMMA.scan(text.as_bytes(), &mut sink).expect("no flaw");
        let records: Vec<String> =
            sink.cells.iter().map(|cells| String::from_utf8_lossy(&cells.join(&b'|')).into_owned()).collect();
        assert_eq!(records, expected);
    }

    #[rstest]
    #[case("x\"y,2\n", Flaw::StrayQuote, 1)]
    #[case("\"x\"y\n", Flaw::StrayQuote, 3)]
    #[case("a,\"x\n", Flaw::OpenQuote, 2)]
    #[case("a\rb\n", Flaw::BareCarriageReturn, 1)]
    fn finds_flaws(#[case] text: &str, #[case] flaw: Flaw, #[case] offset: usize) {
        let mut sink = Records::new(usize::MAX);
        let found = COMMA.scan(text.as_bytes(), &mut sink);
        assert_eq!(found, Err(Collected::Flawed(super::FlawAt { flaw, offset })));
    }

    #[rstest]
    #[case("a\nb", 2)]
    #[case("a", 0)]
    #[case("a\n\"b\nc", 2)]
    #[case("a\n\"b\nc\"\nd", 8)]
    fn ends_blocks_between_records(#[case] text: &str, #[case] end: usize) {
        assert_eq!(COMMA.whole_records(text.as_bytes()), end);
    }
}
