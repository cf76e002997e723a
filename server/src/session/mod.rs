//! A session: which databases there are under which names, and where a call goes.

mod attach;
pub mod catalog;
mod databases;
mod lifecycle;
mod routing;

pub use attach::{AttachRequest, OnMissing};
pub use databases::{Database, Kind, LOCAL, PERSISTENT};
pub use lifecycle::Session;
