//! The bytes that are loaded: a file, or text that came with the call.

use std::fs::{self, File};
use std::io::{self, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::iceberg::IcebergTable;
use crate::args;
use crate::error::{Code, Error};

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const READ_BUFFER_BYTES: usize = 1 << 16;

/// Where the rows come from.
#[derive(Debug, Clone)]
pub enum Input {
    /// A file that is read in place.
    File(InputFile),
    /// Text of the call itself.
    Inline(String),
    /// A folder that hyperd reads.
    Iceberg(IcebergTable),
    /// Rows that hyperd has already: one query that was checked to be no more than that.
    Query(String),
}

/// A file that exists and can be opened.
#[derive(Debug, Clone)]
pub struct InputFile {
    /// Its absolute path.
    pub path: PathBuf,
    /// Its size on disk.
    pub bytes: u64,
    /// Whether its content is gzip.
    pub gzip: bool,
}

impl InputFile {
    /// Checks that `path` names a readable file, so that each way in which it may not has its own error.
    pub fn open(path: &str) -> Result<Self, Error> {
        let absolute = args::path("path", path)?;
        let metadata = fs::metadata(&absolute).map_err(|error| unreadable(&absolute, &error))?;
        if !metadata.is_file() {
            let kind = if metadata.is_dir() { "a folder" } else { "not a regular file" };
            return Err(
                Error::invalid(format!("`{}` is {kind}.", absolute.display())).suggest("Give the path of one file.")
            );
        }
        if absolute.to_str().is_none() {
            return Err(Error::invalid(format!("`{}` is not valid UTF-8.", absolute.display())));
        }
        let mut magic = [0; 2];
        let mut file = File::open(&absolute).map_err(|error| unreadable(&absolute, &error))?;
        let read = file.read(&mut magic).map_err(|error| unreadable(&absolute, &error))?;
        Ok(Self { path: absolute, bytes: metadata.len(), gzip: read == 2 && magic == GZIP_MAGIC })
    }

    /// The file's content, unpacked where it is gzip.
    pub(super) fn reader(&self) -> Result<Box<dyn Read + Send>, Error> {
        let file = File::open(&self.path).map_err(|error| unreadable(&self.path, &error))?;
        if self.gzip {
            return Ok(Box::new(MultiGzDecoder::new(BufReader::with_capacity(READ_BUFFER_BYTES, file))));
        }
        Ok(Box::new(file))
    }

    /// An error of reading the file.
    pub(super) fn failed(&self, error: &io::Error) -> Error {
        unreadable(&self.path, error)
    }
}

impl Input {
    /// How many bytes there are to read.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::File(file) => file.bytes,
            Self::Inline(text) => text.len() as u64,
            Self::Iceberg(table) => table.bytes,
            Self::Query(_) => 0,
        }
    }

    /// How errors name the input.
    pub fn name(&self) -> String {
        match self {
            Self::File(file) => format!("`{}`", file.path.display()),
            Self::Inline(_) => "`data`".to_owned(),
            Self::Iceberg(table) => table.name(),
            Self::Query(_) => "The query".to_owned(),
        }
    }

    /// The input from its start; empty where only hyperd reads it.
    pub(super) fn reader(&self) -> Result<Box<dyn Read + Send + '_>, Error> {
        match self {
            Self::File(file) => file.reader(),
            Self::Inline(text) => Ok(Box::new(Cursor::new(text.as_bytes()))),
            Self::Iceberg(_) | Self::Query(_) => Ok(Box::new(io::empty())),
        }
    }

    /// An error of reading the input.
    pub(super) fn failed(&self, error: &io::Error) -> Error {
        match self {
            Self::File(file) => file.failed(error),
            Self::Inline(_) | Self::Iceberg(_) | Self::Query(_) => {
                malformed(&self.name(), &error.to_string()).suggest("Check the data.")
            }
        }
    }

    /// The first bytes, as many as `wanted` where there are so many.
    pub(super) fn head(&self, wanted: usize) -> Result<Vec<u8>, Error> {
        let mut head = Vec::new();
        let limit = u64::try_from(wanted).unwrap_or(u64::MAX);
        self.reader()?.take(limit).read_to_end(&mut head).map_err(|error| self.failed(&error))?;
        Ok(head)
    }
}

/// Bytes that cannot be read as what they are said to be.
pub(super) fn malformed(name: &str, reason: &str) -> Error {
    Error::new(Code::UnsupportedFormat, format!("{name} cannot be read: {}.", reason.trim_end_matches('.')))
}

/// An input without rows.
pub(super) fn empty(name: &str, what: &str) -> Error {
    Error::new(Code::EmptyData, format!("{name} {what}."))
        .suggest("Nothing was changed. Give at least one row of data.")
}

pub(super) fn unreadable(path: &Path, error: &io::Error) -> Error {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            Error::new(Code::FileNotFound, format!("There is no file `{path}`."))
                .suggest("Check the path's spelling; it is one on the server's machine, and `~` is not expanded.")
        }
        io::ErrorKind::PermissionDenied => Error::invalid(format!("The server may not read `{path}`: {error}."))
            .suggest("Give the user that runs the server permission to read the file."),
        io::ErrorKind::InvalidFilename => {
            Error::invalid(format!("`{path}` is no path: {error}.")).suggest("Give the path of a file.")
        }
        _ => malformed(&format!("`{path}`"), &error.to_string()).suggest("Check that the file is whole."),
    }
}
