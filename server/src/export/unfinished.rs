//! A file on its way to its place.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::leftovers::Aside;
use crate::session::Handed;

/// A file that is being written; dropping it removes what is left of it.
pub(super) struct Unfinished<'a> {
    pub(super) home: Home<'a>,
    path: PathBuf,
}

/// Where the file is until it is whole.
pub(super) enum Home<'a> {
    /// In a folder beside its place, made by the server.
    Ours { aside: Aside<'a>, _handed: Option<Handed> },
    /// The same, made by hyperd.
    Theirs(Aside<'a>),
    /// In the session's own folder, made by hyperd.
    Scratch(TempDir),
}

impl<'a> Unfinished<'a> {
    pub(super) fn new(home: Home<'a>, path: PathBuf) -> Self {
        Self { home, path }
    }

    /// Where hyperd is to write it.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}
