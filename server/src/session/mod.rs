//! A session: which databases there are under which names, and where a call goes.

mod attach;
pub mod catalog;
mod databases;
mod handover;
mod hints;
mod holding;
mod kv;
mod leftovers;
mod lifecycle;
mod local;
mod named;
mod new_table;
mod routing;
pub mod table_catalog;
mod table_name;
mod version;
mod watchers;
mod write_locks;

pub use attach::{AttachRequest, OnMissing};
pub use databases::{Database, Kind, LOCAL, PERSISTENT};
pub use handover::Handed;
pub use holding::Holding;
pub use kv::{Kv, Stored, check_entries};
pub use lifecycle::Session;
pub use named::Named;
pub use new_table::NewTable;
pub use table_name::{Place, check_name};
pub use version::is_of_old_file;
pub use watchers::{Counts, Watch, WatchRequest, WatcherEntry};
