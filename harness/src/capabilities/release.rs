//! The releases that a run looks at: a number, which is fetched, or an executable.

use std::path::{Path, PathBuf};

use hyperd_mcp::fetch::Receipt;
use hyperd_mcp::hyperd;

use super::matrix::Recorded;

/// A hyperd under test.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The release, or the path where the executable does not say.
    pub name: String,
    /// The executable.
    pub executable: PathBuf,
    /// What is known of its package.
    pub recorded: Recorded,
}

impl Subject {
    /// The hyperd that `given` names: an executable, its folder, or a release, which is fetched if need be.
    ///
    /// # Errors
    ///
    /// Why there is no such hyperd, and what to do.
    pub fn find(given: &str) -> Result<Self, String> {
        let path = Path::new(given);
        if path.exists() {
            let inside = path.join(format!("hyperd{}", std::env::consts::EXE_SUFFIX));
            let executable = if path.is_dir() { inside } else { path.to_owned() };
            let executable = std::path::absolute(&executable).map_err(|error| format!("{given}: {error}"))?;
            return Ok(Self::of(executable, None));
        }
        let installed = hyperd::install(given).map_err(|error| match error.suggestion {
            Some(suggestion) => format!("{}\n{suggestion}", error.message),
            None => error.message,
        })?;
        Ok(Self::of(installed.path, Some(installed.release)))
    }

    /// The hyperd that a run uses when none is named.
    ///
    /// # Errors
    ///
    /// Why there is none, and what to do.
    pub fn default_one() -> Result<Self, String> {
        let located = hyperd::locate().map_err(|error| match error.suggestion {
            Some(suggestion) => format!("{}\n{suggestion}", error.message),
            None => error.message,
        })?;
        Ok(Self::of(located.path, located.release))
    }

    fn of(executable: PathBuf, release: Option<String>) -> Self {
        let receipt = executable.parent().and_then(Receipt::of);
        let release = release.or_else(|| receipt.as_ref().map(|receipt| receipt.version.clone()));
        let name = release.clone().unwrap_or_else(|| executable.display().to_string());
        let recorded = Recorded {
            release: name.clone(),
            built: receipt.as_ref().and_then(|receipt| receipt.built.clone()),
            archive: receipt.as_ref().map(|receipt| receipt.archive.clone()),
            sha256: receipt.map(|receipt| receipt.sha256),
        };
        Self { name, executable, recorded }
    }

    /// Refuses a package that is not the one recorded under its number and file name.
    ///
    /// # Errors
    ///
    /// Both digests.
    pub fn check_digest(&self, known: Option<&Recorded>) -> Result<(), String> {
        let Some(known) = known.filter(|known| known.archive == self.recorded.archive) else { return Ok(()) };
        match (&known.sha256, &self.recorded.sha256) {
            (Some(wanted), Some(found)) if wanted != found => Err(format!(
                "{} has the SHA-256 {found}; the recorded one has {wanted}: it is another file under the same name. \
                 Check which index pip uses, remove {} and run again.",
                self.recorded.archive.as_deref().unwrap_or_default(),
                self.executable.parent().unwrap_or(&self.executable).display(),
            )),
            _ => Ok(()),
        }
    }
}

/// A release as numbers, which sort as releases do; what is no release comes first.
pub fn number(release: &str) -> Vec<u64> {
    release.split('.').map_while(|part| part.parse().ok()).collect()
}
