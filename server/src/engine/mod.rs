//! The engine: connections to hyperd, statements that can be cancelled, and values without loss.
//!
//! This is the only place that names `hyperdb_api`. What leaves it is plain: [`Rows`] of JSON values, counts, and the
//! server's own errors.

mod apart;
mod changes;
mod connection;
mod disk;
mod effort;
mod error;
mod gate;
mod idle;
mod lease;
mod modes;
mod on_disk;
mod places;
mod pool;
mod prepare;
mod process;
mod pulse;
mod reserve;
mod rows;
mod settings;
mod socket;
mod source;
mod temporal;
mod turn;
mod value;
mod write_out;

pub use connection::{Attachment, Attachments};
pub use error::tells_no_room;
pub use lease::Lease;
pub use modes::Protection;
pub use pool::{Engine, Lane};
pub use process::{Confinement, Hyperd, locate};
pub use pulse::{Pulse, pulse};
pub use rows::{Bounds, Column, Rows};
pub use value::type_name;
pub use write_out::WrittenOut;

/// What the names of tables start with that the server makes for a moment; nobody is shown them.
pub const HIDDEN_PREFIX: &str = "_hyperd_mcp_load_";

/// What is logged unless told otherwise. What the driver warns of, an error of ours tells as well.
pub const LOG_FILTER: &str = "warn,hyperd_mcp=info,hyperdb_api=error,hyperdb_api_core=error";
