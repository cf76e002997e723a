//! Where calls may read and write: everywhere, or below the folders that the operator named.
//!
//! A path that is looked at and then opened may be another one by then. So it is opened first, and where it led is asked
//! of the system afterwards; what is done from there on is done with what is open.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};

use super::folder::Folder;
use super::found::Found;
use super::real;
use super::refusal::unusable;
use super::system;
use crate::error::{Code, Error};
use crate::words::listed;

/// The folders that calls are kept to.
#[derive(Debug, Clone, Default)]
pub struct Paths {
    /// Without links; none means that every path is allowed.
    below: Option<Vec<PathBuf>>,
}

/// A file that was opened, and where it really is.
#[derive(Debug)]
pub struct Opened {
    /// The file, for reading.
    pub file: File,
    /// What it was when it was opened.
    pub found: Found,
    /// Its path without links.
    pub real: PathBuf,
}

impl Paths {
    /// Keeps calls to what is below these folders, links resolved. All have to exist.
    pub fn below(folders: &[PathBuf]) -> Result<Self, Error> {
        let resolve = |folder: &PathBuf| {
            usable(folder).map_err(|error| {
                let what = format!("--allow-path: {} cannot be used", folder.display());
                unusable(what, &error, "Name folders that exist and that the server may use.")
            })
        };
        let mut below = folders.iter().map(resolve).collect::<Result<Vec<_>, _>>()?;
        below.sort();
        below.dedup();
        Ok(Self { below: Some(below) })
    }

    /// The folders that calls are kept to, links resolved; none where they are kept to none.
    pub fn folders(&self) -> Option<&[PathBuf]> {
        self.below.as_deref()
    }

    /// The same, for people.
    pub fn named(&self) -> Option<Vec<String>> {
        let folders = self.below.as_ref()?.iter();
        Some(folders.map(|folder| folder.to_string_lossy().into_owned()).collect())
    }

    /// Whether calls are kept to some folders.
    pub fn is_restricted(&self) -> bool {
        self.below.is_some()
    }

    /// Whether a path without links may be used.
    pub fn holds(&self, real: &Path) -> bool {
        let Some(below) = &self.below else { return true };
        // A component of that kind would mean that nobody resolved it.
        let resolved = real.is_absolute() && !real.components().any(|part| part == Component::ParentDir);
        resolved && below.iter().any(|folder| real.starts_with(folder))
    }

    /// The path without links of what is there or could be made there, if it may be used. For a text that somebody else
    /// opens later, such as a path in SQL: what changes in between is for him to guard against.
    pub fn allowed(&self, path: &Path) -> Result<PathBuf, Error> {
        let real = match path.canonicalize() {
            Ok(real) => real,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
                    return Err(self.refusal(path));
                };
                // A link that leads nowhere yet may lead anywhere once something is made there.
                match (parent.canonicalize(), path.symlink_metadata()) {
                    (Ok(parent), Err(_)) => parent.join(name),
                    _ => return Err(self.refusal(path)),
                }
            }
            Err(_) => return Err(self.refusal(path)),
        };
        if self.holds(&real) { Ok(real) } else { Err(self.refusal(path)) }
    }

    /// Opens a folder.
    pub fn folder(&self, path: &Path) -> Result<io::Result<Folder>, Error> {
        match Folder::resolved(path) {
            Ok(folder) if self.holds(folder.path()) => Ok(Ok(folder)),
            Ok(_) => Err(self.refusal(path)),
            Err(error) => self.unseen(path).map(|()| Err(error)),
        }
    }

    /// Opens a regular file for reading. What is none is refused before it is opened, because that alone may do
    /// something to a device or wait for a FIFO's other end.
    pub fn file(&self, path: &Path) -> Result<io::Result<Opened>, Error> {
        match system::open_file(path) {
            Ok((file, found)) => match real::path_of(&file, path) {
                Ok(real) if self.holds(&real) => Ok(Ok(Opened { file, found, real })),
                Ok(_) => Err(self.refusal(path)),
                Err(error) => self.unseen(path).map(|()| Err(error)),
            },
            Err(error) => self.unseen(path).map(|()| Err(error)),
        }
    }

    /// The refusal of a path that is not allowed.
    pub fn refusal(&self, path: &Path) -> Error {
        let folders = self.named().unwrap_or_default();
        let folders = listed(folders.iter().map(String::as_str));
        let path = crate::words::excerpt(&path.to_string_lossy());
        Error::new(Code::PathNotAllowed, format!("{path} is not below a folder that this server may use: {folders}."))
            .suggest("Use a path below one of them, or have the server started with another --allow-path.")
    }

    /// Refuses an Iceberg table where calls are kept to some folders: hyperd finds its files by itself, follows every link
    /// among them, and asks no list of what it may open.
    pub fn refuse_iceberg(&self, path: &Path) -> Result<(), Error> {
        if !self.is_restricted() {
            return Ok(());
        }
        let path = crate::words::excerpt(&path.to_string_lossy());
        Err(Error::new(
            Code::PathNotAllowed,
            format!("{path} would be an Iceberg table, and this server is kept to some folders by --allow-path."),
        )
        .suggest("hyperd would follow links in the table's folder to anywhere. Use Parquet files instead."))
    }

    /// What cannot be opened is not told apart where it lies outside: not even whether it is there.
    fn unseen(&self, path: &Path) -> Result<(), Error> {
        if !self.is_restricted() {
            return Ok(());
        }
        // The deepest folder on the way that is there says where the rest would be, unless that leads away again.
        let there = path.ancestors().skip(1).find_map(|folder| Some((folder, folder.canonicalize().ok()?)));
        let Some((folder, real)) = there else { return Err(self.refusal(path)) };
        let mut rest = path.strip_prefix(folder).unwrap_or(path).components();
        let climbs = rest.clone().any(|part| part == Component::ParentDir);
        let is_link = rest.next().is_some_and(|next| real.join(next).is_symlink());
        if self.holds(&real) && !climbs && !is_link { Ok(()) } else { Err(self.refusal(path)) }
    }
}

fn usable(folder: &Path) -> io::Result<PathBuf> {
    let path = folder.canonicalize()?;
    if !path.is_dir() {
        return Err(ErrorKind::NotADirectory.into());
    }
    // hyperd takes a list of folders with semicolons in between.
    if path.to_str().is_none_or(|path| path.contains(';')) {
        return Err(io::Error::other("its path has a semicolon in it, or is not UTF-8"));
    }
    Ok(path)
}
