//! Packages fetched on use: downloaded by the user's own pip, checked against a SHA-256, unpacked whole or not at all.
//!
//! [`package`] is the way in; [`pip`] downloads, [`archive`] unpacks, [`store`] is the folder that keeps the results.
//! Everything here blocks: call it from a thread that may.

pub mod archive;
pub mod error;
pub mod package;
pub mod pip;
pub mod store;

pub use error::Error;
pub use package::{Form, Package, Receipt};
pub use store::Store;
