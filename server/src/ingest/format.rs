//! What an input is, by its name and its first bytes.

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::encoding::refuse_foreign;
use super::input::{Input, malformed};
use crate::error::{Code, Error};

const SUPPORTED: &str = "CSV (.csv, .tsv, .txt), JSON (.json), JSON lines (.jsonl, .ndjson), Parquet (.parquet) and \
                         Arrow IPC (.arrow, .arrows, .ipc, .feather); text formats also gzipped (.gz)";
const HEAD_BYTES: usize = 4_096;
const PARQUET_MAGIC: &[u8] = b"PAR1";
const ARROW_FILE_MAGIC: &[u8] = b"ARROW1";
const ARROW_STREAM_MAGIC: &[u8] = &[0xff, 0xff, 0xff, 0xff];

/// A format that can be loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Separated cells, one record a line, names in the first.
    Csv,
    /// An array of objects, one object, or objects one after the other.
    Json,
    /// Apache Parquet.
    Parquet,
    /// The Arrow IPC file format.
    ArrowFile,
    /// The Arrow IPC streaming format.
    ArrowStream,
    /// A folder that is an Apache Iceberg table.
    Iceberg,
    /// No file: the rows of a query.
    Query,
}

impl Format {
    /// The format of an input, from a file's name and from what it starts with.
    pub fn detect(input: &Input) -> Result<Self, Error> {
        let head = input.head(HEAD_BYTES)?;
        match input {
            Input::Inline(_) => Ok(by_text(&head).unwrap_or(Self::Csv)),
            Input::Iceberg(_) => Ok(Self::Iceberg),
            Input::Query(_) => Ok(Self::Query),
            Input::File(file) => by_name_and_content(&file.path, &input.name(), &head),
        }
    }
}

fn by_name_and_content(path: &Path, name: &str, head: &[u8]) -> Result<Format, Error> {
    let path = if has_extension(path, "gz") { Path::new(path.file_stem().unwrap_or_default()) } else { path };
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_ascii_lowercase();
    let binary = by_magic(head);
    match extension.as_str() {
        "csv" | "tsv" | "txt" | "tab" if binary.is_none() => Ok(Format::Csv),
        "json" | "jsonl" | "ndjson" if binary.is_none() => Ok(Format::Json),
        "parquet" | "pq" if binary != Some(Format::Parquet) => Err(not_as_named(name, "Parquet")),
        "arrow" | "arrows" | "ipc" | "feather" if !is_arrow(binary) => Err(not_as_named(name, "Arrow IPC")),
        _ => match binary.or_else(|| by_text(head)) {
            Some(format) => Ok(format),
            None => refuse_foreign(head, name).and(Err(unsupported(name))),
        },
    }
}

fn has_extension(path: &Path, wanted: &str) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(wanted))
}

fn is_arrow(found: Option<Format>) -> bool {
    matches!(found, Some(Format::ArrowFile | Format::ArrowStream))
}

fn by_magic(head: &[u8]) -> Option<Format> {
    if head.starts_with(PARQUET_MAGIC) {
        Some(Format::Parquet)
    } else if head.starts_with(ARROW_FILE_MAGIC) {
        Some(Format::ArrowFile)
    } else if head.starts_with(ARROW_STREAM_MAGIC) {
        Some(Format::ArrowStream)
    } else {
        None
    }
}

fn by_text(head: &[u8]) -> Option<Format> {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    matches!(text.trim_ascii_start().first(), Some(b'[' | b'{')).then_some(Format::Json)
}

fn not_as_named(name: &str, format: &str) -> Error {
    malformed(name, &format!("its name says {format}, its first bytes do not"))
        .suggest("The file may be cut short, empty or another format under a wrong name.")
}

fn unsupported(name: &str) -> Error {
    Error::new(Code::UnsupportedFormat, format!("{name} is in no format that can be loaded."))
        .suggest(format!("Supported are {SUPPORTED}. Convert the file, or give it the extension of its format."))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rstest::rstest;

    use super::{Format, by_name_and_content};

    #[rstest]
    #[case("a.csv", b"[1,2]", Format::Csv)]
    #[case("a.CSV.gz", b"a,b", Format::Csv)]
    #[case("a.ndjson", b"{}", Format::Json)]
    #[case("a.log", b" {\"a\":1}", Format::Json)]
    #[case("a.dat", b"PAR1....", Format::Parquet)]
    #[case("a.feather", b"ARROW1\0\0", Format::ArrowFile)]
    #[case("a.arrow", b"\xff\xff\xff\xff", Format::ArrowStream)]
    fn known(#[case] name: &str, #[case] head: &[u8], #[case] expected: Format) {
        assert_eq!(by_name_and_content(Path::new(name), name, head).expect("a known format"), expected);
    }

    #[rstest]
    #[case("a.xlsx", b"PK")]
    #[case("a", b"a,b\n1,2")]
    #[case("a.parquet", b"a,b")]
    #[case("a.feather", b"FEA1")]
    fn unknown(#[case] name: &str, #[case] head: &[u8]) {
        assert!(by_name_and_content(Path::new(name), name, head).is_err());
    }
}
