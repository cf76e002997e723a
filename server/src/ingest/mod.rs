//! Getting data in. Each input becomes a table expression that hyperd reads itself; loading puts that into a table.
//!
//! ```text
//! input -> format -> source (csv, json, parquet, arrow) -> staged relation -> fit -> load | inspect
//! ```
//!
//! CSV, Parquet and Arrow are read by hyperd in place. JSON, text of the call and Arrow that hyperd does not know are
//! rewritten to a file of the session's temporary folder first. A further format is a `Source` and a line in `source`.

mod answer;
mod arrow;
mod audit;
mod calendar;
mod copy;
mod csv;
mod encoding;
mod fit;
mod format;
mod iceberg;
mod infer;
mod input;
mod inspect;
mod json;
mod json_path;
mod json_records;
mod load;
mod load_many;
mod merge;
mod misfit;
mod parquet;
mod profile;
mod query;
mod read;
mod reading;
mod receipt;
mod relation;
mod request;
mod scan;
mod source;
mod spelling;
mod swap;
mod tally;
mod told;
mod typed;
mod types;
mod ways;

pub use answer::LoadAnswer;
pub use copy::{CopyRequest, copy};
pub use fit::ColumnTypes;
pub use format::Format;
pub use iceberg::IcebergTable;
pub use infer::Evidence;
pub use input::{Input, InputFile, unreadable};
pub use inspect::{ColumnSummary, Summary, inspect};
pub use load::{Loaded, load};
pub use load_many::{FileLoad, FileLoaded, ManyRequest, load_many, with_columns_once};
pub use merge::{Merged, merge_key};
pub use read::{ReadRequest, read};
pub use receipt::{Receipt, load_noted};
pub use relation::{InputColumn, Staged, Wanted};
pub use request::{LoadMode, LoadRequest};
pub use told::Told;
pub use types::SqlType;
