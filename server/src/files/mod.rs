//! The file system as it is worked on for a call: folders that are held open, so that nobody who may rename or link
//! within them can lead a call elsewhere between a check and the work.
//!
//! A leaf, like `args`: it knows of no database.

mod folder;
mod found;
mod given;
mod paths;
mod real;
mod refusal;
#[cfg(not(unix))]
#[path = "system_by_path.rs"]
mod system;
#[cfg(unix)]
mod system;

pub use folder::Folder;
pub use found::{FileKind, Found};
pub use given::given;
pub use paths::{Opened, Paths};
pub use real::{descriptor_link, open_again};
pub use refusal::{refused, unusable};
