//! What came of a run, told to people and to machines.

mod case_json;
pub mod console;
mod destination;
pub mod diff;
pub mod failure;
pub mod github;
mod html;
pub mod json;
mod junit;
mod outcome;
mod progress;
mod run;
mod summary;

#[cfg(test)]
mod fixture;

pub(crate) use destination::beside;
pub use destination::{Destination, Format, Opened};
pub use outcome::{Outcome, Tested};
pub use run::{CutShort, Place, RunReport, repository};
pub use summary::Summary;
