//! Rows of a file, read by other means than the server under test.
//!
//! | format | read by |
//! | --- | --- |
//! | CSV | `csv-core`, which tells `""` from nothing |
//! | Arrow IPC | `arrow` |
//! | Parquet | `parquet`, of the same makers |
//! | .hyper, Iceberg | a hyperd that no server under test knows, which hands them on as Arrow |
//!
//! All but CSV come as Arrow, and [`values`] writes them as the tool `query` would.

mod content;
mod csv;
mod format;
mod hyper;
mod ipc;
mod ipc_file;
mod parquet;
mod types;
mod untyped;
mod values;

pub(crate) use content::{Content, Unread};
pub(crate) use format::Format;
pub(crate) use untyped::take_types;
