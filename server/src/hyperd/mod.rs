//! The hyperd executable: found on this machine, or fetched.
//!
//! [`locate()`] is what a server needs; [`releases`] keeps several releases side by side in the user's cache, and
//! [`pins`] says which one is fetched when none was asked for. Everything here blocks: call it from a thread that may.

pub mod locate;
pub mod pins;
pub mod releases;

pub use locate::{FoundBy, Located, locate, locate_without_fetch};
pub use pins::{Pin, Platform, pinned_release};
pub use releases::{Installed, available, install, installed};
