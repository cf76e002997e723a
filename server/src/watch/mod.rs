//! Watched folders: each file that is said to be ready is appended to a table, once.
//!
//! Whoever delivers writes `x.csv` and then makes `x.csv.ready`. Both are first moved to a folder of their own in
//! `loading`, which only one server can do, and which keeps a later file of the same name apart. The rows are inserted
//! in one transaction with a note of the delivery; then the files are removed, then the note. What is in `loading`
//! after a server was killed is taken over by the next watch of the folder, which removes what is noted and loads the
//! rest: exactly once, whenever the server is killed, because hyperd then ends by itself and writes what was committed.
//! A hyperd that is killed itself loses what it has not written, which is all since the database was attached, and a
//! file that was removed meanwhile is not loaded again. A file that cannot be loaded goes to `failed`, with the reason
//! beside it.
//!
//! ```text
//! folder -> spool (claim) -> worker -> ingest (append and note) -> spool (discard | fail | release)
//! ```

mod events;
mod ingest;
mod ledger;
mod spool;
mod start;
mod worker;

pub use start::{FolderRequest, start, stop};
