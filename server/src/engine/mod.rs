//! The engine: connections to hyperd, statements that can be cancelled, and values without loss.
//!
//! This is the only place that names `hyperdb_api`. What leaves it is plain: [`Rows`] of JSON values, counts, and the
//! server's own errors.

mod connection;
mod error;
mod lease;
mod pool;
mod process;
mod rows;
mod temporal;
mod value;

pub use connection::{Attachment, Attachments};
pub use lease::Lease;
pub use pool::Engine;
pub use process::Hyperd;
pub use rows::{Bounds, Column, Rows};
pub use value::type_name;

/// What is logged unless told otherwise. What the driver warns of, an error of ours tells as well.
pub const LOG_FILTER: &str = "warn,hyperd_mcp=info,hyperdb_api=error,hyperdb_api_core=error";
