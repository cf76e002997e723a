//! CSV: the first record names the columns, each field is a text, and one that is empty and without quotes is NULL.

use std::path::Path;

use csv_core::{ReadFieldResult, Reader, ReaderBuilder};
use serde_json::Value;

use super::Content;

/// Reads the file. A name that ends in `.tsv` has tabs between its fields.
///
/// # Errors
///
/// What is wrong with it, and in which record.
pub(super) fn read(path: &Path) -> Result<Content, String> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    let tabs = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("tsv"));
    parse(&bytes, if tabs { b'\t' } else { b',' })
}

fn parse(bytes: &[u8], delimiter: u8) -> Result<Content, String> {
    let mut fields = Fields::of(bytes, delimiter);
    let Some(header) = fields.record()? else { return Err("it has no first line with the columns' names".to_owned()) };
    let names = header.into_iter().enumerate().map(|(index, name)| match name {
        Some(name) => Ok((name, None)),
        None => Err(format!("its column {} has no name", index + 1)),
    });
    let mut content = Content::of(names.collect::<Result<_, _>>()?)?;
    while let Some(record) = fields.record()? {
        if record.len() != content.columns.len() {
            return Err(format!(
                "its row {} has {} fields, and its first line names {}",
                content.rows.len() + 1,
                record.len(),
                content.columns.len()
            ));
        }
        content.push(record.into_iter().map(|field| field.map_or(Value::Null, Value::from)).collect())?;
    }
    Ok(content)
}

/// The fields that are still to be read.
struct Fields<'a> {
    reader: Reader,
    left: &'a [u8],
    /// As long as the longest field can be.
    buffer: Vec<u8>,
    records: usize,
}

impl<'a> Fields<'a> {
    fn of(bytes: &'a [u8], delimiter: u8) -> Self {
        const UTF8_BOM: &[u8] = b"\xef\xbb\xbf";
        let left = bytes.strip_prefix(UTF8_BOM).unwrap_or(bytes);
        let reader = ReaderBuilder::new().delimiter(delimiter).build();
        Self { reader, left, buffer: vec![0; left.len()], records: 0 }
    }

    /// The next record; `None` where a field is empty and without quotes.
    fn record(&mut self) -> Result<Option<Vec<Option<String>>>, String> {
        let mut record = Vec::new();
        // A line's end belongs to the record before, and the reader takes an empty line for none.
        let blank = |byte: &&u8| matches!(byte, b'\r' | b'\n');
        self.left = &self.left[self.left.iter().take_while(blank).count()..];
        loop {
            let quoted = self.left.first() == Some(&b'"');
            let mut length = 0;
            let end = loop {
                let (result, read, written) = self.reader.read_field(self.left, &mut self.buffer[length..]);
                self.left = &self.left[read..];
                length += written;
                match result {
                    ReadFieldResult::InputEmpty => {}
                    ReadFieldResult::OutputFull => return Err(format!("its record {} is broken", self.records + 1)),
                    ReadFieldResult::Field { record_end } => break record_end,
                    ReadFieldResult::End => return Ok(None),
                }
            };
            let text = std::str::from_utf8(&self.buffer[..length])
                .map_err(|_| format!("its record {} is not UTF-8", self.records + 1))?;
            record.push((quoted || !text.is_empty()).then(|| text.to_owned()));
            if end {
                self.records += 1;
                return Ok(Some(record));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::parse;

    #[rstest]
    #[case::null_and_empty("a,b\n,\"\"\n", vec![vec![Value::Null, json!("")]])]
    #[case::one_column("a\n\"\"\nx\n", vec![vec![json!("")], vec![json!("x")]])]
    #[case::windows("a,b\r\n1,\r\n\"x\",2\r\n", vec![vec![json!("1"), Value::Null], vec![json!("x"), json!("2")]])]
    #[case::quotes("a,b\n\"x, \"\"y\"\"\",\"two\nlines\"\n", vec![vec![json!("x, \"y\""), json!("two\nlines")]])]
    #[case::bom_and_no_last_line_end("\u{feff}a\nx", vec![vec![json!("x")]])]
    #[case::no_rows("a,b\n", vec![])]
    fn fields_are_texts_and_nothing_is_null(#[case] text: &str, #[case] rows: Vec<Vec<Value>>) {
        assert_eq!(parse(text.as_bytes(), b',').expect("it is CSV").rows, rows);
    }

    #[rstest]
    #[case::empty(b"", "no first line")]
    #[case::ragged(b"a,b\n1,2\n3\n", "row 2 has 1 fields, and its first line names 2")]
    #[case::twice(b"a,a\n", "`a`")]
    #[case::nameless(b"a,\n", "column 2 has no name")]
    #[case::latin1(b"a\nZ\xfcrich\n", "record 2 is not UTF-8")]
    fn what_is_no_table_is_told(#[case] bytes: &[u8], #[case] reason: &str) {
        let told = parse(bytes, b',').expect_err("it is none");
        assert!(told.contains(reason), "{told}");
    }
}
