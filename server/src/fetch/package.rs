//! A package of the Python package index, brought into a [`Store`].

use std::fmt;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::Error;
use super::archive::{self, Select};
use super::pip::Pip;
use super::store::{Store, announce};

/// Lies beside the unpacked files and marks them as complete.
const RECEIPT_FILE: &str = "fetched.json";

/// The form in which a package is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A built distribution, `.whl`.
    Wheel,
    /// A source distribution, `.tar.gz`.
    Source,
}

/// One version of one package.
#[derive(Debug, Clone)]
pub struct Package {
    /// The package's name on the index.
    pub name: String,
    /// The exact version.
    pub version: String,
    /// The archive's SHA-256; without it, the first archive that comes is trusted and its digest recorded.
    pub sha256: Option<String>,
    /// The form to download.
    pub form: Form,
}

/// What is known of a folder that was fetched.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Receipt {
    /// The package's name on the index.
    pub package: String,
    /// The exact version.
    pub version: String,
    /// The archive's file name.
    pub archive: String,
    /// The archive's SHA-256.
    pub sha256: String,
    /// The day on which the unpacked files were made, as `2026-10-16`, where the archive says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub built: Option<String>,
    /// When it was fetched, in seconds since 1970.
    pub fetched_unix_s: u64,
}

/// What [`Package::fetch`] does with an archive.
pub struct Recipe<'a> {
    /// The folder's name in the store.
    pub folder: &'a str,
    /// Which members are unpacked, and where to.
    pub select: Select<'a>,
    /// The last touches to the unpacked files, before the folder appears under its name.
    pub finish: &'a dyn Fn(&Path) -> Result<(), Error>,
    /// Said before the download starts, with the size and the way to avoid it.
    pub notice: &'a str,
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}

impl Receipt {
    /// The receipt of a folder, if the folder is complete.
    pub fn of(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(folder.join(RECEIPT_FILE)).ok()?).ok()
    }

    fn write(&self, folder: &Path) -> Result<(), Error> {
        let path = folder.join(RECEIPT_FILE);
        let text = serde_json::to_vec_pretty(self).map_err(|error| Error::io("write", &path)(error.into()))?;
        let mut file = File::create(&path).map_err(Error::io("create", &path))?;
        file.write_all(&text).and_then(|()| file.sync_all()).map_err(Error::io("write", &path))
    }
}

impl Package {
    /// The package's folder in the store, downloaded unless `complete` finds it there.
    ///
    /// Two processes never download at once: the second waits for the first and finds its result.
    pub fn fetch(
        &self,
        store: &Store,
        recipe: &Recipe<'_>,
        complete: &dyn Fn(&Path) -> bool,
    ) -> Result<PathBuf, Error> {
        let place = store.folder().join(recipe.folder);
        if complete(&place) {
            return Ok(place);
        }
        let guard = store.lock()?;
        if complete(&place) {
            return Ok(place);
        }
        let pip = Pip::find(self)?;
        announce(recipe.notice);
        let start = Instant::now();
        let scratch = guard.scratch()?;
        let download = scratch.path().join("download");
        fs::create_dir(&download).map_err(Error::io("create", &download))?;
        let archive = pip.download(self, &download)?;
        let prepared = scratch.path().join("prepared");
        self.unpack(&archive, &prepared, recipe, Receipt::of(&place).as_ref())?;
        let place = guard.place(&prepared, recipe.folder, &scratch)?;
        announce(&format!("fetched {self} in {:.1} s", start.elapsed().as_secs_f64()));
        Ok(place)
    }

    /// Checks the archive and unpacks it into `prepared`, with a receipt. An archive that is not the one expected is
    /// removed.
    fn unpack(
        &self,
        archive: &Path,
        prepared: &Path,
        recipe: &Recipe<'_>,
        earlier: Option<&Receipt>,
    ) -> Result<(), Error> {
        let file = archive.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let actual = archive::sha256(archive)?;
        let expected = self.sha256.as_ref().or(earlier.map(|receipt| &receipt.sha256));
        if let Some(expected) = expected.filter(|expected| !expected.eq_ignore_ascii_case(&actual)) {
            fs::remove_file(archive).map_err(Error::io("remove", archive))?;
            return Err(Error::DigestMismatch { file, expected: expected.clone(), actual });
        }
        fs::create_dir(prepared).map_err(Error::io("create", prepared))?;
        archive::unpack(archive, prepared, recipe.select)?;
        (recipe.finish)(prepared)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let receipt = Receipt {
            package: self.name.clone(),
            version: self.version.clone(),
            archive: file,
            sha256: actual,
            built: archive::built(archive, recipe.select),
            fetched_unix_s: now.as_secs(),
        };
        receipt.write(prepared)
    }
}

#[cfg(test)]
mod tests;
