//! The bytes that are loaded: a file, or text that came with the call.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::read::MultiGzDecoder;
use tempfile::TempPath;

use super::iceberg::IcebergTable;
use super::relation::Origin;
use crate::args;
use crate::call::Call;
use crate::error::{Code, Error};
use crate::files::{Found, Paths, open_again, refused};
use crate::session::{Handed, Session};

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

/// A file that is open, so that all who read it read the same one.
#[derive(Debug, Clone)]
pub struct InputFile {
    /// Its absolute path, as it was given.
    pub path: PathBuf,
    /// Its size on disk.
    pub bytes: u64,
    /// Whether its content is gzip.
    pub gzip: bool,
    /// Where hyperd is told to read it.
    pub(super) given: PathBuf,
    open: Arc<File>,
    found: Found,
    /// Whether hyperd must read what is open here, wherever the path leads by then.
    exact: bool,
}

impl InputFile {
    /// Opens the file at `path`, so that each way in which it may be none has its own error.
    pub fn open(paths: &Paths, path: &str) -> Result<Self, Error> {
        let absolute = args::path("path", path)?;
        let opened = paths.file(&absolute)?.map_err(|error| unreadable(&absolute, &error))?;
        let mut file = Self::of(opened.file, opened.found, absolute)?;
        file.exact = paths.is_restricted();
        Ok(file)
    }

    /// A file that somebody else has opened, and that hyperd must read whatever becomes of the path.
    pub(crate) fn opened(file: File, found: Found, path: PathBuf) -> Result<Self, Error> {
        Ok(Self { exact: true, ..Self::of(file, found, path)? })
    }

    fn of(mut file: File, found: Found, path: PathBuf) -> Result<Self, Error> {
        if !found.is_file() {
            let kind = if found.is_folder() { "a folder" } else { "not a regular file" };
            return Err(
                Error::invalid(format!("`{}` is {kind}.", path.display())).suggest("Give the path of one file.")
            );
        }
        if path.to_str().is_none() {
            return Err(Error::invalid(format!("`{}` is not valid UTF-8.", path.display())));
        }
        let mut magic = [0; 2];
        let read = file.read(&mut magic).map_err(|error| unreadable(&path, &error))?;
        let gzip = read == 2 && magic == GZIP_MAGIC;
        Ok(Self { given: path.clone(), path, bytes: found.bytes, gzip, open: Arc::new(file), found, exact: false })
    }

    /// A file of the server's own, to which nobody else comes.
    pub(super) fn own(file: File, path: &Path) -> io::Result<Self> {
        let found = Found::of(&file.metadata()?);
        let path = path.to_owned();
        let given = path.clone();
        Ok(Self { path, bytes: found.bytes, gzip: false, given, open: Arc::new(file), found, exact: false })
    }

    /// Has hyperd read what is open here, where that is asked for: through the descriptor, or else a copy.
    pub(super) async fn hand_over(&mut self, session: &Session, call: &Call) -> Result<Option<Held>, Error> {
        if !self.exact {
            return Ok(None);
        }
        session.try_handover(call).await;
        if let Some(handed) = session.hand_over(&self.open) {
            handed.path().clone_into(&mut self.given);
            return Ok(Some(Held::Handed(handed)));
        }
        let (file, scratch) = (self.clone(), session.scratch().to_owned());
        let copying = tokio::task::spawn_blocking(move || file.copy(&scratch));
        let copied = copying.await.map_err(|_| Error::internal("Copying a file stopped."))?;
        let copy = copied.map_err(|error| refused(format!("Could not copy `{}`", self.path.display()), &error))?;
        copy.clone_into(&mut self.given);
        Ok(Some(Held::Copy(copy)))
    }

    fn copy(&self, scratch: &Path) -> io::Result<TempPath> {
        let mut copy = tempfile::Builder::new().prefix("input-").tempfile_in(scratch)?;
        io::copy(&mut open_again(&self.open, &self.path)?, copy.as_file_mut())?;
        Ok(copy.into_temp_path())
    }

    /// The file's bytes from their start, as they are on disk.
    pub(super) fn raw(&self) -> io::Result<File> {
        open_again(&self.open, &self.path)
    }

    /// The file's content, unpacked where it is gzip.
    pub(super) fn reader(&self) -> Result<Box<dyn Read + Send>, Error> {
        let file = self.raw().map_err(|error| unreadable(&self.path, &error))?;
        if self.gzip {
            return Ok(Box::new(MultiGzDecoder::new(BufReader::with_capacity(READ_BUFFER_BYTES, file))));
        }
        Ok(Box::new(file))
    }

    /// Whether it is what it was when it was opened, and, where hyperd read it by its path, still there.
    pub(crate) fn is_unchanged(&self) -> bool {
        let now = self.open.metadata();
        let same = now.is_ok_and(|now| Found::of(&now).is_unchanged(&self.found));
        let there = || self.path.metadata().is_ok_and(|there| Found::of(&there).identity == self.found.identity);
        same && (self.exact || there())
    }

    /// An error of reading the file.
    pub(super) fn failed(&self, error: &io::Error) -> Error {
        unreadable(&self.path, error)
    }
}

/// What has to stay for as long as hyperd reads a file that was handed over.
#[derive(Debug)]
pub(super) enum Held {
    /// Its descriptor, and the link to it.
    Handed(#[expect(dead_code, reason = "held so that the link is there as long as this")] Handed),
    /// A copy of it.
    Copy(#[expect(dead_code, reason = "held so that the copy is there as long as this")] TempPath),
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

    /// The input as hyperd is to read it, and the file that this is about.
    pub(super) async fn opened(self, session: &Session, call: &Call) -> Result<(Self, Option<Origin>), Error> {
        let Self::File(mut file) = self else { return Ok((self, None)) };
        let held = file.hand_over(session, call).await?;
        Ok((Self::File(file.clone()), Some(Origin { file, held })))
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

    /// The line, counted from 1, that holds the byte at `offset`.
    pub(super) fn line_of(&self, offset: u64) -> Result<u64, Error> {
        let mut reader = self.reader()?.take(offset);
        let mut buffer = vec![0; READ_BUFFER_BYTES];
        let mut line = 1;
        loop {
            match reader.read(&mut buffer).map_err(|error| self.failed(&error))? {
                0 => return Ok(line),
                read => line += buffer[..read].iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>(),
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

/// The error of a file that cannot be opened or read.
pub fn unreadable(path: &Path, error: &io::Error) -> Error {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            Error::new(Code::FileNotFound, format!("There is no file `{path}`."))
                .suggest("Check the path's spelling; it is one on the server's machine.")
        }
        io::ErrorKind::PermissionDenied => Error::io(format!("The server may not read `{path}`"), error)
            .suggest("Give the user that runs the server permission to read the file."),
        io::ErrorKind::InvalidFilename => {
            Error::invalid(format!("`{path}` is no path: {error}.")).suggest("Give the path of a file.")
        }
        // What a decoder says of bytes that it got; all else is said by the system.
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof => {
            malformed(&format!("`{path}`"), &error.to_string()).suggest("Check that the file is whole.")
        }
        _ => refused(format!("Could not read `{path}`"), error),
    }
}
