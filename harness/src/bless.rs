//! Writing what a server answers into the scenarios that expected otherwise.
//!
//! A case that fails shows what is wrong in one step alone. So its expectations are mended in memory, the suite is read
//! anew, and every case that passes by a mended place is run again, until nothing is left to mend. A place for which two
//! cases, or two runs of one case, want different values stays as it was. Only then files are written, each as a whole.

mod files;
mod patches;
mod rounds;

pub use files::Changed;
pub use rounds::bless;

use crate::run::CaseReport;

/// Runs cases; `None` where that was interrupted.
pub type Runner<'a> = dyn FnMut(&[crate::Case]) -> Option<Vec<CaseReport>> + 'a;

/// What was found to write, and what was not. Nothing is written yet.
#[derive(Debug)]
pub struct Blessing {
    /// The files that change, in the order of their paths.
    pub files: Vec<Changed>,
    /// Places and failures for which nothing is written, and why.
    pub left: Vec<String>,
    /// What came of each case at last.
    pub reports: Vec<CaseReport>,
}

impl Blessing {
    /// How many expectations are rewritten.
    pub fn expectations(&self) -> usize {
        self.files.iter().map(|file| file.expectations).sum()
    }

    /// Writes the files, after making sure that each is as it was when it was read.
    ///
    /// # Errors
    ///
    /// A file that has changed since, or cannot be written. In the first case none is written.
    pub fn write(&self) -> Result<(), String> {
        self.files.iter().try_for_each(Changed::unchanged)?;
        self.files.iter().try_for_each(Changed::write)
    }
}

/// Why the blessing came to no end.
#[derive(Debug, thiserror::Error)]
pub enum Unblessed {
    /// The run was interrupted.
    #[error("the run was interrupted, so nothing was written")]
    Interrupted,
    /// A file of the suite broke meanwhile.
    #[error("the scenarios can no longer be read, so nothing was written: {0}")]
    Unreadable(String),
}
